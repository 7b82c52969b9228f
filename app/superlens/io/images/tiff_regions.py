"""Rectangles out of TIFF pages: only the strips or tiles that they touch are read and decoded."""

from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import UnreadableFile
from superlens.core.jobs import Roi
from superlens.io.images.source import require_memory

_JPEG = {6, 7, 34892, 33007}


@dataclass(frozen=True, slots=True)
class Layer:
    """Which layer of a page: some pages hold channels or slices one behind the other."""

    sample: int = 0
    """Of samples that are stored as separate planes."""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class _Segment:
    """A decoded strip or tile and where it lies in its page."""

    pixels: NDArray[Any]
    """(depth, y, x, samples)"""
    depth: int
    row: int
    column: int


def read_page_region(name: str, page: Any, layer: Layer, roi: Roi) -> NDArray[Any]:
    """Give a rectangle of one layer of a page.

    Args:
        name: the file, for errors.
        page: a `TiffPage` or `TiffFrame`.
        layer: which separate sample and which depth of the page.
        roi: inside the page.

    Returns:
        (y, x, samples) in the stored type, native byte order; absent tiles are zero.
    """
    keyframe = page.keyframe
    samples = keyframe.shaped[4]
    itemsize = keyframe.dtype.itemsize
    require_memory(name, roi.height * roi.width * samples * itemsize)
    require_memory(name, _segment_items(keyframe) * itemsize)
    out = np.zeros((roi.height, roi.width, samples), keyframe.dtype.newbyteorder("="))
    for index in _touched(keyframe, layer, roi):
        segment = _decoded(page, index)
        if segment is not None:
            _paste(out, roi, segment, layer.depth)
    return out


def read_contiguous_region(
    name: str, page: Any, plane_offset: int, layer: Layer, roi: Roi
) -> NDArray[Any]:
    """Give a rectangle of a plane that lies uncompressed in one piece; as `read_page_region`.

    Args:
        name: the file, for errors.
        page: the page that describes the plane.
        plane_offset: where the pixels of the plane begin in the file.
        layer: which separate sample and which depth of the plane.
        roi: inside the plane.
    """
    keyframe = page.keyframe
    _, depths, rows, columns, samples = keyframe.shaped
    dtype = keyframe.dtype.newbyteorder(keyframe.parent.byteorder)
    before = ((layer.sample * depths + layer.depth) * rows + roi.y) * columns * samples
    count = roi.height * columns * samples
    require_memory(name, count * dtype.itemsize)
    stream = open_handle(page)
    stream.seek(plane_offset + before * dtype.itemsize)
    data = stream.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize:
        raise UnreadableFile(f"{name} is cut off", "Copy it again from where it came from")
    block = np.frombuffer(data, dtype).reshape(roi.height, columns, samples)
    return block[:, roi.x : roi.x + roi.width].astype(dtype.newbyteorder("="))


def is_in_one_piece(page: Any) -> bool:
    """Say whether the pixels of a page lie uncompressed in one piece, so that rows can be read."""
    # What tifffile says of a page that is not the first is said of the first.
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    follows = all(a + n == b for (a, n), (b, _) in pairwise(segments))
    return bool(page.keyframe.is_final) and follows


def open_handle(page: Any) -> Any:
    """Give the open file that a page lies in; files of a set are opened when they are needed."""
    stream = page.parent.filehandle
    if stream.closed:
        stream.open()
    return stream


def _segment_items(keyframe: Any) -> int:
    samples = keyframe.shaped[4]
    if keyframe.is_tiled:
        return keyframe.tiledepth * keyframe.tilelength * keyframe.tilewidth * samples
    return min(keyframe.rowsperstrip, keyframe.imagelength) * keyframe.imagewidth * samples


def _touched(keyframe: Any, layer: Layer, roi: Roi) -> list[int]:
    """Give the numbers of the strips or tiles that a rectangle touches."""
    _, depths, rows, columns, _ = keyframe.shaped
    if keyframe.is_tiled:
        thick, tall, wide = keyframe.tiledepth, keyframe.tilelength, keyframe.tilewidth
    else:
        thick, tall, wide = 1, min(keyframe.rowsperstrip, rows), columns
    in_y, in_x, in_z = -(-rows // tall), -(-columns // wide), -(-depths // thick)
    start = (layer.sample * in_z + layer.depth // thick) * in_y * in_x
    rows_touched = range(roi.y // tall, -(-(roi.y + roi.height) // tall))
    columns_touched = range(roi.x // wide, -(-(roi.x + roi.width) // wide))
    return [start + row * in_x + column for row, column in product(rows_touched, columns_touched)]


def _decoded(page: Any, index: int) -> _Segment | None:
    keyframe = page.keyframe
    count = page.databytecounts[index]
    if count == 0:
        return None
    stream = open_handle(page)
    stream.seek(page.dataoffsets[index])
    # Tables, header and decoder below read from the same stream, so the data come first.
    data = stream.read(count)
    options: dict[str, Any] = {}
    if keyframe.compression in _JPEG:
        options = {"jpegtables": page.jpegtables, "jpegheader": keyframe.jpegheader}
    pixels, position, _ = keyframe.decode(data, index, **options)
    return None if pixels is None else _Segment(pixels, position[1], position[2], position[3])


def _paste(out: NDArray[Any], roi: Roi, segment: _Segment, depth: int) -> None:
    pixels = segment.pixels[depth - segment.depth]
    top, left = max(roi.y, segment.row), max(roi.x, segment.column)
    bottom = min(roi.y + roi.height, segment.row + pixels.shape[0])
    right = min(roi.x + roi.width, segment.column + pixels.shape[1])
    out[top - roi.y : bottom - roi.y, left - roi.x : right - roi.x] = pixels[
        top - segment.row : bottom - segment.row, left - segment.column : right - segment.column
    ]
