"""From a recipe to the patches that a method trains on, and what may be said about them."""

from dataclasses import dataclass, replace
from pathlib import Path

from superlens.core.cards import NormalisationKind, NormalisationRule
from superlens.core.errors import InvalidInput
from superlens.core.jobs import HighFile, PairFile, PhantomSource, Recipe
from superlens.core.method import TrainingData
from superlens.prepare.degradations.catalogue import degradation
from superlens.prepare.file_training import (
    FilePairs,
    FileTrainingData,
    OnFile,
    PatchPlace,
    measure_dataset,
)
from superlens.prepare.high_only_training import HighOnlySource, HighOnlyTrainingData
from superlens.prepare.leak_check import check_contents
from superlens.prepare.pair_doctor.usable import Wanted, examine_highs, examine_pairs
from superlens.prepare.phantom_training import PhantomTrainingData
from superlens.prepare.splits import fields_of
from superlens.prepare.target_examination import (
    TargetSource,
    examine_high_targets,
    examine_pair_targets,
    examine_phantom_targets,
)
from superlens.prepare.target_statistics import TargetReport

TRAINING_NORMALISATION = NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 1.0, 99.9)
"""The rule of every model that fixes none, measured on whole low-resolution fields."""

_KINDS = "Give it either `phantom`, or `pairs`, or `highs` with a `degradation`"


@dataclass(frozen=True, slots=True)
class Side:
    """How much there is to train on, or to validate with."""

    files: int = 0
    """Pairs, or high-resolution files alone."""
    fields: int = 0
    """Distinct fields of view (wells, where they are known)."""


@dataclass(frozen=True, slots=True)
class Material:
    """Opened training data and what is known of them."""

    data: TrainingData
    rule: NormalisationRule
    """What the model card will say."""
    trained: Side = Side()
    """Of files alone; empty for phantoms, which the recipe describes."""
    validated: Side = Side()
    places: tuple[PatchPlace, ...] | None = None
    """The only patches to train on; None where all there are may be."""
    refused: tuple[str, ...] = ()
    """One sentence for each picture or pair that cannot be used and was left out."""
    targets: TargetReport | None = None
    """What was done to the gradients of the targets; None where they are trained on as they are."""

    @property
    def place_fields(self) -> int:
        """Distinct fields of view among the only patches."""
        return len({place.field for place in self.places or ()})


def check_material(recipe: Recipe) -> None:
    """Refuse a recipe whose material cannot work, before any file is read.

    Raises:
        InvalidInput: the recipe names no data, or several kinds, or settings that do not fit them,
            or a field, a well or a file is trained on and judged with.
        InvalidParameter: an unknown degradation, or a setting of it that means nothing.
    """
    kinds = (
        recipe.phantom is not None,
        bool(recipe.pairs and not recipe.highs),
        bool(recipe.highs),
    )
    if sum(kinds) != 1:
        found = "two kinds of training data" if any(kinds) else "no training data"
        raise InvalidInput(f"The recipe of {recipe.model_id!r} names {found}", _KINDS)
    if bool(recipe.highs) != (recipe.degradation is not None):
        raise InvalidInput(
            f"The recipe of {recipe.model_id!r} names "
            f"{'`highs`' if recipe.highs else 'a `degradation`'} alone: "
            "both belong together",
            _KINDS,
        )
    if recipe.subset is not None and (recipe.subset < 1 or not kinds[1]):
        raise InvalidInput(
            f"The recipe of {recipe.model_id!r} asks for a subset of {recipe.subset} patches",
            "A subset is drawn from `pairs`, and has at least one patch",
        )
    if recipe.normalisation is NormalisationKind.FIXED and not kinds[1]:
        raise InvalidInput(
            f"The recipe of {recipe.model_id!r} fixes intensities, but has no pairs to measure",
            "Leave `normalisation` out",
        )
    if kinds[1]:
        _file_pairs(recipe, None).parted()
    if recipe.degradation is not None:
        degradation(recipe.degradation.pipeline, recipe.degradation.settings)
        _high_source(recipe, None).parted()


