"""The naturalness factor and the stretch, against analytic cases and phantoms."""

import numpy as np
import pytest
import tifffile

from shared_data import require_shared_data
from superlens.core.errors import InvalidInput
from superlens.core.jobs import TargetForm
from superlens.phantom.pairs import benchmark_field
from superlens.prepare.gradient_statistics.grey_levels import EIGHT_BIT, UNIT, GreyScale, own_scale
from superlens.prepare.gradient_statistics.naturalising import (
    Stretch,
    naturalise,
    naturalise_levels,
)
from superlens.prepare.gradient_statistics.naturalness import (
    GRADIENT_SCALE,
    LARGEST_FACTOR,
    fit_scale,
    gradient_distance,
    histogram_distance,
    measure_naturalness,
    prior_histogram,
)

SIDE = 192


def texture(seed: int = 0, contrast: float = 14.0) -> np.ndarray:
    """Give (Y, X) float64 around 128: noise with amplitudes that fall with frequency^1.2."""
    rng = np.random.default_rng(seed)
    ky, kx = np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE)[None]
    falloff = np.maximum(np.hypot(ky, kx), 1 / SIDE) ** -1.2
    noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((SIDE, SIDE))) * falloff).real
    return 128 + contrast * noise / noise.std()


def spots_on_noise() -> np.ndarray:
    """Give (Y, X) uint8: broad bright spots on a dark background with a little noise."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:SIDE, :SIDE]
    picture = 10 + 0.9 * rng.standard_normal((SIDE, SIDE))
    for cy, cx in rng.integers(0, SIDE, (30, 2)):
        picture += 200 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 100)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def levels_of(picture: np.ndarray) -> np.ndarray:
    return EIGHT_BIT.eight_bit(picture)


@pytest.mark.parametrize("scale", [0.05, 0.2421, 0.3754, 0.9])
def test_fit_recovers_the_scale_of_the_models_own_distribution(scale: float):
    i = np.arange(-256, 256)

    found = fit_scale(np.arctan(scale * i) / np.pi + 0.5, -256)

    # The search ends when its bracket is narrower than 1e-4.
    assert found == pytest.approx(scale, abs=1e-4)


def test_prior_has_all_the_mass_and_its_mode_at_no_gradient():
    prior = prior_histogram()

    assert prior.sum() == pytest.approx(1)
    assert np.argmax(prior) == 256
    # Up to the ends, which take the tails, it is symmetric: +1 is as frequent as -1.
    assert prior[257:511] == pytest.approx(prior[255:1:-1])


def test_samples_of_the_prior_along_each_row_have_its_scale():
    rng = np.random.default_rng(5)
    steps = np.rint(np.tan(np.pi * (rng.random(400_000) - 0.5)) / GRADIENT_SCALE)
    counts = np.bincount(np.clip(steps, -256, 255).astype(int) + 256, minlength=512)

    # Rounded samples are counted up to i + 1/2, which the fit, as published, does not correct.
    found = fit_scale(np.cumsum(counts) / counts.sum(), -256)

    assert found == pytest.approx(GRADIENT_SCALE, rel=0.03)
    # An expected divergence of 512 bins / (2 ln 2 * 4 * 400,000) = 2e-4 bits.
    assert histogram_distance(counts, prior_histogram()) < 5e-4


def test_distance_is_zero_of_equal_one_of_disjoint_and_symmetric():
    first, second = np.array([3.0, 1, 0, 0]), np.array([0, 0, 5, 5])

    assert histogram_distance(first, 7 * first) == pytest.approx(0, abs=1e-12)
    assert histogram_distance(first, second) == pytest.approx(1)
    mixed = np.array([1.0, 2, 3, 4])
    assert histogram_distance(first, mixed) == histogram_distance(mixed, first)


def test_factor_is_inverse_to_contrast():
    factors = [
        measure_naturalness(levels_of(128 + share * (texture(contrast=50) - 128))).factor * share
        for share in (0.25, 0.5, 1.0)
    ]

    # The family is scaled onto itself but for the rounding to grey levels, which counts most at a
    # quarter of the contrast.
    assert factors == pytest.approx([factors[-1]] * 3, rel=0.025)


def test_factor_ignores_brightness_exactly_and_direction_nearly():
    levels = levels_of(texture())

    factor = measure_naturalness(levels).factor

    assert measure_naturalness(levels + 40).factor == factor
    turned = (levels.T, levels[::-1], levels[:, ::-1])
    # Differences are taken forwards, and the distributions count g >= i and g > i unlike.
    assert [measure_naturalness(one).factor for one in turned] == pytest.approx(
        [factor] * 3, rel=0.015
    )


def test_sums_of_the_joint_distribution_are_those_of_its_definition():
    rng = np.random.default_rng(2)
    levels = rng.integers(0, 256, (9, 8))
    gx = levels[1:-1, 2:] - levels[1:-1, 1:-1]
    gy = levels[2:, 1:-1] - levels[1:-1, 1:-1]
    i = np.arange(-256, 256)
    joint = np.mean(
        (gx.ravel() <= i[:, None, None]) & (gy.ravel() <= i[None, :, None]), axis=2
    )  # (512, 512)

    naturalness = measure_naturalness(levels)

    assert naturalness.scales[0] == fit_scale(joint.sum(axis=1) / 255, -256)
    assert naturalness.scales[1] == fit_scale(joint.sum(axis=0) / 255, -256)


def test_constant_picture_has_the_largest_factor_and_is_objected_to():
    flat = np.full((40, 40), 77, np.uint8)

    done = naturalise(flat, TargetForm.PLUGIN)

    # T ends within 1e-4 of its bound.
    assert done.before.factor == pytest.approx(LARGEST_FACTOR, rel=2e-4)
    assert done.before.is_at_bound
    assert "100 % of it is constant" in done.objection


def test_natural_without_clipping_after_either_form():
    picture = texture(contrast=28)

    for form in TargetForm:
        done = naturalise(picture, form, EIGHT_BIT)

        assert done.before.factor < 0.5
        # Rounding to grey levels moves the fit by a few hundredths at most.
        assert done.after.factor == pytest.approx(1, abs=0.03)
        assert done.clipped_share == 0
        assert done.objection == ""
        assert float(done.picture.mean()) == pytest.approx(picture.mean(), abs=0.1)


def test_stretch_alone_vanishes_in_a_normalisation_between_extremes():
    levels = levels_of(texture())

    stretched = naturalise_levels(levels, measure_naturalness(levels).factor)

    between = [own_scale(each.astype(np.float32)).levels(each) for each in (levels, stretched)]
    # The stretched one has about half as many grey levels: each stands for up to three.
    assert np.abs(between[0] - between[1]).max() <= 2


def test_plugin_form_clips_and_rounds_towards_zero():
    levels = np.array([[0, 10, 250], [120, 121, 119], [90, 4, 255]])
    mean = levels.mean()

    stretched = naturalise_levels(levels, 2.0)

    wanted = [min(max(int((u - mean) * 2 + mean + 0.5), 0), 255) for u in levels.ravel().tolist()]
    assert stretched.ravel().tolist() == wanted
    assert stretched.min() == 0
    assert stretched.max() == 255


def test_quantitative_form_is_undone_by_what_it_states():
    picture = (1e4 * texture(3)).astype(np.float32)

    done = naturalise(picture, TargetForm.QUANTITATIVE)

    assert done.stretch.mean == pytest.approx(picture.mean(dtype=np.float64))
    # Two roundings to float32 of values around 1e6.
    assert done.stretch.invert(done.picture) == pytest.approx(picture, rel=1e-6)


def test_quantitative_form_follows_a_scale_for_all_pictures():
    picture = texture(4).astype(np.float32)
    shared = GreyScale(0, 255)

    bright = naturalise(picture, TargetForm.QUANTITATIVE, shared)
    dim = naturalise(picture / 2, TargetForm.QUANTITATIVE, shared)

    assert dim.stretch.factor == pytest.approx(2 * bright.stretch.factor, rel=0.02)
    assert not np.array_equal(bright.picture, dim.picture)


def test_gradients_beyond_the_scale_are_counted_by_the_quantitative_form():
    picture = np.zeros((32, 32), np.float32)
    picture[::2] = 3.0  # steps of 765 grey levels

    done = naturalise(picture, TargetForm.QUANTITATIVE, UNIT)

    counts = np.array(done.before.counts)
    assert counts[0] == counts[511] == 450
    assert counts[256] == 900


def test_types_agree_after_conversion_to_eight_bit():
    eight = levels_of(texture())
    eight.flat[:2] = 0, 255
    pictures = (
        eight.astype(np.uint8),
        (eight * 257).astype(np.uint16),
        (eight / 255 - 3).astype(np.float32),
    )

    factors = [naturalise(picture, TargetForm.PLUGIN).before.factor for picture in pictures]

    assert factors == [factors[0]] * 3


@pytest.mark.parametrize("seed", [1, 3])
def test_filaments_come_near_the_prior_and_puncta_are_refused(seed: int):
    filaments = benchmark_field("filaments", 500, seed).high
    puncta = benchmark_field("puncta", 500, seed).high

    for form in TargetForm:
        kept, refused = naturalise(filaments, form), naturalise(puncta, form)

        # The card's dense filaments end at 1.03, those on black at 1.15; ours lie between.
        assert kept.objection == ""
        assert abs(kept.after.factor - 1) < 0.2 < abs(kept.before.factor - 1)
        assert refused.objection
    unclipped = naturalise(filaments, TargetForm.QUANTITATIVE)
    assert unclipped.after.prior_distance < unclipped.before.prior_distance


def test_clipping_that_eats_gradients_is_objected_to():
    picture = spots_on_noise()

    published = naturalise(picture, TargetForm.PLUGIN)
    unclipped = naturalise(picture, TargetForm.QUANTITATIVE)

    # What lies below mean (1 - 1 / factor), which is the whole background, becomes black. Published
    # behaviour on puncta: from 1.69 to 2.47.
    assert published.clipped_share > 0.3
    assert published.after.factor > published.before.factor > 1.2
    assert "farther from 1 than it was" in published.objection
    assert unclipped.after.factor == pytest.approx(1, abs=0.05)
    assert unclipped.objection == ""


def test_own_measure_of_two_pictures_is_zero_only_for_the_same_gradients():
    first, second = (measure_naturalness(levels_of(texture(c, 6 + 20 * c))) for c in (0, 1))

    assert gradient_distance(first, first) == 0
    assert gradient_distance(first, second) > 0.05


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((0, 5)), "0 x 5"),
        (np.ones((1, 50)), "1 x 50"),
        (np.ones((3, 9, 9)), "3 x 9 x 9"),
        (np.full((5, 5), np.nan), "25 of 25 pixels are NaN"),
        (np.full((5, 5), 7.0), "the same value, 7"),
    ],
)
def test_pictures_without_gradients_are_named(picture: np.ndarray, words: str):
    with pytest.raises(InvalidInput, match=words):
        naturalise(picture, TargetForm.QUANTITATIVE)


@pytest.mark.parametrize(
    ("name", "form", "before", "after", "is_taken"),
    [
        ("bpae_20x_fov1_actin_highsnr", TargetForm.PLUGIN, 1.136, 1.048, True),
        ("bpae_60x_fov1_actin_highsnr", TargetForm.PLUGIN, 1.723, 2.108, False),
        ("bpae_60x_fov1_actin_highsnr", TargetForm.QUANTITATIVE, 1.723, 0.984, True),
    ],
)
def test_real_pictures_fare_as_the_guide_says(name, form, before, after, is_taken):
    path = require_shared_data(f"paired/hagen_lowsnr_highsnr/{name}.tif")

    done = naturalise(tifffile.imread(path), form)

    # The search stops within 1e-4 of a T, which is 3e-4 of a factor.
    assert done.before.factor == pytest.approx(before, abs=1e-3)
    assert done.after.factor == pytest.approx(after, abs=1e-3)
    assert (done.objection == "") is is_taken


def test_stretch_leaves_the_mean_where_it_is():
    stretch = Stretch(2.5, 40.0)

    assert stretch.apply(np.array([40.0, 41.0])).tolist() == [40.0, 42.5]
