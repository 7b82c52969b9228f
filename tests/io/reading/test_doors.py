"""Which parts of the program open image files in their own process: those that read ours alone."""

import ast
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[3] / "app" / "superlens"
IN_PROCESS = {"open_image", "probe"}
READ_OWN_FILES = {
    "cli/self_test.py",  # what it has just written
    "cli/walk.py",  # the samples that are shipped, and what it made of them
    "io/reading/pool.py",  # the door itself
    "report/evidence.py",  # pictures in a run folder
}


def _opens_in_process(path: Path) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module in ("superlens.io.images", "superlens.io.images.opening")
        and IN_PROCESS & {alias.name for alias in node.names}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


def test_foreign_files_are_opened_through_the_reader_processes_alone() -> None:
    found = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        if "io/images/" not in path.as_posix() and _opens_in_process(path)
    }

    assert found == READ_OWN_FILES
