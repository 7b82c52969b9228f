"""What is checked in a TIFF before anything of it is believed: planes, sizes, names of other files.

A header can declare any number. Everything here runs on the header alone and allocates nothing.
"""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.io.disk import readable_bytes
from superlens.io.images.ome_xml import OmeDocument, named_files
from superlens.io.images.tiff_regions import is_in_one_piece

_IMAGES = re.compile(r"^images=(\d+)", re.MULTILINE)
_LARGEST_RATIO = 5000
"""More than any codec makes of a microscope image: deflate ends at 1032."""
_MOST_PLANES = 1_000_000
_HARMLESS_BYTES = 256 << 20
_COPY_AGAIN = "Copy it again from where it came from"


def require_pages(name: str, tif: Any) -> None:
    """Make sure that a TIFF has pages.

    Raises:
        UnreadableFile: it has none.
    """
    if len(tif.pages) == 0:
        raise UnreadableFile(f"{name} is cut off or damaged: it holds no image", _COPY_AGAIN)


def require_whole_chain(name: str, tif: Any) -> None:
    """Make sure that the chain of pages ends as it should, not outside the file or in a circle.

    Raises:
        UnreadableFile: pages are missing.
    """
    count = len(tif.pages)
    following = _next_page_offset(tif)
    if following >= tif.filehandle.size:
        raise UnreadableFile(
            f"{name} is cut off: {_planes(count)} there, and more should follow", _COPY_AGAIN
        )
    if following:
        raise UnreadableFile(
            f"{name} is damaged: {_planes(count)} there, and what follows is not readable",
            _COPY_AGAIN,
        )


def require_safe_names(name: str, ome_text: str) -> None:
    """Make sure that OME-XML refers to neighbours only, never to other folders or computers.

    Raises:
        UnreadableFile: a name has a path in it.
    """
    for other in named_files(ome_text):
        require_safe_name(name, other)


def require_safe_name(name: str, other: str) -> None:
    """Make sure that a file that another one refers to can only be its neighbour.

    Args:
        name: the file that refers, for errors.
        other: the name that it gives.

    Raises:
        UnreadableFile: the name has a path in it.
    """
    if re.search(r"[/\\:]", other) or other in ("..", "."):
        raise UnreadableFile(
            f"{name} refers to a file outside its own folder ({other!r}), which is not read",
            "Put all files of the set into one folder, or export it as one OME-TIFF",
        )


