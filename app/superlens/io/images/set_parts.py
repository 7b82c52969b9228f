"""Which files of a folder are parts of an image that another file describes.

A look at names alone, for listing folders: whoever opens a part gets the whole image anyway.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from superlens.io.images.ome_xml import named_files

_COMPANION = ".companion.ome"
_EXPERIMENT = ".xlef"
_FILE = re.compile(r"""\bFile\s*=\s*["']([^"']+)["']""")
_LARGEST_TEXT = 64 << 20


def is_set_description(name: str) -> bool:
    """Say whether a file describes an image in several TIFFs, by its name."""
    return name.lower().endswith(_COMPANION)


def parts_of_sets(folder: Path, names: Sequence[str]) -> frozenset[str]:
    """Give the names of the files in a folder that a companion or an XLEF among them names."""
    parts: set[str] = set()
    for name in names:
        if is_set_description(name):
            parts.update(named_files(_text(folder / name)))
        elif name.lower().endswith(_EXPERIMENT):
            parts.update(_parts_of_experiment(folder, name))
    return frozenset(parts)


def _parts_of_experiment(folder: Path, name: str) -> set[str]:
    parts: set[str] = set()
    for text in _files_named_in(folder, folder / name):
        parts.add(text.name)
        # One step further stand the pixels of each image.
        parts.update(file.name for file in _files_named_in(folder, text))
    return parts


def _files_named_in(folder: Path, text: Path) -> list[Path]:
    """Give the files below a folder that a text of Leica names."""
    named = (unquote(name).replace("\\", "/") for name in _FILE.findall(_text(text)))
    found = (text.parent / name for name in named)
    return [path for path in found if path.resolve().is_relative_to(folder.resolve())]


def _text(path: Path) -> str:
    """Give the text of a file, or none where it cannot be read."""
    try:
        if path.stat().st_size > _LARGEST_TEXT:
            return ""
        data = path.read_bytes()
    except OSError:
        return ""
    is_wide = data[:2] in (b"\xff\xfe", b"<\0")
    return data.decode("utf-16-le" if is_wide else "utf-8", "replace")
