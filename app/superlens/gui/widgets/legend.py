"""A dot of a role colour with its name."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.tokens import Size


class LegendEntry(QWidget):
    """A round mark and a name, for the head of a plot."""

    def __init__(self, text: str, role: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text, self._role = text, role
        self.setFont(font(Size.CAPTION))
        self.setAccessibleName(text)

    def sizeHint(self) -> QSize:
        return QSize(15 + self.fontMetrics().horizontalAdvance(self._text) + 2, 18)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(tokens(), self._role)))
        painter.drawEllipse(QRectF(0, self.height() / 2 - 4, 8, 8))
        painter.setPen(QColor(tokens().text2))
        painter.setFont(self.font())
        painter.drawText(
            self.rect().adjusted(15, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._text
        )
