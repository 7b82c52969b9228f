"""The confocal scan: what is conserved, what the noise is, where the lines go."""

from dataclasses import replace

import numpy as np
import pytest

from superlens.core.errors import InvalidParameter
from superlens.prepare.degradations.catalogue import degradation
from superlens.prepare.degradations.confocal import (
    Confocal,
    ConfocalDraw,
    ConfocalSettings,
    Sampling,
    detected,
    sampled,
    shifted_lines,
)

PERFECT = ConfocalDraw(
    width=1.0,
    sampling=Sampling.AREA,
    photons=1e7,
    background=0.0,
    read_noise=0.0,
    excess=1.0,
    line_shift=0.0,
    line_jitter=0.0,
    bit_depth=16,
    filling=0.9,
)
"""A scan without noise and faults."""


def _blobs(side=96):
    y, x = np.mgrid[:side, :side]
    centres = np.random.default_rng(2).uniform(15, side - 15, (12, 2))
    return sum(np.exp(-((y - a) ** 2 + (x - b) ** 2) / 18) for a, b in centres).astype(np.float32)


def _low(draw, high, scale=2, seed=0):
    return degradation("confocal", {}).low(high, scale, draw, np.random.default_rng(seed))


@pytest.mark.parametrize("sampling", list(Sampling))
@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_light_and_place_are_conserved(sampling, scale):
    high = _blobs()

    low = _low(replace(PERFECT, sampling=sampling), high, scale)

    assert low.shape == (96 // scale, 96 // scale)
    assert low.mean() == pytest.approx(high.mean(), rel=0.01)
    centres = [
        (image.sum(axis) @ np.arange(96, dtype=float)[: len(image)] + 0.0) / image.sum()
        for image in (high,)
        for axis in (0, 1)
    ]
    for axis, centre in enumerate(centres):
        grid = (np.arange(96 // scale) + 0.5) * scale - 0.5
        assert (low.sum(axis) @ grid) / low.sum() == pytest.approx(centre, abs=0.05)


def test_point_sampling_reads_the_value_in_the_middle():
    x = np.arange(40, dtype=np.float32)
    parabola = np.tile((x - 10) ** 2, (40, 1))

    for scale in (2, 4, 5):
        low = sampled(parabola, scale, Sampling.POINT)

        middles = (np.arange(40 // scale) + 0.5) * scale - 0.5
        wanted = (middles - 10) ** 2
        # A cubic is exact for a parabola, away from the border.
        np.testing.assert_allclose(low[3, 1:-1], wanted[1:-1], rtol=1e-5)


def test_blur_has_the_width_of_the_optics():
    settings = ConfocalSettings(na=1.2, wavelength_nm=525.0, pixel_nm=50.0)
    point = np.zeros((65, 65), np.float32)
    point[32, 32] = 1.0

    stages = Confocal(settings).stages(point, 1, PERFECT, np.random.default_rng(0))
    light = next(stages).picture

    profile = light.sum(0) / light.sum()
    x = np.arange(65) - 32
    sigma = np.sqrt((profile * x**2).sum())
    assert sigma == pytest.approx(0.21 * 525 / 1.2 / 50, rel=0.03)


def test_photons_set_the_noise():
    flat = np.ones((256, 256), np.float32)

    for photons in (4.0, 100.0):
        low = _low(replace(PERFECT, photons=photons), flat, scale=1)

        assert low.mean() == pytest.approx(1.0, abs=5 / np.sqrt(photons * flat.size))
        assert low.var() == pytest.approx(1 / photons, rel=0.03)


def test_excess_and_read_noise_add_to_the_variance_and_leave_the_mean():
    expected = np.full((400, 400), 20.0, np.float32)
    draw = replace(PERFECT, excess=1.7, read_noise=2.0)

    counts = detected(expected, draw, np.random.default_rng(0))

    # 160,000 values: the standard error of a variance is 0.4 %.
    assert counts.mean() == pytest.approx(20.0, abs=0.06)
    assert counts.var() == pytest.approx(1.7 * 20 + 2.0**2, rel=0.02)


def test_noise_of_neighbours_is_independent():
    low = _low(replace(PERFECT, photons=20.0), np.ones((256, 256), np.float32), scale=2)

    noise = low - low.mean()
    assert abs((noise[:, 1:] * noise[:, :-1]).mean() / noise.var()) < 0.03


def test_even_background_adds_noise_and_no_light():
    dark = np.zeros((200, 200), np.float32)

    low = _low(replace(PERFECT, photons=50.0, background=0.1), dark, scale=1)

    assert low.mean() == pytest.approx(0.0, abs=0.002)
    assert low.var() == pytest.approx(0.1 / 50, rel=0.05)


def test_odd_and_even_lines_part_by_the_line_shift_and_nothing_moves_on_average():
    stripe = np.zeros((64, 128), np.float32)
    stripe[:, 60:68] = 1.0

    low = _low(replace(PERFECT, line_shift=1.5), stripe)

    place = (low @ np.arange(64)) / low.sum(1)
    assert place[1::2].mean() - place[::2].mean() == pytest.approx(1.5, abs=0.02)
    assert place.mean() == pytest.approx(31.5, abs=0.02)


def test_jitter_moves_single_lines():
    stripe = np.zeros((256, 128), np.float32)
    stripe[:, 56:72] = 1.0

    low = _low(replace(PERFECT, line_jitter=0.3), stripe)

    place = (low @ np.arange(64)) / low.sum(1)
    assert place.std() == pytest.approx(0.3, rel=0.25)  # 128 lines: 6 % standard error


def test_lines_shift_by_parts_of_a_pixel_and_end_in_their_border_pixel():
    ramp = np.tile(np.arange(8, dtype=np.float32), (3, 1))

    moved = shifted_lines(ramp, np.float32([0.0, 1.25, -2.0]))

    np.testing.assert_allclose(moved[0], ramp[0])
    np.testing.assert_allclose(moved[1], [0, 0, 0.75, 1.75, 2.75, 3.75, 4.75, 5.75])
    np.testing.assert_allclose(moved[2], [2, 3, 4, 5, 6, 7, 7, 7])


def test_bright_outliers_are_not_clipped_and_depth_sets_the_steps():
    high = np.ones((64, 64), np.float32)
    high[:8] = 30.0
    draw = replace(PERFECT, bit_depth=8)

    low = _low(draw, high)

    assert low[:2].mean() > 25
    steps = np.unique(np.rint(low[16:] * 0.9 * 255))
    np.testing.assert_allclose(low * 0.9 * 255, np.rint(low * 0.9 * 255), atol=0.01)
    assert len(steps) < 5


def test_draws_cover_the_ranges_of_the_settings():
    drawn = Confocal().draws([np.random.default_rng(n) for n in range(2000)])

    logs = np.log([draw.photons for draw in drawn])
    middle = np.log(np.sqrt(2.0 * 200.0))
    error = np.log(100.0) / np.sqrt(12 * 2000)
    assert abs(logs.mean() - middle) < 3 * error
    assert np.log(2.0) <= logs.min() <= logs.max() <= np.log(200.0)
    for name, low, high in (
        ("width", 0.8, 1.2),
        ("background", 0, 0.1),
        ("read_noise", 0, 2),
        ("excess", 1, 2),
        ("line_shift", -2, 2),
    ):
        values = np.array([getattr(draw, name) for draw in drawn])
        assert low <= values.min() <= values.max() <= high
        assert abs(values.mean() - (low + high) / 2) < 3 * (high - low) / np.sqrt(12 * 2000)
    assert {draw.bit_depth for draw in drawn} == {8, 12, 16}


def test_patch_of_a_crop_does_not_feel_the_border_of_the_crop():
    scale, patch = 2, 64
    physics = Confocal()
    side = physics.crop_px(patch, scale)
    margin = (side - patch) // 2
    high = np.random.default_rng(0).random((side + 80, side + 80), dtype=np.float32)
    draw = replace(PERFECT, photons=1e12, line_shift=2.0, width=1.2)
    crop = high[40 : 40 + side, 40 : 40 + side]

    whole, part = (_low(draw, image, scale) for image in (high, crop))

    inner = slice(margin // scale, (margin + patch) // scale)
    outer = slice((40 + margin) // scale, (40 + margin + patch) // scale)
    # Four standard deviations of the optics lie in the margin: 6e-5 of the light comes from beyond.
    np.testing.assert_allclose(part[inner, inner], whole[outer, outer], atol=5e-4)


def test_aperture_beyond_the_medium_is_refused():
    with pytest.raises(InvalidParameter, match=r"1\.4"):
        degradation("confocal", {"na": 1.4, "immersion_index": 1.33})
