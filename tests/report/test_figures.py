import io

import numpy as np
import pytest
from PIL import Image

from superlens.core.jobs import Roi
from superlens.report.figures import (
    PRINTED_SIDE_PX,
    averaging_factor,
    box_average,
    colour_picture,
    repeat_pixels,
    shared_limits,
    structured_window,
    upper_limit,
)
from superlens.report.palette import lookup


def pixels(raster) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(raster.png)))


def test_box_average_keeps_the_mean():
    image = np.arange(36, dtype=float).reshape(6, 6)

    small = box_average(image, 3)

    assert small.shape == (2, 2)
    assert small.mean() == pytest.approx(image.mean())
    assert small[0, 0] == pytest.approx(image[:3, :3].mean())


def test_averaging_brings_every_side_within_reach():
    factor = averaging_factor(4096, 10_000)

    assert 10_000 / factor <= PRINTED_SIDE_PX < 10_000 / (factor - 1)
    assert averaging_factor(100, 680) == 1


def test_repeated_pixels_are_whole_squares_of_one_value():
    image = np.array([[1.0, 2.0], [3.0, 4.0]])

    large = repeat_pixels(image, 9)

    assert large.shape == (8, 8)
    assert (large[:4, 4:] == 2.0).all()


def test_window_finds_the_structure_and_not_one_bright_speck():
    rng = np.random.default_rng(0)
    image = rng.normal(0, 0.1, (200, 300))
    image[120:180, 210:270] += 5 * rng.random((60, 60))
    image[10, 10] = 1e6

    window = structured_window(image, 60)

    assert (window.width, window.height) == (60, 60)
    assert abs(window.x - 210) <= 3
    assert abs(window.y - 120) <= 3


def test_window_larger_than_the_image_is_the_image():
    assert structured_window(np.zeros((20, 30)), 64) == Roi(0, 0, 30, 20)


def test_limits_are_shared_and_ignore_what_is_not_a_number():
    dark, bright = np.linspace(0, 1, 1000), np.linspace(0, 100, 1000)
    bright[3] = np.nan

    low, high = shared_limits(dark, bright)

    assert low == pytest.approx(0, abs=0.1)
    assert high == pytest.approx(100, abs=1)


def test_limits_of_a_flat_image_still_span_something():
    low, high = shared_limits(np.full((4, 4), 7.0))

    assert high > low
    assert upper_limit(np.zeros((4, 4))) == 1.0


def test_grey_picture_maps_the_limits_to_black_and_white():
    image = np.array([[0.0, 50.0], [100.0, 400.0]])

    picture = pixels(colour_picture(image, (0.0, 100.0)))

    assert picture.ndim == 2
    assert {0, 128, 255} == set(np.unique(picture))


def test_magma_is_black_where_there_is_no_spread():
    picture = pixels(colour_picture(np.array([[0.0, 1.0]]), (0.0, 1.0), "magma"))

    assert picture[0, 0].sum() <= 8
    assert picture[0, -1].tolist() == lookup("magma")[255].tolist()
