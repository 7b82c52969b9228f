"""Reading the planes of an opened image for restoration: which part of it, and whether it is sound.

Torch-free.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput, InvalidParameter, UnsupportedImage
from superlens.core.jobs import InputImage, Roi
from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.core.units import PixelSizes, entered_pixel_size
from superlens.engine.tiling import ReadRegion
from superlens.prepare.normalisation import PlaneSource

_MAX_WHOLE_PLANE = 1 << 24
"""Planes up to this many pixels are read once; larger ones rectangle by rectangle."""
_BAND_PIXELS = 1 << 24


@dataclass(frozen=True, slots=True)
class PlaneIndex:
    """One plane of an image."""

    scene: int = 0
    t: int = 0
    c: int = 0
    z: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """The part of an image that a request names."""

    scene: int
    info: SceneInfo
    channels: tuple[int, ...]
    roi: Roi
    pixel_sizes: PixelSizes

    @property
    def planes(self) -> tuple[PlaneIndex, ...]:
        """All planes, channel by channel."""
        return tuple(
            PlaneIndex(self.scene, t, c, z)
            for c in self.channels
            for t in range(self.info.size("T"))
            for z in range(self.info.size("Z"))
        )

    @property
    def channel_infos(self) -> tuple[ChannelInfo, ...]:
        """Names and wavelengths of the channels."""
        return tuple(self.info.channels[c] for c in self.channels)

    @property
    def plane_shape(self) -> tuple[int, int]:
        """Shape (Y, X) of a whole plane, of which the region may be a part."""
        return self.info.size("Y"), self.info.size("X")

    @property
    def stack_shape(self) -> tuple[int, int, int]:
        """Sizes along T, C and Z."""
        return self.info.size("T"), len(self.channels), self.info.size("Z")


def choose_subject(image: ImageInfo, wanted: InputImage, roi: Roi | None) -> Subject:
    """Give the part of an image that a request names, or say why it cannot be restored.

    Raises:
        InvalidParameter: there is no such scene or channel, or the region lies outside the image.
        UnsupportedImage: the planes are colour pictures.
    """
    if not 0 <= wanted.scene < len(image.scenes):
        raise InvalidParameter(
            f"There is no scene {wanted.scene} in {image.path}",
            f"Its scenes are 0 to {len(image.scenes) - 1}",
        )
    info = image.scenes[wanted.scene]
    if info.is_rgb:
        raise UnsupportedImage(
            f"{image.path} is a colour picture (RGB), not a measurement of light per channel",
            "Export the channels of the microscope as grey images without colours burnt in",
        )
    count = info.size("C")
    if wanted.channel is not None and not 0 <= wanted.channel < count:
        raise InvalidParameter(
            f"There is no channel {wanted.channel} in {image.path}",
            f"Its channels are 0 to {count - 1}",
        )
    channels = tuple(range(count)) if wanted.channel is None else (wanted.channel,)
    sizes = info.pixel_sizes
    if wanted.pixel_size_um is not None:
        sizes = entered_pixel_size(wanted.pixel_size_um, sizes)
    return Subject(wanted.scene, info, channels, _inside(roi, info), sizes)


def open_plane(source: PlaneSource, where: PlaneIndex) -> tuple[ReadRegion, tuple[int, int]]:
    """Give a reader of rectangles of one plane, and the plane's shape (Y, X)."""
    info = source.info.scenes[where.scene]
    shape = (info.size("Y"), info.size("X"))
    place = (where.scene, where.t, where.c, where.z)
    if shape[0] * shape[1] > _MAX_WHOLE_PLANE:
        return (lambda roi: source.region(*place, roi)), shape
    plane = source.plane(*place)
    return (lambda roi: plane[roi.y : roi.y + roi.height, roi.x : roi.x + roi.width]), shape


def require_numbers(source: PlaneSource, subject: Subject, check: Callable[[], None]) -> None:
    """Make sure that every pixel of the subject's planes is a number.

    Args:
        source: the opened image.
        subject: which planes.
        check: called between planes and bands; may raise to stop.

    Raises:
        InvalidInput: some or all pixels are NaN or infinite.
    """
    if np.dtype(subject.info.dtype).kind != "f":
        return
    missing = total = 0
    for where in subject.planes:
        for band in _bands(source, where):
            check()
            missing += band.size - int(np.isfinite(band).sum())
            total += band.size
    if missing == total:
        raise InvalidInput(
            "The image holds no numbers: every pixel is NaN or infinite",
            "Export it again from the program that made it",
        )
    if missing:
        raise InvalidInput(
            f"{missing} of {total} pixels are NaN or infinite",
            "Replace them, for instance by the median of their neighbours, and try again",
        )


def _bands(source: PlaneSource, where: PlaneIndex) -> Iterator[NDArray[Any]]:
    read, (height, width) = open_plane(source, where)
    step = max(1, _BAND_PIXELS // width)
    for top in range(0, height, step):
        yield read(Roi(0, top, width, min(step, height - top)))


def _inside(roi: Roi | None, info: SceneInfo) -> Roi:
    height, width = info.size("Y"), info.size("X")
    if roi is None:
        return Roi(0, 0, width, height)
    fits = roi.x >= 0 and roi.y >= 0 and roi.x + roi.width <= width
    if not fits or roi.y + roi.height > height or roi.width < 1 or roi.height < 1:
        raise InvalidParameter(
            f"The region {roi.x},{roi.y},{roi.width},{roi.height} is not inside the image",
            f"The image is {width} x {height} pixels; a region is X,Y,WIDTH,HEIGHT",
        )
    return roi
