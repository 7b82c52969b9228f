"""Searches from pictures to answers: in batches that fit, reported, and described in numbers."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from superlens.core.method import Run
from superlens.methods.latent.search.objective import Candidates, Objective, cross_term
from superlens.methods.latent.search.search import Guide, LatentSearch, picture_draws
from superlens.methods.latent.search.settings import CrossTerm

REPORT_EVERY = 10


@dataclass(frozen=True, slots=True)
class Found:
    """Answers to low-resolution pictures, one row each, on the device of the prior."""

    picture: Tensor
    """(N, C, n, n), around -1..1, not clipped."""
    low: Tensor
    """(N, C, m, m): the answer degraded."""
    w: Tensor
    """(N, L, d)."""
    offset: Tensor | None
    """(N, 2) pixels of the answer, where it was searched."""
    total: Tensor
    """(N,) the objective."""
    first_total: Tensor
    """(N,) where the search began."""
    residual: Tensor
    """(N,) mean absolute difference from the low-resolution picture."""
    log_prob: Tensor
    """(N,) mean log-density of the styles under the flow; NaN without one."""
    cross: Tensor
    """(N,) sum of squared distances of pairs of styles."""
    kept_iteration: Tensor
    """(N,)."""
    is_accepted: Tensor
    """(N,) whether the distance is within the floor of the data term, where there is one."""


def search_all(
    objective: Objective, low: Tensor, run: Run, batch: int, guide: Guide | None = None
) -> Found:
    """Search the answers of any number of pictures.

    Args:
        objective: what is minimised.
        low: (N, C, m, m), on the device of the prior.
        run: is asked at every iteration whether to go on.
        batch: pictures at a time; fewer where the memory ends. The answers do not depend on it
            but for rounding.
        guide: what the search begins with and is pulled to.

    Raises:
        JobCancelled: the user asked to stop.
    """
    parts: list[Found] = []
    begin, size = 0, min(batch, len(low))
    while begin < len(low):
        chosen = slice(begin, min(begin + size, len(low)))
        try:
            search = LatentSearch(
                objective,
                low[chosen],
                picture_draws(run.seed, chosen.stop - chosen.start, chosen.start),
                None if guide is None else guide.taken(chosen),
            )
            parts.append(_followed(search, low[chosen], run, (begin, len(low))))
        except (torch.OutOfMemoryError, MemoryError):
            if size == 1:
                raise
            size = math.ceil(size / 2)
            run.note(f"The memory does not hold so many cells: it goes on with {size} at a time")
            continue
        begin = chosen.stop
    return _joined(parts)


@torch.no_grad()
def described(objective: Objective, low: Tensor, candidates: Candidates) -> Found:
    """Give everything that is reported of candidates (N), without a search."""
    terms = objective(low, candidates)
    nothing = torch.zeros_like(terms.total)
    return _found(objective, low, candidates, (terms.total, terms.total, nothing))


def _followed(search: LatentSearch, low: Tensor, run: Run, span: tuple[int, int]) -> Found:
    begin, count = span
    iterations = search.objective.settings.iterations
    while not search.is_done:
        run.check()
        search.advance()
        if search.iteration % REPORT_EVERY == 0 or search.is_done:
            done = begin * iterations + len(low) * search.iteration
            run.progress("Searching", done, count * iterations)
            run.metric("search_objective", search.iteration, float(search.totals.mean()))
    candidates, terms = search.found()
    totals = (terms.total, search.first_totals, search.kept_iterations)
    return _found(search.objective, low, candidates, totals)


@torch.no_grad()
def _found(
    objective: Objective,
    low: Tensor,
    candidates: Candidates,
    totals: tuple[Tensor, Tensor, Tensor],
) -> Found:
    model, settings = objective.model, objective.settings
    picture = model.generator.synthesize(candidates.w, candidates.noise)
    degraded = objective.degradation(picture, candidates.offset)
    count, layers, _ = candidates.w.shape
    log_prob = picture.new_full((count,), math.nan)
    if model.flow is not None:
        log_prob = model.flow.log_prob(candidates.w.flatten(0, 1)).view(count, layers).mean(1)
    floor = settings.data_floor
    accepted = objective.data_term(low, degraded) <= floor if floor > 0 else log_prob > -math.inf
    return Found(
        picture=picture,
        low=degraded,
        w=candidates.w,
        offset=candidates.offset,
        total=totals[0],
        first_total=totals[1],
        residual=(degraded - low).abs().mean((1, 2, 3)),
        log_prob=log_prob,
        cross=cross_term(CrossTerm.SQUARED, candidates.w),
        kept_iteration=totals[2],
        is_accepted=accepted | (floor <= 0),
    )


def _joined(parts: list[Found]) -> Found:
    offsets = [part.offset for part in parts if part.offset is not None]
    names = [name for name in Found.__slots__ if name != "offset"]
    rows = {name: torch.cat([getattr(part, name) for part in parts]) for name in names}
    return Found(**rows, offset=torch.cat(offsets) if offsets else None)
