"""GMSD, HaarPSI and VIF against another program; gradients against what was done to a picture."""

import numpy as np
import pytest
from scipy import ndimage, stats
from skimage import data

from superlens.core.errors import InvalidInput
from superlens.quality.structure import gmsd, gradient_statistics, haarpsi, vif


def reference_pair():
    """Give a noisy copy and its smooth original, (256, 256) in 0 to 1."""
    i, j = np.mgrid[0:256, 0:256].astype(np.float64)
    wave = 0.25 * np.sin(0.13 * i + 0.0002 * i * j) + 0.2 * np.cos(0.21 * j + 0.05 * i)
    clean = np.clip(0.5 + wave, 0, 1)
    hashed = 43758.5453 * np.sin(12.9898 * i + 78.233 * j)
    return np.clip(clean + 0.1 * (hashed - np.floor(hashed) - 0.5), 0, 1), clean


def photograph(sigma: float = 1.0):
    sharp = np.asarray(data.camera(), np.float64) / 255
    return ndimage.gaussian_filter(sharp, sigma, mode="reflect"), sharp


@pytest.mark.parametrize(
    ("measure", "pair", "theirs"),
    [
        (gmsd, reference_pair, 0.00978071793782325),
        (gmsd, photograph, 0.040201986566140276),
        (haarpsi, reference_pair, 0.9565985526288262),
        (haarpsi, photograph, 0.8477764489583327),
        (vif, reference_pair, 0.5764769993136035),
        (vif, photograph, 0.43421181216281485),
    ],
)
def test_figures_agree_with_another_program(measure, pair, theirs):
    """piq 0.8.0: `gmsd`, `haarpsi`, `vif_p` of float64 tensors (1, 1, Y, X), data_range=1."""
    assert measure(*pair(), 1.0) == pytest.approx(theirs, rel=1e-8)


def test_identical_pictures_are_perfect():
    _, sharp = photograph()

    assert gmsd(sharp, sharp) == 0.0
    assert haarpsi(sharp, sharp) == pytest.approx(1.0)
    assert vif(sharp, sharp) == pytest.approx(1.0)


def test_units_do_not_matter_when_the_range_goes_along():
    noisy, clean = reference_pair()

    for measure in (gmsd, haarpsi, vif):
        assert measure(4000 * noisy, 4000 * clean, 4000.0) == pytest.approx(
            measure(noisy, clean, 1.0)
        )


@pytest.mark.parametrize(("measure", "sign"), [(gmsd, 1), (haarpsi, -1), (vif, -1)])
def test_more_blur_is_worse(measure, sign):
    found = [measure(*photograph(sigma)) for sigma in (0.5, 1.0, 2.0, 4.0)]

    assert np.all(sign * np.diff(found) > 0)


def test_added_contrast_counts_as_added_information():
    _, clean = reference_pair()

    assert vif(1.5 * clean, clean) > 1.0
    assert vif(1.0 - clean, clean) < 0.05


def test_smooth_and_grainy_pictures_are_told_apart():
    blurred, sharp = photograph()
    grainy = sharp + 0.05 * np.random.default_rng(0).standard_normal(sharp.shape)

    smooth, rough, same = (gradient_statistics(x, sharp) for x in (blurred, grainy, sharp))

    assert smooth.gradient_ratio < 1 < rough.gradient_ratio
    assert smooth.laplacian_ratio < smooth.gradient_ratio
    assert rough.laplacian_ratio > 1
    assert (same.gradient_ratio, same.laplacian_ratio, same.distance) == (1.0, 1.0, 0.0)


def test_distance_of_gradients_is_that_of_wasserstein():
    noisy, clean = reference_pair()
    steep = [np.hypot(*np.gradient(picture)).ravel() for picture in (noisy, clean)]

    found = gradient_statistics(noisy, clean)

    assert found.distance == pytest.approx(stats.wasserstein_distance(*steep) / steep[1].mean())


def test_place_of_the_gradients_does_not_matter():
    _, sharp = photograph()

    found = gradient_statistics(np.flipud(sharp), sharp)

    assert found.gradient_ratio == pytest.approx(1.0)
    assert found.distance == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("measure", [gmsd, haarpsi, vif, gradient_statistics])
def test_pictures_that_cannot_be_compared_are_refused(measure):
    with pytest.raises(InvalidInput, match="sizes"):
        measure(np.eye(64), np.eye(65))
    with pytest.raises(InvalidInput, match="constant"):
        measure(np.eye(64), np.ones((64, 64)))


def test_information_of_small_pictures_is_refused():
    with pytest.raises(InvalidInput, match="40"):
        vif(np.eye(40), np.eye(40))
