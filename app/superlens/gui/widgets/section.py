"""Foldable sections of a panel and rows of name and value."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.icons import draw_icon
from superlens.gui.theme.tokens import Size, Space
from superlens.gui.widgets.labels import ElidedLabel, label, rule


class Section(QWidget):
    """A head of 36 px with a caret, and a body that folds."""

    def __init__(self, title: str, parent: QWidget | None = None, *, ruled: bool = True) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        if ruled:
            column.addWidget(rule(self))
        self.head = QHBoxLayout()
        self.head.setContentsMargins(Space.L - 2, 0, Space.L, 0)
        self._fold = _FoldButton(title, self)
        self.head.addWidget(self._fold, 1)
        column.addLayout(self.head)
        self._body = QWidget(self)
        self.body = QVBoxLayout(self._body)
        self.body.setContentsMargins(Space.L, 0, Space.L, Space.M)
        self.body.setSpacing(Space.S)
        column.addWidget(self._body)
        self._fold.toggled.connect(self._body.setVisible)

    def set_open(self, is_open: bool) -> None:
        """Unfold or fold the body."""
        self._fold.setChecked(is_open)

    def set_title(self, title: str) -> None:
        """Change the words of the head."""
        self._fold.setText(title)
        self._fold.update()


class _FoldButton(QAbstractButton):
    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setText(title)
        self.setCheckable(True)
        self.setChecked(True)
        self.setFixedHeight(36)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFont(font(Size.BODY, 600))

    def sizeHint(self) -> QSize:
        return QSize(24 + self.fontMetrics().horizontalAdvance(self.text()), 36)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = tokens()
        painter = QPainter(self)
        caret = self.rect().adjusted(0, 12, 0, -12)
        caret.setWidth(12)
        name = "caret-down" if self.isChecked() else "caret-right"
        draw_icon(painter, caret, name, QColor(colours.text3))
        painter.setFont(font(Size.BODY, 600))
        painter.setPen(QColor(colours.accent if self.hasFocus() else colours.text2))
        painter.drawText(
            self.rect().adjusted(20, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text()
        )


class Pairs(QWidget):
    """Rows of a caption at the left and a value at the right, 21 px each."""

    def __init__(self, names: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.S)
        grid.setVerticalSpacing(Space.XS)
        grid.setColumnMinimumWidth(0, 92)
        grid.setColumnStretch(1, 1)
        self._values: dict[str, ElidedLabel] = {}
        for row, name in enumerate(names):
            grid.addWidget(label(name, "caption"), row, 0)
            value = ElidedLabel("–", "value")
            grid.addWidget(value, row, 1)
            self._values[name] = value

    def set_value(self, name: str, text: str) -> None:
        """Show a value; an empty one becomes a dash."""
        self._values[name].setText(text or "–")

    def value(self, name: str) -> str:
        """Give the text now shown for a name."""
        return self._values[name].text()
