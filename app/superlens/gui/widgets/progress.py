"""A progress line."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from superlens.gui.theme.current import tokens


class ProgressLine(QWidget):
    """A bar of 4 px; of a job without a known length it shows nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._share = 0.0
        self._is_shown = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(80)

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return self._share

    def show_progress(self, done: int, total: int, is_running: bool) -> None:
        """Show how much of a running job is done."""
        self._share = min(1.0, done / total) if total > 0 else 0.0
        self._is_shown = is_running and total > 0
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(150, 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._is_shown:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        top = self.height() / 2 - 2
        painter.setBrush(QColor(tokens().hover))
        painter.drawRoundedRect(QRectF(0, top, self.width(), 4), 2, 2)
        painter.setBrush(QColor(tokens().accent))
        painter.drawRoundedRect(QRectF(0, top, self.width() * self._share, 4), 2, 2)
