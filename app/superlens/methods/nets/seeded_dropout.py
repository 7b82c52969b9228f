"""Dropout whose mask comes from a generator that is passed, never from the global one."""

import torch
from torch import Tensor, nn


class SeededDropout(nn.Module):
    """Sets a share of the values to 0 while training and scales the others up."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.draw: torch.Generator | None = None
        """Where masks come from; on the CPU, so that every device gets the same."""

    def forward(self, x: Tensor) -> Tensor:
        """Map any shape to itself."""
        if not self.training or self.draw is None:
            return x
        kept = torch.rand(x.shape, generator=self.draw) >= self.share
        return x * kept.to(x.device) / (1 - self.share)


def draw_from(network: nn.Module, generator: torch.Generator) -> None:
    """Let all such layers of a network take their masks from a generator."""
    for part in network.modules():
        if isinstance(part, SeededDropout):
            part.draw = generator
