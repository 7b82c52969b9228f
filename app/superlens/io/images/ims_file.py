"""Imaris IMS files, by h5py: every stored level, read by region."""

import math
from datetime import datetime
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.core.units import PixelSizes
from superlens.io.images.foreign_source import ForeignImage, missing_planes
from superlens.io.images.optics import Objective, colour_of, moment, objective, positive
from superlens.io.images.pixel_sizes import Length, reported_sizes, to_micrometres
from superlens.io.images.source import PlaneRequest, require_memory

_LEVELS = "DataSet"
_FULL = "DataSet/ResolutionLevel 0"
_IMAGE = "DataSetInfo/Image"


class ImsImage(ForeignImage):
    """An open IMS file."""

    def _opened(self, path: Path) -> Any:
        import h5py  # pyright: ignore[reportMissingTypeStubs]

        # Locks fail on network folders, and nothing is written.
        return h5py.File(path, "r", locking=False)

    def _described(self, path: Path) -> ImageInfo:
        if "DataSet" not in self._handle:
            raise UnsupportedImage(
                f"{path.name} is an HDF5 file, but not one of Imaris, which is all Superlens reads",
                "Export it as OME-TIFF with the program that made it, or with Fiji",
            )
        times = _count(_member(self._name, self._handle, _FULL), "TimePoint")
        channels = _count(_member(self._name, self._handle, f"{_FULL}/TimePoint 0"), "Channel")
        if 0 in (times, channels):
            raise missing_planes(path.name, 0, 1)
        first = _member(self._name, self._handle, f"{_FULL}/TimePoint 0/Channel 0")
        data = _data(self._name, first)
        # Stored arrays may be padded to whole blocks.
        z, y, x = (
            int(_text(first, f"ImageSize{axis}") or stored)
            for axis, stored in zip("ZYX", data.shape, strict=True)
        )
        self._shapes = [(z, y, x)]
        if any(size > stored for size, stored in zip((z, y, x), data.shape, strict=True)):
            raise missing_planes(path.name, data.shape[0], z)
        self._shapes += self._smaller_shapes(data.dtype)
        lens = _lens(self._info_group(_IMAGE))
        scene = SceneInfo(
            name="Scene 1",
            shape=(times, channels, z, y, x),
            dtype=data.dtype.name,
            pixel_sizes=_pixel_sizes(self._info_group(_IMAGE), (z, y, x)),
            channels=tuple(self._channel(index) for index in range(channels)),
            numerical_aperture=lens.numerical_aperture,
            time_interval_s=_interval(self._info_group("DataSetInfo/TimeInfo"), times),
            objective=lens.name,
            magnification=lens.magnification,
            acquired_at=moment(_text(self._info_group(_IMAGE), "RecordingDate")),
            smaller_levels=tuple(shape[1:] for shape in self._shapes[1:]),
        )
        return ImageInfo(str(path), "Imaris IMS", (scene,))

    def _pixels(self, wanted: PlaneRequest) -> NDArray[Any]:
        shape = self._shapes[wanted.level]
        place = f"{_LEVELS}/ResolutionLevel {wanted.level}/TimePoint {wanted.t}/Channel {wanted.c}"
        data = _data(self._name, _member(self._name, self._handle, place))
        if any(size > stored for size, stored in zip(shape, data.shape, strict=True)):
            raise missing_planes(self._name, data.shape[0], shape[0])
        # A level with fewer slices gives the one that covers the slice asked for.
        z, roi = wanted.z * shape[0] // self._shapes[0][0], wanted.roi
        pixels: NDArray[Any] = data[z, roi.y : roi.y + roi.height, roi.x : roi.x + roi.width]
        return pixels

    def _smaller_shapes(self, dtype: Any) -> list[tuple[int, int, int]]:
        """Give Z, Y and X of each further level that is stored."""
        shapes: list[tuple[int, int, int]] = []
        for number in range(1, _count(self._handle[_LEVELS], "ResolutionLevel")):
            place = f"{_LEVELS}/ResolutionLevel {number}/TimePoint 0/Channel 0"
            first = _found(self._name, self._handle, place)
            if first is None or "Data" not in first:
                break
            data = _data(self._name, first)
            stated = (_text(first, f"ImageSize{axis}") for axis in "ZYX")
            z, y, x = (
                min(int(size or stored), stored)
                for size, stored in zip(stated, data.shape, strict=True)
            )
            if data.dtype != dtype or min(z, y, x) < 1:
                break
            shapes.append((z, y, x))
        return shapes

    def _info_group(self, place: str) -> Any:
        """Give a group of facts, or None where it is absent."""
        return _found(self._name, self._handle, place)

    def _channel(self, index: int) -> ChannelInfo:
        group = self._info_group(f"DataSetInfo/Channel {index}")
        return ChannelInfo(
            _text(group, "Name") or f"Channel {index + 1}",
            positive(_text(group, "LSMEmissionWavelength")),
            positive(_text(group, "LSMExcitationWavelength")),
            _colour(_text(group, "Color")),
        )


