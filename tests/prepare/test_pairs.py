"""Pairs of files: matching, checking, splitting, training data."""

import hashlib
import pickle

import numpy as np
import pytest
import tifffile

from superlens.core.errors import InvalidInput, MissingFile, UnsupportedImage
from superlens.core.jobs import PairFile, PhantomSource, Recipe
from superlens.prepare.file_training import FilePairs, FileTrainingData
from superlens.prepare.pairs import in_units_of, read_pair
from superlens.prepare.training_data import TRAINING_NORMALISATION, open_training_data


def _write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, image)
    return path


def _scene(seed, side=64):
    rng = np.random.default_rng(seed)
    high = np.kron(rng.random((side // 4, side // 4)), np.ones((4, 4))) * 3000
    low = high.reshape(side // 2, 2, side // 2, 2).sum((1, 3)) + rng.normal(0, 20, (side // 2,) * 2)
    return np.clip(low, 0, 65535).astype(np.uint16), high.astype(np.uint16)


def _pairs(folder, count):
    found = []
    for number in range(count):
        low, high = _scene(number)
        _write(folder / "low" / f"f{number}.tif", low)
        _write(folder / "high" / f"f{number}.tif", high)
        found.append(PairFile(f"low/f{number}.tif", f"high/f{number}.tif", field_id=f"f{number}"))
    return tuple(found)


def test_pair_is_read_as_float_in_file_units(tmp_path):
    low, high = _scene(3)
    _write(tmp_path / "l.tif", low)
    _write(tmp_path / "h.tif", high)

    read_low, read_high = read_pair(PairFile("l.tif", "h.tif"), tmp_path, 2)

    assert read_low.dtype == np.float32
    assert np.array_equal(read_low, low)
    assert np.array_equal(read_high, high)


def test_file_that_changed_since_the_recipe_is_refused(tmp_path):
    low, high = _scene(3)
    path = _write(tmp_path / "l.tif", low)
    _write(tmp_path / "h.tif", high)
    right = hashlib.sha256(path.read_bytes()).hexdigest()

    read_pair(PairFile("l.tif", "h.tif", low_sha256=right), tmp_path, 2)
    with pytest.raises(InvalidInput, match=r"'l\.tif' is not the file"):
        read_pair(PairFile("l.tif", "h.tif", low_sha256="0" * 64), tmp_path, 2)


def test_sizes_that_do_not_fit_the_scale_are_refused(tmp_path):
    low, high = _scene(3)
    _write(tmp_path / "l.tif", low)
    _write(tmp_path / "h.tif", high)

    with pytest.raises(InvalidInput, match="64 x 64 pixels, but 128 x 128"):
        read_pair(PairFile("l.tif", "h.tif"), tmp_path, 4)


def test_stack_is_refused(tmp_path):
    low, high = _scene(3)
    _write(tmp_path / "l.tif", np.stack([low, low]))
    _write(tmp_path / "h.tif", high)

    with pytest.raises(UnsupportedImage, match="2 planes"):
        read_pair(PairFile("l.tif", "h.tif"), tmp_path, 2)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFile, match=r"gone\.tif"):
        read_pair(PairFile("gone.tif", "h.tif"), tmp_path, 2)


def test_high_picture_is_brought_into_units_of_the_low_one():
    rng = np.random.default_rng(0)
    truth = rng.random((64, 64)).astype(np.float32)
    low = truth.reshape(32, 2, 32, 2).mean((1, 3)) * 500 + 30 + rng.normal(0, 2, (32, 32))

    matched = in_units_of(truth * 7 + 2, low.astype(np.float32))

    # 1024 pixels of noise 2 on a signal of sd 72: the line is known to 0.1 %.
    assert np.allclose(matched, truth * 500 + 30, atol=3)


def test_batches_from_files_are_a_function_of_the_step(tmp_path):
    source = FilePairs(_pairs(tmp_path, 4), tmp_path, seed=1)
    first, second = (FileTrainingData(source, 2, 16, TRAINING_NORMALISATION) for _ in range(2))
    first.batch(0, 4)

    ours, theirs = first.batch(5, 4), pickle.loads(pickle.dumps(second)).batch(5, 4)

    assert ours.low.shape == (4, 1, 16, 16)
    assert ours.high.shape == (4, 1, 32, 32)
    assert np.array_equal(ours.low, theirs.low)
    assert np.array_equal(ours.high, theirs.high)
    assert len(first.validation()) == 1


def test_low_and_high_patches_of_files_show_the_same_place(tmp_path):
    source = FilePairs(_pairs(tmp_path, 4), tmp_path, seed=1)

    batch = FileTrainingData(source, 2, 16, TRAINING_NORMALISATION).batch(2, 6)

    binned = batch.high.reshape(6, 16, 2, 16, 2).mean(axis=(2, 4))
    # Noise of 20 on a range of about 12,000.
    assert np.abs(binned - batch.low[:, 0]).max() < 0.02


def test_recipe_names_exactly_one_kind_of_data(tmp_path):
    nothing = Recipe("m", "M", "resrgan", 2, {}, 0)
    phantom = PhantomSource(("nuclei",), 4, 0)
    both = Recipe("m", "M", "resrgan", 2, {}, 0, phantom, _pairs(tmp_path, 2))

    with pytest.raises(InvalidInput, match="no training data"):
        open_training_data(nothing, None, 16)
    with pytest.raises(InvalidInput, match="two kinds"):
        open_training_data(both, tmp_path, 16)


def test_recipe_of_files_is_opened(tmp_path):
    recipe = Recipe("m", "M", "resrgan", 2, {}, 0, pairs=_pairs(tmp_path, 3))

    data = open_training_data(recipe, tmp_path, 16)

    assert data.scale == 2
    assert data.batch(0, 2).high.shape == (2, 1, 32, 32)
