"""The format of the project database: its version, and the steps from one version to the next.

One numbered SQL file in `migrations/` per step; a released file is never changed.
"""

import shutil
import sqlite3
from importlib.resources import files
from pathlib import Path

from superlens.core.errors import IncompatibleVersion, UnreadableFile
from superlens.io.system_errors import writing

APPLICATION_ID = 0x534C454E
"""`SLEN`: marks a SQLite file as a Superlens project."""


def require_known_format(connection: sqlite3.Connection, path: Path) -> None:
    """Make sure that a database is a sound project that this version understands.

    Raises:
        UnreadableFile: it is another program's, or damaged.
        IncompatibleVersion: a newer Superlens made it.
    """
    found = _version(connection)
    is_new = found == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    if not is_new and connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise UnreadableFile(f"{path} is not a Superlens project", "Choose another folder")
    known = max(number for number, _ in _migrations())
    if found > known:
        raise IncompatibleVersion(
            f"The project {path.parent.name} has format {found}, "
            f"and this version reads up to {known}",
            "Open it with a newer Superlens",
        )
    state = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if state != "ok":
        raise sqlite3.DatabaseError(state)


def bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Apply the steps that a database lacks, each in one transaction.

    An existing project is copied to `<name>.format-<n>` beside it first.

    Raises:
        DiskFull: there is no room for the copy.
    """
    for statement in ("journal_mode = DELETE", "synchronous = EXTRA", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {statement}")
    found = _version(connection)
    missing = [(number, sql) for number, sql in _migrations() if number > found]
    if missing and found > 0:
        copy = path.with_name(f"{path.name}.format-{found}")
        with writing(copy):
            shutil.copy2(path, copy)
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
