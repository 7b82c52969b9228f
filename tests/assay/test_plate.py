"""From objects to wells and compounds: who belongs to whom, which dose counts, what is doubted."""

import math

import pytest

from superlens.assay.intervals import Bootstrap
from superlens.assay.plate import (
    MeasuredWell,
    compound_statistics,
    measure_wells,
    shared_doubt,
    voided,
)
from superlens.core.assay import ObjectRow, WellInfo, WellNumber, WellRole

FAST = Bootstrap(replicates=50)


def well(name, value, role=WellRole.DOSE, dose=None, compound="drug", unit="nM"):
    info = WellInfo(name, compound, dose, unit, role)
    return MeasuredWell(info, WellNumber(name, value, value, value, 10, 1))


def series(compound="drug", unit="nM"):
    """Give a dose series that rises with its dose, with two controls of each kind."""
    first = compound[0].upper()
    return [
        well(f"{first}01", 1.0, WellRole.NEGATIVE, 0, compound, unit),
        well(f"{first}02", 1.2, WellRole.NEGATIVE, 0, compound, unit),
        well(f"{first}03", 2.0, WellRole.DOSE, 1, compound, unit),
        well(f"{first}04", 3.0, WellRole.DOSE, 10, compound, unit),
        well(f"{first}05", 4.0, WellRole.DOSE, 100, compound, unit),
        well(f"{first}11", 5.0, WellRole.POSITIVE, 200, compound, unit),
        well(f"{first}12", 5.2, WellRole.POSITIVE, 200, compound, unit),
    ]


def only(wells, rows=()):
    (found,) = compound_statistics(wells, rows, "x")
    return found


def test_wells_that_rank_with_dose_have_a_spearman_near_one() -> None:
    found = only(series())

    # Both controls tie in dose: ranks 1.5 1.5 3 4 5 6.5 6.5 against 1 to 7: 27 / sqrt(27 · 28).
    assert found.statistics["spearman"].value == pytest.approx(27 / math.sqrt(27 * 28))
    assert found.statistics["spearman_dose_only"].value == pytest.approx(1.0)
    assert found.wells == {WellRole.NEGATIVE: 2, WellRole.DOSE: 3, WellRole.POSITIVE: 2}
    assert found.objects[WellRole.POSITIVE] == 20


def test_z_prime_is_that_of_the_well_values() -> None:
    spread = 2 * 0.2 / math.sqrt(2)

    assert only(series()).statistics["z_prime"].value == pytest.approx(1 - 3 * spread / 4.0)


def test_dose_of_a_positive_control_counts_as_given() -> None:
    wells = [*series()[:5], well("D11", 1.5, WellRole.POSITIVE, 0.5)]

    assert only(wells).statistics["spearman"].value > 0.95


@pytest.mark.parametrize("control", [{"dose": None}, {"dose": 3, "compound": "other"}])
def test_positive_control_without_own_dose_ranks_highest(control) -> None:
    wells = [*series()[2:5], well("D11", 9.0, WellRole.POSITIVE, **control)]

    assert only(wells).statistics["spearman"].value == pytest.approx(1.0)


@pytest.mark.parametrize("control", [{"dose": None}, {"dose": 77, "compound": "DMSO"}])
def test_negative_control_without_own_dose_ranks_lowest(control) -> None:
    wells = [*series()[2:5], well("D01", 0.1, WellRole.NEGATIVE, **control)]

    assert only(wells).statistics["spearman"].value == pytest.approx(1.0)


def test_shared_controls_stand_beside_every_compound_and_own_ones_beside_their_own() -> None:
    shared = [well("H01", 0.9, WellRole.NEGATIVE, 0, "DMSO")]
    found = compound_statistics([*series("drug"), *series("bane"), *shared], (), "x")

    assert [item.compound for item in found] == ["drug", "bane"]
    assert [item.wells[WellRole.NEGATIVE] for item in found] == [3, 3]


def test_empty_wells_take_no_part() -> None:
    wells = [*series(), well("D09", 99.0, WellRole.EMPTY, 0)]

    assert only(wells).statistics == only(series()).statistics


