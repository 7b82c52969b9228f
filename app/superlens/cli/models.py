"""The command `models`: what is installed, and how models come and go."""

import argparse
import re
from pathlib import Path

from superlens.cli.console import print_json
from superlens.cli.work import do_request
from superlens.core.jobs import ImportModelRequest


def models(arguments: argparse.Namespace) -> int:
    """List the installed models, install another one, or remove one."""
    if arguments.import_file is not None:
        return _import(arguments)
    if arguments.features_file is not None:
        return _import_features(arguments)
    if arguments.add_folder is not None:
        return _add(arguments)
    if arguments.remove_id is not None:
        return _remove(arguments)
    return _list(arguments)


def _add(arguments: argparse.Namespace) -> int:
    """Copy the model of a training, or of a folder, to the user's models."""
    from superlens.io.model_installing import add_model

    added = add_model(arguments.add_folder.absolute())
    if arguments.json:
        print_json({"id": added.card.id, "folder": added.folder, "sha256": added.card.sha256})
    else:
        print(f"{added.card.id}  {added.card.scale}x  {added.card.title}")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    """Delete one of the user's models."""
    from superlens.io.model_installing import remove_model

    folder = remove_model(arguments.remove_id)
    if arguments.json:
        print_json({"id": arguments.remove_id, "folder": str(folder)})
    else:
        print(f"Removed {arguments.remove_id}.")
    return 0


def _import(arguments: argparse.Namespace) -> int:
    """Make a model of a published checkpoint, in the folder of the user's models."""
    from superlens.io.model_library import folder_for
    from superlens.io.weights import load_card

    path: Path = arguments.import_file
    model_id: str = arguments.id or _plain(path.stem)
    request = ImportModelRequest(
        str(path.absolute()), model_id, str(folder_for(model_id)), arguments.fold
    )
    result = do_request(request, f"import {path.name}")
    card = load_card(Path(result.folder))
    if arguments.json:
        print_json({"id": card.id, "folder": result.folder, "scale": card.scale})
        return 0
    print(f"{card.id}  {card.scale}x  {card.title}")
    print(f"Licence {card.licence}")
    for limit in card.limits:
        print(f"  {limit}")
    return 0


def _import_features(arguments: argparse.Namespace) -> int:
    """Keep a published feature network among the user's own."""
    from superlens.engine.feature_import import import_features

    card = import_features(arguments.features_file.absolute())
    if arguments.json:
        print_json({"id": card.id, "title": card.title, "sha256": card.source_sha256})
    else:
        print(f"{card.id}  {card.title}  {card.source_sha256[:12]}")
    return 0


def _plain(stem: str) -> str:
    """Give a name that can be an id: what ids may not hold becomes a hyphen."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.") or "imported"


def _list(arguments: argparse.Namespace) -> int:
    from superlens.io.model_library import installed_models

    cards = [model.card for model in installed_models()]
    if arguments.json:
        keys = ("id", "method", "scale", "claim", "sha256")
        print_json({"models": [{key: getattr(card, key) for key in keys} for card in cards]})
        return 0
    for card in cards:
        claim = card.claim.value.replace("_", " ")
        print(f"{card.id}  {card.scale}x  {claim}  {card.sha256[:12]}  {card.title}")
    if not cards:
        print("No model is installed.")
    return 0
