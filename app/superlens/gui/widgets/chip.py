"""Chips: an icon and a few words; a click explains them."""

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QToolTip, QWidget

from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.icons import draw_icon
from superlens.gui.theme.tokens import Size
from superlens.gui.widgets.labels import clear_layout

_HEIGHT, _INSET, _ICON, _GAP = 24, 10, 14, 6


class ChipState(StrEnum):
    """What a chip says by its colour, always together with an icon and words."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    INFO = "info"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class ChipText:
    """What a chip shows."""

    state: ChipState
    text: str
    explanation: str
    icon: str
    at_right: bool = False


class Chip(QAbstractButton):
    """One chip of 24 px height."""

    def __init__(self, content: ChipText, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = content
        self.setText(content.text)
        self.setToolTip(content.explanation)
        self.setAccessibleName(f"{content.text}. {content.explanation}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFont(font(Size.CAPTION, 500))
        self.setFixedHeight(_HEIGHT)
        self.clicked.connect(self._explain)

    def sizeHint(self) -> QSize:
        text = self.fontMetrics().horizontalAdvance(self.text())
        return QSize(_INSET + _ICON + _GAP + text + _INSET + 2, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        ink, ground = _colours(self._content.state)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens().accent), 2) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 11, 11)
        place = QRect(_INSET, (_HEIGHT - _ICON) // 2, _ICON, _ICON)
        draw_icon(painter, place, self._content.icon, ink)
        painter.setFont(self.font())
        painter.setPen(ink)
        left = _INSET + _ICON + _GAP
        painter.drawText(
            self.rect().adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text()
        )

    def _explain(self) -> None:
        where = self.mapToGlobal(QPoint(0, self.height() + 4))
        QToolTip.showText(where, self._content.explanation, self)


class ChipStrip(QWidget):
    """Chips in a row: judgements at the left, plain facts at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(40)
        # Many chips are cut off at the right before they push the images together.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)

    def show_chips(self, contents: tuple[ChipText, ...]) -> None:
        """Replace all chips."""
        clear_layout(self._row)
        for content in (c for c in contents if not c.at_right):
            self._row.addWidget(Chip(content, self))
        self._row.addStretch(1)
        for content in (c for c in contents if c.at_right):
            self._row.addWidget(Chip(content, self))


def _colours(state: ChipState) -> tuple[QColor, QColor]:
    colours = tokens()
    match state:
        case ChipState.OK:
            pair = colours.ok, colours.ok_tint
        case ChipState.WARN:
            pair = colours.warn, colours.warn_tint
        case ChipState.BAD:
            pair = colours.bad, colours.bad_tint
        case ChipState.INFO:
            pair = colours.accent, colours.tint
        case ChipState.PLAIN:
            pair = colours.text2, colours.hover
    return QColor(pair[0]), QColor(pair[1])
