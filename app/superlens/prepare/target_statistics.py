"""Training targets with regularised gradients, and the record of what was done to each.

The low pictures stay as they are. In the quantitative form the grey levels in which gradients are
counted are those of the normalised targets, 0 to 1, so that one scale holds for a whole training;
the published form takes the extremes of every target, whatever its units.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from superlens.core.errors import InvalidInput
from superlens.core.jobs import TargetForm, TargetStatistics
from superlens.core.method import Array
from superlens.prepare.fields import NormalisedPair
from superlens.prepare.gradient_statistics.grey_levels import UNIT
from superlens.prepare.gradient_statistics.naturalising import Naturalised, naturalise

_FORM_LIMITS = {
    TargetForm.PLUGIN: "and, rounded to 8 bit, cut at black and at white",
    TargetForm.QUANTITATIVE: "neither rounded nor cut",
}


@dataclass(frozen=True, slots=True)
class TargetRecord:
    """What was done to one target."""

    name: str
    """The high-resolution file, or what a simulated field shows and its number."""
    low: str
    """The low-resolution file of its pair; empty where there is none."""
    factor: float
    """Its naturalness factor, by which its contrast was multiplied."""
    mean: float
    """What the stretch leaves where it is, in the units of the file."""
    factor_after: float
    distance_before: float
    """Of the histogram of gradients from the prior: 0 to 1."""
    distance_after: float
    clipped_share: float
    """Share of pixels that became black or white."""


@dataclass(frozen=True, slots=True)
class TargetReport:
    """What was done to the targets of a training."""

    form: TargetForm
    records: tuple[TargetRecord, ...]
    counts_before: tuple[int, ...]
    """(512,) how often differences of -256 to 255 grey levels occur in all targets together."""
    counts_after: tuple[int, ...]

    @property
    def factors(self) -> tuple[float, float, float]:
        """The smallest, the median and the largest factor."""
        factors = [record.factor for record in self.records]
        return min(factors), median(factors), max(factors)

    @property
    def limit(self) -> str:
        """What a model that learnt from these targets cannot do, as a sentence."""
        least, middle, most = self.factors
        return (
            "Its targets were stretched to the gradient statistics of photographs, "
            f"{_FORM_LIMITS[self.form]}, each by a factor of its own ({least:.2f} to {most:.2f}, "
            f"median {middle:.2f}): with a factor per image, intensities are not quantitative."
        )

    @property
    def summary(self) -> str:
        """What was done, as a line of a log."""
        least, middle, most = self.factors
        before, after = (
            median(getattr(record, name) for record in self.records)
            for name in ("distance_before", "distance_after")
        )
        return (
            f"Gradient statistics of {len(self.records)} targets regularised ({self.form.value} "
            f"form): factors {least:.2f} to {most:.2f}, median {middle:.2f}; median distance from "
            f"the prior {before:.3f} before, {after:.3f} after"
        )


class TargetCollection:
    """Gathers what was done to targets, one by one."""

    def __init__(self, form: TargetForm) -> None:
        self._form = form
        self._records: list[TargetRecord] = []
        self._before = np.zeros(0, np.int64)
        self._after = np.zeros(0, np.int64)

    def add(self, name: str, low: str, mean: float, done: Naturalised) -> None:
        """Note a target.

        Args:
            name: of the target.
            low: of its low-resolution file, or empty.
            mean: of the target in the units of its file.
            done: what was done to it.

        Raises:
            InvalidInput: it must not be trained on.
        """
        require_unobjected(name, done)
        self._records.append(
            TargetRecord(
                name,
                low,
                done.stretch.factor,
                mean,
                done.after.factor,
                done.before.prior_distance,
                done.after.prior_distance,
                done.clipped_share,
            )
        )
        self._before = _added(self._before, done.before.counts)
        self._after = _added(self._after, done.after.counts)

    def report(self) -> TargetReport | None:
        """Give what was done so far; None where no target was taken."""
        if not self._records:
            return None
        before, after = (tuple(counts.tolist()) for counts in (self._before, self._after))
        return TargetReport(self._form, tuple(self._records), before, after)


def naturalised_target(target: Array, statistics: TargetStatistics) -> Naturalised:
    """Regularise a target that is normalised as a network sees it.

    Raises:
        InvalidInput: it is constant, too small, or holds values that are no numbers.
    """
    is_published = statistics.form is TargetForm.PLUGIN
    return naturalise(target, statistics.form, None if is_published else UNIT)


def with_regular_target(
    pair: NormalisedPair, statistics: TargetStatistics | None
) -> NormalisedPair:
    """Give a pair whose high picture is regularised, unless nothing is asked for."""
    if statistics is None:
        return pair
    return replace(pair, high=naturalised_target(pair.high, statistics).picture)


def require_unobjected(name: str, done: Naturalised) -> None:
    """Refuse a target that regularising makes worse, or that says nothing about gradients.

    Raises:
        InvalidInput: it names the target and the reason.
    """
    if done.objection:
        raise InvalidInput(
            f"The gradient statistics of {name!r} cannot be regularised: {done.objection}",
            "Leave it out, or train without `target_statistics`",
        )


def _added(sum_so_far: np.ndarray, counts: Iterable[int]) -> np.ndarray:
    more = np.fromiter(counts, np.int64)
    return more if not sum_so_far.size else sum_so_far + more
