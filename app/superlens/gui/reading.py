"""Reads files off the GUI thread: a question, its generation, one answer.

Answers to questions that were replaced meanwhile are dropped here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QThreadPool, Signal

from superlens.core.errors import ErrorInfo, SuperlensError, describe_error


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question."""

    topic: str
    generation: int
    value: Any
    error: ErrorInfo | None


class BackgroundReader(QObject):
    """Asks a small thread pool; a new question on a topic makes the older ones stale.

    Signals:
        answered(Answer): in the GUI thread, only for the newest question of its topic.
    """

    answered = Signal(object)
    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(2)
        self._generations: dict[str, int] = {}
        self._is_shut_down = False
        self._arrived.connect(self._take)

    def ask(self, topic: str, read: Callable[[], Any]) -> int:
        """Run `read` in a thread and give the generation of the question."""
        generation = self._generations.get(topic, 0) + 1
        self._generations[topic] = generation
        if not self._is_shut_down:  # a timer of a window that is being closed may still ask
            self._pool.start(partial(self._read, topic, generation, read))
        return generation

    def forget(self, topic: str) -> None:
        """Make every open question of a topic stale."""
        self._generations[topic] = self._generations.get(topic, 0) + 1

    def shutdown(self, wait_ms: int = 2000) -> None:
        """Drop what waits and wait a bounded time for what runs."""
        self._is_shut_down = True
        for topic in self._generations:
            self.forget(topic)
        self._pool.clear()
        self._pool.waitForDone(wait_ms)

    def is_current(self, topic: str, generation: int) -> bool:
        """Say whether nobody asked again on the topic."""
        return self._generations.get(topic) == generation

    def _read(self, topic: str, generation: int, read: Callable[[], Any]) -> None:
        """Answer a question; runs in a thread of the pool."""
        if not self.is_current(topic, generation):
            return
        value, error = None, None
        try:
            value = read()
        except (SuperlensError, OSError, MemoryError) as problem:
            error = describe_error(problem)
        if not self.is_current(topic, generation):  # nobody waits for it, or all is shut down
            return
        self._arrived.emit(Answer(topic, generation, value, error))

    def _take(self, answer: Answer) -> None:
        if self.is_current(answer.topic, answer.generation):
            self.answered.emit(answer)
