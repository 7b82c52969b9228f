"""States of a training, nested dictionaries, with arrays in the place of tensors and back."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


def to_arrays(state: dict[str, Any]) -> dict[str, Any]:
    """Give a state with arrays in the place of tensors."""
    return {name: _to_array(value) for name, value in state.items()}


def to_tensors(state: dict[str, Any]) -> dict[str, Any]:
    """Give a state with tensors, copied, in the place of arrays."""
    return {name: _to_tensor(value) for name, value in state.items()}


def _to_array(value: Any) -> Any:
    if isinstance(value, dict):
        return to_arrays(value)
    return value.detach().cpu().contiguous().numpy() if isinstance(value, Tensor) else value


def _to_tensor(value: Any) -> Any:
    if isinstance(value, dict):
        return to_tensors(value)
    return torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value
