"""What the feature networks of others have in common: state in, frozen network out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from superlens.core.errors import CorruptModel


def frozen(network: nn.Module, tensors: Mapping[str, NDArray[Any]], name: str) -> None:
    """Fill a network with its numbers and freeze it.

    Raises:
        CorruptModel: a tensor is missing, unknown, or of another shape.
    """
    state = {key: torch.from_numpy(np.asarray(value)) for key, value in tensors.items()}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise CorruptModel(
            f"The weights of {name} do not fit the network", "Import its file again", str(error)
        ) from error
    network.eval().requires_grad_(False)


def three_channels(x: Tensor) -> Tensor:
    """Repeat a single channel three times, as networks for colour want it."""
    return x.expand(-1, 3, -1, -1)


def per_channel(values: tuple[float, float, float]) -> Tensor:
    """Give three values in a shape that broadcasts over (N, 3, Y, X)."""
    return torch.tensor(values).view(1, 3, 1, 1)
