"""A plane as the viewer needs it: a small pyramid by box means, and its statistics. No Qt."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.core.jobs import Roi
from superlens.core.records import SceneInfo
from superlens.gui.viewer.geometry import Placement
from superlens.io.images import ImageSource
from superlens.io.reading import open_safely

DIRECT_PIXELS = 4096 * 4096
"""Up to this size a plane is held whole; above it an overview and the visible region."""

_OVERVIEW_SIDE = 2048
_STRIP_ROWS = 1024
_SUBSAMPLE = 400_000

Plane = NDArray[np.floating | np.integer]


@dataclass(frozen=True, slots=True)
class PlaneAddress:
    """One plane of one file."""

    path: str
    scene: int = 0
    t: int = 0
    c: int = 0
    z: int = 0
    axes: str = ""
    """What the user calls the axes of the file, see `InputImage`."""
    minus: str = ""
    """Path of a file whose same plane is taken off: of the two ends of an interval, the lower."""


@dataclass(frozen=True, slots=True)
class PlaneLevels:
    """A plane in decreasing sizes."""

    shape: tuple[int, int]
    """Of the whole plane: rows, columns."""
    levels: tuple[tuple[int, Plane], ...]
    """Factor and box mean, finest first; factor 1 is absent when the plane is too big."""
    sample: NDArray[np.float32]
    """A subsample of all finite values, sorted."""

    @property
    def is_whole(self) -> bool:
        """Whether the finest level is the plane itself."""
        return self.levels[0][0] == 1

    def level_for(self, pixels_per_screen_px: float) -> tuple[int, Plane]:
        """Give the coarsest level that still has a pixel for every pixel of the screen."""
        fitting = [item for item in self.levels if item[0] <= max(pixels_per_screen_px, 1.0)]
        return fitting[-1] if fitting else self.levels[0]

    def percentile(self, percent: float) -> float:
        """Give a percentile of the values, 0 to 100."""
        if not len(self.sample):
            return 0.0
        place = percent / 100 * (len(self.sample) - 1)
        return float(self.sample[round(place)])

    def value_at(self, row: int, column: int) -> float | None:
        """Give the value of one pixel, or None outside or where the plane is not held whole."""
        inside = 0 <= row < self.shape[0] and 0 <= column < self.shape[1]
        return float(self.levels[0][1][row, column]) if inside and self.is_whole else None


@dataclass(frozen=True, slots=True)
class Detail:
    """The visible part of a plane that is too big to be held whole."""

    roi: Roi
    values: Plane


@dataclass(frozen=True, slots=True)
class PlacedPlane:
    """A plane and where it lies."""

    plane: PlaneLevels
    placement: Placement
    address: PlaneAddress


def read_levels(address: PlaneAddress) -> PlaneLevels:
    """Read a plane; called in a reading thread.

    Raises:
        SuperlensError: the file cannot be read.
    """
    with _opened(address) as plane:
        shape = plane.info.size("Y"), plane.info.size("X")
        if shape[0] * shape[1] <= DIRECT_PIXELS:
            return levels_of(plane.whole())
        factor = 2
        while max(shape) / factor > _OVERVIEW_SIDE:
            factor *= 2
        level, part = _stored_level(plane.info.levels, factor)
        small = plane.info.levels[level]
        overview = _overview(lambda roi: plane.region(roi, level), small, factor // part)
        return _built(overview[: shape[0] // factor, : shape[1] // factor], factor, shape)


def read_detail(address: PlaneAddress, roi: Roi) -> Detail:
    """Read a region of a plane; called in a reading thread."""
    with _opened(address) as plane:
        return Detail(roi, _grey(plane.region(roi)))


def levels_of(plane: Plane) -> PlaneLevels:
    """Give the pyramid of a plane that is held whole; RGB becomes its mean."""
    grey = _grey(plane)
    return _built(grey, 1, (grey.shape[0], grey.shape[1]))


class _OpenPlane:
    """A plane in an open file, or the difference of two."""

    def __init__(self, address: PlaneAddress, files: tuple[ImageSource, ...]) -> None:
        self._files = files
        self._where = (address.scene, address.t, address.c, address.z)
        self.info: SceneInfo = files[0].info.scenes[address.scene]

    def whole(self) -> Plane:
        return self._difference([file.plane(*self._where) for file in self._files])

    def region(self, roi: Roi, level: int = 0) -> Plane:
        parts = [file.region(*self._where, roi, level=level) for file in self._files]
        return self._difference(parts)

    def _difference(self, planes: list[Plane]) -> Plane:
        if len(planes) == 1:
            return planes[0]
        first, second = planes
        if first.shape != second.shape:
            raise InvalidInput("The two ends of an interval are of different sizes")
        return first.astype(np.float32) - second.astype(np.float32)


@contextmanager
def _opened(address: PlaneAddress) -> Iterator[_OpenPlane]:
    paths = (address.path, address.minus) if address.minus else (address.path,)
    with ExitStack() as stack:
        files = tuple(stack.enter_context(open_safely(Path(p), address.axes)) for p in paths)
        yield _OpenPlane(address, files)


def _built(finest: Plane, factor: int, shape: tuple[int, int]) -> PlaneLevels:
    levels = [(factor, finest)]
    while min(levels[-1][1].shape) >= 128:
        levels.append((levels[-1][0] * 2, _halved(levels[-1][1])))
    return PlaneLevels(shape, tuple(levels), _subsample(finest))


def _stored_level(sizes: tuple[tuple[int, int], ...], factor: int) -> tuple[int, int]:
    """Give the smallest level of a file from which an overview can be made, and its own factor.

    Args:
        sizes: (rows, columns) of the levels that the file holds, the full one first.
        factor: of the overview, a power of two; that of a level divides it.
    """
    best = (0, 1)
    for number, size in enumerate(sizes[1:], start=1):
        own = round(max(sizes[0]) / max(1, max(size)))
        fits = all(-1 < full / own - part < 1 for full, part in zip(sizes[0], size, strict=True))
        if fits and own > best[1] and factor % own == 0:
            best = (number, own)
    return best


def _overview(read: Callable[[Roi], Plane], shape: tuple[int, int], factor: int) -> Plane:
    rows = max(factor, _STRIP_ROWS // factor * factor)
    strips = []
    for top in range(0, shape[0] - factor + 1, rows):
        height = min(rows, (shape[0] - top) // factor * factor)
        strip = _grey(read(Roi(0, top, shape[1], height)))
        width = strip.shape[1] // factor
        blocks = strip[:, : width * factor].reshape(height // factor, factor, width, factor)
        strips.append(blocks.mean(axis=(1, 3), dtype=np.float32))
    return np.concatenate(strips)


def _grey(plane: Plane) -> Plane:
    if plane.ndim == 3:
        return plane.mean(axis=-1, dtype=np.float32)
    return plane.astype(np.float32) if plane.dtype == np.float64 else plane


def _halved(plane: Plane) -> Plane:
    rows, columns = plane.shape[0] // 2, plane.shape[1] // 2
    even = plane[: rows * 2, : columns * 2]
    blocks = even.reshape(rows, 2, columns, 2)
    return blocks.mean(axis=(1, 3), dtype=np.float32)


def _subsample(plane: Plane) -> NDArray[np.float32]:
    step = max(1, int(np.ceil(np.sqrt(plane.size / _SUBSAMPLE))))
    values = plane[::step, ::step].astype(np.float32).ravel()
    return np.sort(values[np.isfinite(values)])
