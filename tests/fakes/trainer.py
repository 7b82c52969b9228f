"""A method whose training is arithmetic: what the engine gives it and keeps of it shows.

Its one number starts at 0 or at the base's and grows by the mean of every batch's low pictures.
Every second step it says so, keeps a candidate, and forgets the one before the last.
"""

import contextlib
import time
from dataclasses import dataclass
from unittest import mock

import numpy as np

from fakes.method import FAKE, FakeMethod, FakeRestoreParams
from superlens.core.method import DataNeeded, MethodSpec, Task, Weights
from superlens.core.parameters import parameter


@dataclass(frozen=True, slots=True)
class TrainerParams:
    iterations: int = parameter(6, "Steps", "How many.", low=1, high=100_000)
    patch: int = parameter(16, "Patch", "Side.", low=4, high=512)
    batch: int = parameter(2, "Batch", "Patches per step.", low=1, high=64)
    checkpoint_every: int = parameter(2, "Checkpoints", "Steps between two.", low=1, high=1000)
    step_s: float = parameter(0.0, "Slow", "Time that a step takes.", low=0.0, high=10.0)
    memory_ends_at: int = parameter(-1, "Hungry", "Step at which memory ends.", low=-1, high=1000)


TRAINER = MethodSpec(
    id="trainer",
    title="Trainer",
    tasks=frozenset({Task.TRAIN, Task.RESTORE}),
    data_needed=DataNeeded.PAIRS,
    scales=(2,),
    channels=range(1, 2),
    train_params=TrainerParams,
    restore_params=FakeRestoreParams,
    tiling=FAKE.tiling,
    multiple=4,
    halo=4,
    claim=FAKE.claim,
    sampling=None,
    determinism=FAKE.determinism,
    source=FAKE.source,
    runtime="fakes.trainer:Trainer",
)


class Trainer(FakeMethod):
    def train(self, data, params, run):
        base, saved = run.base(), run.resume_state()
        total = np.zeros(1) if base is None else base.parts["sum"]["total"].copy()
        done = 0
        if saved is not None:
            total, done = saved["total"], saved["step"]
        run.note(f"Began at {total[0]:.3f}")
        for step in range(done, params.iterations):
            run.check()
            total = total + data.batch(step, params.batch).low.mean(dtype=np.float64)
            _misbehave(step, params)
            self._tell(step + 1, total, params, run)
        return _weights(total)

    def _tell(self, step, total, params, run):
        run.metric("total", step, float(total[0]))
        if step % 2 == 0:
            run.keep(f"step-{step}", _weights(total), {"total": float(total[0])})
            run.keep(f"step-{step - 4}", Weights({}), {})
        if step % params.checkpoint_every == 0:
            run.checkpoint("latest", {"step": step, "total": total})


@contextlib.contextmanager
def trainer_known_here():
    """Make the method known in this process."""
    from superlens.methods import catalogue

    with mock.patch.object(catalogue, "METHODS", (*catalogue.METHODS, TRAINER)):
        yield


def _weights(total):
    return Weights({"sum": {"total": total}}, {"scale": 2})


def _misbehave(step, params):
    if step == params.memory_ends_at:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
    if params.step_s:
        time.sleep(params.step_s)
