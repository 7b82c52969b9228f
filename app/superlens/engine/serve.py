"""The engine process at work: takes commands, does one job at a time, ends each exactly once.

Runs in the child only. Torch is imported by the accelerator lane alone.
"""

import logging
import queue
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any, assert_never

import psutil

from superlens.core.errors import ErrorInfo, JobCancelled, SuperlensError, describe_error
from superlens.core.jobs import Lane
from superlens.core.messages import (
    Cancel,
    Cancelled,
    Command,
    Ending,
    Failed,
    Finished,
    Heartbeat,
    Pause,
    Ready,
    ReleaseMemory,
    Resume,
    Shutdown,
    Submit,
)
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.device import (
    describe_cpu,
    device_memory_bytes,
    release_device_memory,
    survey_devices,
)
from superlens.engine.execute import execute
from superlens.engine.networks import NetworkCache
from superlens.engine.outbox import LogForwarder, Outbox
from superlens.engine.preview_ring import PreviewRing
from superlens.engine.versions import software_versions
from superlens.engine.wakefulness import kept_awake
from superlens.io.codec import read_request
from superlens.io.reading import end_idle_readers, prepare_reader
from superlens.methods.catalogue import METHODS

logger = logging.getLogger(__name__)

_HEARTBEAT_S = 2.0
_DETAIL_CHARACTERS = 1200


def serve(lane: Lane, commands: Any, events: Any, previews: PreviewRing) -> None:
    """Serve until told to shut down.

    Args:
        lane: which lane this is.
        commands: queue that gives commands.
        events: queue that takes events.
        previews: where pictures go.
    """
    outbox = Outbox(events.put)
    logging.getLogger().addHandler(LogForwarder(outbox.post))
    logging.getLogger().setLevel(logging.INFO)
    loop = JobLoop(lane, outbox, previews)
    _start_thread("commands", lambda: _read_commands(commands, loop))
    _start_thread("heartbeat", lambda: _beat(outbox))
    loop.run()


class JobLoop:
    """Does jobs in the order they come; the commands about them may come from another thread."""

    def __init__(self, lane: Lane, outbox: Outbox, previews: PreviewRing) -> None:
        self._lane = lane
        self._outbox = outbox
        self._previews = previews
        self._networks = NetworkCache()
        self._controls: dict[str, JobControl] = {}
        self._inbox: queue.SimpleQueue[Submit | ReleaseMemory | None] = queue.SimpleQueue()

    def take(self, command: Command) -> bool:
        """Obey a command, or queue it; False once it is time to leave."""
        match command:
            case Submit():
                self._controls[command.job_id] = JobControl()
                self._inbox.put(command)
            case Cancel():
                self._control(command.job_id).cancel()
            case Pause():
                self._control(command.job_id).pause()
            case Resume():
                self._control(command.job_id).resume()
            case ReleaseMemory():
                self._inbox.put(command)
            case Shutdown():
                self._leave()
                return False
            case _:
                assert_never(command)
        return True

    def run(self) -> None:
        """Say `Ready`, then do jobs until told to leave."""
        self._outbox.post(self._ready())
        if self._lane is Lane.CPU:  # the lane that looks at files
            prepare_reader()
        while (item := self._inbox.get()) is not None:
            match item:
                case Submit():
                    self._outbox.post(self._do(item))
                case ReleaseMemory():
                    self._release_memory()

    def _ready(self) -> Ready:
        devices = survey_devices() if self._lane is Lane.ACCELERATOR else (describe_cpu(),)
        versions = software_versions()
        known = {"superlens": versions.superlens, "python": versions.python, **versions.libraries}
        methods = tuple(spec.id for spec in METHODS)
        return Ready(self._lane.value, devices, methods, tuple(known.items()))

    def _do(self, submit: Submit) -> Ending:
        job_id = submit.job_id
        control = self._control(job_id)
        context = JobContext(
            job_id, self._outbox.post, control, self._previews, networks=self._networks
        )
        try:
            request = read_request(Path(submit.request_path))
            with kept_awake(logger.info):
                return Finished(job_id, execute(job_id, request, context))
        except JobCancelled:
            return Cancelled(job_id)
        except Exception as error:
            return Failed(job_id, _error_info(error))
        finally:
            self._controls.pop(job_id, None)

    def _control(self, job_id: str) -> JobControl:
        # A command about a job that has just ended changes nothing.
        return self._controls.get(job_id) or JobControl()

    def _release_memory(self) -> None:
        self._networks.clear()
        end_idle_readers()
        if self._lane is Lane.ACCELERATOR:
            release_device_memory()

    def _leave(self) -> None:
        for control in tuple(self._controls.values()):
            control.cancel()
        self._inbox.put(None)


def _read_commands(commands: Any, loop: JobLoop) -> None:
    while loop.take(commands.get()):
        pass


def _beat(outbox: Outbox) -> None:
    process = psutil.Process()
    while True:
        time.sleep(_HEARTBEAT_S)
        outbox.post(Heartbeat(int(process.memory_info().rss), device_memory_bytes()))


def _start_thread(name: str, target: Any) -> None:
    threading.Thread(target=target, name=name, daemon=True).start()


def _error_info(error: Exception) -> ErrorInfo:
    info = describe_error(error)
    if isinstance(error, SuperlensError):
        logger.info("A job failed: %s", info.sentence)
        return info
    trace = "".join(traceback.format_exception(error))
    logger.warning("A job failed unexpectedly: %s", trace)
    return replace(info, title=info.title[:400], detail=trace[-_DETAIL_CHARACTERS:])
