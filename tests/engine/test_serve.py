"""The engine as a real spawned process: what it says, and what is left when something dies."""

import contextlib
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from fakes.method import install_fake_model, known_to_children
from superlens.core.jobs import (
    ComputePolicy,
    DeviceChoice,
    FileToLookAt,
    InputImage,
    Lane,
    RestoreRequest,
    ThumbnailRequest,
)
from superlens.core.messages import (
    Accepted,
    Cancel,
    Cancelled,
    Failed,
    Finished,
    Heartbeat,
    LogLine,
    Pause,
    Preview,
    Progress,
    Ready,
    ReleaseMemory,
    Resume,
    Shutdown,
    Submit,
)
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes
from superlens.engine.entry import start_engine
from superlens.io.codec import write_request
from superlens.io.image_writer import ImageMetadata, write_image
from superlens.io.runs import create_run, read_run

START_S = 30.0
JOB_S = 20.0
ENDINGS = (Finished, Cancelled, Failed)


class Talk:
    """One engine and everything it said."""

    def __init__(self, lane):
        self.handle = start_engine(lane, threads=1)
        self.events = []
        self.wait_for(lambda event: isinstance(event, Ready), START_S)

    def send(self, command):
        self.handle.commands.put(command)

    def wait_for(self, is_it, limit_s=JOB_S):
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            with contextlib.suppress(Exception):
                event = self.handle.events.get(timeout=0.2)
                self.events.append(event)
                if is_it(event):
                    return event
        raise AssertionError(f"not seen in {limit_s} s; last: {self.events[-5:]}")

    def ending(self, job_id):
        return self.wait_for(lambda event: isinstance(event, ENDINGS) and event.job_id == job_id)

    def of_job(self, job_id, kind):
        return [
            event
            for event in self.events
            if isinstance(event, kind) and getattr(event, "job_id", None) == job_id
        ]

    def drain(self, seconds):
        with contextlib.suppress(AssertionError):
            self.wait_for(lambda event: False, seconds)

    def end(self):
        if self.handle.process.is_alive():
            self.send(Shutdown())
            self.handle.process.join(3)
        if self.handle.process.is_alive():
            self.handle.process.kill()
            self.handle.process.join(3)
        self.handle.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a model, an image, and the environment that a spawned engine inherits."""
    folder = tmp_path_factory.mktemp("engine")
    with pytest.MonkeyPatch.context() as patch, known_to_children():
        patch.setenv("SUPERLENS_HOME", str(folder / "home"))
        card = install_fake_model(folder / "home" / "models")
        rng = np.random.default_rng(0)
        stack = rng.poisson(100, (1, 1, 1, 200, 200)).astype(np.uint16)
        metadata = ImageMetadata(PixelSizes(), (ChannelInfo("c"),), "")
        write_image(folder / "in.ome.tif", stack, metadata)
        yield folder, card.ref


@pytest.fixture(scope="module")
def shared(place):
    """An engine for the tests that leave it alive."""
    talk = Talk(Lane.ACCELERATOR)
    yield talk
    talk.end()


@pytest.fixture
def engine(place):
    """An engine for a test that kills it."""
    talk = Talk(Lane.ACCELERATOR)
    yield talk
    talk.end()


@pytest.fixture
def submit(place, tmp_path):
    folder, model = place

    def submit(talk, job_id, **changes):
        values = {"samples": 0, "compute": ComputePolicy(DeviceChoice.CPU, 1, 64)} | changes
        request = RestoreRequest(
            InputImage(str(folder / "in.ome.tif")), model, str(tmp_path / job_id), **values
        )
        write_request(tmp_path / f"{job_id}.json", request)
        talk.send(Submit(job_id, str(tmp_path / f"{job_id}.json")))
        return tmp_path / job_id

    return submit


def is_running(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def first_progress(job_id):
    return lambda event: (
        isinstance(event, Progress) and event.job_id == job_id and event.phase == "Restoring"
    )


def test_ready_names_devices_methods_and_versions_in_plain_types(shared):
    (ready,) = (event for event in shared.events if isinstance(event, Ready))

    assert ready.lane == "accelerator"
    assert {device.id for device in ready.devices} == {"cpu", "cuda", "mps"}
    assert ready.devices[0].is_usable
    assert {"resrgan", "fake"} <= set(ready.methods)
    versions = dict(ready.versions)
    assert {"superlens", "python", "torch"} <= set(versions)
    assert all(type(value) is str for pair in ready.versions for value in pair)


def test_job_runs_to_its_one_ending_with_a_plan_and_progress(shared, submit):
    out = submit(shared, "good", samples=2)

    ending = shared.ending("good")
    shared.drain(0.3)

    assert isinstance(ending, Finished)
    assert ending.result.folder == str(out)
    assert read_run(out).job_id == "good"
    assert len(shared.of_job("good", Accepted)) == 1
    assert "1 plane of 16 tiles, 2 samples" in shared.of_job("good", Accepted)[0].plan
    assert len(shared.of_job("good", ENDINGS)) == 1
    phases = list(dict.fromkeys(event.phase for event in shared.of_job("good", Progress)))
    assert phases == ["Restoring", "Comparing with the raw image", "Writing"]


def test_preview_lies_in_shared_memory(shared, submit):
    submit(shared, "seen")

    shared.ending("seen")

    preview = shared.of_job("seen", Preview)[-1]
    picture = shared.handle.read_preview(preview)
    assert picture.shape == preview.shape == (400, 400)
    assert 90 < picture.mean() < 110


def test_cancel_is_answered_within_a_second_and_leaves_nothing(shared, submit, tmp_path):
    out = submit(shared, "slow", params={"slow_s": 30.0})
    shared.wait_for(lambda event: isinstance(event, Progress | Accepted) or True)
    time.sleep(0.5)

    started = time.monotonic()
    shared.send(Cancel("slow"))
    ending = shared.ending("slow")

    assert isinstance(ending, Cancelled)
    assert time.monotonic() - started < 1.0
    assert not out.exists()
    assert not Path(f"{out}.partial").exists()


def test_job_cancelled_while_it_waits_never_begins(shared, submit):
    submit(shared, "before", params={"slow_s": 0.05})
    out = submit(shared, "waiting")
    shared.send(Cancel("waiting"))

    ending = shared.ending("waiting")

    assert isinstance(ending, Cancelled)
    assert shared.of_job("waiting", Accepted) == []
    assert isinstance(shared.of_job("before", ENDINGS)[0], Finished)
    assert not out.exists()


def test_paused_job_waits_and_goes_on(shared, submit):
    submit(shared, "paused", params={"slow_s": 0.05})
    shared.wait_for(first_progress("paused"))

    shared.send(Pause("paused"))
    shared.drain(0.4)
    before = len(shared.of_job("paused", Progress))
    shared.drain(0.6)
    during = len(shared.of_job("paused", Progress))
    shared.send(Resume("paused"))
    ending = shared.ending("paused")

    assert during == before
    assert isinstance(ending, Finished)


def test_paused_job_can_be_cancelled(shared, submit):
    submit(shared, "stopped", params={"slow_s": 0.05})
    shared.wait_for(first_progress("stopped"))
    shared.send(Pause("stopped"))
    shared.drain(0.2)

    shared.send(Cancel("stopped"))

    assert isinstance(shared.ending("stopped"), Cancelled)


def test_fault_in_a_method_ends_the_job_and_not_the_engine(shared, submit):
    submit(shared, "faulty", params={"fault": "error"})
    ending = shared.ending("faulty")
    submit(shared, "after")

    assert isinstance(ending, Failed)
    assert ending.error.code == "unexpected"
    assert "a fault of the method" in ending.error.title
    assert "Traceback" not in ending.error.title
    assert "fakes/method.py" in ending.error.detail.replace("\\", "/")
    assert isinstance(shared.ending("after"), Finished)


def test_request_that_cannot_be_read_fails_with_a_sentence(shared, tmp_path):
    (tmp_path / "bad.json").write_text('{"kind": "restore", "model": 5}')

    shared.send(Submit("bad", str(tmp_path / "bad.json")))

    ending = shared.ending("bad")
    assert isinstance(ending, Failed)
    assert ending.error.code == "invalid_input"


def test_commands_about_unknown_jobs_and_memory_change_nothing(shared, submit):
    for command in (Cancel("no"), Pause("no"), Resume("no"), ReleaseMemory()):
        shared.send(command)

    submit(shared, "still")

    assert isinstance(shared.ending("still"), Finished)


def test_engine_says_every_two_seconds_that_it_lives(shared):
    beat = shared.wait_for(lambda event: isinstance(event, Heartbeat), 4.0)

    assert beat.memory_bytes > 1e7


def test_no_message_of_all_these_jobs_is_larger_than_4_kib(shared):
    sizes = [len(pickle.dumps(event)) for event in shared.events]

    assert len(sizes) > 50
    assert max(sizes) <= 4096


def test_engine_leaves_when_told_to(place):
    talk = Talk(Lane.CPU)

    talk.send(Shutdown())
    talk.handle.process.join(3)

    assert talk.handle.process.exitcode == 0
    talk.end()


@pytest.mark.skipif(not hasattr(psutil.Process, "memory_maps"), reason="the system does not tell")
def test_cpu_lane_does_its_jobs_without_torch(place, tmp_path):
    folder, _ = place
    talk = Talk(Lane.CPU)
    image = FileToLookAt(str(folder / "in.ome.tif"), str(tmp_path / "small"))
    request = ThumbnailRequest((image,), str(tmp_path / "found"))
    write_request(tmp_path / "look.json", request)

    talk.send(Submit("look", str(tmp_path / "look.json")))
    ending = talk.ending("look")

    loaded = [entry.path for entry in psutil.Process(talk.handle.process.pid).memory_maps()]
    talk.end()
    assert isinstance(ending, Finished)
    assert (tmp_path / "small" / "scene-0.png").exists()
    assert any("numpy" in path for path in loaded)
    assert not any("torch" in path for path in loaded)


@pytest.mark.parametrize("phase", ["Restoring", "Writing"])
def test_killed_engine_is_seen_and_its_unfinished_folder_is_cleaned_later(engine, submit, phase):
    out = submit(engine, "lost", params={"slow_s": 0.02})
    engine.wait_for(lambda event: isinstance(event, Progress) and event.phase == phase)

    engine.handle.process.kill()
    engine.handle.process.join(5)

    assert engine.handle.process.exitcode not in (None, 0)
    partial = Path(f"{out}.partial")
    assert not out.exists()
    assert partial.exists()
    with create_run(out) as run:
        left = [*run.root.rglob("*.tif"), *run.root.rglob("mean")]
        run.discard()
    assert left == []
    assert not partial.exists()


def test_process_that_exits_in_the_middle_of_a_job_is_seen(engine, submit):
    submit(engine, "gone", params={"fault": "exit"})

    engine.handle.process.join(10)

    assert engine.handle.process.exitcode == 7


def test_engine_leaves_when_its_parent_is_gone(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, sys\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "from superlens.core.jobs import Lane\n"
        "from superlens.engine.entry import start_engine\n"
        "if __name__ == '__main__':\n"
        "    handle = start_engine(Lane.CPU)\n"
        "    handle.events.get(timeout=30)\n"
        "    print(handle.process.pid, flush=True)\n"
        "    os._exit(0)\n"
    )

    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=True
    )

    pid = int(done.stdout)
    until = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(pid)


def test_log_of_libraries_reaches_the_window(shared, submit):
    submit(shared, "refused", params={"nonsense": 1.0})
    shared.ending("refused")

    lines = [event for event in shared.events if isinstance(event, LogLine)]
    assert any("There is no parameter 'nonsense'" in line.text for line in lines)
