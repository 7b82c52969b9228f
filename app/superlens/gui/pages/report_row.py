"""One run that may go into the report."""

from pathlib import Path

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from superlens.core.jobs import JobKind
from superlens.core.records import Number, ResultRecord
from superlens.gui.measure.results import value_text
from superlens.gui.theme.current import tokens
from superlens.gui.theme.icons import draw_icon
from superlens.gui.widgets.choice import CheckBox
from superlens.gui.widgets.labels import ElidedLabel

_WORDS = {
    JobKind.RESTORE: ("Super-resolution", "stack"),
    JobKind.MEASURE: ("Measurement", "flask"),
    JobKind.TRAIN: ("Training", "chart-line-up"),
    JobKind.EVALUATE: ("Judgement of a model", "chart-line-up"),
}


class ReportRow(QFrame):
    """A card with a box: kind, name of the run, its headline number.

    Signals:
        toggled(): the box was ticked or cleared.
    """

    toggled = Signal()

    def __init__(
        self, result: ResultRecord, image_ids: tuple[str, ...], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.result, self.image_ids = result, image_ids
        self.setProperty("surface", "card")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 16, 10)
        row.setSpacing(12)
        kind, icon_name = _WORDS[JobKind(result.kind)]
        self._box = CheckBox("")
        self._box.setFixedWidth(20)
        self._box.setChecked(True)
        self._box.setAccessibleName(f"{kind} {Path(result.folder).name}")
        self._box.toggled.connect(self.toggled)
        row.addWidget(self._box)
        row.addWidget(_Icon(icon_name, self))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(ElidedLabel(Path(result.folder).name, "strong"))
        parts = [kind, *(_number_text(n) for n in _told(result.numbers))]
        if result.warnings:
            parts.append(result.warnings[0])
        words.addWidget(ElidedLabel("  ·  ".join(parts), "caption"))
        row.addLayout(words, 1)

    @property
    def is_checked(self) -> bool:
        """Whether the run goes in."""
        return self._box.isChecked()

    def set_checked(self, is_checked: bool) -> None:
        """Tick or clear the box."""
        self._box.setChecked(is_checked)


class _Icon(QWidget):
    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._name = name
        self.setFixedSize(20, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_icon(QPainter(self), QRect(0, 0, 20, 20), self._name, QColor(tokens().text2))


def _told(numbers: tuple[Number, ...]) -> tuple[Number, ...]:
    """Give the two numbers worth a line: how long it took is none."""
    return tuple(number for number in numbers if number.unit != "s")[:2]


def _number_text(number: Number) -> str:
    interval = ""
    if number.lo is not None and number.hi is not None:
        interval = f" [{value_text(number.lo)} – {value_text(number.hi)}]"
    unit = f" {number.unit}" if number.unit else ""
    return f"{number.name} {value_text(number.value)}{unit}{interval}"
