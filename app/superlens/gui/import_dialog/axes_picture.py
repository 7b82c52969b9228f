"""Draws how the axes of a scene were understood: planes in depth, frames in time, channels."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from superlens.core.records import SceneInfo
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.tokens import Size
from superlens.gui.words import plural

_HEIGHT, _SIDE, _STEP = 152, 84, 6
_MOST_PLANES, _MOST_FRAMES = 4, 3


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the planes are drawn."""

    frames: int
    planes: int
    size: QSize
    left: float
    top: float
    gap: float


class AxesPicture(QWidget):
    """One picture per time point, one sheet per Z plane behind it, a dot per channel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._scene: SceneInfo | None = None
        self._picture: QPixmap | None = None

    def show_scene(self, scene: SceneInfo | None, picture: QPixmap | None) -> None:
        """Draw another scene, or nothing."""
        self._scene, self._picture = scene, picture
        self.setAccessibleName("" if scene is None else axes_sentence(scene))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.canvas))
        painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        if self._scene is None:
            return
        layout = self._layout_of(self._scene)
        for frame in range(layout.frames):
            self._paint_stack(painter, layout, frame)
        self._paint_labels(painter, layout, self._scene)

    def _layout_of(self, scene: SceneInfo) -> _Layout:
        frames = min(scene.size("T"), _MOST_FRAMES)
        planes = min(scene.size("Z"), _MOST_PLANES)
        width, height = scene.size("X"), scene.size("Y")
        most = _SIDE if frames == 1 else 62
        shrink = most / max(width, height)
        size = QSize(max(12, round(width * shrink)), max(12, round(height * shrink)))
        depth = (planes - 1) * _STEP
        gap = 14 + depth
        whole = frames * size.width() + (frames - 1) * gap + depth
        return _Layout(
            frames,
            planes,
            size,
            (self.width() - whole) / 2,
            (_HEIGHT - 26 - size.height() + depth) / 2,
            gap,
        )

    def _paint_stack(self, painter: QPainter, layout: _Layout, frame: int) -> None:
        colours = tokens()
        left = layout.left + frame * (layout.size.width() + layout.gap)
        for plane in reversed(range(layout.planes)):
            corner = QPointF(left + plane * _STEP, layout.top - plane * _STEP)
            sheet = QRectF(corner, layout.size.toSizeF())
            painter.fillRect(sheet, QColor(colours.canvas))
            if plane == 0 and self._picture is not None and not self._picture.isNull():
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                painter.drawPixmap(sheet, self._picture, QRectF(self._picture.rect()))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            edge = QColor(colours.on_canvas2)
            edge.setAlphaF(0.9 if plane == 0 else 0.5)
            painter.setPen(QPen(edge, 1))
            painter.drawRect(sheet.adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_labels(self, painter: QPainter, layout: _Layout, scene: SceneInfo) -> None:
        painter.setFont(font(Size.AXIS, 500))
        parts = [f"X {scene.size('X')}", f"Y {scene.size('Y')}"]
        parts += [f"{axis} {scene.size(axis)}" for axis in "ZTC" if scene.size(axis) > 1]
        painter.setPen(QColor(tokens().on_canvas2))
        painter.drawText(
            QRectF(0, _HEIGHT - 28, self.width(), 20),
            Qt.AlignmentFlag.AlignCenter,
            "   ".join(parts),
        )


def axes_sentence(scene: SceneInfo) -> str:
    """Say how the axes were understood: `11 Z planes, 2 channels, read as TCZYX`."""
    nouns = (("Z", "Z plane"), ("C", "channel"), ("T", "time point"))
    parts = [plural(scene.size(axis), noun) for axis, noun in nouns if scene.size(axis) > 1]
    return f"{', '.join(parts) or 'One plane'}, read as {scene.axes}"
