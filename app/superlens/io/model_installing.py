"""Models that come and go: what was trained or given is copied to the user's models, or removed."""

import shutil
from pathlib import Path

from superlens.core.errors import InvalidParameter, MissingFile
from superlens.io.atomic import replace_file
from superlens.io.locations import user_models_dir
from superlens.io.model_library import InstalledModel, find_model, folder_for
from superlens.io.system_errors import reading, writing
from superlens.io.weights import CARD_FILE, load_card, load_weights

_IN_RUN = "model"
_BESIDES = ("recipe.json", "README.md", "curves.csv")
"""Copied along where they are."""


def add_model(folder: Path) -> InstalledModel:
    """Copy a model into the folder of the user's models; every byte is checked before and after.

    Args:
        folder: holds a card and weights, or is the run folder of a training.

    Raises:
        MissingFile: there is no model in the folder.
        CorruptModel: its files are not what its card says.
        InvalidParameter: a model of its id is installed already.
        DiskFull: there is no room.
    """
    source = _model_folder(folder)
    card = load_card(source)
    load_weights(source, card)
    target = folder_for(card.id)
    try:
        for name in (*(file.name for file in card.weights), *_BESIDES, CARD_FILE):
            # The card comes last: a folder without one is no model.
            _copy(source / Path(name).name, target)
        load_weights(target, load_card(target))
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return InstalledModel(card, str(target))


def remove_model(model_id: str) -> Path:
    """Delete one of the user's models; give the folder in which it was.

    Raises:
        InvalidParameter: there is none of that id, or it ships with the program.
    """
    folder = Path(find_model(model_id).folder)
    if folder.parent.resolve() != user_models_dir().resolve():
        raise InvalidParameter(
            f"The model {model_id} ships with the program and cannot be removed",
            "Only models that you trained or installed can be",
        )
    with writing(folder):
        (folder / CARD_FILE).unlink()
        shutil.rmtree(folder)
    return folder


def _model_folder(folder: Path) -> Path:
    for place in (folder, folder / _IN_RUN):
        if (place / CARD_FILE).is_file():
            return place
    raise MissingFile(
        f"There is no model in {folder}", f"Choose a folder that holds {CARD_FILE}, or a training"
    )


def _copy(source: Path, folder: Path) -> None:
    if not source.is_file():
        return
    with replace_file(folder / source.name) as part, reading(source):
        shutil.copyfile(source, part)
