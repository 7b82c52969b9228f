"""Jobs wait, run one at a time in each lane, and end exactly once, whatever the engine does."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from fakes.engine import FakeEngines, FakeJob, crash, fail, finish, run_until_cancelled
from superlens.core.errors import DiskFull, InvalidInput
from superlens.core.jobs import (
    InputImage,
    JobKind,
    JobRecord,
    JobState,
    Lane,
    Recipe,
    ReportRequest,
    RestoreRequest,
    ThumbnailRequest,
    TrainRequest,
)
from superlens.core.messages import Accepted, Event, Finished, Preview, Progress, Submit
from superlens.core.records import ModelRef, ResultRecord
from superlens.workbench import jobs as jobs_module
from superlens.workbench.engine_link import EngineLink
from superlens.workbench.jobs import JobQueue
from superlens.workbench.waiting_lines import WaitingLines

REPORT = ReportRequest(("run",), "report.pdf")


class MemoryStore:
    """A store that forgets when the test ends."""

    def __init__(self, *records: JobRecord) -> None:
        self.saved = {record.id: record for record in records}
        self.is_full = False

    def add_job(self, record: JobRecord) -> None:
        self._refuse_when_full()
        self.saved[record.id] = record

    def update_job(self, record: JobRecord) -> None:
        self._refuse_when_full()
        self.saved[record.id] = record

    def jobs(self) -> tuple[JobRecord, ...]:
        return tuple(self.saved.values())

    def _refuse_when_full(self) -> None:
        if self.is_full:
            raise DiskFull("The disk is full")


@dataclass
class Endings:
    """Counts how often each job ended."""

    records: list[JobRecord] = field(default_factory=list)

    def note(self, record: JobRecord) -> None:
        self.records.append(record)

    def of(self, job_id: str) -> list[JobState]:
        return [record.state for record in self.records if record.id == job_id]


@pytest.fixture
def queue(qtbot: Any, engines: FakeEngines, tmp_path: Path) -> Iterator[JobQueue]:
    """A queue over two running fake engines."""
    links = {lane: EngineLink(lane, engines.start) for lane in Lane}
    queue = JobQueue(links, tmp_path / "requests")
    with qtbot.waitSignals([link.ready for link in links.values()], timeout=5000):
        for link in links.values():
            link.start()
    yield queue
    EngineLink.shut_down_all(tuple(links.values()))


@pytest.fixture
def endings(queue: JobQueue) -> Endings:
    """All ends of jobs."""
    endings = Endings()
    queue.job_ended.connect(endings.note)
    return endings


def restore(out: Path, name: str = "run") -> RestoreRequest:
    return RestoreRequest(InputImage("a.tif"), ModelRef("m", "0" * 64), str(out / name))


def until_ended(qtbot: Any, queue: JobQueue, *job_ids: str) -> None:
    def all_ended() -> None:
        assert all(queue.job(job_id).state.is_ended for job_id in job_ids)

    qtbot.wait_until(all_ended, timeout=5000)


def until_running(qtbot: Any, queue: JobQueue, job_id: str) -> None:
    """Wait until the engine has said how far the job is."""
    qtbot.wait_until(lambda: queue.job(job_id).total > 0, timeout=5000)


def test_job_runs_and_ends_once_with_its_result(
    qtbot: Any, queue: JobQueue, endings: Endings
) -> None:
    job_id = queue.submit(REPORT, "Report on a run", ("image",))
    assert queue.job(job_id).state is JobState.WAITING

    until_ended(qtbot, queue, job_id)

    record = queue.job(job_id)
    assert endings.of(job_id) == [JobState.DONE]
    assert record.result is not None
    assert record.result.folder == "report.pdf"
    assert record.created <= record.started <= record.ended
    assert queue.images_of(job_id) == ("image",)


def test_request_travels_as_a_file_that_goes_with_the_job(
    qtbot: Any, queue: JobQueue, engines: FakeEngines, tmp_path: Path
) -> None:
    read: list[object] = []

    def note(job: FakeJob) -> Iterator[Event]:
        read.append(job.request)
        yield from finish(job)

    engines.scripts[JobKind.REPORT] = note
    job_id = queue.submit(REPORT, "Report")
    until_ended(qtbot, queue, job_id)

    path = tmp_path / "requests" / f"{job_id}.json"
    assert engines.of(Lane.CPU).received == [Submit(job_id, str(path))]
    assert read == [REPORT]
    assert not path.exists()


def test_lane_does_one_job_at_a_time_in_order(
    qtbot: Any, queue: JobQueue, engines: FakeEngines, endings: Endings
) -> None:
    busy = threading.Lock()

    def alone(job: FakeJob) -> Iterator[Event]:
        assert busy.acquire(blocking=False)
        yield Accepted(job.id, "")
        busy.release()
        yield from finish(job)

    engines.scripts[JobKind.REPORT] = alone
    job_ids = [queue.submit(REPORT, f"Report {number}") for number in range(20)]

    until_ended(qtbot, queue, *job_ids)

    assert [record.id for record in endings.records] == job_ids
    assert {record.state for record in endings.records} == {JobState.DONE}


def test_lanes_do_not_wait_for_each_other(
    qtbot: Any, queue: JobQueue, engines: FakeEngines, tmp_path: Path
) -> None:
    engines.scripts[JobKind.RESTORE] = run_until_cancelled
    long_one = queue.submit(restore(tmp_path), "Super-resolve a.tif")
    report = queue.submit(REPORT, "Report")

    until_ended(qtbot, queue, report)

    assert queue.job(long_one).state is JobState.RUNNING
    queue.cancel(long_one)
    until_ended(qtbot, queue, long_one)


def test_thumbnails_give_way_and_are_forgotten(
    qtbot: Any, queue: JobQueue, endings: Endings, tmp_path: Path
) -> None:
    store = MemoryStore()
    queue.attach(store, tmp_path / "jobs")
    thumbnails = [
        queue.submit(ThumbnailRequest((), str(tmp_path / str(number))), "Read a.tif")
        for number in range(3)
    ]

    report = queue.submit(REPORT, "Report")
    qtbot.wait_until(lambda: len(endings.records) == 4, timeout=5000)

    assert [record.id for record in endings.records] == [report, *thumbnails]
    assert [record.id for record in queue.jobs()] == [report]
    assert list(store.saved) == [report]


def test_waiting_job_is_cancelled_at_once(
    qtbot: Any, queue: JobQueue, engines: FakeEngines, endings: Endings
) -> None:
    engines.scripts[JobKind.REPORT] = run_until_cancelled
    first = queue.submit(REPORT, "First")
    second = queue.submit(REPORT, "Second")
    until_running(qtbot, queue, first)

    queue.cancel(second)

    assert queue.job(second).state is JobState.CANCELLED
    queue.cancel(first)
    until_ended(qtbot, queue, first)
    assert endings.of(second) == [JobState.CANCELLED]


def test_running_job_says_how_long_and_is_cancelled(
    qtbot: Any, queue: JobQueue, engines: FakeEngines, endings: Endings
) -> None:
    engines.scripts[JobKind.REPORT] = run_until_cancelled
    job_id = queue.submit(REPORT, "Report")
    until_running(qtbot, queue, job_id)
    assert queue.seconds_left(job_id) == 99.0

    queue.cancel(job_id)
    until_ended(qtbot, queue, job_id)

    assert endings.of(job_id) == [JobState.CANCELLED]
    assert queue.seconds_left(job_id) is None


def test_failed_job_does_not_stop_the_next(
    qtbot: Any, queue: JobQueue, engines: FakeEngines
) -> None:
    engines.scripts[JobKind.REPORT] = fail
    first = queue.submit(REPORT, "First")
    until_ended(qtbot, queue, first)
    engines.scripts[JobKind.REPORT] = finish

    second = queue.retry(first)
    until_ended(qtbot, queue, second)

    error = queue.job(first).error
    assert queue.job(first).state is JobState.FAILED
    assert error is not None
    assert error.title == "The file is empty"
    assert queue.job(second).state is JobState.DONE
    assert queue.job(second).request == queue.job(first).request


def test_done_job_is_not_retried(qtbot: Any, queue: JobQueue) -> None:
    job_id = queue.submit(REPORT, "Report")
    until_ended(qtbot, queue, job_id)

    with pytest.raises(InvalidInput, match="Report is done"):
        queue.retry(job_id)


@pytest.mark.parametrize("phase", ["before accepting", "accepted", "in the middle", "writing"])
def test_engine_that_dies_fails_its_job_and_does_the_next(
    qtbot: Any,
    queue: JobQueue,
    engines: FakeEngines,
    endings: Endings,
    tmp_path: Path,
    phase: str,
) -> None:
    def die(job: FakeJob) -> Iterator[Event]:
        if phase != "before accepting":
            yield Accepted(job.id, "a plan")
        if phase in ("in the middle", "writing"):
            yield Progress(job.id, "tiles", 1, 2)
        if phase == "writing":
            (tmp_path / "first.partial").mkdir()
            (tmp_path / "first.partial" / "mean.ome.tif").write_bytes(b"half")
        engines.scripts[JobKind.RESTORE] = finish
        job.engine.process.die(-9)

    engines.scripts[JobKind.RESTORE] = die
    first = queue.submit(restore(tmp_path, "first"), "First")
    second = queue.submit(restore(tmp_path, "second"), "Second")

    until_ended(qtbot, queue, first, second)

    error = queue.job(first).error
    assert endings.of(first) == [JobState.FAILED]
    assert endings.of(second) == [JobState.DONE]
    assert error is not None
    assert error.code == "engine_lost"
    assert "signal 9" in error.title
    assert not (tmp_path / "first.partial").exists()


def test_finished_job_stays_finished_when_the_engine_dies_right_after(
    qtbot: Any, queue: JobQueue, engines: FakeEngines, endings: Endings
) -> None:
    def finish_and_die(job: FakeJob) -> Iterator[Event]:
        yield from finish(job)
        job.engine.process.die(-9)

    engines.scripts[JobKind.REPORT] = finish_and_die
    job_id = queue.submit(REPORT, "Report")
    qtbot.wait_until(lambda: len(engines.started) == 3, timeout=5000)

    assert endings.of(job_id) == [JobState.DONE]


def test_second_end_of_a_job_is_not_heard(
    qtbot: Any, queue: JobQueue, engines: FakeEngines, endings: Endings
) -> None:
    def end_twice(job: FakeJob) -> Iterator[Event]:
        yield from finish(job)
        yield from fail(job)

    engines.scripts[JobKind.REPORT] = end_twice
    first = queue.submit(REPORT, "First")
    until_ended(qtbot, queue, first)
    engines.scripts[JobKind.REPORT] = finish
    until_ended(qtbot, queue, queue.submit(REPORT, "Second"))

    assert endings.of(first) == [JobState.DONE]


def test_force_stop_ends_the_engine_and_keeps_the_queue(
    qtbot: Any, queue: JobQueue, engines: FakeEngines, endings: Endings
) -> None:
    def deaf(job: FakeJob) -> Iterator[Event]:
        yield Progress(job.id, "tiles", 1, 100)
        job.wait_for(threading.Event())

    engines.scripts[JobKind.REPORT] = deaf
    first = queue.submit(REPORT, "First")
    second = queue.submit(REPORT, "Second")
    until_running(qtbot, queue, first)
    queue.cancel(first)
    engines.scripts[JobKind.REPORT] = finish

    queue.force_stop(first)
    until_ended(qtbot, queue, first, second)

    assert endings.of(first) == [JobState.CANCELLED]
    assert endings.of(second) == [JobState.DONE]
    assert len([engine for engine in engines.started if engine.lane is Lane.CPU]) == 2


def test_engine_that_stays_down_keeps_the_queue_waiting(
    qtbot: Any, engines: FakeEngines, tmp_path: Path
) -> None:
    link = EngineLink(Lane.CPU, engines.start)
    queue = JobQueue({Lane.CPU: link}, tmp_path)
    engines.scripts[JobKind.REPORT] = crash
    job_ids = [queue.submit(REPORT, f"Report {number}") for number in range(6)]

    with qtbot.waitSignal(
        link.state_changed, timeout=8000, check_params_cb=lambda state: state.value == "down"
    ):
        link.start()

    states = [queue.job(job_id).state for job_id in job_ids]
    assert states == [JobState.FAILED] * 4 + [JobState.WAITING] * 2
    engines.scripts[JobKind.REPORT] = finish
    link.restart()
    until_ended(qtbot, queue, *job_ids)
    link.shutdown()


def test_request_that_cannot_be_written_fails_its_job_and_not_the_next(
    qtbot: Any, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, request: object) -> None:
        monkeypatch.undo()
        raise DiskFull("The disk is full")

    monkeypatch.setattr(jobs_module, "write_request", refuse)
    first = queue.submit(REPORT, "First")
    second = queue.submit(REPORT, "Second")

    until_ended(qtbot, queue, first, second)

    assert queue.job(first).state is JobState.FAILED
    assert queue.job(second).state is JobState.DONE


def test_every_state_is_saved(qtbot: Any, queue: JobQueue, tmp_path: Path) -> None:
    store = MemoryStore()
    queue.attach(store, tmp_path)
    job_id = queue.submit(REPORT, "Report")
    assert store.saved[job_id].state is JobState.WAITING

    until_ended(qtbot, queue, job_id)

    assert store.saved[job_id] == queue.job(job_id)


@pytest.mark.expects_error_log
def test_state_that_cannot_be_saved_is_told_and_the_job_goes_on(
    qtbot: Any, queue: JobQueue, tmp_path: Path
) -> None:
    store = MemoryStore()
    queue.attach(store, tmp_path)
    job_id = queue.submit(REPORT, "Report")
    store.is_full = True

    with qtbot.waitSignal(queue.save_failed, timeout=5000) as failed:
        until_ended(qtbot, queue, job_id)

    assert failed.args[0].code == "disk_full"
    assert queue.job(job_id).state is JobState.DONE


def test_job_that_cannot_be_saved_is_not_queued(queue: JobQueue, tmp_path: Path) -> None:
    store = MemoryStore()
    store.is_full = True
    queue.attach(store, tmp_path)

    with pytest.raises(DiskFull):
        queue.submit(REPORT, "Report")

    assert queue.jobs() == ()


def test_jobs_of_an_earlier_session_wait_until_they_are_resumed(
    qtbot: Any, queue: JobQueue, tmp_path: Path
) -> None:
    done = JobRecord("done", REPORT, "Done", JobState.DONE)
    running = JobRecord("running", REPORT, "Running", JobState.RUNNING, "tiles", 3, 9)
    waiting = JobRecord("waiting", REPORT, "Waiting")
    store = MemoryStore(done, running, waiting)

    with qtbot.waitSignal(queue.jobs_offered, timeout=1000):
        queue.attach(store, tmp_path)

    assert [job.id for job in queue.offered()] == ["running", "waiting"]
    assert store.saved["running"] == replace(
        running, state=JobState.WAITING, phase="", done=0, total=0
    )
    fresh = queue.submit(REPORT, "Fresh")
    until_ended(qtbot, queue, fresh)
    assert queue.job("waiting").state is JobState.WAITING
    queue.resume_offered()
    until_ended(qtbot, queue, "running", "waiting")
    assert queue.offered() == ()
    assert queue.job("done") == done


def test_offered_jobs_can_be_discarded_with_their_half_written_folders(
    queue: JobQueue, tmp_path: Path
) -> None:
    (tmp_path / "run.partial").mkdir()
    store = MemoryStore(JobRecord("old", restore(tmp_path), "Old", JobState.RUNNING))
    queue.attach(store, tmp_path)

    queue.discard_offered()

    assert queue.job("old").state is JobState.CANCELLED
    assert not (tmp_path / "run.partial").exists()


def test_training_of_an_earlier_session_resumes_from_its_checkpoints(
    queue: JobQueue, tmp_path: Path
) -> None:
    recipe = Recipe("m", "M", "resrgan", 2, {}, 0)
    request = TrainRequest(recipe, str(tmp_path / "model"))
    (tmp_path / "model.partial").mkdir()

    queue.attach(MemoryStore(JobRecord("old", request, "Train", JobState.RUNNING)), tmp_path)

    assert queue.job("old").request == replace(request, resume=True)


def test_closing_a_project_stops_its_job_and_keeps_it_waiting(
    qtbot: Any, queue: JobQueue, engines: FakeEngines, endings: Endings, tmp_path: Path
) -> None:
    engines.scripts[JobKind.REPORT] = run_until_cancelled
    store = MemoryStore()
    queue.attach(store, tmp_path)
    first = queue.submit(REPORT, "First")
    second = queue.submit(REPORT, "Second")
    until_running(qtbot, queue, first)

    queue.detach()

    assert queue.jobs() == ()
    assert {record.state for record in store.saved.values()} == {JobState.WAITING}
    engines.scripts[JobKind.REPORT] = finish
    third = queue.submit(REPORT, "Third")
    until_ended(qtbot, queue, third)
    assert endings.of(first) == endings.of(second) == []


def test_job_of_a_closed_project_that_does_not_stop_loses_its_engine(
    qtbot: Any,
    engines: FakeEngines,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def deaf(job: FakeJob) -> Iterator[Event]:
        yield Progress(job.id, "tiles", 1, 100)
        job.wait_for(threading.Event())

    monkeypatch.setattr(jobs_module, "FORCE_STOP_AFTER_S", 0.05)
    engines.scripts[JobKind.REPORT] = deaf
    link = EngineLink(Lane.CPU, engines.start)
    queue = JobQueue({Lane.CPU: link}, tmp_path)
    link.start()
    until_running(qtbot, queue, queue.submit(REPORT, "Deaf"))

    with qtbot.waitSignals([link.lost, link.ready], timeout=5000, order="strict"):
        queue.detach()

    link.shutdown()


def test_plan_of_the_engine_becomes_a_line_of_the_log(qtbot: Any, queue: JobQueue) -> None:
    with qtbot.waitSignal(queue.log_line, timeout=5000) as line:
        job_id = queue.submit(REPORT, "Report")

    assert line.args[0].text == "a fake plan"
    assert line.args[0].job_id == job_id


def test_picture_of_a_running_job_can_be_had(
    qtbot: Any, queue: JobQueue, engines: FakeEngines
) -> None:
    def show(job: FakeJob) -> Iterator[Event]:
        yield Preview(job.id, "mean", 0, (3, 5), 1)
        yield from finish(job)

    engines.scripts[JobKind.REPORT] = show
    with qtbot.waitSignal(queue.preview, timeout=5000) as preview:
        queue.submit(REPORT, "Report")

    picture = queue.picture_of(preview.args[0])
    assert picture is not None
    assert picture.shape == (3, 5)
    assert queue.picture_of(Preview("nobody", "mean", 0, (3, 5), 1)) is None


def test_result_of_a_run_folder_is_read_whole(
    qtbot: Any, queue: JobQueue, engines: FakeEngines, tmp_path: Path
) -> None:
    # A message holds at most 4 KiB: the engine may have left something out of it.
    whole = ResultRecord("", JobKind.RESTORE, "", warnings=("One", "Two"))

    def finish_shortened(job: FakeJob) -> Iterator[Event]:
        write_run(tmp_path / "run", replace(whole, job_id=job.id), restore(tmp_path))
        yield Finished(job.id, ResultRecord(job.id, JobKind.RESTORE, str(tmp_path / "run")))

    engines.scripts[JobKind.RESTORE] = finish_shortened
    job_id = queue.submit(restore(tmp_path), "Super-resolve a.tif")
    until_ended(qtbot, queue, job_id)

    result = queue.job(job_id).result
    assert result is not None
    assert result.warnings == ("One", "Two")


def write_run(folder: Path, result: ResultRecord, request: RestoreRequest) -> None:
    from superlens.core.records import Versions
    from superlens.io.codec import encode
    from superlens.io.runs import RunDocument, create_run

    with create_run(folder) as run:
        run.publish(
            RunDocument(
                encode(request).decode(),
                JobKind.RESTORE,
                result.job_id,
                Versions("0", "3", "x"),
                "cpu",
                "2026-01-01T00:00:00+00:00",
                "2026-01-01T00:00:01+00:00",
                result,
            )
        )


def test_lines_drop_who_may_not_run() -> None:
    lines = WaitingLines()
    for name in ("thumbnail", "gone", "report"):
        lines.join(Lane.CPU, name, gives_way=name == "thumbnail")

    taken = [lines.take(Lane.CPU, lambda name: name != "gone") for _ in range(3)]

    assert taken == ["report", "thumbnail", None]
