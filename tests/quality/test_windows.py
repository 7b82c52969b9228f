"""Local means and the checks that all measures share."""

import numpy as np
import pytest

from superlens.core.errors import InvalidInput
from superlens.quality.pairing import extent_of, large_enough, same_field, same_size
from superlens.quality.windows import binned, gaussian_weights, windowed


def test_windows_are_used_only_where_they_fit():
    values = np.arange(56.0).reshape(7, 8)

    found = windowed(values, np.full(3, 1 / 3))

    assert found.shape == (5, 6)
    assert found == pytest.approx(values[1:-1, 1:-1])


def test_gaussian_weights_fall_as_a_gaussian():
    weights = gaussian_weights(11, 1.5)

    assert weights.sum() == pytest.approx(1.0)
    assert weights[5] / weights[8] == pytest.approx(np.exp(2.0))
    assert weights == pytest.approx(weights[::-1])


def test_bins_leave_out_what_does_not_fill_one():
    found = binned(np.arange(35.0).reshape(5, 7), 2)

    assert found == pytest.approx(np.array([[4, 6, 8], [18, 20, 22]]))


def test_pictures_of_one_field_pass():
    p, g = same_size([[1, 2]], [[3, 4]])
    fine, coarse = same_field(np.eye(6), np.eye(2), 3)

    assert (p.dtype, g.dtype) == (np.float64, np.float64)
    assert (fine.shape, coarse.shape) == ((6, 6), (2, 2))
    assert extent_of(g) == 1.0
    assert extent_of(g, 255) == 255.0
    large_enough("SSIM", 11, 11)


@pytest.mark.parametrize(
    "refused",
    [
        lambda: same_size(np.eye(3), np.eye(4)),
        lambda: same_field(np.eye(6), np.eye(2), 2),
        lambda: extent_of(np.ones((2, 2))),
        lambda: extent_of(np.eye(2), 0.0),
        lambda: extent_of(np.full((2, 2), np.nan)),
        lambda: large_enough("SSIM", 10, 11),
    ],
)
def test_pictures_that_cannot_be_compared_are_refused(refused):
    with pytest.raises(InvalidInput):
        refused()
