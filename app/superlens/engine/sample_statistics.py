"""What several samples of one image say together: mean, spread, interval, persistence.

Everything is streamed, so that no sample needs to be kept. Pure NumPy, scikit-image for a
threshold; files and tensors must not enter.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.method import Array

INTERVAL_LEVEL = 0.9
"""Of all intervals that are shown."""
FEWEST_FOR_ORDER = 20
"""From so many samples on the ends of an interval are order statistics."""
GAUSSIAN_HALF_WIDTH = 1.6448536269514722
"""Standard deviations on either side of the mean that hold 90 % of a Gaussian."""

Place = tuple[slice, slice]
ArrayMaker = Callable[[str, tuple[int, ...]], Array]
"""Gives a named float32 array of zeros, in memory or on disk."""


class SampleStatistics:
    """Running moments and extremes of the samples of one plane, or of a part of it.

    Samples come in the order of their number, each place of a sample once.
    """

    def __init__(
        self, shape: tuple[int, int], count: int, arrays: ArrayMaker, keeps_order: bool = False
    ) -> None:
        """Begin a plane.

        Args:
            shape: (Y, X).
            count: of the samples that will come.
            arrays: gives the room for what is remembered.
            keeps_order: remember the extremes too, if there will be enough samples: about a tenth
                of the room that all samples would take.
        """
        self._count = count
        self._rank = _rank(count)
        depth = order_depth(count) if keeps_order else 0
        self._mean = arrays("mean", shape)
        self._squares = arrays("squares", shape)
        self._lowest = arrays("lowest", (depth, *shape))
        self._highest = arrays("highest", (depth, *shape))

    @property
    def running_mean(self) -> Array:
        """(Y, X): mean of the samples so far; changes with the next one."""
        return self._mean

    def add(self, number: int, place: Place, values: Array) -> None:
        """Take a part of a sample.

        Args:
            number: of samples that were added before it at this place.
            place: rows and columns.
            values: (y, x) of that place.
        """
        if number == 0:
            self._mean[place] = values
        else:
            # Welford 1962: no difference of large sums.
            difference = values - self._mean[place]
            self._mean[place] += difference / np.float32(number + 1)
            self._squares[place] += difference * (values - self._mean[place])
        if len(self._lowest):
            _insert(self._lowest, number, place, values)
            _insert(self._highest, number, place, -values)

    def mean(self, place: Place) -> Array:
        """Give the mean over the samples."""
        return self._mean[place]

    def spread(self, place: Place) -> Array:
        """Give the standard deviation (ddof 1); needs two samples."""
        return np.asarray(np.sqrt(self._squares[place] / np.float32(self._count - 1)), np.float32)

    def interval(self, place: Place, factor: float) -> tuple[Array, Array]:
        """Give the lower and the upper end of the interval that holds 90 %.

        With 20 samples or more they are order statistics, at rank 0.05 (K + 1) from either end:
        a further sample lies between them nine times out of ten, whatever its distribution. With
        fewer they are those of a Gaussian.

        Args:
            place: rows and columns.
            factor: by which the ends are moved away from the mean.

        Source: Weibull, R. Swed. Inst. Eng. Res. 151 (1939), for the rank.
        """
        mean = self._mean[place]
        if not len(self._lowest):
            half = np.multiply(factor * GAUSSIAN_HALF_WIDTH, self.spread(place), dtype=np.float32)
            return mean - half, mean + half
        low = self._at_rank(self._lowest, place)
        high = -self._at_rank(self._highest, place)
        below = np.multiply(factor, mean - low, dtype=np.float32)
        above = np.multiply(factor, high - mean, dtype=np.float32)
        return mean - below, mean + above

    def _at_rank(self, sorted_ends: Array, place: Place) -> Array:
        below = int(self._rank)
        first, second = sorted_ends[below - 1][place], sorted_ends[below][place]
        return first + np.multiply(self._rank - below, second - first, dtype=np.float32)


def has_order(count: int) -> bool:
    """Whether so many samples give an interval of order statistics, not one of a Gaussian."""
    return count >= FEWEST_FOR_ORDER


def interval_label(count: int, factor: float) -> str:
    """Say what the interval of so many samples is.

    Args:
        count: of the samples.
        factor: by which its ends were moved away from the mean.
    """
    kind = "order statistics over" if has_order(count) else "Gaussian approximation from"
    end = "" if factor == 1.0 else f", stretched {factor:.3g} times about the mean (calibration)"
    return f"{kind} {count} samples{end}"


def order_depth(count: int) -> int:
    """Give how many extremes of each end are remembered of so many samples."""
    return int(_rank(count)) + 1 if has_order(count) else 0


def foreground_threshold(sample: NDArray[np.float32]) -> float:
    """Give the value above which a pixel of a sample belongs to a structure: Otsu's threshold.

    Args:
        sample: values of one sample, any shape; some of them, evenly taken, are enough.

    Returns:
        The threshold, infinite for a constant sample.

    Source: N. Otsu, IEEE Trans. Syst. Man Cybern., 1979, doi 10.1109/TSMC.1979.4310076.
    """
    if sample.min() == sample.max():
        return float("inf")
    filters: Any = import_module("skimage.filters")  # it has no type stubs
    return float(filters.threshold_otsu(sample))


def _rank(count: int) -> float:
    return (1.0 - INTERVAL_LEVEL) / 2.0 * (count + 1)


def _insert(ends: Array, number: int, place: Place, values: Array) -> None:
    """Put values into stacks of the smallest ones so far, sorted from the smallest on."""
    carried = values
    for level in range(min(number, len(ends))):
        known = ends[level][place].copy()
        ends[level][place] = np.minimum(known, carried)
        carried = np.maximum(known, carried)
    if number < len(ends):
        ends[number][place] = carried
