"""The two doors to image files: say what is in one, or open it."""

from pathlib import Path

from superlens.core.records import ImageInfo
from superlens.io.images.recognition import FileKind, recognise
from superlens.io.images.source import ImageSource


def probe(path: Path) -> ImageInfo:
    """Say what a file holds, without reading its pixels; errors as `open_image`."""
    with open_image(path) as source:
        return source.info


def open_image(path: Path) -> ImageSource:
    """Open an image file for reading by plane and region.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: it is empty, cut off, damaged, protected, or not an image.
        UnsupportedImage: a sound image of a format or with axes that are not supported.
    """
    match recognise(path):
        case FileKind.TIFF:
            from superlens.io.images.tiff_file import TiffImage

            return TiffImage(path)
        case FileKind.PICTURE:
            from superlens.io.images.picture_file import PictureImage

            return PictureImage(path)
        case FileKind.ND2:
            from superlens.io.images.nd2_file import Nd2Image

            return Nd2Image(path)
        case FileKind.LIF:
            from superlens.io.images.lif_file import LifImage

            return LifImage(path)
        case FileKind.CZI:
            from superlens.io.images.czi_file import CziImage

            return CziImage(path)
        case FileKind.DV:
            from superlens.io.images.dv_file import DvImage

            return DvImage(path)
        case FileKind.MRC:
            from superlens.io.images.mrc_file import MrcImage

            return MrcImage(path)
        case FileKind.IMS:
            from superlens.io.images.ims_file import ImsImage

            return ImsImage(path)
