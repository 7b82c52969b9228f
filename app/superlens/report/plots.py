"""Plots of a report as SVG: doses, wells, histograms, profiles, interval bars.

Points and intervals only, no fitted curves; plain numbers in, drawings out.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from superlens.report.blocks import IntervalBar, Plot
from superlens.report.lettering import TextStyle, text_width
from superlens.report.palette import CONTROL, INK, INK2, LINE, ROLE_COLOUR, Marker, Role
from superlens.report.scales import Axis, linear_axis, log_axis
from superlens.report.svg import Drawing

_AXIS = TextStyle(9, colour=INK2)
_HEAD = TextStyle(10, 600)
_POINT_RADIUS = 3.2
MOST_SIDE_BY_SIDE = 8
"""Up to so many wells of one dose are drawn with their intervals."""
_SIDE_BY_SIDE_ROOM = 22.0
_SERIES_APART = 4.0
_CONTROL_ZONE = 36.0
"""Width of the strip beside the doses in which the controls stand."""


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its interval; `lo` and `hi` are None where there is none."""

    value: float
    lo: float | None = None
    hi: float | None = None


@dataclass(frozen=True, slots=True)
class DoseSeries:
    """Wells of one compound, measured in one way."""

    colour: str
    marker: Marker
    doses: tuple[tuple[float, Point], ...]
    """Positive doses."""
    negative: tuple[Point, ...] = ()
    positive: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class _Area:
    """The inside of a plot and its vertical axis."""

    left: float
    right: float
    top: float
    bottom: float
    axis: Axis

    def y(self, value: float) -> float:
        """Give the height at which a value is drawn; beyond the axis at its end."""
        fraction = min(max(self.axis.at(value), 0.0), 1.0)
        return self.bottom - (self.bottom - self.top) * fraction


def dose_plot(
    series: tuple[DoseSeries, ...], dose_unit: str, values: Axis, size: tuple[float, float]
) -> Plot:
    """Give values over dose (logarithmic), with the controls in zones beside it.

    Args:
        series: what is compared.
        dose_unit: of all doses.
        values: the vertical axis; the same for plots that are compared.
        size: of the plot in px.
    """
    doses = [dose for one in series for dose, _ in one.doses]
    drawing, area = _framed(size, values)
    has_negative = any(one.negative for one in series)
    has_positive = any(one.positive for one in series)
    left = area.left + (_CONTROL_ZONE if has_negative else 8.0)
    right = area.right - (_CONTROL_ZONE if has_positive else 8.0)
    axis = log_axis(min(doses), max(doses))
    _dose_labels(drawing, area, axis, (left, right), dose_unit)
    for zone, is_there, name in (
        (area.left + _CONTROL_ZONE / 2 - 3, has_negative, "neg."),
        (area.right - _CONTROL_ZONE / 2 + 3, has_positive, "pos."),
    ):
        if is_there:
            drawing.text(name, (zone, area.bottom + 13), _AXIS, "middle")
    for index, one in enumerate(series):
        # Series that are compared stand a little apart, so that equal values show as two.
        apart = (index - (len(series) - 1) / 2) * _SERIES_APART
        negative = area.left + _CONTROL_ZONE / 2 - 3 + apart
        positive = area.right - _CONTROL_ZONE / 2 + 3 + apart
        _draw_side_by_side(drawing, area, one, negative, one.negative)
        _draw_side_by_side(drawing, area, one, positive, one.positive)
        for dose in sorted({dose for dose, _ in one.doses}):
            here = tuple(point for at, point in one.doses if at == dose)
            x = left + axis.at(dose) * (right - left) + apart
            _draw_side_by_side(drawing, area, one, x, here)
    wells = sum(len(one.doses) + len(one.negative) + len(one.positive) for one in series)
    alt = f"Values of {wells} wells over dose in {dose_unit or 'units of dose'}, logarithmic"
    return Plot(drawing.svg(), *size, alt)


def interval_plot(
    named: tuple[tuple[str, Point], ...],
    look: tuple[str, Marker],
    values: Axis,
    size: tuple[float, float],
) -> Plot:
    """Give one point with its interval per name, in the order given.

    Args:
        named: names (of wells) and their values.
        look: colour and shape of the points.
        values: the vertical axis.
        size: of the plot in px.
    """
    colour, marker = look
    drawing, area = _framed(size, values)
    step = (area.right - area.left) / max(len(named), 1)
    label_every = max(1, math.ceil(26.0 / step))
    for index, (name, point) in enumerate(named):
        x = area.left + (index + 0.5) * step
        _draw_point(drawing, area, point, x, (colour, marker))
        if index % label_every == 0:
            text = _shortened(name, label_every * step - 4)
            at = (x, area.bottom + 13)
            drawing.text(text, at, _AXIS, "middle")
    return Plot(drawing.svg(), *size, f"Values of {len(named)} wells with their intervals")


