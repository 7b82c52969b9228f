"""Fidelity against figures that several packages agree on."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import data, metrics

from superlens.core.errors import InvalidInput
from superlens.quality.fidelity import (
    Mode,
    affine_align,
    fidelity,
    in_mode,
    mae,
    measure_name,
    ms_ssim,
    ms_ssim_name,
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


@pytest.mark.parametrize(
    ("name", "decibels", "similarity", "multiscale"),
    [("camera", 29.597921, 0.861945, 0.977967), ("cell", 57.501638, 0.998844, 0.999722)],
)
def test_figures_of_blurred_photographs(name, decibels, similarity, multiscale):
    sharp = np.asarray(getattr(data, name)(), np.float64) / 255
    blurred = ndimage.gaussian_filter(sharp, 1.0, mode="reflect")

    assert psnr(blurred, sharp, 1.0) == pytest.approx(decibels, abs=1e-5)
    assert ssim(blurred, sharp, 1.0) == pytest.approx(similarity, abs=1e-6)
    # Packages differ by 2e-5 in how they treat borders (torchmetrics 1.9.0: 0.977982, 0.999721).
    assert ms_ssim(blurred, sharp, 1.0) == pytest.approx(multiscale, abs=2e-5)


def test_other_settings_give_other_figures():
    """Why window, range and rounding are part of the definition; figures of the same pair."""
    clean, noisy = reference_pair()

    assert psnr(np.rint(255 * noisy), np.rint(255 * clean), 255) == pytest.approx(30.772, abs=1e-3)
    assert ssim(noisy, clean, 2.0) == pytest.approx(0.921551, abs=1e-6)
    default = metrics.structural_similarity(clean, noisy, data_range=1.0)
    assert default == pytest.approx(0.921912, abs=1e-6)


def test_multiscale_similarity_of_the_reference_pair():
    """pytorch-msssim 1.0.0 gives 0.9916755, torchmetrics 1.9.0 and cubic 0.8.0 0.991676."""
    clean, noisy = reference_pair()

    assert ms_ssim(noisy, clean, 1.0) == pytest.approx(0.9916755, abs=1e-6)


def test_small_pictures_get_three_scales_under_another_name():
    clean, noisy = reference_pair()

    assert ms_ssim_name((176, 300)) == "MS-SSIM"
    assert ms_ssim_name((300, 175)) == "MS-SSIM(3)"
    small = ms_ssim(noisy[:128, :128], clean[:128, :128], 1.0)
    assert ssim(noisy[:128, :128], clean[:128, :128], 1.0) < small < 1.0
    with pytest.raises(InvalidInput, match="43"):
        ms_ssim(noisy[:43, :43], clean[:43, :43], 1.0)


def test_opposite_contrast_has_no_multiscale_similarity():
    clean, _ = reference_pair()

    assert ms_ssim(1 - clean, clean, 1.0) == 0.0


@pytest.mark.parametrize(
    ("mode", "decibels", "similarity", "error"),
    [
        (Mode.RAW, 6.3271, 0.266155, 0.482663),
        (Mode.AFFINE, 29.945941, 0.883776, 0.0318202),
        (Mode.CARE, 29.917616, 0.882968, 0.0319241),
    ],
)
def test_figures_of_each_mode(mode, decibels, similarity, error):
    clean, noisy = reference_pair()

    prediction, truth, extent = in_mode(20 + 1000 * noisy, 100 + 4000 * clean, mode)

    assert psnr(prediction, truth, extent) == pytest.approx(decibels, abs=2e-5)
    assert ssim(prediction, truth, extent) == pytest.approx(similarity, abs=1e-6)
    assert nrmse(prediction, truth, extent) == pytest.approx(error, abs=1e-6)


@pytest.mark.parametrize("mode", list(Mode))
def test_identical_pictures_are_as_good_as_numbers_can_say_in_every_mode(mode):
    clean, _ = reference_pair()

    prediction, truth, extent = in_mode(clean, clean, mode)

    # CARE changes the truth's units first, which leaves rounding errors of 1e-16.
    assert psnr(prediction, truth, extent) > (280 if mode is Mode.CARE else 1e300)
    assert ms_ssim(prediction, truth, extent) == pytest.approx(1.0)


def test_border_is_left_out_before_the_fit():
    clean, noisy = reference_pair()
    spoiled = noisy.copy()
    spoiled[:4] = spoiled[-4:] = 100.0

    found = in_mode(spoiled, clean, Mode.AFFINE, border_px=4)
    expected = in_mode(noisy[4:-4, 4:-4], clean[4:-4, 4:-4], Mode.AFFINE)

    assert psnr(*found) == pytest.approx(psnr(*expected))


@pytest.mark.parametrize("border", [-1, 128, 1000])
def test_borders_that_leave_nothing_are_refused(border):
    clean, noisy = reference_pair()

    with pytest.raises(InvalidInput, match=str(border)):
        in_mode(noisy, clean, Mode.RAW, border_px=border)


def test_names_tell_mode_and_border():
    assert measure_name("PSNR", Mode.CARE) == "PSNR (CARE)"
    assert measure_name("SSIM", Mode.AFFINE, 4) == "SSIM (affine, border 4 px)"


def test_mean_absolute_error_is_in_units_of_the_truth():
    assert mae(np.full((4, 4), 3.0), np.full((4, 4), 5.0)) == 2.0


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
