"""The published two-stage pipeline: its frequencies, its ranges, its result."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from superlens.core.errors import InvalidInput, InvalidParameter
from superlens.prepare.degradations.catalogue import degradation
from superlens.prepare.degradations.kernels import KernelKind
from superlens.prepare.degradations.noise import NoiseKind
from superlens.prepare.degradations.real_esrgan import (
    BELL_SHARES,
    KERNEL_SIZES,
    Direction,
    RealEsrgan,
)
from superlens.prepare.degradations.real_esrgan_settings import RealEsrganSettings
from superlens.prepare.degradations.resizing import ResizeMode
from superlens.prepare.degradations.sharpening import sharpened

DRAWS = 2000


@pytest.fixture(scope="module")
def draws():
    return RealEsrgan().draws([np.random.default_rng(n) for n in range(DRAWS)])


def _picture(side=96, seed=3):
    coarse = np.random.default_rng(seed).random((side // 8, side // 8))
    return np.kron(coarse, np.ones((8, 8))).astype(np.float32)


def _assert_frequencies(found, wanted):
    """Each share within three standard deviations of its binomial count."""
    total = sum(found.values())
    assert set(found) <= set(wanted)
    for what, share in wanted.items():
        spread = np.sqrt(total * share * (1 - share))
        assert abs(found[what] - total * share) <= 3 * spread, (what, found[what], total * share)


@pytest.mark.parametrize("which", ["kernel_1", "kernel_2"])
def test_kernels_are_as_frequent_as_published(draws, which):
    found = Counter(getattr(draw.own, which).kind for draw in draws)

    bells = {kind: 0.9 * share for kind, share in BELL_SHARES.items()}
    assert sum(BELL_SHARES.values()) == pytest.approx(1)
    _assert_frequencies(found, bells | {KernelKind.SINC: 0.1})


@pytest.mark.parametrize("which", ["kernel_1", "kernel_2"])
def test_kernel_sizes_are_equally_likely(draws, which):
    found = Counter(getattr(draw.own, which).size for draw in draws)

    assert KERNEL_SIZES == (7, 9, 11, 13, 15, 17, 19, 21)
    _assert_frequencies(found, dict.fromkeys(KERNEL_SIZES, 1 / 8))


def test_resizings_are_as_frequent_as_published(draws):
    first = Counter(draw.shared.resize_1.direction for draw in draws)
    second = Counter(draw.shared.resize_2.direction for draw in draws)

    _assert_frequencies(first, {Direction.UP: 0.2, Direction.DOWN: 0.7, Direction.KEEP: 0.1})
    _assert_frequencies(second, {Direction.UP: 0.3, Direction.DOWN: 0.4, Direction.KEEP: 0.3})


def test_resize_modes_are_equally_likely(draws):
    thirds = dict.fromkeys(ResizeMode, 1 / 3)

    _assert_frequencies(Counter(draw.shared.resize_1.mode for draw in draws), thirds)
    _assert_frequencies(Counter(draw.shared.resize_2.mode for draw in draws), thirds)
    _assert_frequencies(Counter(draw.shared.last_mode for draw in draws), thirds)


def test_coins_are_as_frequent_as_published(draws):
    halves = {NoiseKind.GAUSSIAN: 0.5, NoiseKind.POISSON: 0.5}

    _assert_frequencies(Counter(draw.shared.noise_1 for draw in draws), halves)
    _assert_frequencies(Counter(draw.shared.noise_2 for draw in draws), halves)
    again = Counter(draw.shared.is_blurred_again for draw in draws)
    _assert_frequencies(again, {True: 0.8, False: 0.2})
    last = Counter(draw.shared.is_compressed_last for draw in draws)
    _assert_frequencies(last, {True: 0.5, False: 0.5})
    sinc = Counter(draw.own.last_kernel is not None for draw in draws)
    _assert_frequencies(sinc, {True: 0.8, False: 0.2})


def _assert_uniform(values, low, high):
    """In range, and a mean within three standard errors of the middle."""
    values = np.asarray(values)
    assert low <= values.min() <= values.max() <= high
    error = (high - low) / np.sqrt(12 * len(values))
    assert abs(values.mean() - (low + high) / 2) < 3 * error


def test_levels_are_drawn_from_the_published_ranges(draws):
    def levels(stage, kind):
        return [
            getattr(draw.own, f"noise_{stage}")
            for draw in draws
            if getattr(draw.shared, f"noise_{stage}") is kind
        ]

    _assert_uniform(levels(1, NoiseKind.GAUSSIAN), 1, 30)
    _assert_uniform(levels(1, NoiseKind.POISSON), 0.05, 3)
    _assert_uniform(levels(2, NoiseKind.GAUSSIAN), 1, 25)
    _assert_uniform(levels(2, NoiseKind.POISSON), 0.05, 2.5)
    _assert_uniform([draw.own.quality_1 for draw in draws], 30, 95)
    _assert_uniform([draw.own.quality_2 for draw in draws], 30, 95)


def test_resizing_factors_are_drawn_from_the_published_ranges(draws):
    def factors(stage, direction):
        resizings = [getattr(draw.shared, f"resize_{stage}") for draw in draws]
        return [one.factor for one in resizings if one.direction is direction]

    _assert_uniform(factors(1, Direction.UP), 1, 1.5)
    _assert_uniform(factors(1, Direction.DOWN), 0.15, 1)
    _assert_uniform(factors(2, Direction.UP), 1, 1.2)
    _assert_uniform(factors(2, Direction.DOWN), 0.3, 1)
    assert set(factors(1, Direction.KEEP)) == {1.0}


def test_kernel_numbers_are_drawn_from_the_published_ranges(draws):
    first = [draw.own.kernel_1 for draw in draws]
    bells = [shape for shape in first if shape.kind is not KernelKind.SINC]
    oval = [shape for shape in first if shape.kind is KernelKind.ANISOTROPIC]
    sincs = [shape for shape in first if shape.kind is KernelKind.SINC]
    large = [shape.cutoff for shape in sincs if shape.size >= 13]
    small = [shape.cutoff for shape in sincs if shape.size < 13]

    _assert_uniform([shape.sigma_x for shape in bells], 0.2, 3)
    _assert_uniform([shape.sigma_y for shape in oval], 0.2, 3)
    _assert_uniform([shape.theta for shape in oval], -np.pi, np.pi)
    _assert_uniform(large, np.pi / 5, np.pi)
    _assert_uniform(small, np.pi / 3, np.pi)
    second = [draw.own.kernel_2 for draw in draws if draw.own.kernel_2.kind is not KernelKind.SINC]
    _assert_uniform([shape.sigma_x for shape in second], 0.2, 1.5)
    _assert_uniform(
        [draw.own.last_kernel.cutoff for draw in draws if draw.own.last_kernel], np.pi / 3, np.pi
    )


def test_exponents_are_drawn_half_below_one_and_half_above(draws):
    shapes = [shape for draw in draws for shape in (draw.own.kernel_1, draw.own.kernel_2)]
    general = np.array([s.beta for s in shapes if s.kind is KernelKind.GENERALISED_ISOTROPIC])
    plateau = np.array([s.beta for s in shapes if s.kind is KernelKind.PLATEAU_ISOTROPIC])

    _assert_uniform(general[general < 1], 0.5, 1)
    _assert_uniform(general[general > 1], 1, 4)
    _assert_frequencies(Counter((general > 1).tolist()), {True: 0.5, False: 0.5})
    _assert_frequencies(Counter((plateau == 1).tolist()), {True: 0.5, False: 0.5})
    _assert_uniform(plateau[plateau > 1], 1, 2)


def test_pictures_of_a_batch_differ_in_everything_when_the_batch_is_mixed():
    generators = [np.random.default_rng(n) for n in range(20)]

    drawn = RealEsrgan(RealEsrganSettings(pair_pool=True)).draws(generators)

    assert len({draw.shared for draw in drawn}) == 20


def test_pictures_of_an_unmixed_batch_share_what_is_published_as_shared():
    generators = [np.random.default_rng(n) for n in range(20)]

    drawn = RealEsrgan(RealEsrganSettings(pair_pool=False)).draws(generators)

    assert len({draw.shared for draw in drawn}) == 1
    assert len({draw.own for draw in drawn}) == 20


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_result_has_the_low_size_and_lies_on_8_bit_levels(scale):
    pipeline = degradation("real_esrgan", {})
    high = np.stack([_picture(seed=n)[np.newaxis] for n in range(4)])

    low = pipeline.degrade(high, scale, np.random.default_rng(1))

    assert low.shape == (4, 1, 96 // scale, 96 // scale)
    assert low.dtype == np.float32
    assert 0 <= low.min() <= low.max() <= 1
    np.testing.assert_allclose(low * 255, np.rint(low * 255), atol=1e-4)


def test_same_seed_gives_the_same_picture_and_another_seed_another():
    pipeline = degradation("real_esrgan", {})
    high = _picture()

    first = pipeline.degrade(high, 2, np.random.default_rng(5))

    np.testing.assert_array_equal(first, pipeline.degrade(high, 2, np.random.default_rng(5)))
    assert np.abs(first - pipeline.degrade(high, 2, np.random.default_rng(6))).max() > 0.01


def test_noise_of_two_pictures_with_one_draw_is_independent():
    pipeline = degradation("real_esrgan", {"gaussian_2_share": 1, "gaussian_2_low": 20})
    (draw,) = pipeline.physics.draws([np.random.default_rng(0)])
    flat = np.full((96, 96), 0.5, np.float32)

    one, two = (pipeline.low(flat, 2, draw, np.random.default_rng(n)) for n in (1, 2))

    assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.15


def test_both_orders_of_the_last_steps_end_at_the_low_size():
    pipeline = degradation("real_esrgan", {})
    (draw,) = pipeline.physics.draws([np.random.default_rng(0)])
    for last in (True, False):
        shared = replace(draw.shared, is_compressed_last=last)
        stages = tuple(
            pipeline.stages(_picture(), 2, replace(draw, shared=shared), np.random.default_rng(1))
        )

        labels = [stage.label for stage in stages]
        sized = next(n for n, label in enumerate(labels) if label.startswith("Low-resolution"))
        compressed = next(n for n, label in enumerate(labels) if label.startswith("Second JPEG"))
        assert (compressed > sized) is last
        assert stages[-1].picture.shape == (48, 48)


def test_sharpening_first_changes_the_result_and_is_off_by_default():
    high = _picture()
    plain, sharp = (degradation("real_esrgan", {"sharpen_first": value}) for value in (False, True))
    (draw,) = plain.physics.draws([np.random.default_rng(0)])

    low, sharper = (p.low(high, 2, draw, np.random.default_rng(1)) for p in (plain, sharp))

    assert not RealEsrganSettings().sharpen_first
    assert np.abs(low - sharper).max() > 0.01


def test_sharpening_overshoots_at_edges_alone():
    edge = np.full((80, 120), 0.3, np.float32)
    edge[:, 60:] = 0.6

    result = sharpened(edge)

    assert result[40, 60] > 0.65
    assert result[40, 59] < 0.25
    # 25 px is the reach of one blur; two of them lie between the edge and the corner.
    np.testing.assert_allclose(result[:, :5], 0.3, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"enlarge_1_share": 0.6, "shrink_1_share": 0.6}, "enlarge_1_share"),
        ({"blur_1_low": 3.0, "blur_1_high": 1.0}, "blur_1_low"),
        ({"resize_2_low": 1.1}, "resize_2_low"),
        ({"jpeg_low": 0}, "jpeg_low"),
        ({"sinc_shore": 0.2}, "sinc_shore"),
    ],
)
def test_settings_that_mean_nothing_are_refused_by_name(settings, words):
    with pytest.raises(InvalidParameter, match=words):
        degradation("real_esrgan", settings)


def test_size_that_the_scale_does_not_divide_is_refused():
    with pytest.raises(InvalidInput, match="97 x 96"):
        degradation("real_esrgan", {}).degrade(
            np.zeros((97, 96), np.float32), 2, np.random.default_rng(0)
        )
