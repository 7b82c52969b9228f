"""Brightness that survives super-resolution: degraded, the result has the input's local mean.

Pure NumPy and SciPy.
"""

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.method import Array

SIGMA_PX = 8.0
"""Low-resolution pixels over which the mean is conserved: a Gaussian of this width averages the
noise of about 800 pixels (4 pi sigma squared), so that next to none of it enters the result."""

REACH_PX = int(4 * SIGMA_PX) + 1
"""So far away a low-resolution pixel has no influence: the Gaussian ends after four sigmas."""


def conserve_local_mean(low: Array, high: Array, scale: int) -> Array:
    """Give a super-resolved tile whose local mean is that of the low-resolution one.

    The smooth part of what is missing is added: high + up(G * (low - down(high))), where down takes
    the mean of scale x scale pixels, G is a Gaussian of `SIGMA_PX` and up interpolates linearly.

    Args:
        low: (y, x).
        high: (y * scale, x * scale), in the same units.
        scale: pixels of `high` along one pixel of `low`.

    Returns:
        (y * scale, x * scale) float32.
    """
    missing = _smoothed(low - block_mean(high, scale))
    return high + _interpolated(missing, scale)


def block_mean(high: NDArray[Any], scale: int) -> Array:
    """Give the mean of every block of scale x scale pixels: (y * scale, x * scale) to (y, x)."""
    height, width = high.shape[0] // scale, high.shape[1] // scale
    blocks = high.reshape(height, scale, width, scale)
    return blocks.mean(axis=(1, 3), dtype=np.float32)


def _smoothed(field: Array) -> Array:
    ndimage: Any = import_module("scipy.ndimage")  # it has no type stubs
    return ndimage.gaussian_filter(field, SIGMA_PX, mode="nearest")


def _interpolated(field: Array, scale: int) -> Array:
    """Interpolate linearly between pixel centres; beyond the outer ones the field is constant."""
    above, below, part = _neighbours(field.shape[0], scale)
    field = _between(field[above], field[below], part[:, None])
    left, right, part = _neighbours(field.shape[1], scale)
    return _between(field[:, left], field[:, right], part)


def _between(first: Array, second: Array, part: Array) -> Array:
    return np.asarray(first + (second - first) * part, np.float32)


def _neighbours(size: int, scale: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
    place = np.clip((np.arange(size * scale) + 0.5) / scale - 0.5, 0, size - 1)
    left = place.astype(np.intp)
    return left, np.minimum(left + 1, size - 1), (place - left).astype(np.float32)
