"""Files of a watched folder that could not be used: a list with the reasons. Qt-free.

The files stay where they are unless they are asked to be moved.
"""

import logging
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from superlens.core.errors import ErrorInfo, SuperlensError
from superlens.io.codec import read_json, write_json
from superlens.io.system_errors import writing
from superlens.workbench.job_endings import utc_now

logger = logging.getLogger(__name__)

QUARANTINE_FILE, QUARANTINE_FOLDER = "quarantine.json", "quarantine"


@dataclass(frozen=True, slots=True)
class QuarantinedFile:
    """A file that was refused."""

    path: str
    """Absolute, where it lies."""
    reason: ErrorInfo
    since: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True)
class QuarantineList:
    """What `quarantine.json` holds."""

    files: tuple[QuarantinedFile, ...] = ()
    format: int = 1


class Quarantine:
    """The list in one folder; written at every change."""

    def __init__(self, folder: Path) -> None:
        """Read the list of a folder; one that cannot be read is started anew."""
        self._path = folder / QUARANTINE_FILE
        self._list = QuarantineList()
        if not self._path.is_file():
            return
        try:
            self._list = read_json(QuarantineList, self._path)
        except SuperlensError as error:
            logger.warning("The list of refused files is started anew: %s", error.sentence)

    @property
    def files(self) -> tuple[QuarantinedFile, ...]:
        """The refused files, the oldest first."""
        return self._list.files

    def add(self, path: Path, reason: ErrorInfo) -> None:
        """Note a refused file, in place of what was known of it.

        Raises:
            SuperlensError: the list cannot be written.
        """
        kept = self._without(path)
        self._save((*kept, QuarantinedFile(str(path), reason, utc_now())))

    def take_out(self, path: Path) -> None:
        """Forget a file that can be used after all; errors as `add`."""
        kept = self._without(path)
        if len(kept) < len(self.files):
            self._save(kept)

    def _without(self, path: Path) -> tuple[QuarantinedFile, ...]:
        return tuple(item for item in self.files if item.path != str(path))

    def _save(self, files: tuple[QuarantinedFile, ...]) -> None:
        saved = replace(self._list, files=files)
        write_json(self._path, saved)
        self._list = saved


def moved_aside(path: Path, folder: Path) -> Path:
    """Move a refused file into a folder and give its new place; nothing there is replaced.

    Raises:
        SuperlensError: it cannot be moved.
    """
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    with writing(target):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
    return target
