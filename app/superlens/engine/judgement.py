"""Comparing a restored stack with the raw one it came from, plane by plane and band by band.

Torch-free.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.core.jobs import Roi
from superlens.engine.image_reading import PlaneIndex, Subject, open_plane
from superlens.engine.tiling import ReadRegion
from superlens.prepare.normalisation import PlaneSource
from superlens.quality.consistency import (
    Degradation,
    consistency,
    fit_degradation,
    residual,
)
from superlens.quality.noise import NoiseModel, estimate_noise

LEAST_SIDE_PX = 32
"""In smaller images the noise cannot be told."""
_NOISE_SIDE_PX = 1024
_FIT_SIDE_PX = 256
_BLOCK_SHAPE = (256, 2048)
"""Pixels that are compared at a time: memory must not grow with the image."""
_MARGIN_PX = 24
"""Low-resolution pixels read around a block: the widest blur that is fitted reaches 16."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well the raw image is explained by the restored one."""

    chi2: float
    """Mean square of the residual in units of the noise: 1 if all that is left is noise."""
    fraction_over_3: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A restored stack and what it came from."""

    source: PlaneSource
    subject: Subject
    mean: NDArray[np.float32]
    """(T, C, Z, Y * scale, X * scale), in the units of the input."""
    scale: int
    check: Callable[[], None]
    """Called at least once a second; may raise to stop."""


def compare(
    comparison: Comparison, out: NDArray[np.float32], on_plane: Callable[[int, int], None]
) -> Agreement:
    """Fill a stack with residuals and sum them up.

    The blur and the noise are fitted once per channel, on its middle plane.

    Args:
        comparison: what to compare.
        out: (T, C, Z, Y, X) float32: raw minus degraded, in sigmas of the expected noise.
        on_plane: told at the beginning and after every plane: done, all.
    """
    subject = comparison.subject
    squares = over = 0.0
    done = 0
    on_plane(0, len(subject.planes))
    for number, channel in enumerate(subject.channels):
        fits = _fit(comparison, number)
        for where in (plane for plane in subject.planes if plane.c == channel):
            plane_out = out[where.t, number, where.z]
            found = _compare_plane(comparison, (where, number), fits, plane_out)
            squares, over = squares + found.chi2, over + found.fraction_over_3
            done += 1
            on_plane(done, len(subject.planes))
    return Agreement(squares / done, over / done)


def can_be_compared(subject: Subject) -> bool:
    """Say whether the restored part is large enough to tell its noise."""
    return min(subject.roi.width, subject.roi.height) >= LEAST_SIDE_PX


def _fit(comparison: Comparison, number: int) -> tuple[Degradation, NoiseModel]:
    subject = comparison.subject
    middle = PlaneIndex(
        subject.scene,
        subject.info.size("T") // 2,
        subject.channels[number],
        subject.info.size("Z") // 2,
    )
    height, width = (min(side, _NOISE_SIDE_PX) for side in (subject.roi.height, subject.roi.width))
    top, left = (subject.roi.height - height) // 2, (subject.roi.width - width) // 2
    read, _ = open_plane(comparison.source, middle)
    low, high = _pair(comparison, (read, middle, number), Roi(left, top, width, height))
    part = _busiest(low)
    blur = fit_degradation(_cut(high, part, comparison.scale), _cut(low, part, 1), comparison.scale)
    return blur, estimate_noise(low)


def _busiest(low: NDArray[np.float32]) -> Roi:
    """Give the window with the most structure: a blur is told by edges, not by background."""
    height, width = (min(side, _FIT_SIDE_PX) for side in low.shape)
    windows = [
        Roi(left, top, width, height)
        for top in range(0, low.shape[0] - height + 1, max(1, height // 2))
        for left in range(0, low.shape[1] - width + 1, max(1, width // 2))
    ]
    return max(windows, key=lambda window: float(_cut(low, window, 1).std()))


def _compare_plane(
    comparison: Comparison,
    plane: tuple[PlaneIndex, int],
    fits: tuple[Degradation, NoiseModel],
    out: NDArray[np.float32],
) -> Agreement:
    squares = over = 0.0
    read, _ = open_plane(comparison.source, plane[0])
    for top in range(0, out.shape[0], _BLOCK_SHAPE[0]):
        for left in range(0, out.shape[1], _BLOCK_SHAPE[1]):
            comparison.check()
            rows, inner_rows = _with_margin(top, _BLOCK_SHAPE[0], out.shape[0])
            columns, inner_columns = _with_margin(left, _BLOCK_SHAPE[1], out.shape[1])
            part = Roi(columns.start, rows.start, len(columns), len(rows))
            low, high = _pair(comparison, (read, *plane), part)
            found = residual(high, low, *fits)[inner_rows, inner_columns]
            out[top : top + _BLOCK_SHAPE[0], left : left + _BLOCK_SHAPE[1]] = found
            block = consistency(found)
            squares += block.chi2 * found.size
            over += block.fraction_over_3 * found.size
    return Agreement(squares / out.size, over / out.size)


def _with_margin(start: int, size: int, length: int) -> tuple[range, slice]:
    """Give what to read for a block along one axis, and where in it the block is."""
    first, end = max(0, start - _MARGIN_PX), min(length, start + size + _MARGIN_PX)
    return range(first, end), slice(start - first, min(start + size, length) - first)


def _pair(
    comparison: Comparison, plane: tuple[ReadRegion, PlaneIndex, int], part: Roi
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give a part of the raw and of the restored plane; `part` counts from the restored region."""
    read, where, number = plane
    roi, scale = comparison.subject.roi, comparison.scale
    low = read(Roi(roi.x + part.x, roi.y + part.y, part.width, part.height))
    return low.astype(np.float32), _cut(comparison.mean[where.t, number, where.z], part, scale)


def _cut(plane: NDArray[np.float32], part: Roi, scale: int) -> NDArray[np.float32]:
    rows = slice(part.y * scale, (part.y + part.height) * scale)
    return plane[rows, part.x * scale : (part.x + part.width) * scale]
