"""What a training will cost, from a few of its steps."""

import dataclasses

import numpy as np
import pytest
import tifffile

from fakes.trainer import trainer_known_here
from superlens.core.errors import JobCancelled, OutOfMemory
from superlens.core.jobs import (
    ComputePolicy,
    DeviceChoice,
    FurtherSet,
    PairFile,
    PhantomSource,
    Recipe,
)
from superlens.engine import training_trial
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.training_trial import Trial, TrialPhase, try_training

CPU = ComputePolicy(DeviceChoice.CPU, threads=1)
PHANTOM = PhantomSource(("nuclei",), 4, 3, {"field_px": 32, "window": 4, "validation_fields": 1})
RECIPE = Recipe(
    "sum-x2", "Sum", "trainer", 2, {"iterations": 5000, "step_s": 0.02}, seed=5, phantom=PHANTOM
)


@pytest.fixture(autouse=True)
def _trainer():
    with trainer_known_here():
        yield


def _try(recipe, folder=None, control=None):
    context = JobContext("job", lambda event: None, control)
    return try_training(recipe, folder, CPU, context)


def test_time_of_a_training_is_told_from_its_steps():
    trial = _try(RECIPE)

    (phase,) = trial.phases
    assert (phase.name, phase.steps) == ("iterations", 5000)
    # A step sleeps for 20 ms; the machine may be busy with other things as well.
    assert 0.02 <= phase.step_s < 0.2
    assert trial.total_s == pytest.approx(5000 * phase.step_s)
    assert trial.peak_bytes > 10 << 20
    assert trial.batch_s > 0
    assert trial.device
    assert trial.notes == ()


def test_slow_steps_end_the_trial_by_time(monkeypatch):
    monkeypatch.setattr(training_trial, "_BUDGET_S", 0.1)
    slow = dataclasses.replace(RECIPE, params={"iterations": 5000, "step_s": 0.1})

    trial = _try(slow)

    assert trial.phases[0].step_s >= 0.1


def test_phase_counts_its_validations():
    phase = TrialPhase("iterations", 1000, 0.5, 4.0, 10)

    assert phase.total_s == 540.0
    assert dataclasses.replace(phase, wait_s=0.1).total_s == pytest.approx(640.0)


def test_waiting_for_data_is_foretold_from_the_time_of_a_batch():
    fed, starved = (TrialPhase("iterations", 10, 0.5, 0.0, 0, wait_s) for wait_s in (0.0, 0.25))

    assert Trial((fed,), 0, 0.4, "CPU").data_wait_share == 0.0
    assert Trial((fed, starved), 0, 6.0, "CPU").data_wait_share == pytest.approx(1 / 3)


def test_further_sets_are_added_with_their_own_steps(tmp_path):
    pairs = []
    for number in range(2):
        high = np.random.default_rng(number).integers(0, 4000, (64, 64)).astype(np.uint16)
        tifffile.imwrite(tmp_path / f"h{number}.tif", high)
        tifffile.imwrite(tmp_path / f"l{number}.tif", high[::2, ::2])
        pairs.append(PairFile(f"l{number}.tif", f"h{number}.tif", field_id=str(number)))
    further = (
        FurtherSet("a-x2", "A", tuple(pairs)),
        FurtherSet("b-x2", "B", tuple(pairs), params={"iterations": 2500}),
    )
    recipe = dataclasses.replace(RECIPE, phantom=None, pairs=tuple(pairs), further=further)

    trial = _try(recipe, tmp_path)

    assert trial.further == 2
    assert trial.further_s == pytest.approx(1.5 * trial.phases[0].total_s)
    assert trial.total_s == pytest.approx(2.5 * trial.phases[0].total_s)


def test_both_phases_of_a_training_are_tried():
    params = {
        "blocks": 1, "features": 8, "growth": 4, "discriminator_features": 4, "batch": 2,
        "patch": 16, "iterations": 40, "gan_iterations": 60, "validate_every": 20,
    }  # fmt: skip
    recipe = dataclasses.replace(RECIPE, method="resrgan", params=params)

    trial = _try(recipe)

    assert [(phase.name, phase.steps) for phase in trial.phases] == [
        ("iterations", 40),
        ("gan_iterations", 60),
    ]
    assert [phase.validations for phase in trial.phases] == [2, 3]
    # A step against a discriminator does all that a step for fidelity does, and more.
    assert trial.phases[1].step_s > trial.phases[0].step_s > 0


def test_trial_can_be_cancelled():
    control = JobControl()
    control.cancel()

    with pytest.raises(JobCancelled):
        _try(RECIPE, control=control)


def test_training_that_does_not_fit_is_told_by_its_trial():
    hungry = dataclasses.replace(RECIPE, params={"memory_ends_at": 1})

    with pytest.raises(OutOfMemory, match="does not fit"):
        _try(hungry)
