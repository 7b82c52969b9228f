"""The course of a prior's training: step after step, shown, validated, kept, taken back.

Everything random is a function of the seed and the step, so that a resumed training gives the same
bits as one that was never interrupted.
"""

import math
from typing import Any

import torch
from torch import Tensor

from superlens.core.errors import Diverged
from superlens.core.method import Run, Weights
from superlens.methods.latent.crops import Crops
from superlens.methods.latent.prior.beginning import first_networks
from superlens.methods.latent.prior.drawing import Phase, drawing
from superlens.methods.latent.prior.duel import Duel, Losses
from superlens.methods.latent.prior.parameters import PriorTrainParams
from superlens.methods.latent.prior.validation import Features, Realism, Validation
from superlens.methods.nets import dihedral
from superlens.methods.nets.plain_state import to_arrays, to_tensors

LATEST = "latest"
BEST = "best"
MOST_ROLLBACKS = 3
REPORT_EVERY = 20
SNAPSHOT_EVERY = 100

State = dict[str, Any]


class PriorTraining:
    """One training, from the first step or from a checkpoint, to finished weights.

    Numbers that are not finite take the training back to its last snapshot, at half the learning
    rate; the fourth time it gives up.

    Source: Karras et al., NeurIPS 2020, arXiv:2006.06676.
    """

    def __init__(
        self, crops: Crops, params: PriorTrainParams, run: Run, features: Features | None = None
    ) -> None:
        """Begin; `features` tells how far pictures are from held-out crops, if anything does."""
        self._crops = crops
        self._params = params
        self._run = run
        network, judge = first_networks(crops, params, run)
        self.duel = Duel(network, judge, params, run)
        self.validation = Validation(crops, features, run)
        self._step = 0
        self._rollbacks = 0
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._best = math.inf
        self._warned = False

    def run(self) -> Weights:
        """Train to the end and give the averaged generator and the discriminator.

        The weights of the validation nearest to the held-out crops are offered as `best` on the
        way; those given are the last ones.

        Raises:
            Diverged: it kept reaching numbers that are not finite.
            JobCancelled: the user asked to stop.
        """
        saved = self._run.resume_state()
        if saved is not None:
            self._take(to_tensors(saved))
        snapshot = self._state()
        while self._step < self._params.steps:
            self._run.check()
            losses = self.duel.advance(self._real(), self._step, 0.5**self._rollbacks)
            if losses is None:
                self._roll_back(snapshot)
                continue
            self._step += 1
            self._report(losses)
            if self._step % self._params.evaluate_every == 0 or self._is_last:
                self._validate()
            if self._step % SNAPSHOT_EVERY == 0:
                snapshot = self._state()
            if self._step % self._params.checkpoint_every == 0:
                self._run.checkpoint(LATEST, to_arrays(self._state()))
        return self.duel.weights()

    @property
    def _is_last(self) -> bool:
        return self._step == self._params.steps

    def _real(self) -> Tensor:
        crops = torch.from_numpy(self._crops.batch(self._step, self._params.batch))
        if self._params.poses:
            draw = drawing(self._run.seed, self._step, Phase.POSE)
            members = torch.randint(dihedral.MEMBERS, (len(crops),), generator=draw).tolist()
            posed = [
                dihedral.transform(one, member) for one, member in zip(crops, members, strict=True)
            ]
            crops = torch.stack(posed)
        return crops.to(self._run.device, memory_format=torch.channels_last)

    def _roll_back(self, snapshot: State) -> None:
        rollbacks, at = self._rollbacks + 1, self._step
        if rollbacks > MOST_ROLLBACKS:
            raise Diverged(
                f"The training of the prior reached numbers that are not finite at step {at}, "
                f"{rollbacks} times",
                f"Lower the learning rate ({self._params.learning_rate:g}) or look at the crops",
            )
        self._take(snapshot)
        self._rollbacks = rollbacks
        self._run.note(
            f"Step {at} reached numbers that are not finite: went back to step {self._step}, with "
            "half the learning rate"
        )

    def _report(self, losses: Losses) -> None:
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1
        if self._step % REPORT_EVERY and not self._is_last:
            return
        for name, value in self._sums.items():
            self._run.metric(f"prior_{name}", self._step, value / self._counts[name])
        self._run.progress("Training the prior", self._step, self._params.steps)
        self._sums, self._counts = {}, {}
        if self.duel.adaptation.is_at_limit and not self._warned:
            self._warned = True
            self._run.note(
                f"The augmentation has reached its limit at step {self._step}: the discriminator "
                "knows the crops by heart. More crops, or fewer maps, would help"
            )

    def _validate(self) -> None:
        network = self.duel.averaged()
        self.validation.show(network)
        found = self.validation.realism(network, self._params.evaluate_count)
        if found is None:
            return
        self._run.metric("validation_frechet", self._step, found.frechet)
        self._run.metric("validation_kernel", self._step, found.kernel)
        if found.frechet < self._best:
            self._best = found.frechet
            self._run.keep(BEST, self.duel.weights(), _scores(found, self._step))

    def _state(self) -> State:
        return {
            "step": self._step,
            "rollbacks": self._rollbacks,
            "networks": self.duel.state(),
            "sums": dict(self._sums),
            "counts": dict(self._counts),
            "best": self._best,
            "warned": self._warned,
        }

    def _take(self, state: State) -> None:
        self._step, self._rollbacks = state["step"], state["rollbacks"]
        self.duel.take(state["networks"])
        self._sums = dict(state.get("sums", {}))
        self._counts = dict(state.get("counts", {}))
        self._best, self._warned = state["best"], state["warned"]


def _scores(found: Realism, step: int) -> dict[str, float]:
    return {
        "frechet": found.frechet,
        "kernel": found.kernel,
        "samples": float(found.samples),
        "step": float(step),
    }
