"""One run that may go into the report."""

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
        self,
        result: ResultRecord,
        image_ids: tuple[str, ...],
        name: str,
        numbers: tuple[Number, ...],
        parent: QWidget | None = None,
    ) -> None:
        """Make a card.

        Args:
            result: of the run.
            image_ids: the images that it belongs to.
            name: what the run is called, see `ProjectNames.of_run`.
            numbers: its headline numbers, see `ProjectNames.numbers_of`.
            parent: owner of the widget.
        """
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
        self._kind = kind
        self._box.toggled.connect(self.toggled)
        row.addWidget(self._box)
        row.addWidget(_Icon(icon_name, self))
        words = QVBoxLayout()
        words.setSpacing(2)
        self._name, self._words = ElidedLabel("", "strong"), ElidedLabel("", "caption")
        words.addWidget(self._name)
        words.addWidget(self._words)
        self.show_words(name, numbers)
        row.addLayout(words, 1)

    @property
    def is_checked(self) -> bool:
        """Whether the run goes in."""
        return self._box.isChecked()

    def show_words(self, name: str, numbers: tuple[Number, ...]) -> None:
        """Call the run and its numbers otherwise, as when names are hidden."""
        parts = [self._kind, *(_number_text(number) for number in _told(numbers))]
        parts += self.result.warnings[:1]
        self._words.setText("  ·  ".join(parts))
        self._name.setText(name)
        self._box.setAccessibleName(f"{self._kind} {name}")

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
