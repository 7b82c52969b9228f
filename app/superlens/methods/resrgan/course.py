"""The course of one phase: step after step, watched, reported, validated, kept, ended."""

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from superlens.core.errors import Diverged
from superlens.core.method import Run, TrainingData
from superlens.methods.nets import dihedral
from superlens.methods.resrgan.candidates import Candidates, named_scores
from superlens.methods.resrgan.collapse import COLLAPSED_PSNR_DB, CollapseWatch
from superlens.methods.resrgan.parameters import ResrganTrainParams
from superlens.methods.resrgan.phases import Outcome, Pairs, Phase, PhaseName, Tables
from superlens.methods.resrgan.validation import Validation

MOST_ROLLBACKS = 3
REPORT_EVERY = 20
SNAPSHOT_EVERY = 100

_TITLES = {PhaseName.FIDELITY: "Training", PhaseName.REALISM: "Training for realism"}
_NOT_FINITE = "reached numbers that are not finite"
_COLLAPSED = "collapsed: its pictures drifted away from the truth"

State = dict[str, Any]
Save = Callable[[State], None]


@dataclass(frozen=True, slots=True)
class Setting:
    """What the phases of a training have in common."""

    data: TrainingData
    params: ResrganTrainParams
    run: Run
    validation: Validation


class Course:
    """One phase from its first step, or from a state, to its end.

    A loss that is not finite, or a collapse, takes the phase back to its last sound state, at half
    the learning rate; the fourth time it gives up.
    """

    def __init__(
        self, phase: Phase, candidates: Candidates, setting: Setting, first_step: int
    ) -> None:
        """Begin a phase.

        Args:
            phase: its networks and losses.
            candidates: takes what validation finds.
            setting: what phases have in common.
            first_step: steps of the training before this phase.
        """
        self._phase = phase
        self._candidates = candidates
        self._setting = setting
        self._first_step = first_step
        self._step = 0
        self._rollbacks = 0
        self._watch = CollapseWatch()
        self._sums: dict[str, float] = {}
        self._summed = 0
        self._snapshot: State = {}

    @property
    def step(self) -> int:
        """Steps of the whole training so far."""
        return self._first_step + self._step

    @property
    def best(self) -> Tables:
        """The chosen averaged weights; the last ones where nothing could be validated."""
        chosen = self._candidates.chosen
        return self._phase.average if chosen is None else chosen

    def run(self, save: Save) -> None:
        """Train to the end of the phase.

        Args:
            save: called with the state of the phase at every checkpoint.

        Raises:
            Diverged: it kept reaching numbers that are not finite, or collapsing.
            JobCancelled: the user asked to stop.
        """
        self._snapshot = self.state()
        while self._step < self._phase.steps and not self._is_exhausted():
            self._setting.run.check()
            wrong = self._advance()
            if wrong is not None:
                self._roll_back(wrong)
                continue
            self._remember(save)
        self._candidates.settle()
        self._say_how_it_ended()

    def state(self) -> State:
        """Give everything that changes, copied."""
        return {
            "step": self.step,
            "rollbacks": self._rollbacks,
            "phase": self._phase.name.value,
            "phase_step": self._step,
            "networks": self._phase.state(),
            "candidates": self._candidates.state(),
            "watch": self._watch.state(),
            "sums": dict(self._sums),
            "summed": self._summed,
        }

    def take(self, state: State) -> None:
        """Go on from a state of this phase."""
        self._step, self._rollbacks = state["phase_step"], state["rollbacks"]
        self._phase.take(state["networks"])
        self._candidates.take(state["candidates"])
        self._watch.take(state["watch"])
        self._sums, self._summed = dict(state.get("sums", {})), state["summed"]

    def _is_exhausted(self) -> bool:
        params = self._setting.params
        return self._candidates.is_exhausted(params.patience_its, params.min_its)

    def _advance(self) -> str | None:
        """Do a step; give what went wrong, if anything did."""
        outcome = self._phase.advance(self._pairs(), self._step, 0.5**self._rollbacks)
        if outcome is None:
            return _NOT_FINITE
        self._step += 1
        self._watch.see(outcome.sight)
        if self._watch.has_collapsed:
            return _COLLAPSED
        self._report(outcome)
        if self._step % self._setting.params.validate_every == 0 or self._is_last:
            return self._validate()
        return None

    @property
    def _is_last(self) -> bool:
        return self._step == self._phase.steps

    def _pairs(self) -> Pairs:
        params, run = self._setting.params, self._setting.run
        batch = self._setting.data.batch(self.step, params.batch)
        low, high = torch.from_numpy(batch.low), torch.from_numpy(batch.high)
        if params.augment:
            low, high = _posed(low, high, np.random.default_rng((run.seed, self.step)))
        return Pairs(
            low.to(run.device, memory_format=torch.channels_last),
            high.to(run.device, memory_format=torch.channels_last),
        )

    def _report(self, outcome: Outcome) -> None:
        sums = defaultdict(float, self._sums)
        for name, value in outcome.losses.items():
            sums[name] += value
        self._sums, self._summed = dict(sums), self._summed + 1
        if self._step % REPORT_EVERY and not self._is_last:
            return
        params, run = self._setting.params, self._setting.run
        for name, value in self._sums.items():
            run.metric(f"train_{name}", self.step, value / self._summed)
        total = params.iterations + params.gan_iterations
        run.progress(_TITLES[self._phase.name], self.step, total)
        self._sums, self._summed = {}, 0

    def _validate(self) -> str | None:
        validation = self._setting.validation
        if validation.is_empty:
            return None
        scores = validation.scores(self._phase.average, self._step)
        if math.isnan(scores.psnr):
            return _NOT_FINITE
        if scores.psnr < self._candidates.best_psnr - COLLAPSED_PSNR_DB:
            return _COLLAPSED
        for name, value in named_scores(scores).items():
            self._setting.run.metric(name, self.step, value)
        self._candidates.offer(scores, self._phase.average)
        return None

    def _remember(self, save: Save) -> None:
        """Keep the state to go back to and to resume from, unless it is suspect."""
        is_checkpoint = self._step % self._setting.params.checkpoint_every == 0
        if self._watch.is_suspect or not (is_checkpoint or self._step % SNAPSHOT_EVERY == 0):
            return
        self._snapshot = self.state()
        if is_checkpoint:
            save(self._snapshot)
        self._candidates.settle()

    def _roll_back(self, wrong: str) -> None:
        rollbacks, at = self._rollbacks + 1, self.step
        rate = self._phase.peak_rate
        if rollbacks > MOST_ROLLBACKS:
            raise Diverged(
                f"Training {wrong} at step {at}, {rollbacks} times",
                f"Lower the learning rate ({rate:g}) or look at the pairs",
            )
        self.take(self._snapshot)
        self._rollbacks = rollbacks
        self._setting.run.note(
            f"Training {wrong} at step {at}: it goes on from step {self.step} at a learning rate "
            f"of {rate * 0.5**rollbacks:g}"
        )

    def _say_how_it_ended(self) -> None:
        run, params = self._setting.run, self._setting.params
        if self._step < self._phase.steps:
            run.note(
                f"The phase ended early, after {self._step} of {self._phase.steps} steps: no "
                f"candidate was better for {params.patience_its} steps"
            )
        if self._candidates.chosen is not None and self._candidates.chosen_step != self._step:
            run.note(
                f"The best candidate of the phase is that of its step "
                f"{self._candidates.chosen_step} of {self._step}; it is the one that is used"
            )


def _posed(low: Tensor, high: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Show each pair in a random one of the eight poses; patches are square."""
    members = [int(member) for member in rng.integers(dihedral.MEMBERS, size=len(low))]
    lows = [dihedral.transform(one, member) for one, member in zip(low, members, strict=True)]
    highs = [dihedral.transform(one, member) for one, member in zip(high, members, strict=True)]
    return torch.stack(lows), torch.stack(highs)
