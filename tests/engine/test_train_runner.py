"""From a recipe to a model folder."""

import dataclasses
import json

import numpy as np
import pytest
import tifffile
import torch

from fakes.training import FakeRun
from superlens.core.cards import ModelCard
from superlens.core.errors import InvalidInput, JobCancelled
from superlens.core.jobs import PairFile, PhantomSource, Recipe, TrainRequest
from superlens.core.messages import Metric
from superlens.core.method import Weights
from superlens.core.parameters import build
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.execute import execute
from superlens.engine.model_making import half_is_enough
from superlens.io.codec import read_json
from superlens.io.runs import read_run, request_of
from superlens.io.tables import read_table
from superlens.io.weights import load_card, load_weights
from superlens.methods.catalogue import load_method, method_spec
from superlens.methods.resrgan.generator import Generator
from superlens.prepare.training_data import open_training_data

TINY = {
    "blocks": 1,
    "features": 8,
    "growth": 4,
    "batch": 2,
    "patch": 16,
    "iterations": 6,
    "warmup": 0,
    "checkpoint_every": 3,
    "validate_every": 3,
}
PHANTOM = PhantomSource(
    ("nuclei", "puncta"), 4, 3, {"field_px": 32, "window": 4, "validation_fields": 1}
)
RECIPE = Recipe(
    "tiny-x2", "Tiny", "resrgan", 2, TINY, seed=5, phantom=PHANTOM, description="A test"
)


class _StopAfter:
    """Takes the events of a job and cancels it after a training step was reported as validated."""

    def __init__(self, step: int | None = None) -> None:
        self.control = JobControl()
        self.events = []
        self._step = step

    def __call__(self, event) -> None:
        self.events.append(event)
        if isinstance(event, Metric) and event.step == self._step:
            self.control.cancel()


def _train(out, recipe=RECIPE, *, stop_at=None, resume=False, data=None):
    listener = _StopAfter(stop_at)
    request = TrainRequest(recipe, str(out), None if data is None else str(data), resume)
    result = execute("job-1", request, JobContext("job-1", listener, listener.control))
    return result, listener.events


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("train") / "run"
    result, events = _train(out)
    return out, result, events


def test_run_folder_holds_model_curves_pictures_and_checkpoint(trained):
    out, result, _ = trained

    assert result.folder == str(out)
    for role in ("model", "weights", "recipe", "curves", "contact", "checkpoint", "log"):
        path = result.path_of(role)
        assert path is not None
        assert (out / path).is_file()
    assert not out.with_name("run.partial").exists()


def test_card_says_what_the_model_is(trained):
    out, _, _ = trained

    card = load_card(out / "model")

    assert (card.id, card.scale, card.method) == ("tiny-x2", 2, "resrgan")
    assert card.claim is method_spec("resrgan").claim
    assert card.architecture["features"] == 8
    assert card.trained_on.structures == ("nuclei", "puncta")
    assert card.trained_on.photons == (8.0, 3000.0)
    assert any("simulated images alone (nuclei, puncta)" in limit for limit in card.limits)
    assert card.description == "A test"
    assert "torch" in card.made_with


def test_saved_model_restores(trained):
    out, _, _ = trained
    folder = out / "model"
    method = load_method("resrgan")
    network = method.load(load_weights(folder, load_card(folder)), "cpu")

    low = np.random.default_rng(0).random((1, 9, 12), np.float32)
    answer = method.restore(network, low, None, FakeRun()).mean
    assert answer.shape == (1, 18, 24)
    assert np.isfinite(answer).all()


def test_curves_are_written_and_sent(trained):
    out, result, events = trained

    columns, rows = read_table(out / "curves.csv")

    assert columns == ("name", "step", "value")
    sent = [(event.name, str(event.step)) for event in events if isinstance(event, Metric)]
    assert [(name, step) for name, step, _ in rows] == sent
    assert ("validation_psnr_affine", "6") in sent
    headline = {number.name: number for number in result.numbers}
    last = {name: float(value) for name, _, value in rows}
    assert headline["validation_psnr_affine"].value == last["validation_psnr_affine"]
    assert headline["validation_psnr_affine"].unit == "dB"


def test_run_names_its_request_and_recipe(trained):
    out, result, _ = trained

    run = read_run(out)

    assert request_of(run) == TrainRequest(RECIPE, str(out))
    assert run.notes["model_id"] == "tiny-x2"
    assert run.notes["parameter_features"] == 8
    assert read_json(Recipe, out / str(result.path_of("recipe"))) == RECIPE


def test_same_recipe_gives_the_same_model(trained, tmp_path):
    out, _, _ = trained

    _train(tmp_path / "again")

    assert load_card(tmp_path / "again" / "model").sha256 == load_card(out / "model").sha256


