"""The command `train`: a trial, a training from a base, and the model in the library."""

import json

import pytest

from superlens.cli.main import DONE, WRONG_USAGE, run
from superlens.cli.parser import build_parser
from superlens.cli.train import _completed
from superlens.core.jobs import PhantomSource, Recipe
from superlens.core.parameters import plain_values
from superlens.core.records import ModelRef
from superlens.io.codec import read_json, write_json
from superlens.io.locations import HOME_VARIABLE
from superlens.io.weights import load_card
from superlens.methods.resrgan.parameters import PRESETS

TINY = {
    "blocks": 1,
    "features": 8,
    "growth": 4,
    "batch": 2,
    "patch": 16,
    "iterations": 4,
    "warmup": 0,
    "checkpoint_every": 2,
    "validate_every": 4,
}
PHANTOM = PhantomSource(("nuclei",), 4, 3, {"field_px": 32, "window": 4, "validation_fields": 1})


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    path = tmp_path / "recipe.json"
    write_json(path, Recipe("tiny-x2", "Tiny", "resrgan", 2, TINY, seed=5, phantom=PHANTOM))
    return path


def test_trial_tells_time_and_memory_and_writes_nothing(recipe, tmp_path, capsys):
    assert run(["train", str(recipe), "--trial", "--threads", "1", "--json"]) == DONE

    told = json.loads(capsys.readouterr().out)
    assert told["phases"][0]["steps"] == 4
    assert told["total_s"] > 0
    assert told["peak_bytes"] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.json"]

    assert run(["train", str(recipe), "--trial", "--threads", "1"]) == DONE
    shown = capsys.readouterr().out
    assert shown.startswith("At most ")
    assert "Memory: " in shown


@pytest.mark.parametrize("name", ["paper_B", "paper_S", "safe_B", "cpu"])
def test_preset_takes_the_place_of_the_recipes_parameters(recipe, name):
    wanted = {**plain_values(PRESETS[name]), "iterations": 7}
    words = ["train", str(recipe), "--preset", name, "--set", "iterations=7"]

    completed = _completed(build_parser().parse_args(words))

    assert completed.params == wanted
    assert completed.params["blocks"] != TINY["blocks"]


def test_unknown_preset_is_refused_with_those_there_are(recipe, capsys):
    assert run(["train", str(recipe), "--preset", "best", "--trial"]) == WRONG_USAGE

    told = capsys.readouterr().err
    assert "'best'" in told
    assert "paper_B, paper_S, safe_B" in told


def test_training_without_a_folder_is_refused(recipe, capsys):
    assert run(["train", str(recipe)]) == WRONG_USAGE

    assert "--out is missing" in capsys.readouterr().err


def test_trained_model_is_added_tuned_from_and_removed(recipe, tmp_path, capsys):
    assert run(["train", str(recipe), "--out", str(tmp_path / "run"), "--threads", "1"]) == DONE
    assert run(["models", "--add", str(tmp_path / "run")]) == DONE
    assert "tiny-x2  2x  Tiny" in capsys.readouterr().out

    tuned = tmp_path / "tuned.json"
    start = read_json(Recipe, recipe)
    named = {"model_id": "tuned-x2", "base": ModelRef("tiny-x2", "")}
    write_json(tuned, Recipe(**{**{f: getattr(start, f) for f in start.__slots__}, **named}))
    assert run(["train", str(tuned), "--out", str(tmp_path / "tuned"), "--threads", "1"]) == DONE
    card = load_card(tmp_path / "tuned" / "model")
    base = load_card(tmp_path / "run" / "model")
    assert f"starting from the model tiny-x2 ({base.sha256[:12]})" in card.trained_on.note
    assert read_json(Recipe, tmp_path / "tuned" / "model" / "recipe.json").base == base.ref

    assert run(["models", "--remove", "tiny-x2"]) == DONE
    assert run(["models", "--remove", "tiny-x2"]) == WRONG_USAGE
    assert run(["models", "--remove", "resrgan-phantom-x2"]) == WRONG_USAGE
    assert "ships with the program" in capsys.readouterr().err
