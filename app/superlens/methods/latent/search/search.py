"""The loop of a search: many pictures at once, each as if it were alone.

Iteration by iteration, so that it can be watched, paused, ended early, saved and resumed.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from superlens.core.errors import InvalidInput
from superlens.methods.latent.search.objective import Candidates, Objective, Terms
from superlens.methods.latent.search.progress import (
    Guide,
    Live,
    Remembered,
    first_live,
    nothing_yet,
)
from superlens.methods.latent.search.schedules import step_size
from superlens.methods.latent.search.settings import Kept
from superlens.methods.latent.search.variables import (
    candidates_of,
    first_variables,
    leaves,
    project,
)

_FIRST_DECAY, _SECOND_DECAY, _EPSILON = 0.9, 0.999, 1e-8
_LOOK_EVERY = 10
_DOMAIN = 0x73656172

State = dict[str, Any]


class LatentSearch:
    """Adam on the styles of a batch of pictures.

    Pictures do not see each other: each has its own generator of random numbers, its own best
    iterate, its own end.

    Source: Gheisari, Genovesio, Biological Imaging, 2024; section 4.
    """

    def __init__(
        self,
        objective: Objective,
        low: Tensor,
        draws: list[torch.Generator],
        guide: Guide | None = None,
    ) -> None:
        """Begin.

        Args:
            objective: what is minimised.
            low: (N, C, m, m) on the device of the prior, around -1..1, never clipped.
            draws: one generator of the CPU per picture; see `picture_draws`.
            guide: what it begins with and is pulled to.

        Raises:
            InvalidInput: the pictures are not of the size that the degradation gives.
        """
        side = objective.degradation.low_side
        if low.shape[-2:] != (side, side) or len(low) != len(draws) or not len(low):
            raise InvalidInput(
                f"Pictures of shape {tuple(low.shape)} cannot be searched: {len(draws)} of "
                f"{side} x {side} pixels are expected",
                "Cut them to this size",
            )
        self.objective = objective
        self.iteration = 0
        """Iterations done."""
        settings, model = objective.settings, objective.model
        variables = first_variables(model, settings, draws)
        guide = guide or Guide()
        if guide.start is not None:
            variables.point = guide.start.clone()
        self._low = low
        self._live = first_live(low, variables, leaves(variables, settings), guide.anchor)
        self._kept = Remembered(variables.taken(self._live.index), *nothing_yet(len(low), low))

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to be searched."""
        return not len(self._live.index)

    @property
    def totals(self) -> Tensor:
        """(N,) the kept objective of each picture so far; infinite before the first iteration."""
        return self._kept.terms.total

    def advance(self) -> None:
        """Do an iteration; the last one is followed by a look at what it gave."""
        self._step()
        self.iteration += 1
        if self.iteration >= self.objective.settings.iterations:
            self._look_at_the_end()
        elif self.iteration % _LOOK_EVERY == 0:
            self._drop_finished()

    def found(self) -> tuple[Candidates, Terms]:
        """Give the kept iterate of each picture, and its objective."""
        model, settings = self.objective.model, self.objective.settings
        return candidates_of(self._kept.variables, model, settings), self._kept.terms

    @property
    def first_totals(self) -> Tensor:
        """(N,) the objective where the search began."""
        return self._kept.first_total

    @property
    def kept_iterations(self) -> Tensor:
        """(N,) the iteration that is kept."""
        return self._kept.iteration

    @property
    def done_iterations(self) -> Tensor:
        """(N,) the iterations that each picture took."""
        return self._kept.done

    def state(self) -> State:
        """Give everything that changes, copied; the pictures and settings are not in it."""
        live, kept = self._live, self._kept
        return {
            "iteration": self.iteration,
            "index": live.index.clone(),
            "live": _table(live.variables.tensors()),
            "first_moments": _table(tuple(first for first, _ in live.moments)),
            "second_moments": _table(tuple(second for _, second in live.moments)),
            "stale": live.stale.clone(),
            "reached": live.reached.clone(),
            "kept": _table(kept.variables.tensors()),
            "terms": torch.stack([*_columns(kept.terms)]),
            "kept_iteration": kept.iteration.clone(),
            "first_total": kept.first_total.clone(),
            "done": kept.done.clone(),
        }

    def take(self, state: State) -> None:
        """Go on from a state of a search for the same pictures with the same settings."""
        device = self._low.device
        index = state["index"].to(device)
        self.iteration = state["iteration"]
        self._live = self._live.taken(index)
        _fill(self._live.variables.tensors(), state["live"])
        _fill(tuple(first for first, _ in self._live.moments), state["first_moments"])
        _fill(tuple(second for _, second in self._live.moments), state["second_moments"])
        self._live.stale.copy_(state["stale"])
        self._live.reached.copy_(state["reached"])
        _fill(self._kept.variables.tensors(), state["kept"])
        self._kept.terms = Terms(*state["terms"].to(device).unbind())
        self._kept.iteration.copy_(state["kept_iteration"])
        self._kept.first_total.copy_(state["first_total"])
        self._kept.done.copy_(state["done"])

    def _step(self) -> None:
        live, settings = self._live, self.objective.settings
        varied = leaves(live.variables, settings)
        for leaf in varied:
            leaf.requires_grad_(True)
        terms = self._terms(live)
        slopes = torch.autograd.grad(terms.total.sum(), varied)
        for leaf in varied:
            leaf.requires_grad_(False)
        self._remember(terms.detached())
        rate = step_size(settings.schedule, settings.rate, self.iteration, settings.iterations)
        with torch.no_grad():
            for number, (leaf, slope) in enumerate(zip(varied, slopes, strict=True)):
                limit = settings.clip_norm if number == 0 else None
                self._move(leaf, _shortened(slope, limit), live.moments[number], rate)
        project(live.variables, settings)

    def _terms(self, live: Live) -> Terms:
        made = candidates_of(live.variables, self.objective.model, self.objective.settings)
        anchored = Candidates(made.w, made.noise, made.offset, live.anchor)
        return self.objective(live.low, anchored)

    def _move(
        self, leaf: Tensor, slope: Tensor, moments: tuple[Tensor, Tensor], rate: float
    ) -> None:
        """Do a step of Adam; every number of a leaf is on its own.

        Source: Kingma, Ba, ICLR 2015, arXiv:1412.6980; algorithm 1.
        """
        first, second = moments
        first.lerp_(slope, 1 - _FIRST_DECAY)
        second.lerp_(slope.square(), 1 - _SECOND_DECAY)
        time = self.iteration + 1
        spread = (second / (1 - _SECOND_DECAY**time)).sqrt_().add_(_EPSILON)
        leaf.addcdiv_(first, spread, value=-rate / (1 - _FIRST_DECAY**time))

    @torch.no_grad()
    def _remember(self, terms: Terms, *, is_end: bool = False) -> None:
        """Take in the objective of what is searched now."""
        live, kept = self._live, self._kept
        if self.iteration == 0:
            kept.first_total[live.index] = terms.total
        known = kept.terms.taken(live.index)
        is_better = terms.total < known.total
        if self.objective.settings.kept is Kept.LAST:
            is_better = torch.full_like(is_better, is_end) | torch.isinf(known.total)
        merged = terms.where(is_better, known)
        for column, value in zip(_columns(kept.terms), _columns(merged), strict=True):
            column[live.index] = value
        kept.variables.put(live.index, is_better, live.variables)
        kept.iteration[live.index] = torch.where(
            is_better, float(self.iteration), kept.iteration[live.index]
        )
        kept.done[live.index] = float(self.iteration)
        progressed = terms.total < live.reached * (1 - self.objective.settings.least_progress)
        live.reached = torch.where(progressed, terms.total, live.reached)
        live.stale = torch.where(progressed, 0.0, live.stale + 1)

    def _drop_finished(self) -> None:
        patience = self.objective.settings.patience
        if patience is None:
            return
        is_going = self._live.stale < patience
        if not bool(is_going.all()):
            ended = self._live
            self._live = ended.taken(~is_going)
            self._look_at_the_end()
            self._live = ended.taken(is_going)

    @torch.no_grad()
    def _look_at_the_end(self) -> None:
        """Evaluate what the last step gave, and be done with these pictures."""
        if len(self._live.index):
            self._remember(self._terms(self._live), is_end=True)
        self._live = self._live.taken(self._live.index[:0])


