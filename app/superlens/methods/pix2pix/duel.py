"""One step of generator and discriminator against each other, and everything that it changes."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from superlens.core.method import Run, Weights
from superlens.methods.nets import adversarial
from superlens.methods.nets.accumulation import Accumulation
from superlens.methods.nets.decay import LinearDecay
from superlens.methods.nets.ema import Ema
from superlens.methods.nets.learner import Learner
from superlens.methods.nets.placement import placed
from superlens.methods.nets.seeded_dropout import draw_from
from superlens.methods.nets.settling_norm import settle
from superlens.methods.pix2pix.beginning import PART
from superlens.methods.pix2pix.discriminator import PatchDiscriminator, layers_for
from superlens.methods.pix2pix.generator import Generator
from superlens.methods.pix2pix.parameters import Pix2PixTrainParams

ADAM_BETAS = (0.5, 0.999)
_NO_LIMIT = 1e30
"""Gradients are not shortened."""
_DROPOUT_DOMAIN = 0x64726F70

Losses = dict[str, float]


class Duel:
    """The two networks, their optimisers and the average of the generator's weights.

    The generator learns first within a step, then the discriminator from what it drew; as published
    except for that order, which shifts one against the other by a step.

    Source: Isola, Zhu, Zhou, Efros, CVPR 2017, doi:10.1109/CVPR.2017.632; Eq. (4), section 3.3.
    """

    def __init__(self, network: Generator, params: Pix2PixTrainParams, run: Run, side: int) -> None:
        """Begin with a generator that has its first weights; `side` is that of true patches."""
        self.network = placed(network, run.device)
        self.schedule = LinearDecay(params.learning_rate, params.iterations, params.falling_share)
        self._params = params
        self._run = run
        self._learner = Learner(network, ADAM_BETAS)
        self._ema = Ema(network, params.ema_decay, ramp=run.base() is None)
        self.judge: PatchDiscriminator | None = None
        """None where fidelity alone is learnt."""
        self._opponent: Learner | None = None
        if params.gan_weight > 0:
            channels = network.architecture.channels
            self.judge = PatchDiscriminator(
                channels, params.discriminator_features, layers_for(side)
            )
            self.judge.initialise(torch.Generator().manual_seed(run.seed + 1))
            self._opponent = Learner(placed(self.judge, run.device), ADAM_BETAS)
        self._parts = Accumulation(self._say_parts)

    def advance(self, low: Tensor, high: Tensor, step: int, slowdown: float) -> Losses | None:
        """Do a step, counted from 0.

        Args:
            low: (N, C, y, x), normalised.
            high: (N, C, y * scale, x * scale).
            step: decides learning rates, dropout, and whether the normalisation has settled.
            slowdown: factor of the learning rates.

        Returns:
            The losses, or None where numbers were not finite: the state is then to be thrown away.
        """
        rate = self.schedule.rate(step) * slowdown
        settle(self.network, step >= self.schedule.first_falling_step)
        draw_from(self.network, _dropout_generator(self._run.seed, step))
        self.network.train()
        with torch.no_grad():
            image, truth = self.network.enlarged(low), self.network.to_units(high)
        found = self._parts.over(
            len(low),
            self._learner.forget_gradients,
            lambda part: self._please(image[part], truth[part], len(low)),
        )
        losses = _added([values for _, values in found])
        if not _all_finite(losses) or not self._learner.update(rate, _NO_LIMIT):
            return None
        self._ema.update(self.network, self._learner.updates - 1)
        if self.judge is None or self._opponent is None:
            return losses
        drawn = torch.cat([one for one, _ in found])
        judged = self._parts.over(
            len(low),
            self._opponent.forget_gradients,
            lambda part: self._discern(image[part], truth[part], drawn[part], len(low)),
        )
        losses |= _added(judged)
        if not _all_finite(losses) or not self._opponent.update(rate, _NO_LIMIT):
            return None
        return losses

    def weights(self) -> Weights:
        """Give the averaged generator as it stands."""
        tensors = {**self._ema.average, **dict(self.network.named_buffers())}
        arrays = {
            name: value.detach().cpu().contiguous().numpy().copy()
            for name, value in tensors.items()
        }
        return Weights({PART: arrays}, self.network.architecture.plain())

    @torch.no_grad()
    def averaged(self) -> Generator:
        """Give a generator with the averaged weights, ready to restore."""
        network = placed(Generator(self.network.architecture), self._run.device)
        self._ema.copy_to(network)
        known = dict(self.network.named_buffers())
        for name, value in network.named_buffers():
            value.copy_(known[name])
        return network.eval()

    def state(self) -> dict[str, Any]:
        """Give everything that changes, copied."""
        average = {name: value.clone() for name, value in self._ema.average.items()}
        state = {"generator": {**self._learner.state(), "average": average}}
        if self._opponent is not None:
            state["discriminator"] = self._opponent.state()
        return {**state, "parts": self._parts.parts}

    def take(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._learner.take(_with_buffers(state["generator"]))
        self._ema.restore(state["generator"]["average"])
        if self._opponent is not None:
            self._opponent.take(_with_buffers(state["discriminator"]))
        self._parts.parts = state["parts"]

    def _please(self, image: Tensor, truth: Tensor, size: int) -> tuple[Tensor, Losses]:
        """Add the generator's gradients of one part of a batch."""
        share = len(image) / size
        with self._precision():
            drawn = self.network.redraw(image).float()
        l1 = functional.l1_loss(drawn, truth)
        loss = self._params.l1_weight * l1
        shape = self.network.architecture
        # The curve of the error is in the units of the normalised image, as that of other methods.
        values = {"l1": float(l1.detach()) * share * (shape.white - shape.black) / 2}
        if shape.is_bounded:
            values["beyond_range"] = float((truth.abs() > 1).float().mean()) * share
        if self.judge is not None:
            self.judge.requires_grad_(False)
            with self._precision():
                verdict = self.judge(image, drawn)
            fooled = adversarial.vanilla_generator_loss(verdict)
            loss = loss + self._params.gan_weight * fooled
            values["adversarial"] = float(fooled.detach()) * share
        (loss * share).backward()
        return drawn.detach(), values

    def _discern(self, image: Tensor, truth: Tensor, drawn: Tensor, size: int) -> Losses:
        """Add the discriminator's gradients of one part of a batch."""
        assert self.judge is not None
        self.judge.requires_grad_(True)
        with self._precision():
            on_true = self.judge(image, truth)
            on_drawn = self.judge(image, drawn)
        loss = 0.5 * (
            adversarial.vanilla_discriminator_loss(on_true, real=True)
            + adversarial.vanilla_discriminator_loss(on_drawn, real=False)
        )
        share = len(image) / size
        (loss * share).backward()
        return {"discriminator": float(loss.detach()) * share}

    def _precision(self) -> torch.autocast:
        device = torch.device(self._run.device)
        return torch.autocast(device.type, torch.bfloat16, enabled=self._params.mixed_precision)

    def _say_parts(self, _: str) -> None:
        self._run.note(
            f"The memory does not hold a batch of {self._params.batch} at once, so each step "
            "computes it in parts; the normalisation then gathers its averages from fewer pictures "
            "at a time"
        )


def _dropout_generator(seed: int, step: int) -> torch.Generator:
    state = np.random.SeedSequence(seed, spawn_key=(_DROPOUT_DOMAIN, step)).generate_state(1)
    return torch.Generator().manual_seed(int(state[0]))


def _with_buffers(state: dict[str, Any]) -> dict[str, Any]:
    """Give a learner's state whole: a table that was empty is lost in a file."""
    return {"buffers": {}, **state}


def _added(losses: list[Losses]) -> Losses:
    return {name: sum(one[name] for one in losses) for name in losses[0]}


def _all_finite(losses: Mapping[str, float]) -> bool:
    return all(math.isfinite(value) for value in losses.values())
