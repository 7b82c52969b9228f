"""Intervals for means over images, by drawing whole fields of view anew.

Images of one field share its specimen, so they are no independent witnesses: fields are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput

Float = NDArray[np.float64]

DRAWS = 1000
LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and how far it can be trusted."""

    value: float
    """Mean over all values; NaN if there are none."""
    lo: float | None
    """None with fewer than two fields: nothing can be said then."""
    hi: float | None
    n: int
    """Values that were defined."""
    n_clusters: int
    """Fields they came from."""
    sem: float | None
    """Standard error of the mean with fields as the independent units; None like `lo`."""


def cluster_bootstrap(
    values: ArrayLike,
    clusters: Sequence[str],
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = 0,
) -> Interval:
    """Give the mean of values and its percentile interval over fields drawn with replacement.

    Args:
        values: (n,); NaN stands for undefined and is left out.
        clusters: the field of each value.
        draws: number of draws.
        level: share that the interval is to hold.
        seed: of the draws.

    Raises:
        InvalidInput: there are not as many fields as values.

    Source: Davison, Hinkley, Bootstrap Methods and their Application (1997), section 3.8.
    """
    numbers = np.asarray(values, np.float64)
    if numbers.shape != (len(clusters),):
        raise InvalidInput(
            f"{numbers.size} values do not go with {len(clusters)} fields",
            "Name the field of every value.",
        )
    known = ~np.isnan(numbers)
    numbers = numbers[known]
    _, field = np.unique(np.asarray(clusters, dtype=str)[known], return_inverse=True)
    counts = np.bincount(field)
    if len(counts) < 2:
        value = float(numbers.mean()) if numbers.size else float("nan")
        return Interval(value, None, None, numbers.size, len(counts), None)
    sums: Float = np.bincount(field, numbers).astype(np.float64)
    chosen = np.random.default_rng(seed).integers(len(counts), size=(draws, len(counts)))
    means = sums[chosen].sum(axis=1) / counts[chosen].sum(axis=1)
    # Order statistics, so that the infinite PSNR of identical pictures does no harm.
    ends = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    value = float(sums.sum() / counts.sum())
    error = _standard_error(sums, counts, value)
    return Interval(value, float(ends[0]), float(ends[1]), numbers.size, len(counts), error)


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    clusters: Sequence[str],
    level: float = LEVEL,
    seed: int = 0,
) -> Interval:
    """Give the mean of first minus second, image by image, with its interval over fields.

    Pairs of which one is undefined, or both are infinite, are left out.

    Raises:
        InvalidInput: the lengths differ.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.shape != b.shape:
        raise InvalidInput(
            f"{a.size} values cannot be compared with {b.size} one by one",
            "Compare numbers of the same images.",
        )
    with np.errstate(invalid="ignore"):
        apart = a - b
    return cluster_bootstrap(apart, clusters, level=level, seed=seed)


def _standard_error(sums: Float, counts: NDArray[np.int64], mean: float) -> float | None:
    """Give the standard error that holds for images alike within fields; None if infinite."""
    if not np.isfinite(mean):
        return None
    apart = sums - counts * mean
    fields = len(counts)
    square = float((apart**2).sum()) * fields / (fields - 1)
    return float(np.sqrt(square) / counts.sum())
