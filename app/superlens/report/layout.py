"""From blocks to pieces of known height: how every block of a report looks on paper.

Prints through a `Press`; no Qt here. Tables live in `layout_table.py`.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, assert_never

from superlens.report.blocks import (
    Block,
    Callout,
    Checklist,
    Columns,
    Facts,
    Figure,
    KeyNumber,
    KeyNumbers,
    Panel,
    Particulars,
    Plot,
    Rule,
    Signatures,
    Table,
    Text,
)
from superlens.report.icons import check_icon, info_icon
from superlens.report.layout_table import elided, head_piece, table_pieces
from superlens.report.overlay import draw_overlay
from superlens.report.pagination import Piece
from superlens.report.palette import LINE, SURFACE
from superlens.report.press import (
    BODY,
    BODY_STRONG,
    CAPTION,
    CAPTION_LABEL,
    HEAD,
    KEY_ASIDE,
    KEY_LABEL,
    KEY_VALUE,
    SMALL,
    SMALL_STRONG,
    Press,
    Span,
)
from superlens.report.svg import Drawing

FOOT_BASELINE = 22.0
"""How far below the body of a page its foot line is written: page number and signatures."""
_COLUMN_GAP = 24.0
_CELL_GAP = 6.0
_TALLEST_PANEL = 330.0
_TALLEST_PLOT = 700.0
_ACROSS = 4


def block_pieces(press: Press, block: Block, width: float) -> list[Piece]:
    """Give the pieces of one block for a column of some width."""
    if isinstance(block, Columns):
        return [_columns(press, block, width)]
    maker: dict[type, Callable[[Press, Any, float], list[Piece]]] = {
        KeyNumbers: _key_numbers,
        Figure: _figure,
        Table: table_pieces,
        Text: _text,
        Checklist: _checklist,
        Facts: _facts,
        Particulars: _particulars,
        Callout: _callout,
        Signatures: _signatures,
        Rule: _rule,
    }
    return maker[type(block)](press, block, width)


def _columns(press: Press, block: Columns, width: float) -> Piece:
    half = (width - _COLUMN_GAP) / 2
    left = [piece for part in block.left for piece in block_pieces(press, part, half)]
    right = [piece for part in block.right for piece in block_pieces(press, part, half)]
    height = max(_stacked_height(left), _stacked_height(right))

    def paint(x: float, y: float) -> None:
        _paint_stack(left, x, y)
        _paint_stack(right, x + half + _COLUMN_GAP, y)

    return Piece(height, paint, gap=18.0)


def _stacked_height(pieces: list[Piece]) -> float:
    return sum(piece.height + (piece.gap if index else 0.0) for index, piece in enumerate(pieces))


def _paint_stack(pieces: list[Piece], x: float, y: float) -> None:
    for index, piece in enumerate(pieces):
        y += piece.gap if index else 0.0
        piece.paint(x, y)
        y += piece.height


def _key_numbers(press: Press, block: KeyNumbers, width: float) -> list[Piece]:
    rows = [block.numbers[i : i + _ACROSS] for i in range(0, len(block.numbers), _ACROSS)]
    pieces = [_rule_piece(press, width, 14.0)]
    for row in rows:
        pieces += [_key_row(press, row, width), _rule_piece(press, width, 0.0)]
    return pieces


def _key_row(press: Press, row: tuple[KeyNumber, ...], width: float) -> Piece:
    slot = width / _ACROSS
    inset = 18.0
    # One line if every value and its aside fit side by side, else all asides go below.
    is_one_line = all(
        press.width_of(n.value, KEY_VALUE) + 8 + press.width_of(n.aside, KEY_ASIDE)
        <= slot - inset - 8
        for n in row
    )
    height = 60.0 if is_one_line else 75.0

    def paint(x: float, y: float) -> None:
        for index, number in enumerate(row):
            left = x + index * slot + (inset if index else 0.0)
            if index:
                line_x = x + index * slot
                press.line((line_x, y + 12, line_x, y + height - 12), LINE)
            label = elided(press, number.label, x + (index + 1) * slot - left - 4, KEY_LABEL)
            press.text(label, (left, y + 20), KEY_LABEL)
            press.text(number.value, (left, y + 44), KEY_VALUE)
            if is_one_line:
                after = left + press.width_of(number.value, KEY_VALUE) + 8
                press.text(number.aside, (after, y + 44), KEY_ASIDE)
            else:
                press.text(number.aside, (left, y + 61), KEY_ASIDE)

    return Piece(height, paint)


def _figure(press: Press, block: Figure, width: float) -> list[Piece]:
    slot = (width - (block.slots - 1) * _CELL_GAP) / block.slots
    sizes = [_cell_size(cell, slot) for cell in block.cells]
    head = 24.0 if block.title else 0.0
    cells_height = max(height for _, height in sizes)
    spans = (Span(f"{block.label}  ", CAPTION_LABEL), Span(block.caption, CAPTION))
    caption = press.lines(spans, width)

    def paint(x: float, y: float) -> None:
        if block.title:
            press.text(block.title, (x, y + 13), HEAD)
            _legend(press, block, x + width, y + 12)
        for index, (cell, size) in enumerate(zip(block.cells, sizes, strict=True)):
            _cell(press, cell, (x + index * (slot + _CELL_GAP), y + head, *size))
        caption.draw(x, y + head + cells_height + 8)

    return [Piece(head + cells_height + 8 + caption.height, paint, gap=16.0)]


def _cell_size(cell: Panel | Plot, slot: float) -> tuple[float, float]:
    match cell:
        case Panel():
            ratio = cell.raster.height / cell.raster.width
            tallest = _TALLEST_PANEL
        case Plot():
            ratio = cell.height / cell.width
            tallest = _TALLEST_PLOT
        case _:
            assert_never(cell)
    if slot * ratio > tallest:
        return tallest / ratio, tallest
    return slot, slot * ratio


def _cell(press: Press, cell: Panel | Plot, box: tuple[float, float, float, float]) -> None:
    match cell:
        case Panel():
            press.picture(cell.raster, box)
            press.svg(draw_overlay(cell, box[2], box[3]).svg(), box)
        case Plot():
            press.svg(cell.svg, box)
        case _:
            assert_never(cell)


def _legend(press: Press, block: Figure, right: float, baseline: float) -> None:
    for entry in reversed(block.legend):
        right -= press.width_of(entry.text, CAPTION)
        press.text(entry.text, (right, baseline), CAPTION)
        drawing = Drawing(10, 10)
        drawing.marker(entry.marker, (5, 5), 3.4, entry.colour)
        press.svg(drawing.svg(), (right - 13, baseline - 8.2, 10, 10))
        right -= 24


def _text(press: Press, block: Text, width: float) -> list[Piece]:
    pieces = [head_piece(press, block.title, width)] if block.title else []
    for index, paragraph in enumerate(block.paragraphs):
        lines = press.lines((Span(paragraph, BODY),), width)
        pieces.append(Piece(lines.height, lines.draw, gap=5.0 if index or block.title else 14.0))
    return pieces


def _checklist(press: Press, block: Checklist, width: float) -> list[Piece]:
    pieces = [head_piece(press, block.title, width)]
    for item in block.items:
        lines = press.lines((Span(item.text, BODY),), width - 22)
        pieces.append(_marked_line(press, check_icon(item.state), lines.height, lines.draw))
    return pieces


def _marked_line(
    press: Press, icon: Drawing, height: float, draw: Callable[[float, float], None]
) -> Piece:
    def paint(x: float, y: float) -> None:
        press.svg(icon.svg(), (x, y + 1, 13, 13))
        draw(x + 22, y)

    return Piece(height, paint, gap=5.0)


def _facts(press: Press, block: Facts, width: float) -> list[Piece]:
    gap = 20.0
    wanted = [
        max(press.width_of(label, SMALL), press.width_of(value, SMALL_STRONG)) + 2
        for label, value in block.items
    ]
    room = width - gap * (len(wanted) - 1)
    shrink = min(1.0, room / sum(wanted))
    widths = [one * shrink for one in wanted]
    values = [
        press.lines((Span(value, SMALL_STRONG),), one)
        for (_, value), one in zip(block.items, widths, strict=True)
    ]
    spare = (room - sum(widths)) / max(len(widths) - 1, 1)

    def paint(x: float, y: float) -> None:
        for (label, _), value, one in zip(block.items, values, widths, strict=True):
            press.text(label, (x, y + 9), SMALL)
            value.draw(x, y + 14)
            x += one + gap + min(spare, 24.0)

    return [Piece(14 + max(value.height for value in values), paint, gap=12.0)]


def _particulars(press: Press, block: Particulars, width: float) -> list[Piece]:
    label_width = 148.0
    pieces = [head_piece(press, block.title, width)]
    for label, value in block.rows:
        lines = press.lines((Span(value, SMALL_STRONG),), width - label_width)
        pieces.append(_labelled(press, label, lines.height, lines.draw, label_width))
    return pieces


def _labelled(
    press: Press,
    label: str,
    height: float,
    draw: Callable[[float, float], None],
    label_width: float,
) -> Piece:
    def paint(x: float, y: float) -> None:
        press.text(label, (x, y + 9.4), SMALL)
        draw(x + label_width, y)

    return Piece(height, paint, gap=4.5)


def _callout(press: Press, block: Callout, width: float) -> list[Piece]:
    """Give one piece per sentence, each with its part of the ground, so that pages may cut it."""
    inset = 14.0
    indent = 40.0
    title = press.lines((Span(block.title, BODY_STRONG),), width - indent - inset)
    sentences = [
        press.lines((Span(sentence, BODY),), width - indent - inset) for sentence in block.sentences
    ]
    pieces: list[Piece] = []
    parts = [(title.height, title.draw), *((one.height, one.draw) for one in sentences)]
    for index, (height, draw) in enumerate(parts):
        top = inset - 2 if index == 0 else 4.0
        bottom = inset - 2 if index == len(parts) - 1 else 0.0
        ground = _Ground(width, height + top + bottom, index == 0, index == len(parts) - 1)
        pieces.append(_grounded(press, ground, (indent, top), draw))
    return pieces


class _Ground:
    """The part of a callout's coloured ground that belongs to one piece."""

    def __init__(self, width: float, height: float, is_first: bool, is_last: bool) -> None:
        self.width = width
        self.height = height
        self.is_first = is_first
        self.is_last = is_last

    def draw(self, press: Press, x: float, y: float) -> None:
        """Print it: rounded where the callout begins and ends, a hair too long to hide seams."""
        radius = 8.0
        press.rect((x, y, self.width, self.height), SURFACE, radius if self._is_rounded else 0.0)
        if self.is_first and not self.is_last:
            press.rect((x, y + radius, self.width, self.height - radius + 0.3), SURFACE)
        if self.is_last and not self.is_first:
            press.rect((x, y - 0.3, self.width, self.height - radius), SURFACE)

    @property
    def _is_rounded(self) -> bool:
        return self.is_first or self.is_last


