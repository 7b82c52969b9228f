"""Formats without a reader of ours, by a library that the user has installed: bioio or aicsimageio.

Neither is shipped: see docs/files.md. They are imported when a file needs them, never at start.
"""

import logging
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import SuperlensError, UnreadableFile
from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.io.images.foreign_source import ForeignImage, crop
from superlens.io.images.optics import positive
from superlens.io.images.source import PlaneRequest

_LIBRARIES = {"bioio": "BioImage", "aicsimageio": "AICSImage"}
"""Packages and their class, the better one first."""

logger = logging.getLogger(__name__)


def plug_in() -> str | None:
    """Give the name of the library that the user has installed for further formats, or None."""
    return next((name for name in _LIBRARIES if _is_installed(name)), None)


class PlugInImage(ForeignImage):
    """An image that the library of the user has open."""

    def __init__(self, path: Path, library: str, otherwise: SuperlensError) -> None:
        """Open a file.

        Args:
            path: of a format that has no reader of ours.
            library: as `plug_in` gives it.
            otherwise: raised when the library cannot open it either.
        """
        self._library = library
        try:
            super().__init__(path)
        except UnreadableFile as error:
            logger.debug("%s could not open a file: %s", library, error.detail or error.title)
            raise otherwise from error

    def _opened(self, path: Path) -> "_Held":
        _quiet(self._library)
        open_by: Callable[[str], Any] = getattr(
            import_module(self._library), _LIBRARIES[self._library]
        )
        image = open_by(str(path))
        _quiet(self._library)
        return _Held(image)

    def _described(self, path: Path) -> ImageInfo:
        image = self._handle.image
        scenes = tuple(self._scene(image, index) for index in range(len(image.scenes)))
        told = (
            f"Read by {self._library}, which you have installed: Superlens has not checked its "
            "pixel sizes, so enter them yourself"
        )
        return ImageInfo(str(path), f"read by {self._library}", scenes, (told,))

    def _stored_bytes(self, path: Path) -> int | None:
        # Its files may have neighbours that only the library knows.
        return None

    def _pixels(self, wanted: PlaneRequest) -> NDArray[Any]:
        image = self._handle.image
        image.set_scene(wanted.scene)
        axes = "YXS" if self._info.scenes[wanted.scene].is_rgb else "YX"
        lazy = image.get_image_dask_data(axes, T=wanted.t, C=wanted.c, Z=wanted.z)
        part: Any = crop(lazy, wanted.roi)
        plane = np.asarray(part.compute() if hasattr(part, "compute") else part)
        return plane[..., :3] if axes == "YXS" else plane

    def _scene(self, image: Any, index: int) -> SceneInfo:
        image.set_scene(index)
        sizes = dict(zip(str(image.dims.order), image.shape, strict=True))
        is_rgb = sizes.get("S", 1) >= 3
        shape = tuple(int(sizes.get(axis, 1)) for axis in "TCZYX")
        names = [str(name) for name in image.channel_names or ()]
        names = names if len(names) == shape[1] else [f"Channel {i + 1}" for i in range(shape[1])]
        return SceneInfo(
            name=str(image.scenes[index]),
            shape=(*shape, 3) if is_rgb else shape,
            dtype=np.dtype(image.dtype).name,
            pixel_sizes=_pixel_sizes(image, self._library),
            channels=tuple(ChannelInfo(name) for name in names),
            axes="TCZYXS" if is_rgb else "TCZYX",
        )


class _Held:
    """An image of a library that opens its file anew for each plane."""

    def __init__(self, image: Any) -> None:
        self.image = image

    def close(self) -> None:
        """Let go of the image."""
        self.image = None


def _is_installed(name: str) -> bool:
    try:
        return name in sys.modules or find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _pixel_sizes(image: Any, library: str) -> PixelSizes:
    """Give the sizes as a default: these libraries also pass on numbers nobody measured."""
    sizes = image.physical_pixel_sizes
    z, y, x = (positive(abs(size)) if size is not None else None for size in sizes)
    if x is None:
        return PixelSizes()
    return PixelSizes(z, y, x, PixelSizeOrigin.DEFAULT, f"{library}, not checked")


def _quiet(library: str) -> None:
    """Keep whole tracebacks on ordinary files out of our log."""
    known = [name for name in logging.root.manager.loggerDict if name.startswith(library)]
    for name in (library, *known):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
