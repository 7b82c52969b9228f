"""Phase B of a training: pictures that look real, against a discriminator that learns alongside."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from superlens.core.method import Run
from superlens.methods.nets import adversarial
from superlens.methods.nets.accumulation import Accumulation
from superlens.methods.nets.learner import Learner
from superlens.methods.nets.placement import placed
from superlens.methods.nets.schedule import CosineSchedule
from superlens.methods.nets.sharpening import sharpened
from superlens.methods.resrgan.discriminator import Discriminator
from superlens.methods.resrgan.generator import Generator
from superlens.methods.resrgan.parameters import GanMode, PerceptualTerm, ResrganTrainParams
from superlens.methods.resrgan.perception import VggLoss, balance, vgg_loss
from superlens.methods.resrgan.phases import (
    FLOOR_RATE,
    GeneratorSide,
    Outcome,
    Pairs,
    PhaseName,
    Tables,
    sight,
)


class RealismPhase:
    """Phase B: pixel, perceptual and adversarial losses against a U-Net discriminator.

    Source: Wang et al., Real-ESRGAN, ICCV workshops 2021, doi:10.1109/ICCVW54120.2021.00217;
    section 4.1. One discriminator step follows each generator step.
    """

    name = PhaseName.REALISM

    def __init__(
        self, network: Generator, params: ResrganTrainParams, run: Run, *, is_fresh: bool
    ) -> None:
        """Begin with the weights that the network has, and a fresh discriminator."""
        self.steps = params.gan_iterations
        self._params = params
        self._side = GeneratorSide(network, params, run.device, is_fresh=is_fresh)
        self._judge = Discriminator(1, params.discriminator_features)
        self._judge.initialise(torch.Generator().manual_seed(run.seed))
        self._opponent = Learner(placed(self._judge, run.device))
        self._parts = Accumulation(run.note)
        self._vgg: VggLoss | None = vgg_loss(params, run)
        self._matching_scale: float | None = None
        steps, warmup = params.gan_iterations, params.warmup
        self._schedule = CosineSchedule(params.gan_learning_rate, FLOOR_RATE, steps, warmup)
        self._judge_schedule = CosineSchedule(
            params.discriminator_learning_rate, FLOOR_RATE, steps, warmup
        )

    @property
    def average(self) -> Tables:
        return self._side.ema.average

    @property
    def peak_rate(self) -> float:
        return self._params.gan_learning_rate

    def advance(self, pairs: Pairs, step: int, slowdown: float) -> Outcome | None:
        self._judge.advance()
        size, clip_norm = len(pairs.low), self._params.clip_norm
        self._judge.requires_grad_(False)
        found = self._parts.over(
            size, self._side.learner.forget_gradients, lambda part: self._please(pairs, part)
        )
        losses = _added([values for _, values in found])
        rate = self._schedule.rate(step) * slowdown
        if not _all_finite(losses) or not self._side.update(rate, clip_norm):
            return None
        restored = torch.cat([one for one, _ in found])
        self._judge.requires_grad_(True)
        losses |= _added(
            self._parts.over(
                size,
                self._opponent.forget_gradients,
                lambda part: self._discern(pairs.high[part], restored[part], size),
            )
        )
        rate = self._judge_schedule.rate(step) * slowdown
        if not _all_finite(losses) or not self._opponent.update(rate, clip_norm):
            return None
        return Outcome(losses, sight(restored, pairs))

    def state(self) -> dict[str, Any]:
        return {
            "generator": self._side.state(),
            "discriminator": self._opponent.state(),
            "parts": self._parts.parts,
            "matching_scale": self._matching_scale,
        }

    def take(self, state: dict[str, Any]) -> None:
        self._side.take(state["generator"])
        self._opponent.take(state["discriminator"])
        self._parts.parts = state["parts"]
        self._matching_scale = state["matching_scale"]

    def _please(self, pairs: Pairs, part: slice) -> tuple[Tensor, dict[str, float]]:
        """Add the generator's gradients of one part."""
        params, high = self._params, pairs.high[part]
        target = sharpened(high) if params.sharpen_targets else high
        restored = self._side.restored(pairs.low[part])
        with torch.no_grad(), self._side.precision():
            real, wanted = self._judge.judge(high)
        with self._side.precision():
            fake, maps = self._judge.judge(restored)
        pixel = functional.l1_loss(restored, target)
        if params.gan_mode is GanMode.RELATIVISTIC:
            gan = adversarial.relativistic_generator_loss(real.float(), fake.float())
        else:
            gan = adversarial.vanilla_generator_loss(fake)
        losses = {"l1": params.pixel_weight * pixel, "adversarial": params.gan_weight * gan}
        if params.perceptual is not PerceptualTerm.OFF:
            if self._vgg is None:
                term = adversarial.feature_matching_loss(maps, wanted)
                term = term * self._scale_of_matching(restored, pixel, term)
            else:
                term = self._vgg(restored, target)
            losses["perceptual"] = params.perceptual_weight * term
        total = torch.stack(list(losses.values())).sum()
        share = (part.stop - part.start) / len(pairs.low)
        (total * share).backward()
        values = {name: float(value.detach()) * share for name, value in losses.items()}
        # The curve of the pixel error stays comparable with that of the first phase.
        values["l1"] = float(pixel.detach()) * share
        return restored.detach(), values

    def _discern(self, high: Tensor, restored: Tensor, size: int) -> dict[str, float]:
        """Add the discriminator's gradients of one part."""
        share = len(high) / size
        with self._side.precision():
            real = self._judge(high).float()
            fake = self._judge(restored).float()
        if self._params.gan_mode is GanMode.RELATIVISTIC:
            on_real = adversarial.relativistic_discriminator_loss(real, fake, real=True)
            on_fake = adversarial.relativistic_discriminator_loss(fake, real, real=False)
        else:
            on_real = adversarial.vanilla_discriminator_loss(real, real=True)
            on_fake = adversarial.vanilla_discriminator_loss(fake, real=False)
        loss = on_real + on_fake
        (loss * share).backward()
        return {"discriminator": float(loss.detach()) * share}

    def _scale_of_matching(self, restored: Tensor, pixel: Tensor, term: Tensor) -> float:
        if self._matching_scale is None:
            self._matching_scale = balance(restored, pixel, term)
        return self._matching_scale


def _added(losses: list[dict[str, float]]) -> dict[str, float]:
    return {name: sum(one[name] for one in losses) for name in losses[0]}


def _all_finite(losses: Mapping[str, float]) -> bool:
    return all(math.isfinite(value) for value in losses.values())
