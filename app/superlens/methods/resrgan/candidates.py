"""The candidates of a phase: scored, the best one held, the Pareto ones kept with the run."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from torch import Tensor

from superlens.core.method import Run, Weights
from superlens.methods.resrgan.generator import Architecture
from superlens.methods.resrgan.phases import PhaseName, Tables
from superlens.methods.resrgan.selection import Scores, is_more_faithful, is_preferred, pareto

CANDIDATE = "step-{step:07d}"
SCORE_NAMES = {
    "psnr": "validation_psnr_affine",
    "ssim": "validation_ssim_affine",
    "niqe": "validation_niqe_fit",
    "frechet": "validation_fd_mu",
}
"""Field of `Scores` to the name of its curve."""


class Candidates:
    """Holds the weights of the best candidate so far; keeps all Pareto ones of a phase B."""

    def __init__(self, phase: PhaseName, architecture: Architecture, run: Run) -> None:
        self._phase = phase
        self._architecture = architecture
        self._run = run
        self._history: tuple[Scores, ...] = ()
        self._kept: tuple[Scores, ...] = ()
        self._chosen: Scores | None = None
        self._weights: Tables = {}
        self._improved_at = 0

    @property
    def chosen(self) -> Tables | None:
        """The averaged weights of the best candidate; None before the first."""
        return self._weights or None

    @property
    def chosen_step(self) -> int:
        """Step of its phase from which the best candidate is."""
        return 0 if self._chosen is None else self._chosen.step

    @property
    def best_psnr(self) -> float:
        """The best PSNR of all candidates so far, in decibels."""
        return max((scores.psnr for scores in self._history), default=float("-inf"))

    def offer(self, scores: Scores, average: Mapping[str, Tensor]) -> None:
        """Take in a candidate; its weights are copied if they are needed."""
        self._history = (*self._history, scores)
        if self._chosen is None or self._is_better(scores, self._chosen):
            self._chosen, self._improved_at = scores, scores.step
            self._weights = {name: value.detach().clone() for name, value in average.items()}
        if self._phase is PhaseName.REALISM:
            self._keep_if_pareto(scores, average)

    def is_exhausted(self, patience: int, least: int) -> bool:
        """Whether no candidate was better for `patience` steps, after at least `least` steps."""
        if patience == 0 or not self._history:
            return False
        last = self._history[-1].step
        return last >= least and last - self._improved_at >= patience

    def settle(self) -> None:
        """Forget the kept candidates that newer ones beat: there is no way back before this."""
        front = pareto(self._history)
        for scores in self._kept:
            if scores not in front:
                self._forget(scores)
        self._kept = tuple(scores for scores in self._kept if scores in front)

    def state(self) -> dict[str, Any]:
        """Give everything it remembers; the tensors in it never change."""
        return {
            "history": [asdict(scores) for scores in self._history],
            "kept": [scores.step for scores in self._kept],
            "chosen_step": None if self._chosen is None else self._chosen.step,
            "improved_at": self._improved_at,
            "weights": self._weights,
        }

    def take(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._history = tuple(Scores(**scores) for scores in state["history"])
        by_step = {scores.step: scores for scores in self._history}
        for scores in self._kept:
            if scores.step not in state["kept"]:
                self._forget(scores)
        self._kept = tuple(by_step[step] for step in state["kept"])
        self._chosen = by_step.get(state["chosen_step"])
        self._improved_at = state["improved_at"]
        # An empty table does not survive a file.
        self._weights = state.get("weights", {})

    def _is_better(self, new: Scores, chosen: Scores) -> bool:
        if self._phase is PhaseName.FIDELITY:
            return is_more_faithful(new, chosen)
        return is_preferred(new, chosen, self._history)

    def _keep_if_pareto(self, new: Scores, average: Mapping[str, Tensor]) -> None:
        if new not in pareto(self._history):
            return
        weights = generator_weights(self._architecture, average)
        self._run.keep(CANDIDATE.format(step=new.step), weights, named_scores(new))
        self._kept = (*self._kept, new)

    def _forget(self, scores: Scores) -> None:
        self._run.keep(CANDIDATE.format(step=scores.step), Weights({}), {})


def named_scores(scores: Scores) -> dict[str, float]:
    """Give the scores that were measured, by the names of their curves."""
    values = asdict(scores)
    return {
        name: float(values[field])
        for field, name in SCORE_NAMES.items()
        if values[field] is not None
    }


def generator_weights(
    architecture: Architecture,
    generator: Mapping[str, Tensor],
    fidelity: Mapping[str, Tensor] | None = None,
) -> Weights:
    """Give weights free of torch: the generator, and the fidelity end where there is one."""
    parts = {"generator": generator} | ({} if fidelity is None else {"fidelity": fidelity})
    return Weights(
        {
            part: {
                name: value.detach().cpu().contiguous().numpy().copy()
                for name, value in tables.items()
            }
            for part, tables in parts.items()
        },
        asdict(architecture),
    )
