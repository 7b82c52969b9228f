"""Text: labels by tone, labels that elide in the middle, thin rules."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QLayout, QSizePolicy, QStyleOption, QWidget


def label(text: str, tone: str = "body", parent: QWidget | None = None) -> QLabel:
    """Give a label of a tone of the style sheet: `title`, `strong`, `caption`, `value`, ..."""
    made = QLabel(text, parent)
    made.setProperty("tone", tone)
    made.setTextFormat(Qt.TextFormat.PlainText)
    return made


def wrapped(text: str, tone: str = "body", parent: QWidget | None = None) -> QLabel:
    """Give a label that breaks its text into lines."""
    made = label(text, tone, parent)
    made.setWordWrap(True)
    return made


def set_tone(widget: QWidget, tone: str) -> None:
    """Change the tone of a label that is already shown."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def rule(parent: QWidget | None = None, vertical: bool = False) -> QFrame:
    """Give a divider of one pixel."""
    line = QFrame(parent)
    line.setProperty("surface", "rule")
    if vertical:
        line.setFixedWidth(1)
    else:
        line.setFixedHeight(1)
    return line


def paint_surface(widget: QWidget, kind: str) -> None:
    """Give a plain widget the background of a kind, see `surface`."""
    widget.setProperty("surface", kind)
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)


def surface(kind: str, parent: QWidget | None = None) -> QFrame:
    """Give a frame with the background of a kind: `surface`, `window`, `card`, `canvas`, `well`."""
    frame = QFrame(parent)
    frame.setProperty("surface", kind)
    return frame


def clear_layout(layout: QLayout, kept: int = 0) -> None:
    """Take the widgets out of a layout and delete them, except the last ones.

    Args:
        layout: a box or a grid without inner layouts.
        kept: how many items at its end stay, such as a stretch.
    """
    while layout.count() > kept:
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.deleteLater()


class ElidedLabel(QLabel):
    """A label of one line that gives way: its middle is elided, the whole text is its tooltip."""

    def __init__(self, text: str = "", tone: str = "body", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setProperty("tone", tone)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.mode = Qt.TextElideMode.ElideMiddle

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOption()
        option.initFrom(self)
        painter = QPainter(self)
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), self.mode, room.width())
        self.setToolTip(self.text() if text != self.text() else "")
        self.style().drawItemText(
            painter,
            room,
            int(self.alignment()),
            option.palette,
            self.isEnabled(),
            text,
            self.foregroundRole(),
        )
