"""Nikon ND2 files of today's container, by nd2: positions are scenes; read frame by frame."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.core.units import PixelSizes
from superlens.io.images.foreign_source import (
    ForeignImage,
    crop,
    missing_planes,
    plain_channels,
    unsupported,
)
from superlens.io.images.optics import (
    NO_OBJECTIVE,
    Objective,
    colour_of,
    moment_of_julian_day,
    objective,
    positive,
)
from superlens.io.images.pixel_sizes import Length, reported_sizes
from superlens.io.images.reader_errors import quiet_library_log
from superlens.io.images.source import PlaneRequest


class Nd2Image(ForeignImage):
    """An open ND2 file."""

    def _opened(self, path: Path) -> Any:
        import nd2

        quiet_library_log("nd2")
        return nd2.ND2File(path)

    def _described(self, path: Path) -> ImageInfo:
        attributes = self._handle.attributes
        _require_grey_and_exact(path.name, attributes)
        self._loops = _loops(path.name, self._handle)
        self._count = math.prod(self._loops.values())
        self._stored = _stored_frames(self._handle, self._count, path.stat().st_size)
        found = len(self._stored)
        if found == 0:
            raise missing_planes(path.name, 0, self._count)
        told = f"{self._count - found} of {self._count} frames were never written to this file"
        warnings = (told,) if found < self._count else ()
        return ImageInfo(str(path), "Nikon ND2", self._scenes(), warnings)

    def _pixels(self, wanted: PlaneRequest) -> NDArray[Any]:
        place = {"P": wanted.scene, "T": wanted.t, "Z": wanted.z}
        index = 0
        for axis, size in self._loops.items():
            index = index * size + place[axis]
        if index not in self._stored:
            # The library gives zeros for frames that are not there.
            raise missing_planes(self._name, len(self._stored), self._count)
        attributes = self._handle.attributes
        shape = (attributes.componentCount, attributes.heightPx, attributes.widthPx)
        return crop(self._handle.read_frame(index).reshape(shape)[wanted.c], wanted.roi)

    def _scenes(self) -> tuple[SceneInfo, ...]:
        file, loops = self._handle, self._loops
        attributes = file.attributes
        count = attributes.componentCount
        plane = (attributes.heightPx, attributes.widthPx)
        described = tuple(file.metadata.channels or ())
        lens = _lens(described)
        acquired_at = _acquired_at(file)
        return tuple(
            SceneInfo(
                name=name,
                shape=(loops.get("T", 1), count, loops.get("Z", 1), *plane),
                dtype=np.dtype(file.dtype).name,
                pixel_sizes=_pixel_sizes(described, has_z="Z" in loops),
                channels=_channel_infos(described, count),
                numerical_aperture=lens.numerical_aperture,
                time_interval_s=_interval(file),
                objective=lens.name,
                magnification=lens.magnification,
                acquired_at=acquired_at,
            )
            for name in _position_names(file, loops.get("P", 1))
        )


def _require_grey_and_exact(name: str, attributes: Any) -> None:
    if attributes.componentCount != (attributes.channelCount or 1):
        raise unsupported(name, "colour pictures in an ND2 file")
    if attributes.compressionType == "lossy":
        raise unsupported(name, "pixels that are compressed with loss in an ND2 file")


def _loops(name: str, file: Any) -> dict[str, int]:
    """Give the loops over the frames in their order: of P, T and Z, those that are there."""
    loops = {axis: size for axis, size in file.sizes.items() if axis not in "CYXS"}
    foreign = [axis for axis in loops if axis not in ("P", "T", "Z")]
    if foreign:
        raise unsupported(name, f"a loop of the kind {foreign[0]!r}")
    return loops


def _stored_frames(file: Any, count: int, file_bytes: int) -> frozenset[int]:
    """Give the numbers of the frames whose pixels lie inside the file."""
    attributes = file.attributes
    is_packed = attributes.compressionType is not None
    needed = 1 if is_packed else attributes.heightPx * (attributes.widthBytes or 1)
    # The library has no public question for this.
    offsets: dict[int, int] = file._rdr._frame_offsets
    return frozenset(
        index
        for index, offset in offsets.items()
        if 0 <= index < count and 0 < offset <= file_bytes - needed
    )


def _pixel_sizes(described: tuple[Any, ...], *, has_z: bool) -> PixelSizes:
    if not described:
        return PixelSizes()
    volume = described[0].volume
    x, y, z = (
        positive(size) if is_known else None
        for size, is_known in zip(volume.axesCalibration, volume.axesCalibrated, strict=True)
    )
    # Without a Z axis the file says 1.0, which nobody measured.
    return reported_sizes(Length(z if has_z else None, y, x), "ND2 axesCalibration")


def _channel_infos(described: tuple[Any, ...], count: int) -> tuple[ChannelInfo, ...]:
    if len(described) != count:
        return plain_channels(count)
    return tuple(
        ChannelInfo(
            item.channel.name or f"Channel {index + 1}",
            positive(item.channel.emissionLambdaNm),
            positive(item.channel.excitationLambdaNm),
            colour_of(tuple(item.channel.color)),
        )
        for index, item in enumerate(described)
    )


def _lens(described: tuple[Any, ...]) -> Objective:
    if not described:
        return NO_OBJECTIVE
    seen = described[0].microscope
    return objective(
        seen.objectiveName, seen.objectiveMagnification, seen.objectiveNumericalAperture
    )


def _acquired_at(file: Any) -> str | None:
    try:
        channels = file.frame_metadata(0).channels
    except (AttributeError, LookupError, ValueError, TypeError):
        # Files of other programs have no facts about their frames.
        return None
    return moment_of_julian_day(channels[0].time.absoluteJulianDayNumber) if channels else None


def _position_names(file: Any, count: int) -> tuple[str, ...]:
    points = next(
        (loop.parameters.points for loop in file.experiment if loop.type == "XYPosLoop"), ()
    )
    names = [point.name for point in points] if len(points) == count else [None] * count
    return tuple(name or f"Scene {index + 1}" for index, name in enumerate(names))


def _interval(file: Any) -> float | None:
    for loop in file.experiment:
        if loop.type == "TimeLoop":
            period = loop.parameters.periodDiff.avg or loop.parameters.periodMs
            milliseconds = positive(period)
            return None if milliseconds is None else milliseconds / 1000
    return None
