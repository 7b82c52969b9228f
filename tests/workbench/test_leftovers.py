"""The cache of a project holds pictures of its images and nothing else for long."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from superlens.workbench.leftovers import clear_leftovers
from superlens.workbench.workbench import Workbench

HOUR_S = 3600.0


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with an image, an image on its way, and two leftovers of an hour ago."""
    folder = tmp_path / "cache"
    for name in ("image", "left", "coming"):
        (folder / name).mkdir(parents=True)
        (folder / name / "scene-0.png").write_bytes(b"a picture")
    (folder / "x.findings").write_bytes(b"{}")
    before = time.time() - HOUR_S
    for name in ("image", "left", "x.findings"):
        os.utime(folder / name, (before, before))
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_only_old_entries_of_no_image_are_removed(cache: Path) -> None:
    clear_leftovers(cache, {"image"}, time.time() - HOUR_S / 2, lambda: False)

    assert names(cache) == {"image", "coming"}


def test_clearing_stops_when_the_project_is_closed(cache: Path) -> None:
    clear_leftovers(cache, (), time.time(), lambda: True)

    assert len(names(cache)) == 4


def test_a_project_without_a_cache_has_nothing_to_clear(tmp_path: Path) -> None:
    clear_leftovers(tmp_path / "cache", (), time.time(), lambda: False)

    assert not (tmp_path / "cache").exists()


def test_opening_a_project_clears_what_an_interrupted_import_left(
    qtbot: Any, bench: Workbench, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("superlens.workbench.project._TIDY_AFTER_MS", 0)
    folder = bench.new_project(tmp_path / "screen").folder
    bench.close_project()
    cache.rename(folder / "cache")

    bench.open_project(folder)

    qtbot.wait_until(lambda: not names(folder / "cache"), timeout=10000)
