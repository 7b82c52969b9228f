"""What is written on a picture: its name, scale bar, colour bar and the frame of an enlarged part.

Drawn as SVG over the pixels in both outputs, so that it stays sharp; no pixels here.
"""

from superlens.report.blocks import ColourBar, Frame, Panel
from superlens.report.lettering import TextStyle, text_width
from superlens.report.palette import CANVAS, ON_CANVAS, ROLE_MARKER, ROLE_ON_CANVAS
from superlens.report.scales import ScaleBar
from superlens.report.svg import Drawing

_MARGIN = 6.0
_PLATE_OPACITY = 0.7
_TITLE = TextStyle(10, 600, ON_CANVAS)
_LABEL = TextStyle(9, 600, "#FFFFFF")
_BAR_THICKNESS = 3.0
_FRAME_COLOUR = "#FFD166"


def draw_overlay(panel: Panel, width: float, height: float) -> Drawing:
    """Give what stands over the pixels of a panel of some size in px."""
    drawing = Drawing(width, height)
    if panel.frame is not None:
        _draw_frame(drawing, panel.frame)
    if panel.title:
        _draw_title(drawing, panel)
    left = drawing.width - _MARGIN
    if panel.scale_bar is not None:
        left = _draw_scale_bar(drawing, panel.scale_bar)
    if panel.colour_bar is not None:
        _draw_colour_bar(drawing, panel.colour_bar, left - 4.0)
    return drawing


def _draw_frame(drawing: Drawing, frame: Frame) -> None:
    box = (
        frame.x * drawing.width,
        frame.y * drawing.height,
        frame.width * drawing.width,
        frame.height * drawing.height,
    )
    if frame.height == 0:
        x, y, width, _ = box
        drawing.line((x, y, x + width, y), CANVAS, 2.0)
        drawing.line((x, y, x + width, y), _FRAME_COLOUR, 1.0)
        return
    drawing.rect(box, edge=(CANVAS, 2.4))
    drawing.rect(box, edge=(_FRAME_COLOUR, 1.2))


def _draw_title(drawing: Drawing, panel: Panel) -> None:
    dot = 11.0 if panel.role is not None else 0.0
    width = text_width(panel.title, _TITLE) + dot + 14.0
    left = _title_left(panel, drawing.width, width)
    _plate(drawing, (left, _MARGIN, width, 20.0))
    if panel.role is not None:
        place = (left + 9.5, _MARGIN + 10)
        drawing.marker(ROLE_MARKER[panel.role], place, 3.0, ROLE_ON_CANVAS[panel.role])
    at = (left + 7.0 + dot, _MARGIN + 13.6)
    drawing.text(panel.title, at, _TITLE)


def _title_left(panel: Panel, width: float, title_width: float) -> float:
    """Give where the title begins: at the left, or at the right if a frame stands in its way."""
    frame = panel.frame
    reach = _MARGIN + title_width
    if frame is None or frame.height == 0 or frame.y * width > 30 or frame.x * width > reach:
        return _MARGIN
    return width - reach


def _draw_scale_bar(drawing: Drawing, bar: ScaleBar) -> float:
    """Draw the scale bar and give the x where its plate begins."""
    length = bar.fraction * drawing.width
    inner = max(length, text_width(bar.label, _LABEL))
    width = inner + 14.0
    x = drawing.width - _MARGIN - width
    y = drawing.height - _MARGIN - 24.0
    _plate(drawing, (x, y, width, 24.0))
    middle = x + width / 2
    drawing.text(bar.label, (middle, y + 11.5), _LABEL, "middle")
    drawing.rect((middle - length / 2, y + 16.0, length, _BAR_THICKNESS), "#FFFFFF")
    return x


def _draw_colour_bar(drawing: Drawing, bar: ColourBar, right: float) -> None:
    words = text_width(bar.low, _LABEL) + text_width(bar.high, _LABEL) + 10.0
    width = min(max(words, 70.0) + 14.0, right - _MARGIN)
    y = drawing.height - _MARGIN - 24.0
    _plate(drawing, (_MARGIN, y, width, 24.0))
    left, end = _MARGIN + 7.0, _MARGIN + width - 7.0
    drawing.text(bar.low, (left, y + 11.5), _LABEL)
    drawing.text(bar.high, (end, y + 11.5), _LABEL, "end")
    drawing.ramp((left, y + 16.0, end - left, _BAR_THICKNESS), bar.colours)


def _plate(drawing: Drawing, box: tuple[float, float, float, float]) -> None:
    drawing.rect(box, CANVAS, opacity=_PLATE_OPACITY, radius=4.0)
