"""Phase A of a training: the most faithful picture, by the mean absolute error alone."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from superlens.core.method import Run
from superlens.methods.nets.accumulation import Accumulation
from superlens.methods.nets.schedule import CosineSchedule
from superlens.methods.nets.sharpening import sharpened
from superlens.methods.resrgan.generator import Generator
from superlens.methods.resrgan.parameters import ResrganTrainParams
from superlens.methods.resrgan.phases import (
    FLOOR_RATE,
    GeneratorSide,
    Outcome,
    Pairs,
    PhaseName,
    Tables,
    sight,
)


class FidelityPhase:
    """Phase A: the mean absolute error alone.

    Source: Wang et al., Real-ESRGAN, ICCV workshops 2021, doi:10.1109/ICCVW54120.2021.00217;
    section 4.1, "Real-ESRNet".
    """

    name = PhaseName.FIDELITY

    def __init__(
        self, network: Generator, params: ResrganTrainParams, run: Run, *, is_fresh: bool
    ) -> None:
        """Begin with the weights that the network has."""
        self.steps = params.iterations
        self._params = params
        self._side = GeneratorSide(network, params, run.device, is_fresh=is_fresh)
        self._parts = Accumulation(run.note)
        self._schedule = CosineSchedule(
            params.learning_rate, FLOOR_RATE, params.iterations, params.warmup
        )

    @property
    def average(self) -> Tables:
        return self._side.ema.average

    @property
    def peak_rate(self) -> float:
        return self._params.learning_rate

    def advance(self, pairs: Pairs, step: int, slowdown: float) -> Outcome | None:
        target = sharpened(pairs.high) if self._params.sharpen_targets else pairs.high
        size = len(pairs.low)

        def work(part: slice) -> tuple[Tensor, float]:
            restored = self._side.restored(pairs.low[part])
            loss = functional.l1_loss(restored, target[part])
            share = (part.stop - part.start) / size
            value = float(loss.detach()) * share
            if math.isfinite(value):
                (loss * share).backward()
            return restored.detach(), value

        found = self._parts.over(size, self._side.learner.forget_gradients, work)
        loss = sum(value for _, value in found)
        rate = self._schedule.rate(step) * slowdown
        if not math.isfinite(loss) or not self._side.update(rate, self._params.clip_norm):
            return None
        return Outcome({"l1": loss}, sight(torch.cat([one for one, _ in found]), pairs))

    def state(self) -> dict[str, Any]:
        return {"generator": self._side.state(), "parts": self._parts.parts}

    def take(self, state: dict[str, Any]) -> None:
        self._side.take(state["generator"])
        self._parts.parts = state["parts"]
