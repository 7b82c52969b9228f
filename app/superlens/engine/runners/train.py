"""Trains a model from a recipe, and from it a model for each further set: one run folder for all.

An interrupted training (killed, cancelled, failed) that has reached a checkpoint leaves it in
`<out>.partial`, from where a request with `resume` goes on and gives the same bits.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from superlens.core.errors import InvalidParameter
from superlens.core.jobs import FurtherSet, Recipe, TrainRequest
from superlens.core.records import ModelRef, Number, ResultRecord
from superlens.engine.base_model import BaseModel, installed_base, trained_base
from superlens.engine.context import JobContext
from superlens.engine.run_record import Beginning, finished_run
from superlens.engine.training import TrainedModel, Training, TrainingPlan, understood
from superlens.engine.training_record import TrainingFolder
from superlens.io.runs import Note, RunFolder, create_run
from superlens.prepare.training_data import check_files

_MOST_NUMBERS = 12
_NO_MODEL = ModelRef("", "")
"""Stands for the main model before there is one."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A request, understood."""

    request: TrainRequest
    main: TrainingPlan
    base: BaseModel | None

    @property
    def recipe(self) -> Recipe:
        return self.request.recipe

    @property
    def data_folder(self) -> Path | None:
        return None if self.request.data is None else Path(self.request.data)


def run(job_id: str, request: TrainRequest, context: JobContext) -> ResultRecord:
    """Train a model, and from it one for each further set of its recipe.

    Args:
        job_id: id of the job.
        request: the recipe, where its data lie and where the run folder goes.
        context: the surroundings of the job.

    Returns:
        The run folder: `model/`, `curves.csv`, `checkpoints/`, `contact/`, `candidates/`,
        `log.txt`; the same in `further/<model id>/` for each further set.

    Raises:
        InvalidInput: the recipe or its data do not work.
        OutOfMemory: the training does not fit on the device.
        Diverged: training reached numbers that are not finite, again and again.
        JobCancelled: the user asked to stop.
    """
    plan = _understood(request)
    folder = create_run(Path(request.out), request.resume)
    main = Training(plan.main, TrainingFolder(folder), plan.data_folder, context)
    try:
        return _trained(job_id, plan, main, folder, context)
    except BaseException:
        if main.has_state:
            folder.keep_for_resume()
        else:
            folder.discard()
        raise


def further_recipe(recipe: Recipe, further: FurtherSet, base: ModelRef) -> Recipe:
    """Give the recipe of a further set alone, complete: it starts from the model of the recipe."""
    return replace(
        recipe,
        model_id=further.model_id,
        title=further.title,
        params={**recipe.params, **further.params},
        phantom=None,
        pairs=further.pairs,
        highs=(),
        degradation=None,
        subset=further.subset,
        base=base,
        further=(),
        validation_fields=further.validation_fields,
    )


def _understood(request: TrainRequest) -> _Plan:
    recipe = request.recipe
    ids = [recipe.model_id, *(further.model_id for further in recipe.further)]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice is not None:
        raise InvalidParameter(
            f"Two models of the recipe have the id {twice!r}", "Give each an id of its own"
        )
    for further in recipe.further:
        understood(further_recipe(recipe, further, _NO_MODEL))
    return _Plan(request, understood(recipe), installed_base(recipe))


def _trained(
    job_id: str, plan: _Plan, main: Training, folder: RunFolder, context: JobContext
) -> ResultRecord:
    began = Beginning()
    context.keep_log(folder.log)
    device = context.device(plan.request.compute)
    context.accept(_announcement(plan, device.text))
    for further in plan.recipe.further:
        # A leak in the last set should not be found after the first was trained for a day.
        check_files(further_recipe(plan.recipe, further, _NO_MODEL), plan.data_folder, main.watch)
    models = [main.run(device, plan.base)]
    for further in plan.recipe.further:
        recipe = further_recipe(plan.recipe, further, models[0].card.ref)
        part = TrainingFolder(folder, f"further/{further.model_id}/", further.model_id)
        training = Training(understood(recipe), part, plan.data_folder, context)
        models.append(training.run(device, trained_base(models[0].folder, recipe)))
    result = ResultRecord(
        job_id=job_id,
        kind=plan.request.kind.value,
        folder=str(folder.out),
        files=folder.files,
        numbers=_headline(models),
        warnings=context.warnings,
        device=device.text,
    )
    folder.publish(finished_run(plan.request, result, began, _notes(models)))
    return result


def _announcement(plan: _Plan, device: str) -> str:
    start = "" if plan.base is None else f", starting from {plan.base.card.id},"
    more = len(plan.recipe.further)
    then = f", then {more} further model{'s' if more > 1 else ''} from it" if more else ""
    return f"Train {plan.recipe.title} with {plan.main.spec.title}{start} on {device}{then}"


def _headline(models: list[TrainedModel]) -> tuple[Number, ...]:
    named = [
        (f"{model.card.id} {name}" if number else name, value)
        for number, model in enumerate(models)
        for name, value in model.values.items()
        if not number or name.startswith("validation")
    ]
    return tuple(
        Number(name, value, unit="dB" if "psnr" in name else "")
        for name, value in named[:_MOST_NUMBERS]
    )


def _notes(models: list[TrainedModel]) -> dict[str, Note]:
    notes = dict(models[0].notes)
    for model in models[1:]:
        notes |= {f"{model.card.id} {name}": value for name, value in model.notes.items()}
    return notes
