"""Judging a model on pairs."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image

from fakes.method import install_fake_model, known_here
from fakes.training import FakeRun
from superlens.core.errors import InvalidInput, JobCancelled
from superlens.core.evaluation import Evaluation
from superlens.core.jobs import EvaluateRequest, PairFile, PhantomSource, Recipe
from superlens.core.method import Weights
from superlens.core.records import ModelRef
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.evaluation_table import SUMMARY_COLUMNS
from superlens.engine.execute import execute
from superlens.engine.model_making import model_card
from superlens.io.codec import read_json
from superlens.io.feature_library import NATURAL_NIQE, FeatureCard, save_features
from superlens.io.locations import user_features_dir
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


def _install(tmp_path, model_id):
    weights = _nearest_weights()
    recipe = replace(RECIPE, model_id=model_id)
    card = model_card(recipe, method_spec("resrgan"), TRAINING_NORMALISATION, weights)
    saved = save_model(tmp_path / "home" / "models" / model_id, card, weights, half=False)
    return ModelRef(saved.id, saved.sha256)


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    return _install(tmp_path, "tiny-x2")


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

    found = read_json(Evaluation, tmp_path / "run" / "rows.json")
    assert [row.method for row in found.rows] == ["input", "bicubic", "tiny-x2"]
    for row in found.rows:
        assert (row.n, row.fields) == (2, 2)
        ours = [picture for picture in found.pictures if picture.method == row.method]
        for measure in ("psnr_affine", "ssim_care", "nrmse", "pearson", "frc_cutoff", "rsp"):
            values = [picture.measures[measure] for picture in ours]
            assert row.measures[measure].value == pytest.approx(np.mean(values))
            assert row.measures[measure].lo <= row.measures[measure].value
            assert row.measures[measure].hi >= row.measures[measure].value
    assert result.path_of("rows") == "rows.csv"
    assert result.path_of("rows_json") == "rows.json"
    assert result.path_of("summary") == "summary.csv"


def test_every_measure_is_named_and_every_model_compared_with_bicubic(model, pairs, tmp_path):
    _evaluate(model, pairs, tmp_path / "run")

    found = read_json(Evaluation, tmp_path / "run" / "rows.json")
    ids = [measure.id for measure in found.measures]
    assert ids[:9] == [
        f"{name}_{mode}"
        for mode in ("raw", "affine", "care")
        for name in ("psnr", "ssim", "ms_ssim")
    ]
    assert set(found.rows[2].measures) <= set(ids)
    assert {one.method for one in found.differences} == {"tiny-x2"}
    gain = next(one for one in found.differences if one.measure == "psnr_affine")
    means = {row.method: row.measures["psnr_affine"].value for row in found.rows}
    assert gain.estimate.value == pytest.approx(means["tiny-x2"] - means["bicubic"])
    # Pictures of 128 pixels have three scales, and the name says so.
    assert found.measure("ms_ssim_affine").title == "MS-SSIM(3) (affine)"
    assert found.settings["MS-SSIM"] == "three scales: all pictures are under 176 px"
    assert found.libraries["numpy"] == np.__version__


def test_pictures_of_one_field_are_one_witness(model, pairs, tmp_path):
    together = tuple(replace(pair, field_id="one") for pair in pairs)

    _evaluate(model, together, tmp_path / "run")

    row = read_json(Evaluation, tmp_path / "run" / "rows.json").rows[0]
    assert (row.n, row.fields) == (2, 1)
    assert row.measures["psnr_affine"].lo is None


def test_baselines_are_what_they_are_called(model, pairs, tmp_path):
    _evaluate(model, pairs, tmp_path / "run")

    low = tifffile.imread(pairs[0].low).astype(np.float32)
    high = tifffile.imread(pairs[0].high).astype(np.float32)
    pictures = read_json(Evaluation, tmp_path / "run" / "rows.json").pictures
    values = {row.method: row.measures["psnr_affine"] for row in pictures if row.field == "field 0"}
    assert values["bicubic"] == pytest.approx(psnr_affine(bicubic(low, 2), high))
    assert values["input"] == pytest.approx(psnr_affine(np.kron(low, np.ones((2, 2))), high))
    # The model gives the means of 2 x 2 pixels; the engine then conserves the smooth local mean.
    blocks = low.reshape(SIDE // 4, 2, SIDE // 4, 2).mean((1, 3))
    expected = psnr_affine(np.kron(blocks, np.ones((4, 4))), high)
    assert values["tiny-x2"] == pytest.approx(expected, abs=0.3)


def test_tables_hold_every_picture_and_every_estimate(model, pairs, tmp_path):
    _evaluate(model, pairs, tmp_path / "run")

    columns, rows = read_table(tmp_path / "run" / "rows.csv")
    assert columns[:4] == ("method", "field", "picture", "psnr_raw")
    assert [row[1] for row in rows] == ["field 0"] * 3 + ["field 1"] * 3
    assert {row[2] for row in rows} == {"0.tif", "1.tif"}
    columns, rows = read_table(tmp_path / "run" / "summary.csv")
    assert columns == SUMMARY_COLUMNS
    psnr = {row[0]: row for row in rows if row[1] == "psnr_affine"}
    over = float(psnr["tiny-x2"][columns.index("over_bicubic")])
    assert over == pytest.approx(float(psnr["tiny-x2"][4]) - float(psnr["bicubic"][4]))
    assert psnr["bicubic"][columns.index("over_bicubic")] == ""


def test_figure_lies_beside_the_tables(model, pairs, tmp_path):
    result = _evaluate(model, pairs, tmp_path / "run")

    svg = (tmp_path / "run" / result.path_of("figure_svg")).read_text()
    assert svg.startswith("<svg")
    assert "tiny-x2" in svg
    with Image.open(tmp_path / "run" / result.path_of("figure_png")) as png:
        assert png.width > 1000


def test_two_models_are_judged_side_by_side(model, pairs, tmp_path):
    other = _install(tmp_path, "other-x2")
    request = EvaluateRequest(model, pairs, str(tmp_path / "run"), further=(other,))

    execute("job-1", request, JobContext("job-1", lambda event: None))

    found = read_json(Evaluation, tmp_path / "run" / "rows.json")
    assert [row.method for row in found.rows] == ["input", "bicubic", "tiny-x2", "other-x2"]
    assert found.rows[2].sha256 == model.sha256
    assert found.rows[3].measures == found.rows[2].measures


def test_published_niqe_stands_beside_the_fitted_kind(model, pairs, tmp_path):
    card = FeatureCard(NATURAL_NIQE, "NIQE", "", "")
    parameters = {"mean": np.zeros(36), "covariance": np.eye(36)}
    save_features(user_features_dir(), card, parameters)

    _evaluate(model, pairs, tmp_path / "run")

    found = read_json(Evaluation, tmp_path / "run" / "rows.json")
    titles = [one.title for one in found.measures]
    assert titles.index("NIQE") == titles.index("NIQE-fit(truths, blocks of 64 px)") + 1
    # Pictures of 128 pixels hold one published block, too few for a value.
    assert found.rows[0].measures["niqe_natural"].value is None


def test_model_named_twice_is_refused(model, pairs, tmp_path):
    request = EvaluateRequest(model, pairs, str(tmp_path / "run"), further=(model,))

    with pytest.raises(InvalidInput, match="named twice"):
        execute("job-1", request, JobContext("job-1", lambda event: None))


def test_samples_let_the_spread_be_judged(pairs, tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    card = install_fake_model(tmp_path / "home" / "models")
    with known_here():
        request = EvaluateRequest(card.ref, pairs, str(tmp_path / "run"), samples=4)
        execute("job-1", request, JobContext("job-1", lambda event: None))

    found = read_json(Evaluation, tmp_path / "run" / "rows.json")
    ours = found.row("fake-x2").measures
    assert 0.0 <= ours["coverage_90"].value <= 1.0
    assert ours["ence"].value > 0
    assert ours["ause"].value > 0
    assert "coverage_90" not in found.row("bicubic").measures
    # The fake's samples differ by a checkerboard of one height everywhere.
    assert found.measure("coverage_90").ideal == 0.9


def _coloured(folder):
    path = folder / "coloured.tif"
    tifffile.imwrite(path, np.zeros((SIDE // 2, SIDE // 2, 3), np.uint8), photometric="rgb")
    return path


def _spotty(folder):
    picture = np.random.default_rng(0).random((SIDE // 2, SIDE // 2)).astype(np.float32)
    picture[3, 4] = np.nan
    path = folder / "spotty.tif"
    tifffile.imwrite(path, picture)
    return path


def test_bad_pairs_are_named_and_the_rest_is_judged(model, pairs, tmp_path):
    even = tmp_path / "even.tif"
    tifffile.imwrite(even, np.full((SIDE, SIDE), 7, np.uint16))
    bad = (
        replace(pairs[0], high=str(even), field_id="even"),
        replace(pairs[0], high=str(tmp_path / "gone.tif"), field_id="gone"),
        replace(pairs[0], high=pairs[0].low, field_id="size"),
        replace(pairs[0], low=str(_coloured(tmp_path)), field_id="colour"),
        replace(pairs[0], low=str(_spotty(tmp_path)), field_id="spotty"),
    )

    result = _evaluate(model, (*bad, *pairs), tmp_path / "run")

    found = read_json(Evaluation, tmp_path / "run" / "rows.json")
    assert found.rows[0].n == 2
    assert len(found.left_out) == 5
    assert "even.tif is the same everywhere" in found.left_out[0]
    assert "gone.tif" in found.left_out[1]
    assert any("coloured.tif" in text and "colour" in text for text in found.left_out)
    assert any("spotty.tif" in text and "not numbers" in text for text in found.left_out)
    assert result.warnings == found.left_out


def test_nothing_but_bad_pairs_is_refused(model, pairs, tmp_path):
    bad = (replace(pairs[0], high=str(tmp_path / "gone.tif")),)

    with pytest.raises(InvalidInput, match="None of the pairs") as refused:
        _evaluate(model, bad, tmp_path / "run")
    assert "gone.tif" in refused.value.advice
    assert not (tmp_path / "run").exists()


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


def test_constructed_network_gives_block_means(model):
    # The fixture's model is what it claims, else the tests above judge something else.
    network = load_method("resrgan").load(_nearest_weights(), "cpu")
    low = np.random.default_rng(0).random((1, 4, 4), np.float32)

    answer = load_method("resrgan").restore(network, low, None, FakeRun()).mean

    blocks = low.reshape(1, 2, 2, 2, 2).mean((2, 4))
    assert np.allclose(answer, blocks.repeat(4, 1).repeat(4, 2), atol=1e-6)
