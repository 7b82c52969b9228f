"""How image files are called: which endings there are, and a name without one.

A hint for listing folders and for captions only: a format is recognised by its content.
"""

IMAGE_SUFFIXES = frozenset(
    {
        *(".tif", ".tiff", ".stk", ".lsm", ".png", ".jpg", ".jpeg"),
        *(".nd2", ".lif", ".czi", ".dv", ".mrc", ".ims"),
    }
)
"""What `Path.suffix` of an image file may be, in lower case."""

_DOUBLE_ENDINGS = (".ome.tiff", ".ome.tif")


def without_ending(name: str) -> str:
    """Give a file name without the ending of an image; any other ending stays."""
    for ending in (*_DOUBLE_ENDINGS, *IMAGE_SUFFIXES):
        if name.lower().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return name
