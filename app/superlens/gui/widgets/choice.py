"""Combo box and check box painted from the tokens."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QComboBox, QSizePolicy, QWidget

from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.icons import draw_icon
from superlens.gui.theme.tokens import Size

_HEIGHT = 30


class Choice(QComboBox):
    """A combo box: rounded edge, caret at the right, text elided in the middle."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)

    def offer(self, names: Sequence[str], index: int = 0) -> None:
        """Offer names and choose one of them without telling anybody."""
        with QSignalBlocker(self):
            if [self.itemText(n) for n in range(self.count())] != list(names):
                self.clear()
                self.addItems(list(names))
            self.setCurrentIndex(index)

    def sizeHint(self) -> QSize:
        return QSize(max(96, super().sizeHint().width()), _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = 2.0 if self.hasFocus() else 1.0
        edge = colours.accent if self.hasFocus() else colours.control
        painter.setPen(QPen(QColor(edge if self.isEnabled() else colours.line), width))
        painter.setBrush(QColor(colours.surface))
        inset = width / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 6, 6)
        painter.setFont(font(Size.BODY))
        painter.setPen(QColor(colours.text if self.isEnabled() else colours.text3))
        room = self.rect().adjusted(13, 0, -28, 0)
        text = painter.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideMiddle, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
        caret = QRect(self.width() - 22, (self.height() - 12) // 2, 12, 12)
        draw_icon(painter, caret, "caret-down", QColor(colours.text2))


class CheckBox(QAbstractButton):
    """A check box of 18 px with its text at the right."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(text)

    def sizeHint(self) -> QSize:
        return QSize(18 + 8 + self.fontMetrics().horizontalAdvance(self.text()) + 4, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(1, (self.height() - 16) / 2, 16, 16)
        checked = self.isChecked()
        edge = colours.accent if self.hasFocus() else colours.fill if checked else colours.control
        painter.setPen(QPen(QColor(edge), 2 if self.hasFocus() else 1.2))
        painter.setBrush(QColor(colours.fill if checked else colours.surface))
        painter.drawRoundedRect(box, 4, 4)
        if checked:
            draw_icon(
                painter, box.toRect().adjusted(2, 2, -1, -1), "check", QColor(colours.on_fill)
            )
        painter.setPen(QColor(colours.text if self.isEnabled() else colours.text3))
        painter.drawText(
            self.rect().adjusted(26, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text()
        )
