"""Further likenesses of a picture and the truth: GMSD, HaarPSI, VIF, and statistics of gradients.

The first three were made for photographs of 0 to 255; their constants are used with the data range
stretched to 255, as other programs do.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.quality.pairing import extent_of, large_enough, same_size
from superlens.quality.windows import binned, gaussian_weights, windowed

Float = NDArray[np.float64]

SMALLEST_SIDE = 48

_WHITE = 255.0
_GMSD_CONSTANT = 170.0
_HAAR_CONSTANT, _HAAR_STEEPNESS = 30.0, 4.2
_VIF_SCALES, _VIF_NOISE = 4, 2.0
_TINY = 1e-10


@dataclass(frozen=True, slots=True)
class GradientStatistics:
    """How grainy or smooth a picture is beside the truth; no pixel is compared with its like."""

    gradient_ratio: float
    """Mean steepness over that of the truth: below 1 smoother, above 1 grainier."""
    laplacian_ratio: float
    """The same for the spread of the Laplacian, which weighs the finest detail most."""
    distance: float
    """Wasserstein distance of the distributions of steepness, over the truth's mean steepness."""


def gmsd(prediction: ArrayLike, truth: ArrayLike, data_range: float | None = None) -> float:
    """Give the deviation of the gradient magnitude's similarity; 0 is best.

    Args:
        prediction: (Y, X).
        truth: the same shape, not constant.
        data_range: what becomes 255; the truth's own range if not given.

    Source: Xue, Zhang, Mou, Bovik, IEEE Trans. Image Process. 23, 684 (2014),
    doi 10.1109/TIP.2013.2293423.
    """
    p, g = _pair(prediction, truth, data_range)
    steep_p, steep_g = (_prewitt(binned(picture, 2)) for picture in (p, g))
    return float(_alike(steep_p, steep_g, _GMSD_CONSTANT).std())


def haarpsi(prediction: ArrayLike, truth: ArrayLike, data_range: float | None = None) -> float:
    """Give the Haar wavelet similarity; 1 is best.

    Args:
        prediction: (Y, X).
        truth: the same shape, not constant.
        data_range: what becomes 255; the truth's own range if not given.

    Source: Reisenhofer, Bosse, Kutyniok, Wiegand, Signal Process. Image Commun. 61, 33 (2018),
    doi 10.1016/j.image.2017.11.001.
    """
    p, g = (binned(picture, 2) for picture in _pair(prediction, truth, data_range))
    total, weights = 0.0, 0.0
    for axis in (0, 1):
        of_p, of_g = ([np.abs(_haar(x, level, axis)) for level in (1, 2, 3)] for x in (p, g))
        fine = [_alike(of_p[level], of_g[level], _HAAR_CONSTANT) for level in (0, 1)]
        weight = np.maximum(of_p[2], of_g[2])
        bounded = 1.0 / (1.0 + np.exp(-_HAAR_STEEPNESS * (fine[0] + fine[1]) / 2.0))
        total += float((bounded * weight).sum())
        weights += float(weight.sum())
    mean = total / weights
    return float((np.log(mean / (1.0 - mean)) / _HAAR_STEEPNESS) ** 2)


def vif(prediction: ArrayLike, truth: ArrayLike, data_range: float | None = None) -> float:
    """Give the share of the truth's information that is left, in the pixel domain.

    1 for identical pictures; above 1 if contrast was added.

    Args:
        prediction: (Y, X), at least 48 pixels on each side.
        truth: the same shape, not constant.
        data_range: what becomes 255; the truth's own range if not given.

    Source: Sheikh, Bovik, IEEE Trans. Image Process. 15, 430 (2006), doi 10.1109/TIP.2005.859378;
    the authors' pixel-domain version of four scales.
    """
    p, g = _pair(prediction, truth, data_range)
    large_enough("VIF", min(g.shape), SMALLEST_SIDE)
    kept, present = 0.0, 0.0
    for scale in range(_VIF_SCALES):
        width = 2 ** (_VIF_SCALES - scale) + 1
        weights = gaussian_weights(width, width / 5.0)
        if scale > 0:
            p, g = windowed(p, weights)[::2, ::2], windowed(g, weights)[::2, ::2]
        information = _information(p, g, weights)
        kept += information[0]
        present += information[1]
    return kept / present


