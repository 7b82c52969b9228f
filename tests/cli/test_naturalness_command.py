"""The command `naturalness`, and what `pairs` says of regularised targets."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from superlens.cli.main import DONE, FAILED, WRONG_USAGE, run
from superlens.core.jobs import Recipe, TargetForm
from superlens.io.codec import read_json


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cloudy fields, low and high, and a field of one square on black."""
    folder = tmp_path_factory.mktemp("clouds")
    for side in ("low", "high"):
        (folder / side).mkdir()
    for number in range(3):
        rng = np.random.default_rng(number)
        k = np.hypot(np.fft.fftfreq(160)[:, None], np.fft.fftfreq(160)[None])
        falloff = np.maximum(k, 1 / 160) ** -1.3 * (k < 0.2)
        noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((160, 160))) * falloff).real
        high = 3000 + 500 * noise / noise.std()
        low = high.reshape(80, 2, 80, 2).mean((1, 3)) + rng.normal(0, 20, (80, 80))
        for side, picture in (("low", low), ("high", high)):
            path = folder / side / f"f{number}.tif"
            tifffile.imwrite(path, np.clip(picture, 0, None).astype(np.uint16))
    flat = np.full((64, 64), 100, np.uint16)
    flat[3:9, 3:9] = 900
    tifffile.imwrite(folder / "flat.tif", flat)
    return folder


def test_factor_distance_and_verdict_are_printed(folder, capsys):
    files = [str(folder / "high" / "f0.tif"), str(folder / "flat.tif")]

    assert run(["naturalness", *files]) == DONE

    said = capsys.readouterr().out
    assert "f0.tif: naturalness factor 0." in said
    assert "takes it" in said
    assert "cannot be regularised: 99 % of it is constant" in said


def test_programs_get_numbers_and_a_figure_is_drawn(folder, tmp_path, capsys):
    figure = tmp_path / "gradients.svg"
    words = ["naturalness", str(folder / "high" / "f1.tif"), "--json", "--figure", str(figure)]

    assert run([*words, "--form", "plugin"]) == DONE

    (picture,) = json.loads(capsys.readouterr().out)["pictures"]
    assert picture["form"] == "plugin"
    assert abs(picture["factor_after"] - 1) < abs(picture["factor"] - 1)
    assert picture["objection"] == ""
    assert "fitted to it" in figure.read_text(encoding="utf-8")


def test_a_file_that_is_not_there_is_told_and_the_rest_is_measured(folder, capsys):
    assert run(["naturalness", "nothing.tif", str(folder / "high" / "f1.tif")]) == FAILED

    said = capsys.readouterr()
    assert "nothing.tif" in said.err
    assert "f1.tif: naturalness factor" in said.out


def test_an_unknown_form_is_wrong_usage(folder):
    with pytest.raises(SystemExit) as ended:
        run(["naturalness", str(folder / "flat.tif"), "--form", "photoshop"])

    assert ended.value.code == WRONG_USAGE


def test_pairs_tries_regularising_and_asks_for_it_in_the_recipe(folder, tmp_path, capsys):
    recipe = tmp_path / "clouds-x2.json"
    sides = ["--low", str(folder / "low"), "--high", str(folder / "high")]
    more = ["--recipe", str(recipe), "--regularise-targets", "quantitative"]

    assert run(["pairs", *sides, "--out", str(tmp_path / "run"), *more]) == DONE

    said = capsys.readouterr().out
    assert "Gradient statistics of 3 targets regularised (quantitative form)" in said
    statistics = read_json(Recipe, recipe).target_statistics
    assert statistics is not None
    assert statistics.form is TargetForm.QUANTITATIVE


def test_pairs_asks_for_nothing_unless_told(folder, tmp_path, capsys):
    recipe = tmp_path / "plain-x2.json"
    sides = ["--low", str(folder / "low"), "--high", str(folder / "high")]

    assert run(["pairs", *sides, "--out", str(tmp_path / "run"), "--recipe", str(recipe)]) == DONE

    assert "Gradient statistics" not in capsys.readouterr().out
    assert read_json(Recipe, recipe).target_statistics is None
