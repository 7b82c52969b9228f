"""The two doors to image files: say what is in one, or open it."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from superlens.core.records import ImageInfo
from superlens.io.images.recognition import FileKind, recognise, why_foreign
from superlens.io.images.source import ImageSource

_READERS = {
    FileKind.TIFF: "tiff_file:TiffImage",
    FileKind.COMPANION: "tiff_file:TiffSet",
    FileKind.PICTURE: "picture_file:PictureImage",
    FileKind.ND2: "nd2_file:Nd2Image",
    FileKind.LIF: "lif_file:LifImage",
    FileKind.LEICA_XML: "lif_file:LifImage",
    FileKind.CZI: "czi_file:CziImage",
    FileKind.OIF: "oif_file:OifImage",
    FileKind.DV: "dv_file:DvImage",
    FileKind.MRC: "mrc_file:MrcImage",
    FileKind.IMS: "ims_file:ImsImage",
    FileKind.ZARR: "zarr_folder:ZarrImage",
}
"""The file of each reader and its class; its library is imported when such a file is opened."""


def probe(path: Path) -> ImageInfo:
    """Say what a file holds, without reading its pixels; errors as `open_image`."""
    with open_image(path) as source:
        return source.info


def open_image(path: Path) -> ImageSource:
    """Open an image file, or a Zarr folder, for reading by plane and region.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: it is empty, cut off, damaged, protected, or not an image.
        UnsupportedImage: a sound image of a format or with axes that are not supported.
    """
    kind = recognise(path)
    if kind is FileKind.FOREIGN:
        return _by_plug_in(path)
    module, _, name = _READERS[kind].partition(":")
    reader: Callable[[Path], ImageSource] = getattr(
        import_module(f"superlens.io.images.{module}"), name
    )
    return reader(path)


def _by_plug_in(path: Path) -> ImageSource:
    """Open a file of an unknown format by a library that the user has installed.

    Raises:
        UnreadableFile: as `why_foreign`, also where such a library cannot read it.
        UnsupportedImage: likewise.
    """
    from superlens.io.images.plug_in_file import PlugInImage, plug_in

    library = plug_in()
    if library is None:
        raise why_foreign(path)
    return PlugInImage(path, library, why_foreign(path))
