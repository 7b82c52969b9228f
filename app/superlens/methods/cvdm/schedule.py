"""How much signal is left at a time and a pixel: the noise schedule, learnt or fixed.

Everything here is float32 (or float64 in tests) outside of any mixed precision. Levels are kept as
log gamma, so that neither gamma nor 1 - gamma loses digits at its end.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from superlens.methods.cvdm.parameters import Mode

LEAST_LOG_GAMMA, LARGEST_LOG_GAMMA = math.log(1e-6), math.log(0.99999)
"""Bounds of what the network sees; derivatives are taken before (card: gamma in 1e-6..0.99999)."""
_KNOTS = 32
_FIRST_TIME_END = 0.998


@dataclass(frozen=True, slots=True)
class Level:
    """A noise level: the same for all pixels, or one for each."""

    log_gamma: Tensor
    """Below 0; broadcasts with an image (B, C, Y, X)."""

    @property
    def gamma(self) -> Tensor:
        """Share of the signal in the variance."""
        return self.log_gamma.exp()

    @property
    def rest(self) -> Tensor:
        """1 - gamma, exact also near 0."""
        return -torch.expm1(self.log_gamma)

    @property
    def log_snr(self) -> Tensor:
        """Log of gamma / (1 - gamma)."""
        return self.log_gamma - self.rest.log()

    def bounded(self) -> "Level":
        """Give the level within what networks are asked for."""
        return Level(self.log_gamma.clamp(LEAST_LOG_GAMMA, LARGEST_LOG_GAMMA))


def level_of_log_snr(log_snr: Tensor) -> Level:
    """Give the level of a log signal-to-noise ratio: gamma = sigmoid(log_snr)."""
    return Level(functional.logsigmoid(log_snr))


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A function of time and its first two derivatives there."""

    value: Tensor
    slope: Tensor
    bend: Tensor


class Curve(Protocol):
    """A function of time with its derivatives."""

    def __call__(self, t: Tensor) -> CurvePoint:
        """Give the function at times 0..1, any shape."""
        ...


class MonotoneCurve(nn.Module):
    """rho(t) = t m(t), with m positive and never falling: rho(0) = 0 and rho rises strictly.

    m(t) = sp(m_0) + sp(w_0) t + sum over k of sp(w_k) sigmoid(sp(a_k) t + b_k), sp = softplus.
    Monotone by construction, whatever the weights; the derivatives are closed forms. It begins near
    rho = -log(1 - t), where gamma falls on a straight line.

    Source: della Maggiora et al., ICLR 2024, arXiv:2312.02246, for the form t m(t); here all slopes
    are made positive and the places b_k are free.
    """

    def __init__(self) -> None:
        super().__init__()
        centres = (torch.arange(_KNOTS, dtype=torch.float64) + 0.5) / _KNOTS
        steepness = torch.full((_KNOTS,), 2.0 * _KNOTS, dtype=torch.float64)
        edges = torch.arange(_KNOTS + 1, dtype=torch.float64) / _KNOTS
        steps = _straight(edges).diff().clamp_min(1e-4)
        self.start = nn.Parameter(_inverse_softplus(torch.ones(1, dtype=torch.float64)).float())
        self.tilt = nn.Parameter(torch.full((1,), -6.0))
        self.heights = nn.Parameter(_inverse_softplus(steps).float())
        self.steepness = nn.Parameter(_inverse_softplus(steepness).float())
        self.places = nn.Parameter((-steepness * centres).float())

    def forward(self, t: Tensor) -> CurvePoint:
        """Give rho, rho' and rho'' at times 0..1, any shape."""
        sp = functional.softplus
        t = t.unsqueeze(-1)
        tilt, heights, steepness = sp(self.tilt), sp(self.heights), sp(self.steepness)
        s = torch.sigmoid(steepness * t + self.places)
        rise = s * (1 - s)
        m = sp(self.start) + tilt * t + (heights * s).sum(-1, keepdim=True)
        m_slope = tilt + (heights * steepness * rise).sum(-1, keepdim=True)
        m_bend = (heights * steepness**2 * rise * (1 - 2 * s)).sum(-1, keepdim=True)
        return CurvePoint(
            (t * m).squeeze(-1),
            (m + t * m_slope).squeeze(-1),
            (2 * m_slope + t * m_bend).squeeze(-1),
        )


class LinearCurve(nn.Module):
    """rho(t) = -log(1 - t): gamma falls on a straight line."""

    def forward(self, t: Tensor) -> CurvePoint:
        """Give rho, rho' and rho'' at times 0 <= t < 1."""
        slope = 1 / (1 - t)
        return CurvePoint(-torch.log1p(-t), slope, slope**2)


class CosineCurve(nn.Module):
    """rho(t) = -2 log cos(pi t / 2): gamma is a squared cosine.

    Source: Nichol, Dhariwal, ICML 2021, arXiv:2102.09672; Eq. 17 with offset 0.
    """

    def forward(self, t: Tensor) -> CurvePoint:
        """Give rho, rho' and rho'' at times 0 <= t < 1."""
        angle = 0.5 * math.pi * t
        tangent = torch.tan(angle)
        return CurvePoint(
            -2 * torch.log(torch.cos(angle)),
            math.pi * tangent,
            0.5 * math.pi**2 * (1 + tangent**2),
        )


def curve_of(mode: Mode) -> nn.Module:
    """Give the curve in time that a mode begins with."""
    if mode is Mode.FIXED_LINEAR:
        return LinearCurve()
    if mode is Mode.FIXED_COSINE:
        return CosineCurve()
    return MonotoneCurve()


@dataclass(frozen=True, slots=True)
class SchedulePoint:
    """The schedule at a time: level and derivatives, before any bound."""

    level: Level
    slope: Tensor
    """d gamma / dt."""
    bend: Tensor
    """d2 / dt2 of the sum of gamma to the powers 1..n."""


def schedule_at(rate: Tensor | float, point: CurvePoint, terms: int = 1) -> SchedulePoint:
    """Give gamma = exp(-lambda rho) and its derivatives in time, in closed form.

    Args:
        rate: lambda(x) > 0, broadcasts with `point`.
        point: rho, rho', rho'' at the time.
        terms: n, the powers of gamma whose sum is bent.

    Source: della Maggiora et al., ICLR 2024, arXiv:2312.02246; the closed forms are
    d gamma = -lambda rho' gamma and, for gamma^i = exp(-i lambda rho),
    d2 gamma^i = gamma^i (i^2 lambda^2 rho'^2 - i lambda rho'').
    """
    log_gamma = -rate * point.value
    fall, turn = rate * point.slope, rate * point.bend
    powers = [torch.exp(i * log_gamma) * (i * i * fall**2 - i * turn) for i in range(1, terms + 1)]
    return SchedulePoint(Level(log_gamma), -fall * torch.exp(log_gamma), sum(powers[1:], powers[0]))


def _straight(t: Tensor) -> Tensor:
    """Give m = -log(1 - t) / t, 1 at its beginning."""
    t = t.clamp(1e-9, _FIRST_TIME_END)
    return -torch.log1p(-t) / t


def _inverse_softplus(value: Tensor) -> Tensor:
    return value + torch.log(-torch.expm1(-value))
