"""The format of the project database: its version, and the steps from one version to the next.

One numbered SQL file in `migrations/` per step; a released file is never changed.
"""

import shutil
import sqlite3
from importlib.resources import files
from pathlib import Path

from superlens.core.errors import IncompatibleVersion, UnreadableFile
from superlens.io.atomic import replace_file

APPLICATION_ID = 0x534C454E
"""`SLEN`: marks a SQLite file as a Superlens project."""


def require_known_format(connection: sqlite3.Connection, path: Path) -> None:
    """Make sure that a database is a whole project that this version understands.

    Raises:
        UnreadableFile: it is another program's.
        IncompatibleVersion: a newer Superlens made it.
        sqlite3.DatabaseError: it is cut off.
    """
    found = _version(connection)
    is_new = found == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    if not is_new and connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise UnreadableFile(f"{path} is not a Superlens project", "Choose another folder")
    known = latest_format()
    if found > known:
        raise IncompatibleVersion(
            f"The project {path.parent.name} has format {found}, "
            f"and this version reads up to {known}",
            "Open it with a newer Superlens",
        )
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    needed = pages * connection.execute("PRAGMA page_size").fetchone()[0]
    if path.stat().st_size < needed and not is_new:
        raise sqlite3.DatabaseError(f"it has {path.stat().st_size} of {needed} bytes")


def require_sound(connection: sqlite3.Connection) -> None:
    """Read the whole database and make sure that its tables hold together.

    Done after a session that did not end well; too slow on a network share for every opening.

    Raises:
        sqlite3.DatabaseError: it is damaged.
    """
    state = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if state != "ok":
        raise sqlite3.DatabaseError(state)


def latest_format() -> int:
    """Give the newest format that this version reads, and writes."""
    return max(number for number, _ in _migrations())


def is_current(connection: sqlite3.Connection) -> bool:
    """Say whether a database lacks no step."""
    return _version(connection) == latest_format()


def bring_up_to_date(connection: sqlite3.Connection, path: Path, keeps_copy: bool = True) -> None:
    """Apply the steps that a database lacks, each in one transaction.

    An existing project is copied to `<name>.format-<n>` beside it first.

    Raises:
        DiskFull: there is no room for the copy.
    """
    for statement in ("journal_mode = DELETE", "synchronous = EXTRA", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {statement}")
    found = _version(connection)
    missing = [(number, sql) for number, sql in _migrations() if number > found]
    if missing and found > 0 and keeps_copy:
        # Whole or not at all, so that a copy that is there can be trusted.
        with replace_file(path.with_name(f"{path.name}.format-{found}")) as part:
            shutil.copyfile(path, part)
    for number, sql in missing:
        _apply(connection, number, sql)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrations() -> list[tuple[int, str]]:
    folder = files("superlens.io") / "migrations"
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted((int(entry.name[:4]), entry.read_text(encoding="utf-8")) for entry in found)


def _apply(connection: sqlite3.Connection, number: int, sql: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _statements(sql):
            connection.execute(statement)
        # Both belong to the header page and are rolled back with the rest.
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(sql: str) -> list[str]:
    # `executescript` would commit after each statement.
    found: list[str] = []
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return found
