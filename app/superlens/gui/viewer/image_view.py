"""The canvas of one pane: an image in world coordinates, cross-hair, scale bar, colour bar."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from superlens.core.jobs import Roi
from superlens.gui.theme.colormaps import lut
from superlens.gui.theme.current import tokens
from superlens.gui.viewer.geometry import Placement, bar_length
from superlens.gui.viewer.levels import Detail, PlacedPlane
from superlens.gui.viewer.overlays import ColourBar, draw_colour_bar, draw_scale_bar

_CROSS_ALPHA = 69
_DETAIL_MARGIN = 0.25
_DETAIL_DELAY_MS = 120
_DETAIL_PIXELS = 4096 * 4096


class ImageView(pg.GraphicsView):
    """A dark canvas with one image.

    Signals:
        cursor_moved(QPointF): position of the mouse in the world.
        cursor_left(): the mouse left the canvas.
        fit_wanted(): a double click.
        detail_wanted(Roi): the part of a big plane that should be read; see `show_detail`.
    """

    cursor_moved = Signal(QPointF)
    cursor_left = Signal()
    fit_wanted = Signal()
    detail_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=tokens().canvas)
        self.box = pg.ViewBox(lockAspect=True, invertY=True, enableMenu=False)
        self.box.setDefaultPadding(0)
        self.box.disableAutoRange()
        self.setCentralItem(self.box)
        self.setMouseTracking(True)
        self.setAcceptDrops(False)  # files are dropped on the window
        self._item, self._detail_item = pg.ImageItem(), pg.ImageItem()
        for item in (self._item, self._detail_item):
            item.setAutoDownsample(False)
            item.setOpts(axisOrder="row-major")
            item.hide()
            self.box.addItem(item)
        self._lines = tuple(self._cross_line(angle) for angle in (90, 0))
        self._placed: PlacedPlane | None = None
        self._detail: Detail | None = None
        self._levels, self._lut_name = (0.0, 1.0), "Grey"
        self._factor = 0
        self.colour_bar: ColourBar | None = None
        self._settle = QTimer(self, singleShot=True, interval=_DETAIL_DELAY_MS)
        self._settle.timeout.connect(self._ask_for_detail)
        self.box.sigRangeChanged.connect(self._range_changed)

    @property
    def placed(self) -> PlacedPlane | None:
        """The plane now shown."""
        return self._placed

    @property
    def world_rect(self) -> QRectF | None:
        """The rectangle of the image in the world."""
        if self._placed is None:
            return None
        rows, columns = self._placed.plane.shape
        return _world_rect(self._placed.placement, Roi(0, 0, columns, rows))

    @property
    def world_per_px(self) -> float:
        """World units along one pixel of the screen."""
        return self.box.viewRect().width() / max(1.0, self.box.width())

    def show_plane(self, placed: PlacedPlane | None) -> None:
        """Show another plane; the visible part of the world stays as it is."""
        self._placed, self._detail, self._factor = placed, None, 0
        self._detail_item.hide()
        self._item.setVisible(placed is not None)
        self._update_level()
        self.viewport().update()

    def show_detail(self, detail: Detail) -> None:
        """Show a region of the plane at full resolution over its overview."""
        if self._placed is None:
            return
        self._detail = detail
        self._detail_item.setImage(detail.values, levels=self._levels, lut=lut(self._lut_name))
        self._detail_item.setRect(_world_rect(self._placed.placement, detail.roi))
        self._detail_item.show()

    def set_levels(self, low: float, high: float) -> None:
        """Set the contrast limits in intensity units."""
        self._levels = (low, high if high > low else low + 1e-6)
        for item in (self._item, self._detail_item):
            if item.image is not None:
                item.setLevels(self._levels)

    def set_lut(self, name: str) -> None:
        """Set the colour map."""
        self._lut_name = name
        for item in (self._item, self._detail_item):
            item.setLookupTable(lut(name))

    def set_cross(self, position: QPointF | None) -> None:
        """Show the cross-hair at a place of the world, or hide it."""
        for line, place in zip(
            self._lines, (0, 0) if position is None else (position.x(), position.y()), strict=True
        ):
            line.setVisible(position is not None)
            line.setPos(place)

    def value_at(self, position: QPointF) -> float | None:
        """Give the value of the pixel at a place of the world, where it is known."""
        if self._placed is None:
            return None
        lies = self._placed.placement
        row = int((position.y() - lies.top) // lies.pixel)
        column = int((position.x() - lies.left) // lies.pixel)
        value = self._placed.plane.value_at(row, column)
        if value is None and self._detail is not None:
            roi = self._detail.roi
            row, column = row - roi.y, column - roi.x
            if 0 <= row < roi.height and 0 <= column < roi.width:
                return float(self._detail.values[row, column])
        return value

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        if self._placed is None:
            return
        painter.save()
        painter.resetTransform()
        view = QRectF(self.viewport().rect())
        per_px = self.world_per_px
        if per_px > 0 and view.width() > 60:
            room = max(40.0, min(120.0, view.width() * 0.22))
            bar = bar_length(per_px, room, self._placed.placement.unit)
            draw_scale_bar(painter, view, bar, bar.world / per_px)
        if self.colour_bar is not None:
            draw_colour_bar(painter, view, self.colour_bar)
        painter.restore()

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        super().mouseMoveEvent(ev)
        self.cursor_moved.emit(self.box.mapSceneToView(self.mapToScene(ev.position().toPoint())))

    def leaveEvent(self, ev: object) -> None:
        super().leaveEvent(ev)
        self.cursor_left.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.fit_wanted.emit()

    def resizeEvent(self, ev: QResizeEvent) -> None:
        super().resizeEvent(ev)
        self.viewport().update()

    def _cross_line(self, angle: int) -> pg.InfiniteLine:
        colour = QColor(tokens().scale_bar)
        colour.setAlpha(_CROSS_ALPHA)
        line = pg.InfiniteLine(angle=angle, pen=QPen(colour, 1, Qt.PenStyle.SolidLine))
        line.pen.setCosmetic(True)
        line.hide()
        self.box.addItem(line, ignoreBounds=True)
        return line

    def _range_changed(self) -> None:
        self._update_level()
        self._settle.start()
        self.viewport().update()

    def _update_level(self) -> None:
        if self._placed is None:
            return
        per_px = self.world_per_px / self._placed.placement.pixel
        factor, values = self._placed.plane.level_for(per_px)
        if factor == self._factor:
            return
        self._factor = factor
        self._item.setImage(values, levels=self._levels, lut=lut(self._lut_name))
        covered = Roi(0, 0, values.shape[1] * factor, values.shape[0] * factor)
        self._item.setRect(_world_rect(self._placed.placement, covered))

    def _ask_for_detail(self) -> None:
        roi = self._visible_region()
        if roi is not None:
            self.detail_wanted.emit(roi)

    def _visible_region(self) -> Roi | None:
        if self._placed is None or self._placed.plane.is_whole:
            return None
        lies = self._placed.placement
        pixel = lies.pixel
        if self.world_per_px / pixel >= self._placed.plane.levels[0][0]:
            return None
        rows, columns = self._placed.plane.shape
        seen = self.box.viewRect().translated(-lies.left, -lies.top)
        seen.adjust(
            -_DETAIL_MARGIN * seen.width(),
            -_DETAIL_MARGIN * seen.height(),
            _DETAIL_MARGIN * seen.width(),
            _DETAIL_MARGIN * seen.height(),
        )
        left, top = max(0, int(seen.left() / pixel)), max(0, int(seen.top() / pixel))
        right = min(columns, int(np.ceil(seen.right() / pixel)))
        bottom = min(rows, int(np.ceil(seen.bottom() / pixel)))
        roi = Roi(left, top, right - left, bottom - top)
        if roi.width <= 0 or roi.height <= 0 or roi.width * roi.height > _DETAIL_PIXELS:
            return None
        already = self._detail is not None and _contains(self._detail.roi, roi)
        return None if already else roi


def _world_rect(lies: Placement, roi: Roi) -> QRectF:
    return QRectF(
        lies.left + roi.x * lies.pixel,
        lies.top + roi.y * lies.pixel,
        roi.width * lies.pixel,
        roi.height * lies.pixel,
    )


def _contains(outer: Roi, inner: Roi) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and outer.x + outer.width >= inner.x + inner.width
        and outer.y + outer.height >= inner.y + inner.height
    )
