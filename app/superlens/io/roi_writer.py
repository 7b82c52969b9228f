"""Outlines of labelled objects as ROIs of ImageJ, in the ZIP file that its ROI Manager opens.

An outline follows the edges of the pixels, so that ImageJ selects exactly those of the label.
roifile is imported when a file is written.
"""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.io.atomic import replace_file
from superlens.io.label_regions import label_parts
from superlens.io.system_errors import writing


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
    for part in label_parts(labels):
        number = str(part.label)
        yield Outline(number if part.number == 1 else f"{number}-{part.number}", part.edge)
