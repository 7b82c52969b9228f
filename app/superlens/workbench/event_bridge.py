"""From the event queue of one engine process to Qt signals: a reader thread and its coalescing.

QtCore only. One bridge serves one engine process and is thrown away with it, so that no event of a
dead engine can be taken for one of its successor.
"""

import logging
import queue
import threading
import time
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from superlens.core.messages import Cancelled, Event, Failed, Finished, Progress
from superlens.workbench.supervision import Engine

logger = logging.getLogger(__name__)

PROGRESS_INTERVAL_S = 0.05
"""Progress of one job is passed on at most 20 times a second."""

_SLICE_S = 0.2
"""How long the reader waits before it looks at the process again; a dead queue never wakes it."""

_DRY_S = 0.05
"""How long nothing must come from a process that is gone, for its queue to be read to the end."""


class ProgressCoalescer:
    """Lets the latest progress of each job through, at most once per interval.

    Qt-free, and told the time, so that it can be tested without waiting.
    """

    def __init__(self, interval_s: float = PROGRESS_INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._passed_s: dict[str, float] = {}
        self._held: dict[str, Progress] = {}

    def offer(self, progress: Progress, now_s: float) -> Progress | None:
        """Give the progress back if it may pass now; else hold it instead of an earlier one."""
        if now_s - self._passed_s.get(progress.job_id, -self._interval_s) >= self._interval_s:
            return self._passed(progress, now_s)
        self._held[progress.job_id] = progress
        return None

    def due(self, now_s: float) -> list[Progress]:
        """Give what was held and may pass by now."""
        ripe = [
            item
            for job_id, item in self._held.items()
            if now_s - self._passed_s[job_id] >= self._interval_s
        ]
        return [self._passed(item, now_s) for item in ripe]

    def settle(self, job_id: str) -> Progress | None:
        """Give what was held of a job that ends, and forget the job."""
        self._passed_s.pop(job_id, None)
        return self._held.pop(job_id, None)

    def wait_s(self, now_s: float, longest_s: float) -> float:
        """Give how long nothing becomes due, at most `longest_s`."""
        waits = (self._passed_s[job_id] + self._interval_s - now_s for job_id in self._held)
        return max(0.0, min(waits, default=longest_s))

    def _passed(self, progress: Progress, now_s: float) -> Progress:
        self._held.pop(progress.job_id, None)
        self._passed_s[progress.job_id] = now_s
        return progress


class EventBridge(QObject):
    """Reads the events of one engine process in a thread and passes them on in the thread of Qt.

    Signals:
        received(Event): an event of the engine, in order.
        closed(str): the process is gone and its queue is read to the end, or the queue is broken;
            what is known of the reason, maybe empty.
    """

    received = Signal(object)
    closed = Signal(str)
    _arrived = Signal(object)
    _ran_dry = Signal(str)

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._coalescer = ProgressCoalescer()
        self._lock = threading.Lock()
        self._is_abandoned = False
        self._thread = threading.Thread(target=self._read, name="engine events", daemon=True)
        self._arrived.connect(self._pass_on, Qt.ConnectionType.QueuedConnection)
        self._ran_dry.connect(self._close, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def abandon(self) -> None:
        """Pass nothing on from now; the thread reads on until its process is gone."""
        with self._lock:
            self._is_abandoned = True

    def wait(self, timeout_s: float) -> bool:
        """Wait until the thread has left; says whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _read(self) -> None:
        reason = ""
        # Also when abandoned: an engine that leaves waits until its last events are taken.
        while True:
            # Looked at before the queue: what a process wrote before it died is still read.
            is_gone = self._engine.process.exitcode is not None
            longest_s = _DRY_S if is_gone else _SLICE_S
            try:
                event = self._engine.events.get(
                    timeout=self._coalescer.wait_s(time.monotonic(), longest_s)
                )
            except queue.Empty:
                self._emit_due()
                if is_gone:
                    break
            except (EOFError, OSError, ValueError) as error:
                reason = f"its connection broke ({type(error).__name__}: {error})"
                break
            except Exception:
                logger.exception("The engine sent something that cannot be read")
            else:
                self._take(event)
        self._emit(self._ran_dry, reason)

    def _take(self, event: Event) -> None:
        self._emit_due()
        if isinstance(event, Progress):
            passed = self._coalescer.offer(event, time.monotonic())
            if passed is not None:
                self._emit(self._arrived, passed)
            return
        if isinstance(event, Finished | Cancelled | Failed):
            held = self._coalescer.settle(event.job_id)
            if held is not None:
                self._emit(self._arrived, held)
        self._emit(self._arrived, event)

    def _emit_due(self) -> None:
        for progress in self._coalescer.due(time.monotonic()):
            self._emit(self._arrived, progress)

    def _emit(self, signal: Any, value: object) -> None:
        # Under the lock, so that the bridge cannot be deleted between the look and the emission.
        with self._lock:
            if not self._is_abandoned:
                signal.emit(value)

    def _pass_on(self, event: Event) -> None:
        if not self._is_abandoned:
            self.received.emit(event)

    def _close(self, reason: str) -> None:
        if not self._is_abandoned:
            self.closed.emit(reason)
