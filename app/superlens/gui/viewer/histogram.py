"""Contrast limits with the histograms of low-res and super-res behind their two handles."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QWidget

from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.tokens import Size
from superlens.gui.viewer.contrast import Limits
from superlens.gui.viewer.geometry import count_text
from superlens.gui.viewer.levels import PlaneLevels

_BINS, _TEXT_HEIGHT, _GRAB_PX = 96, 20, 10
_LEAST_SHARE = 1e-4
"""Least width as a share of the values: in less, float32 has no bins for a flat image."""


class ContrastHistogram(QWidget):
    """Two curves on a square-root scale and two handles for black and white.

    Signals:
        limits_wanted(Limits): the user moved a handle.
    """

    limits_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curves: dict[str, NDArray[np.float64]] = {}
        self._range = (0.0, 1.0)
        self._limits = Limits(0.0, 1.0)
        self._held: str | None = None
        self.setFixedHeight(112)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Contrast limits")
        self.setToolTip("Drag the handles to set black and white; arrow keys move white")

    def sizeHint(self) -> QSize:
        return QSize(240, 112)

    def show_planes(self, low: PlaneLevels | None, sr: PlaneLevels | None) -> None:
        """Draw the histograms of the planes now shown."""
        planes = {"low": low, "sr": sr}
        given = {name: p.sample for name, p in planes.items() if p is not None and len(p.sample)}
        if given:
            start = min(float(s[0]) for s in given.values())
            ends = [float(s[round(0.9995 * (len(s) - 1))]) for s in given.values()]
            least = max(1e-6, _LEAST_SHARE * abs(start))
            self._range = start, max(start + least, *ends)
        bins = _bins(given["low"], self._range) if "low" in given else _BINS
        self._curves = {name: _curve(s, self._range, bins) for name, s in given.items()}
        self.update()

    @property
    def span(self) -> tuple[float, float]:
        """The values at the left and the right end."""
        return self._range

    def show_limits(self, limits: Limits) -> None:
        """Put the handles without telling anybody."""
        self._limits = limits
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QRectF(0, 0, self.width(), self.height() - _TEXT_HEIGHT)
        colours = tokens()
        for name, colour in (("low", colours.low), ("sr", colours.sr)):
            if name in self._curves:
                _draw_curve(painter, ground, self._curves[name], QColor(colour))
        painter.setPen(QColor(colours.control))
        painter.drawLine(ground.bottomLeft(), ground.bottomRight())
        if self._curves:
            self._draw_handles(painter, ground)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        ends = {"low": self._x_of(self._limits.low), "high": self._x_of(self._limits.high)}
        nearest = min(ends, key=lambda name: abs(ends[name] - x))
        self._held = nearest if abs(ends[nearest] - x) <= _GRAB_PX else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            self._move(self._held, self._value_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = (self._range[1] - self._range[0]) / 50
        move = {Qt.Key.Key_Left: -step, Qt.Key.Key_Right: step}.get(Qt.Key(event.key()))
        if move is None:
            super().keyPressEvent(event)
        else:
            self._move("high", self._limits.high + move)

    def _move(self, end: str, value: float) -> None:
        gap = (self._range[1] - self._range[0]) / 500
        if end == "low":
            wanted = Limits(min(value, self._limits.high - gap), self._limits.high)
        else:
            wanted = Limits(self._limits.low, max(value, self._limits.low + gap))
        self.limits_wanted.emit(wanted)

    def _draw_handles(self, painter: QPainter, ground: QRectF) -> None:
        colours = tokens()
        painter.setFont(font(Size.CAPTION))
        places = {end: self._x_of(getattr(self._limits, end)) for end in ("low", "high")}
        for x in places.values():
            painter.setPen(QPen(QColor(colours.text), 1.2))
            painter.drawLine(QPointF(x, 0), QPointF(x, ground.bottom()))
            painter.setBrush(QColor(colours.text))
            foot = ground.bottom() + 1
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawPolygon(
                QPolygonF(
                    [QPointF(x, foot), QPointF(x - 4.5, foot + 7), QPointF(x + 4.5, foot + 7)]
                )
            )
        self._draw_values(painter, places, ground.bottom() + 4)

    def _draw_values(self, painter: QPainter, places: dict[str, float], top: float) -> None:
        painter.setPen(QColor(tokens().text2))
        metrics = painter.fontMetrics()
        low, high = count_text(self._limits.low), count_text(self._limits.high)
        width_high = metrics.horizontalAdvance(high)
        right = min(max(places["high"] - 9 - width_high, 0), self.width() - width_high)
        left = min(places["low"] + 9, self.width() - 9)
        if left + metrics.horizontalAdvance(low) + 8 > right:
            right = min(places["high"] + 9, self.width() - width_high)
            left = max(0.0, places["low"] - 9 - metrics.horizontalAdvance(low))
        baseline = top + metrics.ascent()
        painter.drawText(QPointF(left, baseline), low)
        painter.drawText(QPointF(right, baseline), high)

    def _x_of(self, value: float) -> float:
        start, end = self._range
        share = (value - start) / (end - start)
        return 5 + min(1.0, max(0.0, share)) * (self.width() - 10)

    def _value_at(self, x: float) -> float:
        start, end = self._range
        share = (x - 5) / max(1, self.width() - 10)
        return start + min(1.0, max(0.0, share)) * (end - start)


def _bins(sample: NDArray[np.float32], span: tuple[float, float]) -> int:
    """Give a number of bins that all hold as many whole numbers, where the values are whole."""
    width = span[1] - span[0]
    if width > 2 * _BINS or width < 8 or not np.array_equal(sample, np.round(sample)):
        return _BINS
    return max(8, int(width / np.ceil(width / _BINS)))


def _curve(
    sample: NDArray[np.float32], span: tuple[float, float], bins: int
) -> NDArray[np.float64]:
    counts, _ = np.histogram(sample, bins=bins, range=span)
    smooth = np.convolve(np.sqrt(counts), np.ones(3) / 3, mode="same")
    return smooth / max(1e-9, smooth.max())


def _draw_curve(
    painter: QPainter, ground: QRectF, curve: NDArray[np.float64], colour: QColor
) -> None:
    path = QPainterPath(ground.bottomLeft() + QPointF(5, 0))
    step = (ground.width() - 10) / (len(curve) - 1)
    for index, height in enumerate(curve):
        path.lineTo(5 + index * step, ground.bottom() - height * (ground.height() - 4))
    path.lineTo(ground.right() - 5, ground.bottom())
    fill = QColor(colour)
    fill.setAlphaF(0.3)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.fillPath(path, fill)
    painter.setPen(QPen(colour, 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
