"""Adam for a network that takes its regulariser only every few steps."""

from typing import Any

import torch
from torch import nn

from superlens.methods.nets.learner import Learner

BETA = 0.99
LARGEST_GRADIENT = 1e5
_NO_LIMIT = 1e30


class LazyLearner:
    """A network whose Adam is slowed down as its regulariser adds updates of its own.

    Source: Karras et al., CVPR 2020, arXiv:1912.04958; appendix B, lazy regularization.
    """

    def __init__(self, network: nn.Module, rate: float, interval: int) -> None:
        """Begin; `interval`: steps between two turns of the regulariser."""
        share = interval / (interval + 1)
        self._network = network
        self._rate = rate * share
        self._learner = Learner(network, (0.0, BETA**share))

    def forget_gradients(self) -> None:
        """Begin a new update."""
        self._learner.forget_gradients()

    @torch.no_grad()
    def update(self, slowdown: float) -> bool:
        """Change the weights; give False, and change nothing, where gradients overflow.

        Single numbers that are not finite become finite: NaN 0, infinity 1e5. Parameters that the
        loss does not know have a slope of 0, so that all have seen the same number of updates.
        """
        for value in self._network.parameters():
            if value.grad is None:
                value.grad = torch.zeros_like(value)
            value.grad.nan_to_num_(0.0, LARGEST_GRADIENT, -LARGEST_GRADIENT)
        return self._learner.update(self._rate * slowdown, _NO_LIMIT)

    def state(self) -> dict[str, Any]:
        """Give copies of the weights, the buffers and both moments, and the count of updates."""
        return self._learner.state()

    def take(self, state: dict[str, Any]) -> None:
        """Go on from a state; a table that was empty is lost in a file."""
        self._learner.take({"buffers": {}, **state})
