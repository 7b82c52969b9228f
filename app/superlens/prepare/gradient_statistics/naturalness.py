"""How far the gradients of a picture are from those of photographs: the naturalness factor.

NumPy alone. Differences of neighbouring grey levels g in photographs follow a Cauchy distribution
nearly whatever they show, F(g) = atan(T g) / pi + 1/2, with T = 0.3754 for first differences and
T = 0.2482 for the Laplacian. T is fitted to the histograms of a picture and divided by these; the
mean of both quotients is the naturalness factor: 1 is natural, more is too smooth or of too little
contrast, less is too rough or noisy.

The histograms and the search are those of the published ImageJ plugin, quirks included, because its
factors are what published pictures were made with: the sums of the joint distribution are divided
by 255 where they have 256 terms, and no half bin is corrected. One thing differs: sums are exact
here where the plugin adds in single precision, which moves factors by up to 0.06 %.

Source: Gong & Sbalzarini, IEEE J. Sel. Top. Signal Process. 10(1), 99-114, 2016, and
arXiv:1408.3300; Abgaryan et al., Small Methods, 2025, doi 10.1002/smtd.202401900.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from superlens.prepare.gradient_statistics.grey_levels import GreyLevels, require_picture

GRADIENT_SCALE = 0.3754
"""T of first differences of photographs, in 1 / grey level."""
LAPLACIAN_SCALE = 0.248167
"""T of their Laplacian."""
LARGEST_GRADIENT = 256
"""First differences are counted from -256 to 255."""
LARGEST_LAPLACIAN = 1020
"""The Laplacian is counted from -1020 to 1020."""
LARGEST_FACTOR = 0.5 / GRADIENT_SCALE + 0.5 / LAPLACIAN_SCALE
"""3.3468: T is searched up to 1 alone. A constant picture has this factor."""

_GRADIENT_SHARE = 0.5
"""Theta: what first differences count in the factor; the Laplacian counts the rest."""
_PRECISION = 1e-4
_BOUND = 1.0
_MODEL_BINS = 255


@dataclass(frozen=True, slots=True)
class Naturalness:
    """What is known of the gradients of one picture."""

    factor: float
    """The naturalness factor; 1 is natural."""
    scales: tuple[float, float, float]
    """T of the differences along x, along y, and of the Laplacian, each up to 1."""
    flat_share: float
    """Share of pixels that equal their right and their lower neighbour."""
    counts: tuple[int, ...] = field(repr=False)
    """(512,) how often differences of -256 to 255 grey levels occur, both directions together."""

    @property
    def is_at_bound(self) -> bool:
        """Whether a fit ended at its largest T, so that the factor says only "at least"."""
        return max(self.scales) > _BOUND - 2 * _PRECISION

    @property
    def prior_distance(self) -> float:
        """The distance of the histogram of first differences from the prior: 0 to 1."""
        return histogram_distance(np.array(self.counts), prior_histogram())


def measure_naturalness(levels: GreyLevels) -> Naturalness:
    """Measure the gradients of a picture.

    Args:
        levels: (Y, X) whole grey levels, at least 3 x 3. Differences beyond the histograms are
            counted at their ends.

    Raises:
        InvalidInput: as `require_picture`.
    """
    require_picture(levels)
    u = levels.astype(np.int64)
    inside = u[1:-1, 1:-1]
    right, below = u[1:-1, 2:], u[2:, 1:-1]
    gx, gy = (_clipped_gradient(neighbour - inside) for neighbour in (right, below))
    laplacian = right + u[1:-1, :-2] + below + u[:-2, 1:-1] - 4 * inside
    tx = fit_scale(_joint_marginal(gx, gy), -LARGEST_GRADIENT)
    ty = fit_scale(_joint_marginal(gy, gx), -LARGEST_GRADIENT)
    tl = fit_scale(_laplacian_distribution(laplacian), -LARGEST_LAPLACIAN)
    return Naturalness(
        factor=_factor(tx, ty, tl),
        scales=(tx, ty, tl),
        flat_share=float(np.mean((gx == 0) & (gy == 0))),
        counts=tuple((_gradient_counts(gx) + _gradient_counts(gy)).tolist()),
    )


def fit_scale(distribution: NDArray[np.float64], first: int) -> float:
    """Give the T of which atan(T i) / pi + 1/2 comes nearest to a cumulative distribution.

    Args:
        distribution: (N,) share of values up to each whole number.
        first: the whole number of the first entry.

    Returns:
        T in 0..1, to 1e-4, by ternary search.
    """
    i = np.arange(first, first + distribution.size)
    wanted = np.pi * (distribution - 0.5)
    return _least(lambda t: float(np.sum((np.arctan(t * i) - wanted) ** 2)))


def prior_histogram(scale: float = GRADIENT_SCALE) -> NDArray[np.float64]:
    """Give how often photographs have differences of -256 to 255 grey levels: shares of 1.

    A whole number stands for everything that is rounded to it, the two at the ends for everything
    beyond as well.

    Args:
        scale: T of the distribution; another one gives what was fitted to a picture.
    """
    edges = np.arange(-LARGEST_GRADIENT, LARGEST_GRADIENT + 1) - 0.5
    below = np.arctan(scale * edges) / np.pi + 0.5
    below[0], below[-1] = 0.0, 1.0
    return np.diff(below)


def histogram_distance(
    first: NDArray[np.integer] | NDArray[np.floating],
    second: NDArray[np.integer] | NDArray[np.floating],
) -> float:
    """Give the Jensen-Shannon divergence of two histograms with the same bins, in bits.

    Args:
        first: how often each bin occurs, not negative and not empty.
        second: the same of the other.

    Returns:
        0 where both have the same shares, 1 where they have no bin in common.
    """
    p, q = (np.asarray(h, np.float64) / np.sum(h) for h in (first, second))
    return 0.5 * (_surprise(p, (p + q) / 2) + _surprise(q, (p + q) / 2))


def gradient_distance(first: Naturalness, second: Naturalness) -> float:
    """Give how far the first differences of two pictures are from each other: 0 to 1."""
    return histogram_distance(np.array(first.counts), np.array(second.counts))


def _factor(tx: float, ty: float, tl: float) -> float:
    by_gradient = (tx + ty) / (2 * GRADIENT_SCALE)
    by_laplacian = tl / LAPLACIAN_SCALE
    return _GRADIENT_SHARE * by_gradient + (1 - _GRADIENT_SHARE) * by_laplacian


def _clipped_gradient(values: GreyLevels) -> GreyLevels:
    return np.clip(values, -LARGEST_GRADIENT, LARGEST_GRADIENT - 1)


def _joint_marginal(values: GreyLevels, others: GreyLevels) -> NDArray[np.float64]:
    """Give the plugin's distribution of differences along one axis.

    It sums the joint distribution C(i, j) over all 512 j, and divides by 255. A pixel whose other
    difference is g is in C(i, j) for j from g to 255, which is 256 - g times.
    """
    weights = LARGEST_GRADIENT - others.ravel()
    sums = np.bincount(values.ravel() + LARGEST_GRADIENT, weights, 2 * LARGEST_GRADIENT)
    return np.cumsum(sums) / (_MODEL_BINS * values.size)


def _laplacian_distribution(values: GreyLevels) -> NDArray[np.float64]:
    clipped = np.clip(values, -LARGEST_LAPLACIAN, LARGEST_LAPLACIAN).ravel()
    counts = np.bincount(clipped + LARGEST_LAPLACIAN, minlength=2 * LARGEST_LAPLACIAN + 1)
    return np.cumsum(counts) / values.size


def _gradient_counts(values: GreyLevels) -> NDArray[np.int64]:
    return np.bincount(values.ravel() + LARGEST_GRADIENT, minlength=2 * LARGEST_GRADIENT)


def _least(cost: Callable[[float], float]) -> float:
    low, high = 0.0, _BOUND
    left = right = math.nan
    while high - low > _PRECISION:
        third = (high - low) / 3
        left, right = low + third, high - third
        if cost(left) < cost(right):
            high = right
        else:
            low = left
    return (left + right) / 2


def _surprise(p: NDArray[np.float64], of: NDArray[np.float64]) -> float:
    there = p > 0
    return float(np.sum(p[there] * np.log2(p[there] / of[there])))
