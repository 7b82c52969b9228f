"""Zeiss CZI files, by pylibCZIrw: scenes of one or many tiles, read by region."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.records import ImageInfo, SceneInfo
from superlens.io.images.czi_xml import CziFacts, parse_czi
from superlens.io.images.foreign_source import (
    ForeignImage,
    missing_planes,
    unsupported,
)
from superlens.io.images.source import PlaneRequest

_DTYPES = {
    "Gray8": "uint8",
    "Gray16": "uint16",
    "Gray32Float": "float32",
    "Bgr24": "uint8",
    "Bgr48": "uint16",
}
_FOREIGN_AXES = {
    "H": "phases (raw Airyscan or SIM data)",
    "V": "views",
    "I": "illuminations",
    "R": "rotations",
    "B": "blocks",
}


@dataclass(frozen=True, slots=True)
class _Area:
    """Where a scene lies on the stage, in pixels."""

    number: int | None
    """As the file counts it; None where the file has no scenes."""
    x: int
    y: int
    width: int
    height: int


class CziImage(ForeignImage):
    """An open CZI file."""

    def _opened(self, path: Path) -> Any:
        from pylibCZIrw import czi  # pyright: ignore[reportMissingTypeStubs]

        return czi.CziReader(str(path))

    def _described(self, path: Path) -> ImageInfo:
        box: dict[str, tuple[int, int]] = self._handle.total_bounding_box
        _require_known_axes(path.name, {axis: end - start for axis, (start, end) in box.items()})
        self._stored, ratios = _stored_blocks(self._handle)
        self._starts, counts = _ranges(path.name, self._stored)
        first = self._starts[1]
        kind = _pixel_type(path.name, self._handle, range(first, first + counts[1]))
        self._is_colour = kind.startswith("Bgr")
        self._areas = _areas(self._handle)
        self._declared = len(self._areas) * math.prod(counts)
        missing = self._declared - len(self._stored)
        told = f"{missing} of {self._declared} planes were never written to this file"
        facts = parse_czi(self._handle.raw_metadata)
        scenes = tuple(
            replace(
                _scene(index, area, counts, kind, facts),
                smaller_levels=_level_sizes(area, ratios.get(area.number or 0, frozenset())),
            )
            for index, area in enumerate(self._areas)
        )
        return ImageInfo(str(path), "Zeiss CZI", scenes, (told,) if missing > 0 else ())

    def _pixels(self, wanted: PlaneRequest) -> NDArray[Any]:
        area, roi = self._areas[wanted.scene], wanted.roi
        asked = zip(self._starts, (wanted.t, wanted.c, wanted.z), strict=True)
        t, c, z = (start + index for start, index in asked)
        if (area.number or 0, t, c, z) not in self._stored:
            # The library gives black for planes that are not there.
            raise missing_planes(self._name, len(self._stored), self._declared)
        ratio = 2**wanted.level
        pixels = self._handle.read(
            roi=(
                area.x + roi.x * ratio,
                area.y + roi.y * ratio,
                roi.width * ratio,
                roi.height * ratio,
            ),
            plane={"T": t, "C": c, "Z": z},
            scene=area.number,
            zoom=1 / ratio,
        )
        return pixels[..., ::-1] if self._is_colour else pixels[..., 0]


def _require_known_axes(name: str, sizes: dict[str, int]) -> None:
    for axis, words in _FOREIGN_AXES.items():
        if sizes.get(axis, 1) > 1:
            raise unsupported(name, f"{sizes[axis]} {words}")


def _ranges(
    name: str, planes: frozenset[tuple[int, int, int, int]]
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Give the first numbers and the sizes along T, C and Z; a part of a file starts anywhere."""
    if not planes:
        raise missing_planes(name, 0, 1)
    _, *numbers = zip(*planes, strict=True)
    t, c, z = ((min(along), max(along) - min(along) + 1) for along in numbers)
    # A damaged number makes an axis of millions, over which the library would then loop.
    if max(t[1], c[1], z[1]) > len(planes):
        raise missing_planes(name, len(planes), max(t[1], c[1], z[1]))
    return (t[0], c[0], z[0]), (t[1], c[1], z[1])


def _pixel_type(name: str, file: Any, channels: range) -> str:
    kinds: list[str] = sorted({file.get_channel_pixel_type(channel) for channel in channels})
    if len(kinds) > 1:
        raise unsupported(name, f"channels of different types ({' and '.join(kinds)})")
    if kinds[0] not in _DTYPES:
        raise unsupported(name, f"pixels of the type {kinds[0]}")
    return kinds[0]


def _areas(file: Any) -> tuple[_Area, ...]:
    scenes: dict[int, Any] = file.scenes_bounding_rectangle_no_pyramid
    found = sorted(scenes.items()) or [(None, file.total_bounding_rectangle_no_pyramid)]
    return tuple(_Area(number, box.x, box.y, box.w, box.h) for number, box in found)


def _stored_blocks(
    file: Any,
) -> tuple[frozenset[tuple[int, int, int, int]], dict[int, frozenset[int]]]:
    """Look at all tiles of a file.

    Returns:
        (scene, t, c, z) of all planes of which at least one tile was written; by scene, how many
        times smaller the further tiles of its pyramid are.
    """
    planes: set[tuple[int, int, int, int]] = set()
    ratios: dict[int, set[int]] = {}

    def remember(_: int, block: Any) -> bool:
        place: dict[str, int] = block.coordinate.to_dict()
        s, t, c, z = (place.get(axis, 0) for axis in "STCZ")
        ratio = round(1 / max(block.get_zoom(), 1e-6))
        if ratio <= 1:
            planes.add((s, t, c, z))
        else:
            ratios.setdefault(s, set()).add(ratio)
        return True

    file.enumerate_subblocks(remember)
    return frozenset(planes), {scene: frozenset(found) for scene, found in ratios.items()}


def _level_sizes(area: _Area, ratios: frozenset[int]) -> tuple[tuple[int, int], ...]:
    """Give the levels that are stored, each half as large as the one before.

    Others are left out: the library would round where their pixels lie.
    """
    sizes: list[tuple[int, int]] = []
    ratio = 2
    while ratio in ratios and min(area.width, area.height) >= ratio:
        sizes.append((area.height // ratio, area.width // ratio))
        ratio *= 2
    return tuple(sizes)


def _scene(
    index: int, area: _Area, counts: tuple[int, int, int], kind: str, facts: CziFacts
) -> SceneInfo:
    is_colour = kind.startswith("Bgr")
    shape = (*counts, area.height, area.width)
    return SceneInfo(
        name=facts.scene_names.get(area.number or 0) or f"Scene {index + 1}",
        shape=(*shape, 3) if is_colour else shape,
        dtype=np.dtype(_DTYPES[kind]).name,
        pixel_sizes=facts.pixel_sizes,
        channels=facts.channels_for(counts[1]),
        axes="TCZYXS" if is_colour else "TCZYX",
        numerical_aperture=facts.objective.numerical_aperture,
        time_interval_s=facts.time_interval_s,
        objective=facts.objective.name,
        magnification=facts.objective.magnification,
        acquired_at=facts.acquired_at,
    )
