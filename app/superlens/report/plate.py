"""The picture of a plate: every well a cell coloured by its value.

Plain numbers in, a drawing out.
"""

import math
from dataclasses import dataclass

from superlens.report.blocks import Plot
from superlens.report.lettering import TextStyle, text_width
from superlens.report.palette import (
    INK2,
    INK3,
    WARN,
    colour_at,
    readable_on,
    stops,
)
from superlens.report.svg import Drawing

_FORMATS = ((2, 3), (4, 6), (8, 12), (16, 24), (32, 48))
"""Rows and columns of plates with 6, 24, 96, 384 and 1536 wells."""
_HEAD = 20.0
_LETTERS = 14.0
_END = TextStyle(9, colour=INK2)
_NAME = TextStyle(8, colour=INK3)


@dataclass(frozen=True, slots=True)
class PlateCell:
    """What one well shows."""

    value: float
    text: str
    mark: str = ""
    """`N` or `P` for controls."""
    is_doubtful: bool = False


def plate_position(well: str) -> tuple[int, int] | None:
    """Give row and column (from 0) of a well such as `B07` or `AA12`, or None for another name."""
    letters = well.rstrip("0123456789")
    digits = well[len(letters) :]
    if not (letters.isascii() and letters.isalpha() and len(letters) <= 2 and digits):
        return None
    row = 0
    for letter in letters.upper():
        row = 26 * row + ord(letter) - ord("A") + 1
    column = int(digits)
    return (row - 1, column - 1) if column >= 1 else None


def plate_map(cells: dict[str, PlateCell], width: float, unit: str = "") -> Plot | None:
    """Give the map of a plate, or None where the names are no plate positions.

    Args:
        cells: by well name.
        width: of the drawing in px; its height follows.
        unit: of the values, written at the ramp.
    """
    placed = {well: plate_position(well) for well in cells}
    spots = [spot for spot in placed.values() if spot is not None]
    shape = _plate_format(spots) if spots and len(spots) == len(placed) else None
    if shape is None:
        return None
    rows, columns = shape
    step = (width - _LETTERS) / columns
    drawing = Drawing(width, _HEAD + _LETTERS + rows * step)
    finite = [cell.value for cell in cells.values() if math.isfinite(cell.value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    _draw_ramp(drawing, (low, high), cells, unit)
    _draw_names(drawing, rows, columns, step)
    by_spot = {spot: cells[well] for well, spot in placed.items() if spot is not None}
    for row in range(rows):
        for column in range(columns):
            box = (
                _LETTERS + column * step + 1,
                _HEAD + _LETTERS + row * step + 1,
                step - 2,
                step - 2,
            )
            _draw_cell(drawing, box, by_spot.get((row, column)), (low, high))
    alt = f"Plate map of {len(cells)} wells, values from {low:.3g} to {high:.3g} {unit}".rstrip()
    return Plot(drawing.svg(), width, drawing.height, alt)


def _plate_format(spots: list[tuple[int, int]]) -> tuple[int, int] | None:
    rows, columns = max(row for row, _ in spots) + 1, max(column for _, column in spots) + 1
    return next((form for form in _FORMATS if rows <= form[0] and columns <= form[1]), None)


def _draw_ramp(
    drawing: Drawing, limits: tuple[float, float], cells: dict[str, PlateCell], unit: str
) -> None:
    texts = {cell.value: cell.text for cell in cells.values()}
    low, high = (texts.get(end, f"{end:.3g}") for end in limits)
    high = f"{high} {unit}".strip()
    right = drawing.width - 1
    ramp_right = right - text_width(high, _END) - 6
    drawing.text(high, (right, 10.5), _END, "end")
    drawing.ramp((ramp_right - 64, 4, 64, 7), stops("viridis"))
    drawing.text(low, (ramp_right - 70, 10.5), _END, "end")


def _draw_names(drawing: Drawing, rows: int, columns: int, step: float) -> None:
    for column in range(columns):
        x = _LETTERS + (column + 0.5) * step
        drawing.text(str(column + 1), (x, _HEAD + 9), _NAME, "middle")
    for row in range(rows):
        y = _HEAD + _LETTERS + (row + 0.5) * step + 2.8
        drawing.text(_row_name(row), (_LETTERS - 5, y), _NAME, "end")


def _row_name(row: int) -> str:
    return chr(65 + row) if row < 26 else f"A{chr(65 + row - 26)}"


def _draw_cell(
    drawing: Drawing,
    box: tuple[float, float, float, float],
    cell: PlateCell | None,
    limits: tuple[float, float],
) -> None:
    x, y, width, height = box
    if cell is None or not math.isfinite(cell.value):
        drawing.rect(
            (x + 0.5, y + 0.5, width - 1, height - 1),
            radius=2.5,
            edge=("#C3CAD3", 0.8),
        )
        return
    low, high = limits
    colour = colour_at("viridis", (cell.value - low) / (high - low) if high > low else 0.5)
    drawing.rect(box, colour, radius=2.5)
    ink = readable_on(colour)
    size = min(8.5, width / 2.6)
    if size >= 5.5:
        lift = 0.34 * size + (-1.5 if cell.mark else 0.0)
        drawing.text(
            cell.text, (x + width / 2, y + height / 2 + lift), TextStyle(size, colour=ink), "middle"
        )
    if cell.mark and size >= 5.5:
        at = (x + width / 2, y + height - 2.2)
        drawing.text(cell.mark, at, TextStyle(0.72 * size, 600, ink), "middle")
    if cell.is_doubtful:
        drawing.rect((x + width - 4.5, y, 4.5, 4.5), WARN, edge=("#FFFFFF", 0.8))
