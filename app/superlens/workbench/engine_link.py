"""The wire to one engine process: starts it, passes its events on, supervises it, ends it.

QtCore only; no job knowledge: who runs what is the business of `jobs`.
"""

import atexit
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from superlens.core.jobs import Lane
from superlens.core.messages import (
    Accepted,
    Cancelled,
    Command,
    Event,
    Failed,
    Finished,
    Heartbeat,
    LogLine,
    Metric,
    Preview,
    Progress,
    Ready,
)
from superlens.engine.entry import start_engine
from superlens.workbench.event_bridge import EventBridge
from superlens.workbench.supervision import Engine, RestartBudget, end_engines, loss_sentence

logger = logging.getLogger(__name__)

StartEngine = Callable[[Lane], Engine]
"""Starts the engine process of a lane and gives its process and queues."""

_WATCH_MS = 500
_STUCK_S = 2.0
"""How long after the end of its process a reader may still read before it is abandoned."""

_READER_LEAVES_S = 1.0
_CLOSED_READER_LEAVES_S = 0.1
"""How long the window may stand still for a reader that has said its last word already."""


class EngineState(StrEnum):
    """How an engine stands."""

    STOPPED = "stopped"
    """Not started yet, or shut down."""
    STARTING = "starting"
    READY = "ready"
    DOWN = "down"
    """Lost too often in a short time; `restart()` tries again."""


@dataclass(frozen=True, slots=True)
class _Session:
    """An engine process and what was made for it."""

    engine: Engine
    bridge: EventBridge
    end_at_exit: Callable[[], None]


