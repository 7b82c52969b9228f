"""A row of tabs with a 2 px accent line under the current one."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.tokens import Size

_INSET, _GAP = 10, 4


class TabRow(QWidget):
    """Tabs for different content; arrow keys move inside it.

    Signals:
        chosen(int): the user chose another tab.
    """

    chosen = Signal(int)

    def __init__(
        self, names: tuple[str, ...], parent: QWidget | None = None, *, height: int = 34
    ) -> None:
        super().__init__(parent)
        self._names, self._counts, self._index = names, [0] * len(names), 0
        self.setFixedHeight(height)
        self.setFont(font(Size.BODY, 600))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(" / ".join(names))

    @property
    def index(self) -> int:
        """The current tab."""
        return self._index

    def choose(self, index: int) -> None:
        """Make a tab the current one and say so."""
        if index != self._index:
            self._index = index
            self.update()
            self.chosen.emit(index)

    def set_count(self, index: int, count: int) -> None:
        """Show a number after the name of a tab; 0 shows none."""
        self._counts[index] = count
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(6 + sum(self._widths()) + _GAP * (len(self._names) - 1), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = tokens()
        painter = QPainter(self)
        left = 6
        for index, width in enumerate(self._widths()):
            room = QRectF(left, 0, width, self.height())
            on = index == self._index
            painter.setFont(font(Size.BODY, 600 if on else 500))
            painter.setPen(QColor(colours.text if on else colours.text2))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, self._text(index))
            if on:
                line = QRectF(room.left() + 4, self.height() - 2, width - 8, 2)
                painter.fillRect(line, QColor(colours.accent))
            left += width + _GAP
        if self.hasFocus():
            painter.setPen(QColor(colours.accent))
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = 6
        for index, width in enumerate(self._widths()):
            if left <= event.position().x() < left + width:
                self.choose(index)
                return
            left += width + _GAP

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.choose((self._index + step) % len(self._names))

    def _text(self, index: int) -> str:
        count = self._counts[index]
        return f"{self._names[index]}  {count}" if count else self._names[index]

    def _widths(self) -> list[int]:
        metrics = self.fontMetrics()
        return [
            metrics.horizontalAdvance(self._text(index)) + 2 * _INSET
            for index in range(len(self._names))
        ]
