"""What the readers over foreign libraries share: opening, guards, planes cut out of what they give.

The libraries themselves are imported by the file of each format, inside its functions.
"""

import math
import warnings
from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.core.jobs import Roi
from superlens.core.records import ChannelInfo, ImageInfo
from superlens.io.disk import readable_bytes
from superlens.io.images.reader_errors import reader_failures
from superlens.io.images.source import OpenImage, PlaneRequest, require_memory, scene_of

_LARGEST_RATIO = 5000
"""More than any codec makes of a microscope image: deflate ends at 1032."""
_HARMLESS_BYTES = 256 << 20
_COPY_AGAIN = "Copy it again from where it came from"


class ForeignImage(OpenImage):
    """An open file of a foreign format; an `ImageSource`.

    A subclass opens the file by its library, says what it holds, and gives rectangles of planes.
    Whatever the library raises becomes `UnreadableFile`.
    """

    def __init__(self, path: Path) -> None:
        """Open a file and read its header.

        Raises:
            UnreadableFile: it is cut off or damaged.
            UnsupportedImage: its axes or its type of numbers are not supported.
        """
        self._name = path.name
        self._handle: Any = None
        with reader_failures(self._name), warnings.catch_warnings():
            # What matters to the user is found by our own checks and said in our own words.
            warnings.simplefilter("ignore")
            try:
                self._handle = self._opened(path)
                self._info = self._described(path)
                _require_sound(path.name, self._info, self._stored_bytes(path))
            except BaseException:
                self.close()
                raise

    def _region(self, wanted: PlaneRequest) -> NDArray[Any]:
        info, roi = scene_of(self._info, wanted.scene), wanted.roi
        shape = (roi.height, roi.width, 3) if info.is_rgb else (roi.height, roi.width)
        require_memory(self._name, math.prod(shape) * np.dtype(info.dtype).itemsize)
        with reader_failures(self._name), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels = np.asarray(self._pixels(wanted))
        if pixels.shape != shape or pixels.dtype.newbyteorder("=") != np.dtype(info.dtype):
            raise UnreadableFile(
                f"{self._name} is damaged: a plane is not as its header says", _COPY_AGAIN
            )
        # A copy: what a library gives may be a view of a mapped file that is closed later.
        return np.array(pixels, np.dtype(info.dtype), order="C")

    def close(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def _stored_bytes(self, path: Path) -> int | None:
        """Give how long everything together is, or None where pixels may be left out."""
        return path.stat().st_size

    @abstractmethod
    def _opened(self, path: Path) -> Any:
        """Open a file by its library; what comes back has `close`."""

    @abstractmethod
    def _described(self, path: Path) -> ImageInfo:
        """Say what the open file holds, by its headers."""

    @abstractmethod
    def _pixels(self, wanted: PlaneRequest) -> NDArray[Any]:
        """Give (y, x) or (y, x, 3) of a rectangle, in any byte order; may be a view."""


def plain_channels(count: int) -> tuple[ChannelInfo, ...]:
    """Give channels with plain names, where the file does not describe them."""
    return tuple(ChannelInfo(f"Channel {index + 1}") for index in range(count))


def crop(plane: NDArray[Any], roi: Roi) -> NDArray[Any]:
    """Give a rectangle of a plane as a view."""
    return plane[roi.y : roi.y + roi.height, roi.x : roi.x + roi.width]


def unsupported(name: str, what: str) -> UnsupportedImage:
    """Give the error for a sound file that does not fit into grey planes over `TCZYX`."""
    return UnsupportedImage(
        f"{name} has {what}, which Superlens does not read",
        "Export it as OME-TIFF with the program that made it, or with Fiji",
    )


def missing_planes(name: str, found: int, declared: int) -> UnreadableFile:
    """Give the error for a file that holds fewer planes than it says."""
    return UnreadableFile(f"{name} is cut off: {found} of {declared} planes are there", _COPY_AGAIN)


def _require_sound(name: str, info: ImageInfo, stored_bytes: int | None) -> None:
    """Make sure that what a header declares can be in its file, before memory is asked for it."""
    if not info.scenes:
        raise UnreadableFile(f"{name} holds no image", "Choose a file with images in it")
    for scene in info.scenes:
        if np.dtype(scene.dtype).kind not in "uif":
            raise UnsupportedImage(
                f"{name} holds numbers of the type {scene.dtype}, which Superlens does not read",
                "Save it with 8, 16 or 32 bits per pixel",
            )
    if any(size < 1 for scene in info.scenes for size in scene.shape):
        raise UnreadableFile(f"{name} is damaged: an axis has no length", _COPY_AGAIN)
    if stored_bytes is None:
        return
    sizes = (math.prod(scene.shape) * np.dtype(scene.dtype).itemsize for scene in info.scenes)
    declared = sum(sizes)
    if declared > _HARMLESS_BYTES and declared > stored_bytes * _LARGEST_RATIO:
        raise UnreadableFile(
            f"{name} declares {readable_bytes(declared)} of pixels "
            f"but is only {readable_bytes(stored_bytes)} long",
            "Its header is damaged; copy it again from where it came from",
        )
