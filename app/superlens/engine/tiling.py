"""Cutting an image into tiles and blending what comes back: geometry and weights, pure NumPy.

All coordinates are low-resolution pixels of the whole image. A tile is what the network gets: its
core, which it contributes, and a halo around it, which is only context and gets no weight. The
cores of neighbours overlap by a feather, where their weights are cosines that add up to 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.jobs import Roi
from superlens.core.method import Array

SMALLEST_TILE = 64
"""Where halving after an out-of-memory error ends."""
BORDER_PX = 8
"""Mirrored pixels beyond the border of the image: more of them only cost time (measured on three
kinds of structure: the error near the border is the same with 4, 8, 16 and 32)."""
_FEATHER_PART = 16
"""The feather is this part of the tile."""

ReadRegion = Callable[[Roi], NDArray[Any]]
"""Gives (Y, X) of a rectangle that lies inside the image."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What decides a plan besides the image: what the method needs and what fits into memory."""

    tile: int
    """Largest side of a core."""
    halo: int
    """Context around a core; beyond the border of the image no more of it than `BORDER_PX`."""
    multiple: int
    """Sides and places of tiles are divisible by this."""
    scale: int


@dataclass(frozen=True, slots=True)
class Span:
    """One tile along one axis."""

    start: int
    """First pixel of the tile, halo included; may be negative."""
    size: int
    """Length of the tile, halo included."""
    first: int
    """First output pixel that it contributes to, counted from the start of the wanted part."""
    skip: int
    """Output pixels of the tile before that one."""
    weights: NDArray[np.float32]
    """(count,): of the output pixels that it contributes to, each above 0 and at most 1."""

    @property
    def end(self) -> int:
        """Output pixel behind the last contribution, counted as `first`."""
        return self.first + len(self.weights)

    @property
    def used(self) -> slice:
        """The contributing output pixels, within the tile."""
        return slice(self.skip, self.skip + len(self.weights))


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: a row and a column of the plan."""

    y: Span
    x: Span


@dataclass(frozen=True, slots=True)
class TilePlan:
    """All tiles of the wanted part of one plane, row by row."""

    wanted: Roi
    """What is restored, in low-resolution pixels of the whole image."""
    scale: int
    rows: tuple[Span, ...]
    columns: tuple[Span, ...]

    @property
    def tile_count(self) -> int:
        """Number of tiles."""
        return len(self.rows) * len(self.columns)

    @property
    def computed_px(self) -> int:
        """Low-resolution pixels that go through the network, halos included."""
        return sum(row.size for row in self.rows) * sum(column.size for column in self.columns)

    @property
    def out_shape(self) -> tuple[int, int]:
        """Shape (Y, X) of the restored part."""
        return self.wanted.height * self.scale, self.wanted.width * self.scale

    @property
    def carry_height(self) -> int:
        """Most output rows that one row of tiles leaves unfinished for the next."""
        return max(
            (
                above.end - below.first
                for above, below in zip(self.rows, self.rows[1:], strict=False)
            ),
            default=0,
        )


def plan_tiles(wanted: Roi, shape: tuple[int, int], grid: Grid) -> TilePlan:
    """Give the tiles that cover a rectangle of an image of a shape (Y, X).

    Tiles are as few as the largest side allows and all of one size, so that a rectangle a little
    larger than a tile is not cut into a large and a tiny one. They lie on a lattice of `multiple`
    that starts at the corner of the whole image: a part of an image is restored as the whole is.
    """
    rows = _spans((wanted.y, wanted.height), shape[0], grid)
    columns = _spans((wanted.x, wanted.width), shape[1], grid)
    return TilePlan(wanted, grid.scale, rows, columns)


def halved(tile: int) -> int | None:
    """Give the next smaller side to try when memory ended, or None when it is the smallest."""
    return None if tile <= SMALLEST_TILE else max(SMALLEST_TILE, tile // 2)


def read_reflected(read: ReadRegion, shape: tuple[int, int], tile: Tile) -> NDArray[Any]:
    """Read the pixels of a tile; beyond the border of the image it is mirrored.

    Args:
        read: gives a rectangle inside the image.
        shape: (Y, X) of the image.
        tile: which tile.

    Returns:
        (tile.y.size, tile.x.size) in the type of the image; see `read_mirrored`.
    """
    return read_mirrored(read, shape, Roi(tile.x.start, tile.y.start, tile.x.size, tile.y.size))


def read_mirrored(read: ReadRegion, shape: tuple[int, int], part: Roi) -> NDArray[Any]:
    """Read a rectangle that may lie partly or wholly outside of the image, which is mirrored there.

    Args:
        read: gives a rectangle inside the image.
        shape: (Y, X) of the image.
        part: the rectangle; its corner may be negative.

    Returns:
        (part.height, part.width) in the type of the image. The mirror has no double edge pixel
        (`reflect` of NumPy), and is repeated for images smaller than the halo.
    """
    rows = _mirrored(part.y, part.height, shape[0])
    columns = _mirrored(part.x, part.width, shape[1])
    top, left = int(rows.min()), int(columns.min())
    inside = Roi(left, top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top)
    return read(inside)[np.ix_(rows - top, columns - left)]


@dataclass(frozen=True, slots=True)
class Block:
    """A finished part of a restored plane."""

    top: int
    left: int
    pixels: NDArray[np.float32]
    """(y, x): every pixel is a convex sum of the tiles that cover it."""

    @property
    def place(self) -> tuple[slice, slice]:
        """Where it is in the plane."""
        height, width = self.pixels.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


class TileBlender:
    """Adds up the weighted tiles of one plane and gives what is finished after each of them.

    Of the tiles before it keeps only what reaches into the next tile and the next row of tiles, so
    that its memory hardly grows with the image.
    """

    def __init__(self, plan: TilePlan, carry: NDArray[np.float32]) -> None:
        """Begin a plane.

        Args:
            plan: the tiles.
            carry: (plan.carry_height, out width) float32 of zeros; may be a memory map.
        """
        self._plan = plan
        self._carry = carry
        self._side = np.zeros((0, 0), np.float32)

    def blend(self, row: int, column: int, restored: Array) -> Block:
        """Add one tile; tiles must come row by row, each row from left to right.

        Args:
            row: of the tile, in the plan.
            column: likewise.
            restored: (y * scale, x * scale) of the tile, its halo included.
        """
        rows, columns = self._plan.rows, self._plan.columns
        down, across = rows[row], columns[column]
        weights = down.weights[:, None] * across.weights
        band: Array = (restored[down.used, across.used] * weights).astype(np.float32, copy=False)
        if column > 0:
            band[:, : self._side.shape[1]] += self._side
        width = columns[column + 1].first - across.first if column + 1 < len(columns) else None
        self._side = band[:, len(across.weights) if width is None else width :].copy()
        band = band[:, :width]
        place = slice(across.first, across.first + band.shape[1])
        if row > 0:
            above = rows[row - 1].end - down.first
            band[:above] += self._carry[:above, place]
        height = rows[row + 1].first - down.first if row + 1 < len(rows) else len(band)
        self._carry[: len(band) - height, place] = band[height:]
        return Block(down.first, across.first, band[:height])


def _spans(part: tuple[int, int], size: int, grid: Grid) -> tuple[Span, ...]:
    """Give the tiles of one axis.

    Args:
        part: start and length of what is wanted.
        size: of the image.
        grid: what decides the tiles.
    """
    multiple, scale = grid.multiple, grid.scale
    start, length = part
    # Places count from here, the lattice point at or before the start.
    origin = start // multiple * multiple
    covered = _rounded_up(start + length - origin, multiple)
    largest = max(_rounded_up(min(grid.tile, covered), multiple), 2 * multiple)
    feather = _rounded_up(largest // _FEATHER_PART, multiple)
    count = 1 if covered <= largest else -(-(covered - feather) // (largest - feather))
    core = _rounded_up(-(-(covered + (count - 1) * feather) // count), multiple)
    last = covered - core
    places = [index * last // max(1, count - 1) // multiple * multiple for index in range(count)]

    profiles = [
        _profile(core * scale, feather * scale, place > 0, place < last) for place in places
    ]
    total = np.zeros(covered * scale)
    for place, profile in zip(places, profiles, strict=True):
        total[place * scale : (place + core) * scale] += profile

    halo, border = (_rounded_up(width, multiple) for width in (grid.halo, BORDER_PX))
    lowest, highest = -border, _rounded_up(size, multiple) + border
    wanted = ((start - origin) * scale, (start - origin + length) * scale)
    spans: list[Span] = []
    for place, profile in zip(places, profiles, strict=True):
        begin = max(place * scale, wanted[0])
        end = min((place + core) * scale, wanted[1])
        weights = profile[begin - place * scale : end - place * scale] / total[begin:end]
        first_px = max(lowest, origin + place - halo)
        last_px = min(highest, origin + place + core + halo)
        spans.append(
            Span(
                start=first_px,
                size=last_px - first_px,
                first=begin - wanted[0],
                skip=begin - (first_px - origin) * scale,
                weights=weights.astype(np.float32),
            )
        )
    return tuple(spans)


def _profile(size: int, feather: int, rises: bool, falls: bool) -> NDArray[np.float64]:
    """Give weights of one core: 1, with half a cosine at the ends that have a neighbour."""
    profile = np.ones(size)
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(feather) + 0.5) / feather)
    if rises:
        profile[:feather] *= ramp
    if falls:
        profile[size - feather :] *= ramp[::-1]
    return profile


def _mirrored(start: int, size: int, length: int) -> NDArray[np.intp]:
    """Give the indices of `size` pixels from `start` on, mirrored into 0..length - 1."""
    period = max(1, 2 * (length - 1))
    index = np.arange(start, start + size) % period
    return np.minimum(index, period - index) if length > 1 else np.zeros(size, np.intp)


def _rounded_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
