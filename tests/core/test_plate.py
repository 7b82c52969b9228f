import pytest

from superlens.core.assay import WellInfo, WellRole
from superlens.core.plate import PlateLayout, PlateSize, smallest_plate, well_at, well_name


@pytest.mark.parametrize(
    ("size", "rows", "columns", "last"),
    [
        (PlateSize.WELLS_6, 2, 3, "B03"),
        (PlateSize.WELLS_12, 3, 4, "C04"),
        (PlateSize.WELLS_24, 4, 6, "D06"),
        (PlateSize.WELLS_48, 6, 8, "F08"),
        (PlateSize.WELLS_96, 8, 12, "H12"),
        (PlateSize.WELLS_384, 16, 24, "P24"),
    ],
)
def test_plates_have_the_standard_rows_and_columns(
    size: PlateSize, rows: int, columns: int, last: str
) -> None:
    wells = list(size.wells())

    assert (size.rows, size.columns) == (rows, columns)
    assert (wells[0], wells[-1], len(wells)) == ("A01", last, size.value)
    assert all(size.holds(well) for well in wells)
    assert not size.holds(f"A{columns + 1}")
    assert not size.holds(f"{chr(ord('A') + rows)}01")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a1", "A01"),
        (" H-12 ", "H12"),
        ("P 024", "P24"),
        ("AA3", "AA03"),
        ("A0", None),
        ("1A", None),
        ("", None),
    ],
)
def test_wells_have_one_name_however_they_are_written(text: str, name: str | None) -> None:
    assert well_name(text) == name
    assert not PlateSize.WELLS_384.holds("AA03")
    assert not PlateSize.WELLS_384.holds("nothing")


@pytest.mark.parametrize(
    ("row", "column", "name"),
    [("2", "03", "B03"), ("b", "3", "B03"), ("0", "1", None), ("27", "1", None), ("", "1", None)],
)
def test_rows_may_be_numbered(row: str, column: str, name: str | None) -> None:
    assert well_at(row, column) == name


def test_layout_refuses_wells_twice_or_off_the_plate() -> None:
    with pytest.raises(ValueError, match="Well A01 of P is described twice"):
        PlateLayout("p", "P", PlateSize.WELLS_6, (WellInfo("A01"), WellInfo("A01")))
    with pytest.raises(ValueError, match="6 wells has no well 'A04'"):
        PlateLayout("p", "P", PlateSize.WELLS_6, (WellInfo("A04"),))
    with pytest.raises(ValueError, match="no well 'a1'"):
        PlateLayout("p", "P", PlateSize.WELLS_6, (WellInfo("a1"),))


def test_wells_are_described_anew_in_the_order_of_the_plate() -> None:
    layout = PlateLayout("p", "P", PlateSize.WELLS_6, (WellInfo("B01", "old"),))

    changed = layout.with_wells(WellInfo("B01", "new"), WellInfo("A02", role=WellRole.NEGATIVE))

    assert [item.well for item in changed.wells] == ["A02", "B01"]
    assert changed.well("B01").compound == "new"
    assert changed.well("A01") == WellInfo("A01")
    assert changed.controls(WellRole.NEGATIVE) == ("A02",)


def test_smallest_plate_that_has_all_wells_is_found() -> None:
    assert smallest_plate(("A01", "B03")) is PlateSize.WELLS_6
    assert smallest_plate(("H12",)) is PlateSize.WELLS_96
    assert smallest_plate(("Q01",)) is None
