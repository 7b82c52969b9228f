"""The camera against the statistics it promises."""

import numpy as np
import pytest

from superlens.core.errors import InvalidParameter
from superlens.phantom.camera import Camera, read_out


def test_mean_and_variance_follow_gain_offset_and_read_noise():
    camera = Camera(50.0, read_noise_e=2.0, gain=3.0, offset=100.0)

    counts = read_out(np.full((400, 400), 50.0, np.float32), camera, np.random.default_rng(1))

    # 160,000 pixels: the mean is known to 0.06 counts, the variance to 0.4 %; rounding adds 1/12.
    assert counts.mean() == pytest.approx(3 * 50 + 100, abs=0.25)
    assert counts.var() == pytest.approx(9 * (50 + 4) + 1 / 12, rel=0.02)


@pytest.mark.parametrize(("depth", "dtype"), [(8, np.uint8), (12, np.uint16), (16, np.uint16)])
def test_bit_depth_clips_and_chooses_the_type(depth, dtype):
    camera = Camera(1e6, bit_depth=depth)

    counts = read_out(np.full((8, 8), 1e6, np.float32), camera, np.random.default_rng(1))

    assert counts.dtype == dtype
    assert (counts == 2**depth - 1).all()


def test_no_light_and_no_offset_gives_no_negative_counts():
    camera = Camera(10.0, read_noise_e=3.0)

    counts = read_out(np.zeros((64, 64), np.float32), camera, np.random.default_rng(1))

    assert counts.min() == 0
    assert counts.max() < 30


@pytest.mark.parametrize("wrong", [{"photons": 0.0}, {"photons": 5.0, "bit_depth": 17}])
def test_impossible_cameras_are_refused(wrong):
    with pytest.raises(InvalidParameter):
        Camera(**wrong)
