"""The strip of key numbers: a value, its interval and two captions, side by side."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from superlens.gui.widgets.labels import ElidedLabel, clear_layout, label, rule


@dataclass(frozen=True, slots=True)
class KeyNumber:
    """One block of the strip."""

    caption: str
    value: str
    interval: str = ""
    note: str = ""


class KeyNumberStrip(QWidget):
    """Up to four key numbers in a strip of 80 px."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(80)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 8, 16, 8)
        self._row.setSpacing(16)

    def show_numbers(self, numbers: tuple[KeyNumber, ...]) -> None:
        """Replace all numbers."""
        clear_layout(self._row)
        for index, number in enumerate(numbers[:4]):
            if index:
                self._row.addWidget(rule(self, vertical=True))
            self._row.addWidget(_block(number), 1)


def _block(number: KeyNumber) -> QWidget:
    block = QWidget()
    column = QVBoxLayout(block)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(1)
    column.addWidget(ElidedLabel(number.caption, "caption"))
    line = QHBoxLayout()
    line.setSpacing(8)
    line.addWidget(label(number.value, "key"), 0, Qt.AlignmentFlag.AlignBaseline)
    line.addWidget(label(number.interval, "body"), 0, Qt.AlignmentFlag.AlignBaseline)
    line.addStretch(1)
    column.addLayout(line)
    column.addWidget(ElidedLabel(number.note, "caption"))
    return block
