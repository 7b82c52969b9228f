"""Outlines over images."""

import numpy as np

from superlens.assay.overlay import MEASURED, NOT_MEASURED, contrast_limits, outlined


def test_outlines_tell_measured_objects_from_others() -> None:
    labels = np.zeros((12, 20), np.int32)
    labels[2:8, 2:8], labels[2:8, 8:14] = 1, 2
    image = np.full((12, 20), 5.0)
    image[0, 0] = np.nan

    picture = outlined(image, labels, frozenset({1}), (0.0, 5.0))

    assert picture.dtype == np.uint8
    assert tuple(picture[2, 2]) == MEASURED
    assert tuple(picture[4, 7]) == MEASURED  # the rim towards the neighbour
    assert tuple(picture[4, 8]) == NOT_MEASURED
    assert tuple(picture[4, 4]) == (255, 255, 255)  # inside
    assert tuple(picture[0, 0]) == (0, 0, 0)
    assert tuple(picture[11, 19]) == (255, 255, 255)


def test_brightness_is_shown_as_its_square_root() -> None:
    picture = outlined(np.full((3, 3), 25.0), np.zeros((3, 3), np.int32), frozenset(), (0, 100))

    assert picture[0, 0, 0] == 127


def test_contrast_is_shared_and_never_empty() -> None:
    low, high = contrast_limits([np.linspace(0, 10, 100), np.array([np.nan, 100.0])])

    assert 0 <= low < 1
    assert high > 10
    assert contrast_limits([np.ones(5)]) == (1.0, 2.0)
