"""A file that is open in a reader process, as an `ImageSource` of the asker."""

import math
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import UnreadableFile
from superlens.io.images.source import OpenImage, PlaneRequest, require_memory, scene_of
from superlens.io.reading.reader_process import ReaderProcess


class SafeImage(OpenImage):
    """An open file of any format; may be asked from several threads, one is served at a time."""

    def __init__(
        self, path: Path, process: ReaderProcess, give_back: Callable[[ReaderProcess], None]
    ) -> None:
        """Open a file in a process.

        Args:
            path: the file, or the folder of a Zarr.
            process: has no file open; it is this image's alone until `give_back`.
            give_back: takes the process when the image is closed.

        Raises:
            SuperlensError: as `ReaderProcess.open`; the process is not given back.
        """
        self._name = path.name
        self._process = process
        self._give_back = give_back
        self._lock = threading.Lock()
        self._is_closed = False
        self._info = process.open(path)
        # An image that nobody closed holds its file open: that ends with the process.
        self._forget = weakref.finalize(self, process.end)

    def _region(self, wanted: PlaneRequest) -> NDArray[Any]:
        scene, roi = scene_of(self._info, wanted.scene), wanted.roi
        dtype, samples = np.dtype(scene.dtype), (3,) if scene.is_rgb else ()
        shape = (roi.height, roi.width, *samples)
        require_memory(self._name, math.prod(shape) * dtype.itemsize)
        pixels = np.empty(shape, dtype)
        plane_bytes = math.prod((*scene.levels[wanted.level], *samples)) * dtype.itemsize
        with self._lock:
            if self._is_closed or not self._process.is_usable:
                raise UnreadableFile(f"{self._name} is not open any more", "Open it again")
            self._process.read(self._name, wanted, plane_bytes, pixels)
        return pixels

    def close(self) -> None:
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._forget.detach()
            self._process.close_file()
        self._give_back(self._process)
