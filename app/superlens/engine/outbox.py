"""The way out of the engine: every event fits into 4 KiB, and a talkative logger cannot flood it.

Torch-free.
"""

import dataclasses
import logging
import pickle
import threading
import time
from collections.abc import Callable
from typing import Any, cast

from superlens.core.messages import Event, LogLevel, LogLine

MAX_BYTES = 4096
"""Largest pickled event: larger ones can be cut in half by a dying process and block the reader."""

_KEPT_WHOLE = frozenset({"job_id", "folder", "kind", "role", "path", "code"})
"""Fields that mean nothing once shortened."""
_SHORTENINGS = ((1000, 24), (400, 16), (200, 8), (80, 4), (40, 1))
"""Ever smaller limits: characters of a text, items of a tuple."""
_LINES_PER_S = 20.0
_BURST_LINES = 100.0


class Outbox:
    """Sends events from any thread."""

    def __init__(self, put: Callable[[Event], None]) -> None:
        self._put = put

    def post(self, event: Event) -> None:
        """Send an event, shortened where it is too long."""
        self._put(fitted(event))


def fitted(event: Event) -> Event:
    """Give an event that pickles to at most 4 KiB: texts and lists are shortened, and say so.

    Whatever is left out stands in the run folder.
    """
    if len(pickle.dumps(event)) <= MAX_BYTES:
        return event
    for characters, items in _SHORTENINGS:
        shorter = _shortened(event, characters, items)
        if len(pickle.dumps(shorter)) <= MAX_BYTES:
            return shorter
    raise AssertionError(f"a {type(event).__name__} cannot be made to fit into {MAX_BYTES} bytes")


class LogForwarder(logging.Handler):
    """Sends log records of all libraries as `LogLine`, at most about twenty a second."""

    def __init__(self, post: Callable[[Event], None]) -> None:
        super().__init__(logging.INFO)
        self._post = post
        self._credit = _BURST_LINES
        self._credited_s = time.monotonic()
        self._dropped = 0
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record, or count it as left out."""
        with self._guard:
            dropped = self._take_credit()
        if dropped is None:
            return
        note = f" ({dropped} lines left out before)" if dropped else ""
        text = f"{record.getMessage()}{note}"
        self._post(LogLine(_level(record.levelno), record.name, text))

    def _take_credit(self) -> int | None:
        now = time.monotonic()
        earned = (now - self._credited_s) * _LINES_PER_S
        self._credit, self._credited_s = min(_BURST_LINES, self._credit + earned), now
        if self._credit < 1:
            self._dropped += 1
            return None
        self._credit -= 1
        dropped, self._dropped = self._dropped, 0
        return dropped


def _shortened(value: Any, characters: int, items: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= characters else f"{value[: characters - 1]}…"
    if isinstance(value, tuple):
        listed = cast("tuple[Any, ...]", value)
        kept = [_shortened(item, characters, items) for item in listed[:items]]
        if len(listed) > items and isinstance(listed[0], str):
            kept.append(f"and {len(listed) - items} more")
        return tuple(kept)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: _shortened(getattr(value, field.name), characters, items)
            for field in dataclasses.fields(value)
            if field.name not in _KEPT_WHOLE
        }
        return dataclasses.replace(value, **changed)
    return value


def _level(number: int) -> LogLevel:
    if number >= logging.ERROR:
        return LogLevel.ERROR
    return LogLevel.WARNING if number >= logging.WARNING else LogLevel.INFO
