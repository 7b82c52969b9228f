"""Where the canvas of an image lies in its field, and how it is cut into tiles. No tensors.

All lengths are high-resolution pixels unless they say otherwise. Squares that the network joins lie
on a lattice that starts at the corner of the field, so that a part is joined as the whole is.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from superlens.methods.cvdm.architecture import Architecture

BORDER_PX = 8
"""Mirrored low-resolution pixels around the image that are sampled with it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A tile along one axis of the canvas."""

    start: int
    stop: int
    """The core, which it contributes."""
    first: int
    last: int
    """With the context that the network needs, as far as there is any."""

    @property
    def core(self) -> slice:
        """The core in the canvas."""
        return slice(self.start, self.stop)

    @property
    def window(self) -> slice:
        """Core and context in the canvas."""
        return slice(self.first, self.last)

    @property
    def inner(self) -> slice:
        """The core in the window."""
        return slice(self.start - self.first, self.stop - self.first)


@dataclass(frozen=True, slots=True)
class Axis:
    """The canvas along one axis."""

    place: int
    """Of its first pixel, in the field."""
    size: int
    image: slice
    """The image in the canvas."""
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The canvas of an image."""

    y: Axis
    x: Axis

    @property
    def size(self) -> tuple[int, int]:
        """(Y, X) of the canvas."""
        return self.y.size, self.x.size

    @property
    def tiles(self) -> Iterator[tuple[Span, Span]]:
        """All tiles, row by row."""
        return ((row, column) for row in self.y.spans for column in self.x.spans)

    @property
    def tile_count(self) -> int:
        """Number of tiles."""
        return len(self.y.spans) * len(self.x.spans)

    @property
    def largest(self) -> int:
        """Pixels of the largest window."""
        height, width = (
            max(span.last - span.first for span in axis.spans) for axis in (self.y, self.x)
        )
        return height * width


def layout_of(
    shape: tuple[int, int], origin: tuple[int, int], architecture: Architecture, tile: int
) -> Layout:
    """Lay out the canvas of an image.

    Args:
        shape: (Y, X) of the image in low-resolution pixels.
        origin: (Y, X) of its first pixel in the field, in low-resolution pixels.
        architecture: of the network.
        tile: largest side of a core in low-resolution pixels; at least a lattice square is taken.
    """
    y, x = (
        _axis(begin, size, architecture, tile) for begin, size in zip(origin, shape, strict=True)
    )
    return Layout(y, x)


def _axis(origin: int, size: int, architecture: Architecture, tile: int) -> Axis:
    scale = architecture.scale
    lattice = math.lcm(architecture.lattice, scale)
    first, last = origin * scale, (origin + size) * scale
    place = (first - BORDER_PX * scale) // lattice * lattice
    whole = -(-(last + BORDER_PX * scale) // lattice) * lattice - place
    count = -(-whole // max(tile * scale // lattice * lattice, lattice))
    core = -(-whole // (count * lattice)) * lattice
    context = -(-architecture.reach // lattice) * lattice
    spans = tuple(
        Span(
            start,
            min(start + core, whole),
            max(0, start - context),
            min(start + core + context, whole),
        )
        for start in range(0, whole, core)
    )
    return Axis(place, whole, slice(first - place, last - place), spans)
