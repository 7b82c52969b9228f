"""Resolution of single pictures against that of two exposures, and against another program."""

import numpy as np
import pytest
from scipy import ndimage

from superlens.core.errors import InvalidInput, UnsupportedImage
from superlens.quality.resolution import FrcState, Origin, frc_resolution
from superlens.quality.single_resolution import (
    binomial_resolution,
    checkerboard_resolution,
    to_photons,
)


def exposures(sigma: float, peak: float = 100.0):
    """Give two Poisson pictures of one field of blurred points, (512, 512)."""
    rng = np.random.default_rng(0)
    points = np.zeros((512, 512))
    place = rng.integers(0, 512, (2, 6553))
    points[place[0], place[1]] = rng.random(6553)
    light = ndimage.gaussian_filter(points, sigma, mode="wrap")
    light = light / light.max() * peak + 0.02 * peak
    return rng.poisson(light).astype(float), rng.poisson(light).astype(float)


@pytest.mark.parametrize("sigma", [2.5, 3.5, 5.0])
def test_checkerboard_finds_what_two_exposures_find(sigma):
    first, second = exposures(sigma)

    found = checkerboard_resolution(first, Origin.ACQUIRED)

    # The calibration was made by eye through points that scatter by some percent.
    assert found.resolution == pytest.approx(frc_resolution(first, second).resolution, rel=0.05)


@pytest.mark.parametrize(("sigma", "theirs"), [(2.5, 5.570), (3.5, 7.450), (5.0, 10.347)])
def test_checkerboard_agrees_with_another_program(sigma, theirs):
    """cubic 0.8.0, `metrics.frc_resolution(first, spacing=1.0)` of the same pictures.

    It smooths with a spline and tapers with a Hamming window, hence 3 %.
    """
    first, _ = exposures(sigma)

    assert checkerboard_resolution(first, Origin.ACQUIRED).resolution == pytest.approx(
        theirs, rel=0.03
    )


def test_checkerboard_is_in_units_of_the_pixel():
    first, _ = exposures(2.5)

    in_px, in_nm = (
        checkerboard_resolution(first, Origin.ACQUIRED, pixel).resolution for pixel in (1.0, 40.0)
    )

    assert in_nm == pytest.approx(40.0 * in_px)


def test_noise_alone_has_no_resolution():
    noise = np.random.default_rng(0).poisson(20.0, (300, 300))

    assert checkerboard_resolution(noise, Origin.ACQUIRED).state is FrcState.NO_SIGNAL
    assert binomial_resolution(noise, Origin.ACQUIRED).state is FrcState.NO_SIGNAL


def test_dealing_photons_costs_half_the_dose():
    first, second = exposures(2.5)

    dealt = binomial_resolution(first, Origin.ACQUIRED).resolution
    full = frc_resolution(first, second).resolution
    half = frc_resolution(
        *(np.random.default_rng(5).binomial(image.astype(int), 0.5) for image in (first, second))
    ).resolution

    assert dealt > full
    # Two half doses of the same field, dealt or exposed: the noise is independent in both.
    assert dealt == pytest.approx(half, rel=0.04)


def test_the_same_seed_deals_the_same():
    first, _ = exposures(2.5)

    found = [binomial_resolution(first, Origin.ACQUIRED, seed=4).resolution for _ in "ab"]

    assert found[0] == found[1]


def test_photons_come_from_counts_of_the_camera():
    photons = np.array([[0.0, 3.0], [7.0, 20.0]])

    assert np.array_equal(to_photons(100 + 2.2 * photons, 2.2, 100.0), photons)
    assert to_photons([[90.0]], 2.2, 100.0)[0, 0] == 0.0
    with pytest.raises(InvalidInput, match="0"):
        to_photons(photons, 0.0, 100.0)


def test_processed_pictures_are_refused_with_the_reason():
    first, _ = exposures(2.5)

    for judge in (checkerboard_resolution, binomial_resolution):
        with pytest.raises(UnsupportedImage, match="noise"):
            judge(first, Origin.PROCESSED)


@pytest.mark.parametrize("spoil", [lambda x: x + 0.5, lambda x: x - 1000, lambda x: x * np.nan])
def test_values_that_are_no_counts_are_refused(spoil):
    first, _ = exposures(2.5)

    with pytest.raises(InvalidInput, match="photons"):
        binomial_resolution(spoil(first), Origin.ACQUIRED)


def test_small_pictures_are_refused():
    with pytest.raises(InvalidInput, match="128"):
        checkerboard_resolution(np.zeros((200, 200)), Origin.ACQUIRED)
