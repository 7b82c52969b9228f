"""Room on a disk, asked for before work begins."""

import shutil
from pathlib import Path

from superlens.core.errors import DiskFull
from superlens.io.system_errors import reading

_SPARE_BYTES = 64 << 20
"""Left free for the system and for other programs."""


def require_free_space(folder: Path, needed_bytes: int, what: str) -> None:
    """Make sure that a folder, which need not exist yet, has room.

    Args:
        folder: where the bytes will go.
        needed_bytes: how many.
        what: what will be written, as the subject of a sentence, such as `The restored image`.

    Raises:
        DiskFull: there is not enough room; the message gives both numbers.
    """
    existing = next(
        place for place in (folder.absolute(), *folder.absolute().parents) if place.exists()
    )
    with reading(existing):
        free = shutil.disk_usage(existing).free
    if needed_bytes + _SPARE_BYTES > free:
        raise DiskFull(
            f"{what} needs {readable_bytes(needed_bytes)} in {folder}, "
            f"and {readable_bytes(max(0, free - _SPARE_BYTES))} are free there",
            "Free some space, or choose another folder or disk",
        )


def readable_bytes(count: int) -> str:
    """Give a number of bytes as people read it, such as `3.2 GB` (powers of 1000)."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
