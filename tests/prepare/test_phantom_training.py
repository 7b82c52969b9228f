"""Phantom fields as training data."""

import pickle

import numpy as np
import pytest

from superlens.core.errors import InvalidParameter
from superlens.core.jobs import PhantomSource
from superlens.phantom.pairs import Degradations, training_generator, training_pair
from superlens.prepare.phantom_training import (
    PhantomPlan,
    PhantomTrainingData,
    plain_settings,
    plan_from,
    trained_range,
)
from superlens.prepare.training_data import TRAINING_NORMALISATION

SPECIMENS = ("nuclei", "puncta")
SMALL = {"field_px": 48, "window": 4, "validation_fields": 2}


def _data(seed=5, fields=30, patch=24, **settings):
    source = PhantomSource(SPECIMENS, fields, seed, {**SMALL, **settings})
    return PhantomTrainingData(source, 2, patch, TRAINING_NORMALISATION)


def test_batch_has_matching_shapes_and_scales():
    batch = _data().batch(0, 3)

    assert batch.low.shape == (3, 1, 24, 24)
    assert batch.high.shape == (3, 1, 48, 48)
    assert batch.low.dtype == batch.high.dtype == np.float32


def test_same_step_gives_the_same_batch_in_any_order():
    forward, backward = _data(), _data()

    ahead = [forward.batch(step, 2) for step in (0, 1, 40)]
    behind = [backward.batch(step, 2) for step in (40, 1, 0)][::-1]

    for first, second in zip(ahead, behind, strict=True):
        assert np.array_equal(first.low, second.low)
        assert np.array_equal(first.high, second.high)


def test_steps_and_seeds_give_different_batches():
    data = _data()

    assert not np.array_equal(data.batch(0, 2).low, data.batch(1, 2).low)
    assert not np.array_equal(data.batch(0, 2).low, _data(seed=6).batch(0, 2).low)


def test_validation_is_fixed_and_not_among_the_training_fields():
    data = _data(gain_jitter=1.0, offset_jitter=0.0)

    validated = data.validation()

    assert len(validated) == 2
    assert validated[0].low.shape == (1, 1, 48, 48)
    assert np.array_equal(validated[1].high, _data().validation()[1].high)
    trained = [data._fields.field(number).low for number in range(30)]
    assert not any(np.array_equal(one, batch.low[0, 0]) for one in trained for batch in validated)


def test_high_patch_lies_where_the_low_one_does():
    data = _data(gain_jitter=1.0, offset_jitter=0.0, photons_low=3000, read_noise_e_high=0)

    batch = data.batch(3, 8)

    binned = batch.high.reshape(8, 24, 2, 24, 2).mean(axis=(2, 4))
    for low, expected in zip(batch.low[:, 0], binned, strict=True):
        # Nearly noise-free: only the sharpening tells them apart.
        assert np.corrcoef(low.ravel(), expected.ravel())[0, 1] > 0.8


def test_normalisation_is_that_of_the_whole_low_picture():
    data = _data(gain_jitter=1.0, offset_jitter=0.0)
    plan = plan_from(SMALL)

    field = data._fields.field(0)

    pair = training_pair("nuclei", 2, 48, training_generator(5, 0), plan.degradations)
    low, high = np.percentile(pair.low, [1.0, 99.9])
    assert np.allclose(field.low, (pair.low - low) / (high - low), atol=1e-5)


def test_target_ends_where_the_camera_saturates():
    data = _data(autoscaled_share=1.0, photons_low=500)

    for number in range(6):
        pair = training_pair(
            SPECIMENS[number % 2],
            2,
            48,
            training_generator(5, number),
            Degradations(autoscaled_share=1.0, photons=(500.0, 3000.0)),
        )
        low, high = np.percentile(pair.low, [1.0, 99.9])
        ceiling, floor = (255 - low) / (high - low), -low / (high - low)
        field = data._fields.field(number)
        assert field.high.max() <= ceiling + 1e-5
        assert field.high.min() >= floor - 1e-5


def test_memory_of_fields_is_bounded():
    data = _data()

    for step in range(0, 60, 4):
        data.batch(step, 4)

    assert len(data._fields._fields) <= 4


def test_data_travel_to_another_process_without_their_fields():
    data = _data()
    expected = data.batch(7, 2)

    packed = pickle.dumps(data)

    assert len(packed) < 20_000
    assert np.array_equal(pickle.loads(packed).batch(7, 2).low, expected.low)


def test_patch_larger_than_a_field_is_refused():
    with pytest.raises(InvalidParameter, match="64 pixels"):
        _data(patch=64)


def test_settings_survive_the_way_into_a_recipe_and_back():
    plan = PhantomPlan(field_px=64, degradations=Degradations(na=(0.25, 1.2), haze_share=0.1))

    assert plan_from(plain_settings(plan)) == plan


@pytest.mark.parametrize(
    ("name", "value"), [("nah_low", 1.0), ("na", 1.0), ("na_low", "small"), ("na_middle", 1.0)]
)
def test_setting_that_means_nothing_is_refused(name, value):
    with pytest.raises(InvalidParameter, match=name):
        plan_from({name: value})


def test_trained_range_follows_the_optics():
    source = PhantomSource(
        ("nuclei", "nuclei"),
        10,
        1,
        {
            "na_low": 0.5,
            "na_high": 1.0,
            "wavelength_nm_low": 400,
            "wavelength_nm_high": 600,
            "undersampling_low": 0.5,
            "undersampling_high": 2.0,
        },
    )

    found = trained_range(source)

    assert found.structures == ("nuclei",)
    # Nyquist pixels: 400 / (4 * 1.0) = 100 nm and 600 / (4 * 0.5) = 300 nm.
    assert found.pixel_nm == (50.0, 600.0)
    # Sigma = 0.21 wavelength / NA = 0.84 Nyquist pixels.
    assert found.blur_px == (0.42, 1.68)
