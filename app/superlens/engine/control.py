"""The switch of a job: cancel, pause and resume, thrown by one thread and obeyed by another."""

import time
from threading import Event

from superlens.core.errors import JobCancelled


class JobControl:
    """Cancel and pause flags of one job; every method may be called from any thread."""

    def __init__(self) -> None:
        self._cancelled = Event()
        self._may_run = Event()
        self._may_run.set()
        self._paused_s = 0.0

    @property
    def is_cancelled(self) -> bool:
        """Whether the user asked to stop."""
        return self._cancelled.is_set()

    @property
    def paused_s(self) -> float:
        """Seconds that the job has waited in pauses."""
        return self._paused_s

    def cancel(self) -> None:
        """Ask the job to stop at its next check, paused or not."""
        self._cancelled.set()
        self._may_run.set()

    def pause(self) -> None:
        """Ask the job to wait at its next check."""
        if not self._cancelled.is_set():
            self._may_run.clear()

    def resume(self) -> None:
        """Let a paused job go on."""
        self._may_run.set()

    def check(self) -> None:
        """Wait while the job is paused.

        Raises:
            JobCancelled: the user asked to stop.
        """
        if not self._may_run.is_set():
            before = time.monotonic()
            self._may_run.wait()
            self._paused_s += time.monotonic() - before
        if self._cancelled.is_set():
            raise JobCancelled
