"""A scrolling column of rows, newest at the top, with a sentence while it is empty."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from superlens.gui.widgets.labels import clear_layout, label


class RowList(QWidget):
    """Rows under each other; whoever adds a row keeps it up to date."""

    def __init__(self, empty_sentence: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout()
        self._column.setContentsMargins(0, 4, 0, 4)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        inner = QWidget()
        inner.setLayout(self._column)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        self._empty = label(empty_sentence, "caption")
        self._empty.setContentsMargins(16, 12, 16, 0)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._empty)
        whole.addWidget(area, 1)

    def add_on_top(self, row: QWidget) -> None:
        """Put a row above all others."""
        self._column.insertWidget(0, row)
        self.show_emptiness(False)

    def clear(self) -> None:
        """Remove all rows."""
        clear_layout(self._column, kept=1)
        self.show_emptiness(True)

    def show_emptiness(self, is_empty: bool) -> None:
        """Show or hide the sentence."""
        self._empty.setVisible(is_empty)
