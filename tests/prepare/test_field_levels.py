"""Percentiles of a degraded field, told from a part of it."""

import numpy as np
import pytest

from superlens.phantom.pairs import Degradations, training_pair
from superlens.prepare.degradations.catalogue import degradation, unit_normalisation
from superlens.prepare.field_levels import (
    FieldLevels,
    brightness,
    field_levels,
    whole_field_samples,
)

SCALE = 2


def test_classes_hold_the_share_of_pixels_that_they_state():
    high = np.random.default_rng(0).random((200, 260), dtype=np.float32)

    levels = field_levels(high, SCALE)

    values = brightness(high, SCALE).ravel()
    below = np.searchsorted(np.sort(values), levels.edges, side="left") / values.size
    np.testing.assert_allclose(np.cumsum(levels.shares)[:-1], below, atol=1e-9)


def test_field_of_few_tiles_needs_no_mosaic():
    assert field_levels(np.random.default_rng(0).random((192, 192)), SCALE).mosaic is None


def test_mosaic_holds_the_darkest_and_the_brightest_tile():
    high = np.zeros((320, 320), np.float32)
    high += np.kron(np.arange(25, dtype=np.float32).reshape(5, 5), np.ones((64, 64), np.float32))

    mosaic = field_levels(high, SCALE).mosaic

    assert mosaic.shape == (192, 192)
    corners = [float(mosaic[y, x]) for y in (0, 64, 128) for x in (0, 64, 128)]
    assert corners[0] == 0
    assert corners[8] == 24
    snake = corners[:3] + corners[5:2:-1] + corners[6:]
    assert snake == sorted(snake)


def test_samples_weigh_pixels_as_frequent_as_in_the_field():
    levels = FieldLevels(np.float32([0.5]), np.array([0.9, 0.1]), None)
    dark, bright = np.zeros(100, np.float32), np.ones(900, np.float32)

    samples = whole_field_samples(levels, ((dark, dark + 3), (bright, bright + 6)))

    # Nine of ten pixels of the field are dark, though only one of ten of the parts is.
    assert np.mean(samples < 5) == pytest.approx(0.9, abs=0.01)
    assert samples[0] == 3
    assert samples[-1] == 7


@pytest.mark.parametrize("name", ["real_esrgan", "confocal"])
@pytest.mark.parametrize("structure", ["nuclei", "filaments"])
def test_percentiles_of_a_piece_are_those_of_the_whole_degraded_field(name, structure):
    clear = Degradations(photons=(2000, 3000))
    counts = training_pair(structure, SCALE, 320, np.random.default_rng(3), clear).high
    pipeline = degradation(name, {})
    high = pipeline.physics.recordable(unit_normalisation(counts).apply(counts))
    levels = field_levels(high, SCALE)
    errors, naive = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        (draw,) = pipeline.physics.draws([rng])
        y, x = rng.integers(0, 640 - 160, 2)
        piece = high[y : y + 160, x : x + 160]
        low, beside, whole = (
            pipeline.low(picture, SCALE, draw, rng) for picture in (piece, levels.mosaic, high)
        )

        parts = ((brightness(piece, SCALE), low), (brightness(levels.mosaic, SCALE), beside))
        found = np.percentile(whole_field_samples(levels, parts), [1, 99.9])

        wanted = np.percentile(whole, [1, 99.9])
        width = wanted[1] - wanted[0]
        errors.append(np.abs(found - wanted).max() / width)
        naive.append(np.abs(np.percentile(low, [1, 99.9]) - wanted).max() / width)
    # A few hundred pixels lie above the 99.9th percentile: noise alone moves it by per cents.
    assert np.median(errors) < 0.06
    assert max(errors) < 0.2
    assert np.median(errors) < 0.5 * np.median(naive)
