"""Trains a model from a recipe: data, method, model folder with its card, curves and checkpoints.

An interrupted training (killed, cancelled, failed) that has reached a checkpoint leaves it in
`<out>.partial`, from where a request with `resume` goes on and gives the same bits.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from superlens.core.cards import ModelCard
from superlens.core.jobs import Recipe, TrainRequest
from superlens.core.method import Method, MethodSpec, TrainingData, Weights
from superlens.core.parameters import build, plain_values
from superlens.core.records import Number, ResultRecord
from superlens.engine.base_model import BaseModel, installed_base
from superlens.engine.checkpoints import load_checkpoint, save_checkpoint
from superlens.engine.context import Checkpoints, JobContext
from superlens.engine.device import ChosenDevice, memory_errors_translated
from superlens.engine.model_making import (
    candidate_card,
    check_recipe,
    half_is_enough,
    model_card,
)
from superlens.engine.run_record import Beginning, finished_run
from superlens.engine.training_record import Provision, RecordedRun, TrainingFolder
from superlens.io.codec import encode, write_json
from superlens.io.runs import Note, RunFolder, create_run
from superlens.io.weights import save_model
from superlens.methods.catalogue import load_method, method_spec
from superlens.prepare.training_data import TRAINING_NORMALISATION, open_training_data

CHECKPOINT = "checkpoints/{name}.safetensors"
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class _Plan:
    """A request, understood."""

    request: TrainRequest
    spec: MethodSpec
    params: Any
    data: TrainingData
    method: Method
    base: BaseModel | None

    @property
    def recipe(self) -> Recipe:
        return self.request.recipe


def run(job_id: str, request: TrainRequest, context: JobContext) -> ResultRecord:
    """Train a model.

    Args:
        job_id: id of the job.
        request: the recipe, where its data lie and where the run folder goes.
        context: the surroundings of the job.

    Returns:
        The run folder: `model/`, `curves.csv`, `checkpoints/`, `contact/`, `log.txt`.

    Raises:
        InvalidInput: the recipe or its data do not work.
        Diverged: training reached numbers that are not finite, again and again.
        JobCancelled: the user asked to stop.
    """
    plan = _understood(request)
    folder = create_run(Path(request.out), request.resume)
    try:
        return _trained(job_id, plan, folder, context)
    except BaseException:
        if _checkpoint(folder, LATEST).exists():
            folder.keep_for_resume()
        else:
            folder.discard()
        raise


def _understood(request: TrainRequest) -> _Plan:
    recipe = request.recipe
    spec = method_spec(recipe.method)
    check_recipe(recipe, spec)
    params = build(spec.train_params, recipe.params)
    base = installed_base(recipe)
    folder = None if request.data is None else Path(request.data)
    data = open_training_data(recipe, folder, params.patch)
    return _Plan(request, spec, params, data, load_method(recipe.method), base)


def _trained(job_id: str, plan: _Plan, folder: RunFolder, context: JobContext) -> ResultRecord:
    began = Beginning()
    context.keep_log(folder.log)
    device = context.device(plan.request.compute)
    context.accept(f"Train {plan.recipe.title} with {plan.spec.title} on {device.text}")
    if not plan.data.validation():
        context.warn("There is only one field of view, so the training is not validated")
    run = _recorded_run(plan, folder, context, device)
    with memory_errors_translated():
        weights = plan.method.train(plan.data, plan.params, run)
    context.progress("Writing the model", 0, 1)
    _write_model(plan, folder, weights, run)
    context.progress("Writing the model", 1, 1)
    result = ResultRecord(
        job_id=job_id,
        kind=plan.request.kind.value,
        folder=str(folder.out),
        files=folder.files,
        numbers=_headline(run),
        warnings=context.warnings,
        device=device.text,
    )
    folder.publish(finished_run(plan.request, result, began, _notes(plan)))
    return result


def _recorded_run(
    plan: _Plan, folder: RunFolder, context: JobContext, device: ChosenDevice
) -> RecordedRun:
    owner = hashlib.sha256(encode(plan.recipe)).hexdigest()
    state = load_checkpoint(_checkpoint(folder, LATEST), owner)
    if state is not None:
        context.log(f"Resumed after step {state.get('step', '?')}")

    def save(name: str, kept: dict[str, Any]) -> None:
        save_checkpoint(folder.file("checkpoint", CHECKPOINT.format(name=name)), kept, owner)

    checkpoints = Checkpoints(save=save, load=lambda: state)
    provision = Provision(
        plan.base,
        lambda candidate, weights: candidate_card(_card(plan, weights), candidate),
        0 if state is None else int(state.get("step", 0)),
    )
    run = context.method_run(device.id, plan.recipe.seed, checkpoints)
    return RecordedRun(run, TrainingFolder(folder), provision)


def _card(plan: _Plan, weights: Weights) -> ModelCard:
    return model_card(plan.recipe, plan.spec, TRAINING_NORMALISATION, weights)


def _checkpoint(folder: RunFolder, name: str) -> Path:
    return folder.root / CHECKPOINT.format(name=name)


def _write_model(plan: _Plan, folder: RunFolder, weights: Weights, run: RecordedRun) -> None:
    half = half_is_enough(plan.spec, plan.method, weights, plan.data, run)
    card_path = folder.file("model", "model/card.json")
    written = save_model(card_path.parent, _card(plan, weights), weights, half)
    for file in written.weights:
        folder.file("weights", f"model/{file.name}")
    write_json(folder.file("recipe", "model/recipe.json"), plan.recipe)
    TrainingFolder(folder).name_candidates()


def _headline(run: RecordedRun) -> tuple[Number, ...]:
    units = {name: "dB" for name in run.last_values if "psnr" in name}
    return tuple(
        Number(name, value, unit=units.get(name, "")) for name, value in run.last_values.items()
    )


def _notes(plan: _Plan) -> dict[str, Note]:
    return {
        "model_id": plan.recipe.model_id,
        "method_id": plan.spec.id,
        "seed": plan.recipe.seed,
        **{f"parameter_{name}": value for name, value in plain_values(plan.params).items()},
    }
