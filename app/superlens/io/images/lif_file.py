"""Leica LIF, LOF and XLEF files, by liffile: images and tiles of mosaics are scenes."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import UnreadableFile
from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.core.units import PixelSizes
from superlens.io.images.foreign_source import ForeignImage, crop, unsupported
from superlens.io.images.leica_references import require_references
from superlens.io.images.optics import (
    NO_OBJECTIVE,
    Objective,
    colour_from_name,
    moment,
    objective,
    positive,
)
from superlens.io.images.pixel_sizes import Length, reported_sizes, to_micrometres
from superlens.io.images.reader_errors import quiet_library_log
from superlens.io.images.source import PlaneRequest

_DESCRIPTION = "./Data/Image/ImageDescription"
_DIMENSION_IDS = {"X": "1", "Y": "2", "Z": "3", "T": "4"}
_OPTICS = (".//ATLConfocalSettingDefinition", ".//ATLCameraSettingDefinition")
_AXIS_WORDS = {
    "λ": "emission wavelengths",
    "Λ": "excitation wavelengths",
    "S": "colours",
    "N": "one unnamed kind",
    "A": "rotations",
    "L": "loops",
}


@dataclass(frozen=True, slots=True)
class _Tile:
    """Where the planes of a scene lie."""

    image: Any
    tile: int | None
    """Of a mosaic; None where the image is none."""


class LifImage(ForeignImage):
    """An open LIF file, LOF file, or set of files that an XLEF names."""

    def _opened(self, path: Path) -> Any:
        import liffile

        quiet_library_log("liffile")
        file: Any = liffile.LifFile(path)
        try:
            self._bytes = path.stat().st_size + require_references(file, path)
        except BaseException:
            file.close()
            raise
        return file

    def _described(self, path: Path) -> ImageInfo:
        self._tiles: list[_Tile] = []
        scenes: list[SceneInfo] = []
        left_out: list[str] = []
        for image in self._handle.images:
            reason = _why_not(image)
            if reason:
                left_out.append(f"{image.name} is left out: it has {reason}")
                continue
            _require_pixels(path.name, image, path.stat().st_size)
            scenes.extend(self._scenes(image))
        if not scenes and left_out:
            raise unsupported(path.name, left_out[0].partition(": it has ")[2])
        kind = f"Leica {self._handle.type.name}"
        return ImageInfo(str(path), kind, tuple(scenes), tuple(left_out))

    def _stored_bytes(self, path: Path) -> int | None:
        return self._bytes

    def _scenes(self, image: Any) -> list[SceneInfo]:
        sizes: dict[str, int] = image.sizes
        tiles = sizes.get("M")
        self._tiles += [_Tile(image, tile) for tile in ([None] if tiles is None else range(tiles))]
        names = [image.name]
        if tiles is not None:
            names = [f"{image.name} tile {tile + 1}" for tile in range(tiles)]
        count = sizes.get("C", 1)
        lens = _lens(image)
        return [
            SceneInfo(
                name=name,
                shape=(sizes.get("T", 1), count, sizes.get("Z", 1), sizes["Y"], sizes["X"]),
                dtype=np.dtype(image.dtype).name,
                pixel_sizes=_pixel_sizes(image),
                channels=_channels(image, count),
                numerical_aperture=lens.numerical_aperture,
                time_interval_s=_step(image, "T", "s"),
                objective=lens.name,
                magnification=lens.magnification,
                acquired_at=_acquired_at(image),
            )
            for name in names
        ]

    def _pixels(self, wanted: PlaneRequest) -> NDArray[Any]:
        where = self._tiles[wanted.scene]
        place = {"T": wanted.t, "C": wanted.c, "Z": wanted.z, "M": where.tile}
        indices = {axis: index for axis, index in place.items() if axis in where.image.sizes}
        return crop(where.image.frame(**indices), wanted.roi)


def _why_not(image: Any) -> str | None:
    """Say what of an image does not fit into grey planes over T, C and Z; None when all does."""
    dims: tuple[str, ...] = image.dims
    foreign = [axis for axis in dims if axis not in ("T", "M", "C", "Z", "Y", "X")]
    if foreign:
        return f"an axis of {_AXIS_WORDS.get(foreign[0], repr(foreign[0]))}"
    if image.is_flim:
        return "lifetimes"
    return None if dims[-2:] == ("Y", "X") else "planes that are not Y by X, such as an XZ scan"


def _require_pixels(name: str, image: Any, file_bytes: int) -> None:
    """Make sure that the pixels of an image lie inside the file and inside their own block."""
    block = image.memory_block
    if block.frames and image.nbytes <= block.size:
        # In files of their own, which were looked at when the set was opened.
        return
    if image.nbytes > block.size or block.offset < 0 or block.offset + block.size > file_bytes:
        raise UnreadableFile(
            f"{name} is cut off or damaged: pixels of {image.name[:40]!r} are missing",
            "Copy it again from where it came from",
        )


def _pixel_sizes(image: Any) -> PixelSizes:
    x, y, z = (to_micrometres(_step(image, axis, "m"), "m") for axis in "XYZ")
    return reported_sizes(Length(z, y, x), "LIF DimensionDescription")


def _step(image: Any, axis: str, unit: str) -> float | None:
    """Give the distance of two neighbours along an axis, where it is stated in this unit."""
    query = f"{_DESCRIPTION}/Dimensions/DimensionDescription[@DimID='{_DIMENSION_IDS[axis]}']"
    stated = image.xml_element.find(query)
    if stated is None or stated.get("Unit") != unit:
        return None
    length, count = float(stated.get("Length", "nan")), int(stated.get("NumberOfElements", "0"))
    # A stage that moves down gives a negative length.
    return positive(abs(length) / (count - 1)) if count > 1 and math.isfinite(length) else None


def _channels(image: Any, count: int) -> tuple[ChannelInfo, ...]:
    # The detection band of a channel is no emission wavelength, so none is given.
    described = image.xml_element.findall(f"{_DESCRIPTION}/Channels/ChannelDescription")
    names = [item.get("LUTName", "").strip() for item in described]
    names = names if len(names) == count else [""] * count
    return tuple(
        ChannelInfo(name or f"Channel {index + 1}", colour=colour_from_name(name))
        for index, name in enumerate(names)
    )


def _lens(image: Any) -> Objective:
    for query in _OPTICS:
        said = image.xml_element.find(query)
        if said is not None:
            return objective(
                said.get("ObjectiveName"), said.get("Magnification"), said.get("NumericalAperture")
            )
    return NO_OBJECTIVE


def _acquired_at(image: Any) -> str | None:
    times = image.timestamps
    return None if times is None or len(times) == 0 else moment(times.flat[0])