def _member(name: str, group: Any, place: str) -> Any:
    """Give a group or array by its path."""
    found = _found(name, group, place)
    if found is None:
        raise UnreadableFile(
            f"{name} is damaged: {place.rpartition('/')[2]!r} is missing",
            "Copy it again from where it came from",
        )
    return found


def _found(name: str, group: Any, place: str) -> Any:
    """Give a group or array by its path, or None; never one that lies in another file."""
    import h5py  # pyright: ignore[reportMissingTypeStubs]

    for part in place.split("/"):
        link = group.get(part, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise _elsewhere(name)
        group = group[part]
    return group


def _data(name: str, channel: Any) -> Any:
    """Give the array of a channel, after looking that it is there and harmless to read."""
    data = _member(name, channel, "Data")
    if data.external or data.is_virtual:
        raise _elsewhere(name)
    if data.ndim != 3:
        raise UnreadableFile(
            f"{name} is damaged: its pixels have {data.ndim} axes, not 3",
            "Copy it again from where it came from",
        )
    if data.id.get_storage_size() == 0:
        # The library gives black for pixels that are not there.
        raise missing_planes(name, 0, data.shape[0])
    require_memory(name, math.prod(data.chunks or (1,)) * data.dtype.itemsize)
    return data


def _elsewhere(name: str) -> UnreadableFile:
    return UnreadableFile(
        f"{name} keeps its pixels in another file, which is not read",
        "Save it as one IMS file with Imaris, or export it as OME-TIFF",
    )


def _count(group: Any, word: str) -> int:
    """Give how many members are named `word 0`, `word 1` and so on without a gap."""
    count = 0
    while f"{word} {count}" in group:
        count += 1
    return count


def _text(group: Any, name: str) -> str | None:
    """Give an attribute, which is stored as an array of characters and may end in NUL bytes."""
    if group is None or name not in group.attrs:
        return None
    value = group.attrs[name]
    raw = value if isinstance(value, str | bytes) else b"".join(value.ravel().tolist())
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return text.strip("\0 \t\r\n") or None


def _pixel_sizes(image: Any, shape: tuple[int, int, int]) -> PixelSizes:
    z, y, x = shape
    unit = _text(image, "Unit") or "um"
    lengths = [
        _length(_text(image, f"ExtMin{axis}"), _text(image, f"ExtMax{axis}"), count, unit)
        for axis, count in enumerate((x, y, z))
    ]
    length = Length(lengths[2] if z > 1 else None, lengths[1], lengths[0])
    return reported_sizes(length, "IMS ExtMin and ExtMax")


def _length(start: str | None, end: str | None, count: int, unit: str) -> float | None:
    try:
        extent = abs(float(end or "") - float(start or ""))
    except ValueError:
        return None
    return to_micrometres(positive(extent / count), unit)


def _lens(image: Any) -> Objective:
    power, aperture = (_text(image, name) for name in ("LensPower", "NumericalAperture"))
    magnification = positive((power or "").rstrip("xX "))
    return objective("", magnification, aperture)


def _colour(text: str | None) -> str | None:
    """Give the colour of three numbers from 0 to 1."""
    try:
        return colour_of([round(255 * float(part)) for part in (text or "").split()])
    except (ValueError, OverflowError):
        return None


def _interval(times: Any, count: int) -> float | None:
    """Give the mean time between time points; their moments stand as text, counted from 1."""
    if count < 2:
        return None
    try:
        first, last = (
            datetime.fromisoformat(_text(times, f"TimePoint{number}") or "")
            for number in (1, count)
        )
    except ValueError:
        return None
    return positive((last - first).total_seconds() / (count - 1))
