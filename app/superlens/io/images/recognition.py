"""What a file is, by its first bytes: the formats we read, and the names of those we do not."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from superlens.core.errors import SuperlensError, UnreadableFile, UnsupportedImage
from superlens.io.system_errors import reading

_HEAD_BYTES = 4096
_SEARCHED_BYTES = 16 << 20
_LISTED_BYTES = 4 << 20
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
    OIF = "oif"
    """OIB or OIF."""
    LEICA_XML = "leica_xml"
    """XLEF, or one of the texts that it names."""
    COMPANION = "companion"
    """An OME-XML text that describes a set of TIFFs."""
    ZARR = "zarr"
    """A folder."""
    FOREIGN = "foreign"
    """Perhaps an image, but of no format that is read; `why_foreign` says more."""


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
_ZARR_FILES = ("zarr.json", ".zattrs", ".zgroup", ".zarray")
_OIB_INFO = "OibInfo.txt".encode("utf-16-le")
_TEXTS = (
    (FileKind.OIF, re.compile(r"\[ProfileSaveInfo\]")),
    (FileKind.LEICA_XML, re.compile(r"<LMSDataContainerHeader\b")),
    (FileKind.COMPANION, re.compile(r"<(?:\w+:)?OME[\s>]")),
)
"""Texts that stand for images, by a word near their beginning."""
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
    _Signature("an OLE container (such as Zeiss ZVI or an Office document)", _OLE),
    _Signature("a PDF document", _PDF, is_image=False),
    _Signature("a ZIP archive", _ZIP, is_image=False),
    _Signature("a RAR archive", b"Rar!", is_image=False),
    _Signature("a 7-Zip archive", b"7z\xbc\xaf\x27\x1c", is_image=False),
    _Signature("a file packed by gzip", b"\x1f\x8b", is_image=False),
)


def recognise(path: Path) -> FileKind:
    """Give the kind of a file or folder by its content.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: it is empty, may not be read, or is surely no image.
    """
    with reading(path):
        if path.is_dir():
            return _folder_kind(path)
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
    if head.startswith(_OLE) and _holds_oib(path, head):
        return FileKind.OIF
    return _kind_of_text(head) or _foreign_kind(path, head)


def why_foreign(path: Path) -> SuperlensError:
    """Give the error for a file of the kind `FOREIGN`: what it is and what to do."""
    with reading(path), path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    foreign = _foreign_signature(head)
    if foreign is not None:
        return UnsupportedImage(
            f"{path.name} is {foreign.name}, which this version does not read yet", _AS_TIFF
        )
    return UnreadableFile(
        f"{path.name} is not an image file that Superlens knows",
        "Choose a TIFF, OME-TIFF, ImageJ TIFF, OME-Zarr, ND2, LIF, CZI, OIB, DV, MRC, IMS, PNG or "
        "JPEG file",
    )


def is_zarr_folder(path: Path) -> bool:
    """Say whether a folder is one image in the Zarr format, not a folder of images."""
    return any((path / name).is_file() for name in _ZARR_FILES)


def _folder_kind(path: Path) -> FileKind:
    if is_zarr_folder(path):
        return FileKind.ZARR
    raise UnreadableFile(f"{path.name} is a folder, not a file", "Choose the files inside it")


def _kind_of_text(head: bytes) -> FileKind | None:
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    if head.startswith(b"<\0"):
        encoding = "utf-16-le"
    text = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    if not text.startswith(("<", "[")):
        return None
    return next((kind for kind, pattern in _TEXTS if pattern.search(text)), None)


def _holds_oib(path: Path, head: bytes) -> bool:
    """Say whether an OLE container lists the file that only an OIB has."""
    shift, first = int.from_bytes(head[30:32], "little"), int.from_bytes(head[48:52], "little")
    start = (first + 1) << min(shift, 12)
    with reading(path), path.open("rb") as stream:
        stream.seek(start)
        # The list may lie in pieces; those follow the first closely, or lie near the beginning.
        if _OIB_INFO in stream.read(_LISTED_BYTES):
            return True
        stream.seek(0)
        return _OIB_INFO in stream.read(_SEARCHED_BYTES)


def _foreign_kind(path: Path, head: bytes) -> FileKind:
    foreign = _foreign_signature(head)
    if foreign is not None and (not foreign.is_image or _is_protected(path, head)):
        raise _named_error(path, head, foreign)
    if foreign is None and _is_text(head):
        raise UnreadableFile(f"{path.name} is text, not an image", "Choose an image file")
    return FileKind.FOREIGN


def _foreign_signature(head: bytes) -> _Signature | None:
    return next((foreign for foreign in _FOREIGN if foreign.fits(head)), None)


def _named_error(path: Path, head: bytes, foreign: _Signature) -> SuperlensError:
    if _is_protected(path, head):
        return UnreadableFile(
            f"{path.name} is {foreign.name} that is protected by a password",
            "Remove the protection with the program that made it",
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
