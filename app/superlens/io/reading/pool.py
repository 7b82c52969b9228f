"""The reader processes of one asking process: lent to one open file each, kept warm between."""

import functools
import threading
import time
from contextlib import suppress
from pathlib import Path

from superlens.core.errors import SuperlensError
from superlens.core.records import ImageInfo
from superlens.io.images import ImageSource, open_image
from superlens.io.images.relabelled import relabelled
from superlens.io.reading.limits import Limits
from superlens.io.reading.own_files import is_own_image
from superlens.io.reading.reader_process import ReaderProcess
from superlens.io.reading.safe_image import SafeImage

_OPENER = "superlens.io.images:open_image"
_MOST_IDLE = 2
"""As many as a window or an engine reads at once; more are started where needed, and ended."""


def open_safely(path: Path, axes: str = "") -> ImageSource:
    """Open an image file such that it can do no harm: our own here, others in a reader process.

    Args:
        path: the file, or the folder of a Zarr.
        axes: what the user calls its axes, see `InputImage`; empty: as the file says.

    Raises:
        InvalidParameter: the axes do not fit the file.
        MissingFile: there is no such file.
        UnreadableFile: it is empty, cut off, damaged, protected or not an image; or it made its
            reader process hang, break down, or ask for too much memory.
        UnsupportedImage: a sound image of a format or with axes that are not supported.
        SuperlensError: no reader process could be started.
    """
    source = open_image(path) if is_own_image(path) else _pool().open(path)
    return relabelled(source, axes)


def probe_safely(path: Path, axes: str = "") -> ImageInfo:
    """Say what a file holds, without reading its pixels; errors as `open_safely`."""
    with open_safely(path, axes) as source:
        return source.info


def prepare_reader() -> None:
    """Start a process ahead of the first file, which then need not wait for it."""
    _pool().prepare()


def end_idle_readers() -> None:
    """End the processes that are kept warm for the next file; it costs a start of one again."""
    if _pool.cache_info().currsize:
        _pool().end_idle()


class ReaderPool:
    """Reader processes, started when a file is opened; may be used by several threads."""

    def __init__(self, limits: Limits | None = None, opener: str = _OPENER) -> None:
        """Start nothing yet.

        Args:
            limits: of every process.
            opener: `module:function` that opens a file in the process.
        """
        self._limits = limits or Limits()
        self._opener = opener
        self._lock = threading.Lock()
        self._idle: list[tuple[ReaderProcess, float]] = []
        self._watch: threading.Timer | None = None
        self._is_closed = False

    def open(self, path: Path) -> ImageSource:
        """Open a file in a reader process of its own; errors as `open_safely`."""
        process = self._borrowed(path.name)
        try:
            return SafeImage(path, process, self._take_back)
        except SuperlensError:
            self._take_back(process)
            raise
        except BaseException:
            process.end()
            raise

    def prepare(self) -> None:
        """Start a process unless one waits already; where it cannot be, the first file says so."""
        with self._lock:
            is_wanted = not self._idle and not self._is_closed
        if is_wanted:
            with suppress(OSError):
                self._take_back(ReaderProcess(self._limits, self._opener))

    def close(self) -> None:
        """End all processes that have no file open; the others when their file is closed."""
        with self._lock:
            self._is_closed = True
        self.end_idle()

    def end_idle(self) -> None:
        """End the processes that have no file open."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process, _ in idle:
            process.end()

    def _borrowed(self, name: str) -> ReaderProcess:
        while (process := self._idle_one()) is not None:
            if process.is_usable:
                return process
            process.end()
        try:
            return ReaderProcess(self._limits, self._opener)
        except OSError as error:
            raise SuperlensError(
                f"{name} was not read: no process could be started to read it",
                "Close other programs, or restart Superlens",
                str(error),
            ) from error

    def _idle_one(self) -> ReaderProcess | None:
        with self._lock:
            return self._idle.pop()[0] if self._idle else None

    def _take_back(self, process: ReaderProcess) -> None:
        if process.is_usable and process.is_lean:
            with self._lock:
                if not self._is_closed and len(self._idle) < _MOST_IDLE:
                    self._idle.append((process, time.monotonic()))
                    self._watch_idle()
                    return
        process.end()

    def _watch_idle(self) -> None:
        """Have the idle processes looked at once the first of them may be out of use."""
        if self._watch is None:
            self._watch = threading.Timer(self._limits.idle_s, self._end_unused)
            self._watch.daemon = True
            self._watch.start()

    def _end_unused(self) -> None:
        with self._lock:
            latest = time.monotonic() - self._limits.idle_s
            unused = [process for process, since in self._idle if since <= latest]
            self._idle = [(process, since) for process, since in self._idle if since > latest]
            self._watch = None
            if self._idle:
                self._watch_idle()
        for process in unused:
            process.end()


@functools.cache
def _pool() -> ReaderPool:
    """Give the pool of this process: processes are a matter of the process, not of its parts."""
    return ReaderPool()
