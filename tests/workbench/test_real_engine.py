"""The link and the queue over real engine processes, which are killed at each phase."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from child_processes import children
from superlens.core.jobs import FileToLookAt, JobState, Lane, ThumbnailRequest
from superlens.workbench.engine_link import EngineLink, EngineState
from superlens.workbench.jobs import JobQueue
from superlens.workbench.workbench import Workbench

START_MS = 60_000
"""An engine takes a second or two to come up; a loaded machine takes longer."""


@pytest.fixture
def link(qtbot: Any) -> Iterator[EngineLink]:
    link = EngineLink(Lane.CPU)
    yield link
    link.shutdown()


@pytest.fixture
def queue(link: EngineLink, tmp_path: Path) -> JobQueue:
    return JobQueue({Lane.CPU: link}, tmp_path / "requests")


def engine_process() -> Any:
    """Give the process of the only engine of this program."""
    (process,) = children()
    return process


def pictures_of(path: Path) -> ThumbnailRequest:
    out = path.with_suffix("")
    return ThumbnailRequest((FileToLookAt(str(path), str(out)),), str(path) + ".findings")


def picture(path: Path, side: int = 64) -> ThumbnailRequest:
    rows = np.arange(side, dtype=np.uint8)
    Image.fromarray(rows[:, None] + rows[None, :]).save(path)
    return pictures_of(path)


def big_picture(path: Path) -> ThumbnailRequest:
    """Give a job that takes seconds: 1.6 gigapixels of zeros, which take no room on disk."""
    import tifffile

    tifffile.memmap(path, shape=(40_000, 40_000), dtype=np.uint8, photometric="minisblack")
    return pictures_of(path)


def ended(queue: JobQueue) -> dict[str, list[JobState]]:
    """Collect how often each job ends, and how: thumbnail jobs are forgotten when they do."""
    ends: dict[str, list[JobState]] = {}
    queue.job_ended.connect(lambda record: ends.setdefault(record.id, []).append(record.state))
    return ends


@pytest.mark.parametrize("phase", ["starting", "idle", "working"])
def test_queue_goes_on_after_the_engine_was_killed(
    qtbot: Any, link: EngineLink, queue: JobQueue, tmp_path: Path, phase: str
) -> None:
    ends = ended(queue)
    link.start()
    if phase != "starting":
        with qtbot.waitSignal(link.ready, timeout=START_MS):
            pass
    first = None
    if phase == "working":
        with qtbot.waitSignal(link.accepted, timeout=START_MS):
            first = queue.submit(big_picture(tmp_path / "big.tif"), "Read big.tif")

    with qtbot.waitSignal(link.lost, timeout=START_MS):
        engine_process().kill()
    second = queue.submit(picture(tmp_path / "a.png"), "Read a.png")
    qtbot.wait_until(lambda: second in ends, timeout=START_MS)

    assert ends[second] == [JobState.DONE]
    assert (tmp_path / "a" / "scene-0.png").exists()
    assert first is None or ends[first] == [JobState.FAILED]


def test_working_engine_is_stopped_by_force_and_started_again(
    qtbot: Any, link: EngineLink, queue: JobQueue, tmp_path: Path
) -> None:
    ends = ended(queue)
    link.start()
    with qtbot.waitSignal(link.accepted, timeout=START_MS):
        job_id = queue.submit(big_picture(tmp_path / "big.tif"), "Read big.tif")

    with qtbot.waitSignals([link.lost, link.ready], timeout=START_MS, order="strict"):
        queue.force_stop(job_id)

    assert ends[job_id] == [JobState.CANCELLED]


def test_cancel_is_answered_soon(
    qtbot: Any, link: EngineLink, queue: JobQueue, tmp_path: Path
) -> None:
    ends = ended(queue)
    link.start()
    with qtbot.waitSignal(link.accepted, timeout=START_MS):
        job_id = queue.submit(big_picture(tmp_path / "big.tif"), "Read big.tif")

    # A second is promised; a machine busy with other tests gets two.
    with qtbot.waitSignal(queue.job_ended, timeout=2000):
        queue.cancel(job_id)

    assert ends[job_id] == [JobState.CANCELLED]


def test_engine_that_hangs_is_ended_at_shutdown(qtbot: Any, link: EngineLink) -> None:
    link.start()
    with qtbot.waitSignal(link.ready, timeout=START_MS):
        pass
    process = engine_process()
    psutil.Process(process.pid).suspend()

    link.shutdown()

    assert process.exitcode is not None
    assert children() == []


@pytest.mark.slow
def test_workbench_reads_files_and_leaves_no_process_and_no_thread(
    qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    threads_before = set(threading.enumerate())
    bench = Workbench()
    bench.start_engines()
    for name in ("a.png", "b.png"):
        picture(tmp_path / name, 64 if name == "a.png" else 80)
    (tmp_path / "broken.tif").write_bytes(b"")
    project = bench.ensure_project()
    failed: list[str] = []
    project.import_failed.connect(lambda path, error: failed.append(f"{path}: {error.sentence}"))

    with qtbot.waitSignal(project.imports_finished, timeout=START_MS):
        project.add_files([tmp_path / "a.png", tmp_path / "broken.tif", tmp_path / "b.png"])
    qtbot.wait_until(
        lambda: bench.link(Lane.ACCELERATOR).state is EngineState.READY, timeout=START_MS
    )
    sizes = [image.info.scenes[0].size("X") for image in project.images()]
    bench.shutdown()

    assert sizes == [64, 80]
    assert len(failed) == 1
    assert failed[0].startswith(str(tmp_path / "broken.tif"))
    assert children() == []
    # The threads that feed the queues were told to leave; nobody waits for them.
    qtbot.wait_until(lambda: set(threading.enumerate()) <= threads_before, timeout=5000)
