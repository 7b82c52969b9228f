"""What a runner gets: events out, cancel and pause in, a device when it asks for one.

Torch-free: the device is chosen lazily. A runner makes the
`Run` that a method sees from its context.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from superlens.core.jobs import ComputePolicy
from superlens.core.messages import (
    Accepted,
    Event,
    LogLevel,
    LogLine,
    Metric,
    Preview,
    Progress,
)
from superlens.core.method import Array, Weights
from superlens.engine.control import JobControl
from superlens.engine.device import (
    ChosenDevice,
    apply_threads,
    choose_device,
    make_repeatable,
)
from superlens.engine.networks import NetworkCache
from superlens.io.feature_library import find_feature_network

_LOGGER_NAME = "superlens.job"
_PROGRESS_INTERVAL_S = 0.05

Emit = Callable[[Event], None]
"""Takes every event of a job: the queue to the window, or a progress bar."""


class PreviewSink(Protocol):
    """Where pictures of running work go."""

    def write(self, image: NDArray[np.floating[Any]]) -> tuple[int, tuple[int, int], int]:
        """Store a picture; give its slot, its stored shape and its generation."""
        ...


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """How a runner keeps the states that training resumes from."""

    save: Callable[[str, dict[str, Any]], None]
    load: Callable[[], dict[str, Any] | None]


class JobContext:
    """The surroundings of one job.

    A runner calls `accept` once with its plan, `check` at least every half second, `progress` as it
    goes, and `warn` for whatever the user should know; it puts `warnings` into its result.
    """

    def __init__(
        self,
        job_id: str,
        emit: Emit,
        control: JobControl | None = None,
        previews: PreviewSink | None = None,
        networks: NetworkCache | None = None,
    ) -> None:
        """Make the surroundings of a job.

        Args:
            job_id: id of the job, put into every event.
            emit: takes the events.
            control: the switch of the job; None for a job that nobody can stop.
            previews: where pictures go; None drops them.
            networks: networks that stay loaded between jobs.
        """
        self.job_id = job_id
        self.control = control or JobControl()
        self.networks = networks or NetworkCache()
        self._emit = emit
        self._previews = previews
        self._warnings: list[str] = []
        self._lines: list[str] = []
        self._keep_line: Callable[[str], None] | None = None
        self._is_accepted = False
        self._device: tuple[ComputePolicy, ChosenDevice] | None = None
        self._rate = _Rate(self.control)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Everything warned of so far, each sentence once, in order."""
        return tuple(self._warnings)

    @property
    def is_accepted(self) -> bool:
        """Whether the job has said that it was understood."""
        return self._is_accepted

    def accept(self, plan: str) -> None:
        """Say that the job was understood and what it will do; only the first call counts."""
        if self._is_accepted:
            return
        self._is_accepted = True
        self._emit(Accepted(self.job_id, plan))
        if plan:
            self._keep(plan)

    def emit(self, event: Event) -> None:
        """Send any other event."""
        self._emit(event)

    def check(self) -> None:
        """Wait while the job is paused.

        Raises:
            JobCancelled: the user asked to stop.
        """
        self.control.check()

    def progress(self, phase: str, done: int, total: int) -> None:
        """Say how far the work is; calls that come too fast are dropped, the last one never is."""
        seconds_left = self._rate.update(phase, done, total)
        if self._rate.is_due(done, total):
            self._emit(Progress(self.job_id, phase, done, total, seconds_left))

    def metric(self, name: str, step: int, value: float) -> None:
        """Report one number of a curve."""
        self._emit(Metric(self.job_id, name, step, float(value)))

    def preview(self, name: str, image: NDArray[np.floating[Any]]) -> None:
        """Show a picture of the work so far: (Y, X), any range; it is reduced to 512 px a side."""
        if self._previews is None:
            return
        slot, shape, generation = self._previews.write(image)
        self._emit(Preview(self.job_id, name, slot, shape, generation))

    def log(self, text: str) -> None:
        """Write a line to the log of the job."""
        self._emit(LogLine(LogLevel.INFO, _LOGGER_NAME, text, self.job_id))
        self._keep(text)

    def warn(self, text: str) -> None:
        """Tell the user something that the result will carry; the same sentence only once."""
        if text in self._warnings:
            return
        self._warnings.append(text)
        self._emit(LogLine(LogLevel.WARNING, _LOGGER_NAME, text, self.job_id))
        self._keep(f"Warning: {text}")

    def keep_log(self, write: Callable[[str], None]) -> None:
        """Write all lines, past and future, to a file as well: `write` takes one line each."""
        self._keep_line = write
        for line in self._lines:
            write(line)

    def device(self, policy: ComputePolicy) -> ChosenDevice:
        """Choose the device of the job and set its thread count; imports torch.

        A device that was asked for but cannot be used becomes the CPU, with a warning.
        """
        if self._device is None or self._device[0] != policy:
            chosen = choose_device(policy.device)
            make_repeatable()
            apply_threads(policy.threads)
            if chosen.reason and policy.device.value not in ("auto", chosen.id):
                self.warn(f"Computed on {chosen.text}")
            self._device = (policy, chosen)
        return self._device[1]

    def method_run(
        self, device: str, seed: int, checkpoints: Checkpoints | None = None
    ) -> "MethodRun":
        """Give the `Run` of a method that trains: its progress and pictures become events."""
        return MethodRun(self, device, seed, checkpoints)

    def quiet_run(self, device: str, seed: int) -> "QuietRun":
        """Give the `Run` of a method that restores one tile of many: only `check` is passed on."""
        return QuietRun(self, device, seed)

    def _keep(self, line: str) -> None:
        self._lines.append(line)
        if self._keep_line is not None:
            self._keep_line(line)


