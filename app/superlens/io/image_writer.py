"""OME-TIFF as Superlens writes it: tiled, pyramidal, compressed, with physical pixel sizes.

The pyramid holds means of intensities, and every other pixel of labels. Codec and predictor are
those that Bio-Formats decodes exactly (FILES section 7): zlib, with a predictor for integers only.
"""

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens import __version__
from superlens.core.units import PixelSizes
from superlens.io.atomic import replace_file
from superlens.io.image_metadata import ImageMetadata, require_fitting, trusted_sizes_um
from superlens.io.memory_maps import let_go
from superlens.io.ome_writing import ome_xml
from superlens.io.pyramid import Stack, pyramid
from superlens.io.system_errors import writing

_TILE = 256
_ZLIB_LEVEL = 6
_BIGTIFF_BYTES = (4 << 30) - (64 << 20)
_CENTIMETRE_UM = 1e4


def write_image(
    path: Path,
    stack: Stack,
    metadata: ImageMetadata,
    check: Callable[[], None] = lambda: None,
    *,
    of_labels: bool = False,
) -> None:
    """Write a stack as OME-TIFF, whole or not at all.

    Memory stays bounded: tiles are taken from the stack one after the other.

    Args:
        path: the file, best with a name that ends in `.ome.tif`.
        stack: (T, C, Z, Y, X) of 8, 16 or 32-bit integers or 32 or 64-bit floats.
        metadata: sizes, channels and texts; one channel for each of C.
        check: called for every tile; may raise to stop, and nothing is left then.
        of_labels: whether pixels are numbers of objects.

    Raises:
        DiskFull: there is no room.
        InvalidInput: the folder cannot be written.
        ValueError: the stack has other axes or another type, or the channels do not fit.
    """
    require_fitting(stack, metadata)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            replace_file(path) as part,
            pyramid(stack, path.parent, check, of_labels=of_labels) as levels,
        ):
            _write_levels(part, levels, metadata, check)


def _write_levels(
    part: Path, levels: list[Stack], metadata: ImageMetadata, check: Callable[[], None]
) -> None:
    import tifffile

    base = levels[0]
    xml = ome_xml(base.shape, base.dtype.name, metadata)
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
    _, y, x = trusted_sizes_um(sizes)
    if x is None or y is None:
        return {"resolutionunit": "none"}
    per_cm = (_CENTIMETRE_UM / (x * factor), _CENTIMETRE_UM / (y * factor))
    return {"resolution": per_cm, "resolutionunit": "centimeter"}


def _tiles(level: Stack, check: Callable[[], None]) -> Iterator[NDArray[Any]]:
    """Give the tiles of a level page by page and row by row, filled up with zeros at the edges."""
    rows, columns = level.shape[3:]
    for t, c, z in np.ndindex(*level.shape[:3]):
        for y, x in product(range(0, rows, _TILE), range(0, columns, _TILE)):
            check()
            if x == 0:
                let_go(level)
            tile = level[t, c, z, y : y + _TILE, x : x + _TILE]
            if tile.shape == (_TILE, _TILE):
                yield np.ascontiguousarray(tile)
            else:
                full = np.zeros((_TILE, _TILE), level.dtype)
                full[: tile.shape[0], : tile.shape[1]] = tile
                yield full
