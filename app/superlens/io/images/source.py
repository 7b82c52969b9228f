"""What every opened image file can do, and the checks that all readers share."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Protocol, Self

import psutil
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput, UnreadableFile
from superlens.core.jobs import Roi
from superlens.core.records import ImageInfo, SceneInfo
from superlens.io.disk import readable_bytes


class ImageSource(Protocol):
    """An open image file, read lazily; to be closed, best by `with`."""

    @property
    def info(self) -> ImageInfo:
        """What the file holds."""
        ...

    def plane(self, scene: int, t: int, c: int, z: int) -> NDArray[Any]:
        """Give one plane.

        Returns:
            (Y, X), or (Y, X, 3) when the scene is RGB, in the stored type.

        Raises:
            InvalidInput: there is no such plane.
            UnreadableFile: its pixels are damaged or do not fit into memory.
        """
        ...

    def region(self, scene: int, t: int, c: int, z: int, roi: Roi) -> NDArray[Any]:
        """Give a rectangle of one plane, decoding no more than it must; errors as `plane`."""
        ...

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class OpenImage(ABC):
    """What every reader has alike; a reader sets `_info`, reads regions and closes."""

    _info: ImageInfo

    @property
    def info(self) -> ImageInfo:
        return self._info

    def plane(self, scene: int, t: int, c: int, z: int) -> NDArray[Any]:
        return self.region(scene, t, c, z, whole(scene_of(self._info, scene)))

    @abstractmethod
    def region(self, scene: int, t: int, c: int, z: int, roi: Roi) -> NDArray[Any]:
        """See `ImageSource.region`."""

    @abstractmethod
    def close(self) -> None:
        """See `ImageSource.close`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def scene_of(info: ImageInfo, index: int) -> SceneInfo:
    """Give a scene by its number.

    Raises:
        InvalidInput: there is no such scene.
    """
    if not 0 <= index < len(info.scenes):
        raise InvalidInput(
            f"There is no scene {index} in {info.path}",
            f"It has {len(info.scenes)}; they count from 0",
        )
    return info.scenes[index]


def whole(scene: SceneInfo) -> Roi:
    """Give the rectangle that covers a whole plane."""
    return Roi(0, 0, scene.size("X"), scene.size("Y"))


def require_inside(scene: SceneInfo, t: int, c: int, z: int, roi: Roi) -> None:
    """Make sure that a rectangle of a plane exists.

    Raises:
        InvalidInput: it does not; the message gives the sizes.
    """
    for axis, index in (("T", t), ("C", c), ("Z", z)):
        if not 0 <= index < scene.size(axis):
            raise InvalidInput(
                f"There is no {axis} = {index} in the scene {scene.name}",
                f"It has {scene.size(axis)} along {axis}; they count from 0",
            )
    width, height = scene.size("X"), scene.size("Y")
    fits_x = roi.x >= 0 and roi.width > 0 and roi.x + roi.width <= width
    fits_y = roi.y >= 0 and roi.height > 0 and roi.y + roi.height <= height
    if not (fits_x and fits_y):
        raise InvalidInput(
            f"The region {roi.x},{roi.y},{roi.width},{roi.height} "
            f"is not inside the image of {width} × {height} pixels",
            "Choose a region inside it",
        )


def require_memory(name: str, needed_bytes: int) -> None:
    """Make sure that pixels fit into memory before room is made for them.

    Raises:
        UnreadableFile: they do not; the message gives both numbers.
    """
    free = psutil.virtual_memory().available
    if needed_bytes > free:
        raise UnreadableFile(
            f"{name} needs {readable_bytes(needed_bytes)} of memory for one piece, "
            f"and {readable_bytes(free)} are free",
            "Read a region of it, close other programs, or save the image in tiles",
        )
