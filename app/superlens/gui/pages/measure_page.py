"""Stage Measure: the assay's form, key numbers, plate map, cells and wells of the newest result."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from superlens.core.jobs import JobKind, JobRecord
from superlens.core.records import ResultRecord
from superlens.gui.measure.assay_panel import AssayPanel
from superlens.gui.measure.blinded import as_shown
from superlens.gui.measure.results import MeasuredRun, open_measurement
from superlens.gui.measure.results_view import ResultsView
from superlens.gui.pages.page import StageButtons
from superlens.gui.reading import Answer, BackgroundReader
from superlens.gui.widgets.labels import label, rule, wrapped
from superlens.gui.widgets.progress import ProgressLine
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench

_PANEL_WIDTH = 256


class MeasurePage(QWidget):
    """The form at the left, the newest measurement of the project at the right.

    Signals:
        changed(): what the buttons say may be another.
        failed(ErrorInfo): a measurement could not be opened.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._found: MeasuredRun | None = None
        self._reader = BackgroundReader(self)
        self._reader.answered.connect(self._take_run)
        self.panel = AssayPanel(workbench.models)
        self.panel.setFixedWidth(_PANEL_WIDTH)
        self.panel.changed.connect(self.changed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.panel)
        row.addWidget(rule(self, vertical=True))
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty_state())
        self.results = ResultsView()
        self._pages.addWidget(self.results)
        row.addWidget(self._pages, 1)
        workbench.project_changed.connect(self._follow_project)
        for signal in (workbench.jobs.job_added, workbench.jobs.job_changed):
            signal.connect(self._show_progress)
        workbench.jobs.job_ended.connect(self._show_progress)
        self._follow_project(workbench.project)

    @property
    def run(self) -> MeasuredRun | None:
        """The measurement now shown."""
        return self.results.run

    def buttons(self) -> StageButtons:
        """Give the buttons of this stage."""
        if self._running_job() is not None:
            return StageButtons("Run assay", is_enabled=False, reason="It is running")
        if self.run is None:
            return StageButtons("Run assay")
        return StageButtons("Continue to Report", moves_on=True, secondary="Run assay")

    def shutdown(self) -> None:
        """Stop reading."""
        self._reader.shutdown()
        self.results.shutdown()

    def redraw(self) -> None:
        """Draw the plot again, as in another theme."""
        self.results.redraw()

    def _empty_state(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setSpacing(8)
        self._empty_title = label("Nothing measured yet", "block")
        self._empty_words = wrapped(
            "Choose a plate map, or measure the images of this project, then run the assay. "
            "Every number will carry its interval.",
            "body",
        )
        self._empty_words.setFixedSize(440, 40)
        self._empty_words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        column.addWidget(self._empty_title, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._empty_words, 0, Qt.AlignmentFlag.AlignHCenter)
        self._progress = ProgressLine()
        self._progress.setFixedWidth(320)
        self._progress.hide()
        column.addWidget(self._progress, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        return page

    def _running_job(self) -> JobRecord | None:
        jobs = self._workbench.jobs.jobs()
        running = (j for j in jobs if j.request.kind is JobKind.MEASURE and not j.state.is_ended)
        return next(running, None)

    def _show_progress(self, changed: JobRecord) -> None:
        if changed.request.kind is not JobKind.MEASURE:
            return
        job = self._running_job()
        self._empty_title.setText("Nothing measured yet" if job is None else "Measuring")
        self._empty_words.setVisible(job is None)
        self._progress.setVisible(job is not None)
        if job is not None:
            self._progress.show_progress(job.done, job.total, job.total > 0)
            if job.total:
                self._empty_title.setText(f"{job.phase}, {job.done} of {job.total}")

    def _follow_project(self, project: Project | None) -> None:
        self._found = None
        self._show_run(None)
        if project is None:
            return
        project.result_added.connect(self._take_result)
        project.names.changed.connect(self._show_names)
        measured = [r for r in project.results() if r.kind == JobKind.MEASURE]
        if measured:
            self._take_result(measured[-1])

    def _take_result(self, result: ResultRecord) -> None:
        if result.kind == JobKind.MEASURE:
            self._reader.ask("run", partial(open_measurement, result.folder))

    def _take_run(self, answer: Answer) -> None:
        if answer.error is not None:
            self.failed.emit(answer.error)
        else:
            self._found = answer.value
            self._show_names()

    def _show_names(self) -> None:
        """Show the measurement with names or codes."""
        project = self._workbench.project
        if self._found is not None and project is not None:
            self._show_run(as_shown(self._found, project.names))

    def _show_run(self, run: MeasuredRun | None) -> None:
        self.results.show_run(run)
        self._pages.setCurrentIndex(0 if run is None else 1)
        self.panel.show_shares({} if run is None else run.shares)
        self.changed.emit()