def histogram(values: NDArray[np.floating], size: tuple[float, float], title: str) -> Plot:
    """Give how often residuals of each size occur, beside what pure noise would give.

    Args:
        values: residuals in units of the expected noise.
        size: of the plot in px.
        title: written above it.
    """
    edges = np.linspace(-5, 5, 41)
    finite = values[np.isfinite(values)]
    counts, _ = np.histogram(np.clip(finite, -4.999, 4.999), edges)
    density = counts / max(finite.size, 1) / (edges[1] - edges[0])
    top = max(float(density.max()), 0.4) * 1.08
    drawing = Drawing(*size)
    area = _Area(10.0, size[0] - 10.0, 40.0, size[1] - 40.0, Axis(0.0, top, (0.0, top)))
    drawing.text(title, (0, 11), _HEAD)
    _bars(drawing, area, density)
    _bell(drawing, area)
    drawing.line((area.left, area.bottom, area.right, area.bottom), CONTROL)
    for tick in (-4, -2, 0, 2, 4):
        x = area.left + (tick + 5) / 10 * (area.right - area.left)
        label = f"{tick} σ".replace("-", "\u2212") if tick else "0"
        drawing.text(label, (x, area.bottom + 13), _AXIS, "middle")
    drawing.line((area.left, 24, area.left + 14, 24), INK, 1.2, dash="3 2")
    drawing.text("pure noise", (area.left + 18, 27), _AXIS)
    drawing.rect((area.left + 80, 20, 10, 8), ROLE_COLOUR[Role.SPREAD], opacity=0.35)
    drawing.text("this image", (area.left + 94, 27), _AXIS)
    return Plot(drawing.svg(), *size, f"{title}: histogram beside a standard normal curve")


@dataclass(frozen=True, slots=True)
class Profile:
    """Values along one line of an image, before and after super-resolution."""

    raw: NDArray[np.floating]
    """One value per raw pixel."""
    mean: NDArray[np.floating]
    """One value per super-resolved pixel, over the same length."""
    spread: NDArray[np.floating] | None
    length: str
    """Of the line, in words."""


def profile_plot(profile: Profile, size: tuple[float, float], title: str) -> Plot:
    """Give the profile along a line: raw pixels as steps, super-resolved values with spread."""
    spread = np.zeros_like(profile.mean) if profile.spread is None else profile.spread
    everything = np.concatenate([profile.raw, profile.mean - spread, profile.mean + spread])
    axis = linear_axis(min(0.0, float(np.nanmin(everything))), float(np.nanmax(everything)))
    drawing = Drawing(*size)
    drawing.text(title, (0, 11), _HEAD)
    labels = max(text_width(label, _AXIS) for label in axis.labels) + 8.0
    area = _Area(labels, size[0], 40.0, size[1] - 40.0, axis)
    _grid(drawing, area)
    _band(drawing, area, profile.mean - spread, profile.mean + spread)
    edges = np.repeat(np.arange(profile.raw.size + 1) / profile.raw.size, 2)[1:-1]
    _trace(drawing, area, (edges, np.repeat(profile.raw, 2)), (ROLE_COLOUR[Role.LOW], 1.1))
    at = (np.arange(profile.mean.size) + 0.5) / profile.mean.size
    _trace(drawing, area, (at, profile.mean), (ROLE_COLOUR[Role.SUPER], 1.5))
    drawing.text("0", (area.left, area.bottom + 13), _AXIS)
    drawing.text(profile.length, (area.right, area.bottom + 13), _AXIS, "end")
    for x, name, role in ((0.0, "raw", Role.LOW), (44.0, "super-resolved", Role.SUPER)):
        drawing.line((labels + x, 24, labels + x + 12, 24), ROLE_COLOUR[role], 1.8)
        drawing.text(name, (labels + x + 16, 27), _AXIS)
    return Plot(drawing.svg(), *size, f"{title}: raw and super-resolved values along a line")


def draw_interval_bar(bar: IntervalBar, width: float, height: float) -> Drawing:
    """Give the drawing of a table cell: a common axis, the interval as band, the value as tick."""
    drawing = Drawing(width, height)
    middle = height / 2
    inset = 3.0
    length = width - 2 * inset
    drawing.line((inset, middle, width - inset, middle), LINE)
    for at in (0.0, 0.5, 1.0):
        x = inset + at * length
        drawing.line((x, middle - 3, x, middle + 3), LINE)
    colour = ROLE_COLOUR[bar.role] if bar.role is not None else INK2
    if bar.lo is not None and bar.hi is not None:
        lo, hi = (inset + min(max(end, 0.0), 1.0) * length for end in (bar.lo, bar.hi))
        drawing.rect((lo, middle - 4, max(hi - lo, 1.0), 8), colour, opacity=0.43, radius=2)
    if math.isfinite(bar.value):
        x = inset + min(max(bar.value, 0.0), 1.0) * length
        drawing.rect((x - 1.1, middle - 5.5, 2.2, 11), colour)
    return drawing


def _framed(size: tuple[float, float], axis: Axis) -> tuple[Drawing, _Area]:
    """Give an empty plot with its grid, and its inside."""
    drawing = Drawing(*size)
    label_width = max(text_width(label, _AXIS) for label in axis.labels) + 8.0
    area = _Area(label_width, size[0], 8.0, size[1] - 20.0, axis)
    _grid(drawing, area)
    return drawing, area


