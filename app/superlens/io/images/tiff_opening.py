"""Opening a TIFF whose headers pass the guards, and the OME-XML that describes it.

The OME-XML may stand in the file itself, or for a set of files in a companion beside them.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from superlens.core.errors import UnreadableFile
from superlens.io.images.lsm_bits import mend_two_channel_lsm
from superlens.io.images.ome_xml import OmeDocument, named_files, parse_ome
from superlens.io.images.tiff_guards import (
    require_declared_planes,
    require_neighbours,
    require_ome_planes,
    require_pages,
    require_safe_name,
    require_safe_names,
    require_whole_chain,
)
from superlens.io.system_errors import reading

_LARGEST_COMPANION = 64 << 20
_ONLY_THIS = "only this part is read"
_ADVICE = "Put all files of the set into one folder"


@dataclass(frozen=True, slots=True)
class OpenTiff:
    """An open TIFF (or the first file of a set) and what describes it."""

    tif: Any
    document: OmeDocument | None
    """None without OME-XML, or with OME-XML that is damaged."""
    warnings: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """All files that its OME-XML names; a file that was renamed names itself as it was."""


def open_tiff(path: Path) -> OpenTiff:
    """Open a TIFF; one that points to a companion with all the files of its set.

    Raises:
        UnreadableFile: a guard does not let it pass.
    """
    tif = _tiff_file(path)
    try:
        require_pages(path.name, tif)
        require_declared_planes(path.name, tif)
        text = str(tif.ome_metadata or "")
        document = _checked_ome(path, tif, text)
        require_whole_chain(path.name, tif)
        if document is not None and document.companion is not None:
            return _with_companion(path, OpenTiff(tif, document))
        if not text or (document is not None and _makes_series(tif)):
            return OpenTiff(tif, document, _told_of_slide(path), named_files(text))
    except BaseException:
        tif.close()
        raise
    tif.close()
    warning = "The OME-XML of this file is damaged; only its pixels are read"
    return OpenTiff(_tiff_file(path, is_ome=False), None, (warning,))


def open_companion(path: Path) -> OpenTiff:
    """Open the set of TIFFs that a companion file describes.

    Args:
        path: of the companion, an OME-XML text.

    Raises:
        UnreadableFile: it is damaged, or files that it names are missing.
    """
    text = _companion_text(path)
    require_safe_names(path.name, text)
    names = named_files(text)
    if not names:
        raise UnreadableFile(f"{path.name} names no image file", "Choose the image file itself")
    require_neighbours(path.name, path.parent, names)
    return _described_by(path, path.parent / names[0], text)


def _with_companion(path: Path, alone: OpenTiff) -> OpenTiff:
    assert alone.document is not None
    name = str(alone.document.companion)
    require_safe_name(path.name, name)
    companion = path.parent / name
    part = f"This file is one part of a set described by {name!r}"
    if not name or not companion.is_file():
        return OpenTiff(alone.tif, alone.document, (f"{part}, which is missing; {_ONLY_THIS}",))
    text = _companion_text(companion)
    require_safe_names(companion.name, text)
    names = named_files(text)
    if path.name not in names:
        return OpenTiff(
            alone.tif, alone.document, (f"{part}, which does not name it; {_ONLY_THIS}",)
        )
    require_neighbours(companion.name, path.parent, names)
    alone.tif.close()
    return _described_by(companion, path, text)


def _told_of_slide(path: Path) -> tuple[str, ...]:
    """Give a warning for the small TIFF of an Olympus VSI, whose image lies in a folder beside."""
    name = f"_{path.stem}_"
    if not os.path.isdir(os.path.join(path.parent, name)):  # noqa: PTH112, PTH118 - of every TIFF
        return ()
    return (f"Only the overview of this Olympus VSI is read, not the image in {name!r}",)


def _described_by(companion: Path, first: Path, text: str) -> OpenTiff:
    """Open a set by one of its files and the text of its companion."""
    tif = _tiff_file(first, omexml=text)
    try:
        require_pages(first.name, tif)
        document = _checked_ome(companion, tif, text)
        if document is None or not _makes_series(tif):
            raise UnreadableFile(
                f"{companion.name} is damaged: its OME-XML cannot be read",
                "Copy it again from where it came from",
            )
    except BaseException:
        tif.close()
        raise
    count = len(set(named_files(text)))
    warning = f"This image lies in {count} files described by {companion.name!r}; all are read"
    return OpenTiff(tif, document, (warning,))


def _companion_text(path: Path) -> str:
    with reading(path), path.open("rb") as stream:
        data = stream.read(_LARGEST_COMPANION + 1)
    if len(data) > _LARGEST_COMPANION:
        raise UnreadableFile(f"{path.name} is too long for a description of images", _ADVICE)
    return data.decode("utf-8", "replace").strip().strip("\ufeff\0")


def _checked_ome(path: Path, tif: Any, text: str) -> OmeDocument | None:
    require_safe_names(path.name, text)
    document = parse_ome(text) if text else None
    if document is not None:
        require_ome_planes(path.name, document, text, tif)
    return document


def _makes_series(tif: Any) -> bool:
    try:
        return len(tif.series) > 0
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError):
        # OME-XML without what the schema demands.
        return False


def _tiff_file(path: Path, **options: Any) -> Any:
    import tifffile

    mend_two_channel_lsm()
    # The other two dialects open more files, by names that nobody checked.
    return tifffile.TiffFile(path, is_mmstack=False, is_ndtiff=False, **options)
