"""The command `pairs`: preview, verdicts, recipe."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from prepare.made_pairs import MadePair
from superlens.cli.main import DONE, FAILED, WRONG_USAGE, run
from superlens.core.jobs import Recipe
from superlens.io.codec import read_json
from superlens.prepare.pairs import read_pair


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two fields of two frames each, one pair of other sizes, and a low picture left over."""
    folder = tmp_path_factory.mktemp("data")
    for side in ("low", "high"):
        (folder / side).mkdir()
    for number in range(2):
        pair = MadePair(seed=number, side=96, shift=(1.0, 0.0) if number else (0.0, 0.0))
        frames = [MadePair(seed=number, side=96, noise_seed=n).low() for n in range(2)]
        stack = np.stack(frames)
        tifffile.imwrite(
            folder / "low" / f"f{number}.tif", stack, imagej=True, metadata={"axes": "TYX"}
        )
        tifffile.imwrite(folder / "high" / f"f{number}_gt.tif", pair.high())
    tifffile.imwrite(folder / "low" / "f2.tif", MadePair(seed=5, side=96, noise_seed=9).low())
    tifffile.imwrite(folder / "high" / "f2_gt.tif", np.full((192, 192), 7, np.uint16))
    tifffile.imwrite(folder / "low" / "spare.tif", MadePair(seed=6, side=96).low())
    return folder


def words_for(folder: Path, out: Path, *more: str) -> list[str]:
    sides = ["--low", str(folder / "low"), "--high", str(folder / "high")]
    return ["pairs", *sides, "--out", str(out), *more]


def test_preview_and_verdicts_are_printed(folder, tmp_path, capsys):
    assert run(words_for(folder, tmp_path / "run")) == DONE

    said = capsys.readouterr()
    assert "'spare.tif' has no partner" in said.err
    assert "5 pairs of 3 field(s)" in said.out
    assert "f2.tif  constant" in said.out
    assert "All 4 pairs that could be placed agree with x2." in said.out
    assert "4 of 5 pairs, of 2 field(s), are good." in said.out


def test_a_recipe_of_the_good_pairs_can_be_trained_from(folder, tmp_path, capsys):
    recipe_file = tmp_path / "mine-x2.json"
    more = ("--average", "2", "--recipe", str(recipe_file), "--set", "batch=4", "--json")

    assert run(words_for(folder, tmp_path / "run", *more)) == DONE

    answer = json.loads(capsys.readouterr().out)
    recipe = read_json(Recipe, recipe_file)
    assert answer["data"] == str(folder)
    assert answer["unmatched_low"] == ["spare.tif"]
    assert [finding["is_good"] for finding in answer["findings"]] == [True, True]
    assert (recipe.model_id, recipe.method, recipe.scale) == ("mine-x2", "resrgan", 2)
    assert recipe.params["batch"] == 4
    assert [pair.low for pair in recipe.pairs] == ["low/f0.tif", "low/f1.tif"]
    assert [pair.low_frames for pair in recipe.pairs] == [(0, 1), (0, 1)]
    low, high = read_pair(recipe.pairs[1], folder, recipe.scale)
    assert high.shape == (2 * low.shape[0], 2 * low.shape[1])
    assert low.shape == (95, 96)
    assert "'f2_gt.tif' has fewer than 2 frames" in " ".join(answer["reasons"])


def test_a_table_chooses_the_pairs(folder, tmp_path, capsys):
    table = tmp_path / "pairs.csv"
    table.write_text("low,high,field,frame\nf0.tif,f0_gt.tif,mine,1\n")

    assert run(words_for(folder, tmp_path / "run", "--table", str(table), "--json")) == DONE

    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["pair"]["field_id"] == "mine"
    assert finding["pair"]["low_frames"] == [1]


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        (("--regex", "(f"), WRONG_USAGE, "is not a pattern"),
        (("--regex", "(?P<field>nothing)"), FAILED, "belong together"),
        (("--recipe", "r.json", "--method", "nothing"), WRONG_USAGE, "nothing"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(folder, tmp_path, capsys, more, status, said):
    assert run(words_for(folder, tmp_path / "run", *more)) == status

    error = capsys.readouterr().err.strip()
    assert said in error
    assert "Traceback" not in error


def test_no_good_pair_gives_no_recipe(folder, tmp_path, capsys):
    table = tmp_path / "pairs.csv"
    table.write_text("low,high\nf2.tif,f2_gt.tif\n")
    recipe = tmp_path / "r.json"
    more = ("--table", str(table), "--recipe", str(recipe))

    assert run(words_for(folder, tmp_path / "run", *more)) == FAILED

    assert "None of the pairs can be trained on" in capsys.readouterr().err
    assert not recipe.exists()
