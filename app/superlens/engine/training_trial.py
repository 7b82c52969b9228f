"""A few steps of a training, to say beforehand how long it will take and how much memory."""

import dataclasses
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Any

import psutil

from superlens.core.jobs import ComputePolicy, Recipe
from superlens.core.method import Batch, TrainingData, Weights
from superlens.core.parameters import plain_values
from superlens.engine.base_model import BaseModel, installed_base
from superlens.engine.context import JobContext, QuietRun
from superlens.engine.device import ChosenDevice
from superlens.engine.prefetch import most_workers
from superlens.engine.training import TrainingPlan, training_memory, understood
from superlens.prepare.training_data import open_material

_PHASE = "iterations"
"""How the names of parameters end that say how many steps a phase has."""
_VALIDATION = "validate_every"
_STEPS, _LEAST_STEPS, _BUDGET_S = 8, 4, 30.0
"""Of each phase: fewer where they take longer. The first, which loads and compiles, is left out."""
_VALIDATED_STEP = 3
_SAMPLING_S = 0.02
_BATCHES = 3
"""Made beforehand, so that the time of making them is known apart from that of the steps."""
_MEMORY_WORD = "memory"


@dataclass(frozen=True, slots=True)
class TrialPhase:
    """One phase of a training, as it was tried."""

    name: str
    """The parameter that holds its number of steps."""
    steps: int
    """Of the whole phase."""
    step_s: float
    """Median time of a step, the making of its batch left out."""
    validation_s: float
    """What a validation adds to a step."""
    validations: int
    wait_s: float = 0.0
    """What a step waits for its batch, if the makers of batches have cores to themselves."""

    @property
    def total_s(self) -> float:
        """How long the whole phase will take at most; it may end early."""
        step_s = self.step_s + self.wait_s
        return self.steps * step_s + self.validations * self.validation_s


@dataclass(frozen=True, slots=True)
class Trial:
    """What a training will cost."""

    phases: tuple[TrialPhase, ...]
    peak_bytes: int
    """Most memory taken: of the graphics processor, or of this process on a CPU."""
    batch_s: float
    """Time to make a batch."""
    device: str
    notes: tuple[str, ...] = ()
    """What the method said of memory, such as that it cuts its batch in two."""
    further: int = 0
    """Further sets of the recipe."""
    further_s: float = 0.0
    """What they will take, by the time of a step of the main model."""

    @property
    def data_wait_share(self) -> float:
        """Part of a step that is spent waiting for data, in the phase that waits most: 0..1."""
        return max((p.wait_s / (p.wait_s + p.step_s) for p in self.phases), default=0.0)

    @property
    def total_s(self) -> float:
        """How long the whole training will take at most."""
        return sum(phase.total_s for phase in self.phases) + self.further_s


def try_training(
    recipe: Recipe, data_folder: Path | None, compute: ComputePolicy, context: JobContext
) -> Trial:
    """Train a few steps of every phase, less than a minute each if possible, and keep nothing.

    Args:
        recipe: what to try.
        data_folder: what the names of its files are relative to.
        compute: where and how.
        context: the surroundings; its cancel stops the trial.

    Raises:
        InvalidInput: the recipe or its data do not work.
        OutOfMemory: not even a step fits on the device.
        JobCancelled: the user asked to stop.
    """
    plan, base = understood(recipe), installed_base(recipe)
    device = context.device(compute)
    material = open_material(recipe, data_folder, plan.params.patch)
    run = _TrialRun(context, device.id, recipe.seed, base)
    with _peak_memory(device) as peak:
        data = _Watched(material.data, plan.params.batch)
        tried = [_tried(plan, name, data, run, device) for name in _phases(plan.params)]
    further = [_further_s(tried, changed.params) for changed in recipe.further]
    return Trial(
        tuple(tried),
        peak[0],
        data.batch_s,
        device.text,
        tuple(dict.fromkeys(run.notes)),
        len(further),
        sum(further),
    )


class _Enough(Exception):  # noqa: N818 - not a failure: it ends a trial
    """The trial has seen enough steps."""


