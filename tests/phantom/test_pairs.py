"""Training pairs and the fixed test."""

import numpy as np
import pytest
from scipy import ndimage

from superlens.core.errors import InvalidParameter
from superlens.phantom.camera import Camera
from superlens.phantom.optics import Optics, PsfModel
from superlens.phantom.pairs import (
    TRAINING_STRUCTURES,
    Degradations,
    PairSettings,
    benchmark_field,
    imaged_pair,
    patches,
    training_generator,
    training_pair,
)
from superlens.phantom.specimen import Channel, Specimen, Truth


@pytest.mark.parametrize("structure", TRAINING_STRUCTURES)
def test_pair_has_matching_shapes_and_units(structure):
    pair = training_pair(structure, 2, 64, training_generator(11))

    assert pair.low.shape == pair.expected.shape == (64, 64)
    assert pair.high.shape == (128, 128)
    assert {pair.low.dtype, pair.high.dtype, pair.expected.dtype} == {np.dtype(np.float32)}
    assert pair.high.mean() == pytest.approx(pair.expected.mean(), rel=0.01)


@pytest.mark.parametrize("binned", [False, True])
@pytest.mark.parametrize("scale", [2, 4])
def test_target_blurred_and_binned_is_the_expected_low_picture(binned, scale):
    optics = Optics(PsfModel.GAUSSIAN, 1.2, 525.0)
    pixel_nm = 60.0 * scale
    sigma = optics.sigma_nm / 60.0
    target = 0.6 * sigma
    camera = Camera(200.0, 10.0, 1.0, gain=2.0, offset=50.0)
    settings = PairSettings(optics, camera, pixel_nm, scale, sigma, target, binned=binned)
    spots = np.zeros((64 * scale, 64 * scale), np.float32)
    spots[tuple(np.random.default_rng(0).integers(0, 64 * scale, (2, 60)))] = 1.0
    specimen = Specimen("spots", 60.0, (Channel("a", spots),), Truth())

    pair = imaged_pair(specimen, settings, np.random.default_rng(1))

    extra = np.sqrt(sigma**2 - target**2)
    softened = ndimage.gaussian_filter(pair.high.astype(float), extra, mode="reflect")
    mean = softened.reshape(64, scale, 64, scale).mean(axis=(1, 3))
    # Kernels sampled on a grid and cut at four standard deviations differ by this much.
    assert np.abs(mean - pair.expected).max() < 0.02 * np.ptp(pair.expected)


def test_low_picture_scatters_around_its_expectation():
    pair = benchmark_field("mitochondria", 500, 0, size=128)

    z = (pair.low - pair.expected) / np.sqrt(np.maximum(pair.expected - 100.0, 0) + 1.5**2)

    # 16,384 pixels: the standard deviation is known to 0.6 %.
    assert z.std() == pytest.approx(1.0, abs=0.03)
    assert z.mean() == pytest.approx(0.0, abs=0.05)


def test_sharpening_of_one_keeps_the_optics():
    kept = training_pair("puncta", 2, 32, training_generator(2), Degradations(sharpening=1.0))

    assert kept.settings.high_sigma_px == kept.settings.low_sigma_px


def test_target_is_never_finer_than_its_pixels_and_never_broader_than_the_low_optics():
    rng = training_generator(4)

    settings = [training_pair("nuclei", 2, 16, rng).settings for _ in range(60)]

    for each in settings:
        assert each.high_sigma_px <= each.low_sigma_px
        assert each.high_sigma_px >= min(1.0, each.low_sigma_px) - 1e-9
    assert len({each.camera.bit_depth for each in settings}) == 3
    assert any(each.binned for each in settings)
    assert any(each.stretch for each in settings)
    assert any(each.jitter_px for each in settings)


def test_sharpening_out_of_range_is_refused():
    with pytest.raises(InvalidParameter, match=r"1\.5"):
        Degradations(sharpening=1.5)


def test_patches_lie_where_the_target_says():
    pair = benchmark_field("membranes", 100, 1, size=96)

    for patch in patches(pair, 32, 5, np.random.default_rng(0)):
        assert patch.low.shape == (32, 32)
        assert patch.high.shape == (64, 64)
        mean = patch.high.reshape(32, 2, 32, 2).mean(axis=(1, 3))
        assert np.corrcoef(mean.ravel(), patch.expected.ravel())[0, 1] > 0.9


def test_patch_larger_than_the_pair_is_refused():
    pair = benchmark_field("puncta", 20, 0, size=32)

    with pytest.raises(InvalidParameter, match="64"):
        patches(pair, 64, 1, np.random.default_rng(0))


def test_benchmark_shows_the_same_specimen_at_every_budget():
    dim, bright = (benchmark_field("puncta", photons, 3, size=64) for photons in (20, 500))

    first = (dim.expected - 100) / 20
    assert np.allclose(first, (bright.expected - 100) / 500, atol=1e-4)
    assert not np.array_equal(dim.low, bright.low)


def test_benchmark_field_is_the_same_for_ever():
    first, again = (benchmark_field("filaments", 100, 5, size=64) for _ in "ab")

    assert np.array_equal(first.low, again.low)
    assert np.array_equal(first.high, again.high)


def test_training_generator_differs_from_the_benchmark_of_the_same_seed():
    trained = training_generator(5).random(8)
    plain = np.random.default_rng(5).random(8)

    assert not np.allclose(trained, plain)
    assert not np.allclose(trained, training_generator(5, worker=1).random(8))
