"""Outlines of labelled objects as ROIs of ImageJ, in the ZIP file that its ROI Manager opens.

An outline follows the edges of the pixels, so that ImageJ selects exactly those of the label.
roifile and SciPy are imported when a file is written.
"""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.io.atomic import replace_file
from superlens.io.system_errors import writing

_STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))
"""(y, x) of one step to the right, down, left and up: each is a right turn from the one before."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The edge of one connected part of a label."""

    name: str
    """The label's number; further parts of the same label are `7-2`, `7-3`, ..."""
    corners: NDArray[np.int64]
    """(N, 2) of x and y: corners of pixels, where pixel (0, 0) reaches from 0 to 1."""


def write_rois(path: Path, labels: NDArray[Any], check: Callable[[], None] = lambda: None) -> int:
    """Write the outlines of a label image as `RoiSet.zip`, whole or not at all.

    Args:
        path: the file, with a name that ends in `.zip`.
        labels: (Y, X) of whole numbers; 0 is background.
        check: called for every label; may raise to stop, and nothing is left then.

    Returns:
        The number of ROIs.

    Raises:
        DiskFull: there is no room.
        InvalidInput: there is no label, or the folder cannot be written.
        ValueError: the labels are not whole numbers from 0 upwards on two axes.
    """
    import roifile

    if labels.ndim != 2 or labels.dtype.kind not in "ui" or labels.min(initial=0) < 0:
        raise ValueError(f"Labels are (Y, X) from 0 upwards, not {labels.dtype} {labels.shape}")
    if not labels.any():
        raise InvalidInput(
            f"{path.name} would be empty: the label image shows no object",
            "Choose a measurement that found objects",
        )
    count = 0
    with writing(path), replace_file(path) as part, zipfile.ZipFile(part, "w") as archive:
        for outline in outlines(labels):
            check()
            roi = roifile.ImagejRoi.frompoints(outline.corners, name=outline.name)
            roi.roitype = roifile.ROI_TYPE.POLYGON
            archive.writestr(f"{outline.name}.roi", roi.tobytes())
            count += 1
    return count


def outlines(labels: NDArray[Any]) -> Iterator[Outline]:
    """Give the outer edges of all labels, by number; holes inside a label are not outlined.

    Pixels that touch at a corner alone belong to different parts.
    """
    ndimage: Any = import_module("scipy.ndimage")
    numbers, inverse = np.unique(labels, return_inverse=True)
    dense = inverse.reshape(labels.shape).astype(np.int32) + int(numbers[0] != 0)
    named = [number for number in numbers if number != 0]
    boxes: list[Any] = ndimage.find_objects(dense)
    for index, (number, box) in enumerate(zip(named, boxes, strict=True), start=1):
        parts, count = ndimage.label(dense[box] == index)
        for part in range(1, count + 1):
            corners = _outer_edge(parts == part) + np.array([box[1].start, box[0].start])
            yield Outline(str(number) if part == 1 else f"{number}-{part}", corners)


def _outer_edge(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
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
