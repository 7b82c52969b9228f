"""The networks of CVDM together, the forward process, and what a prediction says of the image."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from superlens.methods.cvdm.architecture import Architecture
from superlens.methods.cvdm.network import UNet
from superlens.methods.cvdm.parameters import Mode, Prediction
from superlens.methods.cvdm.schedule import Level, SchedulePoint, curve_of, schedule_at

REMAINDER_UNIT = 0.5
"""With the zero-mean option: what is left of the target is sampled in this unit (as published)."""
_LOG_DOUBT = (-14.0, 7.0)
_RATE_START = math.log(math.expm1(1.0))


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the network makes of a noisy state."""

    image: Tensor
    """y hat, in units of what is sampled."""
    noise: Tensor
    """eps hat."""
    doubt: Tensor | None = None
    """Expected square of the error of the velocity, where the network was trained to say it: the
    posterior variance of y given the state over 1 - gamma."""


class Diffusion(nn.Module):
    """The noise network, the schedule, and with the zero-mean option the mean network.

    All images in here lie on the high-resolution grid. `condition` is the enlarged image mapped to
    -1..1, with the zero-mean option followed by the mean; `target` is in units of its spread.

    Source: della Maggiora et al., ICLR 2024, arXiv:2312.02246.
    """

    def __init__(self, shape: Architecture, *, is_mixed: bool = False) -> None:
        """Build it; `is_mixed` lets convolutions compute in bfloat16."""
        super().__init__()
        self.shape = shape
        self.is_mixed = is_mixed
        seen = shape.channels * (2 if shape.zero_mean else 1)
        self.denoiser = UNet(shape, shape.channels + seen, shape.width, is_told=True)
        self.schedule = Schedule(shape)
        self.mean = (
            UNet(shape, shape.channels, shape.width, is_told=False) if shape.zero_mean else None
        )

    def initialise(self, generator: torch.Generator) -> None:
        """Draw all first weights."""
        self.denoiser.initialise(generator)
        self.schedule.initialise(generator)
        if self.mean is not None:
            self.mean.initialise(generator)

    def estimate(self, state: Tensor, condition: Tensor, level: Level) -> Estimate:
        """Say what image and noise a noisy state is made of.

        Args:
            state: (B, C, Y, X): z.
            condition: (B, C', Y, X).
            level: of the state, for all pixels or for each.
        """
        with torch.autocast(state.device.type, torch.bfloat16, enabled=self.is_mixed):
            inputs = torch.cat([state, condition], 1)
            answer = self.denoiser(inputs.contiguous(memory_format=torch.channels_last), level).to(
                state.dtype
            )
        if not self.shape.doubt:
            return estimate_from(answer, state, level, self.shape.prediction)
        answer, log_doubt = answer.chunk(2, 1)
        found = estimate_from(answer, state, level, self.shape.prediction)
        return replace(found, doubt=log_doubt.clamp(*_LOG_DOUBT).exp())

    def mean_of(self, condition: Tensor) -> Tensor:
        """Give the mean network's answer (B, C, Y, X) in units of the target's spread."""
        assert self.mean is not None
        with torch.autocast(condition.device.type, torch.bfloat16, enabled=self.is_mixed):
            return self.mean(condition).to(condition.dtype)


class Schedule(nn.Module):
    """gamma(t, x) = exp(-lambda(x) rho(t)), learnt or fixed.

    Fixed schedules have lambda = 1. In the published mode the noise rate of the sampler is
    lambda(x) tau(t) with a curve tau of its own.
    """

    def __init__(self, shape: Architecture) -> None:
        super().__init__()
        self.is_learnt = shape.mode in (Mode.CONSISTENT, Mode.PAPER)
        self.curve = curve_of(shape.mode)
        self.tau = curve_of(shape.mode) if shape.mode is Mode.PAPER else None
        self.rates = (
            UNet(shape, shape.channels, shape.rate_width, is_told=False) if self.is_learnt else None
        )

    def initialise(self, generator: torch.Generator) -> None:
        """Draw first weights: lambda begins at 1 everywhere."""
        if self.rates is not None:
            self.rates.initialise(generator)

    def rate(self, picture: Tensor) -> Tensor:
        """Give lambda (B, C, Y, X) of the enlarged image, above 0; 1 where it is fixed."""
        if self.rates is None:
            return torch.ones_like(picture)
        return functional.softplus(self.rates(picture) + _RATE_START)

    def at(self, rate: Tensor, t: Tensor, terms: int = 1) -> SchedulePoint:
        """Give the schedule at times (B, 1, 1, 1)."""
        return schedule_at(rate, self.curve(t), terms)


def estimate_from(answer: Tensor, state: Tensor, level: Level, prediction: Prediction) -> Estimate:
    """Turn a network's answer into image and noise.

    With z = sqrt(g) y + sqrt(1 - g) eps and v = sqrt(g) eps - sqrt(1 - g) y:
    y = sqrt(g) z - sqrt(1 - g) v and eps = sqrt(1 - g) z + sqrt(g) v.

    Source: Salimans, Ho, ICLR 2022, arXiv:2202.00512; appendix D.
    """
    signal, drowned = level.gamma.sqrt(), level.rest.sqrt()
    if prediction is Prediction.NOISE:
        return Estimate((state - drowned * answer) / signal, answer)
    return Estimate(signal * state - drowned * answer, drowned * state + signal * answer)


def noisy(target: Tensor, noise: Tensor, level: Level) -> Tensor:
    """Give z = sqrt(gamma) y + sqrt(1 - gamma) eps."""
    return level.gamma.sqrt() * target + level.rest.sqrt() * noise
