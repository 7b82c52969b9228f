"""The rivals, and that they are given their best chance."""

import numpy as np
import pytest
from scipy import ndimage

from superlens.quality.baselines import (
    best_richardson_lucy,
    best_wiener,
    bicubic,
    richardson_lucy,
    wiener,
)
from superlens.quality.fidelity import psnr_affine


def pair(photons: float, sigma: float = 2.0):
    """Give a truth (192, 192) and its blurred, binned, noisy picture (96, 96) over an offset."""
    rng = np.random.default_rng(0)
    spots = np.zeros((192, 192))
    spots[tuple(rng.integers(0, 192, (2, 120)))] = rng.lognormal(0, 0.7, 120)
    truth = ndimage.gaussian_filter(spots, 1.0)
    light = ndimage.gaussian_filter(spots, sigma)
    low = light.reshape(96, 2, 96, 2).sum(axis=(1, 3))
    return truth, rng.poisson(photons * low / low.max()) + 100.0


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_reproduces_straight_slopes_without_shift(scale):
    rows, columns = np.mgrid[0:20, 0:24].astype(float)
    fine_rows, fine_columns = (
        (np.arange(length * scale) + 0.5) / scale - 0.5 for length in (20, 24)
    )

    enlarged = bicubic(3 * rows - 2 * columns, scale)

    expected = 3 * fine_rows[:, None] - 2 * fine_columns[None, :]
    inner = slice(2 * scale, -2 * scale)
    assert enlarged[inner, inner] == pytest.approx(expected[inner, inner], abs=1e-4)


def test_bicubic_weights_are_those_of_a_minus_one_half():
    impulse = np.zeros((1, 9))
    impulse[0, 4] = 1.0

    row = bicubic(np.repeat(impulse, 9, axis=0), 2)[8]

    # Centres lie 0.25, 0.75, 1.25 and 1.75 pixels from the impulse.
    assert row[8:13] == pytest.approx([0.8671875, 0.8671875, 0.2265625, -0.0703125, -0.0234375])


def test_bicubic_at_scale_one_changes_nothing():
    image = np.random.default_rng(0).random((12, 15))

    assert bicubic(image, 1) == pytest.approx(image, abs=1e-6)


def test_bicubic_keeps_a_constant_up_to_the_border():
    assert bicubic(np.full((6, 7), 5.0), 2) == pytest.approx(np.full((12, 14), 5.0))


def test_wiener_without_noise_undoes_the_blur():
    rng = np.random.default_rng(0)
    sharp = ndimage.gaussian_filter(rng.standard_normal((64, 64)), 1.5, mode="reflect")
    blurred = ndimage.gaussian_filter(sharp, 1.0, mode="reflect")

    restored = wiener(blurred, 1.0, 1e-4)

    assert np.abs(restored - sharp).max() < 0.1 * np.abs(blurred - sharp).max()


def test_wiener_keeps_the_mean():
    image = np.random.default_rng(0).random((40, 50)) + 100

    assert wiener(image, 1.2, 0.1).mean() == pytest.approx(image.mean(), rel=1e-4)


def test_richardson_lucy_sharpens_and_stays_positive():
    truth, low = pair(2000.0)
    spots = ndimage.zoom(truth, 0.5, order=1)

    sharper = richardson_lucy(low, 1.0, 10, background=100.0) - 100.0

    assert sharper.min() >= 0
    assert sharper.max() > 1.3 * (low - 100).max()
    assert spots.shape == sharper.shape


@pytest.mark.parametrize("best", [best_wiener, best_richardson_lucy])
@pytest.mark.parametrize("photons", [30.0, 1000.0])
def test_best_rival_beats_plain_bicubic(best, photons):
    truth, low = pair(photons)

    rival = best(low, truth, 2)

    assert rival.image.shape == truth.shape
    assert rival.psnr_affine == pytest.approx(psnr_affine(rival.image, truth))
    assert rival.psnr_affine > psnr_affine(bicubic(low, 2), truth) + 0.3
