"""One pane: a header with the role of the image over its canvas."""

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from superlens.gui.theme.current import tokens
from superlens.gui.viewer.image_view import ImageView
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.dot import Dot
from superlens.gui.widgets.labels import ElidedLabel, label


@dataclass(frozen=True, slots=True)
class PaneHead:
    """What the header of a pane says."""

    role: str
    """Token of the dot's colour: `canvas_low`, `canvas_sr`, `canvas_spread`."""
    name: str
    caption: str = ""
    lut_name: str = "Grey"


class ImagePane(QFrame):
    """A pane of the viewer: role dot, name, pixel size and colour map over the image."""

    def __init__(self, head: PaneHead, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "canvas")
        self.setMinimumWidth(200)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 4)
        column.setSpacing(0)
        self._dot = Dot(head.role, self)
        self._name = ElidedLabel("", "pane")
        self._name.mode = Qt.TextElideMode.ElideRight
        self._name.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._caption = ElidedLabel("", "pane-caption")
        self._caption.mode = Qt.TextElideMode.ElideRight
        self._lut = label("", "pane-caption")
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(self._dot)
        row.addWidget(self._name)
        row.addWidget(self._caption, 10)
        row.addStretch(1)
        row.addWidget(self._lut)
        bar = QWidget(self)
        bar.setFixedHeight(32)
        bar.setLayout(row)
        column.addWidget(bar)
        self.view = ImageView(self)
        self._empty = _EmptyNote(self)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._empty)
        column.addLayout(self._stack, 1)
        self.set_head(head)

    @property
    def action(self) -> QPushButton:
        """The button of the empty state."""
        return self._empty.button

    def set_head(self, head: PaneHead) -> None:
        """Change what the header says, and the accessible name with it."""
        self._dot.colour = head.role
        self._dot.update()
        self._name.setText(head.name)
        self._caption.setText(head.caption)
        self._caption.setVisible(bool(head.caption))
        self._lut.setVisible(bool(head.lut_name))
        self._lut.setText(head.lut_name)
        self.setAccessibleName(f"{head.name}, {head.caption}")
        self.setAccessibleDescription(f"Colour map {head.lut_name}" if head.lut_name else "")

    def show_empty(self, sentence: str, action: str = "", share: float | None = None) -> None:
        """Show a sentence, and maybe a button, instead of an image.

        Args:
            sentence: why there is no image.
            action: words of a button.
            share: how much of the work is done, 0 to 1, drawn as a line; None draws none.
        """
        self.view.show_plane(None)
        self._empty.say(sentence, action, share)
        self._stack.setCurrentWidget(self._empty)

    def show_image(self) -> None:
        """Show the canvas."""
        self._stack.setCurrentWidget(self.view)

    @property
    def is_empty(self) -> bool:
        """Whether a sentence stands where the image would be."""
        return self._stack.currentWidget() is self._empty

    @property
    def sentence(self) -> str:
        """The sentence of the empty state."""
        return self._empty.sentence.text()


class _EmptyNote(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(12)
        self.sentence = label("", "pane-caption")
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = button("")
        self._share = _ShareLine(self)
        column.addStretch(1)
        column.addWidget(self.sentence)
        column.addWidget(self._share, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    def say(self, sentence: str, action: str, share: float | None) -> None:
        self._share.show_share(share)
        self.sentence.setText(sentence)
        self.button.setText(action)
        self.button.setVisible(bool(action))


class _ShareLine(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._share = 0.0
        self.setFixedSize(160, 4)

    def show_share(self, share: float | None) -> None:
        self._share = share or 0.0
        self.setVisible(share is not None)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        track = QColor(tokens().on_canvas2)
        track.setAlphaF(0.25)
        painter.setBrush(track)
        painter.drawRoundedRect(QRectF(self.rect()), 2, 2)
        painter.setBrush(QColor(tokens().canvas_sr))
        painter.drawRoundedRect(QRectF(0, 0, self.width() * self._share, 4), 2, 2)
