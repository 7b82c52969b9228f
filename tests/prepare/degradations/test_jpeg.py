"""JPEG without the file: agrees with a real encoder."""

import io

import numpy as np
import pytest
from PIL import Image

from superlens.prepare.degradations.jpeg import LUMA_TABLE, compressed


def _picture(height=64, width=96):
    y, x = np.mgrid[:height, :width]
    waves = 0.5 + 0.3 * np.sin(x / 5) * np.cos(y / 9)
    noise = np.random.default_rng(1).normal(0, 0.08, (height, width))
    return (np.rint(np.clip(waves + noise, 0, 1) * 255) / 255).astype(np.float32)


def _by_a_real_encoder(image, quality):
    buffer = io.BytesIO()
    Image.fromarray(np.rint(image * 255).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer), np.float32) / 255


def test_pixels_are_those_of_a_real_encoder_where_its_steps_are_not_rounded():
    image = _picture()

    ours, theirs = compressed(image, 50), _by_a_real_encoder(image, 50)

    # The encoder rounds pixels to whole levels and transforms in integers.
    assert np.abs(ours - theirs).mean() < 0.7 / 255


@pytest.mark.parametrize("quality", [30, 50, 75, 95])
def test_loss_is_that_of_a_real_encoder(quality):
    image = _picture()

    ours, theirs = compressed(image, quality), _by_a_real_encoder(image, quality)

    # Its steps are whole numbers: at quality 75 a step of 5.5 is 6, or 5.
    assert np.std(ours - image) == pytest.approx(np.std(theirs - image), rel=0.05)


def test_quality_50_keeps_whole_multiples_of_the_table():
    image = _picture()
    vertical = np.cos((2 * np.arange(8) + 1) * 3 * np.pi / 16)
    horizontal = np.cos((2 * np.arange(8) + 1) * 1 * np.pi / 16)

    block = compressed(image, 50)[8:16, 16:24] * 255 - 128

    wave = 0.25 * (vertical @ block @ horizontal)
    assert wave / LUMA_TABLE[3, 1] == pytest.approx(round(wave / LUMA_TABLE[3, 1]), abs=1e-3)


def test_lower_quality_loses_more():
    image = _picture()

    lost = [np.std(compressed(image, quality) - image) for quality in (95, 70, 30, 5)]

    assert lost == sorted(lost)


def test_result_stays_in_range_and_keeps_odd_sizes():
    image = _picture(37, 51) * 3 - 1

    result = compressed(image, 40)

    assert result.shape == (37, 51)
    assert result.dtype == np.float32
    assert 0 <= result.min() <= result.max() <= 1
