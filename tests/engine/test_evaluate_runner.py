"""Judging a model on pairs."""

import json

import numpy as np
import pytest
import tifffile

from fakes.training import FakeRun
from superlens.core.errors import InvalidInput, JobCancelled
from superlens.core.jobs import EvaluateRequest, PairFile, PhantomSource, Recipe
from superlens.core.method import Weights
from superlens.core.records import ModelRef
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.execute import execute
from superlens.engine.model_making import model_card
from superlens.engine.runners.evaluate import fidelity_row
from superlens.io.runs import read_run
from superlens.io.tables import read_table
from superlens.io.weights import save_model
from superlens.methods.catalogue import load_method, method_spec
from superlens.prepare.training_data import TRAINING_NORMALISATION
from superlens.quality.baselines import bicubic
from superlens.quality.fidelity import psnr_affine

RECIPE = Recipe("tiny-x2", "Tiny", "resrgan", 2, {}, 0, PhantomSource(("nuclei",), 1, 0))
SIDE = 128


def _nearest_weights() -> Weights:
    """Weights of a network that repeats each pixel, twice in y and x."""
    shape = {"scale": 2, "channels": 1, "blocks": 1, "features": 8, "growth": 4}
    tensors = {}
    from superlens.methods.resrgan.generator import Architecture, Generator

    for name, value in Generator(Architecture(**shape)).state_dict().items():
        tensors[name] = np.zeros(tuple(value.shape), np.float32)
    # The unshuffled trunk cannot simply repeat pixels, so it passes the mean of each 2 x 2 block.
    tensors["conv_first.weight"][0, :, 1, 1] = 0.25
    for layer in ("conv_up1", "conv_up2", "conv_hr", "conv_last"):
        tensors[f"{layer}.weight"][0, 0, 1, 1] = 1.0
    return Weights({"generator": tensors}, shape)


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    weights = _nearest_weights()
    card = model_card(RECIPE, method_spec("resrgan"), TRAINING_NORMALISATION, weights)
    saved = save_model(tmp_path / "home" / "models" / "tiny-x2", card, weights, half=False)
    return ModelRef(saved.id, saved.sha256)