def _grid(drawing: Drawing, area: _Area) -> None:
    for tick, label in zip(area.axis.ticks, area.axis.labels, strict=True):
        y = area.y(tick)
        drawing.line((area.left, y, area.right, y), LINE)
        drawing.text(label, (area.left - 8.0, y + 3.2), _AXIS, "end")
    drawing.line((area.left, area.bottom, area.right, area.bottom), CONTROL)


def _trace(
    drawing: Drawing,
    area: _Area,
    curve: tuple[NDArray[np.floating], NDArray[np.floating]],
    pen: tuple[str, float],
) -> None:
    """Draw a curve of positions (0 to 1) and values with a pen of colour and width."""
    colour, width = pen
    places = [
        f"{area.left + float(x) * (area.right - area.left):.2f} {area.y(float(y)):.2f}"
        for x, y in zip(*curve, strict=True)
    ]
    drawing.path("M" + " L".join(places), stroke=colour, width=width)


def _band(
    drawing: Drawing, area: _Area, low: NDArray[np.floating], high: NDArray[np.floating]
) -> None:
    step = (area.right - area.left) / low.size
    for index, (bottom, top) in enumerate(zip(low, high, strict=True)):
        y1, y2 = area.y(float(top)), area.y(float(bottom))
        if y2 > y1:
            box = (area.left + index * step, y1, step, y2 - y1)
            drawing.rect(box, ROLE_COLOUR[Role.SPREAD], opacity=0.28)


def _dose_labels(
    drawing: Drawing, area: _Area, axis: Axis, span: tuple[float, float], unit: str
) -> None:
    left, right = span
    last = len(axis.ticks) - 1
    for index, (tick, label) in enumerate(zip(axis.ticks, axis.labels, strict=True)):
        text = f"{label} {unit}".strip() if index == last else label
        x = left + axis.at(tick) * (right - left)
        drawing.text(text, (x, area.bottom + 13), _AXIS, "middle")


def _draw_side_by_side(
    drawing: Drawing, area: _Area, series: DoseSeries, x: float, points: tuple[Point, ...]
) -> None:
    if len(points) > MOST_SIDE_BY_SIDE:
        _draw_crowd(drawing, area, series, x, points)
        return
    step = min(7.0, _SIDE_BY_SIDE_ROOM / max(len(points) - 1, 1))
    for index, point in enumerate(points):
        at = x + (index - (len(points) - 1) / 2) * step
        _draw_point(drawing, area, point, at, (series.colour, series.marker))


def _draw_crowd(
    drawing: Drawing, area: _Area, series: DoseSeries, x: float, points: tuple[Point, ...]
) -> None:
    values = [point.value for point in points if math.isfinite(point.value)]
    for index, value in enumerate(values):
        # Steps of the golden ratio fill the room evenly for any number of points.
        offset = ((index * 0.618034) % 1 - 0.5) * _SIDE_BY_SIDE_ROOM
        box = (x + offset - 1.5, area.y(value) - 1.5, 3.0, 3.0)
        drawing.rect(box, series.colour, opacity=0.5, radius=1.5)
    if values:
        y = area.y(float(np.median(values)))
        half = _SIDE_BY_SIDE_ROOM / 2 + 2
        drawing.line((x - half, y, x + half, y), INK, 1.6)


def _draw_point(
    drawing: Drawing, area: _Area, point: Point, x: float, look: tuple[str, Marker]
) -> None:
    if not math.isfinite(point.value):
        return
    if point.lo is not None and point.hi is not None and math.isfinite(point.hi - point.lo):
        drawing.line((x, area.y(point.lo), x, area.y(point.hi)), INK, 1.3)
    colour, marker = look
    drawing.marker(marker, (x, area.y(point.value)), _POINT_RADIUS, colour)


def _bars(drawing: Drawing, area: _Area, density: NDArray[np.floating]) -> None:
    step = (area.right - area.left) / density.size
    for index, value in enumerate(density):
        y = area.y(float(value))
        box = (area.left + index * step + 0.4, y, step - 0.8, area.bottom - y)
        if box[3] > 0:
            drawing.rect(box, ROLE_COLOUR[Role.SPREAD], opacity=0.35)


def _bell(drawing: Drawing, area: _Area) -> None:
    steps = []
    for x in np.linspace(-5, 5, 81):
        height = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        at = area.left + (x + 5) / 10 * (area.right - area.left)
        steps.append((at, area.y(height)))
    # Short strokes instead of one dashed path: both painters dash a path differently.
    for (x1, y1), (x2, y2) in list(pairwise(steps))[::2]:
        drawing.line((x1, y1, x2, y2), INK, 1.2)


def _shortened(text: str, room: float) -> str:
    if text_width(text, _AXIS) <= room:
        return text
    while len(text) > 1 and text_width(text + "…", _AXIS) > room:
        text = text[:-1]
    return text + "…"
