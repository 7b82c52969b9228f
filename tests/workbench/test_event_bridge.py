"""Progress is thinned without losing its end; a dead queue ends the bridge."""

import queue
from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal

from fakes.engine import FakeProcess
from superlens.core.jobs import JobKind
from superlens.core.messages import Event, Finished, Metric, Progress
from superlens.core.records import ResultRecord
from superlens.workbench.event_bridge import EventBridge, ProgressCoalescer


class _Engine:
    def __init__(self) -> None:
        self.process = FakeProcess()
        self.commands: queue.Queue[Any] = queue.Queue()
        self.events: Any = queue.Queue()

    def read_preview(self, preview: Any) -> None: ...

    def close(self) -> None: ...


def _progress(done: int, job_id: str = "a") -> Progress:
    return Progress(job_id, "tiles", done, 1000)


def _finished(job_id: str = "a") -> Finished:
    return Finished(job_id, ResultRecord(job_id, JobKind.RESTORE, "x"))


def _received_until_closed(qtbot: Any, engine: _Engine) -> list[Event]:
    bridge = EventBridge(engine)
    received: list[Event] = []
    bridge.received.connect(received.append)
    with qtbot.waitSignal(bridge.closed, timeout=5000):
        bridge.start()
        engine.process.die(0)
    assert bridge.wait(1.0)
    return received


def test_coalescer_lets_twenty_a_second_through() -> None:
    coalescer = ProgressCoalescer(0.05)

    # A thousand steps in one second, one each millisecond.
    passed = [step for step in range(1000) if coalescer.offer(_progress(step), step / 1000)]

    assert len(passed) == 20


def test_coalescer_passes_the_latest_of_what_it_held_when_it_is_due() -> None:
    coalescer = ProgressCoalescer(0.05)
    coalescer.offer(_progress(1), 0.0)
    coalescer.offer(_progress(2), 0.01)
    coalescer.offer(_progress(3), 0.02)

    assert coalescer.due(0.04) == []
    assert coalescer.wait_s(0.04, 1.0) == pytest.approx(0.01)
    assert coalescer.due(0.051) == [_progress(3)]
    assert coalescer.wait_s(0.051, 1.0) == 1.0


def test_coalescer_treats_jobs_apart() -> None:
    coalescer = ProgressCoalescer(0.05)

    first = coalescer.offer(_progress(1, "a"), 0.0)
    second = coalescer.offer(_progress(1, "b"), 0.0)

    assert first is not None
    assert second is not None


def test_five_thousand_progress_events_become_few_and_the_last_comes_before_the_end(
    qtbot: Any,
) -> None:
    engine = _Engine()
    for done in range(5000):
        engine.events.put(_progress(done))
    engine.events.put(_finished())

    received = _received_until_closed(qtbot, engine)

    # 20 a second: reading 5,000 messages takes well under five seconds.
    assert len(received) < 100
    assert received[-2:] == [_progress(4999), _finished()]


def test_events_that_are_no_progress_all_arrive_in_order(qtbot: Any) -> None:
    engine = _Engine()
    metrics = [Metric("a", "loss", step, 1.0 / (1 + step)) for step in range(500)]
    for metric in metrics:
        engine.events.put(metric)

    received = _received_until_closed(qtbot, engine)

    assert received == metrics


def test_what_a_process_said_before_it_died_is_still_heard(qtbot: Any) -> None:
    engine = _Engine()
    engine.process.die(-9)
    engine.events.put(_finished())

    received = _received_until_closed(qtbot, engine)

    assert received == [_finished()]


def test_broken_queue_closes_the_bridge_with_the_reason(qtbot: Any) -> None:
    class Broken:
        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            raise EOFError("nothing more")

    engine = _Engine()
    engine.events = Broken()
    bridge = EventBridge(engine)

    with qtbot.waitSignal(bridge.closed, timeout=5000) as closed:
        bridge.start()

    assert closed.args == ["its connection broke (EOFError: nothing more)"]


@pytest.mark.expects_error_log
def test_unreadable_message_is_logged_and_the_next_one_heard(qtbot: Any, caplog: Any) -> None:
    class Spoilt(queue.Queue[Any]):
        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            item = super().get(block, timeout)
            if item == "spoilt":
                raise TypeError("missing a required argument")
            return item

    engine = _Engine()
    engine.events = Spoilt()
    engine.events.put("spoilt")
    engine.events.put(_finished())

    received = _received_until_closed(qtbot, engine)

    assert received == [_finished()]
    assert "cannot be read" in caplog.text


def test_abandoned_bridge_passes_nothing_on(qtbot: Any) -> None:
    engine = _Engine()
    bridge = EventBridge(engine)
    received: list[Event] = []
    bridge.received.connect(received.append)
    bridge.start()

    bridge.abandon()
    engine.events.put(_finished())
    engine.process.die(0)

    assert bridge.wait(5.0)
    qtbot.wait_until(lambda: engine.events.empty(), timeout=1000)
    assert received == []


def test_five_thousand_signal_emissions_survive(qtbot: Any) -> None:
    # PySide6 6.12.0 on Python 3.11 aborts after about 600: this guards the pin.
    class Source(QObject):
        emitted = Signal(object)

    source = Source()
    seen: list[object] = []
    source.emitted.connect(seen.append)

    for number in range(5000):
        source.emitted.emit(_progress(number))

    assert len(seen) == 5000
