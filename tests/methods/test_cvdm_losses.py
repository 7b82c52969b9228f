"""The terms of the training of CVDM, against closed forms, and the traps of the published code."""

import pytest
import torch

from superlens.methods.cvdm import losses
from superlens.methods.cvdm.diffusion import Estimate
from superlens.methods.cvdm.sampling import Variance, reversal
from superlens.methods.cvdm.schedule import (
    CurvePoint,
    Level,
    LinearCurve,
    MonotoneCurve,
    level_of_log_snr,
    schedule_at,
)

DOUBLE = torch.float64


def _level(gamma):
    return Level(torch.tensor(gamma, dtype=DOUBLE).log().reshape(1, 1, 1, 1))


def test_rate_that_is_the_derivative_costs_nothing():
    with torch.no_grad():
        rho = MonotoneCurve().double()(torch.rand(3, 1, 1, 1, dtype=DOUBLE))
    tau = CurvePoint(rho.slope, rho.bend, rho.bend)

    error = losses.rate_error(torch.full((3, 1, 4, 4), 1.3, dtype=DOUBLE), rho, tau)

    assert float(error.max()) < 1e-12


def test_rate_that_is_off_costs_its_square():
    rho = CurvePoint(*(torch.full((1, 1, 1, 1), value, dtype=DOUBLE) for value in (0.5, 2.0, 0.0)))
    tau = CurvePoint(*(torch.full((1, 1, 1, 1), value, dtype=DOUBLE) for value in (2.5, 0.0, 0.0)))
    rate = torch.full((1, 1, 2, 2), 2.0, dtype=DOUBLE)

    error = losses.rate_error(rate, rho, tau)

    # (lambda gamma (tau - rho'))^2 with gamma = exp(-1).
    assert float(error) == pytest.approx((2 * 0.36787944117 * 0.5) ** 2, rel=1e-9)


def test_every_element_of_a_batch_has_its_curvature():
    """The published code bends the schedule of the first element alone."""
    rate = torch.full((4, 1, 3, 3), 1.5, requires_grad=True)
    point = schedule_at(rate, LinearCurve()(torch.rand(4, 1, 1, 1) * 0.8))

    losses.curvature(point).mean().backward()

    assert rate.grad is not None
    assert (rate.grad.abs().flatten(1).sum(1) > 0).all()


def test_curvature_of_a_straight_line_is_nothing():
    t = torch.rand(5, 1, 1, 1, dtype=DOUBLE) * 0.9
    point = schedule_at(torch.ones(5, 1, 2, 2, dtype=DOUBLE), LinearCurve()(t))

    assert float(losses.curvature(point).max()) < 1e-18


@pytest.mark.parametrize("gamma", [1e-6, 1e-4, 0.01, 0.5, 0.99])
def test_prior_is_the_divergence_of_two_gaussians(gamma):
    target = torch.tensor([-1.5, -0.2, 0.0, 1.0], dtype=DOUBLE).reshape(1, 1, 2, 2)

    found = losses.prior_divergence(_level(gamma), target)

    q = torch.distributions.Normal(gamma**0.5 * target, (1 - gamma) ** 0.5)
    p = torch.distributions.Normal(torch.zeros_like(target), torch.ones_like(target))
    expected = torch.distributions.kl_divergence(q, p).mean()
    assert float(found) == pytest.approx(float(expected), rel=1e-6, abs=1e-15)
    assert float(found) >= 0


def test_prior_is_that_of_the_evidence_bound_and_not_its_reverse():
    """At gamma = 0.99 the two directions are 1.9 and 59.6 for y = 0.5; near 0 they agree."""
    target = torch.full((1, 1, 1, 1), 0.5, dtype=DOUBLE)

    def reverse(gamma):
        rest = 1 - gamma
        return 0.5 * (-1 + torch.log(rest) + 1 / rest + gamma * 0.25 / rest)

    far = float(losses.prior_divergence(_level(0.99), target))
    near = float(losses.prior_divergence(_level(1e-4), target))

    assert far == pytest.approx(1.93, abs=0.01)
    assert float(reverse(torch.tensor(0.99, dtype=DOUBLE))) == pytest.approx(59.6, abs=0.1)
    assert near == pytest.approx(float(reverse(torch.tensor(1e-4, dtype=DOUBLE))), rel=1e-3)


