"""Bringing the two pictures of a pair onto each other, as an `Alignment` says.

Cropping where that is enough; otherwise the high picture, never the low one, is resampled once.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.core.jobs import Alignment, Roi
from superlens.core.method import Array

Float = NDArray[np.float64]

CROP_TOLERANCE_PX = 0.25
"""Largest error, in low-resolution pixels, that cropping at whole pixels may leave."""
_SMALLEST_OVERLAP = 16
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the low-resolution pixel p lies in the high picture: at `matrix` p + `shift`.

    Both in low-resolution pixels, (y, x), counted between the centres of the first pixels of the
    low picture and of the high one averaged over blocks.
    """

    shift: tuple[float, float] = (0.0, 0.0)
    matrix: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 1.0)

    @property
    def is_shift(self) -> bool:
        """Whether nothing is turned, stretched or sheared."""
        return self.matrix == (1.0, 0.0, 0.0, 1.0)

    @property
    def magnification(self) -> float:
        """How much longer things are in the high picture than its scale says."""
        yy, yx, xy, xx = self.matrix
        return abs(yy * xx - yx * xy) ** 0.5

    def at(self, points: Float) -> Float:
        """Give where points (N, 2) of the low picture lie in the high one."""
        # Written out: a product of millions of rows with a 2 x 2 matrix is slow.
        (yy, yx, xy, xx), (y, x) = self.matrix, points.T
        return np.stack((yy * y + yx * x + self.shift[0], xy * y + xx * x + self.shift[1]), axis=1)

    def displacement(self, shape: tuple[int, int]) -> tuple[float, float]:
        """Give by how much the middle of a low picture is displaced, (y, x)."""
        middle = (np.asarray(shape, np.float64)[None] - 1) / 2
        moved = (self.at(middle) - middle)[0]
        return float(moved[0]), float(moved[1])


def alignment_of(
    placement: Placement, low_shape: tuple[int, int], high_shape: tuple[int, int], scale: int
) -> Alignment | None:
    """Give the least correction that follows a placement.

    A shift is rounded to whole high-resolution pixels where that leaves no more than
    `CROP_TOLERANCE_PX`, so that no value of the truth changes; else the high picture is resampled.

    Returns:
        None where nothing is to be done: the shift rounds to nothing and the sizes fit.

    Raises:
        InvalidInput: the two share too little.
    """
    if placement.is_shift:
        placement = _in_whole_pixels(placement, scale)
    box = _shared_box(placement, low_shape, (high_shape[0] / scale, high_shape[1] / scale))
    matrix = np.reshape(placement.matrix, (2, 2))
    corner = np.array([box.y, box.x], np.float64)
    # Pixel centres: the middle of the first block of high pixels is at (scale - 1) / 2.
    middle = np.full(2, (scale - 1) / 2)
    offset = matrix @ (scale * corner - middle) + scale * np.asarray(placement.shift) + middle
    fits = high_shape == (low_shape[0] * scale, low_shape[1] * scale)
    if fits and placement == Placement():
        return None
    return Alignment(box, (float(offset[0]), float(offset[1])), placement.matrix)


def aligned(low: Array, high: Array, alignment: Alignment, scale: int) -> tuple[Array, Array]:
    """Give both pictures of a pair brought onto each other.

    Args:
        low: (Y, X) as in its file.
        high: (Y', X') as in its file.
        alignment: what to do.
        scale: high-resolution pixels per low-resolution pixel.

    Returns:
        Low (y, x) and high (y * scale, x * scale), float32.

    Raises:
        InvalidInput: the alignment leads beyond one of the pictures: it belongs to others.
    """
    box = alignment.low_box
    if box.y + box.height > low.shape[0] or box.x + box.width > low.shape[1]:
        raise _foreign(low.shape)
    size = (box.height * scale, box.width * scale)
    if alignment.is_whole:
        top, left = (int(value) for value in alignment.offset)
        cut = high[max(top, 0) : top + size[0], max(left, 0) : left + size[1]]
    else:
        cut = _resampled(high, alignment, size)
    if cut.shape != size:
        raise _foreign(high.shape)
    return low[box.y : box.y + box.height, box.x : box.x + box.width], cut


def block_mean(image: NDArray[np.floating], side: int) -> Array:
    """Average blocks of `side` x `side` pixels to (Y, X) float32; incomplete ones are cut."""
    if side == 1:
        return image.astype(np.float32)
    rows, columns = image.shape[0] // side, image.shape[1] // side
    whole = image[: rows * side, : columns * side]
    means = whole.reshape(rows, side, columns, side).mean(axis=(1, 3), dtype=np.float64)
    return means.astype(np.float32)


def _in_whole_pixels(placement: Placement, scale: int) -> Placement:
    whole = np.rint(np.asarray(placement.shift) * scale) / scale
    if np.abs(whole - placement.shift).max() > CROP_TOLERANCE_PX:
        return placement
    return Placement((float(whole[0]), float(whole[1])))


def _shared_box(
    placement: Placement, low_shape: tuple[int, int], high_shape: tuple[float, float]
) -> Roi:
    """Give the low pixels that lie wholly in the high picture (its sizes in low pixels)."""
    sides = np.array([0, 0, *low_shape])  # top, left, bottom, right
    while (sides[2:] - sides[:2]).min() >= _SMALLEST_OVERLAP:
        top, left, bottom, right = sides
        corners = np.array([(top, left), (top, right), (bottom, left), (bottom, right)])
        y, x = (placement.at(corners - 0.5) + 0.5).T
        beyond = np.array(
            [
                -y[:2].min(),
                -x[::2].min(),
                y[2:].max() - high_shape[0],
                x[1::2].max() - high_shape[1],
            ]
        )
        if beyond.max() <= _ROUNDING:
            return Roi(int(left), int(top), int(right - left), int(bottom - top))
        cut = np.ceil(np.maximum(beyond - _ROUNDING, 0)).astype(int)
        sides += cut * (1, 1, -1, -1)
    raise InvalidInput(
        f"The two pictures share less than {_SMALLEST_OVERLAP} low-resolution pixels",
        "Leave the pair out, or take it again",
    )


def _resampled(high: Array, alignment: Alignment, size: tuple[int, int]) -> Array:
    from scipy import ndimage

    matrix = np.reshape(alignment.matrix, (2, 2))
    offset: Any = alignment.offset
    found = ndimage.affine_transform(
        high.astype(np.float32, copy=False),
        matrix,
        offset,
        output_shape=size,
        order=3,
        mode="nearest",
    )
    return np.asarray(found, np.float32)


def _foreign(shape: tuple[int, ...]) -> InvalidInput:
    return InvalidInput(
        f"The alignment of a pair leads beyond its picture of {shape[0]} x {shape[1]} pixels",
        "It was made for other files: check the pairs again",
    )
