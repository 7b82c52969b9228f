"""Where a network lies, and in which order its weights lie in memory."""

from typing import TypeVar

import torch
from torch import nn

NetworkT = TypeVar("NetworkT", bound=nn.Module)


def placed(network: NetworkT, device: str) -> NetworkT:
    """Move a network to a device, channels innermost: a tenth to a quarter faster on processors."""
    network.to(device)
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] # not in stubs
    return network