def test_ends_are_held_at_one_and_nothing():
    assert float(losses.ends_error(_level(1 - 1e-12), _level(1e-12))) < 1e-20
    assert float(losses.ends_error(_level(0.9), _level(0.2))) == pytest.approx(0.01 + 0.04)


def test_velocity_error_is_noise_error_and_image_error():
    generator = torch.Generator().manual_seed(1)
    y, eps, v = torch.randn((3, 2, 1, 4, 4), generator=generator, dtype=DOUBLE)
    level = level_of_log_snr(torch.tensor([-3.0, 2.0], dtype=DOUBLE).reshape(2, 1, 1, 1))
    signal, drowned = level.gamma.sqrt(), level.rest.sqrt()
    z = signal * y + drowned * eps
    estimate = Estimate(signal * z - drowned * v, drowned * z + signal * v)

    found = losses.velocity_error(estimate, eps, y)

    true_v = signal * eps - drowned * y
    assert torch.allclose(found, ((v - true_v) ** 2).flatten(1).mean(1))


def test_doubt_is_best_where_it_is_the_expected_square_of_the_error():
    generator = torch.Generator().manual_seed(1)
    y, eps = torch.randn((2, 1, 1, 100, 100), generator=generator, dtype=DOUBLE)
    off = 0.3 * torch.randn(y.shape, generator=generator, dtype=DOUBLE)
    signal, drowned = 0.6, 0.8

    def surprise(doubt):
        w = torch.full_like(y, doubt, requires_grad=True)
        # v hat = v + off.
        estimate = Estimate(y - drowned * off, eps + signal * off, w)
        value = losses.doubt_error(estimate, eps, y)
        value.backward()
        return float(value.detach()), float(w.grad.sum())

    mean = float((off**2).mean())
    assert surprise(mean)[0] < min(surprise(0.8 * mean)[0], surprise(1.25 * mean)[0])
    assert surprise(mean)[1] == pytest.approx(0, abs=1e-9)


def test_network_without_doubt_pays_nothing_for_it():
    nothing = torch.zeros(2, 1, 4, 4)

    assert losses.doubt_error(Estimate(nothing, nothing), nothing, nothing + 1).tolist() == [0, 0]


def test_divergences_of_all_steps_telescope():
    """Sum of (SNR(s) - SNR(t)) / 2 over any steps is that of the two ends (VDM, Eq. 14)."""
    for steps in (10, 1000, 10_000):
        levels = level_of_log_snr(torch.linspace(11.5, -9.2, steps, dtype=DOUBLE))
        ratio = levels.gamma / levels.rest

        total = 0.5 * (ratio[:-1] - ratio[1:]).sum()

        assert float(total) == pytest.approx(float(0.5 * (ratio[0] - ratio[-1])), rel=1e-12)


def test_divergence_of_a_step_is_half_the_difference_of_the_ratios():
    """KL between two posteriors with the same variance and means of y and y hat."""
    noisier, cleaner = _level(0.3), _level(0.5)
    back = reversal(noisier, cleaner, Variance.POSTERIOR)
    error = 0.7

    found = (back.from_image * error) ** 2 / (2 * back.deviation**2)

    ratio = 0.5 / 0.5 - 0.3 / 0.7
    assert float(found) == pytest.approx(0.5 * ratio * error**2, rel=1e-12)


def test_continuous_bound_equals_the_telescoped_one():
    """Half the integral of beta / (1 - gamma) (eps - eps_hat)^2 dt, for a constant image error."""
    curve, rate = MonotoneCurve().double().requires_grad_(False), 1.3
    t = torch.linspace(0.05, 0.99, 40_001, dtype=DOUBLE)
    rho = curve(t)
    level = schedule_at(rate, rho).level
    error = 0.4
    noise_error = level.gamma / level.rest * error**2
    weight = rate * rho.slope / level.rest
    integral = 0.5 * torch.trapezoid(weight * noise_error, t)

    ratio = level.gamma / level.rest
    expected = 0.5 * (ratio[0] - ratio[-1]) * error**2

    # The trapezium's error with steps of 2.4e-5 is well below 1e-4.
    assert float(integral) == pytest.approx(float(expected), rel=1e-4)
