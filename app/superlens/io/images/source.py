"""What every opened image file can do, and the checks that all readers share."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import psutil
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput, UnreadableFile
from superlens.core.jobs import Roi
from superlens.core.records import ImageInfo, SceneInfo
from superlens.io.disk import readable_bytes

GUESSED = "The file does not say what its "
"""How the warning of a reader begins that had to guess the name of an axis."""


@dataclass(frozen=True, slots=True)
class PlaneRequest:
    """A rectangle of one plane of a scene, at one of the levels that are stored."""

    scene: int
    t: int
    c: int
    z: int
    roi: Roi
    """In pixels of that level."""
    level: int = 0


class ImageSource(Protocol):
    """An open image file, read lazily; to be closed, best by `with`."""

    @property
    def info(self) -> ImageInfo:
        """What the file holds."""
        ...

    def plane(self, scene: int, t: int, c: int, z: int, level: int = 0) -> NDArray[Any]:
        """Give one plane.

        Args:
            scene: all numbers count from 0.
            t: time point.
            c: channel.
            z: slice; of a level that has fewer of them the one that covers it.
            level: of `SceneInfo.levels`; none but 0 where the file holds no pyramid.

        Returns:
            (Y, X), or (Y, X, 3) when the scene is RGB, in the stored type.

        Raises:
            InvalidInput: there is no such plane.
            UnreadableFile: its pixels are damaged or do not fit into memory.
        """
        ...

    def region(  # noqa: PLR0913 - the place of a plane is known by these five everywhere
        self, scene: int, t: int, c: int, z: int, roi: Roi, level: int = 0
    ) -> NDArray[Any]:
        """Give a rectangle (in pixels of its level) of one plane, decoding no more than it must.

        Errors as `plane`.
        """
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

    def plane(self, scene: int, t: int, c: int, z: int, level: int = 0) -> NDArray[Any]:
        return self.region(scene, t, c, z, whole(scene_of(self._info, scene), level), level)

    def region(  # noqa: PLR0913
        self, scene: int, t: int, c: int, z: int, roi: Roi, level: int = 0
    ) -> NDArray[Any]:
        wanted = PlaneRequest(scene, t, c, z, roi, level)
        require_inside(scene_of(self._info, scene), wanted)
        return self._region(wanted)

    @abstractmethod
    def _region(self, wanted: PlaneRequest) -> NDArray[Any]:
        """Give (y, x) or (y, x, 3) of a rectangle that exists, in the stored type."""

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


def whole(scene: SceneInfo, level: int = 0) -> Roi:
    """Give the rectangle that covers a whole plane of a level.

    Raises:
        InvalidInput: there is no such level.
    """
    height, width = _size_of_level(scene, level)
    return Roi(0, 0, width, height)


def require_inside(scene: SceneInfo, wanted: PlaneRequest) -> None:
    """Make sure that a rectangle of a plane exists.

    Raises:
        InvalidInput: it does not; the message gives the sizes.
    """
    for axis, index in (("T", wanted.t), ("C", wanted.c), ("Z", wanted.z)):
        if not 0 <= index < scene.size(axis):
            raise InvalidInput(
                f"There is no {axis} = {index} in the scene {scene.name}",
                f"It has {scene.size(axis)} along {axis}; they count from 0",
            )
    height, width = _size_of_level(scene, wanted.level)
    roi = wanted.roi
    fits_x = roi.x >= 0 and roi.width > 0 and roi.x + roi.width <= width
    fits_y = roi.y >= 0 and roi.height > 0 and roi.y + roi.height <= height
    if not (fits_x and fits_y):
        raise InvalidInput(
            f"The region {roi.x},{roi.y},{roi.width},{roi.height} "
            f"is not inside the image of {width} × {height} pixels",
            "Choose a region inside it",
        )


def _size_of_level(scene: SceneInfo, level: int) -> tuple[int, int]:
    levels = scene.levels
    if not 0 <= level < len(levels):
        raise InvalidInput(
            f"There is no level {level} in the scene {scene.name}",
            f"It has {len(levels)}; they count from 0, the full size",
        )
    return levels[level]


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
