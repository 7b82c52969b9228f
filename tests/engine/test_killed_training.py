"""A training whose process is killed, in either phase, goes on and gives the very same model."""

import re
import subprocess
import sys
import time

import pytest
from safetensors import SafetensorError, safe_open

from superlens.core.jobs import PhantomSource, Recipe
from superlens.io.candidates import read_candidates
from superlens.io.codec import write_json
from superlens.io.tables import read_table
from superlens.io.weights import load_card

PARAMS = {
    "blocks": 1,
    "features": 8,
    "growth": 4,
    "discriminator_features": 4,
    "batch": 2,
    "patch": 16,
    "iterations": 30,
    "gan_iterations": 30,
    "warmup": 0,
    "checkpoint_every": 5,
    "validate_every": 10,
}
PHANTOM = PhantomSource(("nuclei",), 4, 3, {"field_px": 32, "window": 4, "validation_fields": 2})
RECIPE = Recipe("tiny-x2", "Tiny", "resrgan", 2, PARAMS, seed=5, phantom=PHANTOM)
PATIENCE_S = 90


def _start(recipe, out, *words):
    command = [sys.executable, "-m", "superlens", "train", str(recipe), "--out", str(out)]
    command += ["--threads", "1", "--device", "cpu", *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def _finish(child):
    _, errors = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 0, errors


def _kill_in(child, out, phase):
    """Kill a training as soon as it has a checkpoint of a phase."""
    path = out.with_name(f"{out.name}.partial") / "checkpoints" / "latest.safetensors"
    give_up_s = time.monotonic() + PATIENCE_S
    while f'"{phase}"' not in _header(path):
        assert child.poll() is None, child.stderr.read()
        assert time.monotonic() < give_up_s, f"no checkpoint of the phase {phase}"
        time.sleep(0.005)
    child.kill()
    child.communicate()


def _header(path):
    try:
        with safe_open(path, framework="numpy") as file:
            return (file.metadata() or {}).get("plain", "")
    except (OSError, SafetensorError):
        return ""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    path = tmp_path_factory.mktemp("killed") / "recipe.json"
    write_json(path, RECIPE)
    return path


@pytest.mark.slow
def test_training_killed_in_both_phases_gives_the_same_bits(recipe, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    undisturbed = _start(recipe, whole)
    _kill_in(_start(recipe, killed), killed, "fidelity")
    _kill_in(_start(recipe, killed, "--resume"), killed, "realism")
    last = _start(recipe, killed, "--resume")
    _finish(last)
    _finish(undisturbed)

    ours, theirs = (load_card(out / "model") for out in (killed, whole))
    assert ours.sha256 == theirs.sha256
    assert read_candidates(killed) == read_candidates(whole)
    assert read_table(killed / "curves.csv") == read_table(whole / "curves.csv")
    log = (killed / "log.txt").read_text(encoding="utf-8")
    resumed = re.findall(r"Resumed after step (\d+)", log)
    assert len(resumed) == 2
    # Only what was done since the last checkpoint was lost.
    assert all(int(step) % PARAMS["checkpoint_every"] == 0 for step in resumed)
    assert int(resumed[1]) > PARAMS["iterations"]
    assert not killed.with_name("killed.partial").exists()
