"""The outside of a reader process: starts it, asks it, and ends it when it misbehaves."""

import multiprocessing
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from superlens.core.errors import (
    ErrorInfo,
    InvalidInput,
    InvalidParameter,
    MissingFile,
    SuperlensError,
    UnreadableFile,
    UnsupportedImage,
)
from superlens.core.records import ImageInfo
from superlens.io.disk import readable_bytes
from superlens.io.images.source import PlaneRequest
from superlens.io.reading.limits import Allowance, Limits
from superlens.io.reading.messages import LARGEST_MESSAGE, Answer, Question, Wish, parse, written
from superlens.io.reading.plane_memory import PlaneMemory
from superlens.io.reading.reader_side import serve_reader

_GLANCE_S = 0.05
_END_S = 5.0
_COPY_AGAIN = "Copy it again from where it came from, or save it anew with the program that made it"
_OWN_BYTES = 192 << 20
"""What a process takes with its libraries, where the asker counts all of it."""
_ERRORS: dict[str, type[InvalidInput]] = {
    "invalid_input": InvalidInput,
    "invalid_parameter": InvalidParameter,
    "missing_file": MissingFile,
    "unsupported_image": UnsupportedImage,
}
_starting = threading.Lock()


class Loss(StrEnum):
    """Why a reader process was lost; stands in the detail of the error."""

    TIME = "reader process ended: time limit"
    MEMORY = "reader process ended: memory limit"
    CRASH = "reader process ended by itself"
    NONSENSE = "reader process ended: its answer made no sense"


