"""The table of wells: value, interval as text and as a bar on one common axis."""

import math
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from superlens.core.assay import WellRole
from superlens.gui.measure.results import MeasuredRun, WellRow, value_text
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.icons import draw_icon
from superlens.gui.theme.tokens import Size

_Index = QModelIndex | QPersistentModelIndex
WELL, COMPOUND, DOSE, CELLS, VALUE, INTERVAL, BAR, NOTE = range(8)
_SORT = Qt.ItemDataRole.UserRole + 1
_ROW = Qt.ItemDataRole.UserRole + 2


class WellTable(QTableView):
    """Wells in rows of 30 px; a click on a head sorts.

    Signals:
        well_chosen(str): the user chose a row.
    """

    well_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = _WellModel(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._rows)
        self._sorted.setSortRole(_SORT)
        self.setModel(self._sorted)
        self.setItemDelegate(_WellDelegate(self))
        self.setShowGrid(False)
        self.setSortingEnabled(True)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(30)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setMinimumSectionSize(32)
        self.setAccessibleName("Wells")
        self.selectionModel().currentRowChanged.connect(self._tell)

    def show_run(self, run: MeasuredRun | None) -> None:
        """Show the wells of another measurement."""
        self._rows.show_run(run)
        self.sortByColumn(WELL, Qt.SortOrder.AscendingOrder)
        has_plate = run is not None and any(w.compound or w.dose is not None for w in run.wells)
        for column in (COMPOUND, DOSE):
            self.setColumnHidden(column, not has_plate)
        self._set_widths()

    def select_well(self, well: str) -> None:
        """Select a well without telling anybody."""
        row = self._rows.row_of(well)
        if row >= 0:
            self.selectionModel().blockSignals(True)
            self.selectRow(self._sorted.mapFromSource(self._rows.index(row, 0)).row())
            self.selectionModel().blockSignals(False)
            self.viewport().update()

    def _set_widths(self) -> None:
        head = self.horizontalHeader()
        widths = {WELL: 56, COMPOUND: 96, DOSE: 56, CELLS: 50, VALUE: 58, INTERVAL: 106, NOTE: 32}
        for column, width in widths.items():
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, width)
        head.setSectionResizeMode(BAR, QHeaderView.ResizeMode.Stretch)

    def _tell(self, current: QModelIndex, _: QModelIndex) -> None:
        row = current.data(_ROW)
        if isinstance(row, WellRow):
            self.well_chosen.emit(row.well)


