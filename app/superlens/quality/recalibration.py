"""Repair of a spread map whose size is wrong: factors learnt on pictures whose truth is known.

The repair belongs to one kind of picture: other specimens, stains or exposures need their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput
from superlens.quality.calibration import conformal_factor, temperature

Float = NDArray[np.float64]

REPAIR_LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class Repair:
    """Factors for a spread map, and what they were learnt from."""

    temperature: float
    """For the spread itself: makes it a standard deviation again."""
    level: float
    interval_factor: float
    """The spread times this, either side of the mean, holds the truth at the level, whatever the
    shape of the errors."""
    pixels: int
    fields: int
    """Fields of view: pixels of one field err together, so a repair from few of them is shaky."""

    def spread(self, spread: ArrayLike) -> Float:
        """Give the repaired standard deviation."""
        return self.temperature * np.asarray(spread, np.float64)

    def interval(self, mean: ArrayLike, spread: ArrayLike) -> tuple[Float, Float]:
        """Give the lower and the upper end of the interval of the level."""
        m, half = np.asarray(mean, np.float64), np.asarray(spread, np.float64)
        half = self.interval_factor * half
        return m - half, m + half


def fit_repair(
    fields: Iterable[tuple[ArrayLike, ArrayLike, ArrayLike]], level: float = REPAIR_LEVEL
) -> Repair:
    """Learn the factors from fields of view that the model has not been trained on.

    Args:
        fields: mean, spread and truth of each, of one shape per field.
        level: share of pixels that intervals are to hold.

    Raises:
        InvalidInput: no field is given, or a spread is not above 0.

    Source: split conformal prediction, Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018),
    doi 10.1080/01621459.2017.1307116; its promise holds for new pixels of the same kind.
    """
    flat = [tuple(np.ravel(part) for part in field) for field in fields]
    if not flat:
        raise InvalidInput(
            "There is no field to learn the repair of the spread from",
            "Give fields with known truth that were kept out of training.",
        )
    mean, spread, truth = (np.concatenate(parts) for parts in zip(*flat, strict=True))
    return Repair(
        temperature=temperature(mean, spread, truth),
        level=level,
        interval_factor=conformal_factor(mean, spread, truth, level),
        pixels=mean.size,
        fields=len(flat),
    )
