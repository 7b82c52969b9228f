"""Fourier ring correlation against an analytic case and its known properties."""

import numpy as np
import pytest
from scipy import ndimage

from superlens.core.errors import InvalidInput
from superlens.quality.resolution import (
    FrcState,
    FrcUse,
    Threshold,
    frc,
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


def test_empty_pictures_share_no_signal():
    assert frc_resolution(np.zeros((128, 128)), np.ones((128, 128))).state is FrcState.NO_SIGNAL


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
    [
        (np.ones((64, 64)), np.ones((64, 64))),
        (np.ones((200, 200)), np.ones((128, 128))),
        (np.full((200, 200), np.nan), np.eye(200)),
    ],
)
def test_pictures_that_cannot_be_correlated_are_refused(first, second):
    with pytest.raises(InvalidInput):
        frc_resolution(first, second)


def test_enlarging_both_leaves_the_resolution_in_physical_units():
    first, second = exposures(size=256)

    enlarged = [
        ndimage.zoom(image, 2, order=3, grid_mode=True, mode="mirror") for image in (first, second)
    ]
    found = frc_resolution(*enlarged, pixel=0.5)

    assert found.resolution == pytest.approx(frc_resolution(first, second).resolution, rel=0.03)


def test_fixed_pattern_in_both_hides_the_end_of_the_detail():
    first, second = exposures()
    pattern = 0.1 * np.random.default_rng(7).standard_normal(first.shape)

    assert frc_resolution(first + pattern, second + pattern).state is FrcState.BEYOND_NYQUIST


def test_resolution_falls_with_drift():
    first, second = exposures()

    found = [frc_resolution(first, np.roll(second, step, axis=0)).resolution for step in range(3)]

    assert found[0] < found[1] < found[2]


def test_sharpening_both_seems_to_improve_what_it_cannot():
    """The reason why outputs of a network have a repeatability, not a resolution."""
    rng = np.random.default_rng(0)
    points = (rng.random((512, 512)) < 0.004) * rng.random((512, 512))
    light = ndimage.gaussian_filter(points, 2.5)
    light *= 100 / light.max()
    first, second = (rng.poisson(light).astype(float) for _ in "ab")

    sharpened = [
        np.maximum(ndimage.gaussian_filter(image, 1.5), 0) ** 4 for image in (first, second)
    ]

    assert frc_resolution(*sharpened).resolution < 0.9 * frc_resolution(first, second).resolution


def test_each_use_has_its_name_and_threshold():
    assert [use.value for use in FrcUse] == [
        "resolution",
        "repeatability bandwidth",
        "spectral fidelity cut-off",
    ]
    assert FrcUse.FIDELITY.threshold is Threshold.HALF
    assert FrcUse.REPEATABILITY.threshold is FrcUse.RESOLUTION.threshold is Threshold.ONE_SEVENTH


def test_half_against_the_truth_means_a_seventh_between_two_exposures():
    rng = np.random.default_rng(0)
    truth = ndimage.gaussian_filter(rng.standard_normal((512, 512)), 2.0, mode="wrap")
    first, second = (truth + 0.05 * rng.standard_normal(truth.shape) for _ in "ab")

    found = frc((first + second) / 2, truth, FrcUse.FIDELITY)

    # sqrt(S / (S + N / 2)) = 1/2 where S / (S + N) = 1/7.
    assert found.resolution == pytest.approx(analytic(2.0, 0.05), rel=0.02)
    assert found.resolution == pytest.approx(
        frc(first, second, FrcUse.RESOLUTION).resolution, rel=0.02
    )
    assert found.cutoff == pytest.approx(1 / found.resolution)


def test_what_is_said_holds_no_number_that_was_not_measured():
    first, second = exposures()

    assert frc_resolution(first, second, pixel=65.0).said("nm").endswith(" nm")
    identical = frc_resolution(first, first, pixel=65.0)
    assert identical.said("nm") == "≤ 130 nm (2 px, Nyquist), not resolved"
    assert identical.cutoff == pytest.approx(0.5 / 65.0)
    unrelated = frc_resolution(
        first, np.random.default_rng(1).permuted(second.ravel()).reshape(512, 512)
    )
    assert unrelated.said("nm") == "no common signal"
    assert unrelated.cutoff == 0.0


def test_rings_count_their_samples_as_pairs():
    curve = frc_curve(*exposures(size=128))

    # About 2 pi r pixels in a ring of width 1, half of them the mirror images of the others.
    radius = np.arange(1, 65)
    assert curve.independent == pytest.approx(np.pi * radius, rel=0.15, abs=6)
    assert curve.independent.sum() == pytest.approx(np.pi * 64.5**2 / 2, rel=0.01)
