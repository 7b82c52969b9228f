"""The plate map: a coloured cell with its value per well, letters for controls."""

import math
import string

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from superlens.core.assay import WellRole
from superlens.gui.measure.results import MeasuredRun, WellRow, value_text
from superlens.gui.theme.colormaps import lut
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.icons import draw_icon
from superlens.gui.theme.tokens import Size, readable_on

_GAP, _HEAD, _SIDE = 4, 22, 22
_ROOM_FOR_MARKS = 44
"""Width of a cell that holds its value and a letter or a mark; below it the tooltip says them."""

_PLATES = ((8, 12), (16, 24), (32, 48))


class PlateView(QWidget):
    """Wells where they lie on the plate.

    Signals:
        well_chosen(str): the user chose a well.
    """

    well_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wells: dict[tuple[int, int], WellRow] = {}
        self._shape, self._span, self._selected = _PLATES[0], (0.0, 1.0), ""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(160)
        self.setAccessibleName("Plate map")

    @property
    def span(self) -> tuple[float, float]:
        """Values at the ends of the colour ramp."""
        return self._span

    def show_run(self, run: MeasuredRun | None) -> None:
        """Show the wells of another measurement."""
        wells = run.wells if run is not None else ()
        placed = ((_place(w.well), w) for w in wells)
        self._wells = {place: w for place, w in placed if place is not None}
        values = [w.value for w in self._wells.values() if math.isfinite(w.value)]
        self._span = (min(values), max(values)) if values else (0.0, 1.0)
        self._shape = _plate_shape(self._wells)
        self.update()

    def select_well(self, well: str) -> None:
        """Mark a well without telling anybody."""
        self._selected = well
        self.update()

    @property
    def has_plate(self) -> bool:
        """Whether any well has a place on a plate."""
        return bool(self._wells)

    def sizeHint(self) -> QSize:
        return QSize(640, 330)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rows, columns = self._shape
        painter.setFont(font(Size.AXIS))
        painter.setPen(QColor(tokens().text3))
        for column in range(columns):
            room = QRectF(self._cell(0, column))
            room.moveTop(0)
            room.setHeight(_HEAD - 4)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, str(column + 1))
        for row in range(rows):
            room = self._cell(row, 0)
            room.moveLeft(0)
            room.setWidth(_SIDE - 8)
            painter.setFont(font(Size.AXIS))
            painter.setPen(QColor(tokens().text3))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, _row_letters(row))
            for column in range(columns):
                self._paint_well(painter, self._cell(row, column), self._wells.get((row, column)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        well = self._at(event.position())
        if well is not None:
            self._choose(well)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        well = self._at(event.position())
        if well is not None:
            QToolTip.showText(event.globalPosition().toPoint(), _tooltip(well), self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }.get(Qt.Key(event.key()))
        here = _place(self._selected)
        if step is None or here is None:
            super().keyPressEvent(event)
            return
        well = self._wells.get((here[0] + step[0], here[1] + step[1]))
        if well is not None:
            self._choose(well)

    def _choose(self, well: WellRow) -> None:
        self.select_well(well.well)
        self.well_chosen.emit(well.well)

    def _cell(self, row: int, column: int) -> QRectF:
        rows, columns = self._shape
        width = (self.width() - _SIDE + _GAP) / columns
        height = (self.height() - _HEAD + _GAP) / rows
        return QRectF(_SIDE + column * width, _HEAD + row * height, width - _GAP, height - _GAP)

    def _at(self, point: QPointF) -> WellRow | None:
        return next(
            (well for place, well in self._wells.items() if self._cell(*place).contains(point)),
            None,
        )

    def _paint_well(self, painter: QPainter, cell: QRectF, well: WellRow | None) -> None:
        colours = tokens()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if well is None or not math.isfinite(well.value):
            painter.setPen(QPen(QColor(colours.line), 1))
            painter.drawRoundedRect(cell.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
            return
        ground = _ramp_colour(well.value, self._span)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(cell, 4, 4)
        if well.well == self._selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRoundedRect(cell.adjusted(-2, -2, 2, 2), 5, 5)
        if cell.width() > 30:
            _paint_value(painter, cell, well, readable_on(ground))


def _paint_value(painter: QPainter, cell: QRectF, well: WellRow, ink: str) -> None:
    painter.setPen(QColor(ink))
    has_room = cell.width() >= _ROOM_FOR_MARKS
    letter = {WellRole.NEGATIVE: "N", WellRole.POSITIVE: "P"}.get(well.role, "") if has_room else ""
    painter.setFont(font(Size.AXIS, 500))
    room = cell.adjusted(10, 0, 0, 0) if letter else cell
    painter.drawText(room, Qt.AlignmentFlag.AlignCenter, value_text(well.value))
    if letter:
        painter.setFont(font(9, 600))
        painter.drawText(
            cell.adjusted(4, 0, 0, 0),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            letter,
        )
    if well.note and has_room:
        mark = QRectF(cell.right() - 12, cell.top() + 2, 10, 10).toRect()
        draw_icon(painter, mark, "warning", QColor(ink))


def _ramp_colour(value: float, span: tuple[float, float]) -> str:
    share = (value - span[0]) / (span[1] - span[0]) if span[1] > span[0] else 0.5
    red, green, blue = lut("Viridis")[int(np.clip(share, 0, 1) * 255)]
    return f"#{red:02X}{green:02X}{blue:02X}"


def _place(well: str) -> tuple[int, int] | None:
    letters = well.rstrip(string.digits)
    digits = well[len(letters) :]
    if not letters or not letters.isalpha() or not digits or len(letters) > 2:
        return None
    row = 0
    for letter in letters.upper():
        row = row * 26 + ord(letter) - ord("A") + 1
    return row - 1, int(digits) - 1


def _row_letters(row: int) -> str:
    return chr(ord("A") + row) if row < 26 else "A" + chr(ord("A") + row - 26)


def _plate_shape(wells: dict[tuple[int, int], WellRow]) -> tuple[int, int]:
    if not wells:
        return _PLATES[0]
    rows, columns = max(r for r, _ in wells) + 1, max(c for _, c in wells) + 1
    return next((p for p in _PLATES if rows <= p[0] and columns <= p[1]), (rows, columns))


def _tooltip(well: WellRow) -> str:
    interval = f" [{value_text(well.lo)} – {value_text(well.hi)}]" if well.has_interval else ""
    lines = [f"{well.well}  {value_text(well.value)}{interval}", f"{well.n_objects} cells"]
    if well.compound:
        dose = "" if well.dose is None else f" {well.dose:g}"
        lines.append(f"{well.compound}{dose}")
    return "\n".join([*lines, well.note] if well.note else lines)