class _WellModel(QAbstractTableModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._run: MeasuredRun | None = None
        self.axis = (0.0, 1.0)

    def show_run(self, run: MeasuredRun | None) -> None:
        self.beginResetModel()
        self._run = run
        self.axis = (0.0, _axis_end(run.wells) if run is not None else 1.0)
        self.endResetModel()

    def row_of(self, well: str) -> int:
        wells = self._run.wells if self._run else ()
        return next((n for n, row in enumerate(wells) if row.well == well), -1)

    def rowCount(self, parent: _Index | None = None) -> int:
        is_root = parent is None or not parent.isValid()
        return len(self._run.wells) if self._run is not None and is_root else 0

    def columnCount(self, parent: _Index | None = None) -> int:
        return 8

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in _RIGHT else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return self._head(section) if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self._run is None:
            return None
        row = self._run.wells[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _text(row, index.column())
            case Qt.ItemDataRole.ToolTipRole:
                return row.note or None
            case _ if role == _SORT:
                return _sort_key(row, index.column())
            case _ if role == _ROW:
                return row
        return None

    def _head(self, section: int) -> str:
        run = self._run
        if run is None:
            return ""
        value = run.assay.headline.title if len(run.assay.headline.title) < 9 else "Value"
        level = f"{run.request.level:.0%}".replace("%", " %")
        return {
            WELL: "Well",
            COMPOUND: "Compound",
            DOSE: run.dose_unit or "Dose",
            CELLS: "Cells",
            VALUE: f"{value}, {run.unit}" if run.unit else value,
            INTERVAL: f"{level} interval",
            BAR: f"0 to {self.axis[1]:g}",
            NOTE: "",
        }[section]


_RIGHT = (DOSE, CELLS, VALUE, BAR)


class _WellDelegate(QStyledItemDelegate):
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        colours = tokens()
        row = index.data(_ROW)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(colours.tint))
        column = index.column()
        if column == BAR:
            model = index.model()
            axis = model.sourceModel().axis  # type: ignore[attr-defined]  # our own proxy
            _paint_bar(painter, QRectF(option.rect).adjusted(12, 0, -12, 0), row, axis)
        elif column == NOTE:
            if row.note:
                place = option.rect.adjusted(8, 7, -12, -7)
                draw_icon(painter, place, "warning", QColor(colours.warn))
        else:
            _paint_text(painter, option, index)
        painter.restore()


def _paint_text(painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
    colours = tokens()
    column = index.column()
    is_main = column in (WELL, VALUE)
    row = index.data(_ROW)
    no_interval = column == INTERVAL and not row.has_interval
    ink = colours.text if is_main else colours.text3 if no_interval else colours.text2
    painter.setPen(QColor(ink))
    painter.setFont(font(Size.BODY, 600 if is_main else 400))
    side = Qt.AlignmentFlag.AlignRight if column in _RIGHT else Qt.AlignmentFlag.AlignLeft
    room = option.rect.adjusted(8, 0, -8, 0)
    text = painter.fontMetrics().elidedText(
        str(index.data() or ""), Qt.TextElideMode.ElideMiddle, room.width()
    )
    painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, text)


def _paint_bar(painter: QPainter, room: QRectF, row: WellRow, axis: tuple[float, float]) -> None:
    colours = tokens()
    middle = room.center().y()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(colours.line), 1))
    painter.drawLine(QPointF(room.left(), middle), QPointF(room.right(), middle))
    for share in (0.0, 0.5, 1.0):
        x = room.left() + share * room.width()
        painter.drawLine(QPointF(x, middle - 4), QPointF(x, middle + 4))

    def place(value: float) -> float:
        share = (value - axis[0]) / (axis[1] - axis[0])
        return room.left() + min(1.0, max(0.0, share)) * room.width()

    if not math.isfinite(row.value):
        return
    accent = QColor(colours.low if row.role is WellRole.NEGATIVE else colours.sr)
    painter.setPen(Qt.PenStyle.NoPen)
    if row.has_interval:
        band = QColor(accent)
        band.setAlphaF(0.43)
        painter.setBrush(band)
        left, right = place(row.lo), place(row.hi)
        painter.drawRoundedRect(QRectF(left, middle - 4.5, max(2.0, right - left), 9), 4, 4)
    painter.fillRect(QRectF(place(row.value) - 1.25, middle - 8, 2.5, 16), accent)


def _text(row: WellRow, column: int) -> str:
    interval = f"{value_text(row.lo)} – {value_text(row.hi)}" if row.has_interval else "no interval"
    role = {WellRole.NEGATIVE: "negative", WellRole.POSITIVE: "positive"}.get(row.role, "")
    compound = row.compound or role
    return {
        WELL: row.well or "all",
        COMPOUND: compound,
        DOSE: "" if row.dose is None else f"{row.dose:g}",
        CELLS: str(row.n_objects),
        VALUE: value_text(row.value),
        INTERVAL: interval,
        BAR: "",
        NOTE: "",
    }[column]


def _sort_key(row: WellRow, column: int) -> float | str:
    missing = -math.inf
    return {
        WELL: row.well,
        COMPOUND: f"{row.compound} {row.dose or 0:020.6f}",
        DOSE: row.dose if row.dose is not None else missing,
        CELLS: row.n_objects,
        VALUE: row.value if math.isfinite(row.value) else missing,
        INTERVAL: row.hi - row.lo if row.has_interval else missing,
        BAR: row.value if math.isfinite(row.value) else missing,
        NOTE: row.note,
    }[column]


def _axis_end(wells: tuple[WellRow, ...]) -> float:
    ends = [v for w in wells for v in (w.value, w.hi) if math.isfinite(v)]
    largest = max(ends, default=1.0)
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= largest)