def require_neighbours(name: str, folder: Path, others: Sequence[str]) -> None:
    """Make sure that the files of a set are there.

    Args:
        name: the file that refers to them, for errors.
        folder: where they should lie.
        others: their names, without paths.

    Raises:
        UnreadableFile: some are missing; the message names the first.
    """
    missing = [other for other in others if not (folder / other).is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UnreadableFile(
            f"{name} needs {missing[0]!r}{more} beside it, which {'are' if more else 'is'} missing",
            "Put all files of the set into one folder",
        )


def require_ome_planes(name: str, document: OmeDocument, ome_text: str, tif: Any) -> None:
    """Make sure that the planes that OME-XML declares can be there.

    Raises:
        UnreadableFile: there are fewer pages than declared planes.
    """
    declared = sum(image.planes for image in document.images)
    # Planes in other files are counted when those are open; until then only absurd numbers end.
    in_other_files = bool(set(named_files(ome_text)) - {name})
    # Some writers leave out that a page holds several samples.
    pages = len(tif.pages) * max(1, int(tif.pages.first.samplesperpixel))
    limit = _MOST_PLANES if in_other_files else pages
    if max(declared, document.largest_count) > limit:
        raise _cut_off(name, pages, max(declared, document.largest_count))


def require_declared_planes(name: str, tif: Any) -> None:
    """Make sure that the planes that ImageJ or tifffile declare are in the file.

    Raises:
        UnreadableFile: fewer are there.
    """
    page = tif.pages.first
    declared = _declared_by_imagej(page) or _declared_by_tifffile(page)
    if declared is None or declared <= len(tif.pages):
        return
    # Both write large stacks as one page with all planes behind it.
    start = page.dataoffsets[0] if page.dataoffsets else tif.filehandle.size
    behind = (tif.filehandle.size - start) // max(1, page.nbytes)
    found = max(len(tif.pages), behind if page.is_contiguous else 0)
    if declared > found:
        raise _cut_off(name, found, declared)


def require_credible_size(name: str, page: Any) -> None:
    """Make sure that the pixels that a page declares can be in the file.

    Raises:
        UnreadableFile: none are declared, or more than any compression could hide there.
    """
    if min(page.imagewidth, page.imagelength) < 1:
        raise UnreadableFile(f"{name} is damaged: one of its pages has no pixels", _COPY_AGAIN)
    declared = math.prod(page.shaped) * max(1, page.bitspersample) // 8
    size = page.parent.filehandle.size
    if declared > _HARMLESS_BYTES and declared > size * _LARGEST_RATIO:
        raise UnreadableFile(
            f"{name} declares {page.imagewidth} × {page.imagelength} pixels "
            f"({readable_bytes(declared)}) but is only {readable_bytes(size)} long",
            "Its header is damaged; copy it again from where it came from",
        )


def require_planes_in_a_row(name: str, series: Any) -> None:
    """Make sure that the planes behind the one page of a MetaMorph stack lie in a row.

    Raises:
        UnsupportedImage: something lies between them, or they are compressed.
    """
    if series.kind != "stk" or series.get_shape(False)[0] < 2:
        return
    if series.dataoffset is None or not is_in_one_piece(series.keyframe):
        raise UnsupportedImage(
            f"{name} is a MetaMorph stack whose planes do not lie in a row uncompressed, "
            "which Superlens does not read",
            "Save it as OME-TIFF with MetaMorph or Fiji",
        )


def require_whole_pages(name: str, series: Any) -> None:
    """Make sure that the pixels of every page of a series lie inside their file.

    Raises:
        UnreadableFile: some are missing; the message says how many.
    """
    if series.dataoffset is not None:
        plane_bytes = max(1, series.keyframe.nbytes)
        declared = math.prod(series.get_shape(False)) * series.dtype.itemsize // plane_bytes
        behind = (series.keyframe.parent.filehandle.size - series.dataoffset) // plane_bytes
        if behind < declared:
            raise _cut_off(name, max(0, behind), declared)
        return
    found = sum(page is not None and _is_whole(page) for page in series)
    if found < len(series):
        raise _cut_off(name, found, len(series))


def _is_whole(page: Any) -> bool:
    size = page.parent.filehandle.size
    segments = zip(page.dataoffsets, page.databytecounts, strict=False)
    expected = math.prod(page.keyframe.chunked)
    if len(page.dataoffsets) < expected:
        return False
    # Offset 0 marks an empty tile, which is allowed and stands for zeros.
    return all(offset + count <= size for offset, count in segments)


def _next_page_offset(tif: Any) -> int:
    """Give where the last page says that the next one begins; 0 where the chain ends properly."""
    tiff, stream = tif.tiff, tif.filehandle
    stream.seek(tif.pages.next_page_offset)
    return int.from_bytes(stream.read(tiff.offsetsize), _order(tiff))


def _order(tiff: Any) -> Any:
    return "little" if tiff.byteorder == "<" else "big"


def _declared_by_imagej(page: Any) -> int | None:
    text = str(page.description)
    found = _IMAGES.search(text) if text.startswith("ImageJ=") else None
    return int(found.group(1)) if found else None


def _declared_by_tifffile(page: Any) -> int | None:
    text = str(page.description)
    if not text.startswith('{"shape":'):
        return None
    try:
        shape = json.loads(text)["shape"]
        return math.prod(int(size) for size in shape) // max(1, math.prod(page.shape))
    except (ValueError, TypeError, KeyError):
        return None


def _cut_off(name: str, found: int, declared: int) -> UnreadableFile:
    return UnreadableFile(f"{name} is cut off: {found} of {declared} planes are there", _COPY_AGAIN)


def _planes(count: int) -> str:
    return "1 plane is" if count == 1 else f"{count} planes are"
