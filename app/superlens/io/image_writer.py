"""OME-TIFF as Superlens writes it: tiled, pyramidal, compressed, with physical pixel sizes.

For intensities: the pyramid holds means. Codec and predictor are those that Bio-Formats decodes
exactly (FILES section 7): zlib, with a predictor for integers only.
"""

import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens import __version__
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes
from superlens.io.atomic import replace_file
from superlens.io.ome_writing import OmeFacts, ome_xml
from superlens.io.system_errors import writing

_TILE = 256
_SMALLEST_LEVEL = 512
_ZLIB_LEVEL = 6
_IN_MEMORY_BYTES = 256 << 20
_BIGTIFF_BYTES = (4 << 30) - (64 << 20)
_CENTIMETRE_UM = 1e4
_TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")

Stack = NDArray[Any]
"""(T, C, Z, Y, X); may be a memory map larger than memory."""


@dataclass(frozen=True, slots=True)
class ImageMetadata:
    """What is written beside the pixels."""

    pixel_sizes: PixelSizes
    channels: tuple[ChannelInfo, ...]
    description: str
    """Text of the image, shown by Fiji; results say here that and by what they were restored."""
    note: str = ""
    """A further comment, such as what a spread is."""


def write_image(
    path: Path,
    stack: Stack,
    metadata: ImageMetadata,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write a stack as OME-TIFF, whole or not at all.

    Memory stays bounded: tiles are taken from the stack one after the other.

    Args:
        path: the file, best with a name that ends in `.ome.tif`.
        stack: (T, C, Z, Y, X) of 8, 16 or 32-bit integers or 32 or 64-bit floats.
        metadata: sizes, channels and texts; one channel for each of C.
        check: called for every tile; may raise to stop, and nothing is left then.

    Raises:
        DiskFull: there is no room.
        InvalidInput: the folder cannot be written.
        ValueError: the stack has other axes or another type, or the channels do not fit.
    """
    _require_fitting(stack, metadata)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(path) as part, _pyramid(stack, path.parent, check) as levels:
            _write_levels(part, levels, metadata, check)


def _require_fitting(stack: Stack, metadata: ImageMetadata) -> None:
    if stack.ndim != 5 or 0 in stack.shape:
        raise ValueError(f"A stack has five axes T, C, Z, Y, X, not the shape {stack.shape}")
    if stack.dtype.name not in _TYPES:
        raise ValueError(f"OME-TIFF has no pixels of type {stack.dtype.name}")
    if len(metadata.channels) != stack.shape[1]:
        raise ValueError(f"{len(metadata.channels)} channels are named for {stack.shape[1]}")


def _write_levels(
    part: Path, levels: list[Stack], metadata: ImageMetadata, check: Callable[[], None]
) -> None:
    import tifffile

    base = levels[0]
    xml = ome_xml(
        OmeFacts(
            shape=base.shape,
            dtype=base.dtype.name,
            pixel_sizes=metadata.pixel_sizes,
            channels=metadata.channels,
            description=metadata.description,
            note=metadata.note,
        )
    )
    is_integer = base.dtype.kind in "ui"
    common: dict[str, Any] = {
        "dtype": base.dtype,
        "tile": (_TILE, _TILE),
        "photometric": "minisblack",
        "compression": "zlib",
        "compressionargs": {"level": _ZLIB_LEVEL},
        "predictor": is_integer,
        "metadata": None,
        "software": f"Superlens {__version__}",
    }
    is_big = sum(level.nbytes for level in levels) > _BIGTIFF_BYTES
    with tifffile.TiffWriter(part, bigtiff=is_big) as writer:
        for number, level in enumerate(levels):
            first = number == 0
            writer.write(
                data=_tiles(level, check),
                shape=(int(np.prod(level.shape[:3])), *level.shape[3:]),
                subifds=len(levels) - 1 if first else None,
                subfiletype=0 if first else 1,
                description=xml.encode() if first else None,
                **_resolution(metadata.pixel_sizes, 2**number),
                **common,
            )


def _resolution(sizes: PixelSizes, factor: int) -> dict[str, Any]:
    """Give the TIFF fields that programs without OME read."""
    if sizes.lateral_um is None:
        return {"resolutionunit": "none"}
    y = sizes.y or sizes.lateral_um
    per_cm = tuple(_CENTIMETRE_UM / (size * factor) for size in (sizes.lateral_um, y))
    return {"resolution": per_cm, "resolutionunit": "centimeter"}


def _tiles(level: Stack, check: Callable[[], None]) -> Iterator[NDArray[Any]]:
    """Give the tiles of a level page by page and row by row, filled up with zeros at the edges."""
    rows, columns = level.shape[3:]
    for t, c, z in np.ndindex(*level.shape[:3]):
        for y, x in product(range(0, rows, _TILE), range(0, columns, _TILE)):
            check()
            tile = level[t, c, z, y : y + _TILE, x : x + _TILE]
            if tile.shape == (_TILE, _TILE):
                yield np.ascontiguousarray(tile)
            else:
                full = np.zeros((_TILE, _TILE), level.dtype)
                full[: tile.shape[0], : tile.shape[1]] = tile
                yield full


@contextmanager
def _pyramid(
    stack: Stack, folder: Path, check: Callable[[], None]
) -> Generator[list[Stack], None, None]:
    """Give the stack and its halved levels, large ones in scratch files beside the target."""
    # A memory map that is still open cannot be removed on Windows; its reference goes first.
    with tempfile.TemporaryDirectory(
        dir=folder, prefix=".pyramid-", ignore_cleanup_errors=True
    ) as scratch:
        levels = [stack]
        while max(levels[-1].shape[3:]) > _SMALLEST_LEVEL:
            levels.append(_halved(levels[-1], Path(scratch) / f"level-{len(levels)}", check))
        try:
            yield levels
        finally:
            levels.clear()


def _halved(level: Stack, scratch: Path, check: Callable[[], None]) -> Stack:
    """Give the means of 2 × 2 pixels; an odd last row or column is averaged with itself."""
    rows, columns = level.shape[3:]
    shape = (*level.shape[:3], (rows + 1) // 2, (columns + 1) // 2)
    size = int(np.prod(shape)) * level.dtype.itemsize
    half: Stack
    if size <= _IN_MEMORY_BYTES:
        half = np.empty(shape, level.dtype)
    else:
        half = np.memmap(scratch, level.dtype, "w+", shape=shape)
    for t, c, z in np.ndindex(*level.shape[:3]):
        for y in range(0, rows, 2 * _TILE):
            check()
            strip = level[t, c, z, y : y + 2 * _TILE]
            half[t, c, z, y // 2 : y // 2 + (len(strip) + 1) // 2] = _box_mean(strip)
    return half


def _box_mean(strip: NDArray[Any]) -> NDArray[Any]:
    odd = [(0, size % 2) for size in strip.shape]
    even = np.pad(strip, odd, mode="edge").astype(np.float64)
    mean = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
    return (np.rint(mean) if strip.dtype.kind in "ui" else mean).astype(strip.dtype)
