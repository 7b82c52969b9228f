"""The course of a training: step after step, reported, validated, kept, taken back where it fails.

Everything random is a function of the seed and the step, so that a resumed training gives the same
bits as one that was never interrupted.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from superlens.core.errors import Diverged
from superlens.core.method import Array, Batch, Run, TrainingData, Weights
from superlens.methods.nets import dihedral
from superlens.methods.nets.plain_state import to_arrays, to_tensors
from superlens.methods.pix2pix.beginning import first_network
from superlens.methods.pix2pix.duel import Duel, Losses
from superlens.methods.pix2pix.generator import Generator
from superlens.methods.pix2pix.parameters import Pix2PixTrainParams
from superlens.quality.fidelity import psnr_affine

LATEST = "latest"
MOST_ROLLBACKS = 3
REPORT_EVERY = 20
SNAPSHOT_EVERY = 100

State = dict[str, Any]


class Training:
    """One training, from the first step or from a checkpoint, to finished weights.

    Numbers that are not finite take the training back to its last snapshot, at half the learning
    rate; the fourth time it gives up.

    Source: Isola, Zhu, Zhou, Efros, CVPR 2017, doi:10.1109/CVPR.2017.632.
    """

    def __init__(self, data: TrainingData, params: Pix2PixTrainParams, run: Run) -> None:
        self._data = data
        self._params = params
        self._run = run
        network = first_network(data, params, run)
        self._duel = Duel(network, params, run, params.patch * data.scale)
        self._step = 0
        self._rollbacks = 0
        self._sums: Losses = {}
        self._summed = 0

    def run(self) -> Weights:
        """Train to the end and give the averaged generator.

        Raises:
            Diverged: it kept reaching numbers that are not finite.
            JobCancelled: the user asked to stop.
        """
        saved = self._run.resume_state()
        if saved is not None:
            self._take(to_tensors(saved))
        snapshot = self._state()
        while self._step < self._params.iterations:
            self._run.check()
            losses = self._advance()
            if losses is None:
                self._roll_back(snapshot)
                continue
            self._report(losses)
            if self._step % SNAPSHOT_EVERY == 0:
                snapshot = self._state()
            if self._step % self._params.checkpoint_every == 0:
                self._run.checkpoint(LATEST, to_arrays(self._state()))
        return self._duel.weights()

    def _advance(self) -> Losses | None:
        batch = self._data.batch(self._step, self._params.batch)
        low, high = torch.from_numpy(batch.low), torch.from_numpy(batch.high)
        if self._params.augment:
            low, high = _posed(low, high, np.random.default_rng((self._run.seed, self._step)))
        pairs = [one.to(self._run.device, memory_format=torch.channels_last) for one in (low, high)]
        losses = self._duel.advance(pairs[0], pairs[1], self._step, 0.5**self._rollbacks)
        if losses is not None:
            self._step += 1
        return losses

    def _roll_back(self, snapshot: State) -> None:
        rollbacks = self._rollbacks + 1
        if rollbacks > MOST_ROLLBACKS:
            raise Diverged(
                f"Training reached numbers that are not finite at step {self._step}, "
                f"{rollbacks} times",
                f"Lower the learning rate ({self._params.learning_rate:g}) or look at the pairs",
            )
        at = self._step
        self._take(snapshot)
        self._rollbacks = rollbacks
        self._run.note(
            f"Step {at} reached numbers that are not finite: went back to step {self._step}, with "
            "half the learning rate"
        )

    def _report(self, losses: Losses) -> None:
        step, params = self._step, self._params
        self._sums = {name: self._sums.get(name, 0.0) + value for name, value in losses.items()}
        self._summed += 1
        is_last = step == params.iterations
        if step % REPORT_EVERY == 0 or is_last:
            for name, value in self._sums.items():
                self._run.metric(f"train_{name}", step, value / self._summed)
            self._run.progress("Training", step, params.iterations)
            self._sums, self._summed = {}, 0
        if step % params.validate_every == 0 or is_last:
            self._validate()

    def _validate(self) -> None:
        network = self._duel.averaged()
        values: list[float] = []
        for index, batch in enumerate(self._data.validation()):
            self._run.check()
            restored = _restored(network, batch, self._run.device)
            values += [
                psnr_affine(one, truth)
                for images, truths in zip(restored, batch.high, strict=True)
                for one, truth in zip(images, truths, strict=True)
                if np.ptp(truth) > 0
            ]
            if index == 0:
                pair = np.concatenate([restored[0, 0], batch.high[0, 0]], axis=1)
                self._run.preview("restored | truth", pair)
        if values:
            self._run.metric("validation_psnr_affine", self._step, float(np.mean(values)))

    def _state(self) -> State:
        return {
            "step": self._step,
            "rollbacks": self._rollbacks,
            "networks": self._duel.state(),
            "sums": dict(self._sums),
            "summed": self._summed,
        }

    def _take(self, state: State) -> None:
        self._step, self._rollbacks = state["step"], state["rollbacks"]
        self._duel.take(state["networks"])
        self._sums, self._summed = dict(state.get("sums", {})), state["summed"]


def _posed(low: Tensor, high: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Show each pair in a random one of the eight poses; patches are square."""
    members = [int(member) for member in rng.integers(dihedral.MEMBERS, size=len(low))]
    lows = [dihedral.transform(one, member) for one, member in zip(low, members, strict=True)]
    highs = [dihedral.transform(one, member) for one, member in zip(high, members, strict=True)]
    return torch.stack(lows), torch.stack(highs)


@torch.inference_mode()
def _restored(network: Generator, batch: Batch, device: str) -> Array:
    return network(torch.from_numpy(batch.low).to(device)).float().cpu().numpy()
