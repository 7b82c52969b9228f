"""Light before and after."""

import numpy as np
import pytest

from superlens.core.errors import InvalidInput
from superlens.quality.baselines import bicubic
from superlens.quality.intensity import intensity_ratio


def raw(seed: int = 0):
    return np.random.default_rng(seed).gamma(2.0, 50.0, (40, 50))


def test_light_that_is_kept_has_ratio_one():
    found = intensity_ratio(raw().repeat(3, 0).repeat(3, 1), raw(), 3)

    assert (found.mean, found.lo, found.median, found.hi) == pytest.approx((1, 1, 1, 1))


def test_lost_light_is_seen():
    found = intensity_ratio(0.8 * raw().repeat(2, 0).repeat(2, 1), raw(), 2)

    assert (found.mean, found.median) == pytest.approx((0.8, 0.8))


def test_light_moved_about_keeps_the_mean_but_widens_the_rest():
    found = intensity_ratio(raw(1).repeat(2, 0).repeat(2, 1), raw(0), 2)

    assert found.mean == pytest.approx(1.0, abs=0.05)
    assert found.lo < 0.3
    assert found.hi > 1.5


def test_bicubic_keeps_the_light_of_a_smooth_picture():
    row, column = np.mgrid[0:40, 0:50]
    smooth = 100 + 20 * np.sin(row / 6) + 20 * np.cos(column / 7)

    found = intensity_ratio(bicubic(smooth, 2), smooth, 2)

    assert found.mean == pytest.approx(1.0, abs=1e-3)
    assert found.hi - found.lo < 0.01


@pytest.mark.parametrize(
    ("sr", "lr"), [(np.ones((10, 10)), np.ones((6, 5))), (np.ones((10, 10)), -np.ones((5, 5)))]
)
def test_pictures_that_cannot_be_compared_are_refused(sr, lr):
    with pytest.raises(InvalidInput):
        intensity_ratio(sr, lr, 2)
