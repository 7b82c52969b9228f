"""A training with regularised targets says so: in its table, its figure, its log and its card."""

import numpy as np
import pytest
import tifffile

from superlens.core.jobs import PairFile, Recipe, TargetStatistics, TrainRequest
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.execute import execute
from superlens.io.runs import read_run
from superlens.io.tables import read_table
from superlens.io.weights import load_card

TINY = {
    **{"blocks": 1, "features": 8, "growth": 4, "batch": 2, "patch": 16},
    **{"iterations": 2, "warmup": 0, "checkpoint_every": 2, "validate_every": 2},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train on three cloudy fields and an empty one, which is refused."""
    folder = tmp_path_factory.mktemp("targets")
    for number in range(4):
        _write_pair(folder, number)
    pairs = tuple(PairFile(f"low{n}.tif", f"high{n}.tif", field_id=f"f{n}") for n in range(4))
    recipe = Recipe(
        "regular-x2",
        "Regular",
        "resrgan",
        2,
        TINY,
        seed=5,
        pairs=pairs,
        validation_fields=("f0",),
        target_statistics=TargetStatistics(),
    )
    request = TrainRequest(recipe, str(folder / "run"), str(folder))
    events = []
    result = execute("job-1", request, JobContext("job-1", events.append, JobControl()))
    return folder / "run", result


def _write_pair(folder, number):
    rng = np.random.default_rng(number)
    k = np.hypot(np.fft.fftfreq(96)[:, None], np.fft.fftfreq(96)[None])
    falloff = np.maximum(k, 1 / 96) ** -1.5
    noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((96, 96))) * falloff).real
    high = np.clip(2000 + 300 * noise / noise.std(), 0, None)
    if number == 3:
        high = np.where(k > 0.69, 4000.0, 100.0)
    low = high.reshape(48, 2, 48, 2).mean((1, 3)) + rng.normal(20, 5, (48, 48))
    tifffile.imwrite(folder / f"high{number}.tif", high.astype(np.uint16))
    tifffile.imwrite(folder / f"low{number}.tif", np.clip(low, 0, None).astype(np.uint16))


def test_table_has_a_row_for_every_target_that_was_taken(trained):
    out, result = trained

    columns, rows = read_table(out / "targets.csv")

    assert tuple(columns[:4]) == ("name", "low", "factor", "mean")
    assert [row[0] for row in rows] == ["high0.tif", "high1.tif", "high2.tif"]
    assert all(0 < float(row[2]) < 3.35 for row in rows)
    assert "targets.csv" in {file.path for file in result.files}
    assert (out / "targets.svg").read_text(encoding="utf-8").startswith("<svg")


def test_refused_target_is_a_warning_with_its_name(trained):
    _, result = trained

    (warning,) = [text for text in result.warnings if "Left out" in text]
    assert "high3.tif" in warning
    assert "constant" in warning


def test_card_says_that_intensities_are_not_quantitative(trained):
    out, _ = trained

    limits = load_card(out / "model").limits

    assert any("intensities are not quantitative" in limit for limit in limits)


def test_document_of_the_run_has_form_and_factors(trained):
    out, _ = trained
    notes = read_run(out).notes

    assert notes["target_statistics"] == "quantitative"
    assert notes["targets_regularised"] == 3
    smallest, largest = notes["target_factor_smallest"], notes["target_factor_largest"]
    assert smallest <= notes["target_factor_median"] <= largest
