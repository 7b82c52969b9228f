"""The models that are there: those that ship with the program and those of the user."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from superlens.core.cards import ModelCard
from superlens.core.catalogue import unknown_name
from superlens.core.errors import InvalidParameter, SuperlensError
from superlens.io.locations import shipped_models_dir, user_models_dir
from superlens.io.weights import CARD_FILE, load_card

logger = logging.getLogger(__name__)

INDEX_FILE = "index.json"
"""Beside the shipped models: their ids in the order in which they are offered."""


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model and the folder it lies in."""

    card: ModelCard
    folder: str


def installed_models() -> tuple[InstalledModel, ...]:
    """Give all models by their cards; weights are not read.

    The shipped ones come first, in the order of their index, so that the first is the most general;
    the others follow by id.
    A damaged one is skipped with a warning in the log. Of two with one id the shipped one counts.
    """
    found: dict[str, InstalledModel] = {}
    for folder in (*_model_folders(shipped_models_dir()), *_model_folders(user_models_dir())):
        try:
            card = load_card(folder)
        except SuperlensError as error:
            logger.warning("Skipped the model in %s: %s", folder.name, error.sentence)
            continue
        if card.id in found:
            logger.warning("Skipped a second model with the id %s in %s", card.id, folder.name)
            continue
        found[card.id] = InstalledModel(card, str(folder))
    order = {model_id: place for place, model_id in enumerate(_index())}
    return tuple(
        found[one] for one in sorted(found, key=lambda one: (order.get(one, len(order)), one))
    )


def find_model(model_id: str) -> InstalledModel:
    """Give the model with an id.

    Raises:
        InvalidParameter: there is none; the advice names the nearest id.
    """
    models = {model.card.id: model for model in installed_models()}
    if model_id not in models:
        raise unknown_name("model", model_id, models)
    return models[model_id]


def require_model_id(model_id: str) -> None:
    """Refuse a text that cannot be the id of a model, and so the name of its folder.

    Raises:
        InvalidParameter: it has other characters than letters, digits, hyphens, underscores, dots.
    """
    plain = model_id.replace("-", "").replace("_", "").replace(".", "")
    if not plain.isascii() or not plain.isalnum():
        raise InvalidParameter(
            f"{model_id!r} cannot be the id of a model",
            "Use letters, digits, hyphens, underscores and dots",
        )


def folder_for(model_id: str) -> Path:
    """Give the folder of the user's models in which a new one of that id is to be installed.

    Raises:
        InvalidParameter: the text cannot be an id, or a model of that id is installed.
    """
    require_model_id(model_id)
    if any(model.card.id == model_id for model in installed_models()):
        raise InvalidParameter(
            f"There is already a model with the id {model_id!r}", "Choose another id"
        )
    return user_models_dir() / model_id


def _index() -> tuple[str, ...]:
    path = shipped_models_dir() / INDEX_FILE
    try:
        return tuple(str(one) for one in json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError) as error:
        logger.warning("The order of the models cannot be read from %s: %s", path, error)
        return ()


def _model_folders(parent: Path) -> tuple[Path, ...]:
    try:
        return tuple(sorted(path.parent for path in parent.glob(f"*/{CARD_FILE}")))
    except OSError as error:
        logger.warning("Skipped the models in %s: %s", parent, error)
        return ()
