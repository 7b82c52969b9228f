"""What the residual sees, and what it cannot see."""

import numpy as np
import pytest
from scipy import ndimage

from superlens.core.errors import InvalidInput
from superlens.quality.consistency import (
    Degradation,
    consistency,
    degrade,
    fit_degradation,
    residual,
)
from superlens.quality.fidelity import psnr
from superlens.quality.noise import NoiseModel, estimate_noise

SIGMA = 1.6
SCALE = 2


def truth(size: int = 256) -> np.ndarray:
    """Give a picture as a sharper microscope would show it, 20 to about 500 photons."""
    rng = np.random.default_rng(0)
    image = np.zeros((size, size))
    image[tuple(rng.integers(0, size, (2, 500)))] = rng.lognormal(0, 0.7, 500)
    sharp = ndimage.gaussian_filter(image, 1.0)
    return 20 + 480 * sharp / sharp.max()


def raw_of(sharp: np.ndarray, seed: int = 1) -> np.ndarray:
    expected = degrade(sharp, Degradation(SIGMA, at_bound=False), SCALE)
    return np.random.default_rng(seed).poisson(expected).astype(float)


def test_blur_is_found():
    sharp = truth()
    blurless = degrade(sharp, Degradation(SIGMA, at_bound=False), SCALE)

    found = fit_degradation(sharp, blurless, SCALE)

    assert found.sigma_px == pytest.approx(SIGMA, abs=0.02)
    assert not found.at_bound


def test_blur_is_found_through_noise():
    sharp = truth()

    assert fit_degradation(sharp, raw_of(sharp), SCALE).sigma_px == pytest.approx(SIGMA, abs=0.1)


def test_picture_that_is_too_sharp_everywhere_hits_the_bound():
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.standard_normal((64, 64)), 20, mode="wrap")

    found = fit_degradation(rng.standard_normal((128, 128)), smooth, SCALE)

    assert found.at_bound


def test_degraded_picture_keeps_its_mean():
    sharp = truth()

    assert degrade(sharp, Degradation(3.0, at_bound=False), 4).mean() == pytest.approx(
        sharp.mean(), rel=1e-6
    )


def test_perfect_answer_leaves_only_noise():
    sharp = truth()
    raw = raw_of(sharp)

    left = residual(sharp, raw, fit_degradation(sharp, raw, SCALE), NoiseModel(1.0, 0.0, 0.0))

    # 16,384 pixels: chi2 is known to 1.1 %; Poisson tails exceed Gaussian ones a little.
    found = consistency(left)
    assert left.shape == raw.shape
    assert found.chi2 == pytest.approx(1.0, abs=0.05)
    assert found.fraction_over_3 < 0.006


def test_noise_estimated_from_the_raw_picture_serves_as_well():
    sharp = truth()
    raw = raw_of(sharp)

    left = residual(sharp, raw, fit_degradation(sharp, raw, SCALE), estimate_noise(raw))

    assert consistency(left).chi2 == pytest.approx(1.0, abs=0.12)


def test_deleted_structure_lights_up_where_it_was():
    sharp = truth()
    raw = raw_of(sharp)
    robbed = sharp.copy()
    robbed[100:140, 60:100] = 20.0

    left = residual(robbed, raw, Degradation(SIGMA, at_bound=False), NoiseModel(1.0, 0.0, 0.0))

    inside, outside = left[52:68, 32:48], left[80:]
    assert (inside**2).mean() > 3 * (outside**2).mean()
    assert inside.max() > 4.5 > np.abs(outside).max()


def test_false_structure_lights_up_with_the_other_sign():
    sharp = truth()
    raw = raw_of(sharp)
    invented = sharp.copy()
    invented[30:33, 20:230] += 300.0

    left = residual(invented, raw, Degradation(SIGMA, at_bound=False), NoiseModel(1.0, 0.0, 0.0))

    assert left[15:16, 20:110].mean() < -4


def test_detail_finer_than_the_optics_is_invisible_whether_true_or_not():
    # Every line is split into two lines 4 px apart, seen through optics of sigma 5 px: the
    # residual stays silent although the picture is badly wrong.
    lines = np.full((240, 240), 10.0)
    lines[:, 20::40] += 400.0
    split = np.full((240, 240), 10.0)
    split[:, 18::40] += 200.0
    split[:, 22::40] += 200.0
    optics = Degradation(5.0, at_bound=False)
    raw = np.random.default_rng(0).poisson(degrade(lines, optics, SCALE)).astype(float)

    refitted = fit_degradation(split, raw, SCALE)
    left = residual(split, raw, refitted, NoiseModel(1.0, 0.0, 0.0))

    assert consistency(left).chi2 == pytest.approx(1.0, abs=0.1)
    assert psnr(split, lines) < 15


@pytest.mark.parametrize("shape", [(64, 65), (32, 64)])
def test_pictures_that_do_not_belong_together_are_refused(shape):
    with pytest.raises(InvalidInput):
        fit_degradation(np.ones((64, 64)), np.ones(shape), SCALE)
