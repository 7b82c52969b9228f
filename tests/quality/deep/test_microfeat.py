"""Our own feature network: energies, standardised patches, damage that it is tried with."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from superlens.core.errors import CorruptModel
from superlens.core.method import Weights
from superlens.quality.deep.feature_gate import try_features
from superlens.quality.deep.microfeat import (
    DIMENSIONS,
    MicroFeat,
    MicroFeatShape,
    features,
    load_microfeat,
    patches_of,
)
from superlens.quality.deep.probes import PROBES, Probe, brightness_range

SMALL = MicroFeatShape((4, 6), 8)


@pytest.fixture
def picture():
    rng = np.random.default_rng(0)
    coarse = rng.random((16, 16)).repeat(8, 0).repeat(8, 1)
    return (coarse + 0.01 * rng.standard_normal((128, 128))).astype(np.float32)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return MicroFeat(SMALL).eval()


def test_network_is_small_and_gives_64_numbers():
    network = MicroFeat()

    assert 150_000 < sum(p.numel() for p in network.parameters()) < 600_000
    with torch.inference_mode():
        assert network(torch.rand(2, 1, 64, 64)).shape == (2, DIMENSIONS)


def test_weights_come_back_as_the_same_network(network):
    state = {name: value.numpy() for name, value in network.state_dict().items()}
    loaded = load_microfeat(Weights({"network": state}, {"widths": "4,6", "dimensions": 8}))

    x = torch.rand(3, 1, 64, 64)
    assert torch.equal(loaded(x), network(x))
    assert not any(p.requires_grad for p in loaded.parameters())


def test_weights_of_another_shape_are_refused(network):
    state = {name: value.numpy() for name, value in network.state_dict().items()}

    with pytest.raises(CorruptModel):
        load_microfeat(Weights({"network": state}, {"widths": "4,8", "dimensions": 8}))


def test_patches_lie_side_by_side_and_are_standardised_together(picture):
    patches = patches_of(picture[:, :100])

    whole = (picture[:, :100] - picture[:, :100].mean()) / picture[:, :100].std()
    assert patches.shape == (2, 64, 64)
    assert np.allclose(patches[1], whole[64:, :64], atol=1e-5)


def test_brightness_changes_no_feature(network, picture):
    brighter = picture * np.float32(37.5) + np.float32(412.0)

    found = features(network, patches_of(picture))

    assert found.shape == (4, 8)
    assert found.dtype == np.float64
    assert np.allclose(features(network, patches_of(brighter)), found, atol=1e-3)


def test_even_picture_has_finite_features(network):
    found = features(network, patches_of(np.full((64, 64), 7.0, np.float32)))

    assert np.isfinite(found).all()


def test_size_of_a_batch_changes_nothing(network, picture):
    patches = patches_of(picture)

    assert np.allclose(features(network, patches, 1), features(network, patches, 64), atol=1e-6)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.id)
def test_damage_grows_with_its_amount_and_repeats_with_its_seed(probe, picture):
    damaged = [probe.damage(picture, step, np.random.default_rng(3)) for step in probe.steps]
    again = probe.damage(picture, probe.steps[0], np.random.default_rng(3))

    errors = [float(np.square(one - picture).mean()) for one in damaged]
    assert np.array_equal(again, damaged[0])
    assert all(later > earlier for earlier, later in pairwise(errors))


def test_blur_has_the_width_it_is_called_by():
    point = np.zeros((65, 65), np.float32)
    point[32, 32] = 1.0
    blur = next(probe for probe in PROBES if probe.id == "blur")

    offset = np.arange(65) - 32
    for sigma in (0.3, 1.2):
        spread = blur.damage(point, sigma, np.random.default_rng(0))
        # Even a blur narrower than a pixel has its variance; at 0.3 px its sidelobes ring.
        assert float((spread.sum(1) * offset**2).sum()) == pytest.approx(sigma**2, rel=0.02)


def test_line_jitter_moves_lines_without_blurring_them():
    jitter = next(probe for probe in PROBES if probe.id == "line_jitter")
    wave = np.sin(2 * np.pi * 0.1 * np.arange(128))
    lines = np.tile(wave, (64, 1)).astype(np.float32)

    moved = jitter.damage(lines, 0.5, np.random.default_rng(0))

    shifts = 0.5 * np.random.default_rng(0).standard_normal((64, 1))
    expected = np.sin(2 * np.pi * 0.1 * (np.arange(128) - shifts))
    # Away from the ends, where the mirror makes a kink.
    assert np.allclose(moved[:, 30:-30], expected[:, 30:-30], atol=0.02)


def test_noise_and_checkerboard_are_shares_of_the_range(picture):
    rng = np.random.default_rng(0)
    probes = {probe.id: probe for probe in PROBES}

    noise = probes["noise"].damage(picture, 0.1, rng) - picture
    board = probes["checkerboard"].damage(picture, 0.1, rng) - picture

    extent = brightness_range(picture)
    assert float(noise.std()) == pytest.approx(0.1 * extent, rel=0.03)
    assert float(np.ptp(board)) == pytest.approx(0.1 * extent, rel=1e-4)
    assert float(board.mean()) == pytest.approx(0.0, abs=1e-6)


def _spread_and_roughness(picture):
    """Give two features by hand: what a network that notices noise would see."""
    patches = patches_of(picture)
    rough = np.diff(patches, axis=2).std((1, 2))
    return np.stack([rough, np.diff(patches, axis=1).std((1, 2))], 1).astype(np.float64)


def _fields():
    rng = np.random.default_rng(5)
    smooth = [np.add.outer(np.sin(np.arange(128) / s), np.cos(np.arange(128) / s)) for s in (9, 13)]
    return [(one + 0.02 * rng.standard_normal(one.shape)).astype(np.float32) for one in smooth]


def test_gate_opens_for_features_that_notice_and_shuts_for_those_that_do_not():
    noise = tuple(probe for probe in PROBES if probe.id == "noise")

    seeing = try_features(_spread_and_roughness, _fields(), probes=noise)
    blind = try_features(
        lambda field: np.random.default_rng(1).standard_normal((4, 2)), _fields(), probes=noise
    )

    assert seeing.passed
    assert seeing.probes[0].is_monotone
    assert (seeing.patches, seeing.fields, seeing.dimensions) == (8, 2, 2)
    assert not blind.passed


def test_gate_shuts_for_features_that_see_brightness():
    noise = tuple(probe for probe in PROBES if probe.id == "noise")

    def bright(field):
        return _spread_and_roughness(field) + field.mean()

    assert not try_features(bright, _fields(), probes=noise).passed


def test_gate_demands_that_more_damage_is_farther_away():
    def fading(image, amount, rng):
        return image + np.float32(0.5 / amount) * rng.standard_normal(image.shape, np.float32)

    probe = Probe("fading", "Fading", "", (1.0, 2.0), fading)

    result = try_features(_spread_and_roughness, _fields(), probes=(probe,)).probes[0]

    assert result.first_over_floor > 3
    assert not result.is_monotone
    assert not result.passed
