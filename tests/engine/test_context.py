import threading
import time

import numpy as np
import pytest

from superlens.core.errors import JobCancelled
from superlens.core.jobs import ComputePolicy, DeviceChoice
from superlens.core.messages import Accepted, LogLevel, LogLine, Metric, Preview, Progress
from superlens.engine.context import Checkpoints, JobContext
from superlens.engine.control import JobControl


@pytest.fixture
def events():
    return []


@pytest.fixture
def context(events):
    return JobContext("job", events.append)


def test_job_is_accepted_once(context, events):
    context.accept("first plan")
    context.accept("second plan")

    assert events == [Accepted("job", "first plan")]
    assert context.is_accepted


def test_check_passes_until_the_job_is_cancelled(context):
    context.check()

    context.control.cancel()

    with pytest.raises(JobCancelled):
        context.check()


def test_check_waits_while_the_job_is_paused():
    control = JobControl()
    control.pause()
    threading.Timer(0.1, control.resume).start()

    started = time.monotonic()
    control.check()

    assert time.monotonic() - started >= 0.09
    assert control.paused_s >= 0.09


def test_cancelled_job_cannot_be_paused():
    control = JobControl()
    control.cancel()

    control.pause()

    with pytest.raises(JobCancelled):
        control.check()


def test_progress_tells_the_time_left_from_the_mean_rate(context, events, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("superlens.engine.context.time.monotonic", lambda: now[0])

    for done in range(5):
        context.progress("Working", done, 10)
        now[0] += 2.0

    assert [event.seconds_left for event in events] == [None, 18.0, 16.0, 14.0, 12.0]


def test_fast_progress_is_thinned_but_the_end_is_told(context, events):
    for done in range(1001):
        context.progress("Working", done, 1000)

    assert len(events) < 100
    assert events[-1] == Progress("job", "Working", 1000, 1000, 0.0)


def test_warnings_are_told_once_and_kept_for_the_result(context, events):
    context.warn("Careful")
    context.warn("Careful")

    assert context.warnings == ("Careful",)
    assert events == [LogLine(LogLevel.WARNING, "superlens.job", "Careful", "job")]


def test_log_file_gets_earlier_and_later_lines(context):
    lines = []
    context.log("before")

    context.keep_log(lines.append)
    context.warn("after")

    assert lines == ["before", "Warning: after"]


def test_run_of_a_training_method_is_heard(context, events):
    kept = {}
    run = context.method_run("cpu", 3, Checkpoints(kept.__setitem__, lambda: {"step": 7}))

    run.check()
    run.metric("loss", 5, 0.25)
    run.progress("Training", 1, 2)
    run.preview("picture", np.zeros((2, 2), np.float32))
    run.checkpoint("latest", {"step": 8})

    assert (run.device, run.seed) == ("cpu", 3)
    assert events[0] == Metric("job", "loss", 5, 0.25)
    assert isinstance(events[1], Progress)
    assert len(events) == 2  # without a ring, pictures go nowhere
    assert kept == {"latest": {"step": 8}}
    assert run.resume_state() == {"step": 7}


def test_run_without_checkpoints_starts_afresh(context):
    run = context.method_run("cpu", 0)

    run.checkpoint("latest", {})

    assert run.resume_state() is None


def test_run_of_a_tile_is_not_heard_but_can_be_stopped(context, events):
    run = context.quiet_run("cpu", 0)

    run.metric("loss", 5, 0.25)
    run.progress("Sampling", 1, 2)
    run.preview("picture", np.zeros((2, 2), np.float32))
    context.control.cancel()

    assert events == []
    with pytest.raises(JobCancelled):
        run.check()


def test_preview_goes_through_the_ring(events):
    class Ring:
        def write(self, image):
            return 2, (4, 5), 9

    context = JobContext("job", events.append, previews=Ring())

    context.preview("mean", np.zeros((4, 5)))

    assert events == [Preview("job", "mean", 2, (4, 5), 9)]


def test_device_is_chosen_once_and_missing_ones_are_told(context):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has the device whose absence is tested")
    chosen = context.device(ComputePolicy(DeviceChoice.CUDA, threads=1))

    assert chosen.id == "cpu"
    assert "cuda was asked for, but" in chosen.text
    assert context.warnings == (f"Computed on {chosen.text}",)
    assert context.device(ComputePolicy(DeviceChoice.CUDA, threads=1)) is chosen
    assert torch.get_num_threads() == 1
