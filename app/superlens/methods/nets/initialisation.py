"""First values of convolutions, drawn from a generator that is passed, never a global one."""

import math

import torch
from torch import nn


def initialise_default(module: nn.Module, generator: torch.Generator) -> None:
    """Draw all convolutions of a module as PyTorch does by default: uniform in +-1/sqrt(fan-in)."""
    for conv in _convolutions(module):
        nn.init.kaiming_uniform_(conv.weight, a=math.sqrt(5), generator=generator)
        if conv.bias is not None:
            bound = 1 / math.sqrt(_fan_in(conv))
            nn.init.uniform_(conv.bias, -bound, bound, generator=generator)


def initialise_residual(module: nn.Module, generator: torch.Generator, gain: float = 0.1) -> None:
    """Draw all convolutions of a residual branch Kaiming-normal times a small gain, biases 0."""
    for conv in _convolutions(module):
        nn.init.kaiming_normal_(conv.weight, generator=generator)
        with torch.no_grad():
            conv.weight.mul_(gain)
        if conv.bias is not None:
            nn.init.zeros_(conv.bias)


def _convolutions(module: nn.Module) -> list[nn.Conv2d]:
    return [part for part in module.modules() if isinstance(part, nn.Conv2d)]


def _fan_in(conv: nn.Conv2d) -> int:
    return conv.weight[0].numel()
