"""An engine in threads of the test's own process, with the face of `engine.entry.EngineHandle`.

`FakeEngines().start` takes the place of `start_engine`. What a job does is said by a script: a
generator of events that runs in a thread of the fake engine::

    def half_way(job: FakeJob) -> Iterator[Event]:
        yield Accepted(job.id, "one tile")
        yield Progress(job.id, "tiles", 1, 2)
        job.wait_for_cancel()
        yield Cancelled(job.id)

    engines = FakeEngines({JobKind.RESTORE: half_way})
    link = EngineLink(Lane.ACCELERATOR, engines.start)
    workbench = Workbench(engines.start)

A script that calls `job.engine.process.die(-9)` plays a crash.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from superlens.core.errors import ErrorInfo
from superlens.core.jobs import (
    FileFinding,
    FileToLookAt,
    JobKind,
    JobRequest,
    Lane,
    ThumbnailRequest,
)
from superlens.core.messages import (
    Accepted,
    Cancel,
    Cancelled,
    Command,
    DeviceInfo,
    Event,
    Failed,
    Finished,
    Heartbeat,
    Preview,
    Progress,
    Ready,
    Shutdown,
    Submit,
)
from superlens.core.records import ChannelInfo, ImageInfo, ResultRecord, SceneInfo
from superlens.core.units import PixelSizes
from superlens.io.codec import read_request
from superlens.io.findings import findings_file

_WAIT_S = 20.0


class EngineIsGone(BaseException):
    """Raised in a script whose engine was ended, to leave its thread."""


class FakeProcess:
    """What supervision sees of a process."""

    def __init__(self, ignores_terminate: bool = False) -> None:
        self.exitcode: int | None = None
        self.pid = 0
        self.calls: list[str] = []
        """`terminate` and `kill`, as they were called."""
        self._ignores_terminate = ignores_terminate
        self.gone = threading.Event()

    def die(self, exitcode: int) -> None:
        """End as by itself or by a signal."""
        if self.exitcode is None:
            self.exitcode = exitcode
            self.gone.set()

    def is_alive(self) -> bool:
        return self.exitcode is None

    def join(self, timeout: float | None = None) -> None:
        self.gone.wait(timeout)

    def terminate(self) -> None:
        self.calls.append("terminate")
        if not self._ignores_terminate:
            self.die(-15)

    def kill(self) -> None:
        self.calls.append("kill")
        self.die(-9)


@dataclass
class FakeJob:
    """A submitted job, as a script sees it."""

    id: str
    request: JobRequest
    engine: "FakeEngine"
    cancelled: threading.Event = field(default_factory=threading.Event)

    def wait_for_cancel(self) -> None:
        """Wait until the job is cancelled."""
        self.wait_for(self.cancelled)

    def wait_for(self, event: threading.Event) -> None:
        """Wait for an event of the test; leaves the script when the engine is ended meanwhile."""
        for _ in range(int(_WAIT_S / 0.01)):
            if self.engine.process.gone.is_set():
                raise EngineIsGone
            if event.wait(0.01):
                return
        raise AssertionError("the test never let the job go on")


Script = Callable[[FakeJob], Iterator[Event]]
Look = Callable[[FileToLookAt, bool], FileFinding]
"""Gives what comes of a file, and makes its pictures where they are wanted."""


def finish(job: FakeJob) -> Iterator[Event]:
    """Play a job that is done: a thumbnail job looks at its files, the others leave nothing."""
    if isinstance(job.request, ThumbnailRequest):
        yield from look_at_files(job)
        return
    yield Accepted(job.id, "a fake plan")
    for done in (1, 2):
        yield Progress(job.id, "tiles", done, 2)
    yield Finished(job.id, ResultRecord(job.id, job.request.kind, job.request.out, device="fake"))


def fail(job: FakeJob) -> Iterator[Event]:
    """Play a job that fails."""
    yield Accepted(job.id, "a fake plan")
    yield Failed(job.id, ErrorInfo("unreadable_file", "The file is empty", "Export it again"))


def run_until_cancelled(job: FakeJob) -> Iterator[Event]:
    """Play a job that goes on until it is cancelled."""
    yield Accepted(job.id, "a fake plan")
    yield Progress(job.id, "tiles", 1, 100, seconds_left=99.0)
    job.wait_for_cancel()
    yield Cancelled(job.id)


def crash(job: FakeJob) -> Iterator[Event]:
    """Play a job in which the engine dies."""
    yield Accepted(job.id, "a fake plan")
    job.engine.process.die(-9)


def look_at_files(job: FakeJob, look: Look | None = None) -> Iterator[Event]:
    """Play a thumbnail job; `look` says what comes of each file, by default that of `grey`."""
    request = job.request
    assert isinstance(request, ThumbnailRequest)
    yield Accepted(job.id, "a fake plan")
    with findings_file(Path(request.findings)) as add:
        for number, file in enumerate(request.files, start=1):
            add((look or grey)(file, request.has_pictures))
            yield Progress(job.id, "Looking", number, len(request.files))
    yield Finished(job.id, ResultRecord(job.id, JobKind.THUMBNAIL, ""))


def grey(file: FileToLookAt, has_pictures: bool) -> FileFinding:
    """Find a small image of one scene, whatever the file holds, and make a grey picture of it."""
    from PIL import Image

    scene = SceneInfo("field 1", (1, 1, 1, 32, 32), "uint16", PixelSizes(), (ChannelInfo("C0"),))
    if has_pictures:
        Path(file.out).mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 128).save(Path(file.out) / "scene-0.png")
    return FileFinding(ImageInfo(file.path, "fake", (scene,)))


class FakeEngine:
    """One fake engine; made by `FakeEngines`."""

    def __init__(self, lane: Lane, script_of: Callable[[JobKind], Script]) -> None:
        self.lane = lane
        self.process = FakeProcess()
        self.commands: queue.Queue[Command] = queue.Queue()
        self.events: queue.Queue[Event] = queue.Queue()
        self.received: list[Command] = []
        self.is_closed = False
        self._script_of = script_of
        self._jobs: dict[str, FakeJob] = {}
        self._threads = [threading.Thread(target=self._serve, name="fake engine")]

    def read_preview(self, preview: Preview) -> Any:
        """Give a grey picture of the announced shape."""
        import numpy as np

        return np.full(preview.shape, 0.5, np.float32)

    def close(self) -> None:
        self.is_closed = True

    def run(self) -> None:
        """Start the threads."""
        self._threads[0].start()

    def join(self) -> None:
        """Wait until every thread has left; they do once the process is gone."""
        for thread in self._threads:
            thread.join(_WAIT_S)
            assert not thread.is_alive()

    def _serve(self) -> None:
        device = DeviceInfo("cpu", "Fake processor", True, 0)
        self.events.put(Ready(self.lane, (device,), ("resrgan",), (("superlens", "0"),)))
        while not self.process.gone.is_set():
            try:
                command = self.commands.get(timeout=0.01)
            except queue.Empty:
                continue
            self.received.append(command)
            self._obey(command)
        # Wakes the reader, so that tests need not wait for its next look at the process.
        self.events.put(Heartbeat(0))

    def _obey(self, command: Command) -> None:
        match command:
            case Submit():
                request = read_request(Path(command.request_path))
                job = self._jobs[command.job_id] = FakeJob(command.job_id, request, self)
                thread = threading.Thread(target=self._play, args=(job,), name="fake job")
                self._threads.append(thread)
                thread.start()
            case Cancel():
                if command.job_id in self._jobs:
                    self._jobs[command.job_id].cancelled.set()
            case Shutdown():
                self.process.die(0)
            case _:
                pass

    def _play(self, job: FakeJob) -> None:
        try:
            for event in self._script_of(job.request.kind)(job):
                if self.process.gone.is_set():
                    return
                self.events.put(event)
        except EngineIsGone:
            return


class FakeEngines:
    """Starts fake engines and remembers them."""

    def __init__(self, scripts: Mapping[JobKind, Script] | None = None) -> None:
        self.scripts: dict[JobKind, Script] = dict(scripts or {})
        """What jobs of a kind do; `finish` where nothing is said. May be changed at any time."""
        self.started: list[FakeEngine] = []

    def start(self, lane: Lane, threads: int | None = None) -> FakeEngine:
        """Start an engine: takes the place of `start_engine`."""
        engine = FakeEngine(lane, lambda kind: self.scripts.get(kind, finish))
        self.started.append(engine)
        engine.run()
        return engine

    def of(self, lane: Lane) -> FakeEngine:
        """Give the last engine started for a lane."""
        return next(engine for engine in reversed(self.started) if engine.lane is lane)

    def end(self) -> None:
        """End whatever still runs and wait for its threads."""
        for engine in self.started:
            engine.process.die(0)
            engine.join()
