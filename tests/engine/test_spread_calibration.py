"""Calibrating the spread of a model on fields with known truth."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile
from scipy import stats
from scipy.ndimage import gaussian_filter, uniform_filter

from fakes.sampler import SIGMA, install_sampler, sampler_known_here
from superlens.cli.main import run
from superlens.core.cards import Calibration, ModelCard
from superlens.core.errors import InvalidInput, InvalidParameter
from superlens.core.jobs import ComputePolicy, DeviceChoice, EvaluateRequest, PairFile
from superlens.core.records import ModelRef
from superlens.engine.context import JobContext
from superlens.engine.evaluation_measures import Judged
from superlens.engine.execute import execute
from superlens.engine.spread_calibration import SpreadCalibration
from superlens.io.codec import read_json
from superlens.io.model_library import find_model
from superlens.report.blocks import Figure
from superlens.report.document import build_document

SAMPLES = 16
TOO_SMALL = 1.5
"""How much larger the errors are than the samples say."""
CPU = ComputePolicy(device=DeviceChoice.CPU, threads=1)


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    with sampler_known_here():
        yield install_sampler(tmp_path / "home" / "models").ref


@pytest.fixture
def pairs(tmp_path):
    """Fields whose truth differs from what the sampler holds possible by a known amount."""
    found = []
    for number in range(2):
        rng = np.random.default_rng(number)
        low = gaussian_filter(rng.random((48, 48)), 4).astype(np.float32)
        span = float(np.subtract(*np.percentile(low, [99.0, 1.0])))
        fine = np.kron(uniform_filter(low, 3, mode="mirror"), np.ones((2, 2)))
        truth = fine + TOO_SMALL * SIGMA * span * rng.standard_normal(fine.shape)
        names = {}
        for side, image in (("low", low), ("high", truth)):
            path = tmp_path / side / f"{number}.tif"
            path.parent.mkdir(exist_ok=True)
            tifffile.imwrite(path, image.astype(np.float32))
            names[side] = str(path)
        found.append(PairFile(names["low"], names["high"], field_id=f"field {number}"))
    return tuple(found)


def request_for(model, pairs, out, **changes):
    given = {"samples": SAMPLES, "compute": CPU, "calibration_data": "four toys"} | changes
    return EvaluateRequest(model, pairs, str(out), **given)


def calibrate(model, pairs, out, **changes):
    request = request_for(model, pairs, out, **changes)
    return execute("job-1", request, JobContext("job-1", lambda event: None))


def gathered(factor, count=4):
    """Fields of 160 pixels a side, whose errors are larger than the samples say."""
    found = SpreadCalibration(0)
    for number in range(count):
        rng = np.random.default_rng(number)
        expected = gaussian_filter(rng.standard_normal((160, 160)), 3) * 100
        samples = expected + rng.standard_normal((SAMPLES, 160, 160))
        truth = expected + TOO_SMALL * rng.standard_normal(expected.shape)
        spread = factor * samples.std(0, ddof=1)
        low = expected.astype(np.float32)
        judged = Judged(samples.mean(0), low, 7 + 2 * truth, 1, spread)
        found.add(f"field {number}", judged, factor)
    return found


@pytest.mark.parametrize("factor", [1.0, 1.7])
def test_factor_and_coverage_are_those_of_theory(factor):
    request = request_for(ModelRef("m", ""), (), "")

    found = gathered(factor).result(request, SAMPLES)

    # Error: of the truth, and of a mean of 16 samples; spread: of 16 samples, so Student's t.
    off = np.sqrt(TOO_SMALL**2 + 1 / SAMPLES)
    student = stats.t(SAMPLES - 1)
    expected = [
        2 * student.cdf(stats.norm.ppf((1 + level) / 2) / off) - 1 for level in found.levels
    ]
    # 51,200 pixels tell a share to 0.2 %.
    np.testing.assert_allclose(found.coverage_before, expected, atol=0.008)
    assert found.factor == pytest.approx(off * student.ppf(0.95) / stats.norm.ppf(0.95), rel=0.02)
    assert found.coverage_after[2] == pytest.approx(0.9, abs=0.008)
    assert (found.data, found.samples, found.fields) == ("four toys", SAMPLES, 4)
    # The true spread is the same everywhere, so that its scatter ranks errors by chance alone: what
    # is left is the curve of the errors themselves, of a folded Gaussian.
    kept = np.linspace(0.01, 1.0, 1000)[:-1]
    left = (1 - np.exp(-(stats.norm.ppf((1 + kept) / 2) ** 2) / 2)) / kept
    assert found.ause == pytest.approx(0.99 - np.trapezoid(left, kept), abs=0.01)


def test_card_of_the_run_carries_the_calibration_and_the_installed_one_stays(
    model, pairs, tmp_path
):
    result = calibrate(model, pairs, tmp_path / "run")

    found = read_json(Calibration, tmp_path / "run" / "calibration.json")
    card = read_json(ModelCard, tmp_path / "run" / "model_card.json")
    assert card.calibration == found
    assert card.ref == model
    assert find_model(model.id).card.calibration is None
    assert {"calibration", "model_card"} <= {file.role for file in result.files}
    numbers = {number.name: number.value for number in result.numbers}
    assert numbers["Correction factor of the spread"] == found.factor
    # As in theory, see above; 9,216 pixels make the factor, brightness is fitted.
    assert found.factor == pytest.approx(1.61, rel=0.05)
    shown = [block for block in build_document([tmp_path / "run"]).blocks if type(block) is Figure]
    assert "2 held-out fields (four toys) with 16 samples each" in shown[-1].caption


def test_evaluation_judges_the_spread_that_is_shown(model, pairs, tmp_path):
    made = Calibration("", 16, 4, (0.9,), (0.7,), (0.9,), 1.7, 0.1, 0.1)
    install_sampler(tmp_path / "home" / "models", made)

    calibrate(model, pairs, tmp_path / "run", calibration_data="")

    rows = (tmp_path / "run" / "rows.csv").read_text().splitlines()
    column = rows[0].split(",").index("coverage_90")
    shares = [float(row.split(",")[column]) for row in rows[1:] if row.startswith(model.id)]
    assert len(shares) == 2
    # 1.7 against the 1.61 that would be right.
    assert np.mean(shares) == pytest.approx(0.915, abs=0.02)
    assert not (tmp_path / "run" / "calibration.json").exists()


def test_a_single_answer_cannot_be_calibrated(model, pairs, tmp_path):
    with pytest.raises(InvalidParameter, match="spread of 0 samples"):
        calibrate(model, pairs, tmp_path / "run", samples=0)


def test_pairs_of_one_field_cannot_calibrate(model, pairs, tmp_path):
    together = tuple(replace(pair, field_id="one") for pair in pairs)

    with pytest.raises(InvalidInput, match="calibrated on 1 field of view"):
        calibrate(model, together, tmp_path / "run")


def test_command_writes_the_card_of_the_installed_model(model, pairs, tmp_path, capsys):
    words = ["evaluate", "--model", model.id, "--calibrate", "toys", "--samples", "4"]
    folders = ["--low", str(tmp_path / "low"), "--high", str(tmp_path / "high")]

    status = run([*words, *folders, "--out", str(tmp_path / "run"), "--device", "cpu"])

    assert status == 0
    card = find_model(model.id).card
    assert card.calibration is not None
    assert card.calibration.samples == 4
    assert card.ref == model
    printed = capsys.readouterr().out
    assert "Calibration of sampler-x2, 4 samples, 2 fields" in printed
    assert f"spread multiplied by {card.calibration.factor:.3g}" in printed
