"""Fixtures of the workbench tests: fake engines that leave no thread behind."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.engine import FakeEngines
from superlens.workbench.workbench import Workbench

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True)
def cycles_die_in_this_thread() -> Iterator[None]:
    """Keep Python from deleting Qt objects of a test in a thread of its fake engines."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def _short_collections() -> Iterator[None]:
    """Leave what the test runner itself loaded out of every collection."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def engines() -> Iterator[FakeEngines]:
    """Fake engines, ended after the test."""
    fakes = FakeEngines()
    yield fakes
    fakes.end()


@pytest.fixture
def bench(
    qtbot: Any, engines: FakeEngines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workbench]:
    """A workbench with fake engines and user folders of its own."""
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    bench = Workbench(engines.start)
    bench.start_engines()
    yield bench
    bench.shutdown()
