"""Regularised targets in a training: the low pictures stay, refused targets are named."""

import dataclasses
import pickle

import numpy as np
import pytest
import tifffile

from superlens.core.cards import NormalisationKind
from superlens.core.errors import InvalidInput
from superlens.core.jobs import (
    Degradation,
    HighFile,
    PairFile,
    PhantomSource,
    Recipe,
    TargetForm,
    TargetStatistics,
)
from superlens.io.codec import decode, encode
from superlens.prepare.fields import NormalisedPair
from superlens.prepare.gradient_statistics.grey_levels import UNIT
from superlens.prepare.gradient_statistics.naturalising import naturalise
from superlens.prepare.gradient_statistics.naturalness import measure_naturalness
from superlens.prepare.target_statistics import with_regular_target
from superlens.prepare.training_data import (
    describe_material,
    material_notes,
    open_material,
)

FIELDS = 5
EMPTY = "high4.tif"
PLUGIN = TargetStatistics(TargetForm.PLUGIN)
QUANTITATIVE = TargetStatistics()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four fields of cloudy texture, and one of a few spots on black, each low and high."""
    folder = tmp_path_factory.mktemp("targets")
    for field in range(FIELDS):
        rng = np.random.default_rng(field)
        if f"high{field}.tif" == EMPTY:
            high = np.zeros((128, 128))
            high[20:24, 20:24] = high[90:96, 70:76] = 3000
        else:
            high = 2000 + 300 * clouds(rng)
        low = high.reshape(64, 2, 64, 2).mean((1, 3)) + rng.normal(0, 10, (64, 64)) + 50
        tifffile.imwrite(folder / f"high{field}.tif", np.clip(high, 0, None).astype(np.uint16))
        tifffile.imwrite(folder / f"low{field}.tif", np.clip(low, 0, None).astype(np.uint16))
    return folder


def clouds(rng, side=128):
    k = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    noise = np.fft.fft2(rng.standard_normal((side, side))) * np.maximum(k, 1 / side) ** -1.5
    real = np.fft.ifft2(noise).real
    return real / real.std()


def recipe(**changes):
    pairs = tuple(PairFile(f"low{n}.tif", f"high{n}.tif", field_id=f"f{n}") for n in range(FIELDS))
    made = Recipe("m", "M", "resrgan", 2, {}, 3, pairs=pairs, validation_fields=("f0",))
    return dataclasses.replace(made, **changes)


def opened(folder, **changes):
    return open_material(recipe(**changes), folder, 16)


def test_recipe_with_target_statistics_travels_and_older_ones_have_none():
    wanted = recipe(target_statistics=PLUGIN)
    lines = encode(recipe()).split(b"\n")
    older = b"\n".join(line for line in lines if b"target_statistics" not in line)

    assert decode(Recipe, encode(wanted)) == wanted
    assert len(older) < len(encode(recipe()))
    assert decode(Recipe, older).target_statistics is None


@pytest.mark.parametrize("statistics", [PLUGIN, QUANTITATIVE])
def test_targets_alone_are_stretched_by_the_factors_on_record(folder, statistics):
    plain, regular = opened(folder), opened(folder, target_statistics=statistics)
    by_name = {record.name: record for record in regular.targets.records}

    for number, pair in enumerate(regular.data.training):
        before = plain.data._fields.field(plain.data.training.index(pair))
        after = regular.data._fields.field(number)
        factor = by_name[pair.high].factor

        assert np.array_equal(after.low, before.low)
        assert not np.array_equal(after.high, before.high)
        if statistics is QUANTITATIVE:
            wanted = (before.high - before.high.mean()) * factor + before.high.mean()
            assert after.high == pytest.approx(wanted, abs=1e-5)


def test_targets_that_do_not_take_it_are_named_and_the_rest_goes_on(folder):
    material = opened(folder, target_statistics=QUANTITATIVE)

    (sentence,) = material.refused
    assert EMPTY in sentence
    assert "constant" in sentence
    assert [pair.high for pair in material.data.training] == ["high1.tif", "high2.tif", "high3.tif"]
    assert material.trained.files == 3
    assert material_notes(material)["files_left_out"] == 1


def test_leaving_out_moves_no_field_to_the_other_side(folder):
    drawn = {"validation_fields": (), "validation_share": 0.4}

    plain = opened(folder, **drawn)
    regular = opened(folder, **drawn, target_statistics=QUANTITATIVE)

    assert set(regular.data.training) < set(plain.data.training) or set(
        regular.data.validated
    ) < set(plain.data.validated)
    assert set(regular.data.training) <= set(plain.data.training)
    assert set(regular.data.validated) <= set(plain.data.validated)


def test_validation_is_judged_by_regularised_targets_too(folder):
    (plain,), (regular,) = (
        opened(folder, target_statistics=statistics).data.validation()
        for statistics in (None, QUANTITATIVE)
    )

    assert np.array_equal(plain.low, regular.low)
    gain = np.polyfit(plain.high.ravel(), regular.high.ravel(), 1)[0]
    record = next(
        record
        for record in opened(folder, target_statistics=QUANTITATIVE).targets.records
        if record.name == "high0.tif"
    )
    assert gain == pytest.approx(record.factor, rel=1e-4)


def test_record_undoes_the_stretch_in_the_units_of_the_file(folder):
    report = opened(folder, target_statistics=QUANTITATIVE).targets
    record = next(record for record in report.records if record.name == "high1.tif")
    counts = tifffile.imread(folder / "high1.tif").astype(np.float64)

    stretched = (counts - record.mean) * record.factor + record.mean
    undone = (stretched - record.mean) / record.factor + record.mean

    assert record.mean == pytest.approx(counts.mean(), rel=1e-5)
    assert undone == pytest.approx(counts)
    assert record.low == "low1.tif"
    assert record.clipped_share == 0


def test_fixed_intensities_give_one_grey_scale_to_all_targets(folder):
    fixed = opened(folder, target_statistics=QUANTITATIVE, normalisation=NormalisationKind.FIXED)
    black, white = fixed.rule.output
    record = next(record for record in fixed.targets.records if record.name == "high2.tif")
    counts = tifffile.imread(folder / "high2.tif").astype(np.float32)

    expected = measure_naturalness(UNIT.levels((counts - black) / (white - black))).factor

    assert record.factor == pytest.approx(expected, rel=1e-6)


def test_card_and_log_say_what_intensities_are_worth(folder):
    report = opened(folder, target_statistics=PLUGIN).targets

    assert "intensities are not quantitative" in report.limit
    assert "cut at black and at white" in report.limit
    least, middle, most = report.factors
    assert least <= middle <= most
    assert f"median {middle:.2f}" in report.summary
    assert "4 targets" in report.summary
    assert opened(folder, target_statistics=None).targets is None


def test_pooled_histograms_count_every_difference_of_every_target(folder):
    report = opened(folder, target_statistics=QUANTITATIVE).targets

    differences = 4 * 2 * 126 * 126
    assert sum(report.counts_before) == sum(report.counts_after) == differences


def test_nothing_left_is_an_error_that_says_why(folder):
    alone = (PairFile("low4.tif", EMPTY, field_id="a"),)

    with pytest.raises(InvalidInput, match=r"None of the targets .*constant"):
        opened(folder, target_statistics=QUANTITATIVE, pairs=alone, validation_fields=())


def test_regularised_data_travel_to_workers_and_repeat(folder):
    data = opened(folder, target_statistics=PLUGIN, subset=6).data

    first, second = data.batch(3, 4), pickle.loads(pickle.dumps(data)).batch(3, 4)

    assert np.array_equal(first.high, second.high)


def test_high_only_training_degrades_the_original_and_learns_the_regularised(folder):
    highs = tuple(HighFile(f"high{n}.tif", field_id=f"f{n}") for n in range(FIELDS))
    kinds = {"pairs": (), "highs": highs, "degradation": Degradation("confocal")}
    kinds |= {"validation_fields": ()}

    plain = opened(folder, **kinds)
    regular = opened(folder, **kinds, target_statistics=QUANTITATIVE)

    assert len(regular.refused) == 1
    assert EMPTY in regular.refused[0]
    assert len(regular.targets.records) == 4
    name = regular.data.training[0]
    field = regular.data._read(name)
    original = plain.data._read(name)
    assert np.array_equal(field.picture, original.picture)
    assert np.array_equal(
        field.target, naturalise(original.picture, TargetForm.QUANTITATIVE, UNIT).picture
    )
    assert original.target is original.picture
    batch = regular.data.batch(0, 2)
    assert np.isfinite(batch.high).all()


def test_phantom_fields_are_redrawn_until_they_take_it():
    source = PhantomSource(
        ("filaments",), 6, 1, {"field_px": 64, "window": 6, "validation_fields": 1}
    )
    made = Recipe("m", "M", "resrgan", 2, {}, 1, phantom=source, target_statistics=QUANTITATIVE)

    material = open_material(made, None, 32)

    assert 2 <= len(material.targets.records) <= 8
    assert material.targets.records[0].name.startswith("filaments ")
    numbers = {int(record.name.split()[1]) for record in material.targets.records}
    for number in range(6):
        kept, first = material.data._fields.field(number), material.data.first_drawn(number)
        assert np.array_equal(kept.low, first.low) == (number in numbers)
    again = open_material(made, None, 32).data.batch(5, 3)
    assert np.array_equal(material.data.batch(5, 3).high, again.high)
    assert "simulated" in describe_material(made, material)
    assert material_notes(material)["target_statistics"] == "quantitative"


def test_puncta_phantoms_are_refused_with_the_reason():
    source = PhantomSource(("puncta",), 8, 1, {"field_px": 64})
    made = Recipe("m", "M", "resrgan", 2, {}, 1, phantom=source, target_statistics=PLUGIN)

    with pytest.raises(InvalidInput, match=r"simulated 'puncta' cannot be regularised: of \d in 8"):
        open_material(made, None, 32)


def test_without_statistics_a_pair_stays_the_same_object():
    pair = NormalisedPair(np.zeros((4, 4), np.float32), np.zeros((8, 8), np.float32))

    assert with_regular_target(pair, None) is pair
