"""The message bar: what happened and what to do, over the stage and never in the way."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from superlens.core.errors import ErrorInfo
from superlens.gui.theme.current import tokens
from superlens.gui.theme.icons import draw_icon
from superlens.gui.widgets.buttons import button, tool
from superlens.gui.widgets.chip import ChipState
from superlens.gui.widgets.labels import ElidedLabel, label

_ICONS = {
    ChipState.OK: "check-circle",
    ChipState.WARN: "warning",
    ChipState.BAD: "x-circle",
    ChipState.INFO: "info",
    ChipState.PLAIN: "info",
}


@dataclass(frozen=True, slots=True)
class Message:
    """What the bar says."""

    state: ChipState
    title: str
    advice: str = ""
    details: str = ""
    action: str = ""
    """Words of the one action, or empty."""


def message_of(error: ErrorInfo, action: str = "") -> Message:
    """Give the message of a failure."""
    return Message(ChipState.BAD, error.title, error.advice, error.detail, action)


class MessageBar(QFrame):
    """A bar of 40 px with the tint of its state; it shows one message, the last one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(40)
        self.hide()
        self._message: Message | None = None
        self._do: Callable[[], None] | None = None
        self._title = label("", "strong")
        self._advice = ElidedLabel("", "body")
        self._advice.mode = Qt.TextElideMode.ElideRight
        self._action = button("", "small")
        self._copy = button("Copy details", "small")
        self._close = tool("x", "Close this message")
        row = QHBoxLayout(self)
        row.setContentsMargins(40, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(self._title)
        row.addWidget(self._advice, 1)
        for widget in (self._action, self._copy, self._close):
            row.addWidget(widget)
        self._close.clicked.connect(self.hide)
        self._copy.clicked.connect(self._copy_details)
        self._action.clicked.connect(self._act)

    @property
    def message(self) -> Message | None:
        """The message now or last shown."""
        return self._message

    def show_message(self, message: Message, do: Callable[[], None] | None = None) -> None:
        """Show a message; `do` is what its action does."""
        self._message, self._do = message, do
        self._title.setText(_fitting(message.title))
        self._title.setToolTip(message.title)
        self._advice.setText(message.advice)
        self._action.setText(message.action)
        self._action.setVisible(bool(message.action and do))
        self._copy.setVisible(bool(message.details))
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._message is None:
            return
        colours = tokens()
        ink, ground = {
            ChipState.OK: (colours.ok, colours.ok_tint),
            ChipState.WARN: (colours.warn, colours.warn_tint),
            ChipState.BAD: (colours.bad, colours.bad_tint),
        }.get(self._message.state, (colours.accent, colours.tint))
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(ground))
        draw_icon(painter, QRect(14, 12, 16, 16), _ICONS[self._message.state], QColor(ink))

    def _act(self) -> None:
        self.hide()
        if self._do is not None:
            self._do()

    def _copy_details(self) -> None:
        if self._message is not None:
            text = f"{self._message.title}. {self._message.advice}\n\n{self._message.details}"
            QGuiApplication.clipboard().setText(text)


def _fitting(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else f"{text[: limit // 2]}…{text[-limit // 2 :]}"
