"""What an engine process is to the window, how it is ended, and when it may be started again.

Qt-free.
"""

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from superlens.core.messages import Preview, Shutdown

_ASK_S = 2.0
_TERMINATE_S = 3.0
_KILL_S = 5.0


class EngineProcess(Protocol):
    """What supervision needs of a process."""

    @property
    def exitcode(self) -> int | None: ...

    def join(self, timeout: float | None = None) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class MessageQueue(Protocol):
    """What supervision needs of a queue."""

    def put(self, obj: Any) -> None: ...

    def get(self, block: bool = True, timeout: float | None = None) -> Any: ...


class Engine(Protocol):
    """What the window holds of an engine: its process, its queues, its pictures."""

    @property
    def process(self) -> EngineProcess: ...

    @property
    def commands(self) -> MessageQueue: ...

    @property
    def events(self) -> MessageQueue: ...

    def read_preview(self, preview: Preview) -> NDArray[np.float32] | None: ...

    def close(self) -> None: ...


class RestartBudget:
    """Allows so many restarts within a time, so that a broken engine does not spin for ever."""

    def __init__(self, restarts: int = 3, window_s: float = 60.0) -> None:
        self._restarts = restarts
        self._window_s = window_s
        self._spent_s: list[float] = []

    def spend(self, now_s: float) -> bool:
        """Say whether one more restart is allowed at this time, and count it if so."""
        self._spent_s = [spent for spent in self._spent_s if now_s - spent < self._window_s]
        if len(self._spent_s) >= self._restarts:
            return False
        self._spent_s.append(now_s)
        return True

    def clear(self) -> None:
        """Forget all restarts."""
        self._spent_s.clear()


def end_engines(engines: Sequence[Engine]) -> None:
    """End engine processes together: ask, after 2 s terminate, after 3 s more kill.

    Blocks until all are gone; without effect on those that are.
    """
    for engine in engines:
        # A queue whose process was killed may be broken; the next rung of the ladder helps then.
        with suppress(OSError, ValueError):
            engine.commands.put(Shutdown())
    _join_until(engines, _ASK_S)
    for engine in _alive(engines):
        engine.process.terminate()
    _join_until(engines, _TERMINATE_S)
    for engine in _alive(engines):
        engine.process.kill()
    _join_until(engines, _KILL_S)


def loss_sentence(exitcode: int | None, connection: str) -> str:
    """Say why an engine ended that nobody asked to end.

    Args:
        exitcode: of the process; negative is a signal, as `multiprocessing` has it.
        connection: what is known of a broken connection, else empty.
    """
    if connection:
        return f"The engine was lost: {connection}"
    if exitcode is not None and exitcode < 0:
        hint = ", perhaps because memory ran out" if exitcode == -9 else ""
        return f"The engine was ended by signal {-exitcode}{hint}"
    if exitcode and sys.platform == "win32":
        return f"The engine stopped with code 0x{exitcode & 0xFFFFFFFF:08X}"
    return f"The engine stopped by itself (exit code {exitcode})"


def _alive(engines: Sequence[Engine]) -> list[Engine]:
    return [engine for engine in engines if engine.process.exitcode is None]


def _join_until(engines: Sequence[Engine], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for engine in engines:
        engine.process.join(max(0.0, deadline - time.monotonic()))
