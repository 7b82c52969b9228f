"""The project database: images, jobs, results and settings of one project folder.

SQLite with a rollback journal, so that network shares work; one writer, held by a lock file. Every
change is one transaction: it is there wholly or not at all, whatever happens.
"""

import json
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from superlens.core.errors import (
    DiskFull,
    InvalidInput,
    MissingFile,
    ProjectLocked,
    SuperlensError,
    UnreadableFile,
)
from superlens.core.jobs import JobRecord
from superlens.core.parameters import ParameterValue
from superlens.core.records import ImageRecord, ResultRecord
from superlens.io.codec import decode, encode
from superlens.io.lock_file import LockFile
from superlens.io.store_format import bring_up_to_date, require_known_format
from superlens.io.system_errors import reading, writing

DATABASE_FILE = "project.sqlite"
LOCK_FILE = "project.lock"
_BUSY_S = 5.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AttachedResult:
    """A result and the images that it belongs to."""

    image_ids: tuple[str, ...]
    result: ResultRecord


class ProjectStore:
    """An open project, to be closed; used by the thread that opened it."""

    def __init__(self, folder: Path, lock: LockFile, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self._lock = lock
        self._connection = connection

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Make a new project; the folder is made where it is absent.

        Raises:
            InvalidInput: the folder holds a project already, or cannot be written.
            ProjectLocked: another program makes one there.
        """
        folder = folder.absolute()
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / DATABASE_FILE).exists():
                raise InvalidInput(f"{folder} already holds a project", "Open it instead")
        return cls._connected(folder)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a project for reading and writing; an older format is brought up to date.

        Raises:
            MissingFile: the folder holds no project.
            ProjectLocked: another program has it open.
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
        return cls._connected(folder)

    def close(self) -> None:
        """Close the database and give the lock back; a second call does nothing."""
        self._connection.close()
        self._lock.release()

    def images(self) -> tuple[ImageRecord, ...]:
        """Give all images in the order of their import."""
        return self._records(ImageRecord, "SELECT record FROM image ORDER BY position")

    def add_image(self, record: ImageRecord) -> None:
        """Add an image; `ValueError` when its id is taken."""
        with self._change("add an image") as database:
            database.execute(
                "INSERT INTO image (id, record) VALUES (?, ?)", (record.id, _text(record))
            )

    def update_image(self, record: ImageRecord) -> None:
        """Replace the record of an image; `KeyError` when there is none with its id."""
        with self._change("change an image") as database:
            changed = database.execute(
                "UPDATE image SET record = ? WHERE id = ?", (_text(record), record.id)
            )
            _require_one(changed, record.id)

    def remove_image(self, image_id: str) -> None:
        """Forget an image, not its results; `KeyError` when there is none with the id."""
        with self._change("remove an image") as database:
            _require_one(database.execute("DELETE FROM image WHERE id = ?", (image_id,)), image_id)

    def jobs(self) -> tuple[JobRecord, ...]:
        """Give all jobs, oldest first."""
        return self._records(JobRecord, "SELECT record FROM job ORDER BY position")

    def add_job(self, record: JobRecord) -> None:
        """Add a job; `ValueError` when its id is taken."""
        with self._change("add a job") as database:
            database.execute(
                "INSERT INTO job (id, record) VALUES (?, ?)", (record.id, _text(record))
            )

    def update_job(self, record: JobRecord) -> None:
        """Replace the record of a job; `KeyError` when there is none with its id."""
        with self._change("change a job") as database:
            changed = database.execute(
                "UPDATE job SET record = ? WHERE id = ?", (_text(record), record.id)
            )
            _require_one(changed, record.id)

    def results(self) -> tuple[AttachedResult, ...]:
        """Give all results with their images, oldest first."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT job_id, image_id FROM result_image ORDER BY position"
            ).fetchall()
        images: dict[str, list[str]] = {}
        for job_id, image_id in rows:
            images.setdefault(job_id, []).append(image_id)
        records = self._records(ResultRecord, "SELECT record FROM result ORDER BY position")
        return tuple(AttachedResult(tuple(images.get(r.job_id, ())), r) for r in records)

    def add_result(self, image_ids: tuple[str, ...], result: ResultRecord) -> None:
        """Add what a job left behind.

        Raises:
            ValueError: the job has a result already, or an image is not in the project.
        """
        with self._change("add a result") as database:
            database.execute(
                "INSERT INTO result (job_id, record) VALUES (?, ?)", (result.job_id, _text(result))
            )
            database.executemany(
                "INSERT INTO result_image (job_id, image_id, position) VALUES (?, ?, ?)",
                [(result.job_id, image_id, place) for place, image_id in enumerate(image_ids)],
            )

    def setting(self, name: str, default: ParameterValue = None) -> ParameterValue:
        """Give a setting of the project."""
        with self._reading():
            row = self._connection.execute(
                "SELECT value FROM setting WHERE name = ?", (name,)
            ).fetchone()
        return default if row is None else json.loads(row[0])

    def set_setting(self, name: str, value: ParameterValue) -> None:
        """Keep a setting of the project."""
        with self._change("keep a setting") as database:
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
    def _connected(cls, folder: Path) -> Self:
        path = folder / DATABASE_FILE
        lock = LockFile(folder / LOCK_FILE, f"The project {folder.name}")
        try:
            with _database_errors(path, "open the project"):
                connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
                try:
                    require_known_format(connection, path)
                    bring_up_to_date(connection, path)
                except BaseException:
                    connection.close()
                    raise
        except BaseException:
            lock.release()
            raise
        return cls(folder, lock, connection)

    @contextmanager
    def _change(self, what: str) -> Generator[sqlite3.Connection, None, None]:
        """Run one transaction, rolled back whole when anything in it fails."""
        self._lock.require()
        with _database_errors(self.folder / DATABASE_FILE, what):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Generator[None, None, None]:
        with _database_errors(self.folder / DATABASE_FILE, "read the project"):
            yield

    def _records(self, cls: type[T], query: str) -> tuple[T, ...]:
        with self._reading():
            rows = self._connection.execute(query).fetchall()
        return tuple(decode(cls, row[0].encode(), DATABASE_FILE) for row in rows)


def _text(record: Any) -> str:
    return encode(record).decode()


def _require_one(changed: sqlite3.Cursor, key: str) -> None:
    if changed.rowcount != 1:
        raise KeyError(key)


@contextmanager
def _database_errors(path: Path, what: str) -> Generator[None, None, None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise ValueError(f"Could not {what}: {error}") from error
    except sqlite3.Error as error:
        raise _translated(path, what, error) from error


def _translated(path: Path, what: str, error: sqlite3.Error) -> SuperlensError:
    # The low byte is the primary code, whatever the details in the others.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    match code:
        case sqlite3.SQLITE_FULL:
            return DiskFull(
                f"The disk is full: could not {what}", "Free some space and try again", str(error)
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return ProjectLocked(
                f"Another program holds {path}: could not {what}", "Close it there and try again"
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return InvalidInput(
                f"{path} cannot be written: could not {what}",
                "Choose a folder that you may write to",
                str(error),
            )
        case _:
            return UnreadableFile(
                f"The project database {path} is damaged: could not {what}",
                "Restore it from a copy; finished runs in the folder results are not affected",
                str(error),
            )
