"""Training of the generator for fidelity: the L1 phase.

Everything random is a function of the seed and the step, so that a resumed training gives the same
bits as one that was never interrupted.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from superlens.core.errors import Diverged
from superlens.core.method import Batch, Run, TrainingData, Weights
from superlens.methods.nets import dihedral
from superlens.methods.nets.ema import Ema
from superlens.methods.nets.placement import placed
from superlens.methods.nets.schedule import CosineSchedule
from superlens.methods.resrgan.generator import Architecture, Generator
from superlens.methods.resrgan.parameters import ResrganTrainParams
from superlens.quality.fidelity import psnr_affine

ADAM_BETAS = (0.9, 0.99)
FLOOR_RATE = 1e-7
MOST_ROLLBACKS = 3
REPORT_EVERY = 20
SNAPSHOT_EVERY = 100

Tensors = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class _State:
    """Everything that changes during training."""

    step: int
    rollbacks: int
    live: Tensors
    average: Tensors
    first_moment: Tensors
    second_moment: Tensors


class Training:
    """One training of a generator, from the first step or from a checkpoint, to finished weights.

    Adam with betas (0.9, 0.99), cosine to 1e-7, gradients shortened to a norm, averaged weights.
    A loss that is not finite takes the training back to its last snapshot, at half the learning
    rate; the fourth time it gives up.

    Source: Wang et al., Real-ESRGAN, ICCV workshops 2021, doi:10.1109/ICCVW54120.2021.00217,
    the first of its two phases.
    """

    def __init__(self, data: TrainingData, params: ResrganTrainParams, run: Run) -> None:
        self._data = data
        self._params = params
        self._run = run
        self._architecture = Architecture(
            data.scale, 1, params.blocks, params.features, params.growth
        )
        self._network = Generator(self._architecture)
        self._network.initialise(torch.Generator().manual_seed(run.seed))
        placed(self._network, run.device)
        self._ema = Ema(self._network, params.ema_decay)
        self._optimizer = torch.optim.Adam(
            self._network.parameters(), lr=params.learning_rate, betas=ADAM_BETAS
        )
        self._schedule = CosineSchedule(
            params.learning_rate, FLOOR_RATE, params.iterations, params.warmup
        )
        self._step = 0
        self._rollbacks = 0

    def run(self) -> Weights:
        """Train to the end and give the averaged weights.

        Raises:
            Diverged: the loss stayed non-finite after several returns to the last good state.
            JobCancelled: the user asked to stop.
        """
        saved = self._run.resume_state()
        if saved is not None:
            self._take(_from_plain(saved))
        snapshot = self._state()
        losses: list[float] = []
        while self._step < self._params.iterations:
            self._run.check()
            loss = self._advance()
            if not math.isfinite(loss):
                self._roll_back(snapshot)
                losses.clear()
                continue
            losses.append(loss)
            self._report(losses)
            if self._step % SNAPSHOT_EVERY == 0:
                snapshot = self._state()
            if self._step % self._params.checkpoint_every == 0:
                self._run.checkpoint("latest", _to_plain(self._state()))
        return self.weights()

    def weights(self) -> Weights:
        """Give the averaged weights as they stand."""
        named = {
            name: value.detach().cpu().contiguous().numpy().copy()
            for name, value in self._ema.average.items()
        }
        shape = self._architecture
        return Weights(
            {"generator": named},
            {
                "scale": shape.scale,
                "channels": shape.channels,
                "blocks": shape.blocks,
                "features": shape.features,
                "growth": shape.growth,
            },
        )

    def _advance(self) -> float:
        """Do one step; a loss that is not finite changes nothing and is given back as it is."""
        low, high = self._pairs()
        rate = self._schedule.rate(self._step) * 0.5**self._rollbacks
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        device = torch.device(self._run.device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self._params.mixed_precision):
            restored = self._network(low)
        loss = functional.l1_loss(restored.float(), high)
        value = float(loss.detach())
        if not math.isfinite(value):
            return value
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self._network.parameters(), self._params.clip_norm)
        if not math.isfinite(float(norm)):
            return math.nan
        self._optimizer.step()
        self._ema.update(self._network, self._step)
        self._step += 1
        return value

    def _pairs(self) -> tuple[Tensor, Tensor]:
        batch = self._data.batch(self._step, self._params.batch)
        low, high = torch.from_numpy(batch.low), torch.from_numpy(batch.high)
        if self._params.augment:
            low, high = _posed(low, high, np.random.default_rng((self._run.seed, self._step)))
        device = self._run.device
        return (
            low.to(device, memory_format=torch.channels_last),
            high.to(device, memory_format=torch.channels_last),
        )

    def _roll_back(self, snapshot: _State) -> None:
        rollbacks = self._rollbacks + 1
        if rollbacks > MOST_ROLLBACKS:
            raise Diverged(
                f"Training reached numbers that are not finite at step {self._step}, "
                f"{rollbacks} times",
                f"Lower the learning rate ({self._params.learning_rate:g}) or look at the pairs",
            )
        self._take(snapshot)
        self._rollbacks = rollbacks

    def _report(self, losses: list[float]) -> None:
        step, params = self._step, self._params
        if step % REPORT_EVERY == 0 or step == params.iterations:
            self._run.metric("train_l1", step, sum(losses) / len(losses))
            self._run.progress("Training", step, params.iterations)
            losses.clear()
        if step % params.validate_every == 0 or step == params.iterations:
            self._validate()

    def _validate(self) -> None:
        judge = placed(Generator(self._architecture), self._run.device).eval()
        self._ema.copy_to(judge)
        values: list[float] = []
        for index, batch in enumerate(self._data.validation()):
            self._run.check()
            restored = _restored(judge, batch, self._run.device)
            values += [
                psnr_affine(one[0], truth[0])
                for one, truth in zip(restored, batch.high, strict=True)
            ]
            if index == 0:
                pair = np.concatenate([restored[0, 0], batch.high[0, 0]], axis=1)
                self._run.preview("restored | truth", pair)
        if values:
            self._run.metric("validation_psnr_affine", self._step, float(np.mean(values)))

    def _state(self) -> _State:
        moments = self._optimizer.state
        named = dict(self._network.named_parameters())
        zeros = {name: torch.zeros_like(value) for name, value in named.items()}
        return _State(
            self._step,
            self._rollbacks,
            {name: value.detach().clone() for name, value in named.items()},
            {name: value.clone() for name, value in self._ema.average.items()},
            {
                n: moments[v]["exp_avg"].clone() if v in moments else zeros[n]
                for n, v in named.items()
            },
            {
                n: moments[v]["exp_avg_sq"].clone() if v in moments else zeros[n]
                for n, v in named.items()
            },
        )

    @torch.no_grad()
    def _take(self, state: _State) -> None:
        self._step = state.step
        self._rollbacks = state.rollbacks
        self._ema.restore(state.average)
        for name, value in self._network.named_parameters():
            value.copy_(state.live[name])
            self._optimizer.state[value] = {
                "step": torch.tensor(float(state.step)),
                "exp_avg": torch.empty_like(value).copy_(state.first_moment[name]),
                "exp_avg_sq": torch.empty_like(value).copy_(state.second_moment[name]),
            }


def _posed(low: Tensor, high: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Show each pair in a random one of the eight poses; patches are square."""
    members = [int(member) for member in rng.integers(dihedral.MEMBERS, size=len(low))]
    lows = [dihedral.transform(one, member) for one, member in zip(low, members, strict=True)]
    highs = [dihedral.transform(one, member) for one, member in zip(high, members, strict=True)]
    return torch.stack(lows), torch.stack(highs)


@torch.inference_mode()
def _restored(network: Generator, batch: Batch, device: str) -> NDArray[np.float32]:
    return network(torch.from_numpy(batch.low).to(device)).float().cpu().numpy()


def _to_plain(state: _State) -> dict[str, Any]:
    def table(tensors: Tensors) -> dict[str, NDArray[Any]]:
        return {name: value.detach().cpu().contiguous().numpy() for name, value in tensors.items()}

    return {
        "step": state.step,
        "rollbacks": state.rollbacks,
        "live": table(state.live),
        "average": table(state.average),
        "first_moment": table(state.first_moment),
        "second_moment": table(state.second_moment),
    }


def _from_plain(saved: Mapping[str, Any]) -> _State:
    def table(arrays: Mapping[str, NDArray[Any]]) -> Tensors:
        return {name: torch.from_numpy(np.array(value)) for name, value in arrays.items()}

    return _State(
        int(saved["step"]),
        int(saved["rollbacks"]),
        table(saved["live"]),
        table(saved["average"]),
        table(saved["first_moment"]),
        table(saved["second_moment"]),
    )