def test_controls_alone_are_a_compound_of_the_positive_one() -> None:
    wells = [item for item in series() if item.info.role is not WellRole.DOSE]
    found = only(wells)

    assert found.compound == "drug"
    assert math.isfinite(found.statistics["z_prime"].value)
    assert found.statistics["spearman_dose_only"].note


def test_wells_without_any_role_have_no_statistics() -> None:
    assert compound_statistics([well("A01", 1.0), well("A02", 2.0)], (), "x") == ()


def test_missing_control_is_told() -> None:
    found = only([item for item in series() if item.info.role is not WellRole.POSITIVE])

    assert math.isnan(found.statistics["z_prime"].value)
    assert found.statistics["z_prime"].note == "No positive control"


def test_constant_controls_are_told() -> None:
    wells = [well(f"D{n:02d}", 1.0, WellRole.NEGATIVE, 0) for n in (1, 2)]
    wells += [well(f"D{n:02d}", 3.0, WellRole.POSITIVE, 5) for n in (3, 4)]

    assert "varies" in only(wells).statistics["z_prime"].note


def test_molar_units_are_converted() -> None:
    wells = [well("A01", 1, dose=500, unit="nM"), well("A02", 2, dose=1, unit="µM")]
    wells += [well("A03", 3, dose=2, unit="uM"), well("A04", 0, dose=0, unit="")]

    assert only(wells).statistics["spearman"].value == pytest.approx(1.0)


def test_units_that_cannot_be_compared_are_told() -> None:
    wells = [well(f"A0{n}", n, dose=n, unit=unit) for n, unit in enumerate(("nM", "mg/l", "nM"), 1)]

    found = only(wells).statistics["spearman"]

    assert math.isnan(found.value)
    assert found.note == "The doses have units that cannot be compared: mg/l, nM"


def test_cells_of_the_controls_are_pooled() -> None:
    rows = [ObjectRow("D01", "1", n, {"x": n}) for n in range(5)]
    rows += [ObjectRow("D11", "1", n, {"x": n + 10.0}) for n in range(5)]

    found = only(series(), rows)

    assert found.statistics["auc_cells"].value == 1.0


# ---- wells --------------------------------------------------------------------------------------


def test_wells_of_the_plate_come_first_and_others_after() -> None:
    rows = [ObjectRow(name, "1", n, {"x": 1.0}) for name in ("C03", "A02") for n in (1, 2)]
    samples = [[ObjectRow("B07", "1", 1, {"x": 1.0})]]

    wells = measure_wells(rows, (WellInfo("C03", "drug"), WellInfo("A01")), "x", FAST)
    sampled = measure_wells(rows, (), "x", FAST, samples)

    assert [item.info.well for item in wells] == ["C03", "A01", "A02"]
    assert wells[0].info.compound == "drug"
    assert [item.info.well for item in sampled] == ["A02", "B07", "C03"]
    assert sampled[0].number.n_objects == 0


def test_note_of_a_well_counts_what_was_left_out() -> None:
    rows = [ObjectRow("A01", "1", n, {"x": 1.0}) for n in range(3)]
    rows += [ObjectRow("A01", "1", 9 + n, {"x": math.nan}, "too dark") for n in range(2)]
    rows += [ObjectRow("A01", "1", 20, {"x": math.nan})]

    (found,) = measure_wells(rows, (), "x", FAST)

    assert found.number.note == "3 of 6 left out: too dark (2), no value (1)"


# ---- doubts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("doubts", "shared"),
    [
        ([], ""),
        (["", ""], ""),
        (["swapped"], "swapped"),
        (["swapped", *[""] * 4], "swapped"),
        (["swapped", *[""] * 5], ""),
    ],
)
def test_doubt_is_shared_from_a_fifth_of_the_fields_on(doubts, shared) -> None:
    assert shared_doubt(doubts) == shared


def test_voided_rows_keep_their_place_and_lose_their_values() -> None:
    (row,) = voided([ObjectRow("A01", "2", 3, {"x": 1.0, "y": 2.0})], "swapped")

    assert (row.well, row.field, row.object_id, row.note) == ("A01", "2", 3, "swapped")
    assert all(math.isnan(value) for value in row.values.values())
