"""The picture of a well with its outlines, on the canvas."""

from pathlib import Path

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QWidget

from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.tokens import Size


class WellPicture(QWidget):
    """Shows the overlay of a well where the run kept one, else a sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: QImage | None = None
        self._sentence = "Choose a well to see its outlines."
        self.setMinimumSize(220, 160)

    def show_overlay(self, path: Path | None, well: str) -> None:
        """Show the overlay of a well, or that none was kept."""
        picture = QImage(str(path)) if path is not None else QImage()
        self._picture = None if picture.isNull() else picture
        self._sentence = f"No picture was kept for well {well}." if well else self._sentence
        self.setAccessibleName(f"Outlines in well {well}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), 6, 6)
        painter.fillPath(shape, QColor(tokens().canvas))
        if self._picture is None:
            painter.setFont(font(Size.CAPTION))
            painter.setPen(QColor(tokens().on_canvas2))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._sentence)
            return
        inside = QRectF(self.rect()).adjusted(4, 4, -4, -4)
        painter.setClipRect(inside)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(inside, self._picture, _middle(self._picture, inside))


def _middle(picture: QImage, room: QRectF) -> QRectF:
    scale = min(picture.width() / room.width(), picture.height() / room.height())
    width, height = room.width() * scale, room.height() * scale
    return QRectF((picture.width() - width) / 2, (picture.height() - height) / 2, width, height)
