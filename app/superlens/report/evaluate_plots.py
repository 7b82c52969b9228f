"""The figure of an evaluation: one panel per measure, one line per method, values with intervals.

Records in, drawings out; the same drawing stands in the report and beside the tables of the run.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from superlens.core.evaluation import (
    BICUBIC_ROW,
    INPUT_ROW,
    Better,
    Estimate,
    Evaluation,
    Measure,
)
from superlens.report import words
from superlens.report.blocks import Plot
from superlens.report.lettering import TextStyle, text_width
from superlens.report.palette import (
    CONTROL,
    INK,
    INK2,
    INK3,
    LINE,
    ROLE_COLOUR,
    ROLE_MARKER,
    Marker,
    Role,
)
from superlens.report.scales import Axis, linear_axis
from superlens.report.svg import Drawing

SHOWN = (
    "psnr_affine",
    "ssim_affine",
    "frc_cutoff",
    "nrmse",
    "rsp",
    "micro_fd",
    "inception_fd",
    "niqe",
    "niqe_natural",
    "lpips",
    "pearson",
)
"""Which measures get a panel, the first six that there are."""
MOST_PANELS = 6
_ACROSS = 3
_GAP = 20.0
_HEAD = 34.0
_LINE = 22.0
_FOOT = 20.0
_AHEAD_LINE = 13.0
_LABEL_SHARE = 0.34
_MODEL_COLOURS = (ROLE_COLOUR[Role.SUPER], ROLE_COLOUR[Role.SPREAD], ROLE_COLOUR[Role.HIGH])
_MODEL_MARKERS = (Marker.CIRCLE, Marker.TRIANGLE, Marker.DIAMOND)
_TITLE = TextStyle(10, 600)
_ASIDE = TextStyle(8.5, colour=INK3)
_NAME = TextStyle(9, colour=INK2)
_TICK = TextStyle(8.5, colour=INK2)
_MARGIN = 20.0
_FLOOR_DASH = "3 2"
_BETTER_WORDS = {Better.HIGHER: "higher is better", Better.LOWER: "lower is better"}


@dataclass(frozen=True, slots=True)
class _Panel:
    """What one panel shows."""

    measure: Measure
    lines: tuple[tuple[str, Estimate], ...]
    floor: float | None
    ahead: tuple[tuple[str, str], ...]
    """Models and how far they are ahead of bicubic, in words."""


def evaluation_plot(evaluation: Evaluation, width: float) -> Plot:
    """Give the figure as a plot of a report; see `evaluation_drawing`."""
    panels = _panels(evaluation)
    height = _height(panels)
    drawing = Drawing(width, height)
    _draw(drawing, panels, (0.0, 0.0), width)
    names = words.listed([panel.measure.title for panel in panels])
    methods = words.listed([row.method for row in evaluation.rows])
    return Plot(drawing.svg(), width, height, f"{names} of {methods}, with intervals over fields")


def evaluation_drawing(evaluation: Evaluation, width: float = 666.0) -> Drawing:
    """Give the figure as a drawing of its own on white."""
    panels = _panels(evaluation)
    drawing = Drawing(width + 2 * _MARGIN, _height(panels) + 2 * _MARGIN)
    drawing.rect((0, 0, drawing.width, drawing.height), "#FFFFFF")
    _draw(drawing, panels, (_MARGIN, _MARGIN), width)
    return drawing


def shown_measures(evaluation: Evaluation) -> tuple[Measure, ...]:
    """Give the measures that have a panel."""
    return tuple(panel.measure for panel in _panels(evaluation))


def _panels(evaluation: Evaluation) -> tuple[_Panel, ...]:
    found: list[_Panel] = []
    for name in SHOWN:
        measure = evaluation.measure(name)
        lines = tuple(
            (row.method, row.measures[name])
            for row in evaluation.rows
            if name in row.measures and row.measures[name].value is not None
        )
        if measure is not None and lines and len(found) < MOST_PANELS:
            ahead = _ahead(evaluation, measure)
            found.append(_Panel(measure, lines, _floor(evaluation, measure), ahead))
    return tuple(found)


def _floor(evaluation: Evaluation, measure: Measure) -> float | None:
    """Give the floor of a Fréchet distance; other measures have none."""
    sets = [one for one in evaluation.features if measure.title in one.labels]
    return sets[0].floor if sets else None


def _ahead(evaluation: Evaluation, measure: Measure) -> tuple[tuple[str, str], ...]:
    return tuple(
        (one.method, difference_words(one.estimate, measure))
        for one in evaluation.differences
        if one.measure == measure.id and one.estimate.value is not None
    )


def difference_words(estimate: Estimate, measure: Measure) -> str:
    """Give a difference with its sign and interval, such as `+1.52 (1.18 to 1.87)`."""
    assert estimate.value is not None
    digits = measure.decimals
    sign = "+" if round(estimate.value, digits) > 0 else ""
    text = f"{sign}{words.fixed(estimate.value, digits)}"
    if estimate.lo is None or estimate.hi is None:
        return text
    # `to` instead of a dash, which would stand beside minus signs.
    return f"{text} ({words.fixed(estimate.lo, digits)} to {words.fixed(estimate.hi, digits)})"


def _height(panels: Sequence[_Panel]) -> float:
    rows = [panels[start : start + _ACROSS] for start in range(0, len(panels), _ACROSS)]
    heights = [max(_panel_height(panel) for panel in row) for row in rows]
    return sum(heights) + _GAP * max(len(rows) - 1, 0)


def _panel_height(panel: _Panel) -> float:
    return _HEAD + _LINE * len(panel.lines) + _FOOT + _AHEAD_LINE * len(panel.ahead)


def _draw(
    drawing: Drawing, panels: Sequence[_Panel], origin: tuple[float, float], width: float
) -> None:
    each = (width - (_ACROSS - 1) * _GAP) / _ACROSS
    top = origin[1]
    for start in range(0, len(panels), _ACROSS):
        row = panels[start : start + _ACROSS]
        for column, panel in enumerate(row):
            _draw_panel(drawing, panel, (origin[0] + column * (each + _GAP), top), each)
        top += max(_panel_height(panel) for panel in row) + _GAP


def _draw_panel(drawing: Drawing, panel: _Panel, corner: tuple[float, float], width: float) -> None:
    x, y = corner
    title = words.with_unit(
        panel.measure.title, f"({panel.measure.unit})" if panel.measure.unit else ""
    )
    drawing.text(_shortened(title, width, _TITLE), (x, y + 10), _TITLE)
    drawing.text(_better(panel.measure), (x, y + 23), _ASIDE)
    axis = _axis(panel)
    left, right = x + _LABEL_SHARE * width, x + width - 4
    first, bottom = y + _HEAD, y + _HEAD + _LINE * len(panel.lines)

    def at(value: float) -> float:
        return left + min(max(axis.at(value), 0.0), 1.0) * (right - left)

    _draw_ticks(drawing, axis, (left, right, first, bottom))
    if panel.floor is not None:
        drawing.line((at(panel.floor), first, at(panel.floor), bottom), INK3, 1.0, dash=_FLOOR_DASH)
    models = 0
    for number, (method, estimate) in enumerate(panel.lines):
        middle = first + (number + 0.5) * _LINE
        colour, marker = _look(method, models)
        models += method not in (INPUT_ROW, BICUBIC_ROW)
        name = _shortened(method, _LABEL_SHARE * width - 8, _NAME)
        drawing.text(name, (x, middle + 3.2), _NAME)
        assert estimate.value is not None
        if estimate.lo is not None and estimate.hi is not None:
            drawing.line((at(estimate.lo), middle, at(estimate.hi), middle), INK, 1.3)
        drawing.marker(marker, (at(estimate.value), middle), 3.4, colour)
    _draw_ahead(drawing, panel, (x, bottom + _FOOT), width)


def _draw_ahead(drawing: Drawing, panel: _Panel, corner: tuple[float, float], width: float) -> None:
    x, y = corner
    for number, (_, text) in enumerate(panel.ahead):
        middle = y + (number + 0.5) * _AHEAD_LINE
        colour, marker = _look("", number)
        drawing.marker(marker, (x + 4, middle), 2.8, colour)
        said = f"over {BICUBIC_ROW}: {text}"
        drawing.text(_shortened(said, width - 12, _ASIDE), (x + 12, middle + 3), _ASIDE)


def _draw_ticks(drawing: Drawing, axis: Axis, box: tuple[float, float, float, float]) -> None:
    left, right, top, bottom = box
    last = -math.inf
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        x = left + axis.at(tick) * (right - left)
        drawing.line((x, top, x, bottom), LINE)
        half = text_width(label, _TICK) / 2
        if x - half > last + 4:
            drawing.text(label, (x, bottom + 12), _TICK, "middle")
            last = x + half
    drawing.line((left, bottom, right, bottom), CONTROL)


def _axis(panel: _Panel) -> Axis:
    ends = [
        end
        for _, one in panel.lines
        for end in (one.value, one.lo, one.hi)
        if end is not None and math.isfinite(end)
    ]
    if panel.floor is not None:
        ends += [panel.floor, 0.0]
    margin = 0.04 * (max(ends) - min(ends))
    return linear_axis(max(min(ends) - margin, min(0.0, min(ends))), max(ends) + margin, 4)


def _look(method: str, models_before: int) -> tuple[str, Marker]:
    if method in (INPUT_ROW, BICUBIC_ROW):
        return ROLE_COLOUR[Role.LOW], ROLE_MARKER[Role.LOW]
    index = models_before % len(_MODEL_COLOURS)
    return _MODEL_COLOURS[index], _MODEL_MARKERS[index]


def _better(measure: Measure) -> str:
    if measure.better is Better.CLOSER:
        return f"best at {words.number(measure.ideal or 0.0, 2)}"
    return _BETTER_WORDS[measure.better]


def _shortened(text: str, room: float, style: TextStyle) -> str:
    if text_width(text, style) <= room:
        return text
    most = len(text) - 1
    while most > 2 and text_width(words.shortened(text, most), style) > room:
        most -= 1
    return words.shortened(text, most)
