"""Where the interval comes from: one bar split into its sources, and their shares in words."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from superlens.gui.theme.current import tokens
from superlens.gui.widgets.labels import clear_layout, label, wrapped
from superlens.gui.widgets.legend import LegendEntry

_WORDS = {
    "cells": ("Between cells", "sr"),
    "fields": ("Between fields", "low"),
    "reconstruction": ("Reconstruction", "spread"),
}


class ShareBar(QWidget):
    """A bar of 8 px in parts with gaps of 2 px, and a row per part."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._bar = _Bar(self)
        column.addWidget(self._bar)
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 1)
        column.addLayout(self._grid)
        self._note = wrapped("", "caption")
        column.addWidget(self._note)

    def show_shares(self, shares: dict[str, float]) -> None:
        """Show the share of each source, 0 to 1; a source that is absent was not estimated."""
        clear_layout(self._grid)
        for row, (source, share) in enumerate(shares.items()):
            name, role = _WORDS[source]
            self._grid.addWidget(LegendEntry(name, role), row, 0)
            self._grid.addWidget(label(f"{share:.0%}".replace("%", " %"), "value"), row, 1)
        self._bar.show_shares(shares)
        absent = [_WORDS[name][0].lower() for name in _WORDS if name not in shares]
        self._note.setText(f"Not estimated: {', '.join(absent)}" if absent else "")
        self._note.setVisible(bool(absent))


class _Bar(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._shares: dict[str, float] = {}
        self.setFixedHeight(8)

    def show_shares(self, shares: dict[str, float]) -> None:
        self._shares = shares
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = self.width() - 2 * max(0, len(self._shares) - 1)
        left = 0.0
        for source, share in self._shares.items():
            width = room * share
            colour = QColor(getattr(tokens(), _WORDS[source][1]))
            painter.setPen(colour)
            painter.setBrush(colour)
            if width >= 1:
                painter.drawRoundedRect(QRectF(left, 0, width, 8), 2, 2)
            left += width + 2
