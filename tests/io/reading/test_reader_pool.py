"""Reader processes: what they survive, how they end, and what the asker is told."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from fakes.misbehaving_reader import OPENER, SIDE
from superlens.core.errors import (
    InvalidInput,
    MissingFile,
    SuperlensError,
    UnreadableFile,
    UnsupportedImage,
)
from superlens.io.images import ImageSource
from superlens.io.reading import Limits, ReaderPool
from superlens.io.reading.reader_process import Loss

HASTY = Limits(open_s=3.0, read_s=3.0, close_s=1.0)
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the system sets no such limit")


@pytest.fixture(scope="module")
def hasty() -> Iterator[ReaderPool]:
    shared = ReaderPool(HASTY, OPENER)
    yield shared
    shared.close()


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    shared = ReaderPool(opener=OPENER)
    yield shared
    shared.close()


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "broken.xyz"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def process_of(source: ImageSource) -> int:
    """Give the number of the process that a source of the fake reader is read in."""
    return int(source.plane(0, 0, 0, 0)[0, 0])


def read(pool: ReaderPool, path: Path) -> np.ndarray:
    with pool.open(path) as source:
        return source.plane(0, 0, 0, 1)


def require_plain(error: SuperlensError) -> None:
    assert "broken.xyz" in error.title
    assert "\n" not in error.title
    assert not re.search(r"Traceback|Error\b|Exception|0x", error.sentence)


@pytest.mark.parametrize(
    ("when", "deed", "loss", "words"),
    [
        ("open", "hang", Loss.TIME, "could not be read within 3 seconds"),
        ("read", "hang with the interpreter", Loss.TIME, "could not be read within 3 seconds"),
        ("open", "crash", Loss.CRASH, "broke down"),
        ("read", "leave", Loss.CRASH, "broke down"),
    ],
    ids=["hang", "hang with the interpreter", "crash", "leave"],
)
def test_process_that_a_file_breaks_is_replaced_for_the_next_file(
    hasty: ReaderPool, written, when: str, deed: str, loss: Loss, words: str
) -> None:
    began = time.monotonic()
    with pytest.raises(UnreadableFile, match=words) as caught:
        read(hasty, written(f"{when}: {deed}"))
    took_s = time.monotonic() - began

    require_plain(caught.value)
    assert loss in caught.value.detail
    assert took_s < 20  # three seconds to wait, and the start of a process on a busy computer
    assert read(hasty, written("open: nothing")).shape == (SIDE, SIDE)


@ON_LINUX
@pytest.mark.parametrize("when", ["open", "read"])
def test_memory_beyond_the_limit_is_refused_by_the_system(
    pool: ReaderPool, written, when: str
) -> None:
    with pytest.raises(UnreadableFile, match="asks for more memory than there is") as caught:
        read(pool, written(f"{when}: take memory"))

    require_plain(caught.value)


def test_memory_beyond_the_limit_ends_the_process_where_the_system_sets_none(
    pool: ReaderPool, written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("superlens.io.reading.reader_process._memory_of", lambda _: 1 << 40)

    with pytest.raises(UnreadableFile, match=r"needs more than 1\.6 GB of memory") as caught:
        read(pool, written("open: hang"))

    require_plain(caught.value)
    assert Loss.MEMORY in caught.value.detail


def test_process_that_stays_large_is_not_used_again(written) -> None:
    sparing = ReaderPool(Limits(idle_bytes=0), OPENER)
    with sparing.open(written("open: nothing")) as source:
        large = process_of(source)

    with sparing.open(written("open: nothing")) as source:
        assert process_of(source) != large


def test_process_that_nobody_needs_is_ended_after_a_while(written) -> None:
    hurried = ReaderPool(Limits(idle_s=0.2), OPENER)
    with hurried.open(written("open: nothing")) as source:
        number = process_of(source)

    deadline = time.monotonic() + 20
    while any(c.pid % 60_000 == number for c in psutil.Process().children()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert read(hurried, written("open: nothing")).shape == (SIDE, SIDE)
    hurried.close()


def test_process_stays_warm_from_file_to_file(pool: ReaderPool, written) -> None:
    with pool.open(written("open: nothing")) as source:
        first = process_of(source)
    with pool.open(written("open: nothing")) as source:
        assert process_of(source) == first
    with pytest.raises(SuperlensError):
        pool.open(written("open: refuse"))
    with pool.open(written("open: nothing")) as source:
        assert process_of(source) == first


def test_refusals_arrive_as_they_were_said(pool: ReaderPool, written) -> None:
    with pytest.raises(UnsupportedImage) as caught:
        pool.open(written("open: refuse"))

    error = caught.value
    assert (error.title, error.advice, error.detail) == (
        "This is not for us",
        "Take another",
        "a detail",
    )


@pytest.mark.parametrize("when", ["open", "read"])
def test_whatever_a_reader_raises_becomes_a_sentence(pool: ReaderPool, written, when: str) -> None:
    with pytest.raises(UnreadableFile, match="is damaged") as caught:
        read(pool, written(f"{when}: raise"))

    require_plain(caught.value)
    assert "LookupError" in caught.value.detail


def test_file_stays_open_after_a_plane_that_cannot_be_read(pool: ReaderPool, written) -> None:
    with pool.open(written("read: raise")) as source:
        with pytest.raises(UnreadableFile):
            source.plane(0, 0, 0, 1)
        assert source.plane(0, 0, 0, 0).shape == (SIDE, SIDE)


def test_pixels_that_are_not_as_announced_are_refused(pool: ReaderPool, written) -> None:
    with pytest.raises(UnreadableFile, match="not as its header says") as caught:
        read(pool, written("read: lie"))

    require_plain(caught.value)


def test_missing_file_is_told(tmp_path: Path) -> None:
    real = ReaderPool()

    with pytest.raises(MissingFile, match="There is no file"):
        real.open(tmp_path / "nowhere.tif")

    real.close()


def test_planes_that_do_not_exist_are_refused_without_asking(pool: ReaderPool, written) -> None:
    with pool.open(written("read: crash")) as source, pytest.raises(InvalidInput, match="no Z = 2"):
        source.plane(0, 0, 0, 2)


def test_image_that_lost_its_process_says_that_it_is_not_open(pool: ReaderPool, written) -> None:
    with pool.open(written("read: leave")) as source:
        with pytest.raises(UnreadableFile, match="broke down"):
            source.plane(0, 0, 0, 1)
        with pytest.raises(UnreadableFile, match="not open any more"):
            source.plane(0, 0, 0, 0)


def test_closed_image_is_not_read(pool: ReaderPool, written) -> None:
    source = pool.open(written("open: nothing"))
    source.close()
    source.close()

    with pytest.raises(UnreadableFile, match="not open any more"):
        source.plane(0, 0, 0, 0)


def test_process_that_does_not_close_its_file_is_ended(hasty: ReaderPool, written) -> None:
    with hasty.open(written("read: never close")) as source:
        stuck = process_of(source)
    with hasty.open(written("open: nothing")) as source:
        assert process_of(source) != stuck


def test_idle_process_that_died_is_replaced(pool: ReaderPool, written) -> None:
    with pool.open(written("open: nothing")) as source:
        number = process_of(source)
    dead = next(c for c in psutil.Process().children() if c.pid % 60_000 == number)
    dead.kill()
    psutil.wait_procs([dead], timeout=10)

    assert read(pool, written("open: nothing")).shape == (SIDE, SIDE)


def test_files_are_read_at_once_from_several_threads(pool: ReaderPool, written) -> None:
    path = written("open: nothing")
    processes: list[int] = []
    barrier = threading.Barrier(2)

    def work() -> None:
        with pool.open(path) as source:
            barrier.wait(30)
            processes.append(process_of(source))
            barrier.wait(30)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(set(processes)) == 2


def test_one_open_file_may_be_asked_from_several_threads(pool: ReaderPool, written) -> None:
    with pool.open(written("open: nothing")) as source:
        found: list[int] = []
        threads = [
            threading.Thread(target=lambda: found.append(process_of(source))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    assert len(found) == 8
    assert len(set(found)) == 1


def test_forgotten_image_ends_its_process(pool: ReaderPool, written) -> None:
    source = pool.open(written("open: nothing"))
    number = process_of(source)

    del source

    assert not [c for c in psutil.Process().children() if c.pid % 60_000 == number]


def test_nothing_is_printed_by_a_reader(
    pool: ReaderPool, written, capfd: pytest.CaptureFixture[str]
) -> None:
    read(pool, written("read: print"))

    assert capfd.readouterr() == ("", "")


def test_closed_pool_ends_its_processes(written) -> None:
    pool = ReaderPool(opener=OPENER)
    with pool.open(written("open: nothing")) as source:
        number = process_of(source)

    pool.close()

    assert not [c for c in psutil.Process().children() if c.pid % 60_000 == number]


ORPHAN = """
import os, sys, threading
from pathlib import Path
from superlens.io.reading import Limits, ReaderPool

