"""Which files are our own: those are read in the process that asks."""

from pathlib import Path

_HEAD_BYTES = 4096
_MARK = b'Creator="Superlens '


def is_own_image(path: Path) -> bool:
    """Say whether a file is an OME-TIFF that Superlens wrote; False where it cannot be read."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return False
    return _MARK in head
