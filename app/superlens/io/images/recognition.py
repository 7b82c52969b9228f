"""What a file is, by its first bytes: the formats we read, and the names of those we do not."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from superlens.core.errors import SuperlensError, UnreadableFile, UnsupportedImage
from superlens.io.system_errors import reading

_HEAD_BYTES = 4096
_AS_TIFF = "Export it as OME-TIFF with the program that made it, or with Fiji"


class FileKind(StrEnum):
    """The file formats that have a reader."""

    TIFF = "tiff"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class _Foreign:
    """A format that is recognised only to say its name."""

    magic: bytes
    name: str
    offset: int = 0
    is_image: bool = True


_TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PICTURE_MAGICS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_FOREIGN = (
    _Foreign(b"ZISRAWFILE", "a Zeiss CZI file"),
    _Foreign(b"\x70\x00\x00\x00", "a Leica LIF file"),
    _Foreign(b"\xda\xce\xbe\x0a", "a Nikon ND2 file"),
    _Foreign(b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 or an old Nikon ND2 file"),
    _Foreign(b"\xffO\xffQ", "a JPEG 2000 file"),
    _Foreign(b"\x89HDF\r\n\x1a\n", "an HDF5 file (such as Imaris IMS)"),
    _Foreign(b"DICM", "a DICOM file", 128),
    _Foreign(b"MAP ", "an MRC file", 208),
    _Foreign(b"\xa0\xc0", "a DeltaVision DV file", 96),
    _Foreign(b"\xc0\xa0", "a DeltaVision DV file", 96),
    _Foreign(b"OLYMPUSRAWFORMAT", "an Olympus OIR file"),
    _Foreign(b"SIMPLE  =", "a FITS file"),
    _Foreign(b"GIF8", "a GIF picture"),
    _Foreign(b"BM", "a BMP picture"),
    _Foreign(b"WEBP", "a WebP picture", 8),
    _Foreign(b"ftypavif", "an AVIF picture", 4),
    _Foreign(b"ftyphei", "a HEIC picture", 4),
    _Foreign(b"\x93NUMPY", "a NumPy array"),
    _Foreign(b"%PDF", "a PDF document", is_image=False),
    _Foreign(b"PK\x03\x04", "a ZIP archive", is_image=False),
    _Foreign(b"Rar!", "a RAR archive", is_image=False),
    _Foreign(b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", is_image=False),
    _Foreign(b"\x1f\x8b", "a file packed by gzip", is_image=False),
    _Foreign(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an OLE container (Olympus OIB, Zeiss ZVI or Office)"
    ),
)


def recognise(path: Path) -> FileKind:
    """Give the kind of a file by its content.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: it is empty, a folder, may not be read, or holds no image.
        UnsupportedImage: it is an image in a format that has no reader yet.
    """
    if path.is_dir():
        raise _folder_error(path)
    with reading(path), path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        raise UnreadableFile(f"{path.name} is empty", "Copy it again from where it came from")
    if head.startswith(_TIFF_MAGICS):
        return FileKind.TIFF
    if head.startswith(_PICTURE_MAGICS):
        return FileKind.PICTURE
    raise _foreign_error(path, head)


def _folder_error(path: Path) -> SuperlensError:
    if any((path / name).exists() for name in ("zarr.json", ".zattrs", ".zgroup")):
        return UnsupportedImage(
            f"{path.name} is an OME-Zarr folder, which this version does not read yet", _AS_TIFF
        )
    return UnreadableFile(f"{path.name} is a folder, not a file", "Choose the files inside it")


def _foreign_error(path: Path, head: bytes) -> SuperlensError:
    for foreign in _FOREIGN:
        if head.startswith(foreign.magic, foreign.offset):
            return _named_error(path, head, foreign)
    if _is_text(head):
        return UnreadableFile(f"{path.name} is text, not an image", "Choose an image file")
    return UnreadableFile(
        f"{path.name} is not an image file that Superlens knows",
        "Choose a TIFF, OME-TIFF, ImageJ TIFF, PNG or JPEG file",
    )


def _named_error(path: Path, head: bytes, foreign: _Foreign) -> SuperlensError:
    if _is_protected(path, head):
        return UnreadableFile(
            f"{path.name} is {foreign.name} that is protected by a password",
            "Remove the protection with the program that made it",
        )
    if foreign.is_image:
        return UnsupportedImage(
            f"{path.name} is {foreign.name}, which this version does not read yet", _AS_TIFF
        )
    return UnreadableFile(
        f"{path.name} is {foreign.name}, not an image", "Choose an image, or unpack it first"
    )


def _is_protected(path: Path, head: bytes) -> bool:
    if head.startswith(b"PK\x03\x04"):
        return bool(head[6] & 1)  # general purpose flag, bit 0: encrypted
    if head.startswith((b"%PDF", b"\xd0\xcf\x11\xe0")):
        mark = b"/Encrypt" if head.startswith(b"%PDF") else "EncryptedPackage".encode("utf-16-le")
        with reading(path), path.open("rb") as stream:
            return mark in stream.read(16 << 20)
    return False


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        # The last character may be cut by the end of the block.
        head.decode("utf-8") if len(head) < _HEAD_BYTES else head[:-4].decode("utf-8", "strict")
    except UnicodeDecodeError:
        return False
    return True