def open_training_data(recipe: Recipe, data: Path | None, patch: int) -> TrainingData:
    """Give the training data that a recipe names, as `open_material` does."""
    return open_material(recipe, data, patch).data


def open_material(
    recipe: Recipe,
    folder: Path | None,
    patch: int,
    on_file: OnFile = lambda phase, done, total: None,
) -> Material:
    """Open what a recipe trains on.

    Args:
        recipe: a phantom, pairs of files, or high-resolution files with a degradation.
        folder: what the names of files are relative to; None for phantom data.
        patch: side of the patches in low-resolution pixels.
        on_file: told of every file that is read for this; may raise to stop.

    Raises:
        InvalidInput: as `check_material`, or a file is missing, changed, or trained on and judged
            with, or none can be used. One that cannot, or whose target does not take the
            regularising that the recipe asks for, is named in the material and left out.
        InvalidParameter: a phantom setting that means nothing.
    """
    check_material(recipe)
    if recipe.phantom is not None:
        return _from_phantom(recipe, recipe.phantom, patch, on_file)
    if recipe.highs:
        return _from_highs(recipe, folder, patch, on_file)
    return _from_pairs(recipe, folder, patch, on_file)


def check_files(recipe: Recipe, folder: Path | None, on_file: OnFile) -> None:
    """Make sure that all files of a recipe are there and that none is trained on and judged with.

    Raises:
        InvalidInput: as `check_contents`.
    """
    training, validation = _file_pairs(recipe, folder).parted()
    check_contents(training, validation, folder, on_file)


def describe_material(recipe: Recipe, material: Material) -> str:
    """Say what a model was trained on, to follow "it was trained on"."""
    if recipe.phantom is not None:
        structures = ", ".join(dict.fromkeys(recipe.phantom.specimens))
        return f"simulated images alone ({structures})"
    if recipe.degradation is not None:
        return _describe_highs(recipe.degradation.pipeline, recipe, material)
    trained, validated = material.trained, material.validated
    text = f"{_counted(trained.files, 'pair')} of images of {_fields(trained.fields)}"
    if material.places is not None:
        patches = _counted(len(material.places), "patch", "patches")
        drawn = f"{patches} from {_fields(material.place_fields)}, drawn by seed {recipe.seed}"
        text = f"{drawn} out of {text}"
    if not validated.files:
        return text
    others = f"{_counted(validated.files, 'pair')} of {_fields(validated.fields)}"
    return f"{text} (validated on {others} besides)"


def _describe_highs(pipeline: str, recipe: Recipe, material: Material) -> str:
    trained, validated = material.trained, material.validated
    text = (
        f"{_counted(trained.files, 'high-resolution image')} of {_fields(trained.fields)} alone, "
        f"made low by the degradation {pipeline!r}"
    )
    if not validated.files:
        return text
    kind = "real pair" if recipe.pairs else "degraded image"
    return f"{text} (validated on {_counted(validated.files, kind)} of {_fields(validated.fields)})"


def material_notes(material: Material) -> dict[str, int | float | str]:
    """Give what a run records of its material; of phantoms nothing but their regularising."""
    notes = _target_notes(material.targets)
    if not material.trained.files:
        return notes
    notes |= {
        "training_files": material.trained.files,
        "training_fields": material.trained.fields,
        "validation_files": material.validated.files,
        "validation_fields": material.validated.fields,
    }
    if material.refused:
        notes["files_left_out"] = len(material.refused)
    if material.places is None:
        return notes
    return {
        **notes,
        "subset_patches": len(material.places),
        "subset_fields": material.place_fields,
    }


def _target_notes(targets: TargetReport | None) -> dict[str, int | float | str]:
    if targets is None:
        return {}
    least, middle, most = targets.factors
    return {
        "target_statistics": targets.form.value,
        "targets_regularised": len(targets.records),
        "target_factor_smallest": least,
        "target_factor_median": middle,
        "target_factor_largest": most,
    }