class EngineLink(QObject):
    """One engine process of one lane, seen from the window.

    Signals:
        state_changed(EngineState): after every change of `state`.
        ready(Ready): the engine is up and takes jobs.
        lost(str lane, str reason): the engine process ended although nobody shut it down; why, as
            a sentence.
        accepted(Accepted), progressed(Progress), metric(Metric), preview(Preview),
            log_line(LogLine), heartbeat(Heartbeat): events of the engine, progress at most 20
            times a second and job.
        ended(Ending): one of `Finished`, `Cancelled`, `Failed`.
    """

    state_changed = Signal(object)
    ready = Signal(object)
    lost = Signal(str, str)
    accepted = Signal(object)
    progressed = Signal(object)
    metric = Signal(object)
    preview = Signal(object)
    log_line = Signal(object)
    heartbeat = Signal(object)
    ended = Signal(object)

    def __init__(
        self,
        lane: Lane,
        start: StartEngine = start_engine,
        budget: RestartBudget | None = None,
        parent: QObject | None = None,
    ) -> None:
        """Make a link without an engine.

        Args:
            lane: which lane the engine works for.
            start: what starts an engine; tests give a fake.
            budget: how often a lost engine is started again.
            parent: owner of the object.
        """
        super().__init__(parent)
        self.lane = lane
        self._start_engine = start
        self._budget = budget or RestartBudget()
        self._state = EngineState.STOPPED
        self._info: Ready | None = None
        self._reason = ""
        self._kill_reason = ""
        self._session: _Session | None = None
        self._gone_since_s: float | None = None
        self._watch = QTimer(self)
        self._watch.setInterval(_WATCH_MS)
        self._watch.timeout.connect(self._look_for_stuck_reader)
        self._relaunch = QTimer(self)
        self._relaunch.setSingleShot(True)
        self._relaunch.timeout.connect(self._launch)

    @property
    def state(self) -> EngineState:
        """How the engine stands."""
        return self._state

    @property
    def info(self) -> Ready | None:
        """What the engine said of itself (devices, methods, versions); None unless it is ready."""
        return self._info

    @property
    def reason(self) -> str:
        """Why the engine was lost the last time; empty if it never was."""
        return self._reason

    def start(self) -> None:
        """Start the engine process unless it runs; `ready` or `lost` follows."""
        if self._state is EngineState.STOPPED:
            self._launch()

    def restart(self) -> None:
        """Start again after the engine stayed down; forgets earlier losses."""
        self._budget.clear()
        if self._state is EngineState.DOWN:
            self._launch()

    def send(self, command: Command) -> None:
        """Put a command into the engine's queue; without an engine it is dropped."""
        if self._session is not None:
            self._session.engine.commands.put(command)

    def kill(self, reason: str) -> None:
        """End the engine process at once; `lost` follows, and the engine starts again."""
        if self._session is not None:
            self._kill_reason = reason
            self._session.engine.process.kill()

    def read_preview(self, preview: Preview) -> NDArray[np.float32] | None:
        """Give the picture that an event announced: (Y, X), or None when it is gone."""
        return None if self._session is None else self._session.engine.read_preview(preview)

    def shutdown(self) -> None:
        """End the engine: ask, after 2 s terminate, after 3 s kill; blocks until it is gone."""
        self.shut_down_all((self,))

    @staticmethod
    def shut_down_all(links: "Sequence[EngineLink]") -> None:
        """End the engines of several links together; blocks until they are gone."""
        sessions = [found for link in links if (found := link._let_go()) is not None]
        end_engines([session.engine for session in sessions])
        for session in sessions:
            _clear_away(session, _READER_LEAVES_S)
        for link in links:
            link._change_state(EngineState.STOPPED)

    def _launch(self) -> None:
        self._kill_reason = ""
        self._gone_since_s = None
        try:
            engine = self._start_engine(self.lane)
        except OSError as error:
            self._lose(f"The engine could not be started ({error})", is_wanted=False)
            return
        bridge = EventBridge(engine, self)
        bridge.received.connect(self._take)
        bridge.closed.connect(self._note_end)
        self._session = _Session(engine, bridge, partial(end_engines, (engine,)))
        # If the program ends without shutdown(), multiprocessing waits for the engine, and the
        # engine for the end of its parent.
        atexit.register(self._session.end_at_exit)
        bridge.start()
        self._watch.start()
        self._change_state(EngineState.STARTING)

    def _take(self, event: Event) -> None:
        match event:
            case Ready():
                self._info = event
                self._change_state(EngineState.READY)
                self.ready.emit(event)
            case Accepted():
                self.accepted.emit(event)
            case Progress():
                self.progressed.emit(event)
            case Metric():
                self.metric.emit(event)
            case Preview():
                self.preview.emit(event)
            case LogLine():
                self.log_line.emit(event)
            case Heartbeat():
                self.heartbeat.emit(event)
            case Finished() | Cancelled() | Failed():
                self.ended.emit(event)

    def _look_for_stuck_reader(self) -> None:
        if self._session is None or self._session.engine.process.exitcode is None:
            return
        now_s = time.monotonic()
        self._gone_since_s = self._gone_since_s or now_s
        if now_s - self._gone_since_s >= _STUCK_S:
            logger.warning("The reader of the %s engine is stuck in its queue", self.lane)
            self._note_end("")

    def _note_end(self, connection: str) -> None:
        """Take note that the process is gone, or that nothing can be heard of it any more."""
        session = self._let_go()
        if session is None:
            return
        exitcode = session.engine.process.exitcode
        reason = self._kill_reason or loss_sentence(exitcode, connection)
        if exitcode is None:
            session.engine.process.kill()
        _clear_away(session, _CLOSED_READER_LEAVES_S)
        self._lose(reason, is_wanted=bool(self._kill_reason))

    def _lose(self, reason: str, is_wanted: bool) -> None:
        self._reason = reason
        self._info = None
        logger.warning("%s (%s lane)", reason, self.lane)
        if is_wanted or self._budget.spend(time.monotonic()):
            # Through the event loop: whoever hears of the loss acts before there is a new engine.
            self._relaunch.start(0)
            self._change_state(EngineState.STARTING)
        else:
            self._change_state(EngineState.DOWN)
        self.lost.emit(self.lane.value, reason)

    def _let_go(self) -> _Session | None:
        """Hear nothing more of the engine and give it away; None if there is none."""
        self._watch.stop()
        self._relaunch.stop()
        session, self._session, self._info = self._session, None, None
        if session is not None:
            session.bridge.abandon()
        return session

    def _change_state(self, state: EngineState) -> None:
        if state is not self._state:
            self._state = state
            self.state_changed.emit(state)


def _clear_away(session: _Session, wait_s: float) -> None:
    atexit.unregister(session.end_at_exit)
    # The descriptor that a stuck reader waits on must not be given to somebody else.
    if session.bridge.wait(wait_s):
        session.engine.close()
    session.bridge.deleteLater()
