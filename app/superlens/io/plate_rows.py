"""The rows of a plate map: what they say of a well, in the words of many tables.

Columns in any case and order; `well`, or `row` and `column`; commas, semicolons or tabs; decimal
points or commas.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from superlens.core.assay import WellInfo, WellRole
from superlens.core.errors import InvalidInput
from superlens.core.plate import well_at, well_name
from superlens.io.tables import read_table

NOTHING = {"", "na", "n/a", "nan", "-", "none"}
"""What a cell without a number may hold, in lower case."""

ALIASES = {
    "compound": ("compound", "drug", "treatment", "substance"),
    "dose": ("dose", "concentration", "conc"),
    "unit": ("unit", "dose_unit", "concentration_unit"),
    "role": ("role", "control", "well_role"),
    "field": ("field", "site"),
    "file": ("file", "image", "filename"),
    "condition": ("condition", "cell_line", "genotype"),
    "plate": ("plate", "plate_name", "barcode"),
    "plate_wells": ("plate_wells", "plate_size"),
}
_ROLES = {
    WellRole.NEGATIVE: {
        "negative",
        "neg",
        "vehicle",
        "dmso",
        "untreated",
        "mock",
        "nc",
        "unstimulated",
    },
    WellRole.POSITIVE: {"positive", "pos", "pc", "stimulated"},
    WellRole.DOSE: {"", "dose", "sample", "treated", "treatment", "compound", "test"},
    WellRole.EMPTY: {"empty", "blank", "none", "excluded", "no_drug", "no_cells", "unused"},
}
_ROLE_BEGINNINGS = {
    "neg": WellRole.NEGATIVE,
    "pos": WellRole.POSITIVE,
    "empty": WellRole.EMPTY,
    "blank": WellRole.EMPTY,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table by column name."""

    name: str
    """Of the file, for messages."""
    number: int
    """Among the rows below the header, from 1."""
    cells: Mapping[str, str]

    def get(self, key: str) -> str:
        """Give a cell by one of the names that mean it; empty without such a column."""
        for alias in ALIASES.get(key, (key,)):
            if alias in self.cells:
                return self.cells[alias]
        return ""

    def wrong(self, what: str, advice: str) -> InvalidInput:
        """Give the error that says what is wrong with this row."""
        return InvalidInput(f"Row {self.number} of {self.name}: {what}", advice)


def table_rows(csv: Path) -> tuple[tuple[str, ...], list[Row]]:
    """Give the columns and rows of a plate map.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: it is not text.
        InvalidInput: two columns of one name, none that names wells, or no row.
    """
    header, rows = read_table(csv)
    columns = tuple(name.strip().lower().replace(" ", "_") for name in header)
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise InvalidInput(f"{csv.name} has two columns {twice!r}", "Rename one of them")
    if "well" not in columns and not {"row", "column"} <= set(columns):
        raise InvalidInput(
            f"{csv.name} has no column 'well'",
            f"Its columns are: {', '.join(header)}; name the wells like A01 in a column 'well'",
        )
    if not rows:
        raise InvalidInput(f"{csv.name} names no well", "Add a row for each well")
    return columns, [
        Row(csv.name, number, dict(zip(columns, cells, strict=True)))
        for number, cells in enumerate(rows, start=1)
    ]


def well_of(row: Row) -> tuple[WellInfo, bool]:
    """Give what a row says of its well, and whether the word for its role is known.

    Raises:
        InvalidInput: no well, or a dose that is no number.
    """
    text = row.get("well")
    well = well_name(text) if text else well_at(row.get("row"), row.get("column"))
    if well is None:
        shown = text or row.get("row") + row.get("column")
        raise row.wrong(f"{shown!r} is not a well", "Name wells like A01 or H12")
    role = _role(row.get("role").lower().replace(" ", "_"))
    info = WellInfo(
        well,
        row.get("compound"),
        _dose(row),
        row.get("unit"),
        role or WellRole.DOSE,
        row.get("condition"),
    )
    return info, role is not None


def number_in(text: str) -> float | None:
    """Give the number that a text means, with a decimal point or comma; None for anything else."""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _role(text: str) -> WellRole | None:
    """Give the role that a text means, None where it is not known."""
    for role, words in _ROLES.items():
        if text in words:
            return role
    return next((role for word, role in _ROLE_BEGINNINGS.items() if text.startswith(word)), None)


def _dose(row: Row) -> float | None:
    text = row.get("dose")
    if text.lower() in NOTHING:
        return None
    dose = number_in(text)
    if dose is None or dose < 0:
        raise row.wrong(f"{text!r} is not a dose", "Give a number such as 0.5, or nothing")
    return dose
