"""The command palette: type a few letters, press Enter."""

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from superlens.gui.actions import ActionRegistry
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.icons import draw_icon, icon
from superlens.gui.theme.tokens import Size
from superlens.gui.widgets.labels import paint_surface

_ID = Qt.ItemDataRole.UserRole + 1
_ROW, _WIDTH, _SHOWN = 32, 520, 9


class CommandPalette(QDialog):
    """A list of every enabled command, filtered as one types."""

    def __init__(self, actions: ActionRegistry, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._actions = actions
        self.setFixedWidth(_WIDTH)
        paint_surface(self, "popup")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        self._entry = QLineEdit()
        self._entry.setPlaceholderText("Search commands")
        self._entry.addAction(
            icon("magnifying-glass", "text3"), QLineEdit.ActionPosition.LeadingPosition
        )
        self._entry.textChanged.connect(self._filter)
        self._entry.installEventFilter(self)
        self._rows = QStandardItemModel(self)
        self._list = QListView()
        self._list.setModel(self._rows)
        self._list.setItemDelegate(_CommandDelegate(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.clicked.connect(self._run)
        column.addWidget(self._entry)
        column.addWidget(self._list)

    def open_at(self, place: QPoint) -> None:
        """Show the palette below a point of the screen."""
        self._actions.refresh()
        self._entry.clear()
        self._filter("")
        self.move(place)
        self.show()
        self._entry.setFocus()

    def type_text(self, text: str) -> None:
        """Filter as if the text had been typed."""
        self._entry.setText(text)

    def titles(self) -> tuple[str, ...]:
        """Give what is listed now."""
        return tuple(self._rows.item(row).text() for row in range(self._rows.rowCount()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                step = 1 if key == Qt.Key.Key_Down else -1
                row = (self._list.currentIndex().row() + step) % max(1, self._rows.rowCount())
                self._list.setCurrentIndex(self._rows.index(row, 0))
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self._list.currentIndex())
                return True
        return super().eventFilter(watched, event)

    def _filter(self, text: str) -> None:
        self._rows.clear()
        words = text.lower().split()
        for command in self._actions.commands():
            action = self._actions.action(command.id)
            title = f"{command.id.split('.')[0].capitalize()}: {command.text}"
            if action.isEnabled() and all(word in title.lower() for word in words):
                item = QStandardItem(title)
                item.setData(command.id, _ID)
                item.setData(command.shortcut, Qt.ItemDataRole.UserRole + 2)
                item.setData(command.icon, Qt.ItemDataRole.UserRole + 3)
                self._rows.appendRow(item)
        if self._rows.rowCount():
            self._list.setCurrentIndex(self._rows.index(0, 0))
        self._list.setFixedHeight(min(max(self._rows.rowCount(), 1), _SHOWN) * _ROW + 4)
        self.adjustSize()

    def _run(self, index: QModelIndex) -> None:
        if index.isValid():
            self.hide()
            self._actions.action(index.data(_ID)).trigger()


class _CommandDelegate(QStyledItemDelegate):
    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        size = super().sizeHint(option, index)
        size.setHeight(_ROW)
        return size

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        colours = tokens()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.tint))
            painter.drawRoundedRect(option.rect, 6, 6)
        room: QRect = option.rect.adjusted(10, 0, -10, 0)
        name = index.data(Qt.ItemDataRole.UserRole + 3)
        if name:
            place = QRect(room.left(), room.center().y() - 7, 16, 16)
            draw_icon(painter, place, name, QColor(colours.text2))
        painter.setPen(QColor(colours.text))
        painter.setFont(font(Size.BODY))
        painter.drawText(room.adjusted(26, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, index.data())
        painter.setPen(QColor(colours.text3))
        painter.setFont(font(Size.AXIS))
        painter.drawText(
            room,
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
            index.data(Qt.ItemDataRole.UserRole + 2) or "",
        )
        painter.restore()
