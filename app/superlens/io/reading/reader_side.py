"""The inside of a reader process: opens one file at a time and reads what it is asked for.

It imports the reader of a format, and its library, when the first such file is opened.
"""

import faulthandler
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput, describe_error
from superlens.io.images.reader_errors import reader_failures
from superlens.io.images.source import ImageSource
from superlens.io.reading.messages import LARGEST_MESSAGE, Answer, Question, Wish, parse, written
from superlens.io.reading.plane_memory import PlaneMemory

_GRACE_S = 3.0
"""The asker ends a slow process; only where it is gone too, the process ends itself this later."""
_ERRORS = 2
"""The number of the stream of errors."""


def serve_reader(connection: Any, memory_name: str, opener: str) -> None:
    """Answer questions until the asker closes the connection or is gone.

    Args:
        connection: gives questions and takes answers, as bytes.
        memory_name: of the `PlaneMemory` of the asker.
        opener: `module:function` that opens a file, as `superlens.io.images:open_image` does.
    """
    _stand_alone()
    _load_usual_reader()
    reader = _Reader(PlaneMemory.attach(memory_name), opener)
    used_bytes = _used_bytes()
    connection.send_bytes(written(Answer(0)))
    while True:
        try:
            question = parse(Question, connection.recv_bytes(LARGEST_MESSAGE))
        except (EOFError, OSError):
            return
        # Not a thread of Python: a codec that hangs may hold the interpreter for ever.
        faulthandler.dump_traceback_later(
            question.allowance.seconds + _GRACE_S, exit=True, file=_ERRORS
        )
        _limit_memory(used_bytes + question.allowance.memory_bytes)
        answer = written(reader.answer(question))
        faulthandler.cancel_dump_traceback_later()
        try:
            connection.send_bytes(answer)
        except OSError:
            return


class _Reader:
    """The open file and the region that is being handed over."""

    def __init__(self, memory: PlaneMemory, opener: str) -> None:
        self._memory = memory
        self._opener = opener
        self._name = ""
        self._source: ImageSource | None = None
        self._rest: NDArray[np.uint8] = np.empty(0, np.uint8)

    def answer(self, question: Question) -> Answer:
        """Give what a question asks for, or the error in plain words."""
        if question.wish is Wish.OPEN:
            self._name = Path(os.fsdecode(question.path)).name
        try:
            with reader_failures(self._name):
                return self._answered(question)
        except InvalidInput as error:
            return Answer(question.generation, error=describe_error(error))

    def _answered(self, question: Question) -> Answer:
        match question.wish:
            case Wish.OPEN:
                return self._open(question)
            case Wish.READ:
                return self._read(question)
            case Wish.MORE:
                return Answer(question.generation, count=self._hand_over(question.generation))
            case Wish.CLOSE:
                self._close()
                return Answer(question.generation)

    def _open(self, question: Question) -> Answer:
        self._close()
        self._source = _function(self._opener)(Path(os.fsdecode(question.path)))
        return Answer(question.generation, info=replace(self._source.info, path=""))

    def _read(self, question: Question) -> Answer:
        place = question.place
        assert self._source is not None
        assert place is not None
        pixels = self._source.region(place.scene, place.t, place.c, place.z, place.roi, place.level)
        self._rest = np.ascontiguousarray(pixels).reshape(-1).view(np.uint8)
        return Answer(
            question.generation,
            shape=pixels.shape,
            dtype=pixels.dtype.name,
            count=self._hand_over(question.generation),
        )

    def _hand_over(self, generation: int) -> int:
        """Put the next piece into the shared memory and give its length."""
        piece, self._rest = self._rest[: self._memory.room], self._rest[self._memory.room :]
        self._memory.write(piece, generation)
        return piece.size

    def _close(self) -> None:
        self._rest = np.empty(0, np.uint8)
        source, self._source = self._source, None
        if source is not None:
            source.close()


def _function(opener: str) -> Callable[[Path], ImageSource]:
    module, _, name = opener.partition(":")
    return getattr(import_module(module), name)


def _stand_alone() -> None:
    """Leave the terminal to the asker, and let a crash be silent and small."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the asker, which ends this process
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, _ERRORS):  # libraries print what nobody asked for
        os.dup2(nothing, stream)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.SetErrorMode(msvcrt.SEM_FAILCRITICALERRORS | msvcrt.SEM_NOGPFAULTERRORBOX)
    else:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _load_usual_reader() -> None:
    """Load what most files need, while nobody waits yet."""
    import_module("superlens.io.images.tiff_file")
    import_module("tifffile")


def _used_bytes() -> int:
    """Give what counts towards the limit of memory already; 0 where the system has no such limit.

    On Linux: private memory that may be written. Mapped files do not count, so that a file of any
    length may be mapped.
    """
    if sys.platform != "linux":
        return 0
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _limit_memory(total_bytes: int) -> None:
    """Let the system refuse more; elsewhere than on Linux the asker watches alone."""
    if sys.platform != "linux":
        return
    import resource

    most = resource.getrlimit(resource.RLIMIT_DATA)[1]
    wanted = total_bytes if most == resource.RLIM_INFINITY else min(total_bytes, most)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))
