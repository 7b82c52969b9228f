"""Tables on paper, printed by a press that only notes what was written where."""

from dataclasses import dataclass, field

import pytest

from superlens.report.blocks import Align, Column, Group, Table
from superlens.report.layout_table import table_pieces
from superlens.report.pagination import paginate


@dataclass
class NotedLines:
    height: float = 13.0

    def draw(self, x: float, y: float) -> None:
        pass


@dataclass
class NotingPress:
    written: list[tuple[str, float, float]] = field(default_factory=list)

    def lines(self, spans, width):
        return NotedLines()

    def width_of(self, text, style):
        return 5.0 * len(text)

    def text(self, text, at, style, anchor="start"):
        self.written.append((text, *at))

    def line(self, ends, colour, width=1.0):
        pass

    def rect(self, box, fill, radius=0.0):
        pass

    def svg(self, svg, box):
        pass

    def picture(self, raster, box):
        pass


def printed(table: Table, room: float) -> list[list[tuple[str, float, float]]]:
    press = NotingPress()
    pages = []
    for page in paginate(table_pieces(press, table, 666.0), room):
        press.written = []
        for placed in page:
            placed.piece.paint(0.0, placed.y)
        pages.append(press.written)
    return pages


def table(*groups: tuple[str, int], across: int = 2) -> Table:
    columns = (Column("Well", 30, Align.LEFT), Column("Value", 40))
    made = tuple(
        Group(title, tuple((f"{title}{row}", "1.0") for row in range(count)))
        for title, count in groups
    )
    return Table("Wells", columns, made, across=across)


def wells(page, left: bool | None = None) -> list[str]:
    kept = [entry for entry in page if left is None or (entry[1] < 300) == left]
    return [text for text, _, _ in kept if text[-1:].isdigit() and text != "1.0"]


@pytest.mark.parametrize("across", [1, 2, 3])
@pytest.mark.parametrize("room", [90.0, 205.0, 2000.0])
def test_every_row_is_printed_once_in_order(across, room):
    pages = printed(table(("a", 17), ("b", 40), ("c", 1), across=across), room)

    expected = [f"a{i}" for i in range(17)] + [f"b{i}" for i in range(40)] + ["c0"]
    assert [name for page in pages for name in wells(page)] == expected


def test_every_column_has_a_head():
    pages = printed(table(("a", 30)), 205.0)

    for page in pages:
        assert sum(text == "Well" for text, _, _ in page) == 2


def test_title_of_a_group_never_stands_last_in_a_column():
    (page,) = printed(table(("a", 4), ("b", 5)), 2000.0)

    assert wells(page, left=True) == [f"a{i}" for i in range(4)]
    assert wells(page, left=False) == [f"b{i}" for i in range(5)]


def test_title_of_a_cut_group_is_repeated():
    pages = printed(table(("a", 30)), 205.0)

    assert len(pages) >= 2
    for page in pages:
        assert sum(text == "a" for text, _, _ in page) == 2


def test_long_cell_keeps_both_ends():
    long = Table(
        "",
        (Column("Name", 1, Align.LEFT), Column("Value", 9)),
        (Group("", (("beginning" + 40 * "x" + "end", "1.0"),)),),
    )

    ((name, *_),) = [[t for t, _, _ in page if "…" in t] for page in printed(long, 500.0)]

    assert name.startswith("beg")
    assert name.endswith("d")
