"""What a multi-well plate is: its standard sizes, the names of its wells, what was done to each.

A layout is independent of images: it is drawn by hand, read from a table, or both.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from superlens.core.assay import WellInfo, WellRole

_WELL = re.compile(r"([A-Za-z]{1,2})[-_ ]?0*([1-9]\d?)")


class PlateSize(IntEnum):
    """The standard plates, by the number of their wells."""

    WELLS_6 = 6
    WELLS_12 = 12
    WELLS_24 = 24
    WELLS_48 = 48
    WELLS_96 = 96
    WELLS_384 = 384

    @property
    def rows(self) -> int:
        """Number of lettered rows."""
        return _ROWS[self]

    @property
    def columns(self) -> int:
        """Number of numbered columns."""
        return self.value // _ROWS[self]

    def wells(self) -> Iterator[str]:
        """Give the names of all wells, row by row, such as `A01`."""
        for row in range(self.rows):
            for column in range(self.columns):
                yield f"{chr(ord('A') + row)}{column + 1:02d}"

    def holds(self, well: str) -> bool:
        """Say whether a well such as `A01` is on the plate."""
        name = well_name(well)
        if name is None or len(name) > 3:  # two letters are rows beyond Z
            return False
        return ord(name[0]) - ord("A") < self.rows and int(name[1:]) <= self.columns


_ROWS = {
    PlateSize.WELLS_6: 2,
    PlateSize.WELLS_12: 3,
    PlateSize.WELLS_24: 4,
    PlateSize.WELLS_48: 6,
    PlateSize.WELLS_96: 8,
    PlateSize.WELLS_384: 16,
}


@dataclass(frozen=True, slots=True)
class PlateLayout:
    """What was done to the wells of one plate; `ValueError` where a well is not on it, or twice."""

    id: str
    name: str
    size: PlateSize
    wells: tuple[WellInfo, ...] = ()
    """Only those that something is known of."""

    def __post_init__(self) -> None:
        names = [item.well for item in self.wells]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"Well {twice} of {self.name} is described twice")
        odd = [name for name in names if well_name(name) != name or not self.size.holds(name)]
        if odd:
            raise ValueError(f"A plate of {self.size.value} wells has no well {odd[0]!r}")

    def well(self, name: str) -> WellInfo:
        """Give what is known of a well; an untreated sample where nothing is."""
        return next((item for item in self.wells if item.well == name), WellInfo(name))

    def controls(self, role: WellRole) -> tuple[str, ...]:
        """Give the names of the wells with a role."""
        return tuple(item.well for item in self.wells if item.role is role)

    def with_wells(self, *wells: WellInfo) -> "PlateLayout":
        """Give the layout with some wells described anew, row by row."""
        known = {item.well: item for item in self.wells} | {item.well: item for item in wells}
        return replace(self, wells=tuple(known[name] for name in sorted(known)))


def well_name(text: str) -> str | None:
    """Give the usual name of a well written in any way (`a1`, `A-01`), None for anything else."""
    match = _WELL.fullmatch(text.strip())
    return None if match is None else f"{match[1].upper()}{int(match[2]):02d}"


def well_at(row: str, column: str) -> str | None:
    """Give the well at a row (a letter, or a number from 1) and a column from 1."""
    if not (row.isalpha() and row.isascii()):
        if not row.isascii() or not row.isdecimal() or not 1 <= int(row) <= 26:
            return None
        row = chr(ord("A") + int(row) - 1)
    return well_name(f"{row}{column}")


def smallest_plate(wells: tuple[str, ...]) -> PlateSize | None:
    """Give the smallest standard plate that has all wells, None where there is none."""
    return next((size for size in PlateSize if all(size.holds(well) for well in wells)), None)
