"""The first field of a well with the outlines of its objects, from raw and label image. No Qt."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.jobs import FieldInput, InputImage
from superlens.gui.measure.results import MeasuredRun
from superlens.gui.viewer.contrast import AUTO_HIGH, AUTO_LOW
from superlens.io.reading import open_safely

_THIN_UP_TO = 500
"""Side in pixels up to which a line of one pixel stays visible in its small pane."""


@dataclass(frozen=True, slots=True)
class WellImage:
    """A grey picture and where the outlines lie in it."""

    well: str
    grey: NDArray[np.uint8]
    """(Y, X)."""
    outline: NDArray[np.bool_]
    """(Y, X): the inner rim of every object."""


def read_well_image(run: MeasuredRun, well: str) -> WellImage | None:
    """Read the picture of a well; called in a reading thread.

    Returns:
        None where the run holds no labels of the well.

    Raises:
        SuperlensError: a file of it cannot be read.
    """
    name = run.hidden_wells.get(well, well)
    wanted = next((item for item in run.request.fields if item.well == name), None)
    labels_path = None if wanted is None else _labels_path(run, wanted)
    if wanted is None or labels_path is None:
        return None
    labels = _plane(InputImage(str(labels_path)))
    raw = _plane(wanted.channels[_shown_role(run)]).astype(np.float32)
    scale = labels.shape[0] // raw.shape[0]
    if scale > 1:
        raw = raw.repeat(scale, axis=0).repeat(scale, axis=1)
    outline = rims(labels)
    if max(labels.shape) > _THIN_UP_TO:
        outline = thickened(outline)
    return WellImage(well, _grey(raw), outline)


def rims(labels: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Give the pixels of objects that touch another object or the background along an edge.

    Args:
        labels: (Y, X), 0 outside; the border of the picture is no rim.
    """
    padded = np.pad(labels, 1, mode="edge")
    centre = padded[1:-1, 1:-1]
    differs = np.zeros(centre.shape, bool)
    for row, column in ((0, 1), (2, 1), (1, 0), (1, 2)):
        height, width = centre.shape
        differs |= padded[row : row + height, column : column + width] != centre
    return differs & (centre > 0)


def thickened(outline: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give an outline with its neighbours, for a picture that will be shown smaller."""
    padded = np.pad(outline, 1)
    return padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[1:-1, :-2]


def _labels_path(run: MeasuredRun, wanted: FieldInput) -> Path | None:
    beginning = f"labels/{wanted.well}_{wanted.name}"
    found = (f.path for f in run.document.result.files if f.role == "labels")
    path = next((path for path in found if path.rsplit(".", 1)[0] == beginning), None)
    return None if path is None else Path(run.folder) / path


def _shown_role(run: MeasuredRun) -> str:
    roles = run.assay.channels_required
    return next((role.id for role in roles if role.is_restored), roles[0].id)


def _plane(image: InputImage) -> NDArray[Any]:
    with open_safely(Path(image.path), image.axes) as source:
        return source.plane(image.scene, 0, image.channel or 0, 0)


def _grey(raw: NDArray[np.float32]) -> NDArray[np.uint8]:
    low, high = np.nanpercentile(raw, (AUTO_LOW, AUTO_HIGH))
    share = (raw - low) / max(1e-6, high - low)
    return np.round(np.clip(np.nan_to_num(share), 0, 1) * 255).astype(np.uint8)
