"""The command `train`: a training from a recipe, or a trial of what it will cost."""

import argparse
import dataclasses
import uuid
from pathlib import Path
from typing import Any

from superlens.cli.console import ProgressLine, print_json
from superlens.cli.work import absolute, compute_policy, do_request, print_result
from superlens.core.errors import InvalidParameter
from superlens.core.jobs import Recipe, TrainRequest

_GIB = 1 << 30


def train(arguments: argparse.Namespace) -> int:
    """Train a model from a recipe, go on with it, or try a few steps."""
    recipe = _completed(arguments)
    if arguments.trial:
        return _try(recipe, arguments)
    if arguments.out is None:
        raise InvalidParameter("--out is missing", "Say where the run folder shall be made")
    request = TrainRequest(
        recipe,
        absolute(arguments.out),
        None if arguments.data is None else absolute(arguments.data),
        arguments.resume,
        compute_policy(arguments),
    )
    result = do_request(request, f"train {recipe.model_id}")
    print_result(result, arguments.json)
    return 0


def _completed(arguments: argparse.Namespace) -> Recipe:
    """Give the recipe with every parameter stated, and with the hash of its base.

    A preset takes the place of the recipe's own parameters; what is set beside it still counts.
    A recipe written by hand may leave the hash of its base empty: the installed model is meant.
    """
    from superlens.core.parameters import build, plain_values
    from superlens.io.codec import read_json
    from superlens.io.model_library import find_model
    from superlens.methods.catalogue import method_spec, preset_params

    recipe = read_json(Recipe, arguments.recipe)
    spec = method_spec(recipe.method)
    stated = recipe.params
    if arguments.preset is not None:
        stated = plain_values(preset_params(spec, arguments.preset))
    params = plain_values(build(spec.train_params, {**stated, **dict(arguments.settings)}))
    base = recipe.base
    if base is not None and not base.sha256:
        base = find_model(base.id).card.ref
    return dataclasses.replace(recipe, params=params, base=base)


def _try(recipe: Recipe, arguments: argparse.Namespace) -> int:
    from superlens.engine.context import JobContext
    from superlens.engine.training_trial import try_training

    folder: Path | None = None if arguments.data is None else arguments.data.absolute()
    with ProgressLine(f"try {recipe.model_id}") as line:
        context = JobContext(uuid.uuid4().hex[:12], line.show)
        trial = try_training(recipe, folder, compute_policy(arguments), context)
    if arguments.json:
        print_json(_document(trial))
        return 0
    print(f"At most {_duration(trial.total_s)} on {trial.device}")
    for phase in trial.phases:
        print(
            f"  {phase.name}: {phase.steps} steps of {phase.step_s:.3g} s, "
            f"{phase.validations} validations of {phase.validation_s:.3g} s"
        )
    if trial.further:
        print(f"  {trial.further} further sets: {_duration(trial.further_s)}")
    print(f"Memory: {trial.peak_bytes / _GIB:.2f} GiB")
    waiting = f"waiting for data: {100 * trial.data_wait_share:.0f} % of a step"
    print(f"Making a batch: {trial.batch_s:.3g} s; {waiting}")
    for note in trial.notes:
        print(f"  {note}")
    return 0


def _document(trial: Any) -> dict[str, Any]:
    derived = {"total_s": trial.total_s, "data_wait_share": trial.data_wait_share}
    return {**dataclasses.asdict(trial), **derived}


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
