"""From a label image to outlines that follow the edges of pixels, so that no pixel changes hands.

SciPy is imported when an image is outlined.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

_STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))
"""(y, x) of one step to the right, down, left and up: each is a right turn from the one before."""

Ring = NDArray[np.int64]
"""(N, 2) of x and y: corners of pixels, where pixel (0, 0) reaches from 0 to 1."""


@dataclass(frozen=True, slots=True)
class LabelPart:
    """One connected part of a label."""

    label: int
    number: int
    """Of the part within its label, counted from 1."""
    edge: Ring
    """The outer edge."""
    holes: tuple[Ring, ...]
    """Edges of what lies inside and is not of the part; empty unless asked for."""


def label_parts(labels: NDArray[Any], *, with_holes: bool = False) -> Iterator[LabelPart]:
    """Give the connected parts of all labels, by number.

    Pixels that touch at a corner alone belong to different parts.

    Args:
        labels: (Y, X) of whole numbers; 0 is background.
        with_holes: whether the edges of holes are wanted.
    """
    ndimage: Any = import_module("scipy.ndimage")
    numbers, inverse = np.unique(labels, return_inverse=True)
    dense = inverse.reshape(labels.shape).astype(np.int32) + int(numbers[0] != 0)
    named = [int(number) for number in numbers if number != 0]
    boxes: list[Any] = ndimage.find_objects(dense)
    for index, (number, box) in enumerate(zip(named, boxes, strict=True), start=1):
        parts, count = ndimage.label(dense[box] == index)
        corner = np.array([box[1].start, box[0].start])
        for part in range(1, count + 1):
            mask = parts == part
            holes = _holes(mask, ndimage) if with_holes else ()
            edges = tuple(hole + corner for hole in holes)
            yield LabelPart(number, part, _outer_edge(mask) + corner, edges)


def _holes(mask: NDArray[np.bool_], ndimage: Any) -> tuple[Ring, ...]:
    """Give the edges of what a part encloses; what touches the outside at a corner is outside."""
    outside = np.pad(~mask, 1, constant_values=True)
    around, _ = ndimage.label(outside, structure=np.ones((3, 3), int))
    inner = (around != around[0, 0]) & outside
    regions, count = ndimage.label(inner[1:-1, 1:-1])
    return tuple(_outer_edge(regions == region) for region in range(1, count + 1))


def _outer_edge(mask: NDArray[np.bool_]) -> Ring:
    """Give the corners (x, y) of the outer edge of a 4-connected mask, clockwise."""
    inside = np.pad(mask, 1)
    top = int(np.flatnonzero(mask.any(axis=1))[0])
    start = (top, int(np.flatnonzero(mask[top])[0]))
    y, x, heading = *start, 0
    corners: list[tuple[int, int]] = []
    while True:
        left, right = _pixels_ahead(inside, y, x, heading)
        if not right:
            corners.append((x, y))
            heading = (heading + 1) % 4
        elif left:
            corners.append((x, y))
            heading = (heading - 1) % 4
        y, x = y + _STEPS[heading][0], x + _STEPS[heading][1]
        if (y, x) == start:
            return np.array([(start[1], start[0]), *corners], np.int64)


def _pixels_ahead(inside: NDArray[np.bool_], y: int, x: int, heading: int) -> tuple[bool, bool]:
    """Say whether the pixels ahead of a corner, to the left and to the right, are inside."""
    # The four pixels around a corner in the padded mask, clockwise from the upper right one.
    around = (inside[y, x + 1], inside[y + 1, x + 1], inside[y + 1, x], inside[y, x])
    return bool(around[heading]), bool(around[(heading + 1) % 4])
