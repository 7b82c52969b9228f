"""The open database of a project: one connection, one transaction at a time, plain errors.

What is in the tables is the business of `store` and its parts.
"""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from superlens.core.errors import (
    DiskFull,
    InvalidInput,
    ProjectLocked,
    SuperlensError,
    UnreadableFile,
)
from superlens.io.codec import decode, encode
from superlens.io.lock_file import LockFile
from superlens.io.store_format import (
    bring_up_to_date,
    is_current,
    require_known_format,
    require_sound,
)

DATABASE_FILE = "project.sqlite"
_BUSY_S = 5.0

T = TypeVar("T")


class Database:
    """A connection, and the right to write where there is one."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        lock: LockFile | None,
        read_only_reason: str = "",
    ) -> None:
        self.path = path
        self.connection = connection
        self.read_only_reason = read_only_reason
        """Why nothing can be changed; empty for the one writer."""
        self._lock = lock

    @classmethod
    def for_writing(cls, path: Path, lock: LockFile) -> "Database":
        """Open or make a database; an older format is brought up to date.

        Raises:
            SuperlensError: as `ProjectStore.open`.
        """
        with database_errors(path, "open the project"):
            connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
            try:
                require_known_format(connection, path)
                if lock.was_left_behind:
                    require_sound(connection)
                bring_up_to_date(connection, path)
            except BaseException:
                connection.close()
                raise
        return cls(path, connection, lock)

    @classmethod
    def for_reading(cls, path: Path, reason: str) -> "Database":
        """Open a database so that nothing on the disk is changed, whatever its format.

        Raises:
            SuperlensError: as `ProjectStore.open`.
        """
        with database_errors(path, "open the project"):
            connection = sqlite3.connect(
                _address(path), timeout=_BUSY_S, isolation_level=None, uri=True
            )
            try:
                require_known_format(connection, path)
                if not is_current(connection):
                    connection = _migrated_copy(connection, path)
                connection.execute("PRAGMA query_only = ON")
            except BaseException:
                connection.close()
                raise
        return cls(path, connection, None, reason)

    def close(self) -> None:
        """Close the connection and give the lock back; a second call does nothing."""
        self.connection.close()
        if self._lock is not None:
            self._lock.release()

    @contextmanager
    def change(self, what: str) -> Generator[sqlite3.Connection, None, None]:
        """Run one transaction, rolled back whole when anything in it fails."""
        if self._lock is None:
            raise ProjectLocked(
                f"Could not {what}: the project is open for reading only", self.read_only_reason
            )
        self._lock.require()
        with database_errors(self.path, what):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Give what a query finds."""
        with database_errors(self.path, "read the project"):
            return self.connection.execute(query, values).fetchall()

    def records(self, cls: type[T], query: str, values: Sequence[Any] = ()) -> tuple[T, ...]:
        """Give the records whose texts a query finds in its first column."""
        rows = self.rows(query, values)
        return tuple(decode(cls, row[0].encode(), self.path.name) for row in rows)


def text_of(record: Any) -> str:
    """Give a record as the text that a table keeps."""
    return encode(record).decode()


def require_one(changed: sqlite3.Cursor, key: str) -> None:
    """Make sure that a statement changed one row; `KeyError` with the key otherwise."""
    if changed.rowcount != 1:
        raise KeyError(key)


@contextmanager
def database_errors(path: Path, what: str) -> Generator[None, None, None]:
    """Translate what SQLite says; `ValueError` where a rule of the tables is broken."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise ValueError(f"Could not {what}: {error}") from error
    except sqlite3.Error as error:
        raise _translated(path, what, error) from error


def _address(path: Path) -> str:
    # Two slashes for an empty host, so that those of \\server\share stay part of the path.
    plain = path.as_posix()
    return f"file://{'' if plain.startswith('/') else '/'}{quote(plain)}?mode=ro"


def _migrated_copy(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Give an older database as this version needs it, in memory."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.backup(copy)
        bring_up_to_date(copy, path, keeps_copy=False)
    except BaseException:
        copy.close()
        raise
    connection.close()
    return copy


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
