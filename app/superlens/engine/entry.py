"""The door of the engine: starts its process and holds both ends of the talk with it.

Imports the standard library, NumPy and `core` alone, so that the window may use it; everything
heavy is imported in the child.
"""

import multiprocessing
import os
import signal
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.jobs import Lane
from superlens.core.messages import Command, Event, Preview
from superlens.engine.parent_watch import leave_with_parent
from superlens.engine.preview_ring import PreviewRing

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_CPU_LANE_THREADS = 1
"""The cpu lane works beside the accelerator lane and mostly in code of one thread."""


@dataclass(frozen=True, slots=True)
class EngineHandle:
    """An engine process with the queues and the preview ring that were made for it."""

    lane: Lane
    process: BaseProcess
    commands: "Queue[Command]"
    """Takes commands; putting never waits."""
    events: "Queue[Event]"
    """Gives events. An engine killed in the middle of one leaves a reader waiting for good."""
    previews: PreviewRing
    """Where the pictures lie that `Preview` events announce."""

    def read_preview(self, preview: Preview) -> NDArray[np.float32] | None:
        """Give the picture that an event announced, or None when a newer one took its place."""
        return self.previews.read(preview.slot, preview.shape, preview.generation)

    def close(self) -> None:
        """Let go of queues and ring of an engine that has ended, without waiting for them."""
        for channel in (self.commands, self.events):
            channel.cancel_join_thread()
            channel.close()
        self.previews.close()


def start_engine(lane: Lane, threads: int | None = None) -> EngineHandle:
    """Start an engine process.

    Args:
        lane: which kind of jobs it will do.
        threads: what `OMP_NUM_THREADS` shall be in it; None keeps the user's environment, and else
            leaves the accelerator lane all cores and the cpu lane one.

    Returns:
        Its handle. The process says `Ready` on the event queue once it can take jobs, and leaves by
        itself when this process is gone.
    """
    context = multiprocessing.get_context("spawn")
    commands: Queue[Command] = context.Queue()
    events: Queue[Event] = context.Queue()
    previews = PreviewRing.create()
    process = context.Process(
        target=_run_engine,
        args=(lane.value, commands, events, previews.name, threads),
        name=f"superlens-engine-{lane.value}",
        daemon=False,
    )
    process.start()
    return EngineHandle(lane, process, commands, events, previews)


def _run_engine(
    lane: str, commands: Any, events: Any, preview_name: str, threads: int | None
) -> None:
    # Ctrl+C in a terminal reaches every process; this one ends when its parent says so or is gone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _set_environment(Lane(lane), threads)
    leave_with_parent()
    from superlens.engine.serve import serve

    serve(Lane(lane), commands, events, PreviewRing.attach(preview_name))


def _set_environment(lane: Lane, threads: int | None) -> None:
    """Set what torch and NumPy read when they are first imported."""
    if threads is not None:
        os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    elif lane is Lane.CPU:
        for name in _THREAD_VARIABLES:
            os.environ.setdefault(name, str(_CPU_LANE_THREADS))
    os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")
