"""The headline numbers of every measurement of the project, newest first."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from superlens.core.jobs import JobKind
from superlens.core.records import Number, ResultRecord
from superlens.gui.measure.results import value_text
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.labels import ElidedLabel
from superlens.gui.widgets.row_list import RowList
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench


class MeasurementsPanel(RowList):
    """One row per measurement.

    Signals:
        opened(): the user wants to see the newest measurement.
    """

    opened = Signal()

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__("No measurements yet.", parent)
        self._workbench = workbench
        workbench.project_changed.connect(self._follow_project)
        self._follow_project(workbench.project)

    def _follow_project(self, project: Project | None) -> None:
        if project is not None:
            project.result_added.connect(self._add)
            project.names.changed.connect(self._show_all)
        self._show_all()

    def _show_all(self) -> None:
        self.clear()
        project = self._workbench.project
        for result in () if project is None else project.results():
            self._add(result)

    def _add(self, result: ResultRecord) -> None:
        project = self._workbench.project
        if result.kind != JobKind.MEASURE or project is None:
            return
        numbers = project.names.numbers_of(result)[:4]
        holder = QWidget()
        holder.setFixedHeight(30)
        row = QHBoxLayout(holder)
        row.setContentsMargins(16, 0, 12, 0)
        row.setSpacing(16)
        row.addWidget(ElidedLabel(Path(result.folder).name, "strong"), 1)
        row.addWidget(ElidedLabel("   ".join(_text(number) for number in numbers), "body"), 3)
        show = button("Show", "small")
        show.clicked.connect(self.opened)
        row.addWidget(show)
        self.add_on_top(holder)


def _text(number: Number) -> str:
    interval = ""
    if number.lo is not None and number.hi is not None:
        interval = f" [{value_text(number.lo)} – {value_text(number.hi)}]"
    unit = f" {number.unit}" if number.unit else ""
    return f"{number.name} {value_text(number.value)}{unit}{interval}"
