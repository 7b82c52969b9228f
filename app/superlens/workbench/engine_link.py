"""The wire to one engine process: starts it, reads its events, supervises it, ends it.

QtCore only; no job knowledge: who runs what is the business of `jobs`.
"""

from enum import StrEnum

from PySide6.QtCore import QObject, Signal

from superlens.core.jobs import Lane
from superlens.core.messages import Command, Ready


class EngineState(StrEnum):
    """How an engine stands."""

    STOPPED = "stopped"
    """Not started yet, or shut down."""
    STARTING = "starting"
    READY = "ready"
    DOWN = "down"
    """Lost too often in a short time; `restart()` tries again."""


class EngineLink(QObject):
    """One engine process of one lane, seen from the window.

    Signals:
        state_changed(EngineState): after every change of `state`.
        ready(Ready): the engine is up and takes jobs.
        lost(str): the engine process ended although nobody shut it down; why, as a sentence.
        accepted(Accepted), progressed(Progress), metric(Metric), preview(Preview),
        log_line(LogLine), heartbeat(Heartbeat): events of the engine, progress at most 20 times a
            second and job.
        ended(Ending): one of `Finished`, `Cancelled`, `Failed`.
    """

    state_changed = Signal(object)
    ready = Signal(object)
    lost = Signal(str)
    accepted = Signal(object)
    progressed = Signal(object)
    metric = Signal(object)
    preview = Signal(object)
    log_line = Signal(object)
    heartbeat = Signal(object)
    ended = Signal(object)

    def __init__(self, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lane = lane

    @property
    def state(self) -> EngineState:
        """How the engine stands."""
        raise NotImplementedError

    @property
    def info(self) -> Ready | None:
        """What the engine said of itself (devices, methods, versions); None unless it is ready."""
        raise NotImplementedError

    @property
    def reason(self) -> str:
        """Why the engine was lost the last time; empty if it never was."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the engine process unless it runs; `ready` or `lost` follows."""
        raise NotImplementedError

    def restart(self) -> None:
        """Start again after the engine stayed down; forgets earlier losses."""
        raise NotImplementedError

    def send(self, command: Command) -> None:
        """Put a command into the engine's queue; without an engine it is dropped."""
        raise NotImplementedError

    def kill(self, reason: str) -> None:
        """End the engine process at once; `lost(reason)` follows and the engine is started again."""
        raise NotImplementedError

    def shutdown(self) -> None:
        """End the engine: ask, after 2 s terminate, after 3 s more kill; blocks until it is gone."""
        raise NotImplementedError
