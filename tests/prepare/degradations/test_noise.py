"""Noise of the published pipeline."""

import numpy as np
import pytest

from superlens.prepare.degradations.noise import with_gaussian_noise, with_poisson_noise


def _ramp():
    return np.repeat(np.arange(256, dtype=np.float32) / 255, 256).reshape(256, 256)


def test_gaussian_noise_has_the_asked_spread():
    flat = np.full((300, 300), 0.5, np.float32)

    noisy = with_gaussian_noise(flat, 0.05, np.random.default_rng(0))

    # 90,000 values: the standard error of a spread is 0.24 %.
    assert noisy.std() == pytest.approx(0.05, rel=0.01)
    assert noisy.mean() == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("strength", [0.1, 1.0])
def test_poisson_noise_has_the_variance_of_256_photons_over_strength_squared(strength):
    noisy = with_poisson_noise(_ramp(), strength, np.random.default_rng(0))

    row = 128  # 256 distinct levels are in the picture
    level = row / 255
    wanted = strength * np.sqrt(level / 256)
    assert noisy[row].std() == pytest.approx(wanted, rel=0.15)  # 256 values: 4.4 % standard error
    assert noisy[row].mean() == pytest.approx(level, abs=4 * wanted / 16)


def test_poisson_noise_counts_fewer_photons_in_a_picture_of_few_levels():
    two_levels = np.tile(np.float32([0.0, 0.2]), (200, 100))

    noisy = with_poisson_noise(two_levels, 0.1, np.random.default_rng(0))

    # Two levels, so two photons at full scale.
    bright = noisy[:, 1::2]
    assert bright.max() > 0.2
    assert {round(float(v), 3) for v in np.unique(bright)} <= {
        round(max(0.2 + 0.1 * (n / 2 - 0.2), 0), 3) for n in range(8)
    }
    assert (noisy[:, ::2] == 0).all()


def test_noise_is_clipped_to_the_range():
    for noisy in (
        with_gaussian_noise(_ramp(), 0.4, np.random.default_rng(1)),
        with_poisson_noise(_ramp(), 9.0, np.random.default_rng(1)),
    ):
        assert noisy.min() == 0
        assert noisy.max() == 1
