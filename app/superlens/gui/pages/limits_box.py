"""What a model cannot do, in plain sentences."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from superlens.gui.widgets.labels import clear_layout, label, wrapped


class LimitsBox(QFrame):
    """The limits that the model card states; hidden where it states none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "well")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(6)
        column.addWidget(label("What this model cannot do", "section"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        column.addLayout(self._rows)

    def show_limits(self, limits: tuple[str, ...]) -> None:
        """Show other limits."""
        clear_layout(self._rows)
        for limit in limits:
            self._rows.addWidget(_bullet(limit))
        self.setVisible(bool(limits))


def _bullet(text: str) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    row.addWidget(label("–", "body"), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(wrapped(text, "body"), 1)
    return holder
