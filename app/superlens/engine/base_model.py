"""The model that a training starts from: the right one, whole, and of the right kind."""

from dataclasses import dataclass
from pathlib import Path

from superlens.core.cards import ModelCard
from superlens.core.errors import InvalidInput, InvalidParameter
from superlens.core.jobs import Recipe
from superlens.core.method import Weights
from superlens.core.records import ModelRef
from superlens.io.model_library import find_model
from superlens.io.weights import load_card, load_weights


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A model on disk that a training may start from."""

    card: ModelCard
    folder: Path

    def weights(self) -> Weights:
        """Read its weights.

        Raises:
            CorruptModel: any byte of them is not what its card says.
        """
        return load_weights(self.folder, self.card)


def installed_base(recipe: Recipe) -> BaseModel | None:
    """Give the installed model that a recipe starts from, or None for a start from fresh numbers.

    Raises:
        InvalidParameter: there is no such model, or it is of another method or scale.
        InvalidInput: the installed one is not the one that the recipe names.
    """
    if recipe.base is None:
        return None
    installed = find_model(recipe.base.id)
    return _checked(BaseModel(installed.card, Path(installed.folder)), recipe.base, recipe)


def trained_base(folder: Path, recipe: Recipe) -> BaseModel:
    """Give a model that was trained a minute ago, from the folder that holds its card.

    Raises:
        MissingFile: there is no model in the folder.
        CorruptModel: its card is damaged.
    """
    card = load_card(folder)
    return _checked(BaseModel(card, folder), card.ref, recipe)


def _checked(base: BaseModel, wanted: ModelRef, recipe: Recipe) -> BaseModel:
    card = base.card
    if wanted.sha256 != card.sha256:
        raise InvalidInput(
            f"The installed model {card.id} is not the one that the recipe starts from: its hash "
            f"is {card.sha256[:12]} and not {wanted.sha256[:12] or 'empty'}",
            "Install the model that the recipe names, or name the installed one",
        )
    if (card.method, card.scale) != (recipe.method, recipe.scale):
        raise InvalidParameter(
            f"{recipe.model_id!r} cannot start from {card.id}: that is a {card.method} x"
            f"{card.scale} model, the recipe asks for {recipe.method} x{recipe.scale}",
            "Start from a model of the same method and scale",
        )
    return base
