"""What is taken of a single picture."""

import numpy as np
import pytest

from superlens.core.errors import InvalidInput
from superlens.engine.evaluation_catalogue import (
    SPREAD_MEASURES,
    measures_for,
    multi_scale_note,
)
from superlens.engine.evaluation_measures import Judged, fit_sharpness, judge
from superlens.quality.baselines import bicubic


def _truth(side=192, seed=0):
    rng = np.random.default_rng(seed)
    return (bicubic(rng.random((side // 8, side // 8)), 8) * 1000 + 100).astype(np.float32)


def _judged(picture, truth, spread=None):
    side = truth.shape[0] // 2
    low = truth.reshape(side, 2, side, 2).mean((1, 3)).astype(np.float32)
    return Judged(picture.astype(np.float32), low, truth, 2, spread)


def test_every_measure_that_is_taken_is_named_and_the_other_way_round():
    truth = _truth()
    model = fit_sharpness([lambda: truth, lambda: _truth(seed=1)], 192)
    spread = np.full(truth.shape, 5.0, np.float32)
    picture = truth + np.random.default_rng(1).normal(0, 5, truth.shape)

    found = judge(_judged(picture, truth, spread), model)

    named = [one.id for one in (*measures_for(192, model), *SPREAD_MEASURES)]
    assert sorted(found) == sorted(named)
    assert all(value is not None for value in found.values())


def test_gain_and_offset_change_the_raw_numbers_alone():
    truth = _truth()
    picture = truth + np.random.default_rng(1).normal(0, 20, truth.shape).astype(np.float32)

    plain = judge(_judged(picture, truth), None)
    other = judge(_judged(3.0 * picture + 50, truth), None)

    for name in plain:
        if name.endswith("_raw"):
            assert other[name] < plain[name] - 0.05
        elif not name.startswith("intensity"):
            assert other[name] == pytest.approx(plain[name], rel=1e-3)


def test_perfect_picture_has_perfect_numbers():
    truth = _truth()

    found = judge(_judged(truth, truth), None)

    assert found["psnr_raw"] == np.inf
    assert found["ssim_affine"] == pytest.approx(1.0)
    assert found["ms_ssim_care"] == pytest.approx(1.0)
    assert found["nrmse"] == pytest.approx(0.0, abs=1e-12)
    assert found["mae"] == pytest.approx(0.0, abs=1e-12)
    assert found["frc_cutoff"] == 0.5
    assert found["rsp"] == pytest.approx(1.0, abs=1e-6)
    assert found["intensity_ratio"] == pytest.approx(1.0)


def test_error_measures_follow_their_formulas():
    truth = _truth()
    error = np.where(np.indices(truth.shape).sum(0) % 2, 10.0, -10.0)

    found = judge(_judged(truth + error, truth), None)

    # The fit shrinks the picture a little, since the error is noise to it.
    extent = float(np.ptp(truth))
    assert found["mae"] == pytest.approx(10.0 / extent, rel=0.01)
    assert found["nrmse"] == pytest.approx(10.0 / extent, rel=0.01)


def test_small_picture_lacks_what_needs_room():
    rng = np.random.default_rng(0)
    truth = rng.random((40, 40)).astype(np.float32)

    found = judge(_judged(truth + 0.1, truth), None)

    assert found["frc_cutoff"] is None
    assert found["ms_ssim_affine"] is None
    assert found["ssim_affine"] == pytest.approx(1.0)


def test_frc_of_a_blurred_picture_ends_where_the_blur_does():
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((256, 256)).astype(np.float32)
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None])
    kept = np.where(frequency < 0.2, np.fft.fft2(truth), 0)
    lost = rng.standard_normal((256, 256)) * 1e-3
    picture = np.fft.ifft2(kept).real + lost

    # Rings are smoothed over seven of 128.
    assert judge(_judged(picture, truth), None)["frc_cutoff"] == pytest.approx(0.2, abs=0.02)
    assert judge(_judged(lost, truth), None)["frc_cutoff"] == 0.0


def test_spread_in_other_units_is_judged_after_the_same_fit():
    truth = _truth()
    rng = np.random.default_rng(2)
    error = rng.normal(0, 5, truth.shape)
    spread = np.full(truth.shape, 5.0, np.float32)

    plain = judge(_judged(truth + error, truth, spread), None)
    scaled = judge(_judged(4.0 * (truth + error), truth, 4.0 * spread), None)

    assert plain["coverage_90"] == pytest.approx(0.9, abs=0.01)
    for name in ("coverage_90", "ence", "ause"):
        assert scaled[name] == pytest.approx(plain[name], rel=1e-3)


def test_spread_of_nothing_is_a_spread_that_covers_nothing():
    truth = _truth()
    picture = truth + np.random.default_rng(1).normal(0, 5, truth.shape)

    found = judge(_judged(picture, truth, np.zeros(truth.shape, np.float32)), None)

    assert found["coverage_90"] < 0.01


def test_constant_truth_is_refused():
    with pytest.raises(InvalidInput, match="constant"):
        judge(_judged(_truth(), np.ones((192, 192), np.float32)), None)


def test_texture_is_learnt_from_the_truths_and_blurred_pictures_are_farther_away():
    truths = [_noisy(seed) for seed in range(3)]
    model = fit_sharpness([lambda one=one: one for one in truths], 192)

    assert model is not None
    assert model.name == "NIQE-fit(truths)"
    judged = [judge(_judged(p, truths[0]), model)["niqe"] for p in (truths[0], _blurred(truths[0]))]
    assert judged[0] < judged[1]


def test_texture_is_left_out_where_the_truths_are_too_small_or_plain():
    assert fit_sharpness([lambda: _truth(24)], 24) is None
    assert fit_sharpness([lambda: np.zeros((192, 192), np.float32)], 192) is None


def test_name_of_the_multi_scale_similarity_tells_its_scales():
    titles = {one.id: one.title for one in measures_for(128, None)}

    assert titles["ms_ssim_raw"] == "MS-SSIM(3) (raw)"
    assert multi_scale_note([128, 256]).startswith("three scales for 1 of 2")
    assert multi_scale_note([256]) == "five scales"


def _noisy(seed):
    truth = _truth(seed=seed)
    return truth + np.random.default_rng(seed).normal(0, 30, truth.shape).astype(np.float32)


def _blurred(picture):
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(picture, 2.0)
