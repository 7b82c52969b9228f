"""Icons from the Phosphor font that comes with QtAwesome, coloured by tokens at paint time.

The font file is read directly: importing QtAwesome would cost start-up time and know nothing of
the theme.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QIcon,
    QIconEngine,
    QPainter,
    QPixmap,
)

from superlens.gui.theme.current import tokens

_GLYPHS = {
    "arrow-clockwise": 0xF020,
    "arrow-right": 0xF044,
    "arrow-square-out": 0xF058,
    "caret-down": 0xF0C2,
    "caret-right": 0xF0C4,
    "caret-up": 0xF0C5,
    "chart-line-up": 0xF0D5,
    "check": 0xF0E7,
    "check-circle": 0xF0E8,
    "circle": 0xF0EC,
    "clock": 0xF0F9,
    "copy": 0xF114,
    "corners-out": 0xF118,
    "cpu": 0xF119,
    "crosshair": 0xF11C,
    "dots-three": 0xF145,
    "download-simple": 0xF14C,
    "export": 0xF15A,
    "file-pdf": 0xF16C,
    "file-plus": 0xF16D,
    "file-text": 0xF170,
    "flask": 0xF180,
    "folder-open": 0xF18C,
    "funnel": 0xF196,
    "hand": 0xF1B8,
    "hash": 0xF1C5,
    "image": 0xF1DD,
    "info": 0xF1E0,
    "link-simple": 0xF1F6,
    "list": 0xF1FA,
    "lock": 0xF1FF,
    "lock-open": 0xF204,
    "magnifying-glass": 0xF20A,
    "play": 0xF27C,
    "plus": 0xF27F,
    "sliders-horizontal": 0xF2D0,
    "spinner": 0xF2EA,
    "stack": 0xF2F1,
    "stop": 0xF2F7,
    "table": 0xF304,
    "trash": 0xF334,
    "warning": 0xF35C,
    "x": 0xF36D,
    "x-circle": 0xF36E,
}


def icon(name: str, colour: str = "text2", on: str = "accent") -> QIcon:
    """Give an icon that follows the theme.

    Args:
        name: Phosphor name, such as `check-circle`.
        colour: token of its normal colour.
        on: token of its colour when the control is switched on.
    """
    return QIcon(_GlyphEngine(_GLYPHS[name], colour, on))


def draw_icon(painter: QPainter, rect: QRect, name: str, colour: QColor) -> None:
    """Draw an icon centred in a rectangle, as high as the rectangle."""
    font = QFont(_family())
    font.setPixelSize(max(1, rect.height()))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, chr(_GLYPHS[name]))
    painter.restore()


class _GlyphEngine(QIconEngine):
    def __init__(self, code: int, colour: str, on: str) -> None:
        super().__init__()
        self._code, self._colour, self._on = code, colour, on

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        name = self._on if state == QIcon.State.On else self._colour
        colour = QColor(getattr(tokens(), name))
        if mode == QIcon.Mode.Disabled:
            colour = QColor(tokens().text3)
            colour.setAlphaF(0.6)
        font = QFont(_family())
        font.setPixelSize(max(1, rect.height()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font)
        painter.setPen(colour)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, chr(self._code))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(
        self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float
    ) -> QPixmap:
        device_size = size * scale
        picture = QPixmap(device_size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, QRect(QPoint(0, 0), device_size), mode, state)
        painter.end()
        picture.setDevicePixelRatio(scale)
        return picture

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._code, self._colour, self._on)


@cache
def _family() -> str:
    number = QFontDatabase.addApplicationFont(str(_font_file()))
    families = QFontDatabase.applicationFontFamilies(number)
    return families[0] if families else ""


def _font_file() -> Path:
    spec = find_spec("qtawesome")
    if spec is None or spec.origin is None:
        return Path()
    return next((Path(spec.origin).parent / "fonts").glob("phosphor-*.ttf"), Path())
