"""A network that learns: its live weights, its Adam, and all of that as a state."""

import math
from typing import Any

import torch
from torch import nn

ADAM_BETAS = (0.9, 0.99)


class Learner:
    """A network and its Adam; the whole state can be taken out and put back, bit for bit."""

    def __init__(
        self,
        network: nn.Module,
        betas: tuple[float, float] = ADAM_BETAS,
        weight_decay: float = 0.0,
    ) -> None:
        self.network = network
        self.updates = 0
        """How many times the weights were changed."""
        self._optimizer = torch.optim.Adam(
            network.parameters(), lr=0.0, betas=betas, weight_decay=weight_decay
        )

    def forget_gradients(self) -> None:
        """Begin a new step."""
        self._optimizer.zero_grad(set_to_none=True)

    def update(self, rate: float, clip_norm: float) -> bool:
        """Change the weights by their gradients, shortened to a norm.

        Returns:
            False, and nothing is changed, where the gradients are not finite.
        """
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), clip_norm)
        if not math.isfinite(float(norm)):
            return False
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self.updates += 1
        return True

    def state(self) -> dict[str, Any]:
        """Give copies of the weights, the buffers and both moments, and the count of updates."""
        named = dict(self.network.named_parameters())
        return {
            "updates": self.updates,
            "live": {name: value.detach().clone() for name, value in named.items()},
            "buffers": {name: value.clone() for name, value in self.network.named_buffers()},
            "first_moment": {name: self._moment(value, "exp_avg") for name, value in named.items()},
            "second_moment": {
                name: self._moment(value, "exp_avg_sq") for name, value in named.items()
            },
        }

    @torch.no_grad()
    def take(self, state: dict[str, Any]) -> None:
        """Go on from a state; its tensors are copied."""
        self.updates = state["updates"]
        for name, value in self.network.named_buffers():
            value.copy_(state["buffers"][name])
        for name, value in self.network.named_parameters():
            value.copy_(state["live"][name])
            self._optimizer.state[value] = {
                "step": torch.tensor(float(self.updates)),
                "exp_avg": torch.empty_like(value).copy_(state["first_moment"][name]),
                "exp_avg_sq": torch.empty_like(value).copy_(state["second_moment"][name]),
            }

    def _moment(self, parameter: nn.Parameter, name: str) -> torch.Tensor:
        known = self._optimizer.state
        return known[parameter][name].clone() if parameter in known else torch.zeros_like(parameter)
