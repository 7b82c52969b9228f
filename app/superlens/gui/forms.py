"""Forms made from a parameters class: its fields say label, unit, range and help by themselves."""

from enum import StrEnum
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QVBoxLayout, QWidget

from superlens.core.errors import InvalidParameter
from superlens.core.parameters import ParameterInfo, build, describe
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.tokens import Size
from superlens.gui.widgets.choice import CheckBox, Choice
from superlens.gui.widgets.labels import ElidedLabel, wrapped
from superlens.gui.widgets.section import Section

_AUTOMATIC, _AUTOMATIC_SHORT = "Automatic", "auto"


class ParameterForm(QWidget):
    """One field per parameter, short numbers two in a row, advanced ones folded away.

    Signals:
        changed(): a value was edited.
    """

    changed = Signal()

    def __init__(
        self,
        params_type: type,
        parent: QWidget | None = None,
        without: frozenset[str] = frozenset(),
    ) -> None:
        """Make the form.

        Args:
            params_type: the parameters class.
            parent: as of every widget.
            without: names of parameters that keep their defaults and get no field.
        """
        super().__init__(parent)
        self._type = params_type
        self._fields: dict[str, _Field] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        infos = [info for info in describe(params_type) if info.name not in without]
        plain = [info for info in infos if not info.advanced]
        advanced = [info for info in infos if info.advanced]
        if plain:
            column.addLayout(self._grid(plain))
        if advanced:
            column.addWidget(self._advanced(advanced))

    @property
    def is_empty(self) -> bool:
        """Whether there is no parameter at all."""
        return not self._fields

    def values(self) -> dict[str, str]:
        """Give the texts of all fields that were filled in, for `core.parameters.build`."""
        return {name: field.text() for name, field in self._fields.items() if field.text()}

    def is_valid(self) -> bool:
        """Check every field, write what is wrong under it, and say whether all are right."""
        checked = tuple(field.check(self._type) for field in self._fields.values())
        return all(checked)

    def reset(self) -> None:
        """Put the defaults back."""
        for field in self._fields.values():
            field.reset()
        self.changed.emit()

    def _advanced(self, infos: list[ParameterInfo]) -> Section:
        section = Section("Advanced", ruled=False)
        section.head.setContentsMargins(0, 0, 0, 0)
        section.body.setContentsMargins(0, 0, 0, 0)
        section.body.addLayout(self._grid(infos))
        section.set_open(False)
        return section

    def _grid(self, infos: list[ParameterInfo]) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(12)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        row, column = 0, 0
        for info in infos:
            field = _Field(info, self)
            field.edited.connect(self.changed)
            self._fields[info.name] = field
            is_short = info.type in (int, float)
            if column and not is_short:
                row, column = row + 1, 0
            grid.addWidget(field, row, column, 1, 1 if is_short else 2, Qt.AlignmentFlag.AlignTop)
            row, column = (row, 1) if is_short and column == 0 else (row + 1, 0)
        return grid


class NumberField(QLineEdit):
    """A text field with its unit at the right."""

    def __init__(self, unit: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self.setFixedHeight(30)
        if unit:
            self.setTextMargins(0, 0, 10 + 8 * min(len(unit), 4), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._unit:
            painter = QPainter(self)
            painter.setFont(font(Size.CAPTION))
            painter.setPen(QColor(tokens().text3))
            room = self.rect().adjusted(0, 0, -10, 0)
            painter.drawText(
                room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._unit
            )


class _Field(QWidget):
    edited = Signal()

    def __init__(self, info: ParameterInfo, parent: QWidget) -> None:
        super().__init__(parent)
        self._info = info
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._editor = self._make_editor()
        self._editor.setToolTip(info.help)
        self._editor.setAccessibleName(info.label)
        self._editor.setAccessibleDescription(info.help)
        if info.type is not bool:
            column.addWidget(ElidedLabel(info.label, "label"))
        column.addWidget(self._editor)
        self._wrong = wrapped("", "bad")
        self._wrong.hide()
        column.addWidget(self._wrong)

    def text(self) -> str:
        match self._editor:
            case CheckBox():
                return "true" if self._editor.isChecked() else "false"
            case Choice():
                chosen = self._editor.currentData()
                return "auto" if chosen is None else str(chosen)
            case _:
                return self._editor.text().strip().replace(",", ".").replace("−", "-")

    def reset(self) -> None:
        default = _plain(self._info.default)
        match self._editor:
            case CheckBox():
                self._editor.setChecked(bool(default))
            case Choice():
                self._editor.setCurrentIndex(self._editor.findData(default))
            case _:
                self._editor.setText("" if default is None else _number_text(default))

    def check(self, params_type: type) -> bool:
        sentence = ""
        try:
            if self.text() or not self._info.optional:
                build(params_type, {self._info.name: self.text()})
        except InvalidParameter as error:
            sentence = error.sentence
        self._wrong.setText(sentence)
        self._wrong.setVisible(bool(sentence))
        self._editor.setProperty("state", "bad" if sentence else "")
        self._editor.style().polish(self._editor)
        return not sentence

    def _make_editor(self) -> "CheckBox | Choice | NumberField":
        info = self._info
        if info.type is bool:
            box = CheckBox(info.label, self)
            box.setChecked(bool(info.default))
            box.toggled.connect(self.edited)
            return box
        if issubclass(info.type, StrEnum):
            choice = Choice(self)
            if info.optional:
                choice.addItem(_AUTOMATIC, None)
            for value in info.choices:
                choice.addItem(value.replace("_", " ").capitalize(), value)
            choice.setCurrentIndex(choice.findData(_plain(info.default)))
            choice.currentIndexChanged.connect(self.edited)
            return choice
        field = NumberField(info.unit, self)
        field.setText("" if info.default is None else _number_text(info.default))
        if info.optional:
            field.setPlaceholderText(_AUTOMATIC_SHORT)
        field.textEdited.connect(self.edited)
        return field


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, StrEnum) else value


def _number_text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
