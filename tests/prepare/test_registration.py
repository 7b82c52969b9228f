"""Where the low picture of a pair lies in its high one."""

import numpy as np
import pytest
import tifffile

from prepare.made_pairs import MadePair
from shared_data import require_shared_data
from superlens.core.errors import InvalidInput
from superlens.core.jobs import Alignment, PairFile, Roi
from superlens.prepare.alignment import Placement, aligned, alignment_of, block_mean
from superlens.prepare.pairs import read_pair
from superlens.prepare.registration import Registration, register
from superlens.prepare.scale_search import find_scale, fit_at

SHIFT_ERROR_PX = 0.05
SHIFTS = [(0.0, 0.0), (0.3, -0.45), (1.25, 2.6), (-5.5, 7.37), (-14.2, 0.0)]


def registered(pair: MadePair) -> Registration:
    return register(pair.low(), block_mean(pair.high(), pair.scale))


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("shift", SHIFTS)
def test_known_shifts_are_measured_to_a_twentieth_of_a_pixel(scale, shift):
    found = registered(MadePair(seed=scale, scale=scale, shift=shift))

    assert found.is_certain
    assert found.placement.is_shift
    assert found.placement.shift == pytest.approx(shift, abs=SHIFT_ERROR_PX)
    assert found.correlation_after > 0.8


def test_a_shift_is_measured_in_pictures_that_are_binned_for_it():
    pair = MadePair(side=300, scale=1, spots=1500, shift=(3.3, -8.6))
    low, high = (np.kron(image, np.ones((4, 4))) for image in (pair.low(), pair.high()))

    found = register(low, high)

    # 4 times larger pixels, and measured on pictures averaged back over 2 x 2 of them.
    assert found.placement.shift == pytest.approx((13.2, -34.4), abs=4 * SHIFT_ERROR_PX)


def test_turn_and_stretch_are_found_where_they_explain_more():
    turn = (1.01, 0.015, -0.015, 1.01)

    found = registered(MadePair(seed=3, matrix=turn, shift=(0.4, -2.3)))

    assert not found.placement.is_shift
    assert found.placement.matrix == pytest.approx(turn, abs=0.002)
    assert found.placement.displacement((128, 128)) == pytest.approx((0.4, -2.3), abs=0.05)
    assert found.placement.magnification == pytest.approx(1.01, abs=0.001)


def test_a_stretch_that_moves_nothing_by_a_quarter_pixel_is_not_corrected():
    found = registered(MadePair(seed=3, matrix=(1.001, 0.0, 0.0, 1.001)))

    assert found.placement.is_shift


@pytest.mark.parametrize("seed", range(4))
def test_pictures_of_different_fields_are_never_certain(seed):
    low, high = MadePair(seed=seed).low(), MadePair(seed=seed + 20).high()

    assert not register(low, block_mean(high, 2)).is_certain


def test_the_blur_between_the_pictures_is_told():
    # Gaussians: sqrt(1.6^2 - 0.8^2) = 1.39, and 1.4 is one of the blurs that are tried.
    assert registered(MadePair()).blur_px == pytest.approx(1.4)


def test_a_shift_of_less_than_half_a_high_pixel_needs_nothing():
    assert alignment_of(Placement((0.1, -0.2)), (64, 64), (128, 128), 2) is None


def test_a_shift_is_rounded_to_whole_high_pixels_where_that_is_close_enough():
    alignment = alignment_of(Placement((1.2, -2.4)), (64, 64), (128, 128), 2)

    assert alignment is not None
    assert alignment.is_whole
    # 1.2 and -2.4 low pixels are 2 and -5 high ones; 2 high pixels are 1 low one.
    assert alignment == Alignment(Roi(3, 0, 61, 63), (2.0, 1.0))


def test_the_high_picture_is_resampled_where_whole_pixels_are_too_coarse():
    alignment = alignment_of(Placement((0.4, 0.0)), (64, 64), (64, 64), 1)

    assert alignment is not None
    assert not alignment.is_whole


