"""A segmented control: two to five views that exclude each other."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.tokens import Size

_INSET = 14


class Segmented(QWidget):
    """A row of exclusive choices, 28 px high; arrow keys move inside it.

    Signals:
        chosen: index of the choice that the user made.
    """

    chosen = Signal(int)

    def __init__(self, names: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names, self._index = names, 0
        self.setFont(font(Size.CAPTION, 500))
        self.setFixedHeight(30)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(" / ".join(names))

    @property
    def index(self) -> int:
        """The choice now shown."""
        return self._index

    def choose(self, index: int) -> None:
        """Show a choice without telling anybody."""
        self._index = max(0, min(index, len(self._names) - 1))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(sum(self._widths()) + 4, 30)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focus = QPen(QColor(colours.accent), 2)
        painter.setPen(focus if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.window))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        left = 2
        for index, (name, width) in enumerate(zip(self._names, self._widths(), strict=True)):
            room = QRectF(left, 2, width, 26)
            on = index == self._index
            if on:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(colours.raised))
                painter.drawRoundedRect(room, 5, 5)
            painter.setPen(QColor(colours.text if on else colours.text2))
            painter.setFont(self.font())
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, name)
            left += width

    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = 2
        for index, width in enumerate(self._widths()):
            if left <= event.position().x() < left + width:
                self._choose_and_tell(index)
                return
            left += width

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._choose_and_tell((self._index + step) % len(self._names))

    def _choose_and_tell(self, index: int) -> None:
        if index != self._index:
            self.choose(index)
            self.chosen.emit(index)

    def _widths(self) -> list[int]:
        metrics = self.fontMetrics()
        return [metrics.horizontalAdvance(name) + 2 * _INSET for name in self._names]
