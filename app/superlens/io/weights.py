"""Trained models on disk: safetensors shards and a card, every byte checked by its hash.

A pickle is never read.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.cards import Calibration, ModelCard, WeightsFile
from superlens.core.errors import CorruptModel, InvalidInput, MissingFile
from superlens.core.method import Weights
from superlens.io.atomic import replace_file
from superlens.io.codec import read_json, write_json
from superlens.io.system_errors import reading

CARD_FILE = "card.json"
_SHARD_BYTES = 15 << 20
_HEADER_BYTES = 256 << 10
"""Kept free in every shard for the names and shapes of its tensors."""
_PIECE_MARK = "#"
"""A tensor too large for one shard is cut along its first axis into `name#0`, `name#1`, ..."""

Tensors = dict[str, NDArray[Any]]


def save_model(
    folder: Path,
    card: ModelCard,
    weights: Weights,
    half: bool,
    header: Mapping[str, str] | None = None,
) -> ModelCard:
    """Write the weights and card of a model into a folder.

    Args:
        folder: made where it is absent; weights of an earlier save in it are replaced.
        card: its `weights`, `sha256` and `architecture` are filled here.
        weights: what was trained.
        half: store float32 tensors as float16; they come back as float32.
        header: facts that travel in every file of weights, such as where they come from; they are
            part of what the hashes cover.

    Returns:
        The card as written.

    Raises:
        DiskFull: there is no room.
        InvalidInput: the folder cannot be written.
        ValueError: a part with `/` or a tensor with `#` in its name.
    """
    from safetensors.numpy import save

    shards = tuple(_shards(_flat(weights), half))
    files: list[WeightsFile] = []
    for number, shard in enumerate(shards, start=1):
        name = f"weights-{number:05d}-of-{len(shards):05d}.safetensors"
        data = save(shard, metadata=None if header is None else dict(header))
        with replace_file(folder / name) as part:
            part.write_bytes(data)
        files.append(WeightsFile(name, hashlib.sha256(data).hexdigest()))
    written = replace(
        card,
        weights=tuple(files),
        sha256=_identity(tuple(files)),
        architecture=weights.architecture,
    )
    write_json(folder / CARD_FILE, written)
    _remove_others(folder, {file.name for file in files})
    return written


def load_card(folder: Path) -> ModelCard:
    """Read the card of a model.

    Raises:
        MissingFile: the folder holds no card.
        CorruptModel: the card is damaged or does not fit its own hashes.
        IncompatibleVersion: it was written by a newer Superlens.
    """
    try:
        card = read_json(ModelCard, folder / CARD_FILE)
    except MissingFile:
        raise
    except InvalidInput as error:
        raise CorruptModel(
            f"The card of the model in {folder.name} is damaged ({error.title})",
            "Install the model again",
        ) from error
    if card.sha256 != _identity(card.weights) or not card.weights:
        raise CorruptModel(
            f"The card of the model {card.id} does not fit the hashes of its weights",
            "Install the model again",
        )
    return card


def write_calibration(folder: Path, calibration: Calibration) -> ModelCard:
    """Write into the card of a model how honest its spread was found; nothing else changes.

    Returns:
        The card as written.

    Raises:
        MissingFile: the folder holds no card.
        CorruptModel: the card is damaged or does not fit its own hashes.
        InvalidInput: the folder cannot be written.
    """
    card = replace(load_card(folder), calibration=calibration)
    write_json(folder / CARD_FILE, card)
    return card


def load_weights(folder: Path, card: ModelCard) -> Weights:
    """Read the weights that a card names, float16 as float32.

    Raises:
        CorruptModel: a file is missing, or any byte of it is not what the card says.
    """
    tensors: Tensors = {}
    for file in card.weights:
        tensors.update(_checked_shard(folder, card, file))
    parts: dict[str, Tensors] = {}
    for name, tensor in _joined(tensors).items():
        part, _, inner = name.partition("/")
        parts.setdefault(part, {})[inner] = _full(tensor)
    return Weights(parts, card.architecture)


def _flat(weights: Weights) -> Tensors:
    for part, tensors in weights.parts.items():
        if "/" in part or any(_PIECE_MARK in name for name in tensors):
            raise ValueError(f"The part {part!r} or one of its tensors has a reserved character")
    return {
        f"{part}/{name}": tensor
        for part, tensors in weights.parts.items()
        for name, tensor in tensors.items()
    }


def _shards(tensors: Tensors, half: bool) -> Iterator[Tensors]:
    room = _SHARD_BYTES - _HEADER_BYTES
    shard: Tensors = {}
    used = 0
    for name, tensor in tensors.items():
        for key, piece in _pieces(name, _stored(tensor, half), room):
            if shard and used + piece.nbytes > room:
                yield shard
                shard, used = {}, 0
            shard[key] = piece
            used += piece.nbytes
    yield shard


def _stored(tensor: NDArray[Any], half: bool) -> NDArray[Any]:
    tensor = np.ascontiguousarray(tensor).reshape(np.shape(tensor))
    if not half or tensor.dtype != np.float32:
        return tensor
    # A number beyond the range of half precision must not become infinite.
    fits = bool(np.all(np.abs(tensor) <= np.finfo(np.float16).max))
    return tensor.astype(np.float16) if fits else tensor


def _full(tensor: NDArray[Any]) -> NDArray[Any]:
    # A copy: what comes from a buffer of bytes may not be written to, which torch dislikes.
    return np.array(tensor, np.float32 if tensor.dtype == np.float16 else tensor.dtype)


def _pieces(name: str, tensor: NDArray[Any], room: int) -> Iterator[tuple[str, NDArray[Any]]]:
    count = -(-tensor.nbytes // room)
    if count <= 1:
        yield name, tensor
        return
    for index, piece in enumerate(np.array_split(tensor, min(2 * count, len(tensor)))):
        yield f"{name}{_PIECE_MARK}{index}", np.ascontiguousarray(piece)


def _joined(tensors: Tensors) -> Tensors:
    whole: Tensors = {}
    pieces: dict[str, dict[int, NDArray[Any]]] = {}
    for key, tensor in tensors.items():
        name, mark, index = key.rpartition(_PIECE_MARK)
        if mark:
            pieces.setdefault(name, {})[int(index)] = tensor
        else:
            whole[key] = tensor
    for name, found in pieces.items():
        whole[name] = np.concatenate([found[index] for index in sorted(found)])
    return whole


def _checked_shard(folder: Path, card: ModelCard, file: WeightsFile) -> Tensors:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = folder / Path(file.name).name
    advice = "Install the model again"
    if not path.is_file():
        raise CorruptModel(f"The model {card.id} lacks its file {file.name}", advice)
    # Read once, so that what was checked is what is used; no file stays open or mapped.
    with reading(path):
        data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise CorruptModel(
            f"The file {file.name} of the model {card.id} was changed or damaged: "
            "its hash is not the one on the model card",
            advice,
        )
    try:
        return load(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise CorruptModel(
            f"The file {file.name} of the model {card.id} holds no tensors ({error})", advice
        ) from error


def _identity(files: tuple[WeightsFile, ...]) -> str:
    return hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()


def _remove_others(folder: Path, names: set[str]) -> None:
    for path in folder.glob("weights-*.safetensors"):
        if path.name not in names:
            path.unlink(missing_ok=True)
