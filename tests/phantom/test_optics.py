"""Point spread functions against analytic values."""

import numpy as np
import pytest
from scipy import special

from superlens.core.errors import InvalidParameter
from superlens.phantom.optics import SIGMA_IN_WAVELENGTHS, Optics, PsfModel, convolved, kernel


@pytest.mark.parametrize("model", list(PsfModel))
def test_kernel_sums_to_one_and_peaks_in_the_middle(model):
    psf = kernel(Optics(model, 1.3, 520.0), 40.0)

    assert psf.sum() == pytest.approx(1.0, abs=1e-5)
    assert psf.shape[0] % 2 == 1
    assert np.unravel_index(psf.argmax(), psf.shape) == (psf.shape[0] // 2,) * 2


def test_gaussian_kernel_has_the_standard_deviation_it_names():
    optics = Optics(PsfModel.GAUSSIAN, 1.0, 500.0)
    psf = kernel(optics, 20.0).astype(float)
    offset = (np.arange(psf.shape[0]) - psf.shape[0] // 2) * 20.0

    variance = (psf.sum(axis=0) * offset**2).sum()

    # Cut off at four standard deviations, which takes 0.1 % of the variance.
    assert np.sqrt(variance) == pytest.approx(0.21 * 500.0, rel=0.005)


def test_airy_kernel_is_dark_at_the_first_zero_of_the_bessel_function():
    optics = Optics(PsfModel.AIRY, 1.0, 600.0)
    first_zero_nm = special.jn_zeros(1, 1)[0] / (2 * np.pi) * 600.0
    step = first_zero_nm / 20.0
    psf = kernel(optics, step)
    middle = psf.shape[0] // 2

    assert psf[middle, middle + 20] < 1e-6 * psf[middle, middle]
    assert psf[middle, middle + 26] > 0.015 * psf[middle, middle]


def test_named_gaussian_width_is_the_best_fit_to_the_airy_pattern():
    v = np.linspace(1e-6, 3.8, 4000)
    airy = (2 * special.j1(v) / v) ** 2
    widths = np.linspace(0.18, 0.25, 141)
    misfit = [
        ((np.exp(-0.5 * (v / (2 * np.pi * width)) ** 2) - airy) ** 2 * v).sum() for width in widths
    ]

    assert widths[int(np.argmin(misfit))] == pytest.approx(SIGMA_IN_WAVELENGTHS, rel=0.04)


def test_gibson_lanni_without_aberration_is_the_airy_pattern():
    airy = kernel(Optics(PsfModel.AIRY, 1.2, 520.0), 50.0)
    matched = kernel(Optics(PsfModel.GIBSON_LANNI, 1.2, 520.0, 1.515, specimen_index=1.4), 50.0)

    assert np.abs(matched - airy).max() < 1e-3 * airy.max()


@pytest.mark.parametrize("change", [{"defocus_nm": 800.0}, {"depth_nm": 8000.0}])
def test_defocus_and_index_mismatch_dim_the_peak(change):
    sharp = Optics(PsfModel.GIBSON_LANNI, 1.2, 520.0, 1.515, 1.33)
    off = Optics(PsfModel.GIBSON_LANNI, 1.2, 520.0, 1.515, 1.33, **change)

    assert kernel(off, 50.0).max() < 0.7 * kernel(sharp, 50.0).max()


def test_convolution_keeps_the_total_and_moves_nothing():
    rng = np.random.default_rng(0)
    image = np.zeros((60, 81), np.float32)
    image[30, 41] = 5.0
    psf = kernel(Optics(PsfModel.GAUSSIAN, 1.0, 500.0), 50.0)

    result = convolved(image + rng.random(image.shape).astype(np.float32) * 0, psf)

    assert result.sum() == pytest.approx(5.0, rel=1e-4)
    assert np.unravel_index(result.argmax(), result.shape) == (30, 41)


def test_aperture_beyond_the_immersion_index_is_refused():
    with pytest.raises(InvalidParameter, match=r"1\.6"):
        Optics(PsfModel.AIRY, 1.6, 520.0)
