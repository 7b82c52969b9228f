"""Training on high-resolution pictures alone."""

import logging
import pickle

import numpy as np
import pytest
import tifffile

from superlens.core.errors import InvalidInput, InvalidParameter, MissingFile
from superlens.core.jobs import Degradation, HighFile, PairFile
from superlens.phantom.pairs import Degradations, training_pair
from superlens.prepare import high_only_training
from superlens.prepare.high_only_training import HighOnlySource, HighOnlyTrainingData
from superlens.prepare.normalisation import measure_normalisation
from superlens.prepare.training_data import TRAINING_NORMALISATION

CLEAR = Degradations(photons=(2000, 3000))
NAMES = ("real_esrgan", "confocal")


def _write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, np.clip(image, 0, 65535).astype(np.uint16))
    return path.name


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three high-resolution fields and two real pairs of 320 and 160 pixels."""
    where = tmp_path_factory.mktemp("highs")
    for number in range(5):
        rng = np.random.default_rng(number)
        pair = training_pair("nuclei", 2, 160, rng, CLEAR)
        gain = 40_000 / pair.high.max()
        _write(where / f"high{number}.tif", pair.high * gain)
        _write(where / f"low{number}.tif", pair.low * gain)
    return where


HIGHS = tuple(HighFile(f"high{n}.tif", field_id=f"f{n}") for n in range(3))
PAIRS = tuple(PairFile(f"low{n}.tif", f"high{n}.tif", field_id=f"f{n}") for n in (3, 4))


def _data(folder, name="real_esrgan", patch=32, pairs=PAIRS, highs=HIGHS, seed=1, **settings):
    source = HighOnlySource(highs, Degradation(name, settings), pairs, folder, seed)
    return HighOnlyTrainingData(source, 2, patch, TRAINING_NORMALISATION)


@pytest.mark.parametrize("name", NAMES)
def test_batch_is_a_pure_function_of_the_step(folder, name):
    data = _data(folder, name)

    first = data.batch(7, 3)
    data.batch(8, 3)
    again = data.batch(7, 3)
    elsewhere = pickle.loads(pickle.dumps(data)).batch(7, 3)

    assert first.low.shape == (3, 1, 32, 32)
    assert first.high.shape == (3, 1, 64, 64)
    assert first.low.dtype == first.high.dtype == np.float32
    for other in (again, elsewhere):
        np.testing.assert_array_equal(first.low, other.low)
        np.testing.assert_array_equal(first.high, other.high)
    assert not np.array_equal(first.low, data.batch(8, 3).low)
    assert not np.array_equal(first.low, _data(folder, name, seed=2).batch(7, 3).low)


@pytest.mark.parametrize("name", NAMES)
def test_patches_of_a_mixed_batch_do_not_depend_on_its_size(folder, name):
    data = _data(folder, name)

    np.testing.assert_array_equal(data.batch(3, 4).low[:2], data.batch(3, 2).low)


@pytest.mark.parametrize("name", NAMES)
def test_low_and_high_patch_show_the_same_place_in_the_same_units(folder, name):
    batch = _data(folder, name, patch=48).batch(0, 12)

    for low, high in zip(batch.low[:, 0], batch.high[:, 0], strict=True):
        # Means of 8 x 8 pixels: blur, shifted lines and noise hardly touch them.
        seen = low.reshape(6, 8, 6, 8).mean((1, 3)).ravel()
        true = high.reshape(6, 16, 6, 16).mean((1, 3)).ravel()
        assert np.corrcoef(seen, true)[0, 1] > 0.8 or true.std() < 0.05
        assert abs(seen.mean() - true.mean()) < 0.1


@pytest.mark.parametrize(("name", "settings"), [("real_esrgan", {"crop": 96}), ("confocal", {})])
def test_network_sees_in_training_the_intensities_that_the_engine_shows_it(
    folder, monkeypatch, name, settings
):
    data = _data(folder, name, patch=40, highs=HIGHS[:1], **settings)
    field = data._fields.field(0)
    y, x = 2 * np.argwhere(_window_means(field.picture) > 0.35)[0]
    monkeypatch.setattr(high_only_training, "random_corner", lambda pair, size, rng: (y, x))
    seen, shown = [], []
    for step in range(30):
        batch = data.batch(step, 1)
        # The engine is given the whole field, degraded by the same draw.
        (draw,) = data._pipeline.physics.draws([data._generator(step, 0)])
        low = data._pipeline.low(field.picture, 2, draw, np.random.default_rng(step))
        counts = field.unit.invert(low)
        whole = measure_normalisation(TRAINING_NORMALISATION, counts).apply(counts)

        seen.append(batch.low.mean())
        shown.append(whole[y // 2 :, x // 2 :][:40, :40].mean())

    seen, shown = np.array(seen), np.array(shown)
    assert np.mean(seen) == pytest.approx(np.mean(shown), rel=0.03)
    assert np.median(np.abs(seen / shown - 1)) < 0.05


def _window_means(picture):
    """Means of 80 x 80 pixels, for every second upper left corner."""
    total = np.pad(picture, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    sums = total[80:, 80:] - total[:-80, 80:] - total[80:, :-80] + total[:-80, :-80]
    return sums[::2, ::2] / 6400


def test_validation_is_of_real_pairs_and_fixed(folder):
    data = _data(folder)

    batches = data.validation()

    assert len(batches) == 2
    assert batches[0].low.shape == (1, 1, 128, 128)
    assert batches[0].high.shape == (1, 1, 256, 256)
    for one, other in zip(batches, data.validation(), strict=True):
        np.testing.assert_array_equal(one.low, other.low)
    counts = tifffile.imread(folder / "low3.tif").astype(np.float32)
    real = measure_normalisation(TRAINING_NORMALISATION, counts).apply(counts)
    first = batches[0].low[0, 0]
    places = np.argwhere(np.isclose(real[:33, :33], first[0, 0], atol=1e-6))
    assert any(np.allclose(real[y : y + 128, x : x + 128], first, atol=1e-6) for y, x in places)


def test_without_real_pairs_fields_are_held_out_and_degraded(folder):
    data = _data(folder, pairs=())

    batches = data.validation()

    assert len(data.held_out) == len(batches) == 1
    assert set(data.held_out).isdisjoint(data.training)
    assert len(data.training) == 2
    np.testing.assert_array_equal(batches[0].low, data.validation()[0].low)


def test_field_that_is_validated_on_is_refused_for_training(folder):
    with pytest.raises(InvalidInput, match="f3"):
        _data(folder, highs=(*HIGHS, HighFile("other.tif", field_id="f3")))


def test_missing_pictures_are_told_at_once_with_their_number(folder):
    with pytest.raises(MissingFile, match=r"gone\.tif") as caught:
        _data(folder, highs=(*HIGHS, HighFile("gone.tif")))

    assert caught.value.advice.startswith("1 of 4")


def test_flat_picture_is_refused_by_name(folder):
    _write(folder / "flat.tif", np.full((200, 200), 7))

    with pytest.raises(InvalidInput, match=r"flat\.tif"):
        _data(folder, highs=(HighFile("flat.tif"),)).batch(0, 1)


def test_picture_smaller_than_a_patch_is_refused_by_name(folder):
    _write(folder / "small.tif", np.random.default_rng(0).random((60, 200)) * 1000)

    with pytest.raises(InvalidInput, match=r"small\.tif.*60 x 200"):
        _data(folder, highs=(HighFile("small.tif"),)).batch(0, 1)


def test_smaller_crop_of_small_pictures_is_logged_once(folder, caplog):
    data = _data(folder)

    with caplog.at_level(logging.INFO, logger="superlens.prepare.high_only_training"):
        data.batch(0, 6)

    smaller = [record for record in caplog.records if "320 pixels" in record.getMessage()]
    assert len(smaller) == 1


def test_pictures_with_sides_that_the_scale_does_not_divide_are_used_whole(folder):
    _write(folder / "odd.tif", np.random.default_rng(0).random((131, 133)) * 1000)
    data = _data(folder, patch=64, highs=(HighFile("odd.tif"),))

    for step in range(6):
        assert data.batch(step, 2).high.shape == (2, 1, 128, 128)


def test_unknown_setting_is_refused_before_any_picture_is_read(folder):
    with pytest.raises(InvalidParameter, match="photons"):
        _data(folder, "confocal", photons=3)
