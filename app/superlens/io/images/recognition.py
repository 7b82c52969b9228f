"""What a file is, by its first bytes: the formats we read, and the names of those we do not."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from superlens.core.errors import SuperlensError, UnreadableFile, UnsupportedImage
from superlens.io.system_errors import reading

_HEAD_BYTES = 4096
_SEARCHED_BYTES = 16 << 20
_AS_TIFF = "Export it as OME-TIFF with the program that made it, or with Fiji"


class FileKind(StrEnum):
    """The file formats that have a reader."""

    TIFF = "tiff"
    PICTURE = "picture"
    ND2 = "nd2"
    LIF = "lif"
    CZI = "czi"
    DV = "dv"
    MRC = "mrc"
    IMS = "ims"


@dataclass(frozen=True, slots=True)
class _Signature:
    """A format and the bytes that it is recognised by."""

    name: str
    magic: bytes
    offset: int = 0
    also: tuple[int, bytes] = (0, b"")
    """A second mark and its place, where the first is too short to be sure."""
    is_image: bool = True

    def fits(self, head: bytes) -> bool:
        place, mark = self.also
        return head.startswith(self.magic, self.offset) and head.startswith(mark, place)


_ZIP, _PDF, _OLE = b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PICTURE_MAGICS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_READ = (
    (FileKind.ND2, _Signature("a Nikon ND2 file", b"\xda\xce\xbe\x0a")),
    (FileKind.LIF, _Signature("a Leica LIF file", b"\x70\0\0\0", also=(8, b"\x2a"))),
    (FileKind.CZI, _Signature("a Zeiss CZI file", b"ZISRAWFILE")),
    (FileKind.MRC, _Signature("an MRC file", b"MAP ", 208)),
    (FileKind.IMS, _Signature("an HDF5 file (such as Imaris IMS)", b"\x89HDF\r\n\x1a\n")),
    # Two bytes are little; the type of the pixels, a small number, stands at 12.
    (FileKind.DV, _Signature("a DeltaVision DV file", b"\xa0\xc0", 96, (13, b"\0\0\0"))),
    (FileKind.DV, _Signature("a DeltaVision DV file", b"\xc0\xa0", 96, (12, b"\0\0\0"))),
)
_FOREIGN = (
    _Signature("a JPEG 2000 or an old Nikon ND2 file", b"\0\0\0\x0cjP  "),
    _Signature("a JPEG 2000 file", b"\xffO\xffQ"),
    _Signature("a DICOM file", b"DICM", 128),
    _Signature("an Olympus OIR file", b"OLYMPUSRAWFORMAT"),
    _Signature("a FITS file", b"SIMPLE  ="),
    _Signature("a GIF picture", b"GIF8"),
    _Signature("a BMP picture", b"BM", also=(6, b"\0\0\0\0")),
    _Signature("a WebP picture", b"RIFF", also=(8, b"WEBP")),
    _Signature("an AVIF picture", b"ftypavif", 4),
    _Signature("a HEIC picture", b"ftyphei", 4),
    _Signature("a NumPy array", b"\x93NUMPY"),
    _Signature("an OLE container (such as Olympus OIB, Zeiss ZVI or an Office document)", _OLE),
    _Signature("a PDF document", _PDF, is_image=False),
    _Signature("a ZIP archive", _ZIP, is_image=False),
    _Signature("a RAR archive", b"Rar!", is_image=False),
    _Signature("a 7-Zip archive", b"7z\xbc\xaf\x27\x1c", is_image=False),
    _Signature("a file packed by gzip", b"\x1f\x8b", is_image=False),
)


def recognise(path: Path) -> FileKind:
    """Give the kind of a file by its content.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: it is empty, a folder, may not be read, or holds no image.
        UnsupportedImage: it is an image in a format that has no reader yet.
    """
    with reading(path):
        if path.is_dir():
            raise _folder_error(path)
        if path.exists() and not path.is_file():
            raise UnreadableFile(f"{path.name} is a device, not a file", "Choose an image file")
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    if not head:
        raise UnreadableFile(f"{path.name} is empty", "Copy it again from where it came from")
    if head.startswith(_TIFF_MAGICS):
        return FileKind.TIFF
    if head.startswith(_PICTURE_MAGICS):
        return FileKind.PICTURE
    for kind, signature in _READ:
        if signature.fits(head):
            return kind
    raise _foreign_error(path, head)


def _folder_error(path: Path) -> SuperlensError:
    if any((path / name).exists() for name in ("zarr.json", ".zattrs", ".zgroup")):
        return UnsupportedImage(
            f"{path.name} is an OME-Zarr folder, which this version does not read yet", _AS_TIFF
        )
    return UnreadableFile(f"{path.name} is a folder, not a file", "Choose the files inside it")


def _foreign_error(path: Path, head: bytes) -> SuperlensError:
    for foreign in _FOREIGN:
        if foreign.fits(head):
            return _named_error(path, head, foreign)
    if _is_text(head):
        return UnreadableFile(f"{path.name} is text, not an image", "Choose an image file")
    return UnreadableFile(
        f"{path.name} is not an image file that Superlens knows",
        "Choose a TIFF, OME-TIFF, ImageJ TIFF, ND2, LIF, CZI, DV, MRC, IMS, PNG or JPEG file",
    )


def _named_error(path: Path, head: bytes, foreign: _Signature) -> SuperlensError:
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
    if head.startswith(_ZIP):
        return len(head) > 6 and bool(head[6] & 1)  # general purpose flag, bit 0: encrypted
    if head.startswith((_PDF, _OLE)):
        mark = b"/Encrypt" if head.startswith(_PDF) else "EncryptedPackage".encode("utf-16-le")
        with reading(path), path.open("rb") as stream:
            return mark in stream.read(_SEARCHED_BYTES)
    return False


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The end of the block may cut a character of up to four bytes.
        return len(head) == _HEAD_BYTES and error.start > len(head) - 4
    return True