def _from_phantom(recipe: Recipe, phantom: PhantomSource, patch: int, on_file: OnFile) -> Material:
    rule, statistics = TRAINING_NORMALISATION, recipe.target_statistics
    data = PhantomTrainingData(phantom, recipe.scale, patch, rule, statistics)
    targets = None
    if statistics is not None:
        targets = examine_phantom_targets(data, statistics, on_file)
    return Material(data, rule, targets=targets)


def _from_pairs(recipe: Recipe, folder: Path | None, patch: int, on_file: OnFile) -> Material:
    check_files(recipe, folder, on_file)
    wanted = Wanted(folder, recipe.scale, patch)
    examined = examine_pairs(recipe.pairs, wanted, on_file)
    source = _file_pairs(replace(recipe, pairs=examined.usable), folder)
    is_fixed = recipe.normalisation is NormalisationKind.FIXED
    rule = measure_dataset(source, recipe.scale, on_file) if is_fixed else TRAINING_NORMALISATION
    refused, targets = examined.refused, None
    if recipe.target_statistics is not None:
        wanted_targets = TargetSource(folder, recipe.scale, rule, recipe.target_statistics)
        looked_at = examine_pair_targets(source.pairs, wanted_targets, on_file)
        source = replace(source, left_out=looked_at.left_out)
        refused, targets = (*refused, *looked_at.refused), looked_at.report
    data = FileTrainingData(source, recipe.scale, patch, rule)
    places = None
    if recipe.subset is not None:
        places = data.draw_places(recipe.subset, on_file)
        data = FileTrainingData(source, recipe.scale, patch, rule, places)
    trained, validated = _side(data.training), _side(data.validated)
    return Material(data, rule, trained, validated, places, refused, targets)


def _from_highs(recipe: Recipe, folder: Path | None, patch: int, on_file: OnFile) -> Material:
    source = _high_source(recipe, folder)
    training, held_out = source.parted()
    check_contents(training, source.pairs or held_out, folder, on_file)
    wanted = Wanted(folder, recipe.scale, patch)
    highs = examine_highs(source.highs, wanted, on_file)
    pairs = examine_pairs(source.pairs, wanted, on_file)
    source = replace(source, highs=highs.usable, pairs=pairs.usable)
    rule = TRAINING_NORMALISATION
    refused, targets = (*highs.refused, *pairs.refused), None
    if recipe.target_statistics is not None:
        wanted_targets = TargetSource(folder, recipe.scale, rule, recipe.target_statistics)
        high_targets = examine_high_targets(source.highs, wanted_targets, on_file)
        pair_targets = examine_pair_targets(source.pairs, wanted_targets, on_file)
        kept = tuple(pair for pair in source.pairs if pair not in pair_targets.left_out)
        source = replace(source, left_out=high_targets.left_out, pairs=kept)
        refused = (*refused, *high_targets.refused, *pair_targets.refused)
        targets = high_targets.report
    data = HighOnlyTrainingData(source, recipe.scale, patch, rule)
    validated = _side(source.pairs) if source.pairs else _high_side(data.held_out)
    trained = _high_side(data.training)
    return Material(data, rule, trained, validated, refused=refused, targets=targets)


def _high_source(recipe: Recipe, folder: Path | None) -> HighOnlySource:
    if recipe.degradation is None:
        raise ValueError("A recipe of high-resolution images alone was not checked")
    return HighOnlySource(
        recipe.highs,
        recipe.degradation,
        recipe.pairs,
        folder,
        recipe.seed,
        recipe.validation_share,
        recipe.target_statistics,
    )


def _high_side(files: tuple[HighFile, ...]) -> Side:
    return Side(len(files), len({file.field_id or file.high for file in files}))


def _file_pairs(recipe: Recipe, folder: Path | None) -> FilePairs:
    return FilePairs(
        recipe.pairs,
        folder,
        recipe.seed,
        recipe.validation_fields,
        recipe.validation_share,
        recipe.target_statistics,
    )


def _side(files: tuple[PairFile, ...]) -> Side:
    return Side(len(files), len(set(fields_of(files))))


def _fields(count: int) -> str:
    return _counted(count, "field of view", "fields of view")


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"
