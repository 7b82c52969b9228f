"""The few signs of a report: the mark of the program, the states of a checklist, information.

Drawn here from simple shapes, so that both outputs show the same ones.
"""

import math

from superlens.report.blocks import CheckState
from superlens.report.palette import ACCENT, INK3, OK, WARN
from superlens.report.svg import Drawing

_SIDE = 16.0


def mark() -> Drawing:
    """Give the mark of the program: a lens as rings."""
    drawing = Drawing(_SIDE, _SIDE)
    _ring(drawing, 7.0, ACCENT, 1.5)
    _ring(drawing, 3.9, "#6C9BEA", 1.3)
    drawing.circle((8, 8), 1.4, ACCENT)
    return drawing


def check_icon(state: CheckState) -> Drawing:
    """Give the sign of a checklist item: check, warning triangle, open circle."""
    drawing = Drawing(_SIDE, _SIDE)
    if state is CheckState.DONE:
        _ring(drawing, 6.8, OK, 1.3)
        drawing.path("M5 8.3 L7.2 10.4 L11 6", stroke=OK, width=1.4)
    elif state is CheckState.WARN:
        drawing.path("M8 1.8 L14.8 13.8 L1.2 13.8 Z", stroke=WARN, width=1.3)
        drawing.path("M8 6 L8 9.6", stroke=WARN, width=1.4)
        drawing.circle((8, 11.6), 0.9, WARN)
    else:
        _ring(drawing, 6.8, INK3, 1.2)
    return drawing


def info_icon() -> Drawing:
    """Give the sign of information."""
    drawing = Drawing(_SIDE, _SIDE)
    _ring(drawing, 7.0, ACCENT, 1.3)
    drawing.path("M8 7.3 L8 11.3", stroke=ACCENT, width=1.5)
    drawing.circle((8, 4.9), 0.95, ACCENT)
    return drawing


def _ring(drawing: Drawing, radius: float, colour: str, width: float) -> None:
    # Four cubic arcs: the usual factor makes them a circle within 0.03 %.
    k = 4 / 3 * (math.sqrt(2) - 1) * radius
    c, r = 8.0, radius
    data = (
        f"M{c - r:.3f} {c} C{c - r:.3f} {c - k:.3f} {c - k:.3f} {c - r:.3f} {c} {c - r:.3f}"
        f" C{c + k:.3f} {c - r:.3f} {c + r:.3f} {c - k:.3f} {c + r:.3f} {c}"
        f" C{c + r:.3f} {c + k:.3f} {c + k:.3f} {c + r:.3f} {c} {c + r:.3f}"
        f" C{c - k:.3f} {c + r:.3f} {c - r:.3f} {c + k:.3f} {c - r:.3f} {c} Z"
    )
    drawing.path(data, stroke=colour, width=width)
