"""Decorrelation analysis against another program, two exposures, and where it must be silent."""

import numpy as np
import pytest
from scipy import ndimage

from superlens.core.errors import InvalidInput
from superlens.quality.decorrelation import DecorrelationState, decorrelation
from superlens.quality.resolution import Origin, frc_resolution


def exposures(sigma: float, peak: float = 100.0):
    """Give two Poisson pictures of one field of blurred points, (512, 512)."""
    rng = np.random.default_rng(0)
    points = np.zeros((512, 512))
    place = rng.integers(0, 512, (2, 6553))
    points[place[0], place[1]] = rng.random(6553)
    light = ndimage.gaussian_filter(points, sigma, mode="wrap")
    light = light / light.max() * peak + 0.02 * peak
    return rng.poisson(light).astype(float), rng.poisson(light).astype(float)


@pytest.mark.parametrize(
    ("sigma", "peak", "theirs"),
    [(1.5, 100, 3.789), (1.5, 20, 4.337), (2.5, 100, 6.293), (3.5, 100, 8.974), (5.0, 100, 11.788)],
)
def test_resolution_agrees_with_another_program(sigma, peak, theirs):
    """cubic 0.8.0, `metrics.dcr_resolution(first, spacing=1.0)` of the same pictures.

    Programs of this method differ by 10 %: in filters, smoothing and the floor of the curve.
    """
    found = decorrelation(exposures(sigma, peak)[0], Origin.ACQUIRED)

    assert found.state is DecorrelationState.RESOLVED
    assert found.resolution == pytest.approx(theirs, rel=0.10)


def test_resolution_lies_near_that_of_two_exposures():
    first, second = exposures(2.5)

    two = frc_resolution(first, second).resolution

    # Published pairs: 3.717/3.535, 6.125/5.405, 8.389/7.353: 5 to 14 % coarser than 1/7.
    assert 1.0 < decorrelation(first, Origin.ACQUIRED).resolution / two < 1.2


def test_resolution_is_in_units_of_the_pixel():
    first, _ = exposures(2.5)

    in_px, in_nm = (
        decorrelation(first, Origin.ACQUIRED, pixel).resolution for pixel in (1.0, 40.0)
    )

    assert in_nm == pytest.approx(40.0 * in_px)


def test_brightness_and_offset_do_not_matter():
    first, _ = exposures(2.5)

    plain, scaled = (
        decorrelation(picture, Origin.ACQUIRED).resolution for picture in (first, 100 + 2.5 * first)
    )

    assert scaled == pytest.approx(plain)


def test_more_light_gives_a_higher_peak():
    dim, bright = (decorrelation(exposures(2.5, peak)[0], Origin.ACQUIRED) for peak in (20, 500))

    assert bright.amplitude > dim.amplitude
    assert bright.resolution < dim.resolution


@pytest.mark.parametrize(
    "picture",
    [
        np.random.default_rng(0).standard_normal((512, 512)),
        np.random.default_rng(0).poisson(10.0, (300, 301)).astype(float),
        np.full((200, 200), 5.0),
    ],
    ids=["white noise", "photon noise", "nothing"],
)
def test_noise_has_no_resolution(picture):
    found = decorrelation(picture, Origin.ACQUIRED)

    assert found.state is DecorrelationState.NO_PEAK
    assert found.resolution is None
    assert found.reason


def test_processed_pictures_are_refused_with_the_reason():
    found = decorrelation(exposures(2.5)[0], Origin.PROCESSED)

    assert found.state is DecorrelationState.REFUSED
    assert found.resolution is None
    assert "not reliable on processed images" in found.reason


def test_what_processing_would_have_claimed():
    """Why processed pictures are refused: the same data, true scale 6 px, and the false claims.

    Published for the same steps: 1.44 px after enlarging, 2.86 px after blurring.
    """
    first, _ = exposures(2.5)
    enlarged = ndimage.zoom(first, 2, order=3)
    blurred = ndimage.gaussian_filter(first, 1.0)

    assert decorrelation(first, Origin.ACQUIRED).resolution == pytest.approx(6.0, abs=0.2)
    assert decorrelation(enlarged, Origin.ACQUIRED, 0.5).resolution == pytest.approx(1.44, rel=0.03)
    assert decorrelation(blurred, Origin.ACQUIRED).resolution == pytest.approx(2.86, rel=0.03)


def test_small_pictures_are_refused():
    with pytest.raises(InvalidInput, match="100"):
        decorrelation(np.zeros((100, 300)), Origin.ACQUIRED)
