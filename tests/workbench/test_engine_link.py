"""An engine is started, lost, started again, and ended without leaving anything."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.engine import FakeEngine, FakeEngines, run_until_cancelled
from superlens.core.jobs import JobKind, Lane, ReportRequest
from superlens.core.messages import Cancel, Cancelled, Finished, Preview, Submit
from superlens.io.codec import write_request
from superlens.workbench.engine_link import EngineLink, EngineState
from superlens.workbench.supervision import RestartBudget, end_engines, loss_sentence


@pytest.fixture
def link(qtbot: Any, engines: FakeEngines) -> Iterator[EngineLink]:
    """A link whose engine is ready."""
    link = EngineLink(Lane.CPU, engines.start)
    with qtbot.waitSignal(link.ready, timeout=5000):
        link.start()
    yield link
    link.shutdown()


@pytest.fixture
def submit(tmp_path: Path) -> Submit:
    """A job that the fake engine understands."""
    path = tmp_path / "job.json"
    write_request(path, ReportRequest(("run",), "report.pdf"))
    return Submit("job", str(path))


def test_engine_says_what_it_is(link: EngineLink) -> None:
    assert link.state is EngineState.READY
    assert link.info is not None
    assert link.info.devices[0].name == "Fake processor"


def test_job_ends_with_one_event(qtbot: Any, link: EngineLink, submit: Submit) -> None:
    with qtbot.waitSignal(link.ended, timeout=5000) as ended:
        link.send(submit)

    assert isinstance(ended.args[0], Finished)


def test_cancel_reaches_the_engine(
    qtbot: Any, engines: FakeEngines, link: EngineLink, submit: Submit
) -> None:
    engines.scripts[JobKind.REPORT] = run_until_cancelled
    with qtbot.waitSignal(link.progressed, timeout=5000):
        link.send(submit)

    with qtbot.waitSignal(link.ended, timeout=5000) as ended:
        link.send(Cancel("job"))

    assert ended.args == [Cancelled("job")]


def test_lost_engine_is_started_again(qtbot: Any, engines: FakeEngines, link: EngineLink) -> None:
    with qtbot.waitSignals([link.lost, link.ready], timeout=5000, order="strict"):
        engines.started[0].process.die(-9)

    assert "signal 9" in link.reason
    assert len(engines.started) == 2
    assert engines.started[0].is_closed


def test_engine_that_dies_again_and_again_stays_down_with_the_reason(
    qtbot: Any, engines: FakeEngines
) -> None:
    link = EngineLink(Lane.CPU, engines.start, RestartBudget(2, 60.0))
    link.ready.connect(lambda _: engines.of(Lane.CPU).process.die(1))

    with qtbot.waitSignal(
        link.state_changed, timeout=5000, check_params_cb=lambda s: s is EngineState.DOWN
    ):
        link.start()

    assert len(engines.started) == 3
    assert "exit code 1" in link.reason


def test_engine_that_is_down_starts_when_asked(qtbot: Any, engines: FakeEngines) -> None:
    link = EngineLink(Lane.CPU, engines.start, RestartBudget(0, 60.0))
    with qtbot.waitSignal(link.ready, timeout=5000):
        link.start()
    with qtbot.waitSignal(link.lost, timeout=5000):
        engines.started[0].process.die(1)
    assert link.state is EngineState.DOWN

    with qtbot.waitSignal(link.ready, timeout=5000):
        link.restart()

    assert link.state is EngineState.READY
    link.shutdown()


def test_killed_engine_is_started_again_even_when_no_restart_is_left(
    qtbot: Any, engines: FakeEngines
) -> None:
    link = EngineLink(Lane.CPU, engines.start, RestartBudget(0, 60.0))
    with qtbot.waitSignal(link.ready, timeout=5000):
        link.start()

    with qtbot.waitSignals([link.lost, link.ready], timeout=5000, order="strict"):
        link.kill("Stopped by you")

    assert link.reason == "Stopped by you"
    link.shutdown()


def test_engine_that_cannot_be_started_is_told_and_leaves_the_link_down(qtbot: Any) -> None:
    def refuse(lane: Lane) -> FakeEngine:
        raise OSError(12, "Cannot allocate memory")

    link = EngineLink(Lane.CPU, refuse, RestartBudget(1, 60.0))

    with qtbot.waitSignals([link.lost, link.lost], timeout=5000):
        link.start()

    assert link.state is EngineState.DOWN
    assert "Cannot allocate memory" in link.reason


def test_reader_stuck_in_a_dead_queue_is_abandoned(qtbot: Any, engines: FakeEngines) -> None:
    release = threading.Event()

    class Stuck(queue.Queue[Any]):
        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            release.wait(20)
            raise queue.Empty

    def start(lane: Lane) -> FakeEngine:
        engine = engines.start(lane)
        if len(engines.started) == 1:
            engine.events = Stuck()
        return engine

    link = EngineLink(Lane.CPU, start)
    link.start()

    with qtbot.waitSignals([link.lost, link.ready], timeout=8000, order="strict"):
        engines.started[0].process.die(-9)

    # The thread still waits on that queue, so it must not be closed under it.
    assert not engines.started[0].is_closed
    release.set()
    link.shutdown()


def test_events_of_a_lost_engine_are_not_heard_after_it_was_replaced(
    qtbot: Any, engines: FakeEngines, link: EngineLink
) -> None:
    ended: list[object] = []
    link.ended.connect(ended.append)
    with qtbot.waitSignals([link.lost, link.ready], timeout=5000, order="strict"):
        link.kill("Stopped by you")

    engines.started[0].events.put(Cancelled("old"))
    with qtbot.waitSignal(link.ended, timeout=5000):
        engines.started[1].events.put(Cancelled("new"))

    assert ended == [Cancelled("new")]


def test_shutdown_asks_first_and_leaves_no_thread(engines: FakeEngines, link: EngineLink) -> None:
    link.shutdown()

    assert engines.started[0].process.exitcode == 0
    assert engines.started[0].process.calls == []
    assert engines.started[0].is_closed
    assert link.state is EngineState.STOPPED
    assert not [thread for thread in threading.enumerate() if thread.name == "engine events"]


def test_shut_down_link_can_be_started_again(qtbot: Any, link: EngineLink) -> None:
    link.shutdown()

    with qtbot.waitSignal(link.ready, timeout=5000):
        link.start()


def test_shutdown_of_a_link_without_engine_does_nothing(qtbot: Any) -> None:
    link = EngineLink(Lane.CPU, FakeEngines().start)

    link.shutdown()
    link.send(Cancel("nobody"))
    link.kill("nobody")

    assert link.state is EngineState.STOPPED


def test_picture_of_a_preview_comes_from_the_engine(link: EngineLink) -> None:
    picture = link.read_preview(Preview("job", "mean", 0, (4, 6), 1))

    assert picture is not None
    assert picture.shape == (4, 6)


def test_ladder_terminates_what_does_not_leave_and_kills_what_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Deaf:
        """A process that takes neither a request nor `terminate`."""

        def __init__(self) -> None:
            self.exitcode: int | None = None
            self.calls: list[str] = []

        def join(self, timeout: float | None = None) -> None:
            self.calls.append(f"join {timeout:.0f}")

        def terminate(self) -> None:
            self.calls.append("terminate")

        def kill(self) -> None:
            self.calls.append("kill")
            self.exitcode = -9

    engine: Any = FakeEngine(Lane.CPU, lambda kind: run_until_cancelled)
    engine.process = Deaf()

    end_engines([engine])

    assert engine.process.calls == ["join 2", "terminate", "join 3", "kill", "join 5"]


def test_budget_allows_so_many_restarts_within_its_time() -> None:
    budget = RestartBudget(restarts=2, window_s=60.0)

    assert [budget.spend(now) for now in (0.0, 1.0, 2.0, 60.5)] == [True, True, False, True]


@pytest.mark.parametrize(
    ("exitcode", "connection", "words"),
    [
        (-9, "", "memory ran out"),
        (-11, "", "signal 11"),
        (3, "", "3"),
        (None, "its connection broke", "connection broke"),
    ],
)
def test_loss_is_told_in_words(exitcode: int | None, connection: str, words: str) -> None:
    assert words in loss_sentence(exitcode, connection)
