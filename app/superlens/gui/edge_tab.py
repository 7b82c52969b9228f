"""A folded panel: a narrow button with its name turned."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.tokens import Size

_WIDTH = 28


class EdgeTab(QAbstractButton):
    """Opens the panel that it stands for."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setFixedWidth(_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip(f"Open the {text.lower()}")
        self.setAccessibleName(f"Open the {text.lower()}")
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH, 200)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = tokens()
        painter = QPainter(self)
        painter.fillRect(
            self.rect(), QColor(colours.hover if self.underMouse() else colours.surface)
        )
        painter.fillRect(QRectF(0, 0, 1, self.height()), QColor(colours.line))
        painter.setFont(font(Size.CAPTION, 500))
        painter.setPen(QColor(colours.accent if self.hasFocus() else colours.text2))
        painter.translate(_WIDTH / 2, 16)
        painter.rotate(90)
        painter.drawText(
            QRectF(0, -_WIDTH / 2, 200, _WIDTH), Qt.AlignmentFlag.AlignVCenter, self.text()
        )