def main():
    pool = ReaderPool(Limits(open_s=1.0), {opener!r})
    calm, wild = (Path(argument) for argument in sys.argv[1:])
    source = pool.open(calm)
    print(int(source.plane(0, 0, 0, 0)[0, 0]), flush=True)
    source.close()
    if wild.read_text() != "leave":
        threading.Timer(0.3, os._exit, (0,)).start()
        pool.open(wild)

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("wish", ["leave", "open: hang with the interpreter"])
def test_process_whose_asker_is_gone_leaves(
    tmp_path: Path, child_environment: dict[str, str], wish: str
) -> None:
    script, calm, wild = (tmp_path / name for name in ("asker.py", "calm", "wild"))
    script.write_text(ORPHAN.format(opener=OPENER))
    calm.write_text("open: nothing")
    wild.write_text(wish)

    done = subprocess.run(
        [sys.executable, script, calm, wild],
        env=child_environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    number = int(done.stdout)
    deadline = time.monotonic() + 15
    while (is_there := _is_running(number)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_there
    if wish == "leave":
        assert not done.stderr  # no traceback, no complaint about leaked memory


def _is_running(number: int) -> bool:
    return any(pid % 60_000 == number for pid in psutil.pids())


def test_prepared_process_waits_for_the_first_file(written) -> None:
    pool = ReaderPool(opener=OPENER)
    before = {child.pid for child in psutil.Process().children()}
    pool.prepare()
    pool.prepare()
    made = {child.pid for child in psutil.Process().children()} - before

    with pool.open(written("fine")) as source:
        used = process_of(source)

    pool.close()
    assert used in made
    assert len(made) <= 2  # the other one tracks the memory that they share
