"""Exponential moving average of the parameters of a network."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Ema:
    """The averaged parameters of a network: smoother, and usually better, than the live ones.

    While the training is young the decay is ramped up as (1 + step) / (10 + step), so that the
    random first weights do not linger in the average of a short run.
    """

    def __init__(self, network: nn.Module, decay: float, *, ramp: bool = True) -> None:
        self._decay = decay
        self._ramp = ramp
        self.average = {name: value.detach().clone() for name, value in network.named_parameters()}
        """Name to averaged tensor; only `update` and `restore` change it."""

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the live parameters after a step, counted from 0."""
        self.blend(
            network, min(self._decay, (1 + step) / (10 + step)) if self._ramp else self._decay
        )

    @torch.no_grad()
    def blend(self, network: nn.Module, decay: float) -> None:
        """Take in the live parameters with a decay of the caller's: 0 forgets all before."""
        for name, value in network.named_parameters():
            self.average[name].lerp_(value.detach(), 1 - decay)

    @torch.no_grad()
    def restore(self, average: Mapping[str, Tensor]) -> None:
        """Take over saved averages."""
        for name, value in average.items():
            self.average[name].copy_(value)

    @torch.no_grad()
    def copy_to(self, network: nn.Module) -> None:
        """Write the averaged parameters into a network of the same shape."""
        for name, value in network.named_parameters():
            value.copy_(self.average[name])
