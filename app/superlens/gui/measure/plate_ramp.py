"""The colour ramp of the plate map with the values of its ends."""

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from superlens.gui.measure.results import value_text
from superlens.gui.theme.colormaps import lut
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.tokens import Size

_RAMP = 92


class PlateRamp(QWidget):
    """Low value, viridis, high value."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._span = (0.0, 1.0)
        self.setFixedSize(190, 20)

    def show_span(self, span: tuple[float, float]) -> None:
        """Show the values of the ends."""
        self._span = span
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(190, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ramp = np.ascontiguousarray(lut("Viridis")[None])
        image = QImage(ramp.data, ramp.shape[1], 1, ramp.strides[0], QImage.Format.Format_RGB888)
        left = (self.width() - _RAMP) / 2
        painter.drawImage(QRectF(left, 6, _RAMP, 8), image)
        painter.setFont(font(Size.AXIS))
        painter.setPen(QColor(tokens().text2))
        side = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(
            QRectF(0, 0, left - 6, 20),
            side | Qt.AlignmentFlag.AlignRight,
            value_text(self._span[0]),
        )
        painter.drawText(
            QRectF(left + _RAMP + 6, 0, left, 20),
            side | Qt.AlignmentFlag.AlignLeft,
            value_text(self._span[1]),
        )
