"""Cycles of Qt objects die in the thread they live in."""

import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from superlens.workbench.garbage import CycleCollection


class Cycle:
    """A cycle that notes the thread in which it dies."""

    def __init__(self, died_in: list[str]) -> None:
        self.itself = self
        self._died_in = died_in

    def __del__(self) -> None:
        self._died_in.append(threading.current_thread().name)


@pytest.fixture(autouse=True)
def python_collects() -> Iterator[None]:
    """Undo what the other tests of this folder are protected by."""
    gc.enable()
    yield
    gc.enable()


def allocate(count: int) -> None:
    kept = [[] for _ in range(count)]
    assert len(kept) == count


def test_cycle_is_not_collected_by_another_thread(qtbot: Any) -> None:
    collection = CycleCollection()
    died_in: list[str] = []
    Cycle(died_in)

    thread = threading.Thread(target=allocate, args=(200_000,), name="other")
    thread.start()
    thread.join()

    assert died_in == []
    collection.close()
    assert died_in == ["MainThread"]


def test_cycles_are_collected_while_the_window_lives(qtbot: Any) -> None:
    collection = CycleCollection()
    died_in: list[str] = []
    kept = [[] for _ in range(5000)]
    Cycle(died_in)

    qtbot.wait_until(lambda: died_in == ["MainThread"], timeout=5000)

    assert len(kept) == 5000
    collection.close()


def test_nothing_is_collected_below_the_thresholds(qtbot: Any) -> None:
    collection = CycleCollection()
    gc.collect()
    died_in: list[str] = []
    Cycle(died_in)

    collection.collect()

    assert died_in == []
    collection.close()


def test_python_collects_by_itself_again_after_closing(qtbot: Any) -> None:
    collection = CycleCollection()
    assert not gc.isenabled()

    collection.close()

    assert gc.isenabled()