@pytest.mark.parametrize(("scale", "shift"), [(2, (1.2, -2.4)), (4, (-3.1, 0.7)), (1, (0.4, -1.6))])
def test_aligned_pictures_lie_on_each_other(scale, shift):
    pair = MadePair(seed=5, scale=scale, shift=shift)
    low, high = pair.low().astype(np.float32), pair.high().astype(np.float32)
    alignment = alignment_of(Placement(shift), low.shape, high.shape, scale)
    assert alignment is not None

    cut, brought = aligned(low, high, alignment, scale)

    assert brought.shape == (cut.shape[0] * scale, cut.shape[1] * scale)
    left = register(cut, block_mean(brought, scale)).placement.shift
    rounding = 0.5 / scale if alignment.is_whole else 0.0
    assert np.abs(left).max() <= rounding + SHIFT_ERROR_PX


def test_a_turned_pair_is_brought_together():
    pair = MadePair(seed=3, matrix=(1.01, 0.015, -0.015, 1.01), shift=(0.4, -2.3))
    low, high = pair.low().astype(np.float32), pair.high().astype(np.float32)
    placement = registered(pair).placement

    alignment = alignment_of(placement, low.shape, high.shape, 2)

    assert alignment is not None
    left = register(*(lambda a, b: (a, block_mean(b, 2)))(*aligned(low, high, alignment, 2)))
    assert left.placement.is_shift
    assert left.placement.shift == pytest.approx((0.0, 0.0), abs=SHIFT_ERROR_PX)


def test_pictures_that_share_too_little_are_refused():
    with pytest.raises(InvalidInput, match="share less than"):
        alignment_of(Placement((60.0, 0.0)), (64, 64), (128, 128), 2)


def test_an_alignment_of_other_pictures_is_refused():
    alignment = Alignment(Roi(0, 0, 64, 64), (4.0, 0.0))

    with pytest.raises(InvalidInput, match="leads beyond"):
        aligned(np.zeros((64, 64), np.float32), np.zeros((128, 128), np.float32), alignment, 2)
    with pytest.raises(InvalidInput, match="leads beyond"):
        aligned(np.zeros((32, 32), np.float32), np.zeros((256, 256), np.float32), alignment, 2)


def test_a_pair_is_read_as_its_alignment_says(tmp_path):
    pair = MadePair()
    low, high = pair.low(), pair.high()
    tifffile.imwrite(tmp_path / "l.tif", low)
    tifffile.imwrite(tmp_path / "h.tif", high)
    alignment = Alignment(Roi(3, 0, 61, 63), (2.0, 1.0))

    read_low, read_high = read_pair(PairFile("l.tif", "h.tif", alignment=alignment), tmp_path, 2)

    assert np.array_equal(read_low, low[0:63, 3:64])
    assert np.array_equal(read_high, high[2:128, 1:123])


def test_the_scale_of_a_crop_is_found():
    pair = MadePair(seed=2, side=120, scale=5, spots=400)
    high = pair.high()[100:500, 60:460]

    found = find_scale(pair.low(), high, 400 / 120)

    assert found is not None
    assert found.is_certain
    assert found.scale == 5.0
    assert found.corner == (20, 12)


def test_a_low_picture_is_found_within_a_larger_high_one():
    pair = MadePair(seed=2, side=128, scale=3, spots=500)

    found = fit_at(pair.low()[30:110, 20:116], pair.high(), 3)

    assert found is not None
    assert found.is_certain
    assert found.corner == (-30, -20)


@pytest.mark.parametrize("seed", range(3))
def test_pictures_of_different_fields_fit_at_no_scale(seed):
    found = find_scale(
        MadePair(seed=seed, side=64).low(), MadePair(seed=seed + 10, side=64).high(), 2
    )

    assert found is None or not found.is_certain


@pytest.mark.parametrize("field", ["20x_fov1_actin", "60x_fov1_mito"])
def test_real_registered_pairs_are_found_to_be_registered(field):
    folder = require_shared_data("paired")
    low = tifffile.imread(folder / f"hagen_derived_x4/bpae_{field}_lr4_binned_from_lowsnr.tif")
    high = tifffile.imread(folder / f"hagen_lowsnr_highsnr/bpae_{field}_highsnr.tif")

    found = register(low, block_mean(high, 4))

    assert found.is_certain
    # Known to 0.2 px of the high picture: 0.05 px of the low one.
    assert found.placement.shift == pytest.approx((0.0, 0.0), abs=SHIFT_ERROR_PX)