def _grounded(
    press: Press,
    ground: _Ground,
    offset: tuple[float, float],
    draw: Callable[[float, float], None],
) -> Piece:
    def paint(x: float, y: float) -> None:
        ground.draw(press, x, y)
        if ground.is_first:
            press.svg(info_icon().svg(), (x + 16, y + 13, 14, 14))
        draw(x + offset[0], y + offset[1])

    return Piece(
        ground.height,
        paint,
        gap=18.0 if ground.is_first else 0.0,
        is_kept_with_next=ground.is_first and not ground.is_last,
    )


def _signatures(press: Press, block: Signatures, width: float) -> list[Piece]:
    length, gap, height = 182.0, 32.0, 20.0

    def paint(x: float, y: float) -> None:
        for label in block.labels:
            press.line((x, y + height + 10, x + length, y + height + 10), "#AEB6C0")
            press.text(label, (x, y + height + FOOT_BASELINE), SMALL)
            x += length + gap

    return [Piece(height, paint, gap=10.0, is_at_foot=True)]


def _rule(press: Press, block: Rule, width: float) -> list[Piece]:
    return [replace(_rule_piece(press, width, 16.0), is_separator=True)]


def _rule_piece(press: Press, width: float, gap: float) -> Piece:
    def paint(x: float, y: float) -> None:
        press.line((x, y + 0.5, x + width, y + 0.5), LINE)

    return Piece(1.0, paint, gap=gap)


def all_pieces(press: Press, blocks: Iterable[Block], width: float) -> list[Piece]:
    """Give the pieces of all blocks in order."""
    return [piece for block in blocks for piece in block_pieces(press, block, width)]
