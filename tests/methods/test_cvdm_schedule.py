"""The noise schedule: monotone whatever its weights, with exact derivatives."""

import math
from itertools import pairwise

import pytest
import torch

from superlens.methods.cvdm.architecture import Architecture
from superlens.methods.cvdm.diffusion import Schedule, noisy
from superlens.methods.cvdm.parameters import Mode
from superlens.methods.cvdm.schedule import (
    CosineCurve,
    LinearCurve,
    MonotoneCurve,
    level_of_log_snr,
    schedule_at,
)

TIMES = torch.linspace(0, 0.995, 400, dtype=torch.float64)


def _random_curve(seed, spread=3.0):
    """Weights far from any training, with many negative biases."""
    curve = MonotoneCurve().double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in curve.parameters():
            value.add_(torch.randn(value.shape, generator=generator, dtype=value.dtype) * spread)
    return curve


@pytest.fixture(params=[LinearCurve, CosineCurve, MonotoneCurve, 0, 1, 2], ids=str)
def curve(request):
    kind = request.param
    return _random_curve(kind) if isinstance(kind, int) else kind().double()


def test_nothing_is_drowned_at_time_zero(curve):
    start = curve(torch.zeros(1, dtype=torch.float64))

    assert float(start.value.detach()) == 0
    assert float(schedule_at(3.0, start).level.gamma.detach()) == 1


def test_signal_falls_strictly_and_rate_is_never_negative(curve):
    rho = curve(TIMES)
    gamma = schedule_at(0.7, rho).level.gamma

    assert (gamma.diff() < 0).all()
    assert (rho.slope >= 0).all()


def test_closed_derivatives_agree_with_autograd_and_differences(curve):
    t = TIMES[1:-1].clone().requires_grad_()
    for terms in (1, 3):
        rate = 1.7
        point = schedule_at(rate, curve(t), terms)
        gamma = torch.exp(-rate * curve(t).value)
        total = sum(gamma**i for i in range(1, terms + 1))
        (slope,) = torch.autograd.grad(total.sum(), t, create_graph=True)
        (bend,) = torch.autograd.grad(slope.sum(), t)

        assert torch.allclose(bend, point.bend, rtol=1e-9, atol=1e-9)
        if terms == 1:
            assert torch.allclose(slope, point.slope, rtol=1e-9, atol=1e-12)
    h = 1e-4
    here, before, after = (curve(t.detach() + step).value for step in (0, -h, h))
    slope = curve(t.detach()).slope
    inner = slice(5, 300)
    # Second-order differences with h = 1e-4: relative error of h^2 times the third derivative.
    assert torch.allclose(((after - before) / (2 * h))[inner], slope[inner], rtol=1e-3)
    bend = curve(t.detach()).bend
    differences = (after - 2 * here + before) / h**2
    scale = float(bend[inner].abs().max())
    assert float((differences - bend)[inner].abs().max()) < 1e-2 * scale


def test_learnt_curve_begins_near_the_straight_line():
    gamma = torch.exp(-MonotoneCurve()(torch.linspace(0, 0.95, 20)).value)

    assert float((gamma - (1 - torch.linspace(0, 0.95, 20))).abs().max()) < 0.05


def test_curvature_of_the_straight_line_is_nothing():
    point = schedule_at(1.0, LinearCurve()(TIMES))

    assert float(point.bend.abs().max()) < 1e-9


def test_powers_of_gamma_add_up_to_the_signal_to_noise_ratio():
    gamma = torch.tensor(0.6, dtype=torch.float64)

    total = sum(gamma**i for i in range(1, 60))

    assert float(total) == pytest.approx(float(gamma / (1 - gamma)), rel=1e-9)


@pytest.mark.parametrize("mode", [Mode.CONSISTENT, Mode.PAPER])
def test_rate_begins_at_one_and_borders_are_like_the_middle(mode):
    schedule = Schedule(Architecture(mode=mode, levels=2, width=8, rate_width=4))
    schedule.initialise(torch.Generator().manual_seed(0))

    rate = schedule.rate(torch.zeros(1, 1, 16, 16))

    assert torch.allclose(rate, torch.ones_like(rate), atol=1e-6)


def test_time_is_a_number_and_so_the_same_for_every_pixel():
    """A picture of times with zeros beyond its border would bend the schedule there."""
    schedule = Schedule(Architecture(levels=1, width=4, rate_width=4))
    rate = torch.ones(2, 1, 8, 8)

    gamma = schedule.at(rate, torch.tensor([0.3, 0.7]).reshape(2, 1, 1, 1)).level.gamma

    assert float(gamma[0].max()) == float(gamma[0].min())
    assert float(gamma[0].mean()) > float(gamma[1].mean())


def test_level_keeps_its_digits_at_both_ends():
    for log_snr in (-9.2, 0.0, 11.5):
        level = level_of_log_snr(torch.tensor(log_snr, dtype=torch.float32))

        assert float(level.rest) == pytest.approx(1 / (1 + math.exp(log_snr)), rel=1e-5)
        assert float(level.gamma) == pytest.approx(1 / (1 + math.exp(-log_snr)), rel=1e-5)
        assert float(level.log_snr) == pytest.approx(log_snr, abs=1e-4)


def test_what_is_drowned_keeps_its_variance_whatever_the_pixel():
    generator = torch.Generator().manual_seed(0)
    target, noise = torch.randn((2, 40_000, 1, 2, 2), generator=generator, dtype=torch.float64)
    rate = torch.tensor([[0.2, 1.0], [3.0, 10.0]], dtype=torch.float64)
    level = schedule_at(rate, LinearCurve()(torch.tensor(0.3, dtype=torch.float64))).level

    state = noisy(target, noise, level)

    # 40,000 draws: a variance is known to 1/sqrt(20,000) = 0.7 %.
    assert torch.allclose(state.var(0), torch.ones(1, 2, 2, dtype=torch.float64), rtol=0.03)
    assert torch.allclose(level.gamma + level.rest, torch.ones(2, 2, dtype=torch.float64))


def test_many_small_steps_drown_as_one():
    """The product of alpha_k over small steps is gamma: with T steps up to terms of 1 / T."""
    log_snrs = torch.linspace(6, -6, 50, dtype=torch.float64)
    levels = [level_of_log_snr(one) for one in log_snrs]
    variance, signal = levels[0].rest, levels[0].gamma.sqrt()
    for cleaner, noisier in pairwise(levels):
        alpha = torch.exp(noisier.log_gamma - cleaner.log_gamma)
        signal, variance = signal * alpha.sqrt(), variance * alpha + 1 - alpha

    assert float(signal**2) == pytest.approx(float(levels[-1].gamma), rel=1e-12)
    assert float(variance) == pytest.approx(float(levels[-1].rest), rel=1e-12)