def gradient_statistics(prediction: ArrayLike, truth: ArrayLike) -> GradientStatistics:
    """Compare steepness and curvature of a picture with those of the truth.

    Args:
        prediction: (Y, X), in the truth's units.
        truth: the same shape, not constant.
    """
    from scipy import ndimage

    p, g = _pair(prediction, truth, None)
    steep_p, steep_g = _steepness(p), _steepness(g)
    mean = float(steep_g.mean())
    curved_p, curved_g = (np.asarray(ndimage.laplace(picture)) for picture in (p, g))
    # Both have equally many pixels, so that the distance is that of the sorted values.
    apart = np.abs(np.sort(steep_p, axis=None) - np.sort(steep_g, axis=None))
    return GradientStatistics(
        gradient_ratio=float(steep_p.mean()) / mean,
        laplacian_ratio=float(curved_p.std() / curved_g.std()),
        distance=float(apart.mean()) / mean,
    )


def _pair(prediction: ArrayLike, truth: ArrayLike, data_range: float | None) -> tuple[Float, Float]:
    """Give both with the data range stretched to 255."""
    p, g = same_size(prediction, truth)
    own = extent_of(g)
    stretch = _WHITE / (own if data_range is None else extent_of(g, data_range))
    return stretch * p, stretch * g


def _alike(a: Float, b: Float, constant: float) -> Float:
    return (2.0 * a * b + constant) / (a * a + b * b + constant)


def _steepness(values: Float) -> Float:
    along_rows, along_columns = np.gradient(values)
    return np.hypot(along_rows, along_columns)


def _prewitt(values: Float) -> Float:
    """Give the size of the gradient; beyond its border the picture is 0, as published."""
    from scipy import ndimage

    parts = []
    for axis in (0, 1):
        part = ndimage.correlate1d(values, [1.0, 0.0, -1.0], axis=axis, mode="constant")
        ones = np.full(3, 1.0 / 3.0)
        parts.append(np.asarray(ndimage.correlate1d(part, ones, axis=1 - axis, mode="constant")))
    return np.hypot(parts[0], parts[1])


def _haar(values: Float, level: int, axis: int) -> Float:
    """Give the Haar wavelet of one scale and direction; beyond its border the picture is 0."""
    from scipy import ndimage

    width = 2**level
    step = np.repeat([1.0, -1.0], width // 2) / width
    for along, weights in ((axis, step), (1 - axis, np.ones(width))):
        # Windows of even width have their centre on the pixel before their middle.
        values = np.asarray(
            ndimage.correlate1d(values, weights, axis=along, mode="constant", origin=-1)
        )
    return values


def _information(p: Float, g: Float, weights: Float) -> tuple[float, float]:
    """Give the information about the scene in the prediction and in the truth, at one scale."""
    mean_p, mean_g = windowed(p, weights), windowed(g, weights)
    variance_g = np.maximum(windowed(g * g, weights) - mean_g**2, 0.0)
    variance_p = np.maximum(windowed(p * p, weights) - mean_p**2, 0.0)
    covariance = windowed(p * g, weights) - mean_p * mean_g
    gain = covariance / (variance_g + _TINY)
    left = variance_p - gain * covariance
    flat_g, flat_p, opposed = variance_g < _TINY, variance_p < _TINY, gain < 0
    gain = np.where(flat_g | flat_p | opposed, 0.0, gain)
    left = np.where(flat_p, 0.0, np.where(flat_g | opposed, variance_p, left))
    left = np.maximum(left, _TINY)
    variance_g = np.where(flat_g, 0.0, variance_g)
    kept = np.log10(1.0 + gain**2 * variance_g / (left + _VIF_NOISE)).sum()
    return float(kept), float(np.log10(1.0 + variance_g / _VIF_NOISE).sum())