def test_resumed_training_gives_the_same_model_and_curves(trained, tmp_path):
    out, _, _ = trained
    with pytest.raises(JobCancelled):
        _train(tmp_path / "run", stop_at=3)

    result, events = _train(tmp_path / "run", resume=True)

    steps = [event.step for event in events if isinstance(event, Metric)]
    assert min(steps) > 3
    assert load_card(tmp_path / "run" / "model").sha256 == load_card(out / "model").sha256
    # The loss is averaged since the last report, so its first value after the break differs.
    ours, theirs = (
        [row for row in read_table(folder / "curves.csv")[1] if row[0] != "train_l1"]
        for folder in (tmp_path / "run", out)
    )
    assert ours == theirs
    assert result.path_of("curves") == "curves.csv"


def test_memory_that_ends_makes_smaller_batches_and_the_log_says_so(trained, tmp_path, monkeypatch):
    honest = Generator.forward

    def forward(self, x):
        if len(x) > 1 and torch.is_grad_enabled():
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return honest(self, x)

    monkeypatch.setattr(Generator, "forward", forward)
    _train(tmp_path / "run")

    log = (tmp_path / "run" / "log.txt").read_text(encoding="utf-8")
    assert "does not hold a batch of 2 at once, so each step computes it in 2 parts" in log
    ours, theirs = (
        load_weights(out / "model", load_card(out / "model"))
        for out in (tmp_path / "run", trained[0])
    )
    for name, tensor in theirs.parts["generator"].items():
        # Sums in another order, and Adam divides small gradients by small numbers.
        assert np.allclose(ours.parts["generator"][name], tensor, atol=1e-2)


def test_cancelled_before_a_checkpoint_leaves_nothing(tmp_path):
    control = JobControl()
    control.cancel()

    with pytest.raises(JobCancelled):
        execute(
            "job-1",
            TrainRequest(RECIPE, str(tmp_path / "run")),
            JobContext("job-1", lambda event: None, control),
        )

    assert list(tmp_path.iterdir()) == []


def test_checkpoint_of_another_recipe_is_not_resumed(tmp_path):
    with pytest.raises(JobCancelled):
        _train(tmp_path / "run", stop_at=3)

    with pytest.raises(InvalidInput, match="another recipe"):
        _train(tmp_path / "run", dataclasses.replace(RECIPE, seed=6), resume=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scale": 3}, "x3"),
        ({"method": "resrgam"}, "resrgam"),
        ({"params": {"patch": 20, "colour": 1}}, "colour"),
        ({"model_id": "../escape"}, "escape"),
        ({"phantom": None}, "no training data"),
    ],
)
def test_recipe_that_cannot_work_is_refused_before_anything_is_written(tmp_path, change, message):
    with pytest.raises(InvalidInput, match=message):
        _train(tmp_path / "run", dataclasses.replace(RECIPE, **change))

    assert list(tmp_path.iterdir()) == []


def test_training_from_files_reads_them_relative_to_the_data_folder(tmp_path):
    rng = np.random.default_rng(0)
    pairs = []
    for number in range(3):
        high = np.kron(rng.random((16, 16)), np.ones((4, 4))) * 1000
        low = high.reshape(32, 2, 32, 2).mean((1, 3))
        for side, image in (("low", low), ("high", high)):
            tifffile.imwrite(tmp_path / f"{side}{number}.tif", image.astype(np.uint16))
        pairs.append(PairFile(f"low{number}.tif", f"high{number}.tif", field_id=str(number)))
    recipe = dataclasses.replace(RECIPE, phantom=None, pairs=tuple(pairs))

    _train(tmp_path / "run", recipe, data=tmp_path)

    card = read_json(ModelCard, tmp_path / "run" / "model" / "card.json")
    assert card.trained_on.note == (
        "2 pairs of images of 2 fields of view (validated on 1 pair of 1 field of view besides)"
    )
    assert any("trained on 2 pairs of images" in limit for limit in card.limits)
    saved = json.loads((tmp_path / "run" / "model" / "recipe.json").read_text())
    assert saved["pairs"][0]["low"] == "low0.tif"


def test_half_precision_is_refused_where_it_changes_the_answer():
    method, spec = load_method("resrgan"), method_spec("resrgan")
    data = open_training_data(RECIPE, None, 16)
    run = FakeRun()

    weights = method.train(data, build(spec.train_params, TINY), run)
    assert half_is_enough(spec, method, weights, data, run)

    # Numbers below the smallest of half precision vanish there.
    tiny = dict(weights.parts["generator"])
    tiny["conv_hr.weight"] = tiny["conv_hr.weight"] * np.float32(1e-9)
    tiny["conv_hr.bias"] = tiny["conv_hr.bias"] * np.float32(1e-9)
    tiny["conv_last.bias"] = np.zeros_like(tiny["conv_last.bias"])
    fragile = Weights({"generator": tiny}, weights.architecture)
    assert not half_is_enough(spec, method, fragile, data, run)
