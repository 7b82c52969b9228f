"""What `cvdm_tables.py` trains: recipes, runs that are taken up where they ended, and their cost.

Every training starts from the committed recipe of the shipped model for filaments; only what the
arms differ in is replaced. The id of a model holds a check sum of its recipe, so that another
length or another size never meets weights of an earlier call.
"""

import argparse
import hashlib
import shlex
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from superlens.core.jobs import Recipe, TargetForm, TargetStatistics
from superlens.core.parameters import ParameterValue, build, plain_values
from superlens.io.codec import encode, read_json, write_json
from superlens.io.model_library import installed_models
from superlens.io.runs import read_run
from superlens.methods.catalogue import method_spec, preset_params
from superlens.methods.cvdm.parameters import Mode

STRUCTURES: tuple[str, ...] = ("filaments", "membranes", "puncta", "mitochondria")
BASE_RECIPE = Path(__file__).resolve().parents[1] / "models" / "cvdm-filaments-x2" / "recipe.json"
LEARNT, LINEAR, COSINE = "CVDM", "fixed linear", "fixed cosine"
FIXED = (LINEAR, COSINE)
_MODES = {LEARNT: Mode.CONSISTENT, LINEAR: Mode.FIXED_LINEAR, COSINE: Mode.FIXED_COSINE}
_REFUSAL = "cannot be regularised"
"""What the program says of targets that regularising makes worse."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One model to train."""

    name: str
    schedule: str
    """`CVDM`, `fixed linear` or `fixed cosine`."""
    structures: tuple[str, ...]
    is_regular: bool = False
    """Whether its targets have regularised gradients."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What became of an arm."""

    arm: Arm
    model_id: str
    seconds: float | None
    """How long the training took; None where it was refused."""
    refusal: str = ""
    """Why its targets cannot be regularised, in the program's words."""


def arms() -> Iterator[Arm]:
    """Give all: three schedules on all structures together, and for each structure two targets."""
    for schedule in _MODES:
        yield Arm(f"all-{schedule.lower().replace(' ', '-')}", schedule, STRUCTURES)
    for structure in STRUCTURES:
        yield Arm(structure, LEARNT, (structure,))
        yield Arm(f"{structure}-regular", LEARNT, (structure,), is_regular=True)


def trained(options: argparse.Namespace) -> tuple[Trained, ...]:
    """Train what is not trained yet, and install it in the work folder's library."""
    everything = tuple(arms())
    with ThreadPoolExecutor(options.jobs) as pool:
        refusals = list(pool.map(lambda arm: _train(arm, options), everything))
    found: list[Trained] = []
    for arm, refusal in zip(everything, refusals, strict=True):
        model_id = recipe_of(arm, options).model_id
        if not refusal:
            _add_to_library(model_id, options)
        seconds = None if refusal else _seconds(options.work / "runs" / model_id)
        found.append(Trained(arm, model_id, seconds, refusal))
    return tuple(found)


def recipe_of(arm: Arm, options: argparse.Namespace) -> Recipe:
    """Give the recipe of an arm."""
    base = read_json(Recipe, BASE_RECIPE)
    assert base.phantom is not None, "the committed recipe is one of phantoms"
    spec = method_spec(base.method)
    params: dict[str, ParameterValue] = {**base.params}
    if options.preset is not None:
        params = plain_values(preset_params(spec, options.preset))
    params |= dict(options.settings)
    params["mode"] = _MODES[arm.schedule].value
    if options.iterations is not None:
        params["iterations"] = options.iterations
    recipe = replace(
        base,
        model_id="",
        title=f"CVDM x{base.scale}, {arm.name}",
        description="Trained for a benchmark.",
        params=plain_values(build(spec.train_params, params)),
        phantom=replace(
            base.phantom,
            specimens=arm.structures,
            settings={
                **base.phantom.settings,
                **{name: float(text) for name, text in options.phantom},
            },
        ),
        target_statistics=TargetStatistics(TargetForm(options.form)) if arm.is_regular else None,
    )
    digest = hashlib.sha256(encode(recipe)).hexdigest()[:8]
    return replace(recipe, model_id=f"tables-{arm.name}-{digest}")


def _train(arm: Arm, options: argparse.Namespace) -> str:
    """Train an arm unless it is; give why it is refused, or nothing."""
    recipe = recipe_of(arm, options)
    folder = options.work / "runs" / recipe.model_id
    refused = options.work / "refused" / f"{recipe.model_id}.txt"
    if refused.exists():
        return refused.read_text(encoding="utf-8")
    if (folder / "job.json").exists():
        return ""
    path = options.work / "recipes" / f"{recipe.model_id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, recipe)
    print(f"training {recipe.model_id}", flush=True)
    words = ["train", str(path), "--out", str(folder), "--resume"]
    words += ["--device", options.device, "--threads", str(options.threads)]
    done = _superlens(*words)
    if done.returncode == 0:
        return ""
    said = done.stderr.strip().rpartition("superlens: ")[2]
    if not (arm.is_regular and _REFUSAL in said):
        sys.exit(f"superlens {shlex.join(words)} failed:\n{done.stderr}")
    refused.parent.mkdir(exist_ok=True)
    refused.write_text(said, encoding="utf-8")
    return said


def _add_to_library(model_id: str, options: argparse.Namespace) -> None:
    if model_id in {model.card.id for model in installed_models()}:
        return
    done = _superlens("models", "--add", str(options.work / "runs" / model_id))
    if done.returncode != 0:
        sys.exit(f"{model_id} could not be installed:\n{done.stderr}")


def _superlens(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "superlens", *words], capture_output=True, text=True, check=False
    )


def _seconds(folder: Path) -> float:
    """Give how long the last sitting of a training took; an interrupted one took longer."""
    run = read_run(folder)
    began, ended = (datetime.fromisoformat(text) for text in (run.started, run.ended))
    return round((ended - began).total_seconds(), 1)
