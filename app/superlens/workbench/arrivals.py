"""Files that arrive in a folder: which of them are complete. Qt-free; pixels are never read."""

from collections.abc import Collection, Mapping
from pathlib import Path

from superlens.io.hashing import Stamp, stamp_of
from superlens.io.image_listing import image_files_in

SETTLE_S = 5.0
"""So long must size and time of change of a file stay as they are."""


class Arrivals:
    """Remembers what files looked like, and tells each once when it does not change any more.

    A file that changes after it was told is told again.
    """

    def __init__(
        self, told: Mapping[Path, Stamp] | None = None, settle_s: float = SETTLE_S
    ) -> None:
        """Start with files that need not be told.

        Args:
            told: files as they were when they were dealt with.
            settle_s: so many seconds a file must not change.
        """
        self._settle_s = settle_s
        self._told = dict(told or {})
        self._since: dict[Path, tuple[Stamp, float]] = {}

    @property
    def waiting(self) -> int:
        """The number of files that were seen and may still be written."""
        return len(self._since)

    def look(self, files: Mapping[Path, Stamp], now: float) -> tuple[Path, ...]:
        """Give the files that are complete now, in their order.

        Args:
            files: all files of the folder as they are, see `stamps_below`.
            now: seconds of a clock that never goes back.
        """
        complete: list[Path] = []
        since: dict[Path, tuple[Stamp, float]] = {}
        for path, stamp in files.items():
            if self._told.get(path) == stamp:
                continue
            before = self._since.get(path)
            start = before[1] if before is not None and before[0] == stamp else now
            if stamp.size_bytes and now - start >= self._settle_s:
                complete.append(path)
                self._told[path] = stamp
            else:
                since[path] = stamp, start
        self._since = since
        return tuple(complete)


def stamps_below(folder: Path, left_out: Collection[Path] = ()) -> dict[Path, Stamp]:
    """Give the image files below a folder as they are; one that goes away meanwhile is left out.

    Args:
        folder: the folder; one that is not there holds nothing.
        left_out: folders whose files are not meant, such as that of a project.
    """
    found: dict[Path, Stamp] = {}
    for path in image_files_in(folder):
        if any(path.is_relative_to(other) for other in left_out):
            continue
        try:
            found[path] = stamp_of(path)
        except OSError:  # renamed or deleted between listing and looking
            continue
    return found
