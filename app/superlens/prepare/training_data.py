"""From a recipe to the patches that a method trains on."""

from pathlib import Path

from superlens.core.cards import NormalisationKind, NormalisationRule
from superlens.core.errors import InvalidInput
from superlens.core.jobs import Recipe
from superlens.core.method import TrainingData
from superlens.prepare.file_training import FilePairs, FileTrainingData
from superlens.prepare.phantom_training import PhantomTrainingData

TRAINING_NORMALISATION = NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 1.0, 99.9)
"""The rule of every model trained here, measured on whole low-resolution fields."""


def open_training_data(
    recipe: Recipe,
    data: Path | None,
    patch: int,
    rule: NormalisationRule = TRAINING_NORMALISATION,
) -> TrainingData:
    """Give the training data that a recipe names.

    Args:
        recipe: either a phantom or pairs of files.
        data: folder that the names of pairs are relative to; None for phantom data.
        patch: side of the patches in low-resolution pixels.
        rule: how intensities are normalised.

    Raises:
        InvalidInput: the recipe names no data, or both kinds.
        InvalidParameter: a phantom setting that means nothing.
    """
    if (recipe.phantom is None) == (not recipe.pairs):
        raise InvalidInput(
            f"The recipe of {recipe.model_id!r} names "
            f"{'no training data' if recipe.phantom is None else 'two kinds of training data'}",
            "Give it either `phantom` or `pairs`",
        )
    if recipe.phantom is not None:
        return PhantomTrainingData(recipe.phantom, recipe.scale, patch, rule)
    source = FilePairs(recipe.pairs, data, recipe.seed)
    return FileTrainingData(source, recipe.scale, patch, rule)
