"""What a picture that Superlens wrote says of what made it, wherever it has been copied to.

The counterpart of the provenance in `ome_writing`; tifffile is imported when a TIFF is asked.
"""

from pathlib import Path

from superlens.io.image_metadata import Facts
from superlens.io.images.reader_errors import reader_failures
from superlens.io.images.recognition import FileKind, recognise
from superlens.io.ome_writing import PROVENANCE_NAMESPACE


def carried_facts(path: Path) -> Facts:
    """Give the provenance inside an OME-TIFF or OME-Zarr; empty where there is none.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: it is damaged.
    """
    kind = recognise(path)
    text = ""
    if kind is FileKind.TIFF:
        import tifffile

        with reader_failures(path.name), tifffile.TiffFile(path) as tif:
            text = tif.pages.first.description
    elif kind is FileKind.ZARR:
        beside = path / "OME" / "METADATA.ome.xml"
        text = beside.read_text("utf-8", "replace") if beside.is_file() else ""
    return _facts_in(text) if PROVENANCE_NAMESPACE in text else ()


def _facts_in(text: str) -> Facts:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError):
        return ()
    return tuple(
        (item.get("K", ""), item.text or "")
        for holder in root.iter()
        if holder.get("Namespace") == PROVENANCE_NAMESPACE
        for item in holder.iter()
        if "K" in item.attrib
    )
