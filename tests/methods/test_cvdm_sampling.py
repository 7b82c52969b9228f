"""Going back from noise to image: exact steps, and toys whose posterior is known in closed form."""

import math
from itertools import pairwise

import pytest
import torch

from superlens.methods.cvdm.architecture import Architecture
from superlens.methods.cvdm.diffusion import Schedule, estimate_from
from superlens.methods.cvdm.parameters import CvdmRestoreParams, Mode, Prediction, Sampler
from superlens.methods.cvdm.sampling import (
    Variance,
    ancestral_course,
    calibrated_course,
    reversal,
)
from superlens.methods.cvdm.schedule import (
    LARGEST_LOG_GAMMA,
    LEAST_LOG_GAMMA,
    CosineCurve,
    Level,
    LinearCurve,
    level_of_log_snr,
)

DOUBLE = torch.float64
NOTHING = torch.zeros((), dtype=DOUBLE)
VARIANCES = (1e-3, 1e-2, 0.1, 0.5)


def _linear(steps):
    """Levels evenly in gamma, what a learnt schedule tends to."""
    return [
        Level(torch.log1p(-torch.tensor(k / steps, dtype=DOUBLE))).bounded()
        for k in range(steps, 0, -1)
    ]


def _even(steps):
    return [level(NOTHING) for level in calibrated_course(steps).levels]


def _expected_variance(levels, variance, v):
    """The variance of samples with the exact predictor for y ~ N(m, v): a linear recursion."""
    spread = 1.0
    for noisier, cleaner in pairwise(levels):
        back = reversal(noisier, cleaner, variance)
        slope = back.from_image * _gain(noisier, v) + back.from_state
        spread = slope**2 * spread + back.deviation**2
    return float(_gain(levels[-1], v) ** 2 * spread)


def _gain(level, v):
    """y hat = m + gain (z - sqrt(gamma) m) for y ~ N(m, v)."""
    return level.gamma.sqrt() * v / (level.gamma * v + level.rest)