@pytest.fixture
def pairs(tmp_path):
    found = []
    for number in range(2):
        rng = np.random.default_rng(number)
        coarse = rng.random((SIDE // 16, SIDE // 16))
        high = bicubic(coarse, 16) * 2000 + 500
        low = high.reshape(SIDE // 2, 2, SIDE // 2, 2).mean((1, 3))
        low = low + rng.normal(0, 30, low.shape)
        for side, image in (("low", low), ("high", high)):
            path = tmp_path / "pairs" / side / f"{number}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(path, np.clip(image, 0, 65535).astype(np.uint16))
        folder = tmp_path / "pairs"
        found.append(
            PairFile(
                str(folder / "low" / f"{number}.tif"),
                str(folder / "high" / f"{number}.tif"),
                field_id=f"field {number}",
            )
        )
    return tuple(found)


def _evaluate(model, pairs, out, control=None):
    request = EvaluateRequest(model, pairs, str(out))
    return execute("job-1", request, JobContext("job-1", lambda event: None, control))


def test_rows_name_input_bicubic_and_model_with_their_means(model, pairs, tmp_path):
    result = _evaluate(model, pairs, tmp_path / "run")

    saved = json.loads((tmp_path / "run" / "rows.json").read_text())
    assert [row["method"] for row in saved["rows"]] == ["input", "bicubic", "tiny-x2"]
    assert {row["n"] for row in saved["rows"]} == {2}
    for row in saved["rows"]:
        ours = [pair for pair in saved["pairs"] if pair["method"] == row["method"]]
        for measure in ("psnr_affine", "ssim_affine", "nrmse", "pearson", "frc_cutoff"):
            assert row[measure] == pytest.approx(np.mean([pair[measure] for pair in ours]))
    assert result.path_of("rows") == "rows.csv"
    assert result.path_of("rows_json") == "rows.json"


def test_baselines_are_what_they_are_called(model, pairs, tmp_path):
    _evaluate(model, pairs, tmp_path / "run")

    low = tifffile.imread(pairs[0].low).astype(np.float32)
    high = tifffile.imread(pairs[0].high).astype(np.float32)
    saved = json.loads((tmp_path / "run" / "rows.json").read_text())["pairs"]
    values = {row["method"]: row["psnr_affine"] for row in saved if row["field"] == "field 0"}
    assert values["bicubic"] == pytest.approx(psnr_affine(bicubic(low, 2), high))
    assert values["input"] == pytest.approx(psnr_affine(np.kron(low, np.ones((2, 2))), high))
    # The model gives the means of 2 x 2 pixels; the engine then conserves the smooth local mean.
    blocks = low.reshape(SIDE // 4, 2, SIDE // 4, 2).mean((1, 3))
    expected = psnr_affine(np.kron(blocks, np.ones((4, 4))), high)
    assert values["tiny-x2"] == pytest.approx(expected, abs=0.3)


def test_table_holds_every_pair_and_the_means(model, pairs, tmp_path):
    _evaluate(model, pairs, tmp_path / "run")

    columns, rows = read_table(tmp_path / "run" / "rows.csv")

    assert columns == (
        "method",
        "field",
        "psnr_affine",
        "ssim_affine",
        "nrmse",
        "pearson",
        "frc_cutoff",
    )
    assert [row[1] for row in rows] == ["field 0"] * 3 + ["field 1"] * 3 + ["mean of 2"] * 3


def test_run_folder_is_complete(model, pairs, tmp_path):
    result = _evaluate(model, pairs, tmp_path / "run")

    run = read_run(tmp_path / "run")
    assert run.kind == "evaluate"
    assert run.notes["model_sha256"] == model.sha256
    assert (tmp_path / "run" / "log.txt").read_text()
    assert [number.unit for number in result.numbers] == ["dB"] * 3


def test_cancelled_evaluation_leaves_nothing(model, pairs, tmp_path):
    control = JobControl()
    control.cancel()

    with pytest.raises(JobCancelled):
        _evaluate(model, pairs, tmp_path / "run", control)

    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "run.partial").exists()


def test_no_pairs_are_refused(model, tmp_path):
    with pytest.raises(InvalidInput, match="no pairs"):
        _evaluate(model, (), tmp_path / "run")


def test_small_picture_has_no_frc():
    truth = np.random.default_rng(0).random((64, 64)).astype(np.float32)

    assert fidelity_row("m", "f", truth + 0.1, truth).frc_cutoff is None


def test_frc_of_a_blurred_picture_ends_where_the_blur_does():
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((256, 256)).astype(np.float32)
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None])
    kept = np.where(frequency < 0.2, np.fft.fft2(truth), 0)
    lost = rng.standard_normal((256, 256)) * 1e-3

    picture = (np.fft.ifft2(kept).real + lost).astype(np.float32)

    # Rings are smoothed over seven of 128.
    assert fidelity_row("m", "f", picture, truth).frc_cutoff == pytest.approx(0.2, abs=0.02)
    assert fidelity_row("m", "f", truth, truth).frc_cutoff == 0.5
    assert fidelity_row("m", "f", lost.astype(np.float32), truth).frc_cutoff == 0.0


def test_constructed_network_gives_block_means(model):
    # The fixture's model is what it claims, else the tests above judge something else.
    network = load_method("resrgan").load(_nearest_weights(), "cpu")
    low = np.random.default_rng(0).random((1, 4, 4), np.float32)

    answer = load_method("resrgan").restore(network, low, None, FakeRun()).mean

    blocks = low.reshape(1, 2, 2, 2, 2).mean((2, 4))
    assert np.allclose(answer, blocks.repeat(4, 1).repeat(4, 2), atol=1e-6)
