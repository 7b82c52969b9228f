"""What the phases of a training share: what they get, what they give, and the generator's side.

A phase knows its networks and losses; it knows nothing of files, checkpoints or stopping.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from superlens.methods.nets.ema import Ema
from superlens.methods.nets.learner import Learner
from superlens.methods.nets.placement import placed
from superlens.methods.resrgan.collapse import Sight
from superlens.methods.resrgan.generator import Generator
from superlens.methods.resrgan.parameters import ResrganTrainParams
from superlens.methods.resrgan.recomputation import recomputing

FLOOR_RATE = 1e-7

Tables = dict[str, Tensor]


class PhaseName(StrEnum):
    """Which phase a training is in; written into checkpoints."""

    FIDELITY = "fidelity"
    REALISM = "realism"


@dataclass(frozen=True, slots=True)
class Pairs:
    """A batch on its device."""

    low: Tensor
    """(N, 1, y, x)."""
    high: Tensor
    """(N, 1, y * scale, x * scale)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step came to."""

    losses: dict[str, float]
    sight: Sight


class Phase(Protocol):
    """What the course of a training needs of its phases."""

    name: PhaseName
    steps: int
    """Steps of the whole phase."""

    @property
    def average(self) -> Tables:
        """The averaged weights of the generator."""
        ...

    @property
    def peak_rate(self) -> float:
        """Largest learning rate, before any is halved."""
        ...

    def advance(self, pairs: Pairs, step: int, slowdown: float) -> Outcome | None:
        """Do a step of the phase, counted from 0; None where numbers were not finite."""
        ...

    def state(self) -> dict[str, Any]:
        """Give everything that changes, copied."""
        ...

    def take(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        ...


class GeneratorSide:
    """The generator in training: network, Adam, average, precision."""

    def __init__(
        self, network: Generator, params: ResrganTrainParams, device: str, *, is_fresh: bool
    ) -> None:
        """Take over a network.

        Args:
            network: with its first weights.
            params: of the training.
            device: where it computes.
            is_fresh: whether the weights are random, so that the average should forget them.
        """
        self._device = torch.device(device)
        self._mixed = params.mixed_precision
        if params.recompute:
            recomputing(network)
        self.learner = Learner(placed(network, device))
        self.ema = Ema(network, params.ema_decay, ramp=is_fresh)

    def precision(self) -> torch.autocast:
        """Give the context in which networks of the training compute."""
        return torch.autocast(self._device.type, torch.bfloat16, enabled=self._mixed)

    def restored(self, low: Tensor) -> Tensor:
        """Enlarge (N, 1, y, x)."""
        with self.precision():
            answer = self.learner.network(low)
        return answer.float()

    def update(self, rate: float, clip_norm: float) -> bool:
        """Change the weights and their average; False where gradients are not finite."""
        if not self.learner.update(rate, clip_norm):
            return False
        self.ema.update(self.learner.network, self.learner.updates - 1)
        return True

    def state(self) -> dict[str, Any]:
        """Give everything that changes, copied."""
        average = {name: value.clone() for name, value in self.ema.average.items()}
        return {**self.learner.state(), "average": average}

    def take(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.learner.take(state)
        self.ema.restore(state["average"])


def sight(restored: Tensor, pairs: Pairs) -> Sight:
    """Say what a step's pictures show of the state of the training."""
    with torch.no_grad():
        high = pairs.high
        plain = functional.interpolate(pairs.low, size=high.shape[-2:], mode="nearest")
        values = torch.stack(
            [
                (restored - high).abs().mean(),
                (plain - high).abs().mean(),
                restored.mean(),
                high.mean(),
                high.abs().mean(),
            ]
        ).tolist()
    return Sight(*values)
