"""Resizing as the published pipeline does it: area, bilinear, bicubic, none with antialiasing.

Written from the formulas, so that the values are those of `torch.nn.functional.interpolate`.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from superlens.core.method import Array

_CUBIC_A = -0.75
"""Sharpness of the cubic convolution kernel."""


class ResizeMode(StrEnum):
    """How a picture is put on another grid."""

    AREA = "area"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"


def resized(
    image: Array, shape: tuple[int, int], mode: ResizeMode, factor: float | None = None
) -> Array:
    """Put a picture on another grid; both grids have the same corners.

    Args:
        image: (Y, X).
        shape: size of the new grid.
        mode: the interpolation; only area looks at more pixels when the picture shrinks.
        factor: new pixels per old pixel where that is not exactly the ratio of the sizes, as after
            rounding them; None takes the ratio. Area always takes the ratio.
    """
    if shape == image.shape and factor in (None, 1.0):
        return image
    tall = np.asarray(_matrix(image.shape[0], shape[0], mode, factor) @ image)
    wide = _matrix(image.shape[1], shape[1], mode, factor) @ np.ascontiguousarray(tall.T)
    return np.ascontiguousarray(np.asarray(wide).T)


def _matrix(old: int, new: int, mode: ResizeMode, factor: float | None):
    """Give the sparse (new, old) matrix that resizes along one axis."""
    from scipy import sparse

    step = old / new if factor is None else 1.0 / factor
    match mode:
        case ResizeMode.AREA:
            columns, weights, starts = _area_taps(old, new)
        case ResizeMode.BILINEAR:
            columns, weights, starts = _linear_taps(old, new, step)
        case ResizeMode.BICUBIC:
            columns, weights, starts = _cubic_taps(old, new, step)
    return sparse.csr_array((weights.astype(np.float32), columns, starts), shape=(new, old))


_Taps = tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.intp]]
"""Old pixels, their weights, and where the taps of each new pixel start."""


def _area_taps(old: int, new: int) -> _Taps:
    """Give the mean of every old pixel that a new one touches, touched in part or not."""
    places = np.arange(new)
    first = places * old // new
    last = -(-(places + 1) * old // new)
    counts = last - first
    starts = np.concatenate(([0], np.cumsum(counts)))
    columns = np.arange(starts[-1]) + np.repeat(first - starts[:-1], counts)
    return columns, np.repeat(1.0 / counts, counts), starts


def _linear_taps(old: int, new: int, step: float) -> _Taps:
    position = np.maximum((np.arange(new) + 0.5) * step - 0.5, 0.0)
    first = np.minimum(np.floor(position).astype(np.intp), old - 1)
    t = np.where(first < old - 1, position - first, 0.0)
    columns = np.stack([first, np.minimum(first + 1, old - 1)], axis=1)
    return columns.ravel(), np.stack([1.0 - t, t], axis=1).ravel(), np.arange(new + 1) * 2


def _cubic_taps(old: int, new: int, step: float) -> _Taps:
    """Give Keys' cubic convolution over four pixels; the border pixel goes on for ever."""
    position = (np.arange(new) + 0.5) * step - 0.5
    first = np.floor(position)
    t = position - first
    offsets = np.arange(-1, 3)
    distance = np.abs(t[:, np.newaxis] - offsets)
    columns = np.clip(first.astype(np.intp)[:, np.newaxis] + offsets, 0, old - 1)
    return columns.ravel(), _keys(distance).ravel(), np.arange(new + 1) * 4


def _keys(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the cubic convolution kernel. Source: Keys, IEEE ASSP 29, 1153 (1981), Eq. 4."""
    a = _CUBIC_A
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    far = ((x - 5.0) * x + 8.0) * x * a - 4.0 * a
    return np.where(x <= 1.0, near, far)
