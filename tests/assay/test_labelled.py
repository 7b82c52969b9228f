"""Grouped statistics against a loop over labels."""

import numpy as np
import pytest

from superlens.assay.labelled import (
    areas,
    centres,
    maxima,
    means,
    medians,
    quantiles,
    touching_border,
)


@pytest.fixture
def labels() -> np.ndarray:
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, 6, (30, 40)).astype(np.int32)
    drawn[drawn == 4] = 0  # a label without pixels in the middle of the range
    return drawn


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(2).normal(size=(30, 40)).astype(np.float32)


@pytest.mark.parametrize(
    ("grouped", "single"),
    [
        (means, np.mean),
        (medians, np.median),
        (maxima, np.max),
        (lambda *given: quantiles(*given, 0.75), lambda values: np.quantile(values, 0.75)),
    ],
)
def test_grouped_statistic_equals_the_loop(labels, image, grouped, single) -> None:
    found = grouped(labels, image, 5)

    for label in (1, 2, 3, 5):
        assert found[label - 1] == pytest.approx(single(image[labels == label]), rel=1e-6)
    assert np.isnan(found[3])


def test_areas_and_centres_equal_the_loop(labels) -> None:
    found = centres(labels, 5)

    assert areas(labels, 5).tolist() == [int((labels == label).sum()) for label in range(1, 6)]
    assert found[1] == pytest.approx(np.argwhere(labels == 2).mean(axis=0))
    assert np.isnan(found[3]).all()


def test_only_labels_within_the_margin_touch_the_border() -> None:
    labels = np.zeros((10, 10), np.int32)
    labels[4, 4], labels[0, 5], labels[5, 8] = 1, 2, 3

    assert touching_border(labels, 3, 1).tolist() == [False, True, False]
    assert touching_border(labels, 3, 2).tolist() == [False, True, True]
