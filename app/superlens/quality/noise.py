"""The noise of a camera, read off one raw picture: variance as a straight line over brightness."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput

Float = NDArray[np.float64]

_DIFFERENCE = np.array([1.0, -4.0, 6.0, -4.0, 1.0]) / np.sqrt(70.0)
_BLOCK = 8
_MOST_BINS = 32
_FEWEST_BLOCKS = 12
_MEDIAN_TO_MEAN = 0.927
"""Median over blocks of the mean square of differenced white noise, over its expectation."""
_ROUNDS = 8
_QUIET_QUANTILE = 0.05
_ROUNDING_VARIANCE = 1.0 / 12.0
_LEAST_SHARE = 1e-6
"""Of the largest variance: pictures of numbers that are not whole may have perfectly even parts."""


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Variance of a pixel as a function of its expected value.

    One picture cannot tell an offset from read noise: only `read_variance - gain * offset` is
    known. If that is positive the offset is given as 0, otherwise the read variance is; `sigma` is
    the same for every such choice.
    """

    gain: float
    """Counts per photon, in the units of the picture; 0 if all brightnesses are equally noisy."""
    offset: float
    """Value at which the shot noise vanishes."""
    read_variance: float
    """Variance that does not depend on brightness."""
    least_variance: float = 0.0
    """No pixel is quieter than this, wherever the line leads: rounding, or the quietest part."""

    def variance(self, expected: ArrayLike) -> Float:
        """Give the variance at expected values."""
        light = np.maximum(np.asarray(expected, np.float64) - self.offset, 0.0)
        least = max(self.least_variance, float(np.finfo(np.float32).tiny))
        return np.maximum(self.gain * light + self.read_variance, least)

    def sigma(self, expected: ArrayLike) -> Float:
        """Give the standard deviation at expected values; never 0."""
        return np.sqrt(self.variance(expected))


def estimate_noise(raw: ArrayLike) -> NoiseModel:
    """Estimate the noise of a raw picture.

    Differences that see only the finest checkerboard-like detail hold almost no structure, because
    optics pass nothing that fine; what is left of structure is kept out by medians over blocks of
    similar brightness. Clipped pixels are left out. A picture without contrast gives a constant
    noise. Pictures that were filtered, resized or compressed before give too little noise.

    Args:
        raw: (Y, X) camera picture, at least 32 pixels on each side.

    Raises:
        InvalidInput: too small.

    Source: the line of variance over mean after Foi et al., IEEE Trans. Image Process. 17, 1737
    (2008), doi 10.1109/TIP.2008.2001399; the estimator is our own.
    """
    image = np.asarray(raw, np.float64)
    if min(image.shape) < 4 * _BLOCK:
        raise InvalidInput(
            f"The noise of a picture of {image.shape[0]} x {image.shape[1]} pixels cannot be told",
            f"Give at least {4 * _BLOCK} pixels on each side.",
        )
    level, variance = _blocks(image)
    least = _least_variance(image, variance)
    bins = _binned(level, variance)
    slope, intercept = (0.0, 0.0) if bins is None else _line(*bins)
    if slope <= 0.0:
        return NoiseModel(0.0, 0.0, float(np.median(variance)) / _MEDIAN_TO_MEAN, least)
    if intercept >= 0.0:
        return NoiseModel(slope, 0.0, intercept, least)
    return NoiseModel(slope, -intercept / slope, 0.0, least)


def _least_variance(image: Float, variance: Float) -> float:
    """Give the variance of the quietest blocks, at least that of rounding to whole numbers."""
    quietest = float(np.quantile(variance, _QUIET_QUANTILE)) / _MEDIAN_TO_MEAN
    rounding = _ROUNDING_VARIANCE if np.array_equal(image, np.rint(image)) else 0.0
    return max(quietest, rounding, _LEAST_SHARE * float(variance.max(initial=0.0)))


def _blocks(image: Float) -> tuple[Float, Float]:
    """Give mean and noise variance of each block that is not clipped."""
    from scipy import ndimage

    rough = image
    for axis in (0, 1):
        rough = np.asarray(ndimage.correlate1d(rough, _DIFFERENCE, axis=axis, mode="mirror"))
    inner = slice(2, -2)
    image, rough = image[inner, inner], rough[inner, inner]
    level = _block_means(image)
    variance = _block_means(rough**2)
    clipped = _block_means(_clipped(image).astype(np.float64))
    usable = clipped < 0.05
    if usable.sum() < _FEWEST_BLOCKS:
        usable = np.ones_like(usable)
    return level[usable], variance[usable]


def _clipped(image: Float) -> NDArray[np.bool_]:
    """Tell which pixels sit at the lowest or highest value, if many do."""
    clipped = np.zeros(image.shape, bool)
    for end in (image.min(), image.max()):
        at_end = image == end
        if at_end.mean() > 5e-4:
            clipped |= at_end
    return clipped


def _block_means(values: Float) -> Float:
    rows, columns = values.shape[0] // _BLOCK, values.shape[1] // _BLOCK
    cropped = values[: rows * _BLOCK, : columns * _BLOCK]
    return cropped.reshape(rows, _BLOCK, columns, _BLOCK).mean(axis=(1, 3)).ravel()


def _binned(level: Float, variance: Float) -> tuple[Float, Float, Float] | None:
    """Give level, variance and block count of bins of brightness; None without contrast."""
    order = np.argsort(level)
    level, variance = level[order], variance[order]
    spread = np.sqrt(np.median(variance) / _BLOCK**2)
    if np.quantile(level, 0.99) - np.quantile(level, 0.01) < 6.0 * spread:
        return None
    # Equal steps of brightness, so that a few bright blocks weigh in a mostly dark picture.
    edges = np.linspace(level[0], level[-1], _MOST_BINS + 1)
    which = np.clip(np.searchsorted(edges, level, side="right") - 1, 0, _MOST_BINS - 1)
    found = []
    start = 0
    for stop in np.append(np.flatnonzero(np.diff(which)) + 1, len(level)):
        if stop - start >= _FEWEST_BLOCKS:
            middle = float(level[start:stop].mean())
            typical = float(np.median(variance[start:stop])) / _MEDIAN_TO_MEAN
            found.append((middle, typical, float(stop - start)))
            start = stop
    if len(found) < 2:
        return None
    levels, variances, counts = np.array(found).T
    return levels, variances, counts


def _line(level: Float, variance: Float, count: Float) -> tuple[float, float]:
    """Fit variance = slope * level + intercept; bins that stick out count less."""
    trust = np.ones_like(level)
    fitted = np.maximum(variance, 1e-12)
    slope, intercept = 0.0, float(np.median(variance))
    floor = 1e-3 * float(variance.max())
    for _ in range(_ROUNDS):
        # The error of a variance is proportional to the variance itself.
        weight = trust * count / np.maximum(fitted, floor) ** 2
        centre = float((weight * level).sum() / weight.sum())
        mean = float((weight * variance).sum() / weight.sum())
        moment = float((weight * (level - centre) ** 2).sum())
        slope = float((weight * (level - centre) * (variance - mean)).sum()) / moment
        intercept = mean - slope * centre
        fitted = np.maximum(slope * level + intercept, floor)
        excess = (variance - fitted) / fitted * np.sqrt(count / 2.0)
        trust = np.where(excess > 2.0, 2.0 / np.maximum(excess, 2.0), 1.0)
    return slope, intercept
