"""Memory for time: dense blocks that are computed again when their gradients are needed."""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from superlens.methods.resrgan.generator import Generator


def recomputing(network: Generator) -> None:
    """Make a generator keep only the inputs of its blocks while it learns.

    Answers, gradients and the names of tensors stay the same.
    """
    network.body = _Recomputed(*network.body)


class _Recomputed(nn.Sequential):
    def forward(self, input: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            return super().forward(input)
        for block in self:
            input = checkpoint(block, input, use_reentrant=False)  # pyright: ignore[reportAssignmentType] # what a block gives
        return input
