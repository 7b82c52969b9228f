"""Distances of feature sets against closed forms, scipy's matrix root, and other packages."""

import numpy as np
import pytest
from scipy import linalg

from superlens.core.errors import InvalidInput
from superlens.quality.frechet import (
    frechet_distance,
    frechet_floor,
    frechet_warning,
    kernel_distance,
)


def white(samples: int, dimensions: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal((samples, dimensions)) for _ in "ab")


def exact(samples: int, mean, covariance, seed: int = 0):
    """Give samples whose mean and covariance are exactly the given ones."""
    (values, _) = white(samples, len(mean), seed)
    values = values - values.mean(axis=0)
    whitened = linalg.solve_triangular(
        np.linalg.cholesky(np.cov(values, rowvar=False)), values.T, lower=True
    )
    return np.asarray(mean) + (np.linalg.cholesky(covariance) @ whitened).T


def shifted(samples: int, dimensions: int):
    """Give the pair whose figures other packages were asked for."""
    first, second = white(samples, dimensions)
    return first, 1.1 * second + 0.2 * np.arange(dimensions) / dimensions


def test_gaussians_along_the_axes_have_a_closed_form():
    wide, narrow = np.array([2.0, 3.0, 0.5]), np.array([1.0, 3.0, 1.5])
    first = exact(200, [0.0, 1.0, 2.0], np.diag(wide**2), seed=1)
    second = exact(150, [1.0, 1.0, 0.0], np.diag(narrow**2), seed=2)

    # |mu1 - mu2|^2 + sum (sigma1 - sigma2)^2
    expected = (1 + 0 + 4) + ((wide - narrow) ** 2).sum()
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)


def test_symmetric_root_equals_that_of_scipy():
    first, second = shifted(500, 24)
    first = first @ np.random.default_rng(9).standard_normal((24, 24))

    covariances = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = linalg.sqrtm(covariances[0] @ covariances[1])
    expected = ((first.mean(0) - second.mean(0)) ** 2).sum()
    expected += np.trace(covariances[0] + covariances[1] - 2 * np.real(root))

    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("samples", "dimensions", "expected", "tolerance"),
    [(300, 64, 9.494726799288173, 1e-10), (100, 128, 94.44637584, 1e-6)],
)
def test_distance_agrees_with_torchmetrics(samples, dimensions, expected, tolerance):
    """torchmetrics 1.9.0, `image.fid._compute_fid` of means and `numpy.cov`, float64.

    The second pair has fewer samples than dimensions, where the unsymmetric root loses digits.
    """
    assert frechet_distance(*shifted(samples, dimensions)) == pytest.approx(expected, rel=tolerance)


def test_kernel_distance_agrees_with_torchmetrics():
    """torchmetrics 1.9.0, `image.kid.maximum_mean_discrepancy` of the same kernel: 0.0333339."""
    assert kernel_distance(*shifted(300, 64)).value == pytest.approx(0.033333908974520376)


def test_identical_sets_are_not_below_zero():
    first, _ = white(50, 128)

    assert 0.0 <= frechet_distance(first, first) < 1e-6


@pytest.mark.parametrize(
    ("dimensions", "few", "many"), [(64, 7.5, 0.77), (128, 29.0, 2.8), (512, 405.0, 44.0)]
)
def test_few_samples_alone_make_a_distance(dimensions, few, many):
    # Random sets of the published floors: other draws differ by some percent.
    assert frechet_distance(*white(300, dimensions)) == pytest.approx(few, rel=0.05)
    assert frechet_distance(*white(3000, dimensions)) == pytest.approx(many, rel=0.05)


def test_kernel_distance_of_alike_sets_is_nothing_however_few():
    for samples in (300, 1000):
        assert abs(kernel_distance(*white(samples, 512), subsets=1).value) < 0.004


def test_floor_lies_below_a_real_difference():
    first, second = white(2000, 16)

    floor = frechet_floor(first)

    assert frechet_distance(first, second) < floor
    assert frechet_distance(first, second + 0.5) > 10 * floor
    assert frechet_floor(first, seed=0) == floor


def test_subsets_scatter_around_the_value():
    found = kernel_distance(*shifted(400, 32), subsets=30)

    assert found.mean == pytest.approx(found.value, abs=3 * found.std)
    assert found.std > 0
    assert kernel_distance(*shifted(400, 32), subsets=30) == found
    assert kernel_distance(*white(3, 8)).mean is None


def test_large_sets_are_summed_in_parts():
    first, second = shifted(1100, 4)

    kernel = (first @ second.T / 4 + 1) ** 3
    within = [((values @ values.T / 4 + 1) ** 3) for values in (first, second)]
    expected = sum((k.sum() - np.trace(k)) / (1100 * 1099) for k in within) - 2 * kernel.mean()
    assert kernel_distance(first, second, subsets=1).value == pytest.approx(expected)


def test_warning_names_how_many_would_do():
    assert frechet_warning(640, 64) is None
    assert "20480" in frechet_warning(300, 2048)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.zeros((5, 3)), np.zeros((5, 4))),
        (np.zeros((1, 3)), np.zeros((5, 3))),
        (np.zeros(5), np.zeros(5)),
        (np.full((5, 3), np.nan), np.zeros((5, 3))),
    ],
)
def test_sets_that_cannot_be_compared_are_refused(first, second):
    with pytest.raises(InvalidInput):
        frechet_distance(first, second)
    with pytest.raises(InvalidInput):
        kernel_distance(first, second)
