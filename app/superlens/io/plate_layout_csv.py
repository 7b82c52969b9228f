"""Plate layouts as tables, in and out: one row for each well that something is known of.

What is written reads back as it was; a table from elsewhere needs a column `well` and no more.
"""

import uuid
from collections.abc import Sequence
from pathlib import Path

from superlens.core.assay import WellInfo
from superlens.core.errors import InvalidInput
from superlens.core.plate import PlateLayout, PlateSize, smallest_plate
from superlens.io.plate_rows import Row, table_rows, well_of
from superlens.io.tables import write_table

COLUMNS = ("plate", "plate_wells", "well", "condition", "compound", "dose", "unit", "role")


def read_layouts(csv: Path) -> tuple[tuple[PlateLayout, ...], tuple[str, ...]]:
    """Read the plates of a table, with new ids, and what was odd about it.

    Without a column `plate` there is one, called as the file; without `plate_wells` it is the
    smallest standard plate that has all its wells. Rows that repeat a well must agree.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: it is not text.
        InvalidInput: it is malformed, or a well is on no standard plate; the message names the row.
    """
    _, rows = table_rows(csv)
    plates: dict[str, dict[str, WellInfo]] = {}
    sizes: dict[str, PlateSize] = {}
    warnings: list[str] = []
    for row in rows:
        plate = row.get("plate") or csv.stem
        info, knows_role = well_of(row)
        if not knows_role:
            warnings.append(
                f"The role {row.get('role')!r} of well {info.well} is not known: "
                "taken as a dose well"
            )
        if plates.setdefault(plate, {}).setdefault(info.well, info) != info:
            raise row.wrong(
                f"well {info.well} is described in another way than before",
                "Give all rows of one well the same condition, compound, dose, unit and role",
            )
        _note_size(row, plate, sizes)
    layouts = tuple(_layout(name, wells, sizes.get(name)) for name, wells in plates.items())
    return layouts, tuple(warnings)


def write_layouts(csv: Path, layouts: Sequence[PlateLayout]) -> None:
    """Write plates as one table, whole or not at all.

    Raises:
        InvalidInput: two plates have one name, or the folder cannot be written.
        DiskFull: there is no room.
    """
    names = [layout.name for layout in layouts]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput(f"Two plates are called {twice!r}", "Rename one of them")
    rows = [
        (layout.name, layout.size.value, *_cells(item))
        for layout in layouts
        for item in layout.wells
    ]
    write_table(csv, COLUMNS, rows)


def _cells(item: WellInfo) -> tuple[object, ...]:
    return (
        item.well,
        item.condition,
        item.compound,
        item.dose,
        item.dose_unit,
        item.role.value,
    )


def _note_size(row: Row, plate: str, sizes: dict[str, PlateSize]) -> None:
    text = row.get("plate_wells")
    if not text:
        return
    known = {str(size.value): size for size in PlateSize}
    if text not in known:
        raise row.wrong(f"{text!r} is no standard number of wells", f"There are {', '.join(known)}")
    if sizes.setdefault(plate, known[text]) != known[text]:
        raise row.wrong(
            f"the plate {plate} has {text} wells here and {sizes[plate].value} before",
            "Give all its rows the same number",
        )


def _layout(name: str, wells: dict[str, WellInfo], size: PlateSize | None) -> PlateLayout:
    found = size or smallest_plate(tuple(wells))
    odd = next((well for well in wells if found is None or not found.holds(well)), None)
    if found is None or odd is not None:
        largest = found or PlateSize.WELLS_384
        off = next(well for well in wells if not largest.holds(well))
        raise InvalidInput(
            f"Well {off} of {name} is not on a plate of {largest.value} wells",
            "Correct the name of the well, or the number of wells",
        )
    return PlateLayout(uuid.uuid4().hex[:12], name, found, tuple(wells.values()))