class MethodRun:
    """`core.method.Run` for training: what is said goes to the job, nothing is kept but states."""

    def __init__(
        self, context: JobContext, device: str, seed: int, checkpoints: Checkpoints | None
    ) -> None:
        self._context = context
        self._checkpoints = checkpoints
        self.device = device
        self.seed = seed

    def check(self) -> None:
        self._context.check()

    def progress(self, phase: str, done: int, total: int) -> None:
        self._context.progress(phase, done, total)

    def metric(self, name: str, step: int, value: float) -> None:
        self._context.metric(name, step, value)

    def preview(self, name: str, image: Array) -> None:
        self._context.preview(name, image)

    def checkpoint(self, name: str, state: dict[str, Any]) -> None:
        if self._checkpoints is not None:
            self._checkpoints.save(name, state)

    def resume_state(self) -> dict[str, Any] | None:
        return None if self._checkpoints is None else self._checkpoints.load()

    def note(self, text: str) -> None:
        self._context.log(text)

    def base(self) -> Weights | None:
        return None

    def feature_weights(self, network: str) -> Weights | None:
        return find_feature_network(network)

    def keep(self, name: str, weights: Weights, scores: dict[str, float]) -> None:
        """Keep nothing: there is no folder."""


class QuietRun(MethodRun):
    """`core.method.Run` for one tile of many: the engine counts tiles, the method is not heard."""

    def __init__(self, context: JobContext, device: str, seed: int) -> None:
        super().__init__(context, device, seed, None)

    def progress(self, phase: str, done: int, total: int) -> None:
        """Pass nothing on."""

    def metric(self, name: str, step: int, value: float) -> None:
        """Pass nothing on."""

    def preview(self, name: str, image: Array) -> None:
        """Pass nothing on."""

    def note(self, text: str) -> None:
        """Pass nothing on: it would be said for every tile."""


class _Rate:
    """Time left of the current phase from its mean rate, pauses left out."""

    def __init__(self, control: JobControl) -> None:
        self._control = control
        self._phase = ""
        self._started_s = 0.0
        self._first_done = 0
        self._emitted_s = 0.0

    def update(self, phase: str, done: int, total: int) -> float | None:
        """Note a step; give the seconds left, or None while unknown."""
        now = time.monotonic() - self._control.paused_s
        if phase != self._phase:
            self._phase, self._started_s, self._first_done, self._emitted_s = phase, now, done, 0.0
        finished = done - self._first_done
        if finished <= 0 or total <= 0:
            return None
        return (now - self._started_s) / finished * max(0, total - done)

    def is_due(self, done: int, total: int) -> bool:
        """Whether enough time has passed since the last event, or the phase begins or ends."""
        now = time.monotonic()
        if now - self._emitted_s < _PROGRESS_INTERVAL_S and done != total:
            return False
        self._emitted_s = now
        return True
