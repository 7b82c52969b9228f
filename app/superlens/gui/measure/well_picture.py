"""The picture of a well with its outlines, on the canvas."""

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QWidget

from superlens.gui.measure.well_image import WellImage
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.tokens import Size


class WellPicture(QWidget):
    """Shows the first field of a well with the outlines of its nuclei, or a sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: QImage | None = None
        self._sentence = "Choose a well to see its outlines."
        self.setMinimumSize(220, 160)

    def show_well(self, well: str) -> None:
        """Say that the picture of a well is being read."""
        self._picture, self._sentence = None, "Reading…"
        self.setAccessibleName(f"Outlines in well {well}")
        self.update()

    def show_image(self, image: WellImage | None, problem: str = "") -> None:
        """Show the picture that was read, or why there is none."""
        self._picture = None if image is None else _painted(image)
        self._sentence = problem or "This run holds no picture of the well."
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
            painter.drawText(
                self.rect().adjusted(16, 16, -16, -16),
                int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap),
                self._sentence,
            )
            return
        inside = QRectF(self.rect()).adjusted(4, 4, -4, -4)
        painter.setClipRect(inside)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(inside, self._picture, _middle(self._picture, inside))


def _painted(image: WellImage) -> QImage:
    ink = QColor(tokens().drawn)
    picture = np.repeat(image.grey[..., None], 3, axis=2)
    picture[image.outline] = ink.red(), ink.green(), ink.blue()
    height, width, _ = picture.shape
    shown = np.ascontiguousarray(picture)
    return QImage(shown.data, width, height, width * 3, QImage.Format.Format_RGB888).copy()


def _middle(picture: QImage, room: QRectF) -> QRectF:
    scale = min(picture.width() / room.width(), picture.height() / room.height())
    width, height = room.width() * scale, room.height() * scale
    return QRectF((picture.width() - width) / 2, (picture.height() - height) / 2, width, height)
