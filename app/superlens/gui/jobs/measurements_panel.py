"""The headline numbers of every measurement of the project, newest first."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from superlens.core.jobs import JobKind
from superlens.core.records import Number, ResultRecord
from superlens.gui.measure.results import value_text
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.labels import ElidedLabel, clear_layout, label
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench


class MeasurementsPanel(QWidget):
    """One row per measurement.

    Signals:
        opened(): the user wants to see the newest measurement.
    """

    opened = Signal()

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
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
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        self._empty = label("No measurements yet.", "caption")
        self._empty.setContentsMargins(16, 12, 16, 0)
        whole.addWidget(self._empty)
        whole.addWidget(area, 1)
        workbench.project_changed.connect(self._follow_project)
        self._follow_project(workbench.project)

    def _follow_project(self, project: Project | None) -> None:
        clear_layout(self._column, kept=1)
        self._empty.show()
        if project is not None:
            project.result_added.connect(self._add)
            for result in project.results():
                self._add(result)

    def _add(self, result: ResultRecord) -> None:
        if result.kind != JobKind.MEASURE:
            return
        self._empty.hide()
        holder = QWidget()
        holder.setFixedHeight(30)
        row = QHBoxLayout(holder)
        row.setContentsMargins(16, 0, 12, 0)
        row.setSpacing(16)
        row.addWidget(ElidedLabel(Path(result.folder).name, "strong"), 1)
        row.addWidget(ElidedLabel("   ".join(_text(n) for n in result.numbers[:4]), "body"), 3)
        show = button("Show", "small")
        show.clicked.connect(self.opened)
        row.addWidget(show)
        self._column.insertWidget(0, holder)


def _text(number: Number) -> str:
    interval = ""
    if number.lo is not None and number.hi is not None:
        interval = f" [{value_text(number.lo)} – {value_text(number.hi)}]"
    unit = f" {number.unit}" if number.unit else ""
    return f"{number.name} {value_text(number.value)}{unit}{interval}"
