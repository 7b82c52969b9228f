"""OME-Zarr as Superlens writes it: a folder of chunks with a pyramid, of version 0.5 or 0.4.

zarr is imported when a folder is written. Metadata: `zarr_metadata_writing`; what that has no
place for stands as OME-XML in `OME/METADATA.ome.xml`, where converters of Bio-Formats put it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from superlens.io.atomic import replace_folder
from superlens.io.image_metadata import ImageMetadata, require_fitting
from superlens.io.ome_writing import ome_xml
from superlens.io.pyramid import Stack, pyramid
from superlens.io.system_errors import writing
from superlens.io.zarr_metadata_writing import ome_attributes

_CHUNK_PX = 512
_SHARD_PX = 2048
_SHARD_BYTES = 64 << 20
_ZLIB_LEVEL = 6
_ZSTD_LEVEL = 3
_AXES = ("t", "c", "z", "y", "x")


class ZarrVersion(StrEnum):
    """Of the OME-Zarr specification."""

    V04 = "0.4"
    """On Zarr 2: what Fiji and QuPath read."""
    V05 = "0.5"
    """On Zarr 3."""


@dataclass(frozen=True, slots=True)
class ZarrLayout:
    """How the pixels lie in the folder."""

    version: ZarrVersion = ZarrVersion.V05
    is_sharded: bool = True
    """Many chunks in one file, so that a folder holds tens of files, not thousands; 0.5 alone."""


def write_zarr(
    folder: Path,
    stack: Stack,
    metadata: ImageMetadata,
    layout: ZarrLayout | None = None,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write a stack as OME-Zarr folder, whole or not at all.

    Memory stays bounded: a block of at most 64 MiB is taken from the stack at a time. A folder of
    that name that stands already is replaced when the new one is whole.

    Args:
        folder: best with a name that ends in `.ome.zarr`.
        stack: (T, C, Z, Y, X) of 8, 16 or 32-bit integers or 32 or 64-bit floats.
        metadata: sizes, channels and texts; one channel for each of C.
        layout: version and shards; None takes 0.5 with shards.
        check: called for every block; may raise to stop, and nothing is left then.

    Raises:
        DiskFull: there is no room.
        InvalidInput: the folder cannot be written.
        ValueError: the stack has other axes or another type, or the channels do not fit.
    """
    require_fitting(stack, metadata)
    chosen = layout or ZarrLayout()
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (
            replace_folder(folder) as part,
            pyramid(stack, folder.parent, check) as levels,
        ):
            attributes = ome_attributes(chosen.version.value, levels, metadata)
            _write_group(part, chosen, attributes)
            _write_xml(part, chosen, stack, metadata)
            for index, level in enumerate(levels):
                _write_level(part / str(index), level, chosen, check)


def _write_group(folder: Path, layout: ZarrLayout, attributes: dict[str, Any]) -> None:
    """Write the JSON files of a group by hand: they are the format."""
    folder.mkdir(parents=True, exist_ok=True)
    documents: dict[str, dict[str, Any]]
    if layout.version is ZarrVersion.V04:
        documents = {".zgroup": {"zarr_format": 2}, ".zattrs": attributes}
    else:
        group = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
        documents = {"zarr.json": group}
    for name, document in documents.items():
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
        (folder / name).write_text(text, encoding="utf-8")


def _write_xml(part: Path, layout: ZarrLayout, stack: Stack, metadata: ImageMetadata) -> None:
    _write_group(part / "OME", layout, {})
    xml = ome_xml(stack.shape, stack.dtype.name, metadata, has_tiff_data=False)
    (part / "OME" / "METADATA.ome.xml").write_text(xml, encoding="utf-8")


def _write_level(folder: Path, level: Stack, layout: ZarrLayout, check: Callable[[], None]) -> None:
    chunk = (1, 1, 1, min(_CHUNK_PX, level.shape[3]), min(_CHUNK_PX, level.shape[4]))
    is_sharded = layout.is_sharded and layout.version is ZarrVersion.V05
    block = _shard(level, chunk)
    array = _array(folder, level, layout, chunk, block if is_sharded else None)
    for place in _blocks(level.shape, block):
        check()
        array[place] = np.ascontiguousarray(level[place])


def _shard(level: Stack, chunk: tuple[int, ...]) -> tuple[int, ...]:
    """Give the shape of a block that is written at once: whole chunks, as many slices as fit."""
    y, x = (
        side * max(1, min(_SHARD_PX, -(-size // side) * side) // side)
        for side, size in zip(chunk[3:], level.shape[3:], strict=True)
    )
    slices = _SHARD_BYTES // (y * x * level.dtype.itemsize)
    return 1, 1, max(1, min(level.shape[2], slices)), y, x


def _blocks(shape: tuple[int, ...], block: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    starts = (range(0, size, step) for size, step in zip(shape, block, strict=True))
    for corner in product(*starts):
        yield tuple(
            slice(start, min(start + step, size))
            for start, step, size in zip(corner, block, shape, strict=True)
        )


def _array(
    folder: Path,
    level: Stack,
    layout: ZarrLayout,
    chunk: tuple[int, ...],
    shard: tuple[int, ...] | None,
) -> Any:
    """Make an array without pixels.

    Codecs: for 0.4 zlib, which needs no native library anywhere; for 0.5 Zstandard.
    """
    import zarr
    from zarr.codecs import ZstdCodec
    from zarr.storage import LocalStore

    is_old = layout.version is ZarrVersion.V04
    array: Any = zarr.create_array(  # pyright: ignore[reportUnknownMemberType]
        store=LocalStore(folder),
        shape=level.shape,
        dtype=level.dtype,
        chunks=chunk,
        shards=shard,
        compressors=(
            {"id": "zlib", "level": _ZLIB_LEVEL}
            if is_old
            else ZstdCodec(level=_ZSTD_LEVEL, checksum=True)
        ),
        fill_value=0,
        zarr_format=2 if is_old else 3,
        chunk_key_encoding={"name": "v2" if is_old else "default", "separator": "/"},
        dimension_names=None if is_old else _AXES,
        # A chunk of zeros is written too: one that is missing means that the folder is incomplete.
        config={"write_empty_chunks": True},
    )
    return array