def _drawn(levels, variance, image_of, shape, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def noise():
        return torch.randn(shape, generator=generator, dtype=DOUBLE)

    state = noise()
    for noisier, cleaner in pairwise(levels):
        back = reversal(noisier, cleaner, variance)
        state = back.apply(image_of(state, noisier), state, noise())
    return image_of(state, levels[-1])


# Relative errors of the standard deviation, from the table of a separate calculation. Their last
# digit is a percent; 1e-3 on the straight line hangs on the last level, so it is left out.
PUBLISHED_TABLE = [
    (_linear, 50, Variance.POSTERIOR, (None, -0.45, -0.15, -0.06)),
    (_linear, 200, Variance.POSTERIOR, (None, -0.24, -0.06, -0.02)),
    (_linear, 500, Variance.POSTERIOR, (None, -0.15, -0.03, -0.01)),
    (_even, 25, Variance.GEOMETRIC, (0.01, 0.005, -0.03, -0.08)),
    (_even, 50, Variance.GEOMETRIC, (0.0, 0.0, -0.02, -0.04)),
    (_even, 100, Variance.GEOMETRIC, (0.0, 0.0, -0.01, -0.02)),
]


@pytest.mark.parametrize(("grid", "steps", "variance", "expected"), PUBLISHED_TABLE)
def test_spread_of_an_exact_predictor_is_as_tabulated(grid, steps, variance, expected):
    for v, error in zip(VARIANCES, expected, strict=True):
        found = math.sqrt(_expected_variance(grid(steps), variance, v) / v) - 1
        if error is not None:
            assert found == pytest.approx(error, abs=0.006)


@pytest.mark.parametrize("v", [*VARIANCES, 1.0, 4.0, 30.0])
@pytest.mark.parametrize("steps", [10, 25, 30])
def test_spread_is_exact_in_few_steps_where_the_doubt_is_known(v, steps):
    """Var(y | z_t) / (1 - gamma_t) of a Gaussian is v / (gamma_t v + 1 - gamma_t)."""
    spread, levels = 1.0, _even(steps)
    for noisier, cleaner in pairwise(levels):
        doubt = v / (noisier.gamma * v + noisier.rest)
        back = reversal(noisier, cleaner, Variance.GEOMETRIC, doubt)
        slope = back.from_image * _gain(noisier, v) + back.from_state
        spread = slope**2 * spread + back.deviation**2
    found = float(_gain(levels[-1], v) ** 2 * spread)

    # What is left is the last answer, 1e-5 from clean, and the start, 1e-4 from pure noise.
    assert math.sqrt(found / v) == pytest.approx(1, abs=0.006)


def test_straight_line_in_200_steps_loses_an_eighth_of_the_variance():
    assert _expected_variance(_linear(200), Variance.POSTERIOR, 0.1) == pytest.approx(
        0.0879, abs=2e-4
    )


@pytest.mark.parametrize("v", VARIANCES)
def test_samples_of_a_gaussian_have_its_mean_and_the_predicted_spread(v):
    m, levels = 0.7, _even(30)

    def image_of(state, level):
        return m + _gain(level, v) * (state - level.gamma.sqrt() * m)

    drawn = _drawn(levels, Variance.GEOMETRIC, image_of, (40_000,))

    # 40,000 draws: the mean to 0.5 % of the spread, the spread to 0.35 %; three times that.
    assert float(drawn.mean()) == pytest.approx(m, abs=0.015 * math.sqrt(v) + 1e-4)
    expected = math.sqrt(_expected_variance(levels, Variance.GEOMETRIC, v))
    assert float(drawn.std()) == pytest.approx(expected, rel=0.011)


@pytest.mark.parametrize("v", VARIANCES)
@pytest.mark.parametrize("steps", [25, 30, 50])
def test_intervals_of_few_steps_cover_within_three_points(v, steps):
    """Coverage of the central intervals of a Gaussian whose spread is a little off."""
    ratio = math.sqrt(_expected_variance(_even(steps), Variance.GEOMETRIC, v) / v)
    for nominal in (0.5, 0.68, 0.9, 0.95):
        edge = math.sqrt(2) * torch.erfinv(torch.tensor(nominal, dtype=DOUBLE)) * ratio

        assert float(torch.erf(edge / math.sqrt(2))) == pytest.approx(nominal, abs=0.04)
        if steps >= 30:
            assert float(torch.erf(edge / math.sqrt(2))) == pytest.approx(nominal, abs=0.032)


def test_two_answers_are_both_found_and_nothing_between():
    a, levels = 0.5, _even(100)

    def image_of(state, level):
        signal = level.gamma.sqrt()
        return a * torch.tanh(a * signal * state / level.rest)

    drawn = _drawn(levels, Variance.GEOMETRIC, image_of, (40_000,))

    assert float(drawn.mean()) == pytest.approx(0, abs=0.01)
    assert float(drawn.std()) == pytest.approx(0.5, abs=0.002)
    assert float((drawn.abs() - a).abs().max()) < 0.05
    assert float((drawn > 0).double().mean()) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("variance", list(Variance))
def test_certain_image_is_given_whatever_the_noise(variance):
    truth = torch.tensor([-1.0, 0.3, 2.0], dtype=DOUBLE)

    drawn = _drawn(_even(10), variance, lambda state, level: truth, (3,))

    assert torch.equal(drawn, truth)


def test_posterior_step_is_the_noisy_one_of_ddim():
    """z = sqrt(g_s) y + sqrt(1 - g_s - sigma^2) eps_hat + sigma n: the same numbers."""
    generator = torch.Generator().manual_seed(0)
    z, eps_hat, n = torch.randn((3, 1, 1, 4, 4), generator=generator, dtype=DOUBLE)
    rate = torch.rand((1, 1, 4, 4), generator=generator, dtype=DOUBLE) + 0.5
    t, s = (Level(-rate * value) for value in (2.0, 1.8))
    y_hat = (z - t.rest.sqrt() * eps_hat) / t.gamma.sqrt()

    back = reversal(t, s, Variance.POSTERIOR)

    sigma = back.deviation
    assert (s.rest - sigma**2 >= 0).all()
    expected = s.gamma.sqrt() * y_hat + (s.rest - sigma**2).sqrt() * eps_hat + sigma * n
    assert torch.allclose(back.apply(y_hat, z, n), expected, atol=1e-12)
    # And the published ancestral form.
    alpha = t.gamma / s.gamma
    ancestral = (z - (1 - alpha) / t.rest.sqrt() * eps_hat) / alpha.sqrt() + sigma * n
    assert torch.allclose(back.apply(y_hat, z, n), ancestral, atol=1e-12)


def test_variance_of_a_step_belongs_to_that_step():
    """The published package takes the variance of the step before."""
    levels = _linear(200)
    noisier, cleaner = levels[-5], levels[-4]

    deviation = reversal(noisier, cleaner, Variance.POSTERIOR).deviation

    expected = cleaner.rest / noisier.rest * (1 - noisier.gamma / cleaner.gamma)
    assert float(deviation**2) == pytest.approx(float(expected), rel=1e-9)


def test_calibrated_levels_are_even_and_end_clean():
    course = calibrated_course(30)
    levels = [level(NOTHING) for level in course.levels]
    log_snrs = torch.stack([level.log_snr for level in levels]).flatten()

    assert course.steps == 30
    assert not course.needs_rate
    assert float(log_snrs[0]) == pytest.approx(-9.2)
    assert float(log_snrs[-1]) == pytest.approx(11.5)
    assert torch.allclose(log_snrs.diff(), log_snrs.diff()[0])
    # So clean that spreads of 3 % of the target's (v = 1e-3) lose half a percent at the end.
    assert float(levels[-1].rest) < 0.011 * 1e-3


@pytest.mark.parametrize("mode", list(Mode))
def test_published_sampler_walks_down_a_schedule_to_its_end(mode):
    schedule = Schedule(Architecture(mode=mode, levels=1, width=4, rate_width=4))
    schedule.initialise(torch.Generator().manual_seed(0))
    course = ancestral_course(schedule, 50)
    rate = torch.tensor([0.5, 1.0, 4.0]).reshape(1, 1, 1, 3)

    with torch.no_grad():
        gammas = torch.stack([level(rate).log_gamma for level in course.levels])

    assert course.steps == 50
    assert (gammas.diff(dim=0) >= 0).all()
    assert float(gammas.min()) >= LEAST_LOG_GAMMA - 1e-5
    assert float(gammas.max()) <= LARGEST_LOG_GAMMA + 1e-9
    assert course.needs_rate == (mode in (Mode.CONSISTENT, Mode.PAPER))


@pytest.mark.parametrize(
    ("mode", "curve"), [(Mode.FIXED_LINEAR, LinearCurve()), (Mode.FIXED_COSINE, CosineCurve())]
)
def test_fixed_schedules_are_what_they_are_called(mode, curve):
    schedule = Schedule(Architecture(mode=mode, levels=1, width=4))
    level = ancestral_course(schedule, 4).levels[1](torch.ones(1, 1, 1, 1))

    assert float(level.log_gamma) == pytest.approx(-float(curve(torch.tensor(0.75)).value))
    assert not list(schedule.parameters())


def test_product_of_the_published_sampler_differs_from_the_schedule_by_euler():
    """beta constant at 5: the product of 200 factors is 6.32e-3, exp(-5) is 6.74e-3."""

    class Constant(torch.nn.Module):
        def forward(self, t):
            return type("P", (), {"value": torch.full_like(t, 5.0)})

    schedule = Schedule(Architecture(mode=Mode.PAPER, levels=1, width=4, rate_width=4))
    schedule.tau = Constant()

    level = ancestral_course(schedule, 200).levels[0](torch.ones(1, 1, 1, 1))

    assert float(level.gamma) == pytest.approx(0.975**200, rel=1e-4)


@pytest.mark.parametrize("prediction", list(Prediction))
def test_image_and_noise_of_an_estimate_make_up_the_state(prediction):
    generator = torch.Generator().manual_seed(3)
    state, answer = torch.randn((2, 1, 1, 8, 8), generator=generator, dtype=DOUBLE)
    level = level_of_log_snr(torch.full((1, 1, 8, 8), -1.0, dtype=DOUBLE))

    found = estimate_from(answer, state, level, prediction)

    again = level.gamma.sqrt() * found.image + level.rest.sqrt() * found.noise
    assert torch.allclose(again, state)


def test_velocity_stays_exact_where_noise_does_not():
    """At the noisiest level a noise that is off by 0.01 makes the image off by 1."""
    level = level_of_log_snr(torch.tensor(-9.2, dtype=DOUBLE).reshape(1, 1, 1, 1))
    state, answer = torch.zeros((2, 1, 1, 1, 1), dtype=DOUBLE)

    def moved(prediction):
        off = estimate_from(answer + 0.01, state, level, prediction).image
        return float((off - estimate_from(answer, state, level, prediction).image).abs())

    assert moved(Prediction.NOISE) == pytest.approx(1.0, rel=0.01)
    assert moved(Prediction.VELOCITY) == pytest.approx(0.01, rel=0.01)


def test_steps_are_automatic_unless_set():
    assert CvdmRestoreParams().step_count == 30
    assert CvdmRestoreParams(Sampler.ANCESTRAL).step_count == 200
    assert CvdmRestoreParams(Sampler.ANCESTRAL, 7).step_count == 7
