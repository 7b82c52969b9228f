"""Batches made ahead of the step that wants them, so that the device never waits for data.

A batch is a pure function of its step, so that where and when it is made changes no bit. One thread
makes them while it keeps up; where steps wait, processes do. Torch-free, so that they start soon.
"""

import logging
import multiprocessing
import os
import pickle
import signal
import time
from collections import OrderedDict
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Self

from superlens.core.errors import SuperlensError
from superlens.core.method import Batch, TrainingData
from superlens.engine.parent_watch import leave_with_parent

logger = logging.getLogger(__name__)

WELL_FED = 0.10
"""Largest share of a step that waiting for data may take."""
_MOST_WORKERS = 8
_FIRST_WORKERS = 2
_WINDOW_S = 10.0
"""After so long it is looked whether the steps waited, and more processes are started if so."""
_AHEAD = 3
"""Batches that are made or wait to be fetched, for each worker."""


class Feeding:
    """How long the steps of a training waited for their batches."""

    def __init__(self) -> None:
        self.steps = 0
        self.waited_s = 0.0
        self._first_s: float | None = None
        self._last_s = 0.0

    @property
    def lasted_s(self) -> float:
        """Time between the first and the last batch."""
        return 0.0 if self._first_s is None else self._last_s - self._first_s

    @property
    def share(self) -> float:
        """Part of the time between the first and the last batch that was spent waiting: 0..1."""
        return min(1.0, self.waited_s / self.lasted_s) if self.lasted_s > 0 else 0.0

    @property
    def text(self) -> str:
        """What is to be said about it, as one sentence."""
        return (
            f"Waited for data during {100 * self.share:.1f} % of the training "
            f"({self.waited_s:.1f} s for {self.steps} batches)"
        )

    def note(self, began_s: float, ended_s: float) -> None:
        """Take in that a batch was asked for and when it came; the first one starts the clock."""
        self._last_s = ended_s
        if self._first_s is None:
            self._first_s = ended_s
            return
        self.steps += 1
        self.waited_s += ended_s - began_s


class Prefetched:
    """Training data whose next batches are made in the background; a context manager.

    The same batches as of the data themselves, also where a worker dies: then it is made here.
    """

    def __init__(self, data: TrainingData, workers: int = 0, most_workers: int = 0) -> None:
        """Begin; nothing is made before the first batch is asked for.

        Args:
            data: where the batches come from.
            workers: processes that make them; 0 takes a single thread of this process.
            most_workers: how many processes there may be where steps wait for their batches.
        """
        self.scale = data.scale
        self.feeding = Feeding()
        self._window = Feeding()
        self._data = data
        self._workers = workers
        self._most_workers = most_workers
        self._executor: Executor | None = None
        self._pending: OrderedDict[tuple[int, int], Future[Batch | None]] = OrderedDict()
        self._validation: tuple[Batch, ...] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def batch(self, step: int, size: int) -> Batch:
        """Give the training batch of a step, and have the next ones made meanwhile."""
        began_s = time.perf_counter()
        batch = self._made(step, size)
        if batch is None:
            # What went wrong in another process goes wrong here as well, with its own error.
            batch = self._data.batch(step, size)
        came_s = time.perf_counter()
        self.feeding.note(began_s, came_s)
        self._window.note(began_s, came_s)
        if self._window.lasted_s >= _WINDOW_S:
            self._look_back()
        return batch

    def validation(self) -> tuple[Batch, ...]:
        """Give the fixed validation pairs, read once."""
        if self._validation is None:
            # In the one thread that touches the data, or here, where no thread does.
            self._validation = (
                self._data.validation()
                if self._workers
                else self._started().submit(self._data.validation).result()
            )
        return self._validation

    def close(self) -> None:
        """Stop making batches and wait for the one that is being made."""
        self._forget()
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def _made(self, step: int, size: int) -> Batch | None:
        try:
            future = self._wanted(step, size)
            self._order(step + 1, size)
            return future.result()
        except BrokenProcessPool as error:
            logger.warning("A process that makes batches ended (%s): they are made here", error)
            self.close()
            self._workers = self._most_workers = 0
            return None

    def _look_back(self) -> None:
        waited, self._window = self._window, Feeding()
        if waited.share <= WELL_FED or self._workers >= self._most_workers:
            return
        self.close()
        self._workers = min(self._most_workers, max(_FIRST_WORKERS, 2 * self._workers))
        logger.info("%s: %s processes make batches now", waited.text, self._workers)

    def _wanted(self, step: int, size: int) -> Future[Batch | None]:
        found = self._pending.pop((step, size), None)
        if found is not None:
            return found
        self._forget()
        return self._submit(step, size)

    def _order(self, first: int, size: int) -> None:
        for step in range(first, first + _AHEAD * max(1, self._workers)):
            if (step, size) not in self._pending:
                self._pending[step, size] = self._submit(step, size)

    def _forget(self) -> None:
        for future in self._pending.values():
            future.cancel()
        self._pending.clear()

    def _submit(self, step: int, size: int) -> Future[Batch | None]:
        if self._workers:
            return self._started().submit(_batch, step, size)
        return self._started().submit(self._data.batch, step, size)

    def _started(self) -> Executor:
        if self._executor is None:
            self._executor = _processes(self._data, self._workers) if self._workers else _thread()
        return self._executor


def most_workers() -> int:
    """Give how many processes may make batches on this machine."""
    return min(_MOST_WORKERS, os.cpu_count() or 1)


def _thread() -> Executor:
    return ThreadPoolExecutor(1, thread_name_prefix="superlens-batches")


def _processes(data: TrainingData, workers: int) -> Executor:
    return ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_open,
        initargs=(pickle.dumps(data),),
    )


_opened: list[TrainingData] = []
"""In a worker process: the data that it makes batches of."""


def _open(packed: bytes) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the affair of the parent
    leave_with_parent()
    _opened[:] = [pickle.loads(packed)]


def _batch(step: int, size: int) -> Batch | None:
    try:
        return _opened[0].batch(step, size)
    except SuperlensError:
        return None  # exceptions do not travel between processes
