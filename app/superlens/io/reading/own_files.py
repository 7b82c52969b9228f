"""Which files are our own: those are read in the process that asks."""

from pathlib import Path

_HEAD_BYTES = 4096
_TIFF_MAGICS = (b"II*\0", b"II+\0")
_MARK = b'Creator="Superlens '


def is_own_image(path: Path) -> bool:
    """Say whether a file is an OME-TIFF that Superlens wrote; False where it cannot be read."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except (OSError, ValueError):  # ValueError: a name with a zero in it
        return False
    return head.startswith(_TIFF_MAGICS) and _MARK in head
