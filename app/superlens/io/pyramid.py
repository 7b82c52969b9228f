"""Ever smaller copies of a stack: what image files keep so that large pictures open at once.

Of intensities a level holds the means of 2 × 2 pixels of the one before, of labels every other one.
"""

import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.io.memory_maps import let_go

SMALLEST_LEVEL_PX = 512
"""A picture with no longer side needs no smaller copy."""

_STRIP_PX = 1 << 21
"""Pixels that are halved at a time."""
_IN_MEMORY_BYTES = 32 << 20

Stack = NDArray[Any]
"""(T, C, Z, Y, X); may be a memory map larger than memory."""


@contextmanager
def pyramid(
    stack: Stack, folder: Path, check: Callable[[], None], *, of_labels: bool = False
) -> Generator[list[Stack], None, None]:
    """Give the stack and its halved levels, large ones in scratch files in a folder.

    Args:
        stack: the full level.
        folder: where scratch files may be, best on the disk that the picture is written to; they
            are gone when the block ends.
        check: called for every strip; may raise to stop.
        of_labels: whether pixels are numbers of objects, of which there are no means.
    """
    smaller = _every_other if of_labels else _box_mean
    # A memory map that is still open cannot be removed on Windows; its reference goes first.
    with tempfile.TemporaryDirectory(
        dir=folder, prefix=".pyramid-", ignore_cleanup_errors=True
    ) as scratch:
        levels = [stack]
        while max(levels[-1].shape[3:]) > SMALLEST_LEVEL_PX:
            place = Path(scratch) / f"level-{len(levels)}"
            levels.append(_halved(levels[-1], place, check, smaller))
        try:
            yield levels
        finally:
            levels.clear()


def _halved(
    level: Stack,
    scratch: Path,
    check: Callable[[], None],
    smaller: Callable[[NDArray[Any]], NDArray[Any]],
) -> Stack:
    """Give a stack of half the size, strip by strip."""
    rows, columns = level.shape[3:]
    shape = (*level.shape[:3], (rows + 1) // 2, (columns + 1) // 2)
    size = int(np.prod(shape)) * level.dtype.itemsize
    strip_rows = 2 * max(1, _STRIP_PX // columns // 2)
    half: Stack
    if size <= _IN_MEMORY_BYTES:
        half = np.empty(shape, level.dtype)
    else:
        half = np.memmap(scratch, level.dtype, "w+", shape=shape)
    for t, c, z in np.ndindex(*level.shape[:3]):
        for y in range(0, rows, strip_rows):
            check()
            strip = level[t, c, z, y : y + strip_rows]
            half[t, c, z, y // 2 : y // 2 + (len(strip) + 1) // 2] = smaller(strip)
            let_go(half)
            let_go(level)
    return half


def _every_other(strip: NDArray[Any]) -> NDArray[Any]:
    return strip[::2, ::2]


def _box_mean(strip: NDArray[Any]) -> NDArray[Any]:
    """Give the means of 2 × 2 pixels; an odd last row or column is averaged with itself."""
    odd = [(0, size % 2) for size in strip.shape]
    even = np.pad(strip, odd, mode="edge").astype(np.float64)
    mean = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
    return (np.rint(mean) if strip.dtype.kind in "ui" else mean).astype(strip.dtype)
