"""How often neighbouring pixels differ by how much, beside what photographs have.

Plain numbers in, a drawing out: no Qt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from superlens.prepare.gradient_statistics.naturalness import LARGEST_GRADIENT, prior_histogram
from superlens.report.lettering import TextStyle, text_width
from superlens.report.palette import CONTROL, INK, INK2, LINE, ROLE_COLOUR, Role
from superlens.report.svg import Drawing

SHOWN = 60
"""Differences are shown from so many grey levels below 0 to as many above."""
_LOWEST, _HIGHEST = -6, 0
"""Powers of ten at the ends of the vertical axis."""
_AXIS = TextStyle(9, colour=INK2)
_HEAD = TextStyle(10, 600)
_LEFT, _TOP, _BOTTOM = 40.0, 42.0, 36.0
_BEFORE, _AFTER = ROLE_COLOUR[Role.LOW], ROLE_COLOUR[Role.SUPER]
_POWERS = {0: "1", -1: "10⁻¹", -2: "10⁻²", -3: "10⁻³", -4: "10⁻⁴", -5: "10⁻⁵", -6: "10⁻⁶"}


@dataclass(frozen=True, slots=True)
class GradientCounts:
    """How often differences of -256 to 255 grey levels occur, 512 counts each."""

    before: Sequence[int]
    """In pictures as they are."""
    after: Sequence[int] = ()
    """In the regularised pictures; empty leaves them out."""
    fitted_scale: float | None = None
    """T of the distribution that was fitted to a picture as it is; None leaves it out."""


def gradient_drawing(
    counts: GradientCounts, title: str, size: tuple[float, float] = (420.0, 260.0)
) -> Drawing:
    """Draw the histograms of the gradients of pictures beside that of photographs.

    Args:
        counts: what was counted in the pictures.
        title: written above.
        size: of the drawing in px.
    """
    drawing = Drawing(*size)
    drawing.text(title, (0, 11), _HEAD)
    _frame(drawing, size)
    _curve(drawing, size, counts.before, _BEFORE)
    if counts.fitted_scale is not None:
        _dashes(drawing, _points(size, prior_histogram(counts.fitted_scale)), _BEFORE)
    if counts.after:
        _curve(drawing, size, counts.after, _AFTER)
    _dashes(drawing, _points(size, prior_histogram()), INK)
    _legend(drawing, counts)
    return drawing


def _frame(drawing: Drawing, size: tuple[float, float]) -> None:
    right, bottom = _inner(size)
    for power in range(_LOWEST, _HIGHEST + 1):
        y = _height(size, 10.0**power)
        drawing.line((_LEFT, y, right, y), LINE)
        drawing.text(_POWERS[power], (_LEFT - 6, y + 3.2), _AXIS, "end")
    drawing.line((_LEFT, bottom, right, bottom), CONTROL)
    for tick in range(-SHOWN, SHOWN + 1, 20):
        label = f"{tick}".replace("-", "−")
        drawing.text(label, (_place(size, tick), bottom + 13), _AXIS, "middle")
    middle = (_LEFT + right) / 2
    drawing.text("difference of neighbours in grey levels", (middle, bottom + 28), _AXIS, "middle")


def _legend(drawing: Drawing, counts: GradientCounts) -> None:
    entries = [("as it is", _BEFORE, False)]
    if counts.fitted_scale is not None:
        entries.append(("fitted to it", _BEFORE, True))
    if counts.after:
        entries.append(("regularised", _AFTER, False))
    x = 0.0
    for name, colour, is_dashed in [*entries, ("photographs", INK, True)]:
        if is_dashed:
            steps = [(x + step, 25.0) for step in (0.0, 3.0, 5.0, 8.0, 10.0, 13.0)]
            _dashes(drawing, steps, colour)
        else:
            drawing.line((x, 25, x + 13, 25), colour, 1.8)
        drawing.text(name, (x + 17, 28), _AXIS)
        x += 17 + text_width(name, _AXIS) + 14


def _curve(drawing: Drawing, size: tuple[float, float], counts: Sequence[int], colour: str) -> None:
    shares = np.asarray(counts, np.float64)
    points = _points(size, shares / max(float(shares.sum()), 1.0))
    drawing.path("M" + " L".join(f"{x:.2f} {y:.2f}" for x, y in points), stroke=colour, width=1.4)


def _dashes(drawing: Drawing, points: Sequence[tuple[float, float]], colour: str) -> None:
    # Short strokes instead of one dashed path: both painters dash a path differently.
    for (x1, y1), (x2, y2) in list(pairwise(points))[::2]:
        drawing.line((x1, y1, x2, y2), colour, 1.2)


def _points(size: tuple[float, float], shares: NDArray[np.float64]) -> list[tuple[float, float]]:
    return [
        (_place(size, at), _height(size, float(shares[LARGEST_GRADIENT + at])))
        for at in range(-SHOWN, SHOWN + 1)
    ]


def _inner(size: tuple[float, float]) -> tuple[float, float]:
    return size[0] - 8.0, size[1] - _BOTTOM


def _place(size: tuple[float, float], difference: int) -> float:
    right, _ = _inner(size)
    return _LEFT + (difference + SHOWN) / (2 * SHOWN) * (right - _LEFT)


def _height(size: tuple[float, float], share: float) -> float:
    """Give the height of a share on the logarithmic axis; what is rarer lies on its floor."""
    _, bottom = _inner(size)
    power = min(max(np.log10(max(share, 1e-12)), _LOWEST), _HIGHEST)
    return float(bottom - (power - _LOWEST) / (_HIGHEST - _LOWEST) * (bottom - _TOP))
