"""Paints a row of the project panel: thumbnail, name, caption, state."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from superlens.gui.project.image_model import ImageState, RowRole
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.icons import draw_icon
from superlens.gui.theme.tokens import Size
from superlens.gui.widgets.spinner import turn_degrees

ROW_HEIGHT, THUMB = 48, 36

_ICONS = {
    ImageState.NOT_DONE: ("circle", "text3"),
    ImageState.RUNNING: ("spinner", "accent"),
    ImageState.READING: ("spinner", "accent"),
    ImageState.RESTORED: ("check-circle", "ok"),
    ImageState.WARNING: ("warning", "warn"),
    ImageState.REFUSED: ("x-circle", "bad"),
}


class ImageDelegate(QStyledItemDelegate):
    """Rows of 48 px with a thumbnail of 36 px."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(200, ROW_HEIGHT)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        row = option.rect.adjusted(8, 1, -8, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, option, row)
        thumb = QRect(row.left() + 7, row.top() + (row.height() - THUMB) // 2, THUMB, THUMB)
        _paint_thumb(painter, thumb, index.data(RowRole.PICTURE))
        state = ImageState(index.data(RowRole.STATE))
        _paint_state(painter, QRect(row.right() - 24, row.center().y() - 7, 16, 16), state)
        text = QRect(thumb.right() + 10, row.top() + 5, row.right() - 32 - thumb.right() - 10, 18)
        _paint_words(painter, text, index, state)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, row: QRect) -> None:
        flags = option.state
        ground = None
        if flags & QStyle.StateFlag.State_Selected:
            ground = tokens().tint
        elif flags & QStyle.StateFlag.State_MouseOver:
            ground = tokens().hover
        if ground is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(ground))
            painter.drawRoundedRect(QRectF(row), 8, 8)
        if (
            flags & QStyle.StateFlag.State_HasFocus
            and flags & QStyle.StateFlag.State_KeyboardFocusChange
        ):
            painter.setPen(QColor(tokens().accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(row).adjusted(1, 1, -1, -1), 8, 8)


def _paint_words(
    painter: QPainter,
    room: QRect,
    index: QModelIndex | QPersistentModelIndex,
    state: ImageState,
) -> None:
    colours = tokens()
    painter.setFont(font(Size.BODY, 600))
    painter.setPen(QColor(colours.text))
    name = painter.fontMetrics().elidedText(
        str(index.data()), Qt.TextElideMode.ElideMiddle, room.width()
    )
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, name)
    painter.setFont(font(Size.CAPTION))
    is_refused = state is ImageState.REFUSED
    painter.setPen(QColor(colours.bad if is_refused else colours.text3))
    caption = painter.fontMetrics().elidedText(
        str(index.data(RowRole.CAPTION)), Qt.TextElideMode.ElideRight, room.width()
    )
    painter.drawText(room.translated(0, 18), Qt.AlignmentFlag.AlignVCenter, caption)


def _paint_thumb(painter: QPainter, place: QRect, picture: QPixmap | None) -> None:
    shape = QPainterPath()
    shape.addRoundedRect(QRectF(place), 4, 4)
    painter.fillPath(shape, QColor(tokens().canvas))
    if picture is None or picture.isNull():
        draw_icon(painter, place.adjusted(10, 10, -10, -10), "image", QColor(tokens().on_canvas2))
        return
    painter.save()
    painter.setClipPath(shape)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    side = min(picture.width(), picture.height())
    source = QRect((picture.width() - side) // 2, (picture.height() - side) // 2, side, side)
    painter.drawPixmap(place, picture, source)
    painter.restore()


def _paint_state(painter: QPainter, place: QRect, state: ImageState) -> None:
    name, colour = _ICONS[state]
    painter.save()
    if state in (ImageState.RUNNING, ImageState.READING):
        painter.translate(place.center())
        painter.rotate(turn_degrees())
        painter.translate(-place.center())
    draw_icon(painter, place, name, QColor(getattr(tokens(), colour)))
    painter.restore()
