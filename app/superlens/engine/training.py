"""Training one model from one recipe, into a run folder or the part of it that a further set has.

Whatever was finished, or reached a checkpoint, before an interruption is not done again.
"""

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from superlens.core.cards import ModelCard
from superlens.core.errors import InvalidInput, OutOfMemory
from superlens.core.jobs import Recipe
from superlens.core.method import Method, MethodSpec, TrainingData, Weights
from superlens.core.parameters import build, plain_values
from superlens.engine.base_model import BaseModel
from superlens.engine.checkpoints import load_checkpoint, save_checkpoint
from superlens.engine.context import Checkpoints, JobContext
from superlens.engine.device import ChosenDevice, memory_errors_translated
from superlens.engine.model_making import (
    Origin,
    candidate_card,
    check_recipe,
    half_is_enough,
    model_card,
)
from superlens.engine.prefetch import WELL_FED, Feeding, Prefetched, most_workers
from superlens.engine.target_record import TABLE, write_targets
from superlens.engine.training_record import (
    Provision,
    RecordedRun,
    TrainingFolder,
    read_last_values,
)
from superlens.io.codec import encode, read_json, write_json
from superlens.io.runs import Note
from superlens.io.tables import write_table
from superlens.io.weights import load_card, save_model
from superlens.methods.catalogue import load_method, method_spec
from superlens.prepare.training_data import (
    Material,
    check_material,
    describe_material,
    material_notes,
    open_material,
)

LATEST = "latest"
_CHECKPOINT = "checkpoints/{name}.safetensors"
_FINISHED = "finished/{id}.json"
_ENOUGH_STEPS = 100
"""From so many steps on it is worth a warning that they waited for data."""
_HUNGRY = ("batch", "patch", "blocks", "features")
"""Parameters of methods that decide how much memory a step takes, the gentlest first."""
_MOST_NAMED = 10
"""Pictures left out that are named in a warning each; more are named in the log."""
_SUBSET_FILE = "subset.csv"
_SUBSET_COLUMNS = ("patch", "low", "field", "y", "x")


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """A recipe, understood."""

    recipe: Recipe
    spec: MethodSpec
    params: Any
    method: Method

    @property
    def owner(self) -> str:
        """What the states of this training are marked with."""
        return hashlib.sha256(encode(self.recipe)).hexdigest()


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """What a training left behind."""

    card: ModelCard
    folder: Path
    """Where the model lies now."""
    values: dict[str, float]
    """Last value of every curve."""
    notes: dict[str, Note]
    """Plain facts about it for the document of the run."""


@dataclass(frozen=True, slots=True)
class _Finished:
    """What is kept of a finished training until the whole run is."""

    owner: str
    notes: dict[str, Note]
    warnings: tuple[str, ...]


def understood(recipe: Recipe) -> TrainingPlan:
    """Give the plan of a recipe; refuses what can be refused before any file is read.

    Raises:
        InvalidInput: the recipe cannot work.
    """
    spec = method_spec(recipe.method)
    check_recipe(recipe, spec)
    check_material(recipe)
    params = build(spec.train_params, recipe.params)
    return TrainingPlan(recipe, spec, params, load_method(spec.id))


