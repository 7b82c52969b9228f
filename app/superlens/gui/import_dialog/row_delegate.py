"""Paints the rows of the import dialog and edits pixel size, well and role in their cells."""

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from superlens.core.records import ImageRole
from superlens.core.units import PixelSizeOrigin
from superlens.gui.import_dialog.import_model import (
    CAPTION,
    PICTURE,
    RIGHT_COLUMNS,
    ROW,
    SCENE,
)
from superlens.gui.import_dialog.row_words import Column
from superlens.gui.import_dialog.rows import FileRow, RowState
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.icons import draw_icon
from superlens.gui.theme.tokens import Size
from superlens.gui.widgets.choice import Choice
from superlens.gui.widgets.spinner import turn_degrees
from superlens.gui.words import ROLE_NAMES

ROW_HEIGHT, THUMB = 48, 36
_BOX, _INSET = 16, 8

ORIGIN_WORDS = {
    PixelSizeOrigin.VERIFIED: ("Verified", "ok"),
    PixelSizeOrigin.REPORTED: ("Reported", "accent"),
    PixelSizeOrigin.DEFAULT: ("Default", "warn"),
    PixelSizeOrigin.UNKNOWN: ("Unknown", "bad"),
}
"""The word of an origin, and the token of its colour."""
_TINTS = {"ok": "ok_tint", "accent": "tint", "warn": "warn_tint", "bad": "bad_tint"}

_Index = QModelIndex | QPersistentModelIndex


