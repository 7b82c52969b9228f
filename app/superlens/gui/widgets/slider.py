"""A slider with its name at the left and `3 / 16` at the right."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from superlens.gui.theme.current import tokens
from superlens.gui.widgets.labels import label


class Slider(QWidget):
    """Whole numbers from a first to a last; shown counting from 1.

    Signals:
        moved(): the user chose another value.
    """

    moved = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(label(title, "label"))
        self._track = _Track(self)
        self._track.setAccessibleName(title)
        row.addWidget(self._track)
        self._text = label("", "value")
        self._text.setMinimumWidth(48)
        row.addWidget(self._text)
        self._track.moved.connect(self._tell)
        self.set_range(0, 0)

    @property
    def value(self) -> int:
        """The chosen value."""
        return self._track.value

    def set_range(self, first: int, last: int) -> None:
        """Set the ends; the value stays inside them."""
        self._track.first, self._track.last = first, max(first, last)
        self.set_value(self._track.value)

    def set_value(self, value: int) -> None:
        """Set the value, kept inside the ends, without telling anybody."""
        self._track.value = min(max(value, self._track.first), self._track.last)
        self._show()

    def _tell(self) -> None:
        self._show()
        self.moved.emit()

    def _show(self) -> None:
        count = self._track.last - self._track.first + 1
        self._text.setText(f"{self._track.value - self._track.first + 1} / {count}")
        self._track.update()


class _Track(QWidget):
    moved = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.first, self.last, self.value = 0, 0, 0
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedSize(140, 28)

    def sizeHint(self) -> QSize:
        return QSize(140, 28)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.hover))
        painter.drawRoundedRect(QRectF(8, 12, self.width() - 16, 4), 2, 2)
        place = self._x()
        painter.setBrush(QColor(colours.accent))
        painter.drawRoundedRect(QRectF(8, 12, place - 8, 4), 2, 2)
        edge = colours.accent if self.hasFocus() else colours.control
        painter.setPen(QPen(QColor(edge), 2 if self.hasFocus() else 1))
        painter.setBrush(QColor(colours.on_fill))
        painter.drawEllipse(QRectF(place - 7, 7, 14, 14))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go_to(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go_to(event.position().x())

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._choose(self.value + (1 if event.angleDelta().y() > 0 else -1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Down: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: 1,
        }.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._choose(self.value + step)

    def _x(self) -> float:
        span = max(1, self.last - self.first)
        return 8 + (self.value - self.first) / span * (self.width() - 16)

    def _go_to(self, x: float) -> None:
        share = min(1.0, max(0.0, (x - 8) / (self.width() - 16)))
        self._choose(self.first + round(share * (self.last - self.first)))

    def _choose(self, value: int) -> None:
        value = min(max(value, self.first), self.last)
        if value != self.value:
            self.value = value
            self.moved.emit()
