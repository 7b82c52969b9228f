"""What a recipe's files become: few-shot patches, fixed fields, fixed units, and no leaks."""

import dataclasses
import pickle

import numpy as np
import pytest
import tifffile

from superlens.core.cards import NormalisationKind
from superlens.core.errors import InvalidInput, InvalidParameter, MissingFile
from superlens.core.jobs import Degradation, HighFile, PairFile, PhantomSource, Recipe
from superlens.prepare.file_training import FilePairs, spread_over_fields
from superlens.prepare.normalisation import measure_normalisation
from superlens.prepare.training_data import (
    check_material,
    describe_material,
    open_material,
    open_training_data,
)

FIELDS, FRAMES = 6, 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six fields, each with one high-resolution picture and three noisy low ones."""
    folder = tmp_path_factory.mktemp("pairs")
    for field in range(FIELDS):
        rng = np.random.default_rng(field)
        high = np.kron(rng.random((16, 16)), np.ones((4, 4))) * 3000 + 500
        tifffile.imwrite(folder / f"high{field}.tif", high.astype(np.uint16))
        for frame in range(FRAMES):
            low = high.reshape(32, 2, 32, 2).mean((1, 3)) / 10 + rng.normal(0, 3, (32, 32))
            tifffile.imwrite(folder / f"low{field}-{frame}.tif", low.astype(np.uint16))
    return folder


def _pairs(fields=range(FIELDS)):
    return tuple(
        PairFile(f"low{field}-{frame}.tif", f"high{field}.tif", field_id=f"f{field}")
        for field in fields
        for frame in range(FRAMES)
    )


def _recipe(**changes):
    recipe = Recipe("m", "M", "resrgan", 2, {}, 3, pairs=_pairs(), validation_fields=("f5",))
    return dataclasses.replace(recipe, **changes)


def _all_patches(material, steps=40):
    found = set()
    for step in range(steps):
        for low in material.data.batch(step, 8).low:
            found.add(low.tobytes())
    return found


def test_few_shot_training_sees_its_patches_alone(folder):
    material = open_material(_recipe(subset=5), folder, 16)

    patches = _all_patches(material)

    assert len(patches) == len(material.places) == 5
    assert material.place_fields == len({place.field for place in material.places})
    assert all(place.field != "f5" for place in material.places)


def test_few_shot_patches_lie_where_the_list_says(folder):
    material = open_material(_recipe(subset=4), folder, 16)
    whole = open_material(_recipe(), folder, 16)
    cut = {
        whole.data._fields.field(place.pair)
        .low[place.y : place.y + 16, place.x : place.x + 16]
        .tobytes()
        for place in material.places
    }

    assert _all_patches(material) == cut


def test_smaller_subset_is_the_beginning_of_a_larger_one_and_the_seed_decides(folder):
    def places(count, seed=3):
        return open_material(_recipe(subset=count, seed=seed), folder, 16).places

    assert places(12)[:5] == places(5)
    assert places(12) == places(12)
    assert places(12, seed=4) != places(12)


def test_few_shot_data_travel_without_their_patches(folder):
    data = open_material(_recipe(subset=30), folder, 16).data
    expected = data.batch(9, 4)

    packed = pickle.dumps(data)

    assert len(packed) < 10_000
    assert np.array_equal(pickle.loads(packed).batch(9, 4).high, expected.high)


def test_reading_is_told_and_can_be_stopped(folder):
    phases = []

    def stop(phase, done, total):
        phases.append(phase)
        if phase == "Drawing the patches":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_material(_recipe(subset=5), folder, 16, stop)
    assert phases.count("Comparing the files") == FIELDS * FRAMES


@pytest.mark.parametrize("subset", [0, -3])
def test_empty_subset_is_refused(subset):
    with pytest.raises(InvalidInput, match=f"subset of {subset}"):
        check_material(_recipe(subset=subset))


def test_named_fields_are_validated_on_and_no_others(folder):
    material = open_material(_recipe(validation_fields=("f1", "f4")), folder, 16)

    assert {pair.field_id for pair in material.data.validated} == {"f1", "f4"}
    assert (material.trained.files, material.trained.fields) == (12, 4)
    assert (material.validated.files, material.validated.fields) == (6, 2)


def test_wells_can_be_named_as_well(folder):
    pairs = tuple(dataclasses.replace(pair, well=f"A{pair.field_id[1:]}") for pair in _pairs())

    material = open_material(_recipe(pairs=pairs, validation_fields=("A2",)), folder, 16)

    assert {pair.field_id for pair in material.data.validated} == {"f2"}


def test_field_that_no_pair_has_is_refused(folder):
    with pytest.raises(InvalidInput, match="'f9'"):
        open_material(_recipe(validation_fields=("f1", "f9")), folder, 16)


def test_validating_on_everything_is_refused(folder):
    names = tuple(f"f{field}" for field in range(FIELDS))

    with pytest.raises(InvalidInput, match="nothing is left"):
        open_material(_recipe(validation_fields=names), folder, 16)


def test_validation_shows_every_field_before_a_second_frame():
    chosen = spread_over_fields(_pairs(), 8)

    assert [pair.field_id for pair in chosen[:FIELDS]] == [f"f{n}" for n in range(FIELDS)]
    assert len(chosen) == 8
    assert len(set(chosen)) == 8


def test_same_content_under_two_names_on_both_sides_is_refused(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "low5-0.tif").write_bytes((folder / "low1-2.tif").read_bytes())

    with pytest.raises(InvalidInput) as caught:
        open_material(_recipe(), tmp_path, 16)

    assert "'low1-2.tif'" in caught.value.title
    assert "'low5-0.tif'" in caught.value.title


def test_one_truth_of_two_fields_is_refused(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "high1.tif").write_bytes((folder / "high0.tif").read_bytes())

    with pytest.raises(InvalidInput, match=r"two fields: 'high0\.tif' to 'f0' and 'high1\.tif'"):
        open_material(_recipe(), tmp_path, 16)


def test_missing_file_is_named_before_training(folder):
    pairs = (*_pairs(), PairFile("gone.tif", "high0.tif", field_id="f0"))

    with pytest.raises(MissingFile, match=r"gone\.tif"):
        open_material(_recipe(pairs=pairs), folder, 16)


def test_fixed_rule_is_measured_over_the_training_set_low_and_high_apart(folder):
    recipe = _recipe(normalisation=NormalisationKind.FIXED)

    material = open_material(recipe, folder, 16)

    rule = material.rule
    training = [n for n in range(FIELDS) if n != 5]
    highs = np.stack([tifffile.imread(folder / f"high{n}.tif") for n in training])
    lows = np.stack(
        [tifffile.imread(folder / f"low{n}-{k}.tif") for n in training for k in range(FRAMES)]
    )
    assert rule.kind is NormalisationKind.FIXED
    assert (rule.low, rule.high) == pytest.approx(np.percentile(lows, [0.1, 99.9]))
    assert rule.output == pytest.approx(np.percentile(highs, [0.1, 99.9]))


def test_fixed_rule_maps_each_side_by_its_own_and_back_to_high_units(folder):
    material = open_material(_recipe(normalisation=NormalisationKind.FIXED), folder, 32)
    low = tifffile.imread(folder / "low5-0.tif").astype(np.float32)
    high = tifffile.imread(folder / "high5.tif").astype(np.float32)

    batch = material.data.validation()[0]

    measured = measure_normalisation(material.rule, low)
    assert np.allclose(batch.low[0, 0], measured.apply(low), atol=1e-6)
    # What the engine writes for a perfect answer is the high picture in its own counts.
    assert np.allclose(measured.invert(batch.high[0, 0]), high, rtol=1e-5)
    assert np.allclose(
        measured.invert_spread(batch.high[0, 0] * 0 + 1), np.ptp(material.rule.output)
    )


def test_rule_per_image_keeps_the_units_of_the_input(folder):
    material = open_material(_recipe(), folder, 32)
    low = tifffile.imread(folder / "low5-0.tif").astype(np.float32)

    batch = material.data.validation()[0]

    measured = measure_normalisation(material.rule, low)
    binned = measured.invert(batch.high[0, 0]).reshape(32, 2, 32, 2).mean((1, 3))
    # Noise of 3 in every low pixel; the truth has none.
    assert np.abs(binned - low).std() < 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pairs": ()}, "no training data"),
        ({"phantom": PhantomSource(("nuclei",), 1, 0)}, "two kinds"),
        ({"degradation": Degradation("confocal")}, "both belong together"),
        ({"pairs": (), "highs": (HighFile("h.tif"),)}, "both belong together"),
        (
            {"pairs": (), "phantom": PhantomSource(("nuclei",), 1, 0), "subset": 5},
            "subset of 5",
        ),
        (
            {
                "pairs": (),
                "phantom": PhantomSource(("nuclei",), 1, 0),
                "normalisation": NormalisationKind.FIXED,
            },
            "no pairs to measure",
        ),
    ],
)
def test_recipe_whose_material_cannot_work_is_refused(changes, message):
    with pytest.raises(InvalidInput, match=message):
        check_material(_recipe(**changes))


def _spoilt(folder, tmp_path):
    """Copy the files and spoil a low, a high and another low, each in its own way."""
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tifffile.imwrite(tmp_path / "low0-0.tif", np.full((32, 32), 7, np.uint16))
    spotty = np.ones((32, 32), np.float32)
    spotty[0, 0] = np.nan
    tifffile.imwrite(tmp_path / "low1-1.tif", spotty)
    tifffile.imwrite(tmp_path / "low2-0.tif", np.zeros((32, 32, 3), np.uint8), photometric="rgb")
    tifffile.imwrite(tmp_path / "low3-2.tif", np.eye(30, dtype=np.uint16))
    (tmp_path / "low4-0.tif").write_bytes(b"II*\0 cut off")
    return tmp_path


def test_pictures_that_cannot_be_used_are_named_and_left_out(folder, tmp_path):
    material = open_material(_recipe(), _spoilt(folder, tmp_path), 16)

    assert len(material.refused) == 5
    for name, reason in (
        ("low0-0.tif", "the same value, 7"),
        ("low1-1.tif", "1 of 1024 pixels of it are NaN"),
        ("low2-0.tif", "colour"),
        ("low3-2.tif", "60 x 60 belong"),
        ("low4-0.tif", ""),
    ):
        assert any(name in sentence and reason in sentence for sentence in material.refused)
    assert material.trained.files == 5 * FRAMES - 5
    assert np.isfinite(material.data.batch(0, 32).low).all()


def test_field_whose_high_picture_is_empty_is_left_out_whole(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tifffile.imwrite(tmp_path / "high1.tif", np.zeros((64, 64), np.uint16))

    material = open_material(_recipe(), tmp_path, 16)

    assert len(material.refused) == FRAMES
    assert "f1" not in {pair.field_id for pair in material.data.training}


def test_nothing_usable_is_refused_with_the_first_reason(folder):
    with pytest.raises(InvalidInput, match=r"None of the 18 .* a patch of 64 does not fit"):
        open_material(_recipe(), folder, 64)


def test_file_that_changed_since_the_recipe_is_refused_before_training(folder):
    stated = dataclasses.replace(_pairs()[4], low_sha256="0" * 64)
    pairs = (*_pairs()[:4], stated, *_pairs()[5:])

    with pytest.raises(InvalidInput, match=r"'low1-1\.tif' is not the file"):
        open_material(_recipe(pairs=pairs), folder, 16)


def test_high_picture_that_is_too_small_is_left_out(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tifffile.imwrite(tmp_path / "high1.tif", np.arange(400, dtype=np.uint16).reshape(20, 20))

    material = open_material(_from_highs(pairs=_pairs((4, 5))), tmp_path, 16)

    assert len(material.refused) == 1
    assert "'high1.tif' has 20 x 20 pixels" in material.refused[0]
    assert material.trained.files == 3


def _highs(fields):
    return tuple(HighFile(f"high{field}.tif", field_id=f"f{field}") for field in fields)


def _from_highs(**changes):
    recipe = Recipe(
        "s", "S", "resrgan", 2, {}, 3, highs=_highs(range(4)), degradation=Degradation("confocal")
    )
    return dataclasses.replace(recipe, **changes)


def test_high_pictures_alone_are_validated_on_real_pairs(folder):
    material = open_material(_from_highs(pairs=_pairs((4, 5))), folder, 16)

    assert material.data.batch(0, 3).low.shape == (3, 1, 16, 16)
    assert (material.trained.files, material.trained.fields) == (4, 4)
    assert (material.validated.files, material.validated.fields) == (6, 2)
    text = describe_material(_from_highs(pairs=_pairs((4, 5))), material)
    assert text == (
        "4 high-resolution images of 4 fields of view alone, made low by the degradation "
        "'confocal' (validated on 6 real pairs of 2 fields of view)"
    )


def test_high_pictures_without_pairs_are_validated_on_some_of_themselves(folder):
    material = open_material(_from_highs(), folder, 16)

    assert (material.trained.fields, material.validated.fields) == (3, 1)
    assert "validated on 1 degraded image" in describe_material(_from_highs(), material)


def test_real_pair_of_a_trained_high_picture_is_refused(folder, tmp_path):
    with pytest.raises(InvalidInput, match="f3"):
        check_material(_from_highs(pairs=_pairs((3, 4))))

    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "high5.tif").write_bytes((folder / "high0.tif").read_bytes())
    with pytest.raises(InvalidInput, match=r"high0\.tif"):
        open_material(_from_highs(pairs=_pairs((4, 5))), tmp_path, 16)


def test_unknown_degradation_is_refused_before_any_file_is_read():
    with pytest.raises(InvalidParameter, match="confocall"):
        check_material(_from_highs(degradation=Degradation("confocall")))


def test_training_data_of_a_recipe_are_those_of_its_material(folder):
    data = open_training_data(_recipe(), folder, 16)

    expected = open_material(_recipe(), folder, 16).data.batch(4, 3)
    assert np.array_equal(data.batch(4, 3).low, expected.low)


def test_seeded_split_holds_whole_fields_back(folder):
    training, validation = FilePairs(_pairs(), folder, 1).parted()

    assert len(validation) == FRAMES
    assert len(training) == (FIELDS - 1) * FRAMES
