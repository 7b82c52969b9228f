"""A dot of one token's colour: the role of a pane, the state of the engine."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from superlens.gui.theme.current import tokens

_SIDE = 8


class Dot(QWidget):
    """A round dot; `colour` is the name of a token, and may be changed before an update."""

    def __init__(self, colour: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.colour = colour
        self.setFixedSize(_SIDE, _SIDE)

    def sizeHint(self) -> QSize:
        return QSize(_SIDE, _SIDE)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(tokens(), self.colour)))
        painter.drawEllipse(QRectF(0, 0, _SIDE, _SIDE))
