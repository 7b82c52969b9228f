"""The report as one HTML file: styles, pictures and job documents inside, nothing fetched.

Jinja2 is imported when a report is rendered; the template lies in `resources/report`.
"""

import base64
import math
from typing import Any

from superlens.io.locations import resources_dir
from superlens.report.blocks import (
    Block,
    CheckState,
    Document,
    Group,
    IntervalBar,
    Panel,
    Plot,
    Raster,
    Table,
)
from superlens.report.icons import check_icon, info_icon, mark
from superlens.report.overlay import draw_overlay
from superlens.report.plots import draw_interval_bar
from superlens.report.svg import Drawing

_TEMPLATE = "report.html.j2"
_WIDTH = 666.0
_CELL_GAP = 6.0
_BAR_SIZE = (84.0, 16.0)


def render_html(document: Document) -> str:
    """Give a report as the text of one HTML file that needs nothing else."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(resources_dir() / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["mark"] = Markup(mark().svg())
    environment.globals["info"] = Markup(info_icon().svg())
    environment.globals["check"] = lambda state: Markup(check_icon(state).svg())
    environment.globals["check_words"] = _check_words
    environment.globals["bar"] = lambda cell: Markup(draw_interval_bar(cell, *_BAR_SIZE).svg())
    environment.globals["newspaper"] = _newspaper
    environment.globals["overlay"] = lambda cell, slots: Markup(_overlay(cell, slots))
    environment.globals["drawing"] = lambda cell: Markup(_responsive(cell.svg))
    environment.globals["marker"] = lambda entry: Markup(_marker(entry))
    environment.tests["panel"] = lambda value: isinstance(value, Panel)
    environment.tests["interval_bar"] = lambda value: isinstance(value, IntervalBar)
    environment.filters["kind"] = _kind
    environment.filters["picture"] = _picture
    environment.filters["data_link"] = _data_link
    return environment.get_template(_TEMPLATE).render(document=document)


def _kind(block: Block) -> str:
    return type(block).__name__


def _picture(raster: Raster) -> str:
    return f"data:image/png;base64,{base64.b64encode(raster.png).decode()}"


def _data_link(attachment: Any) -> str:
    return f"data:{attachment.media_type};base64,{base64.b64encode(attachment.data).decode()}"


def _check_words(state: CheckState) -> str:
    return {CheckState.DONE: "Done", CheckState.WARN: "Look", CheckState.OPEN: "To do"}[state]


def _newspaper(table: Table) -> tuple[tuple[Group, ...], ...]:
    """Give the groups of a table broken into as many columns as it stands across."""
    rows = [(group.title, row) for group in table.groups for row in group.rows]
    per_column = max(1, math.ceil(len(rows) / table.across))
    columns: list[tuple[Group, ...]] = []
    for start in range(0, len(rows), per_column):
        part = rows[start : start + per_column]
        titles = dict.fromkeys(title for title, _ in part)
        columns.append(
            tuple(Group(t, tuple(row for title, row in part if title == t)) for t in titles)
        )
    return tuple(columns)


def _overlay(cell: Panel | Plot, slots: int) -> str:
    """Give what stands over the pixels, drawn for the width that the panel has on paper."""
    assert isinstance(cell, Panel)
    width = (_WIDTH - (slots - 1) * _CELL_GAP) / slots
    return _responsive(
        draw_overlay(cell, width, width * cell.raster.height / cell.raster.width).svg()
    )


def _responsive(svg: str) -> str:
    """Let a drawing fill its box and be skipped by screen readers: the box says what it shows."""
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def _marker(entry: Any) -> str:
    drawing = Drawing(10, 10)
    drawing.marker(entry.marker, (5, 5), 3.4, entry.colour)
    return drawing.svg()
