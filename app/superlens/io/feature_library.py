"""Feature networks on disk: our own that ships, and those of others that the user imported.

One `<id>.safetensors` and one `<id>.json` each, in `resources/features` and in the user's folder.
A pickle is never read.
"""

import hashlib
import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import CorruptModel, InvalidInput, MissingFile
from superlens.core.method import Weights
from superlens.core.parameters import ParameterValue
from superlens.io.atomic import replace_file
from superlens.io.codec import read_json, write_json
from superlens.io.locations import resources_dir, user_features_dir
from superlens.io.system_errors import reading

logger = logging.getLogger(__name__)

MICROFEAT, VGG19, LPIPS, INCEPTION = "microfeat", "vgg19", "lpips_alex", "inception"
"""What can be asked for."""
NATURAL_NIQE = "niqe"
"""No network, but kept alike: the published parameters of NIQE."""
_PARTS: dict[str, dict[str, str]] = {
    MICROFEAT: {"network": "microfeat-v1"},
    VGG19: {"network": "vgg19"},
    LPIPS: {"backbone": "alexnet", "heads": "lpips_heads"},
    INCEPTION: {"network": "inception"},
    NATURAL_NIQE: {"parameters": "niqe"},
}
"""The parts of each network and the files that hold them."""
_ADVICE = "Import its file again"


@dataclass(frozen=True, slots=True)
class FeatureCard:
    """What is known of one file of a feature network."""

    id: str
    """Stem of its files."""
    title: str
    sha256: str
    """Of the safetensors file."""
    source_sha256: str
    """Of the file that it was made from; its own for a network of ours."""
    source_name: str = ""
    architecture: dict[str, ParameterValue] = field(default_factory=dict[str, ParameterValue])
    licence: str = ""
    made_with: str = ""
    description: str = ""
    shipped: bool = False
    """Set when it is read: whether it came with the program."""
    format: int = 1


def find_feature_network(network: str) -> Weights | None:
    """Give the weights of a feature network, or None where a file of it is not installed.

    Args:
        network: `microfeat`, `vgg19`, `lpips_alex` (parts `backbone` and `heads`), `inception`, or
            `niqe` (the part `parameters`).

    Raises:
        CorruptModel: its files are damaged or do not fit each other.
    """
    cards = feature_cards(network)
    if cards is None:
        return None
    parts = {part: _tensors(card) for part, card in cards.items()}
    architecture: dict[str, ParameterValue] = {}
    for card in cards.values():
        architecture |= card.architecture
    return Weights(parts, architecture)


def feature_cards(network: str) -> dict[str, FeatureCard] | None:
    """Give the card of each part of a feature network, or None where one is not installed."""
    found: dict[str, FeatureCard] = {}
    for part, name in _PARTS[network].items():
        card = _card(name)
        if card is None:
            return None
        found[part] = card
    return found


def installed_feature_cards() -> tuple[FeatureCard, ...]:
    """Give the cards of all files that are there, sorted by id; a damaged one is left out."""
    names = sorted({name for parts in _PARTS.values() for name in parts.values()})
    found: list[FeatureCard] = []
    for name in names:
        try:
            card = _card(name)
        except CorruptModel as error:
            logger.warning("Skipped a feature network: %s", error.sentence)
            continue
        if card is not None:
            found.append(card)
    return tuple(found)


def save_features(folder: Path, card: FeatureCard, tensors: dict[str, NDArray[Any]]) -> FeatureCard:
    """Write the files of a feature network.

    Args:
        folder: made where it is absent.
        card: its `sha256` is filled here, and `source_sha256` where it is empty.
        tensors: named as the network wants them.

    Returns:
        The card as written.

    Raises:
        DiskFull: there is no room.
        InvalidInput: the folder cannot be written.
    """
    from safetensors.numpy import save

    data = save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})
    sha256 = hashlib.sha256(data).hexdigest()
    with replace_file(folder / f"{card.id}.safetensors") as part:
        part.write_bytes(data)
    written = replace(card, sha256=sha256, source_sha256=card.source_sha256 or sha256)
    write_json(folder / f"{card.id}.json", written)
    return written


def _card(name: str) -> FeatureCard | None:
    found = _folder(name)
    if found is None:
        return None
    folder, shipped = found
    try:
        card = read_json(FeatureCard, folder / f"{name}.json")
    except InvalidInput as error:
        raise CorruptModel(
            f"The card of the feature network {name} is damaged ({error.title})", _ADVICE
        ) from error
    return replace(card, shipped=shipped)


def _folder(name: str) -> tuple[Path, bool] | None:
    """Give where a network lies and whether it ships; what ships counts before the user's."""
    for folder, shipped in ((resources_dir() / "features", True), (user_features_dir(), False)):
        if (folder / f"{name}.json").is_file():
            return folder, shipped
    return None


def _tensors(card: FeatureCard) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    found = _folder(card.id)
    if found is None:
        raise MissingFile(f"The feature network {card.id} is gone", _ADVICE)
    path = found[0] / f"{card.id}.safetensors"
    if not path.is_file():
        raise CorruptModel(f"The feature network {card.id} lacks its file {path.name}", _ADVICE)
    with reading(path):
        data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise CorruptModel(
            f"The file {path.name} of the feature network {card.id} was changed or damaged", _ADVICE
        )
    try:
        loaded = load(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise CorruptModel(f"The file {path.name} holds no tensors ({error})", _ADVICE) from error
    # Copies: what comes from a buffer of bytes may not be written to, which torch dislikes.
    return {name: np.array(value) for name, value in loaded.items()}
