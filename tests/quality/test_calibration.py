"""Calibration measures against spreads whose faults are known."""

import numpy as np
import pytest
from scipy import ndimage

from superlens.core.errors import InvalidInput
from superlens.quality.calibration import (
    auce,
    ause,
    calibration,
    conformal_factor,
    coverage,
    ence,
    ence_floor,
    independent_pixels,
    nll,
    sparsification,
    temperature,
)

PIXELS = 200_000


@pytest.fixture(scope="module")
def field():
    """Give mean, true spread and truth of independent pixels."""
    rng = np.random.default_rng(0)
    spread = rng.gamma(4, 0.02, PIXELS) + 0.01
    mean = rng.random(PIXELS)
    return mean, spread, mean + spread * rng.standard_normal(PIXELS)


def test_honest_spread_covers_what_it_claims(field):
    mean, spread, truth = field

    # Binomial standard deviation over 200,000 pixels: 0.0011.
    assert coverage(mean, spread, truth) == pytest.approx((0.5, 0.683, 0.9, 0.95), abs=0.004)
    assert auce(mean, spread, truth) < 0.002
    assert ence(mean, spread, truth) < 2 * ence_floor(PIXELS)


def test_spread_halved_is_caught(field):
    mean, spread, truth = field

    found = calibration(mean, spread / 2, truth)

    assert found.ence == pytest.approx(0.9975, abs=0.02)
    assert found.coverage[-1] == pytest.approx(0.674, abs=0.005)
    assert found.temperature == pytest.approx(2.0, abs=0.01)


def test_spread_doubled_is_caught(field):
    mean, spread, truth = field

    found = calibration(mean, 2 * spread, truth)

    assert found.ence == pytest.approx(0.5006, abs=0.005)
    assert found.coverage[-1] == pytest.approx(1.0, abs=0.001)


def test_ranking_does_not_depend_on_the_size_of_the_spread(field):
    mean, spread, truth = field

    areas = [ause(mean, factor * spread, truth) for factor in (0.5, 1.0, 2.0)]

    # Independent implementations of the area agree to about 1 %.
    assert areas == pytest.approx([0.2682] * 3, rel=0.015)


def test_constant_spread_looks_calibrated_but_ranks_nothing(field):
    mean, spread, truth = field
    constant = np.full(PIXELS, np.sqrt((spread**2).mean()))

    assert ence(mean, constant, truth) < 0.02
    assert ause(mean, constant, truth) == pytest.approx(0.616, rel=0.015)


def test_spread_equal_to_the_error_ranks_perfectly(field):
    mean, _, truth = field

    assert ause(mean, np.abs(mean - truth) + 1e-9, truth) == pytest.approx(0.0, abs=1e-6)


def test_sparsification_without_a_ranking_drops_at_random(field):
    mean, spread, truth = field
    random = np.random.default_rng(5).random(PIXELS) + 0.5

    curves = sparsification(mean, random, truth)

    assert curves.by_spread[0] == curves.by_error[0] == 1.0
    # 99 % dropped leave 2000 pixels: 2 % error of their mean.
    assert curves.by_spread == pytest.approx(np.ones(100), abs=0.06)
    assert np.all(np.diff(curves.by_error) < 0)
    assert np.all(sparsification(mean, spread, truth).by_spread[1:] < 1.0)


def test_picture_without_error_has_nothing_to_rank():
    assert ause(np.zeros(500), np.ones(500), np.zeros(500)) == 0.0


def test_likelihood_is_best_for_the_true_spread(field):
    mean, spread, truth = field

    # Entropy of a Gaussian: log(sigma) + (1 + log 2 pi) / 2.
    expected = np.log(spread).mean() + (1 + np.log(2 * np.pi)) / 2
    assert nll(mean, spread, truth) == pytest.approx(expected, abs=0.005)
    assert nll(mean, 0.8 * spread, truth) > expected + 0.03
    assert nll(mean, 1.25 * spread, truth) > expected + 0.03


def test_variance_of_scores_tells_the_size(field):
    mean, spread, truth = field

    found = [calibration(mean, factor * spread, truth).z_variance for factor in (0.5, 1.0, 2.0)]

    assert found == pytest.approx([4.0, 1.0, 0.25], rel=0.01)


@pytest.mark.parametrize("sigma", [0.0, 1.5, 3.0])
def test_correlated_pixels_count_for_fewer(sigma):
    noise = np.random.default_rng(0).standard_normal((512, 512))
    noise = ndimage.gaussian_filter(noise, sigma, mode="wrap") if sigma else noise
    noise /= noise.std()

    found = independent_pixels(np.zeros_like(noise), np.ones_like(noise), noise)

    # The square of such noise correlates as exp(-r^2 / 2 sigma^2), of volume 2 pi sigma^2.
    assert noise.size / found == pytest.approx(max(2 * np.pi * sigma**2, 1.0), rel=0.15)


def test_perfect_spread_of_correlated_pixels_stays_near_its_floor():
    rng = np.random.default_rng(0)
    noise = ndimage.gaussian_filter(rng.standard_normal((512, 512)), 2.0, mode="wrap")
    spread = np.exp(0.5 * ndimage.gaussian_filter(rng.standard_normal((512, 512)), 20.0) * 30)
    truth = spread * noise / noise.std()
    nothing = np.zeros_like(truth)

    found = ence(nothing, spread, truth)

    assert found > 3 * ence_floor(truth.size)
    assert found < 2 * ence_floor(independent_pixels(nothing, spread, truth))


def test_temperature_repairs_the_size(field):
    mean, spread, truth = field
    wrong = 0.3 * spread

    repaired = wrong * temperature(mean, wrong, truth)

    assert coverage(mean, repaired, truth)[2] == pytest.approx(0.9, abs=0.005)


def test_conformal_factor_covers_new_pixels_of_any_shape():
    rng = np.random.default_rng(1)
    errors = rng.standard_t(3, 40_000)
    calibrate, test = errors[:1000], errors[1000:]

    factor = conformal_factor(np.zeros(1000), np.ones(1000), calibrate, 0.9)

    # Beta(901, 100): standard deviation 0.0095.
    assert (np.abs(test) <= factor).mean() == pytest.approx(0.9, abs=0.03)


def test_conformal_factor_of_too_few_pixels_is_infinite():
    assert conformal_factor([0.0] * 5, [1.0] * 5, [0.1] * 5, 0.95) == float("inf")


def test_floor_is_the_error_of_a_perfect_spread():
    assert ence_floor(20_000, bins=20) == pytest.approx(0.0178, abs=0.0001)


@pytest.mark.parametrize("spread", [np.zeros(4), np.full(4, np.nan), np.ones(5)])
def test_impossible_spreads_are_refused(spread):
    with pytest.raises(InvalidInput):
        calibration(np.zeros(4), spread, np.zeros(4))


def test_too_few_pixels_are_refused():
    with pytest.raises(InvalidInput, match="50 pixels"):
        ence(np.zeros(50), np.ones(50), np.zeros(50))
