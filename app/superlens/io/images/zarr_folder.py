"""OME-Zarr folders of versions 0.1 to 0.5, by zarr: chunks are read as they are needed.

The metadata are read by hand; zarr sees an array only after its codecs were looked at.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import UnreadableFile
from superlens.core.records import ImageInfo, SceneInfo
from superlens.io.images.foreign_source import (
    ForeignImage,
    missing_planes,
    plain_channels,
    unsupported,
)
from superlens.io.images.source import PlaneRequest, require_memory
from superlens.io.images.zarr_metadata import (
    ZarrScene,
    as_list,
    as_object,
    attributes_of,
    inside,
    read_json_file,
    read_scenes,
)

_CODECS = frozenset(
    {
        *("blosc", "bz2", "gzip", "lz4", "lzma", "zlib", "zstd"),
        *("adler32", "bitround", "crc32", "crc32c", "delta", "fletcher32", "shuffle"),
        *("bytes", "endian", "sharding_indexed", "transpose"),
    }
)
"""What may stand in a file; there is also a codec that runs any program (`pickle`)."""
_METADATA = ("zarr.json", ".zarray", ".zattrs", ".zgroup")


@dataclass(frozen=True, slots=True)
class _Level:
    """One array, and how long its axes are."""

    array: Any
    axes: str
    sizes: dict[str, int]

    def size(self, axis: str) -> int:
        return self.sizes.get(axis, 1)


@dataclass(frozen=True, slots=True)
class _Folder:
    """What is open: nothing, as chunks are files that are opened one by one."""

    scenes: tuple[ZarrScene, ...]

    def close(self) -> None:
        """Nothing to close."""


class ZarrImage(ForeignImage):
    """An open OME-Zarr folder."""

    def _opened(self, path: Path) -> _Folder:
        return _Folder(read_scenes(path))

    def _described(self, path: Path) -> ImageInfo:
        scenes: tuple[ZarrScene, ...] = self._handle.scenes
        self._levels = tuple(_levels(path, scene) for scene in scenes)
        infos = tuple(
            _scene_info(index, scene, levels)
            for index, (scene, levels) in enumerate(zip(scenes, self._levels, strict=True))
        )
        return ImageInfo(str(path), f"OME-Zarr {_version(path)}".strip(), infos)

    def _stored_bytes(self, path: Path) -> int | None:
        # Chunks that hold nothing are left out, so that any size may be declared.
        return None

    def _pixels(self, wanted: PlaneRequest) -> NDArray[Any]:
        levels = self._levels[wanted.scene]
        level, roi = levels[wanted.level], wanted.roi
        place = {
            "t": wanted.t,
            "c": wanted.c,
            # A level with fewer slices gives the one that covers the slice asked for.
            "z": wanted.z * level.size("z") // levels[0].size("z"),
            "y": slice(roi.y, roi.y + roi.height),
            "x": slice(roi.x, roi.x + roi.width),
        }
        pixels = np.asarray(level.array[tuple(place[axis] for axis in level.axes)])
        return pixels if level.axes.index("y") < level.axes.index("x") else pixels.T


def _levels(root: Path, scene: ZarrScene) -> tuple[_Level, ...]:
    """Give the arrays of a scene as long as they hold the same planes with fewer pixels."""
    levels: list[_Level] = []
    for name in scene.levels:
        folder = inside(root, scene.folder, name)
        array = _array(root.name, folder)
        if array.ndim != len(scene.axes):
            raise UnreadableFile(
                f"{root.name} is damaged: its pixels have {array.ndim} axes, not {len(scene.axes)}",
                "Copy the whole folder again from where it came from",
            )
        level = _Level(array, scene.axes, dict(zip(scene.axes, array.shape, strict=True)))
        if levels and not _continues(levels[0], levels[-1], level):
            break
        if not levels and not _holds_chunks(folder):
            raise missing_planes(root.name, 0, math.prod(level.size(axis) for axis in "tcz"))
        levels.append(level)
    return tuple(levels)


def _continues(full: _Level, larger: _Level, smaller: _Level) -> bool:
    same = all(full.size(axis) == smaller.size(axis) for axis in "tc")
    shrinks = all(0 < smaller.size(axis) <= larger.size(axis) for axis in "zyx")
    return same and shrinks and full.array.dtype == smaller.array.dtype


def _array(name: str, folder: Path) -> Any:
    """Open an array whose way of storing is known and fits into memory."""
    import zarr
    from zarr.storage import LocalStore

    for used in _codecs(folder):
        if used not in _CODECS:
            raise unsupported(name, f"pixels packed by {used!r}")
    array: Any = zarr.open_array(  # pyright: ignore[reportUnknownMemberType]
        LocalStore(folder, read_only=True), mode="r"
    )
    if array.dtype.kind not in "uif":
        raise unsupported(name, f"numbers of the type {array.dtype}")
    require_memory(name, math.prod(array.chunks) * array.dtype.itemsize)
    return array


def _codecs(folder: Path) -> set[str]:
    """Give the names of everything that packs the pixels of an array."""
    third = folder / "zarr.json"
    if third.is_file():
        return set(_names_of(read_json_file(third).get("codecs"), "name"))
    described = read_json_file(folder / ".zarray")
    listed = [described.get("compressor"), *as_list(described.get("filters"))]
    return set(_names_of([item for item in listed if item is not None], "id"))


def _names_of(codecs: Any, key: str) -> list[str]:
    names: list[str] = []
    for item in as_list(codecs):
        settings = as_object(item) or {key: item}
        names.append(str(settings.get(key)))
        inner = as_object(settings.get("configuration"))
        for part in ("codecs", "index_codecs"):
            names.extend(_names_of(inner.get(part), key))
    return names


def _holds_chunks(folder: Path) -> bool:
    return any(entry.name not in _METADATA for entry in folder.iterdir())


def _version(root: Path) -> str:
    attributes = attributes_of(root)
    scales = [as_object(item) for item in as_list(attributes.get("multiscales"))]
    places = (attributes, as_object(attributes.get("plate")), *scales[:1])
    return next((str(item["version"]) for item in places if "version" in item), "")


def _scene_info(index: int, scene: ZarrScene, levels: tuple[_Level, ...]) -> SceneInfo:
    full = levels[0]
    count = full.size("c")
    known = scene.channels if len(scene.channels) == count else plain_channels(count)
    return SceneInfo(
        name=scene.name or f"Scene {index + 1}",
        shape=tuple(full.size(axis) for axis in "tczyx"),
        dtype=np.dtype(full.array.dtype).name,
        pixel_sizes=scene.pixel_sizes,
        channels=known,
        numerical_aperture=scene.objective.numerical_aperture,
        time_interval_s=scene.time_interval_s if full.size("t") > 1 else None,
        objective=scene.objective.name,
        magnification=scene.objective.magnification,
        acquired_at=scene.acquired_at,
        smaller_levels=tuple((level.size("y"), level.size("x")) for level in levels[1:]),
    )
