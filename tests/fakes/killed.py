"""Child processes that do something to a project and die in the middle of it, at a chosen place."""

import multiprocessing
import os
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from superlens.core.blinding import AuditEntry
from superlens.core.plate import PlateLayout, PlateSize
from superlens.core.records import FileIdentity, ImageInfo, ImageRecord, ResultRecord
from superlens.io import store_database
from superlens.io.store import ProjectStore

KILLED, DONE = 77, 0

Work = Callable[[Path], None]


def image(number: int) -> ImageRecord:
    """Give an image record of about two kilobytes."""
    name = f"i{number}"
    identity = FileIdentity(number, number, f"hash {number}")
    info = ImageInfo(name, "TIFF", (), ("a long warning " * 120,))
    return ImageRecord(name, f"{name}.tif", identity, info)


def create(folder: Path) -> None:
    """Make a project."""
    ProjectStore.create(folder).close()


def import_images(folder: Path) -> None:
    """Add images one by one, as an import does."""
    with ProjectStore.open(folder) as store:
        for number in range(10, 13):
            store.add_image(image(number))


def note_all(folder: Path) -> None:
    """Change all images in one transaction."""
    with ProjectStore.open(folder) as store:
        store.catalogue.update(*(replace(one, note="seen" * 500) for one in store.images()))


def save_all(folder: Path) -> None:
    """Change many images, a plate, a setting, the audit, and add and remove results."""
    with ProjectStore.open(folder) as store:
        store.catalogue.update(*(replace(one, note="seen") for one in store.images()))
        store.plates.save(PlateLayout("p", "Plate", PlateSize.WELLS_6))
        store.audit.add(AuditEntry("now", "me", "blinded"), {"blinding": 7})
        store.add_result(("i0", "i1"), ResultRecord("j1", "restore", "results/a"))
        store.remove_result("j0")


def migrate(folder: Path) -> None:
    """Open a project of an older format."""
    ProjectStore.open(folder).close()


def killed_at_statement(work: Work, folder: Path, number: int) -> bool:
    """Say whether a process that does the work died before its statement of that number."""
    return _exit_code(_die_at_statement, work, folder, number) == KILLED


def killed_at_instruction(work: Work, folder: Path, number: int) -> bool:
    """Say whether a process that does the work died at that step of the machine of SQLite.

    Its cache is so small that changed pages reach the file long before the transaction ends.
    """
    return _exit_code(_die_at_instruction, work, folder, number) == KILLED


def _exit_code(entry: Callable[..., None], *values: Any) -> int | None:
    # A fork is a hundred times faster than a new interpreter, where there is one.
    methods = multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
    child = context.Process(target=entry, args=values)
    child.start()
    child.join(60)
    if child.is_alive():
        child.kill()
        child.join()
    return child.exitcode


def _die_at_statement(work: Work, folder: Path, number: int) -> None:
    countdown = _Countdown(number)

    def watch(connection: sqlite3.Connection) -> None:
        connection.set_trace_callback(lambda _: countdown())

    _do(work, folder, watch)


def _die_at_instruction(work: Work, folder: Path, number: int) -> None:
    countdown = _Countdown(number)

    def watch(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA cache_size = 1")
        connection.set_progress_handler(countdown, 1)

    _do(work, folder, watch)


def _do(work: Work, folder: Path, watch: Callable[[sqlite3.Connection], None]) -> None:
    real = sqlite3.connect

    def connect(*values: Any, **options: Any) -> sqlite3.Connection:
        connection = real(*values, **options)
        watch(connection)
        return connection

    store_database.sqlite3.connect = connect  # type: ignore[assignment]  # this process ends soon
    work(folder)
    os._exit(DONE)


class _Countdown:
    def __init__(self, number: int) -> None:
        self._left = number

    def __call__(self) -> int:
        self._left -= 1
        if self._left <= 0:
            os._exit(KILLED)  # no handler, no flush, no rollback: as if the power were cut
        return 0