def picture_draws(seed: int, count: int, first: int = 0) -> list[torch.Generator]:
    """Give a generator of the CPU for each picture: a function of the seed and its number alone."""
    found: list[torch.Generator] = []
    for number in range(first, first + count):
        sequence = np.random.SeedSequence(seed, spawn_key=(_DOMAIN, number))
        state = int(sequence.generate_state(1, np.uint64)[0] >> 1)
        found.append(torch.Generator().manual_seed(state))
    return found


def _shortened(slope: Tensor, limit: float | None) -> Tensor:
    """Give slopes (N, ...) without what is not finite, each at most as long as the limit."""
    slope = slope.nan_to_num(0.0, 0.0, 0.0)
    if limit is None:
        return slope
    length = slope.flatten(1).norm(dim=1).clamp_min(_EPSILON)
    factor = (limit / length).clamp_max(1.0)
    return slope * factor.view(-1, *(1,) * (slope.dim() - 1))


def _columns(terms: Terms) -> tuple[Tensor, ...]:
    return (terms.total, terms.data, terms.log_prob, terms.prior, terms.cross)


def _table(tensors: tuple[Tensor, ...]) -> dict[str, Tensor]:
    return {str(number): value.clone() for number, value in enumerate(tensors)}


def _fill(tensors: tuple[Tensor, ...], table: dict[str, Tensor]) -> None:
    for number, value in enumerate(tensors):
        value.copy_(table[str(number)])
