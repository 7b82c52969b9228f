"""PNG and JPEG pictures, by Pillow: one scene, one plane, never a pixel size."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.core.units import PixelSizes
from superlens.io.images.reader_errors import quiet_library_log, reader_failures
from superlens.io.images.source import OpenImage, PlaneRequest, require_memory, scene_of
from superlens.io.system_errors import reading

_GREY_TYPES = {
    "1": "uint8",
    "L": "uint8",
    "I;16": "uint16",
    "I;16B": "uint16",
    "I": "int32",
    "F": "float32",
    "LA": "uint8",
}
_COLOUR_MODES = ("RGB", "RGBA", "P", "PA", "CMYK", "YCbCr")
_PNG_END = b"IEND"
_JPEG_END = b"\xff\xd9"
_TAIL_BYTES = 4096


class PictureImage(OpenImage):
    """An open PNG or JPEG; an `ImageSource`."""

    def __init__(self, path: Path) -> None:
        """Open a picture and read its header.

        Raises:
            UnreadableFile: it is cut off or damaged.
            UnsupportedImage: its mode of colours is not supported.
        """
        from PIL import Image

        quiet_library_log("PIL")
        self._name = path.name
        _require_end(path)
        with reader_failures(self._name), warnings.catch_warnings():
            # Our own check of memory replaces Pillow's advice on large pictures.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            self._image: Any = Image.open(path, formats=("PNG", "JPEG"))
        try:
            self._info = _info_of(path, self._image)
        except BaseException:
            self._image.close()
            raise

    def _region(self, wanted: PlaneRequest) -> NDArray[Any]:
        info, roi = scene_of(self._info, wanted.scene), wanted.roi
        items = info.size("X") * info.size("Y") * (3 if info.is_rgb else 1)
        require_memory(self._name, items * np.dtype(info.dtype).itemsize)
        with reader_failures(self._name):
            box = (roi.x, roi.y, roi.x + roi.width, roi.y + roi.height)
            part = self._image.crop(box)
            if info.is_rgb:
                part = part.convert("RGB")
            pixels = np.asarray(part.getchannel("L") if part.mode == "LA" else part)
        return pixels.astype(info.dtype)

    def close(self) -> None:
        self._image.close()


def _info_of(path: Path, image: Any) -> ImageInfo:
    is_colour = image.mode in _COLOUR_MODES
    if not is_colour and image.mode not in _GREY_TYPES:
        raise UnsupportedImage(
            f"{path.name} has pixels of the mode {image.mode}, which Superlens does not read",
            "Save it as a grey or RGB picture",
        )
    width, height = image.size
    scene = SceneInfo(
        name="Scene 1",
        shape=(1, 1, 1, height, width, 3) if is_colour else (1, 1, 1, height, width),
        dtype="uint8" if is_colour else _GREY_TYPES[image.mode],
        pixel_sizes=PixelSizes(),
        channels=(ChannelInfo("Channel 1"),),
        axes="TCZYXS" if is_colour else "TCZYX",
    )
    return ImageInfo(str(path), str(image.format), (scene,), tuple(_warnings(path, image)))


def _warnings(path: Path, image: Any) -> list[str]:
    found: list[str] = []
    if image.format == "JPEG":
        found.append("JPEG changes pixel values: measure on the original file where there is one")
    if getattr(image, "n_frames", 1) > 1:
        found.append("Only the first frame of this animation is read")
    if image.mode in ("RGBA", "LA", "PA"):
        found.append("The transparency of this picture is left out")
    if image.format == "PNG" and image.mode in ("RGB", "RGBA", "LA") and _png_depth(path) == 16:
        found.append("The 16 bits per colour of this picture are read as 8")
    return found


def _png_depth(path: Path) -> int:
    with reading(path), path.open("rb") as stream:
        return stream.read(25)[24]  # signature 8, length and type 8, width and height 8


def _require_end(path: Path) -> None:
    with reading(path), path.open("rb") as stream:
        is_png = stream.read(4) == b"\x89PNG"
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _TAIL_BYTES))
        tail = stream.read()
    if (_PNG_END if is_png else _JPEG_END) not in tail:
        raise UnreadableFile(
            f"{path.name} is cut off: its end is missing", "Copy it again from where it came from"
        )
