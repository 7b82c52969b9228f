"""States from which training resumes, as files: arrays in safetensors, plain values in its header.

No pickle, and no torch: a state is nested dictionaries of arrays and plain values.
"""

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.io.atomic import replace_file
from superlens.io.system_errors import reading

_SEPARATOR = "/"
_PLAIN = "plain"
_OWNER = "owner"


def save_checkpoint(path: Path, state: dict[str, Any], owner: str) -> None:
    """Write a state, whole or not at all.

    Args:
        path: file to write; an older one is replaced.
        state: nested dictionaries of arrays and plain JSON values; keys without slashes.
        owner: says whose state it is, such as the hash of a recipe.

    Raises:
        DiskFull: there is no room.
    """
    from safetensors.numpy import save

    arrays: dict[str, NDArray[Any]] = {}
    plain: dict[str, Any] = {}
    _flatten(state, "", arrays, plain)
    header = {_PLAIN: json.dumps(plain), _OWNER: owner}
    with replace_file(path) as part:
        part.write_bytes(save(arrays, metadata=header))


def load_checkpoint(path: Path, owner: str) -> dict[str, Any] | None:
    """Read a state.

    Returns:
        The state as it was saved, or None where there is no such file.

    Raises:
        InvalidInput: the file is damaged, or the state belongs to something else.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with reading(path):
            opened: Any = safe_open(path, framework="numpy")
            with opened as file:
                header: dict[str, str] = file.metadata() or {}
                arrays = {str(name): file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        plain: dict[str, Any] = json.loads(header[_PLAIN])
    except (SafetensorError, KeyError, ValueError) as error:
        raise InvalidInput(
            f"The checkpoint {path.name} is damaged", "Train again without resuming", str(error)
        ) from error
    if header.get(_OWNER) != owner:
        raise InvalidInput(
            "The interrupted training was made from another recipe",
            "Use that recipe, or train again without resuming",
        )
    return _nested(arrays | plain)


def _flatten(
    state: dict[str, Any], prefix: str, arrays: dict[str, NDArray[Any]], plain: dict[str, Any]
) -> None:
    for key, value in state.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            inner = cast("dict[str, Any]", value)
            _flatten(inner, f"{name}{_SEPARATOR}", arrays, plain)
        elif isinstance(value, np.ndarray):
            arrays[name] = cast("NDArray[Any]", value).copy(order="C")
        else:
            plain[name] = value


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for name, value in flat.items():
        *folders, last = name.split(_SEPARATOR)
        inner = state
        for folder in folders:
            inner = inner.setdefault(folder, {})
        inner[last] = value
    return state