class _TrialRun(QuietRun):
    """The `Run` of a trial: nothing is told or kept but notes."""

    def __init__(self, context: JobContext, device: str, seed: int, base: BaseModel | None) -> None:
        super().__init__(context, device, seed)
        self.notes: list[str] = []
        self._base = base

    def note(self, text: str) -> None:
        """Remember what the method says of memory: all else is about a training so short."""
        if _MEMORY_WORD in text.lower():
            self.notes.append(text)

    def base(self) -> Weights | None:
        """Give the weights that the recipe starts from."""
        return None if self._base is None else self._base.weights()


class _Watched:
    """A few batches, over and over, that note when each step began.

    They end a phase whose steps take long.
    """

    def __init__(self, data: TrainingData, size: int) -> None:
        self.scale = data.scale
        self.begun_s: list[float] = []
        self._data = data
        self._size = size
        data.batch(0, size)  # opens what there is to be opened
        began_s = time.perf_counter()
        self._made = [data.batch(step, size) for step in range(1, 1 + _BATCHES)]
        self.batch_s = (time.perf_counter() - began_s) / _BATCHES

    def batch(self, step: int, size: int) -> Batch:
        """Give the batch of a step."""
        now = time.perf_counter()
        if step == 0:
            # A method may look at some batches before it trains: the last row of steps counts.
            self.begun_s.clear()
        if step == len(self.begun_s):
            self.begun_s.append(now)
        if len(self.begun_s) > _LEAST_STEPS and now - self.begun_s[0] > _BUDGET_S:
            raise _Enough
        return self._made[step % _BATCHES] if size == self._size else self._data.batch(step, size)

    def validation(self) -> tuple[Batch, ...]:
        """Give the fixed validation pairs."""
        return self._data.validation()

    @property
    def steps_s(self) -> list[float]:
        """How long each whole step took, the first left out."""
        return [end - begin for begin, end in pairwise(self.begun_s[1:])]


def _phases(params: Any) -> list[str]:
    values = plain_values(params)
    return [name for name in values if name.endswith(_PHASE) and getattr(params, name) > 0]


def _tried(
    plan: TrainingPlan, name: str, data: _Watched, run: _TrialRun, device: ChosenDevice
) -> TrialPhase:
    others = {other: 0 for other in _phases(plan.params) if other != name}
    every = getattr(plan.params, _VALIDATION, 0)
    validated = {_VALIDATION: _VALIDATED_STEP} if every else {}
    params = dataclasses.replace(plan.params, **others, **validated, **{name: _STEPS})
    try:
        with training_memory(plan, device):
            plan.method.train(data, params, run)
    except _Enough:
        pass
    steps = getattr(plan.params, name)
    taken = data.steps_s
    plain = [s for n, s in enumerate(taken, start=2) if not every or n % _VALIDATED_STEP]
    judged = [s for n, s in enumerate(taken, start=2) if every and n % _VALIDATED_STEP == 0]
    step_s = median(plain)
    extra = max(0.0, median(judged) - step_s) if judged else 0.0
    validations = steps // every if every else 0
    # A thread makes batches while it keeps up, processes where it does not.
    wait_s = 0.0 if data.batch_s <= step_s else max(0.0, data.batch_s / most_workers() - step_s)
    return TrialPhase(name, steps, step_s, extra, validations, wait_s)


def _further_s(tried: list[TrialPhase], changed: dict[str, Any]) -> float:
    return sum(
        dataclasses.replace(phase, steps=int(changed.get(phase.name, phase.steps))).total_s
        for phase in tried
    )


@contextmanager
def _peak_memory(device: ChosenDevice) -> Generator[list[int]]:
    """Measure the most memory that is taken while the block runs; the list holds it at its end."""
    found = [0]
    if device.id == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
        yield found
        found[0] = int(torch.cuda.max_memory_reserved())
        return
    process, ended = psutil.Process(), Event()

    def sample() -> None:
        while not ended.wait(_SAMPLING_S):
            found[0] = max(found[0], process.memory_info().rss)

    thread = Thread(target=sample, name="memory-watch", daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
        found[0] = max(found[0], process.memory_info().rss)
