"""How image files are called: which endings there are, and a name without one.

A hint for listing folders and for captions only: a format is recognised by its content.
"""

import re
from pathlib import Path

IMAGE_SUFFIXES = frozenset(
    {
        *(".tif", ".tiff", ".stk", ".lsm", ".png", ".jpg", ".jpeg"),
        *(".nd2", ".lif", ".lof", ".xlef", ".czi", ".oib", ".oif", ".dv", ".mrc", ".ims"),
        *(".svs", ".zarr"),
    }
)
"""What `Path.suffix` of an image file may be, in lower case."""

_UNSAFE_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')
_NAME_LENGTH = 80
_DOUBLE_ENDINGS = (".ome.tiff", ".ome.tif", ".ome.zarr", ".zarr")


def without_ending(name: str) -> str:
    """Give a file name without the ending of an image; any other ending stays."""
    for ending in (*_DOUBLE_ENDINGS, *IMAGE_SUFFIXES):
        if name.lower().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return name


def plain_name(path: Path) -> str:
    """Give a file's name without image ending and without what some file system refuses."""
    name = _UNSAFE_IN_NAMES.sub("_", without_ending(path.name)).strip(" .")
    return name[:_NAME_LENGTH].rstrip(" .") or "image"
