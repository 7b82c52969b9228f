"""Label images as files for other programs: as OME-TIFF, and as GeoJSON for QuPath."""

import json
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes, entered_pixel_size
from superlens.io.atomic import replace_file
from superlens.io.image_metadata import Facts, ImageMetadata
from superlens.io.image_writer import write_image
from superlens.io.label_regions import LabelPart, Ring, label_parts
from superlens.io.system_errors import writing

_DESCRIPTION = "Labels: the pixels of each object hold its number, 0 is background"


def write_label_image(
    path: Path,
    labels: NDArray[Any],
    pixel_um: float | None,
    facts: Facts = (),
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write a label image as OME-TIFF of 16 or 32-bit integers, whole or not at all.

    Args:
        path: the file, best with a name that ends in `.ome.tif`.
        labels: (Y, X) of whole numbers from 0 upwards.
        pixel_um: side of a pixel; None where it is unknown.
        facts: what the file says of its making.
        check: called for every tile; may raise to stop, and nothing is left then.

    Raises:
        DiskFull: there is no room.
        InvalidInput: the folder cannot be written.
        ValueError: the labels are not whole numbers from 0 upwards on two axes.
    """
    _require_labels(labels)
    dtype = np.uint16 if labels.max(initial=0) <= np.iinfo(np.uint16).max else np.uint32
    stack = labels.astype(dtype)[None, None, None]  # (T, C, Z, Y, X)
    sizes = PixelSizes() if pixel_um is None else entered_pixel_size(pixel_um)
    metadata = ImageMetadata(sizes, (ChannelInfo("Labels"),), _DESCRIPTION, provenance=facts)
    write_image(path, stack, metadata, check, of_labels=True)


def write_geojson(
    path: Path, labels: NDArray[Any], check: Callable[[], None] = lambda: None
) -> int:
    """Write the objects of a label image as GeoJSON that QuPath imports, whole or not at all.

    Each object is a feature: a polygon along the edges of its pixels, with its holes, or several
    where it lies in parts; its name is its number. Coordinates are pixels of the label image.

    Args:
        path: the file, with a name that ends in `.geojson`.
        labels: (Y, X) of whole numbers; 0 is background.
        check: called for every object; may raise to stop, and nothing is left then.

    Returns:
        The number of objects.

    Raises:
        DiskFull: there is no room.
        InvalidInput: there is no object, or the folder cannot be written.
        ValueError: the labels are not whole numbers from 0 upwards on two axes.
    """
    _require_labels(labels)
    if not labels.any():
        raise InvalidInput(
            f"{path.name} would be empty: the label image shows no object",
            "Choose a measurement that found objects",
        )
    count = 0
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(path) as part, part.open("w", encoding="utf-8") as stream:
            stream.write('{"type": "FeatureCollection", "features": [')
            for feature in _features(labels):
                check()
                stream.write(",\n" if count else "\n")
                json.dump(feature, stream)
                count += 1
            stream.write("\n]}\n")
    return count


def _features(labels: NDArray[Any]) -> Iterator[dict[str, Any]]:
    parts = label_parts(labels, with_holes=True)
    for number, group in groupby(parts, key=lambda part: part.label):
        polygons = [_polygon(part) for part in group]
        is_one = len(polygons) == 1
        yield {
            "type": "Feature",
            "geometry": {
                "type": "Polygon" if is_one else "MultiPolygon",
                "coordinates": polygons[0] if is_one else polygons,
            },
            "properties": {"objectType": "annotation", "name": str(number), "isLocked": False},
        }


def _polygon(part: LabelPart) -> list[list[list[int]]]:
    # RFC 7946: the outer ring runs counter-clockwise and the inner ones clockwise, with y upwards;
    # edges are traced clockwise as seen with y downwards, which is the same as counter-clockwise.
    return [_closed(part.edge), *(_closed(hole[::-1]) for hole in part.holes)]


def _closed(ring: Ring) -> list[list[int]]:
    return [*ring.tolist(), ring[0].tolist()]


def _require_labels(labels: NDArray[Any]) -> None:
    if labels.ndim != 2 or labels.dtype.kind not in "ui" or labels.min(initial=0) < 0:
        raise ValueError(f"Labels are (Y, X) from 0 upwards, not {labels.dtype} {labels.shape}")
