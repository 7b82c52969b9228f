"""A reader that does to its process what its file says, in place of a broken codec."""

import ctypes
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import UnsupportedImage
from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.core.units import PixelSizes
from superlens.io.images.source import OpenImage, PlaneRequest

OPENER = "fakes.misbehaving_reader:open_fake"
SIDE = 64


def open_fake(path: Path) -> OpenImage:
    """Open a text of the form `open: <deed>` or `read: <deed>`."""
    when, _, deed = path.read_text(encoding="utf-8").strip().partition(": ")
    if when == "open":
        _do(deed)
    return _Fake(path, deed if when == "read" else "")


class _Fake(OpenImage):
    def __init__(self, path: Path, deed: str) -> None:
        self._deed = deed
        scene = SceneInfo(
            name="it",
            shape=(1, 1, 2, SIDE, SIDE),
            dtype="uint16",
            pixel_sizes=PixelSizes(),
            channels=(ChannelInfo("Channel 1"),),
        )
        self._info = ImageInfo(str(path), "fake", (scene,))

    def _region(self, wanted: PlaneRequest) -> NDArray[Any]:
        roi = wanted.roi
        pixels = np.full((roi.height, roi.width), os.getpid() % 60_000, np.uint16)
        if wanted.z == 0:
            return pixels
        if self._deed == "lie":
            return pixels.astype(np.float32)
        _do(self._deed)
        return pixels

    def close(self) -> None:
        if self._deed == "never close":
            time.sleep(3600)


def _do(deed: str) -> None:
    match deed:
        case "hang":
            time.sleep(3600)
        case "hang with the interpreter":
            # A library called with the lock of the interpreter held: no thread of it runs.
            ctypes.PyDLL(None).sleep(3600)
        case "crash":
            ctypes.string_at(0)
        case "leave":
            os._exit(7)
        case "raise":
            raise LookupError("0xdeadbeef")
        case "refuse":
            raise UnsupportedImage("This is not for us", "Take another", "a detail")
        case "take memory":
            np.empty(1 << 40, np.uint8)
        case "print":
            os.write(1, b"noise\n")
            os.write(2, b"more noise\n")
