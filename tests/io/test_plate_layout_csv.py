from dataclasses import replace
from pathlib import Path

import pytest

from superlens.core.assay import WellInfo, WellRole
from superlens.core.errors import InvalidInput
from superlens.core.plate import PlateLayout, PlateSize
from superlens.io.plate_layout_csv import read_layouts, write_layouts

FIRST = PlateLayout(
    "a",
    "Screen 4, day 1",
    PlateSize.WELLS_96,
    (
        WellInfo("A01", "DMSO", None, "", WellRole.NEGATIVE, "U2OS, 24 h"),
        WellInfo("A02", "wortmannin", 0.1 + 0.2, "µM", WellRole.DOSE),
        WellInfo("H12", "LY294002", 100.0, "nM", WellRole.POSITIVE),
        WellInfo("D06", role=WellRole.EMPTY),
    ),
)
SECOND = PlateLayout("b", "384", PlateSize.WELLS_384, (WellInfo("P24", "x", 1e-9, "M"),))


def test_plates_read_back_as_they_were_written(tmp_path: Path) -> None:
    write_layouts(tmp_path / "plates.csv", (FIRST, SECOND))

    found, warnings = read_layouts(tmp_path / "plates.csv")

    assert [replace(layout, id="") for layout in found] == [
        replace(layout, id="") for layout in (FIRST, SECOND)
    ]
    assert len({layout.id for layout in found}) == 2
    assert warnings == ()


def test_what_is_written_a_second_time_is_the_same(tmp_path: Path) -> None:
    write_layouts(tmp_path / "1.csv", (FIRST, SECOND))

    write_layouts(tmp_path / "2.csv", read_layouts(tmp_path / "1.csv")[0])

    assert (tmp_path / "2.csv").read_bytes() == (tmp_path / "1.csv").read_bytes()


def test_table_of_a_spreadsheet_is_understood(tmp_path: Path) -> None:
    csv = tmp_path / "layout.csv"
    csv.write_text(
        "Row;Column;Treatment;Concentration;Dose unit;Control\n"
        "b;3;drug;0,5;uM;\nB;4;vehicle;;;DMSO\nB;5;drug;2;uM;odd one\n",
        encoding="utf-8-sig",
    )

    (plate,), warnings = read_layouts(csv)

    assert (plate.name, plate.size) == ("layout", PlateSize.WELLS_24)
    assert plate.well("B03") == WellInfo("B03", "drug", 0.5, "uM")
    assert plate.controls(WellRole.NEGATIVE) == ("B04",)
    assert warnings == ("The role 'odd one' of well B05 is not known: taken as a dose well",)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("well\nQ01\n", "Well Q01 of t is not on a plate of 384 wells"),
        ("well,plate_wells\nA13,96\n", "Well A13 of t is not on a plate of 96 wells"),
        ("well,plate_wells\nA01,95\n", "Row 1 of t.csv: '95' is no standard number of wells"),
        ("well,plate_wells\nA01,96\nA02,384\n", "the plate t has 384 wells here and 96 before"),
        ("well,dose\nA01,1\nA1,2\n", "Row 2 of t.csv: well A01 is described in another way"),
        ("well\nwell\n", "Row 1 of t.csv: 'well' is not a well"),
        ("well,dose\nA01,much\n", "'much' is not a dose"),
    ],
)
def test_malformed_tables_say_where_and_why(tmp_path: Path, table: str, words: str) -> None:
    (tmp_path / "t.csv").write_text(table)

    with pytest.raises(InvalidInput) as told:
        read_layouts(tmp_path / "t.csv")

    assert words in told.value.title


def test_two_plates_of_one_name_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Two plates are called '384'"):
        write_layouts(tmp_path / "t.csv", (SECOND, replace(FIRST, name="384")))

    assert not (tmp_path / "t.csv").exists()
