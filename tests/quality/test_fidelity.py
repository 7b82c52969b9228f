"""Fidelity against figures that several packages agree on."""

import numpy as np
import pytest
from skimage import metrics

from superlens.core.errors import InvalidInput
from superlens.quality.fidelity import (
    affine_align,
    fidelity,
    nrmse,
    pearson,
    psnr,
    psnr_affine,
    ssim,
    ssim_affine,
)


def reference_pair():
    """Give a smooth picture and a noisy copy, (256, 256) in 0 to 1, made without a generator."""
    i, j = np.mgrid[0:256, 0:256].astype(np.float64)
    wave = 0.25 * np.sin(0.13 * i + 0.0002 * i * j) + 0.2 * np.cos(0.21 * j + 0.05 * i)
    clean = np.clip(0.5 + wave, 0, 1)
    hashed = 43758.5453 * np.sin(12.9898 * i + 78.233 * j)
    return clean, np.clip(clean + 0.1 * (hashed - np.floor(hashed) - 0.5), 0, 1)


def test_reference_pair_is_the_published_one():
    clean, _ = reference_pair()

    assert clean.mean() == pytest.approx(0.5065528, abs=1e-6)
    assert clean.std() == pytest.approx(0.2260212, abs=1e-6)


def test_psnr_of_the_reference_pair():
    clean, noisy = reference_pair()

    assert psnr(noisy, clean, 1.0) == pytest.approx(30.786467, abs=1e-5)


def test_ssim_of_the_reference_pair():
    clean, noisy = reference_pair()

    assert ssim(noisy, clean, 1.0) == pytest.approx(0.885775, abs=1e-6)


def test_ssim_agrees_with_scikit_image_in_its_wang_2004_setting():
    clean, noisy = reference_pair()

    theirs = metrics.structural_similarity(
        clean,
        noisy,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )

    assert ssim(noisy, clean, 1.0) == pytest.approx(theirs, abs=1e-6)


def test_affine_figures_of_pictures_on_different_scales():
    clean, noisy = reference_pair()
    truth, prediction = 100 + 4000 * clean, 20 + 1000 * noisy

    assert psnr(prediction, truth) == pytest.approx(6.3271, abs=1e-4)
    assert psnr_affine(prediction, truth) == pytest.approx(29.945941, abs=1e-5)
    assert ssim(prediction, truth) == pytest.approx(0.266155, abs=1e-5)
    assert ssim_affine(prediction, truth) == pytest.approx(0.883776, abs=1e-6)


def test_fidelity_does_not_depend_on_the_scale_of_the_prediction():
    clean, noisy = reference_pair()

    plain, scaled = fidelity(noisy, clean), fidelity(7 - 3 * noisy, clean)

    assert scaled.psnr_affine == pytest.approx(plain.psnr_affine)
    assert scaled.ssim_affine == pytest.approx(plain.ssim_affine)
    assert scaled.pearson == pytest.approx(-plain.pearson)


def test_identical_pictures_are_infinitely_good():
    clean, _ = reference_pair()

    assert psnr(clean, clean) == float("inf")
    assert ssim(clean, clean) == pytest.approx(1.0)
    assert nrmse(clean, clean) == 0.0


def test_constant_prediction_gets_the_mean_of_the_truth():
    clean, _ = reference_pair()

    aligned = affine_align(np.full_like(clean, 3.0), clean)

    assert np.ptp(aligned) == 0.0
    assert aligned[0, 0] == pytest.approx(clean.mean())
    assert pearson(np.full_like(clean, 3.0), clean) == 0.0


def test_integers_are_not_wrapped_around():
    dark, bright = np.zeros((16, 16), np.uint8), np.zeros((16, 16), np.uint8)
    bright[4:8] = 200

    assert psnr(dark, bright, 255.0) == pytest.approx(10 * np.log10(255**2 / (200**2 / 4)))


@pytest.mark.parametrize(
    ("prediction", "truth"),
    [
        (np.zeros((16, 16)), np.zeros((16, 17))),
        (np.zeros((16, 16)), np.ones((16, 16))),
    ],
)
def test_pictures_that_cannot_be_compared_are_refused(prediction, truth):
    with pytest.raises(InvalidInput):
        psnr(prediction, truth)


def test_ssim_of_a_tiny_picture_is_refused():
    with pytest.raises(InvalidInput, match="10"):
        ssim(np.eye(10), np.eye(10))
