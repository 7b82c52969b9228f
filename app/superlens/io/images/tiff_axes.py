"""From the axes of a TIFF series to `TCZYX`: which page, and which layer of it, is a plane."""

import math
from dataclasses import dataclass
from typing import Any

from superlens.core.errors import UnsupportedImage
from superlens.io.images.source import GUESSED

_UNKNOWN_AXES = "QI"
"""How tifffile names an axis of which the file says nothing."""
_LIKELY = "ZTC"
"""What such an axis is, the likeliest first; several are given in the order of `TCZYX`."""
_WORDS = {"T": "time points", "C": "channels", "Z": "Z slices"}
_AXIS_WORDS = {
    "A": "angles",
    "E": "wavelengths",
    "F": "phases",
    "H": "lifetimes",
    "L": "exposures",
    "M": "mosaic tiles",
    "P": "positions",
    "Q": "something unnamed",
    "I": "something unnamed",
    "R": "ranges",
    "S": "samples",
    "V": "events",
}
_COLOUR_PHOTOMETRICS = {2, 5, 6, 8}
"""RGB, CMYK, YCbCr and CIELab: their samples make a colour, not channels."""


@dataclass(frozen=True, slots=True)
class PlaneMap:
    """Where each plane of a series lies."""

    sizes: dict[str, int]
    """Sizes of T, C, Z, Y and X."""
    colours: int
    """3 when the planes are RGB, else 0."""
    leading: tuple[tuple[str, int], ...]
    """Axes over the pages in their order, in our letters, with their sizes."""
    samples_are_channels: bool
    """Whether C counts the samples of a page, not pages."""
    separate: bool
    """Whether those samples lie one behind the other, not interleaved."""
    warnings: tuple[str, ...] = ()

    def page_index(self, t: int, c: int, z: int) -> int:
        """Give the number of the page in its series."""
        position = {"T": t, "C": c, "Z": z}
        index = 0
        for axis, size in self.leading:
            index = index * size + position[axis]
        return index

    def depth(self, z: int) -> int:
        """Give the depth inside the page: Z where the pages are volumes."""
        return 0 if any(axis == "Z" for axis, _ in self.leading) else z


def map_planes(name: str, series: Any) -> PlaneMap:
    """Find out where the planes of a series lie.

    Raises:
        UnsupportedImage: it has axes that do not fit into `TCZYX`; the message names them.
    """
    keyframe = series.keyframe
    samples_apart, depths, rows, columns, samples_inside = keyframe.shaped
    samples = samples_apart * samples_inside
    leading, warnings = _leading_axes(name, series)
    taken = {axis for axis, _ in leading}
    sizes = {"T": 1, "C": 1, "Z": depths, "Y": rows, "X": columns}
    if depths > 1 and "Z" in taken:
        raise _unsupported(name, "two Z axes")
    sizes.update(dict(leading))
    if samples > 1 and int(keyframe.photometric) in _COLOUR_PHOTOMETRICS and samples in (3, 4):
        if samples == 4:
            warnings = (*warnings, "The fourth colour sample (alpha) is left out")
        return PlaneMap(sizes, 3, leading, False, samples_apart > 1, warnings)
    if samples > 1 and "C" in taken:
        raise _unsupported(name, f"channels and {samples} samples per pixel")
    if samples > 1:
        sizes["C"] = samples
    return PlaneMap(sizes, 0, leading, samples > 1, samples_apart > 1, warnings)


def _leading_axes(name: str, series: Any) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
    """Give the axes over the pages in our letters."""
    inner = math.prod(series.keyframe.shaped)
    axes, shape = series.get_axes(False), series.get_shape(False)
    left = math.prod(shape) // max(1, inner)
    outer: list[tuple[str, int]] = []
    for axis, size in zip(axes, shape, strict=True):
        # What the pages hold comes last; lengths of one say nothing.
        if left == 1:
            break
        if size > 1:
            outer.append((axis, size))
            left //= size
    return _named(name, outer, inner="Z" if series.keyframe.shaped[1] > 1 else "")


def _named(
    name: str, outer: list[tuple[str, int]], inner: str
) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
    unknown = [size for axis, size in outer if axis in _UNKNOWN_AXES]
    foreign = [axis for axis, _ in outer if axis not in "TCZ" + _UNKNOWN_AXES]
    if foreign:
        words = " and ".join(_AXIS_WORDS.get(axis, f"{axis!r}") for axis in foreign)
        raise _unsupported(name, f"an axis of {words}")
    twice = [axis for axis in "TCZ" if [axis for axis, _ in outer].count(axis) > 1]
    if twice:
        raise _unsupported(name, f"the axis {twice[0]} twice")
    if not unknown:
        return tuple(outer), ()
    sizes = " × ".join(str(size) for size in unknown)
    taken = {axis for axis, _ in outer} | set(inner)
    free = [axis for axis in _LIKELY if axis not in taken][: len(unknown)]
    if len(free) < len(unknown):
        raise _unsupported(name, f"more axes than Z, T and C ({sizes} planes without names)")
    meanings = iter(sorted(free, key="TCZ".index))
    renamed = tuple(
        (next(meanings) if axis in _UNKNOWN_AXES else axis, size) for axis, size in outer
    )
    words = " and ".join(_WORDS[axis] for axis in sorted(free, key="TCZ".index))
    return renamed, (f"{GUESSED}{sizes} pages are; they are read as {words}",)


def _unsupported(name: str, what: str) -> UnsupportedImage:
    return UnsupportedImage(
        f"{name} has {what}, which Superlens does not read",
        "Save it with the axes T, C, Z, Y and X as OME-TIFF",
    )