class ReaderProcess:
    """One process that has at most one file open; to be used by one thread at a time."""

    def __init__(self, limits: Limits, opener: str) -> None:
        """Start it; the first question waits until it is there.

        Raises:
            OSError: the system refuses a process or its memory.
        """
        context = multiprocessing.get_context("spawn")
        self._limits = limits
        self._memory = PlaneMemory.create()
        self._connection, theirs = context.Pipe()
        # A daemon: the interpreter ends it at exit, where it would wait for any other.
        self._process = context.Process(
            target=serve_reader,
            args=(theirs, self._memory.name, opener),
            name="superlens-reader",
            daemon=True,
        )
        with _starting:
            self._process.start()
        theirs.close()
        self._is_ready = False
        self._generation = 0
        self._end = weakref.finalize(
            self, _end, self._process, self._connection, self._memory.close
        )

    @property
    def is_usable(self) -> bool:
        """Whether it is there and nothing has gone wrong with it."""
        return self._end.alive and not wait([self._process.sentinel], 0)

    @property
    def is_lean(self) -> bool:
        """Whether it holds little enough memory to be kept."""
        return _memory_of(self._process.pid) <= self._limits.idle_bytes

    def open(self, path: Path) -> ImageInfo:
        """Open a file and say what it holds.

        Raises:
            SuperlensError: it cannot be read, as `open_image`; or this process was lost by it.
        """
        self._become_ready(path.name)
        allowance = self._limits.for_opening
        absolute = os.fsencode(path.absolute())
        answer = self._ask(path.name, self._question(Wish.OPEN, allowance, path=absolute))
        if answer.info is None:
            raise self._lost(path.name, Loss.NONSENSE, allowance)
        return replace(answer.info, path=str(path))

    def read(self, name: str, place: PlaneRequest, plane_bytes: int, into: NDArray[Any]) -> None:
        """Read a rectangle of the open file.

        Args:
            name: the file, for errors.
            place: the rectangle, which exists.
            plane_bytes: size of the whole plane.
            into: takes the pixels; has their shape and type.

        Raises:
            SuperlensError: it cannot be read, or this process was lost by it.
        """
        allowance = self._limits.for_reading(plane_bytes)
        answer = self._ask(name, self._question(Wish.READ, allowance, place=place))
        if answer.shape != into.shape or answer.dtype != into.dtype.name:
            raise self._lost(name, Loss.NONSENSE, allowance)
        rest = into.reshape(-1).view(np.uint8)
        while True:
            piece, rest = rest[: answer.count], rest[answer.count :]
            if piece.size < max(1, answer.count) or not self._memory.read(piece, self._generation):
                raise self._lost(name, Loss.NONSENSE, allowance)
            if not rest.size:
                return
            answer = self._ask(name, self._question(Wish.MORE, allowance))

    def close_file(self) -> None:
        """Close the open file; a process that does not answer is ended."""
        if self.is_usable:
            with suppress(SuperlensError):
                self._ask("The file", self._question(Wish.CLOSE, self._limits.for_closing))

    def end(self) -> None:
        """End the process; a second call does nothing."""
        self._end()

    def _become_ready(self, name: str) -> None:
        if self._is_ready:
            return
        try:
            self._awaited(name, Allowance(self._limits.start_s, sys.maxsize))
        except UnreadableFile as error:
            raise SuperlensError(
                f"{name} was not read: no process could be started to read it",
                "Close other programs, or restart Superlens",
                error.detail,
            ) from error
        self._is_ready = True

    def _question(self, wish: Wish, allowance: Allowance, **what: Any) -> Question:
        self._generation += 1
        return Question(wish, self._generation, allowance, **what)

    def _ask(self, name: str, question: Question) -> Answer:
        try:
            self._connection.send_bytes(written(question))
        except OSError as error:
            raise self._lost(name, Loss.CRASH, question.allowance) from error
        answer = self._awaited(name, question.allowance)
        if answer.error is not None:
            raise _as_error(answer.error)
        return answer

    def _awaited(self, name: str, allowance: Allowance) -> Answer:
        try:
            answer = self._answer(name, allowance)
        except BaseException:
            # Also where the asker was stopped: its answer would be taken for that of the next one.
            self.end()
            raise
        if answer.generation != self._generation:
            raise self._lost(name, Loss.NONSENSE, allowance)
        return answer

    def _answer(self, name: str, allowance: Allowance) -> Answer:
        deadline = time.monotonic() + allowance.seconds
        while not self._connection.poll(_GLANCE_S):
            if time.monotonic() > deadline:
                raise self._lost(name, Loss.TIME, allowance)
            if _memory_of(self._process.pid) > allowance.memory_bytes + _OWN_BYTES:
                raise self._lost(name, Loss.MEMORY, allowance)
        try:
            data = self._connection.recv_bytes(LARGEST_MESSAGE)
        except (EOFError, OSError) as error:
            raise self._lost(name, Loss.CRASH, allowance) from error
        try:
            return parse(Answer, data)
        except InvalidInput as error:
            raise self._lost(name, Loss.NONSENSE, allowance) from error

    def _lost(self, name: str, loss: Loss, allowance: Allowance) -> UnreadableFile:
        """End the process and give the error that says why."""
        if loss is Loss.CRASH:
            wait([self._process.sentinel], _END_S)
        status = self._process.exitcode
        self.end()
        return UnreadableFile(_WORDS[loss](name, allowance), _COPY_AGAIN, f"{loss} ({status})")


_WORDS: dict[Loss, Callable[[str, Allowance], str]] = {
    Loss.TIME: lambda name, limit: f"{name} could not be read within {limit.seconds:.0f} seconds",
    Loss.MEMORY: lambda name, limit: (
        f"{name} needs more than {readable_bytes(limit.memory_bytes)} of memory to be read"
    ),
    Loss.CRASH: lambda name, _: f"{name} is damaged: what decodes such files broke down over it",
    Loss.NONSENSE: lambda name, _: f"{name} is damaged: its pixels are not as its header says",
}


def _as_error(error: ErrorInfo) -> InvalidInput:
    return _ERRORS.get(error.code, UnreadableFile)(error.title, error.advice, error.detail)


def _memory_of(pid: int | None) -> int:
    """Give the memory that a process has for itself, without files that it has mapped."""
    try:
        memory: Any = psutil.Process(pid).memory_info()
    except psutil.Error:
        return 0
    return int(memory.rss - getattr(memory, "shared", 0))


def _end(process: Any, connection: Any, close_memory: Callable[[], None]) -> None:
    process.kill()
    process.join(_END_S)
    # Where it cannot even be killed, or where another thread has seen its end before.
    with suppress(ValueError):
        process.close()
    connection.close()
    close_memory()
