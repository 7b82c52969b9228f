"""Which named parts the weights of a model have, without reading the weights."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from superlens.core.cards import ModelCard
from superlens.core.errors import CorruptModel
from superlens.io.system_errors import reading

_LENGTH_BYTES = 8
"""A safetensors file begins with the length of its table of contents."""
_LONGEST_TABLE = 1 << 26


def model_parts(folder: Path, card: ModelCard) -> frozenset[str]:
    """Give the names of the parts of a model, such as `generator` and `fidelity`.

    Args:
        folder: of the model.
        card: its card. Hashes are not compared here.

    Raises:
        CorruptModel: a file of weights is missing or is none.
    """
    found: set[str] = set()
    for file in card.weights:
        path = folder / Path(file.name).name
        if not path.is_file():
            raise CorruptModel(
                f"The model {card.id} lacks its file {file.name}", "Install the model again"
            )
        found |= {name.partition("/")[0] for name in _table(path, card) if "/" in name}
    return frozenset(found)


def _table(path: Path, card: ModelCard) -> Iterable[str]:
    with reading(path), path.open("rb") as stream:
        length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
        content = stream.read(length) if length <= _LONGEST_TABLE else b""
    try:
        table = json.loads(content)
    except ValueError as error:
        raise CorruptModel(
            f"The file {path.name} of the model {card.id} holds no tensors",
            "Install the model again",
            str(error),
        ) from error
    return cast("dict[str, object]", table) if isinstance(table, dict) else ()