class Training:
    """One training on its way from a plan to a model."""

    def __init__(
        self,
        plan: TrainingPlan,
        folder: TrainingFolder,
        data_folder: Path | None,
        context: JobContext,
    ) -> None:
        """Begin; nothing is read or written yet.

        Args:
            plan: what to do.
            folder: where everything goes, and what an interrupted training left there.
            data_folder: what the names of files are relative to.
            context: the surroundings of the job.
        """
        self._plan = plan
        self._folder = folder
        self._data_folder = data_folder
        self._context = context

    @property
    def has_state(self) -> bool:
        """Whether there is anything that is worth to be gone on from."""
        return self._checkpoint(LATEST).exists() or self._finished.exists()

    def run(self, device: ChosenDevice, base: BaseModel | None) -> TrainedModel:
        """Train, or take up what was trained before an interruption.

        Raises:
            InvalidInput: the data do not work, or what is there was made from another recipe.
            OutOfMemory: the training does not fit, even as small as the method can make it.
            Diverged: training reached numbers that are not finite, again and again.
            JobCancelled: the user asked to stop.
        """
        if self._finished.exists():
            return self._taken_up()
        plan, context = self._plan, self._context
        material = open_material(plan.recipe, self._data_folder, plan.params.patch, self.watch)
        self._say_refused(material)
        self._write_subset(material)
        self._write_targets(material)
        with Prefetched(material.data, most_workers=most_workers()) as data:
            if not data.validation():
                self._warn("No field of view is held out, so the training is not validated")
            run = self._recorded_run(material, device, base)
            with training_memory(plan, device):
                weights = plan.method.train(data, plan.params, run)
            self._say_feeding(data.feeding)
            context.progress("Writing the model", 0, 1)
            self._write_model(self._card(material, base, weights), data, weights, run)
            context.progress("Writing the model", 1, 1)
            notes = self._notes(material, base, data.feeding)
        write_json(self._finished, _Finished(plan.owner, notes, context.warnings))
        return self._result(notes)

    def watch(self, phase: str, done: int, total: int) -> None:
        """Tell what is read before the training, and stop there if the user asked to."""
        self._context.check()
        self._context.progress(phase, done, total)

    def _taken_up(self) -> TrainedModel:
        finished = read_json(_Finished, self._finished)
        if finished.owner != self._plan.owner:
            raise InvalidInput(
                "The interrupted training was made from another recipe",
                "Use that recipe, or train again without resuming",
            )
        for warning in finished.warnings:
            self._context.warn(warning)
        self._log("It was already trained")
        return self._result(finished.notes)

    def _result(self, notes: dict[str, Note]) -> TrainedModel:
        self._folder.name_files()
        model = self._folder.root / "model"
        return TrainedModel(load_card(model), model, read_last_values(self._folder.root), notes)

    def _recorded_run(
        self, material: Material, device: ChosenDevice, base: BaseModel | None
    ) -> RecordedRun:
        owner = self._plan.owner
        state = load_checkpoint(self._checkpoint(LATEST), owner)
        if state is not None:
            self._log(f"Resumed after step {state.get('step', '?')}")

        def save(name: str, kept: dict[str, Any]) -> None:
            path = self._folder.file("checkpoint", _CHECKPOINT.format(name=name))
            save_checkpoint(path, kept, owner)

        provision = Provision(
            base,
            lambda candidate, weights: candidate_card(
                self._card(material, base, weights), candidate
            ),
            0 if state is None else int(state.get("step", 0)),
        )
        run = self._context.method_run(
            device.id, self._plan.recipe.seed, Checkpoints(save=save, load=lambda: state)
        )
        return RecordedRun(run, self._folder, provision)

    def _card(self, material: Material, base: BaseModel | None, weights: Weights) -> ModelCard:
        plan = self._plan
        text = describe_material(plan.recipe, material)
        limits = () if material.targets is None else (material.targets.limit,)
        origin = Origin(text, None if base is None else base.card.ref, limits)
        return model_card(plan.recipe, plan.spec, material.rule, weights, origin)

    def _write_model(
        self, card: ModelCard, data: TrainingData, weights: Weights, run: RecordedRun
    ) -> None:
        half = half_is_enough(self._plan.spec, self._plan.method, weights, data, run)
        model = self._folder.file("model", "model/card.json").parent
        save_model(model, card, weights, half)
        write_json(model / "recipe.json", self._plan.recipe)

    def _say_refused(self, material: Material) -> None:
        for sentence in material.refused[:_MOST_NAMED]:
            self._warn(f"Left out: {sentence}")
        for sentence in material.refused[_MOST_NAMED:]:
            self._log(f"Left out: {sentence}")
        more = len(material.refused) - _MOST_NAMED
        if more > 0:
            self._warn(f"{more} more pictures were left out; the log names them")

    def _write_subset(self, material: Material) -> None:
        if material.places is None:
            return
        count, fields = len(material.places), material.place_fields
        self._log(
            f"Trains on {count} patches alone, from {fields} of {material.trained.fields} fields "
            f"of view ({_SUBSET_FILE})"
        )
        rows = [
            (number, place.low, place.field, place.y, place.x)
            for number, place in enumerate(material.places)
        ]
        write_table(self._folder.file("subset", _SUBSET_FILE), _SUBSET_COLUMNS, rows)

    def _write_targets(self, material: Material) -> None:
        if material.targets is not None:
            self._log(f"{material.targets.summary} ({TABLE})")
            write_targets(self._folder, material.targets)

    def _notes(
        self, material: Material, base: BaseModel | None, feeding: Feeding
    ) -> dict[str, Note]:
        notes: dict[str, Note] = {
            "model_id": self._plan.recipe.model_id,
            "method_id": self._plan.spec.id,
            "seed": self._plan.recipe.seed,
            "data_wait_share": feeding.share,
        }
        if base is not None:
            notes |= {"base_id": base.card.id, "base_sha256": base.card.sha256}
        parameters = plain_values(self._plan.params)
        named: dict[str, Note] = {f"parameter_{name}": v for name, v in parameters.items()}
        return notes | material_notes(material) | named

    def _say_feeding(self, feeding: Feeding) -> None:
        self._log(feeding.text)
        if feeding.share > WELL_FED and feeding.steps >= _ENOUGH_STEPS:
            self._warn(
                f"{feeding.text}: the device could have trained faster. Files on a local disk and "
                "without compression are read sooner"
            )

    def _log(self, text: str) -> None:
        self._context.log(self._folder.labelled(text))

    def _warn(self, text: str) -> None:
        self._context.warn(self._folder.labelled(text))

    def _checkpoint(self, name: str) -> Path:
        return self._folder.root / _CHECKPOINT.format(name=name)

    @property
    def _finished(self) -> Path:
        return self._folder.run.scratch(_FINISHED.format(id=self._plan.recipe.model_id))


@contextmanager
def training_memory(plan: TrainingPlan, device: ChosenDevice) -> Generator[None]:
    """Say what to change in a recipe when memory ends inside the block.

    Raises:
        OutOfMemory: it did.
    """
    try:
        with memory_errors_translated():
            yield
    except OutOfMemory as error:
        values = plain_values(plan.params)
        known = [f"`{name}` (now {values[name]})" for name in _HUNGRY if name in values]
        raise OutOfMemory(
            f"The training does not fit into the memory of {device.name}",
            f"Set a smaller {' or '.join(known)} in the recipe, or close other programs",
            error.detail,
        ) from error
