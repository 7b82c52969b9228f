"""What a report shows of how honest a model's spread was found: a curve, its numbers, a sentence.

Evidence in, blocks out; no Qt.
"""

from collections.abc import Sequence
from itertools import pairwise

from superlens.core.cards import Calibration, ModelCard
from superlens.report import words
from superlens.report.blocks import Align, Block, Column, Figure, Group, Plot, Table
from superlens.report.lettering import TextStyle
from superlens.report.palette import CONTROL, INK, INK2, LINE, ROLE_COLOUR, Marker, Role
from superlens.report.svg import Drawing

_AXIS = TextStyle(9, colour=INK2)
_HEAD = TextStyle(10, 600)
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEFT, _TOP, _BOTTOM, _RIGHT = 36.0, 46.0, 40.0, 12.0
_BEFORE, _AFTER = ROLE_COLOUR[Role.LOW], ROLE_COLOUR[Role.SPREAD]
_RADIUS = 3.2
_PLOT_SIZE = (240.0, 270.0)


def calibration_blocks(model_id: str, found: Calibration | None) -> tuple[Block, ...]:
    """Give how honest the spread of a model is; nothing where nobody measured it."""
    if found is None:
        return ()
    return (
        Figure("Calibration", _caption(model_id, found), (calibration_plot(found, _PLOT_SIZE),)),
        _table(model_id, found),
    )


def calibration_limit(card: ModelCard | None) -> str:
    """Give in one sentence whether the spread of a model can be believed."""
    found = None if card is None else card.calibration
    if found is None:
        return "Whether its size is right was not measured for this model."
    return (
        f"On {words.plural(found.fields, 'held-out field')} ({found.data}) it was"
        f" {_how_far_off(found.factor)}; on images of another kind that may differ."
    )


def calibration_plot(found: Calibration, size: tuple[float, float]) -> Plot:
    """Give the share of true values inside intervals over the share that they promise."""
    drawing = Drawing(*size)
    drawing.text("Truth inside the interval", (0, 11), _HEAD)
    width, height = size
    left, right, top, bottom = _LEFT, width - _RIGHT, _TOP, height - _BOTTOM

    def place(level: float, share: float) -> tuple[float, float]:
        return left + level * (right - left), bottom - share * (bottom - top)

    for tick in _TICKS:
        (x, y), label = place(tick, tick), f"{tick:.0%}".replace("%", " %")
        drawing.line((left, y, right, y), LINE)
        drawing.text(label, (left - 5, y + 3.2), _AXIS, "end")
        drawing.text(label, (x, bottom + 13), _AXIS, "middle")
    drawing.line((left, bottom, right, bottom), CONTROL)
    drawing.text("level of the interval", ((left + right) / 2, bottom + 28), _AXIS, "middle")
    drawing.line((left, bottom, right, top), INK, 1.2, dash="3 2")
    for shares, colour, marker in (
        (found.coverage_before, _BEFORE, Marker.CIRCLE),
        (found.coverage_after, _AFTER, Marker.DIAMOND),
    ):
        points = [place(*pair) for pair in zip(found.levels, shares, strict=True)]
        for (x1, y1), (x2, y2) in pairwise(points):
            drawing.line((x1, y1, x2, y2), colour, 1.4)
        for point in points:
            drawing.marker(marker, point, _RADIUS, colour)
    _legend(drawing)
    return Plot(drawing.svg(), width, height, _alt(found))


def _legend(drawing: Drawing) -> None:
    for x, name, colour, marker in (
        (4.0, "before", _BEFORE, Marker.CIRCLE),
        (62.0, "after the correction", _AFTER, Marker.DIAMOND),
    ):
        drawing.marker(marker, (x, 26), _RADIUS, colour)
        drawing.text(name, (x + 8, 29), _AXIS)
    drawing.line((176, 26, 190, 26), INK, 1.2, dash="3 2")
    drawing.text("honest", (194, 29), _AXIS)


def _table(model_id: str, found: Calibration) -> Table:
    columns = (
        Column("Interval", 90, Align.LEFT),
        Column("Truth inside, before", 110),
        Column("after the correction", 110, is_strong=True),
    )
    rows = tuple(
        (words.percent(level), words.percent(before), words.percent(after))
        for level, before, after in zip(
            found.levels, found.coverage_before, found.coverage_after, strict=True
        )
    )
    note = (
        f"Correction: the spread is multiplied by {words.number(found.factor)}. After it the"
        f" expected normalised calibration error (ENCE) is {words.number(found.ence)}; the area"
        f" under the sparsification error (AUSE) is {words.number(found.ause)}. Both would be 0 if"
        " the spread were perfect."
    )
    return Table(f"How honest the spread of {model_id} is", columns, (Group("", rows),), note)


def _caption(model_id: str, found: Calibration) -> str:
    return (
        f"How often intervals of the model {model_id} hold the true value, measured on"
        f" {words.plural(found.fields, 'held-out field')} ({found.data}) with {found.samples}"
        " samples each. One half of the fields made the correction, the other half was measured."
    )


def _how_far_off(factor: float) -> str:
    if abs(factor - 1.0) < 0.005:
        return "found right"
    size = "small" if factor > 1.0 else "large"
    return f"found too {size}, and is shown multiplied by {words.number(factor)}"


def _alt(found: Calibration) -> str:
    return (
        f"Share of true values inside intervals of {_listed(found.levels)}:"
        f" {_listed(found.coverage_before)} before and {_listed(found.coverage_after)} after the"
        " correction"
    )


def _listed(shares: Sequence[float]) -> str:
    return ", ".join(words.percent(share) for share in shares)
