"""Tables on paper: columns of numbers, interval bars, heads repeated on every page.

Prints through a `Press`; no Qt here.
"""

import math
from dataclasses import dataclass

from superlens.report.blocks import Align, Cell, Column, IntervalBar, Table
from superlens.report.lettering import TextStyle
from superlens.report.pagination import Piece
from superlens.report.plots import draw_interval_bar
from superlens.report.press import (
    CAPTION,
    HEAD,
    SMALL_STRONG,
    TABLE_CELL,
    TABLE_HEAD,
    TABLE_STRONG,
    Press,
    Span,
)

_ROW = 16.5
_HEAD_ROW = 20.0
_ACROSS_GAP = 24.0
_CELL_GAP = 9.0
_NOTE_GAP = 6.0
_FEWEST_LINES = 3


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of cells, or the title of a group."""

    cells: tuple[Cell, ...] = ()
    title: str = ""


def table_pieces(press: Press, table: Table, width: float) -> list[Piece]:
    """Give the pieces of a table: title, the rows as one piece that pages may cut, note."""
    rows: list[_Row] = []
    for group in table.groups:
        if group.title:
            rows.append(_Row(title=group.title))
        rows += [_Row(cells) for cells in group.rows]
    pieces: list[Piece] = []
    if table.title:
        pieces.append(head_piece(press, table.title, width))
    pieces.append(_Rows(press, table, width, tuple(rows)).piece(6.0))
    if table.note:
        note = press.lines((Span(table.note, CAPTION),), width)
        pieces.append(Piece(note.height, note.draw, gap=_NOTE_GAP))
    return pieces


def head_piece(press: Press, title: str, width: float) -> Piece:
    """Give the heading of a block, kept with what stands below it."""
    lines = press.lines((Span(title, HEAD),), width)
    return Piece(lines.height + 1.0, lines.draw, gap=18.0, is_kept_with_next=True)


class _Rows:
    """Some rows of a table; implements `Divisible`."""

    def __init__(self, press: Press, table: Table, width: float, rows: tuple[_Row, ...]) -> None:
        self._press = press
        self._table = table
        self._width = width
        self._rows = rows

    def piece(self, gap: float) -> Piece:
        """Give all rows as a piece, its columns as short as they can be."""
        lines = max(1, math.ceil(len(self._rows) / self._table.across))
        while _broken(self._rows, lines, self._table.across)[1] < len(self._rows):
            lines += 1
        columns, _ = _broken(self._rows, lines, self._table.across)

        def paint(x: float, y: float) -> None:
            self._paint(columns, x, y)

        return Piece(_HEAD_ROW + _ROW * lines, paint, gap=gap, divisible=self)

    def cut(self, room: float) -> tuple[Piece | None, Piece | None]:
        """Give the rows that fit into some height, and the rest."""
        lines = math.floor((room - _HEAD_ROW) / _ROW)
        if lines < _FEWEST_LINES:
            return None, self.piece(0.0)
        _, used = _broken(self._rows, lines, self._table.across)
        rest = self._rows[used:]
        if rest and not rest[0].title:
            rest = _title_before(self._rows, used) + rest
        head = self._of(self._rows[:used]).piece(0.0)
        return head, self._of(rest).piece(0.0) if rest else None

    def _of(self, rows: tuple[_Row, ...]) -> "_Rows":
        return _Rows(self._press, self._table, self._width, rows)

    def _paint(self, columns: list[tuple[_Row, ...]], x: float, y: float) -> None:
        across = self._table.across
        width = (self._width - (across - 1) * _ACROSS_GAP) / across
        for index, rows in enumerate(columns):
            self._paint_column(rows, (x + index * (width + _ACROSS_GAP), y), width)

    def _paint_column(self, rows: tuple[_Row, ...], at: tuple[float, float], width: float) -> None:
        x, y = at
        spots = _spots(self._table.columns, x, width)
        for column, (left, room) in zip(self._table.columns, spots, strict=True):
            self._write(column.head, column, (left, room, y + 11), is_head=True)
        self._press.line((x, y + _HEAD_ROW - 4, x + width, y + _HEAD_ROW - 4), "#C3CAD3")
        y += _HEAD_ROW
        for row in rows:
            if row.title:
                title = elided(self._press, row.title, width, SMALL_STRONG)
                self._press.text(title, (x, y + 11.5), SMALL_STRONG)
            for cell, column, spot in zip(row.cells, self._table.columns, spots, strict=False):
                self._paint_cell(cell, column, spot, y)
            y += _ROW
            self._press.line((x, y - 0.5, x + width, y - 0.5), "#EDF0F3", 0.7)

    def _paint_cell(self, cell: Cell, column: Column, spot: tuple[float, float], y: float) -> None:
        left, room = spot
        if isinstance(cell, IntervalBar):
            svg = draw_interval_bar(cell, room, _ROW).svg()
            self._press.svg(svg, (left, y, room, _ROW))
        else:
            self._write(cell, column, (left, room, y + 11.5))

    def _write(
        self, text: str, column: Column, spot: tuple[float, float, float], is_head: bool = False
    ) -> None:
        left, room, baseline = spot
        style = TABLE_HEAD if is_head else TABLE_STRONG if column.is_strong else TABLE_CELL
        shown = elided(self._press, text, room + _CELL_GAP - 2, style)
        if column.align is Align.RIGHT:
            self._press.text(shown, (left + room, baseline), style, "end")
        else:
            self._press.text(shown, (left, baseline), style)


def _broken(rows: tuple[_Row, ...], lines: int, across: int) -> tuple[list[tuple[_Row, ...]], int]:
    """Break rows into columns of so many lines; give them and how many rows found a place.

    A title never stands at the foot of a column, and stands again above what is left of its group.
    """
    columns: list[tuple[_Row, ...]] = []
    used = 0
    while used < len(rows) and len(columns) < across:
        again = () if rows[used].title else _title_before(rows, used)
        end = min(used + lines - len(again), len(rows))
        if end < len(rows) and end - used > 1 and rows[end - 1].title:
            end -= 1
        columns.append(again + rows[used:end])
        used = end
    return columns, used


def _title_before(rows: tuple[_Row, ...], index: int) -> tuple[_Row, ...]:
    """Give the title of the group that a row belongs to, if it has one."""
    titles = [row for row in rows[:index] if row.title]
    return (titles[-1],) if titles else ()


def _spots(columns: tuple[Column, ...], x: float, width: float) -> list[tuple[float, float]]:
    """Give left edge and width of every column."""
    room = width - _CELL_GAP * (len(columns) - 1)
    unit = room / sum(column.weight for column in columns)
    spots: list[tuple[float, float]] = []
    for column in columns:
        spots.append((x, column.weight * unit))
        x += column.weight * unit + _CELL_GAP
    return spots


def elided(press: Press, text: str, room: float, style: TextStyle) -> str:
    """Shorten a text in its middle until it fits; both ends of a file name tell most."""
    if press.width_of(text, style) <= room:
        return text
    keep = len(text) - 1
    while keep > 2:
        half = keep // 2
        short = f"{text[: keep - half]}…{text[-half:]}"
        if press.width_of(short, style) <= room:
            return short
        keep -= 1
    return text[:1] + "…"
