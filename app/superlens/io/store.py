"""The project database: images, plates, jobs, results and settings of one project folder.

SQLite with a rollback journal, so that network shares work; one writer, held by a lock file. Every
change is one transaction: it is there wholly or not at all, whatever happens.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from superlens.core.errors import InvalidInput, MissingFile
from superlens.core.jobs import JobRecord
from superlens.core.parameters import ParameterValue
from superlens.core.records import ImageRecord, ResultRecord
from superlens.io.lock_file import LockFile, LockHolder, lock_holder
from superlens.io.store_database import DATABASE_FILE, Database, require_one, text_of
from superlens.io.store_images import StoredImages
from superlens.io.store_plates import StoredAudit, StoredPlates
from superlens.io.system_errors import reading, writing

__all__ = ["DATABASE_FILE", "LOCK_FILE", "AttachedResult", "ProjectStore"]

LOCK_FILE = "project.lock"

_LONGEST_WINDOWS_PATH = 259
_ROOM_FOR_NAMES = 100
"""What the names of a run and its files add to the folder of a project, about."""


@dataclass(frozen=True, slots=True)
class AttachedResult:
    """A result and the images that it belongs to."""

    image_ids: tuple[str, ...]
    result: ResultRecord


class ProjectStore:
    """An open project, to be closed; used by the thread that opened it.

    Attributes (read only): `catalogue: StoredImages` (images one by one), `plates: StoredPlates`,
    `audit: StoredAudit`.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self._database = database
        self.catalogue = StoredImages(database)
        self.plates = StoredPlates(database)
        self.audit = StoredAudit(database)

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Make a new project; the folder is made where it is absent.

        Raises:
            InvalidInput: the folder holds a project already, cannot be written, or its path is
                too long for Windows.
            ProjectLocked: another program makes one there.
        """
        folder = folder.absolute()
        _require_short_path(folder)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / DATABASE_FILE).exists():
                raise InvalidInput(f"{folder} already holds a project", "Open it instead")
        return cls._for_writing(folder, takes_silent=False)

    @classmethod
    def open(cls, folder: Path, read_only: bool = False, take_over: bool = False) -> Self:
        """Open a project; an older format is brought up to date.

        Args:
            folder: of the project.
            read_only: open it to look only, whoever writes it; nothing on the disk is changed.
            take_over: replace the lock of another computer that has been silent for two minutes.

        Raises:
            MissingFile: the folder holds no project.
            ProjectLocked: another program writes it; the advice explains how it stands.
            IncompatibleVersion: it was made by a newer Superlens.
            UnreadableFile: its database is damaged.
        """
        folder = folder.absolute()
        with reading(folder):
            if not (folder / DATABASE_FILE).is_file():
                raise MissingFile(
                    f"There is no project in {folder}",
                    f"Choose a folder that holds {DATABASE_FILE}",
                )
        if not read_only:
            return cls._for_writing(folder, take_over)
        return cls(folder, Database.for_reading(folder / DATABASE_FILE, _why_read_only(folder)))

    @staticmethod
    def writer_of(folder: Path) -> LockHolder | None:
        """Say who writes the project of a folder, or left its lock behind; None if nobody."""
        return lock_holder(folder / LOCK_FILE)

    @property
    def read_only_reason(self) -> str:
        """Why nothing can be changed, as a sentence; empty for the one writer."""
        return self._database.read_only_reason

    def close(self) -> None:
        """Close the database and give the lock back; a second call does nothing."""
        self._database.close()

    def images(self) -> tuple[ImageRecord, ...]:
        """Give all images in the order of their import."""
        return self.catalogue.all()

    def add_image(self, record: ImageRecord) -> None:
        """Add an image; `ValueError` when its id is taken."""
        self.catalogue.add(record)

    def update_image(self, record: ImageRecord) -> None:
        """Replace the record of an image; `KeyError` when there is none with its id."""
        self.catalogue.update(record)

    def remove_image(self, image_id: str) -> None:
        """Forget an image, not its results; `KeyError` when there is none with the id."""
        self.catalogue.remove(image_id)

    def jobs(self) -> tuple[JobRecord, ...]:
        """Give all jobs, oldest first."""
        return self._database.records(JobRecord, "SELECT record FROM job ORDER BY position")

    def add_job(self, record: JobRecord) -> None:
        """Add a job; `ValueError` when its id is taken."""
        with self._database.change("add a job") as database:
            database.execute(
                "INSERT INTO job (id, record) VALUES (?, ?)", (record.id, text_of(record))
            )

    def update_job(self, record: JobRecord) -> None:
        """Replace the record of a job; `KeyError` when there is none with its id."""
        with self._database.change("change a job") as database:
            changed = database.execute(
                "UPDATE job SET record = ? WHERE id = ?", (text_of(record), record.id)
            )
            require_one(changed, record.id)

    def results(self) -> tuple[AttachedResult, ...]:
        """Give all results with their images, oldest first."""
        images: dict[str, list[str]] = {}
        for job_id, image_id in self._database.rows(
            "SELECT job_id, image_id FROM result_image ORDER BY position"
        ):
            images.setdefault(job_id, []).append(image_id)
        records = self._database.records(
            ResultRecord, "SELECT record FROM result ORDER BY position"
        )
        return tuple(AttachedResult(tuple(images.get(r.job_id, ())), r) for r in records)

    def add_result(self, image_ids: tuple[str, ...], result: ResultRecord) -> None:
        """Add what a job left behind.

        Raises:
            ValueError: the job has a result already, or an image is not in the project.
        """
        with self._database.change("add a result") as database:
            database.execute(
                "INSERT INTO result (job_id, record) VALUES (?, ?)",
                (result.job_id, text_of(result)),
            )
            database.executemany(
                "INSERT INTO result_image (job_id, image_id, position) VALUES (?, ?, ?)",
                [(result.job_id, image_id, place) for place, image_id in enumerate(image_ids)],
            )

    def remove_result(self, job_id: str) -> None:
        """Forget a result and its job, not the run folder; `KeyError` when there is none."""
        with self._database.change("remove a result") as database:
            require_one(database.execute("DELETE FROM result WHERE job_id = ?", (job_id,)), job_id)
            # A job that is done would bring its result back at the next opening.
            database.execute("DELETE FROM job WHERE id = ?", (job_id,))

    def setting(self, name: str, default: ParameterValue = None) -> ParameterValue:
        """Give a setting of the project."""
        rows = self._database.rows("SELECT value FROM setting WHERE name = ?", (name,))
        return json.loads(rows[0][0]) if rows else default

    def set_setting(self, name: str, value: ParameterValue) -> None:
        """Keep a setting of the project."""
        with self._database.change("keep a setting") as database:
            database.execute(
                "INSERT INTO setting (name, value) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, json.dumps(value)),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @classmethod
    def _for_writing(cls, folder: Path, takes_silent: bool) -> Self:
        lock = LockFile(folder / LOCK_FILE, f"The project {folder.name}", takes_silent)
        try:
            return cls(folder, Database.for_writing(folder / DATABASE_FILE, lock))
        except BaseException:
            lock.release()
            raise


def _why_read_only(folder: Path) -> str:
    holder = ProjectStore.writer_of(folder)
    if holder is None:
        return "It was opened for reading only"
    if holder.is_stale:
        return holder.explanation
    return f"It is open for writing by {holder.words}. {holder.explanation}"


def _require_short_path(folder: Path) -> None:
    longest = _LONGEST_WINDOWS_PATH - _ROOM_FOR_NAMES
    if sys.platform == "win32" and len(str(folder)) > longest and not _has_long_paths():
        raise InvalidInput(
            f"The path {folder} has {len(str(folder))} characters, and Windows allows programs "
            f"{_LONGEST_WINDOWS_PATH}, of which results need {_ROOM_FOR_NAMES}",
            "Choose a folder nearer to the root of the disk, or have long paths switched on "
            "in Windows",
        )


def _has_long_paths() -> bool:
    """Say whether Windows was told to allow long paths."""
    import winreg

    place = r"SYSTEM\CurrentControlSet\Control\FileSystem"
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:  # type: ignore[attr-defined]
            return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])  # type: ignore[attr-defined]
    except OSError:
        return False
