"""The trash folder of a project: removed results with a note of where they belong.

`trash/<name>/manifest.json` is written first and `trash/<name>/run` is renamed into place, so that
a crash between the two loses nothing: an entry without its run folder is a note and no more.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from superlens.core.errors import InvalidInput, MissingFile, SuperlensError
from superlens.core.records import ResultRecord
from superlens.io.atomic import rename_over
from superlens.io.codec import read_json, write_json
from superlens.io.disk import readable_bytes
from superlens.io.system_errors import writing

MANIFEST_FILE = "manifest.json"
_RUN = "run"


@dataclass(frozen=True, slots=True)
class Removed:
    """A result in the trash."""

    name: str
    """Of its folder in the trash."""
    removed_at: str
    """ISO 8601, UTC."""
    result: ResultRecord
    """With `folder` as the project saved it."""
    image_ids: tuple[str, ...]
    holds_files: bool
    """Whether the run folder was inside the project and was moved; any other was left alone."""
    format: int = 1


class TrashFolder:
    """The folder `trash` of one project."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._folder = project / "trash"

    def contents(self) -> tuple[Removed, ...]:
        """Give what is in the trash, the oldest first; what cannot be read is left out."""
        return tuple(item for item in self._entries() if self._is_whole(item))

    def without_files(self) -> tuple[Removed, ...]:
        """Give the entries that a crash left without their run folders."""
        return tuple(item for item in self._entries() if not self._is_whole(item))

    def is_back(self, removed: Removed) -> bool:
        """Say whether a run folder lies where it was before it was removed."""
        return (self._project / removed.result.folder).is_dir()

    def size_bytes(self) -> int:
        """Give how much emptying would free."""
        files = self._folder.rglob("*") if self._folder.is_dir() else ()
        return sum(file.stat().st_size for file in files if file.is_file())

    def take_in(self, result: ResultRecord, image_ids: tuple[str, ...], removed_at: str) -> Removed:
        """Move the run folder of a result here, if it lies in the project, and note what it was.

        Args:
            result: with `folder` as the project saved it, relative to the project or absolute.
            image_ids: the images that it belongs to.
            removed_at: ISO 8601, UTC.

        Raises:
            InvalidInput: the run folder cannot be moved, for instance while it is looked at.
            DiskFull: there is no room for the note.
        """
        run = self._project / result.folder
        is_inside = run.is_dir() and run.resolve().is_relative_to(self._project.resolve())
        removed = Removed(result.job_id, removed_at, result, image_ids, is_inside)
        place = self._folder / removed.name
        write_json(place / MANIFEST_FILE, removed)
        if is_inside:
            try:
                with writing(run):
                    rename_over(run, place / _RUN)
            except SuperlensError:
                shutil.rmtree(place, ignore_errors=True)
                raise
        return removed

    def give_back(self, removed: Removed) -> None:
        """Move a run folder back to where it was; the note goes once the project has it again.

        Raises:
            MissingFile: it is not in the trash any more.
            InvalidInput: something else is in its place meanwhile.
        """
        if not removed.holds_files:
            return
        source, run = self._folder / removed.name / _RUN, self._project / removed.result.folder
        if not source.is_dir():
            raise MissingFile(f"{run.name} is not in the trash any more")
        if run.exists():
            raise InvalidInput(
                f"{run} is taken by something else", "Rename that folder and try again"
            )
        with writing(run):
            run.parent.mkdir(parents=True, exist_ok=True)
            rename_over(source, run)

    def forget(self, removed: Removed) -> None:
        """Delete an entry, with its run folder if that is still here."""
        shutil.rmtree(self._folder / removed.name, ignore_errors=True)

    def empty(self) -> str:
        """Delete everything in the trash and say how much that freed, such as `3.2 GB`.

        Raises:
            InvalidInput: something cannot be deleted, for instance while it is looked at.
        """
        freed = self.size_bytes()
        if self._folder.is_dir():
            with writing(self._folder):
                shutil.rmtree(self._folder)
        return readable_bytes(freed)

    def _entries(self) -> tuple[Removed, ...]:
        if not self._folder.is_dir():
            return ()
        found = (self._read(entry) for entry in self._folder.iterdir() if entry.is_dir())
        return tuple(sorted(filter(None, found), key=lambda item: item.removed_at))

    def _read(self, entry: Path) -> Removed | None:
        try:
            removed = read_json(Removed, entry / MANIFEST_FILE)
        except SuperlensError:
            return None
        return removed if removed.name == entry.name else None

    def _is_whole(self, removed: Removed) -> bool:
        return not removed.holds_files or (self._folder / removed.name / _RUN).is_dir()
