"""Fourier ring correlation against an analytic case and its known properties."""

import numpy as np
import pytest
from scipy import ndimage

from superlens.core.errors import InvalidInput
from superlens.quality.resolution import (
    FrcState,
    Threshold,
    frc_curve,
    frc_resolution,
    threshold_curve,
)


def exposures(sigma: float = 2.0, noise: float = 0.05, size: int = 512, seed: int = 0):
    """Give two pictures: white field x Gaussian, each with its own white noise."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.standard_normal((size, size)), sigma, mode="wrap")
    return tuple(field + noise * rng.standard_normal((size, size)) for _ in "ab")


def analytic(sigma: float, noise: float) -> float:
    """Solve S / (S + N) = 1/7 for S = exp(-4 pi^2 sigma^2 q^2), N = noise^2; give 1 / q."""
    q2 = np.log(1.0 / (noise**2 / 6.0)) / (4 * np.pi**2 * sigma**2)
    return 1 / np.sqrt(q2)


def test_resolution_of_the_analytic_field():
    found = frc_resolution(*exposures())

    assert analytic(2.0, 0.05) == pytest.approx(4.504, abs=0.001)
    assert found.state is FrcState.RESOLVED
    # The finite field and the smoothing over seven rings leave 2 %.
    assert found.resolution == pytest.approx(4.504, rel=0.02)


def test_half_bit_threshold_is_stricter():
    found = frc_resolution(*exposures(), threshold=Threshold.HALF_BIT)

    assert found.resolution == pytest.approx(4.66, rel=0.02)


def test_resolution_is_in_units_of_the_pixel():
    in_px, in_nm = (frc_resolution(*exposures(), pixel=pixel).resolution for pixel in (1.0, 65.0))

    assert in_nm == pytest.approx(65.0 * in_px)


def test_linear_blur_of_both_leaves_the_resolution():
    first, second = exposures()

    blurred = frc_resolution(*(ndimage.gaussian_filter(image, 0.7) for image in (first, second)))

    assert blurred.resolution == pytest.approx(frc_resolution(first, second).resolution, rel=0.02)


def test_identical_pictures_are_beyond_measure():
    first, _ = exposures()

    found = frc_resolution(first, first)

    assert found.state is FrcState.BEYOND_NYQUIST
    assert found.resolution is None


def test_unrelated_pictures_share_no_signal():
    first, _ = exposures(seed=1)
    _, second = exposures(seed=2)

    assert frc_resolution(first, second).state is FrcState.NO_SIGNAL


def test_a_shift_of_one_pixel_costs_resolution():
    first, second = exposures()

    shifted = frc_resolution(first, np.roll(second, 1, axis=0))

    assert shifted.resolution > 1.02 * frc_resolution(first, second).resolution


def test_curve_falls_from_one_to_zero():
    curve = frc_curve(*exposures())

    assert curve.correlation[0] > 0.99
    assert abs(curve.correlation[-1]) < 0.05
    assert curve.frequency[-1] == pytest.approx(0.5)


def test_thresholds_of_well_filled_rings_are_the_textbook_constants():
    many = np.array([1e12])

    assert threshold_curve(Threshold.ONE_SEVENTH, many)[0] == pytest.approx(0.142857, abs=1e-5)
    assert threshold_curve(Threshold.HALF_BIT, many)[0] == pytest.approx(0.17157, abs=1e-4)
    assert threshold_curve(Threshold.ONE_BIT, many)[0] == pytest.approx(0.33333, abs=1e-4)
    assert threshold_curve(Threshold.HALF, many)[0] == 0.5
    assert threshold_curve(Threshold.THREE_SIGMA, np.array([9.0]))[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("first", "second"),
    [(np.ones((64, 64)), np.ones((64, 64))), (np.ones((200, 200)), np.ones((128, 128)))],
)
def test_pictures_that_cannot_be_correlated_are_refused(first, second):
    with pytest.raises(InvalidInput):
        frc_resolution(first, second)