class RowDelegate(QStyledItemDelegate):
    """Rows of 48 px: check box, picture, name and caption, then numbers, pixel size, well, role."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(80, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row = index.data(ROW)
        if not isinstance(row, FileRow):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        flags = option.state
        if flags & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(tokens().tint))
        elif flags & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, QColor(tokens().hover))
        match index.column():
            case Column.NAME:
                _paint_name(painter, option.rect, index, row)
            case Column.PIXEL:
                is_chosen = bool(flags & QStyle.StateFlag.State_Selected)
                _paint_pixel_size(painter, option.rect, index, is_chosen)
            case _:
                _paint_fact(painter, option.rect, index, row)
        painter.restore()

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: _Index,
    ) -> bool:
        is_release = event.type() == QEvent.Type.MouseButtonRelease
        state = index.data(Qt.ItemDataRole.CheckStateRole)
        if not is_release or state is None or not isinstance(event, QMouseEvent):
            return False
        if not box_of(option.rect).adjusted(-6, -12, 6, 12).contains(event.position().toPoint()):
            return False
        is_checked = Qt.CheckState(state) == Qt.CheckState.Checked
        after = Qt.CheckState.Unchecked if is_checked else Qt.CheckState.Checked
        return model.setData(index, after, Qt.ItemDataRole.CheckStateRole)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        if index.column() == Column.ROLE:
            choice = Choice(parent)
            for role, name in ROLE_NAMES.items():
                choice.addItem(name, role)
            choice.activated.connect(self._commit)
            return choice
        field = QLineEdit(parent)
        is_pixel = index.column() == Column.PIXEL
        field.setPlaceholderText("nm" if is_pixel else "A01")
        field.setAccessibleName("Pixel size in nm" if is_pixel else "Well")
        return field

    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        row = index.data(ROW)
        if isinstance(editor, Choice) and isinstance(row, FileRow):
            editor.setCurrentIndex(editor.findData(row.role))
        elif isinstance(editor, QLineEdit):
            editor.setText(str(index.data()))
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: _Index) -> None:
        if isinstance(editor, Choice):
            model.setData(index, ImageRole(editor.currentData()))
        elif isinstance(editor, QLineEdit):
            model.setData(index, editor.text())

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        room = option.rect
        editor.setGeometry(room.left() + 2, room.center().y() - 14, room.width() - 4, 30)

    def _commit(self) -> None:
        editor = self.sender()
        if isinstance(editor, QWidget):
            self.commitData.emit(editor)
            self.closeEditor.emit(editor)


def box_of(cell: QRect) -> QRect:
    """Give the place of the check box in the first cell of a row."""
    return QRect(cell.left() + _INSET, cell.center().y() - _BOX // 2 + 1, _BOX, _BOX)


def _paint_name(painter: QPainter, cell: QRect, index: _Index, row: FileRow) -> None:
    is_scene = index.parent().isValid()
    left = cell.left() + _INSET + _BOX + 12
    state = index.data(Qt.ItemDataRole.CheckStateRole)
    _paint_box(painter, box_of(cell), state)
    thumb = QRect(left, cell.center().y() - THUMB // 2 + 1, THUMB, THUMB)
    _paint_thumb(painter, thumb, index, row)
    colours = tokens()
    is_ready = row.state is RowState.READY
    room = QRect(thumb.right() + 12, cell.top() + 6, cell.right() - thumb.right() - 20, 18)
    painter.setFont(font(Size.BODY, 500 if is_scene else 600))
    is_unwanted = is_ready and _is_unchecked(state)
    is_grey = row.state is RowState.KNOWN or is_unwanted
    painter.setPen(QColor(colours.text3 if is_grey else colours.text))
    _elided(painter, room, str(index.data()), Qt.TextElideMode.ElideMiddle)
    painter.setFont(font(Size.CAPTION))
    painter.setPen(QColor(colours.bad if row.state is RowState.BROKEN else colours.text3))
    words = str(index.data(CAPTION))
    _elided(painter, room.translated(0, 18), words, Qt.TextElideMode.ElideRight)


def _paint_box(painter: QPainter, box: QRect, state: int | Qt.CheckState | None) -> None:
    colours = tokens()
    if state is None:
        return
    is_filled = not _is_unchecked(state)
    painter.setPen(QPen(QColor(colours.fill if is_filled else colours.control), 1.2))
    painter.setBrush(QColor(colours.fill if is_filled else colours.surface))
    painter.drawRoundedRect(QRectF(box), 4, 4)
    if Qt.CheckState(state) == Qt.CheckState.PartiallyChecked:
        painter.setPen(QPen(QColor(colours.on_fill), 2))
        painter.drawLine(
            box.left() + 5, box.center().y() + 1, box.right() - 3, box.center().y() + 1
        )
    elif is_filled:
        draw_icon(painter, box.adjusted(2, 2, -1, -1), "check", QColor(colours.on_fill))


def _paint_thumb(painter: QPainter, place: QRect, index: _Index, row: FileRow) -> None:
    colours = tokens()
    if row.state is RowState.BROKEN:
        draw_icon(painter, place.adjusted(9, 9, -9, -9), "x-circle", QColor(colours.bad))
        return
    shape = QPainterPath()
    shape.addRoundedRect(QRectF(place), 4, 4)
    painter.fillPath(shape, QColor(colours.canvas))
    picture = index.data(PICTURE)
    if isinstance(picture, QPixmap) and not picture.isNull():
        painter.save()
        painter.setClipPath(shape)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        side = min(picture.width(), picture.height())
        left, top = (picture.width() - side) // 2, (picture.height() - side) // 2
        painter.drawPixmap(place, picture, QRect(left, top, side, side))
        painter.restore()
        return
    is_reading = row.state is RowState.READING
    painter.save()
    if is_reading:
        painter.translate(place.center())
        painter.rotate(turn_degrees())
        painter.translate(-place.center())
    name = "spinner" if is_reading else "copy" if row.state is RowState.KNOWN else "image"
    draw_icon(painter, place.adjusted(10, 10, -10, -10), name, QColor(colours.on_canvas2))
    painter.restore()


def _paint_pixel_size(painter: QPainter, cell: QRect, index: _Index, is_chosen: bool) -> None:
    colours = tokens()
    row: FileRow = index.data(ROW)
    if row.info is None:
        return
    sizes = row.info.scenes[index.data(SCENE)].pixel_sizes
    if sizes.lateral_um is None:
        _paint_missing(painter, cell, sizes.origin)
        return
    painter.setFont(font(Size.BODY, 500))
    painter.setPen(QColor(colours.text3 if _is_grey(index, row) else colours.text))
    painter.drawText(
        QRect(cell.left() + 8, cell.top(), 72, cell.height()),
        Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
        str(index.data()),
    )
    word, colour = ORIGIN_WORDS[sizes.origin]
    painter.setFont(font(Size.CAPTION, 500))
    width = painter.fontMetrics().horizontalAdvance(word) + 16
    chip = QRectF(cell.left() + 90, cell.center().y() - 10, width, 21)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours.raised if is_chosen else getattr(colours, _TINTS[colour])))
    painter.drawRoundedRect(chip, 10, 10)
    painter.setPen(QColor(getattr(colours, colour)))
    painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, word)


def _paint_missing(painter: QPainter, cell: QRect, origin: PixelSizeOrigin) -> None:
    """Paint a red field: there is no pixel size that could be believed."""
    colours = tokens()
    field = QRectF(cell.left() + 8, cell.center().y() - 13, cell.width() - 20, 27)
    painter.setPen(QPen(QColor(colours.bad), 1))
    painter.setBrush(QColor(colours.bad_tint))
    painter.drawRoundedRect(field, 6, 6)
    painter.setFont(font(Size.CAPTION, 500))
    painter.setPen(QColor(colours.bad))
    is_default = origin is PixelSizeOrigin.DEFAULT
    painter.drawText(
        field.adjusted(10, 0, -6, 0),
        Qt.AlignmentFlag.AlignVCenter,
        "Not trusted, enter nm" if is_default else "Missing, enter nm",
    )


def _paint_fact(painter: QPainter, cell: QRect, index: _Index, row: FileRow) -> None:
    colours = tokens()
    side = Qt.AlignmentFlag.AlignRight if index.column() in RIGHT_COLUMNS else None
    painter.setFont(font(Size.BODY))
    is_grey = _is_grey(index, row)
    is_main = index.column() == Column.WELL
    painter.setPen(QColor(colours.text3 if is_grey else colours.text if is_main else colours.text2))
    text = str(index.data() or "")
    if index.column() in (Column.Z, Column.T) and text == "1":
        text = "–"
        painter.setPen(QColor(colours.text3))
    room = cell.adjusted(8, 0, -8, 0)
    painter.drawText(
        room, Qt.AlignmentFlag.AlignVCenter | (side or Qt.AlignmentFlag.AlignLeft), text
    )


def _is_unchecked(state: int | Qt.CheckState | None) -> bool:
    return state is not None and Qt.CheckState(state) == Qt.CheckState.Unchecked


def _is_grey(index: _Index, row: FileRow) -> bool:
    """Say whether a file, or a scene, will not be imported."""
    is_left_out = index.parent().isValid() and index.data(SCENE) not in row.wanted_scenes
    return not row.is_wanted or is_left_out


def _elided(painter: QPainter, room: QRect, text: str, mode: Qt.TextElideMode) -> None:
    short = painter.fontMetrics().elidedText(text, mode, room.width())
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, short)
