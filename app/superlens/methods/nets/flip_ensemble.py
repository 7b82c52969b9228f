"""Answers of a network to a tile in its eight poses, each turned back.

They are the samples of methods that give a single answer.
"""

import torch
from torch import nn

from superlens.core.errors import InvalidParameter
from superlens.core.method import Array
from superlens.methods.nets import dihedral


def posed_answer(network: nn.Module, tile: Array, index: int) -> Array:
    """Give the network's answer to a tile in one of eight poses, turned back.

    Args:
        network: maps (1, C, y, x) to (1, C, y * scale, x * scale).
        tile: (C, y, x).
        index: of the pose; 0 leaves the tile as it is.

    Raises:
        InvalidParameter: an index outside 0..7.
    """
    if not 0 <= index < dihedral.MEMBERS:
        raise InvalidParameter(
            f"There is no sample {index}", f"This method has samples 0 to {dihedral.MEMBERS - 1}"
        )
    device = next(network.parameters()).device
    posed = dihedral.transform(torch.from_numpy(tile).to(device), index)
    with torch.inference_mode():
        answer = network(posed.unsqueeze(0))[0]
    return dihedral.inverse(answer, index).float().contiguous().cpu().numpy()
