"""What a training method says and keeps: base, notes, candidates, curves."""

import dataclasses

import numpy as np
import pytest

from fakes.trainer import trainer_known_here
from superlens.core.errors import (
    CorruptModel,
    InvalidInput,
    InvalidParameter,
    JobCancelled,
    MissingFile,
)
from superlens.core.jobs import PhantomSource, Recipe, TrainRequest
from superlens.core.messages import Metric
from superlens.core.method import Weights
from superlens.core.records import ModelRef
from superlens.engine.base_model import trained_base
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.execute import execute
from superlens.engine.model_making import model_card
from superlens.io.candidates import read_candidates
from superlens.io.locations import user_models_dir
from superlens.io.weights import load_card, load_weights, save_model
from superlens.methods.catalogue import method_spec
from superlens.prepare.training_data import TRAINING_NORMALISATION

PHANTOM = PhantomSource(("nuclei",), 4, 3, {"field_px": 32, "window": 4, "validation_fields": 1})
RECIPE = Recipe("sum-x2", "Sum", "trainer", 2, {"iterations": 6}, seed=5, phantom=PHANTOM)


@pytest.fixture(autouse=True)
def _trainer():
    with trainer_known_here():
        yield


@pytest.fixture
def installed(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    weights = Weights({"sum": {"total": np.array([100.0])}}, {"scale": 2})
    named = dataclasses.replace(RECIPE, model_id="hundred-x2")
    card = model_card(named, method_spec("trainer"), TRAINING_NORMALISATION, weights)
    return save_model(user_models_dir() / "hundred-x2", card, weights, half=False)


def _train(out, recipe=RECIPE, *, resume=False, stop_at=None):
    control, events = JobControl(), []

    def listen(event):
        events.append(event)
        if isinstance(event, Metric) and event.step == stop_at:
            control.cancel()

    request = TrainRequest(recipe, str(out), resume=resume)
    return execute("job-1", request, JobContext("job-1", listen, control)), events


def _total(folder):
    return float(load_weights(folder, load_card(folder)).parts["sum"]["total"][0])


def test_training_starts_from_the_base_of_its_recipe(tmp_path, installed):
    _train(tmp_path / "fresh")
    _train(tmp_path / "tuned", dataclasses.replace(RECIPE, base=installed.ref))

    fresh, tuned = _total(tmp_path / "fresh" / "model"), _total(tmp_path / "tuned" / "model")
    assert tuned == pytest.approx(fresh + 100)


def test_base_with_another_hash_is_refused_before_anything_is_written(tmp_path, installed):
    wrong = dataclasses.replace(RECIPE, base=ModelRef(installed.id, "0" * 64))

    with pytest.raises(InvalidInput, match="its hash"):
        _train(tmp_path / "run", wrong)

    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "run.partial").exists()


def test_base_that_is_not_installed_is_named_with_the_nearest(tmp_path, installed):
    near = dataclasses.replace(RECIPE, base=ModelRef("hundred-x4", "0" * 64))

    with pytest.raises(InvalidParameter) as caught:
        _train(tmp_path / "run", near)

    assert "hundred-x2" in caught.value.advice


def test_base_of_another_method_is_refused(tmp_path, installed):
    other = dataclasses.replace(RECIPE, method="resrgan", params={}, base=installed.ref)

    with pytest.raises(InvalidParameter, match="cannot start from hundred-x2"):
        _train(tmp_path / "run", other)


def test_damaged_base_is_refused(tmp_path, installed):
    shard = user_models_dir() / installed.id / installed.weights[0].name
    shard.write_bytes(shard.read_bytes()[:-1] + b"\x01")

    with pytest.raises(CorruptModel, match="changed or damaged"):
        _train(tmp_path / "run", dataclasses.replace(RECIPE, base=installed.ref))


def test_model_of_a_finished_run_can_be_a_base(tmp_path):
    _train(tmp_path / "run")

    base = trained_base(tmp_path / "run" / "model", RECIPE)

    assert base.weights().parts["sum"]["total"][0] == _total(tmp_path / "run" / "model")
    with pytest.raises(MissingFile):
        trained_base(tmp_path / "run", RECIPE)


def test_candidates_can_be_chosen_and_installed_like_models(tmp_path):
    result, _ = _train(tmp_path / "run")

    kept = read_candidates(tmp_path / "run")
    assert [one.name for one in kept] == ["step-4", "step-6"]
    card = load_card(tmp_path / "run" / "candidates" / "step-4")
    assert card.id == "sum-x2.step-4"
    assert card.judgements[0].value == kept[0].scores["total"]
    assert _total(tmp_path / "run" / "candidates" / "step-6") == _total(tmp_path / "run" / "model")
    paths = [file.path for file in result.files if file.role == "candidate"]
    assert paths == ["candidates/step-4/card.json", "candidates/step-6/card.json"]
    assert result.path_of("candidates") == "candidates.json"


def test_resumed_training_has_the_same_candidates(tmp_path):
    _train(tmp_path / "whole")
    with pytest.raises(JobCancelled):
        _train(tmp_path / "run", stop_at=5)

    result, _ = _train(tmp_path / "run", resume=True)

    assert read_candidates(tmp_path / "run") == read_candidates(tmp_path / "whole")
    for name in ("step-4", "step-6"):
        ours, theirs = (tmp_path / run / "candidates" / name for run in ("run", "whole"))
        assert load_card(ours).sha256 == load_card(theirs).sha256
    assert len([file for file in result.files if file.role == "candidate"]) == 2


def test_notes_of_a_method_are_in_the_log_of_the_run(tmp_path):
    _train(tmp_path / "run")

    assert "Began at 0.000" in (tmp_path / "run" / "log.txt").read_text(encoding="utf-8")
