"""What is drawn over the pixels of a pane: scale bar and colour bar, nothing else."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from superlens.gui.theme.colormaps import lut
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.tokens import Size
from superlens.gui.viewer.geometry import BarLength

_MARGIN, _PLATE_ALPHA = 8, 178


@dataclass(frozen=True, slots=True)
class ColourBar:
    """A colour map with the values of its ends."""

    lut_name: str
    low: str
    high: str


def draw_scale_bar(painter: QPainter, view: QRectF, bar: BarLength, length_px: float) -> None:
    """Draw the bar on its plate at the bottom right.

    Args:
        painter: in pixels of the view.
        view: the whole view.
        bar: what stands over it.
        length_px: its length on the screen.
    """
    painter.setFont(font(Size.CAPTION, 600))
    text_width = painter.fontMetrics().horizontalAdvance(bar.text)
    width = max(length_px, text_width) + 16
    plate = QRectF(view.right() - _MARGIN - width, view.bottom() - _MARGIN - 34, width, 34)
    _plate(painter, plate)
    painter.setPen(QColor(tokens().on_canvas))
    painter.drawText(plate.adjusted(0, 4, 0, -10), Qt.AlignmentFlag.AlignCenter, bar.text)
    line = QRectF(plate.center().x() - length_px / 2, plate.bottom() - 8, length_px, 3)
    painter.fillRect(line, QColor(tokens().scale_bar))


def draw_colour_bar(painter: QPainter, view: QRectF, bar: ColourBar) -> None:
    """Draw the colour map with the values of its ends at the bottom left."""
    width = min(120.0, view.width() * 0.42)
    plate = QRectF(view.left() + _MARGIN, view.bottom() - _MARGIN - 34, width + 16, 34)
    _plate(painter, plate)
    painter.setFont(font(Size.AXIS, 500))
    painter.setPen(QColor(tokens().on_canvas))
    words = plate.adjusted(8, 3, -8, -14)
    painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, bar.low)
    painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, bar.high)
    ramp = np.ascontiguousarray(lut(bar.lut_name)[None])
    image = QImage(ramp.data, ramp.shape[1], 1, ramp.strides[0], QImage.Format.Format_RGB888)
    painter.drawImage(QRectF(plate.left() + 8, plate.bottom() - 13, width, 7), image)
    edge = QColor(tokens().on_canvas2)
    painter.setPen(edge)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(QRectF(plate.left() + 8, plate.bottom() - 13, width, 7))


def _plate(painter: QPainter, plate: QRectF) -> None:
    ground = QColor(tokens().canvas)
    ground.setAlpha(_PLATE_ALPHA)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.drawRoundedRect(plate, 4, 4)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
