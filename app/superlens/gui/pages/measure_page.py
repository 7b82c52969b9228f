"""Stage Measure: the assay's form, key numbers, plate map, cells and wells of the newest result."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from superlens.core.jobs import JobKind, JobRecord
from superlens.core.records import Number, ResultRecord
from superlens.gui.measure.assay_panel import AssayPanel
from superlens.gui.measure.plate_ramp import PlateRamp
from superlens.gui.measure.plate_view import PlateView
from superlens.gui.measure.results import MeasuredRun, open_measurement, value_text
from superlens.gui.measure.strip_plot import StripPlot
from superlens.gui.measure.well_image import read_well_image
from superlens.gui.measure.well_picture import WellPicture
from superlens.gui.measure.well_table import WellTable
from superlens.gui.pages.page import StageButtons
from superlens.gui.reading import Answer, BackgroundReader
from superlens.gui.widgets.choice import Choice
from superlens.gui.widgets.key_numbers import KeyNumber, KeyNumberStrip
from superlens.gui.widgets.labels import ElidedLabel, label, rule, wrapped
from superlens.gui.widgets.progress import ProgressLine
from superlens.gui.words import plural
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench

_PANEL_WIDTH = 256
_NUMBER_NOTES = {
    "Z′": "1 is perfect, above 0.5 good",
    "Spearman": "1 is a perfect ranking by dose",
}


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
        self._run: MeasuredRun | None = None
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
        self._pages.addWidget(self._results())
        row.addWidget(self._pages, 1)
        workbench.project_changed.connect(self._follow_project)
        for signal in (workbench.jobs.job_added, workbench.jobs.job_changed):
            signal.connect(self._show_progress)
        workbench.jobs.job_ended.connect(self._show_progress)
        self._follow_project(workbench.project)

    @property
    def run(self) -> MeasuredRun | None:
        """The measurement now shown."""
        return self._run

    def buttons(self) -> StageButtons:
        """Give the buttons of this stage."""
        if self._running_job() is not None:
            return StageButtons("Run assay", is_enabled=False, reason="It is running")
        if self._run is None:
            return StageButtons("Run assay")
        return StageButtons("Continue to Report", moves_on=True, secondary="Run assay")

    def shutdown(self) -> None:
        """Stop reading."""
        self._reader.shutdown()

    def redraw(self) -> None:
        """Draw the plot again, as in another theme."""
        self.plot.redraw()

    def _results(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._numbers = KeyNumberStrip()
        column.addWidget(self._numbers)
        column.addWidget(rule(page))
        upper, lower = self._splitter(), self._splitter()
        upper.addWidget(self._picture_box())
        upper.addWidget(self._plate_box())
        upper.setSizes([440, 700])
        lower.addWidget(self._plot_box())
        lower.addWidget(self._table_box())
        lower.setSizes([490, 650])
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.setHandleWidth(1)
        halves.setChildrenCollapsible(False)
        halves.addWidget(upper)
        halves.addWidget(lower)
        halves.setSizes([360, 300])
        self._upper = upper
        column.addWidget(halves, 1)
        return page

    def _splitter(self) -> QSplitter:
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        return splitter

    def _picture_box(self) -> QWidget:
        box, head, body = _box()
        self._well_name = label("Well", "block")
        self._well_caption = ElidedLabel("", "caption")
        head.addWidget(self._well_name)
        head.addWidget(self._well_caption, 1)
        self._picture = WellPicture()
        body.setContentsMargins(12, 0, 12, 12)
        body.addWidget(self._picture)
        return box

    def _plate_box(self) -> QWidget:
        box, head, body = _box()
        self._plate_caption = ElidedLabel("", "caption")
        head.addWidget(label("Plate map", "block"))
        head.addWidget(self._plate_caption, 1)
        self._ramp = PlateRamp()
        head.addWidget(self._ramp)
        self.plate = PlateView()
        self.plate.well_chosen.connect(self._choose_well)
        body.setContentsMargins(16, 0, 16, 8)
        body.addWidget(self.plate, 1)
        body.addWidget(label("N  negative control     P  positive control", "caption"))
        return box

    def _plot_box(self) -> QWidget:
        box, head, body = _box()
        self._plot_title = label("Cells by dose", "block")
        head.addWidget(self._plot_title)
        self._plot_caption = ElidedLabel("", "caption")
        self._plot_caption.mode = Qt.TextElideMode.ElideRight
        head.addWidget(self._plot_caption, 1)
        self._compound = Choice()
        self._compound.setFixedWidth(140)
        self._compound.setAccessibleName("Compound")
        self._compound.currentIndexChanged.connect(self._draw_plot)
        head.addWidget(self._compound)
        self.plot = StripPlot()
        body.setContentsMargins(8, 0, 8, 8)
        body.addWidget(self.plot, 1)
        return box

    def _table_box(self) -> QWidget:
        box, head, body = _box()
        head.addWidget(label("Wells", "block"))
        self._table_caption = ElidedLabel("", "caption")
        head.addWidget(self._table_caption, 1)
        self.table = WellTable()
        self.table.well_chosen.connect(self._choose_well)
        body.setContentsMargins(8, 0, 8, 0)
        body.addWidget(self.table)
        return box

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
        self._show_run(None)
        if project is None:
            return
        project.result_added.connect(self._take_result)
        measured = [r for r in project.results() if r.kind == JobKind.MEASURE]
        if measured:
            self._take_result(measured[-1])

    def _take_result(self, result: ResultRecord) -> None:
        if result.kind == JobKind.MEASURE:
            self._reader.ask("run", partial(open_measurement, result.folder))

    def _take_run(self, answer: Answer) -> None:
        if answer.topic == "picture":
            problem = answer.error.sentence if answer.error is not None else ""
            self._picture.show_image(answer.value, problem)
        elif answer.error is not None:
            self.failed.emit(answer.error)
        else:
            self._show_run(answer.value)

    def _show_run(self, run: MeasuredRun | None) -> None:
        self._run = run
        self._pages.setCurrentIndex(0 if run is None else 1)
        self.table.show_run(run)
        self.plate.show_run(run)
        self.panel.show_shares(_shares(run))
        if run is not None:
            self._numbers.show_numbers(_key_numbers(run))
            self._ramp.show_span(self.plate.span)
            self._plate_caption.setText(f"{run.assay.headline.title.lower()}, median")
            self._table_caption.setText(_table_words(run))
            self._offer_compounds(run)
            self._upper.setVisible(self.plate.has_plate)
            self._draw_plot()
            self._choose_well(_first_well(run))
        self.changed.emit()

    def _offer_compounds(self, run: MeasuredRun) -> None:
        self._compound.blockSignals(True)
        self._compound.clear()
        self._compound.addItems(run.compounds)
        self._compound.blockSignals(False)
        self._compound.setVisible(len(run.compounds) > 1)

    def _draw_plot(self) -> None:
        if self._run is None:
            return
        compound = self._compound.currentText()
        self.plot.show_run(self._run, compound)
        has_doses = any(w.dose is not None for w in self._run.wells)
        self._plot_title.setText("Cells by dose" if has_doses else "Cells by well")
        level = f"{self._run.request.level:.0%}".replace("%", " %")
        unit = f", {self._run.dose_unit}" if self._run.dose_unit else ""
        is_said = self._compound.isVisibleTo(self)
        words = [] if is_said or not compound else [f"{compound}{unit}"]
        words += ["dot: cell", f"cross: well with {level} interval"]
        if self.plot.hidden_cells:
            words.append(f"{plural(self.plot.hidden_cells, 'cell')} above the axis")
        self._plot_caption.setText("  ·  ".join(words))

    def _choose_well(self, name: str) -> None:
        run = self._run
        if run is None:
            return
        well = next((w for w in run.wells if w.well == name), None)
        if well is None:
            return
        self.table.select_well(name)
        self.plate.select_well(name)
        self._well_name.setText(f"Well {name}" if name else "All fields")
        dose = f"{well.compound} {well.dose:g} {run.dose_unit}" if well.dose else well.compound
        parts = [dose.strip(), plural(well.n_objects, "cell"), value_text(well.value)]
        self._well_caption.setText("  ·  ".join(part for part in parts if part))
        self._picture.show_well(name)
        self._reader.ask("picture", partial(read_well_image, run, name))


def _box() -> tuple[QWidget, QHBoxLayout, QVBoxLayout]:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    head_holder = QWidget()
    head_holder.setFixedHeight(40)
    head = QHBoxLayout(head_holder)
    head.setContentsMargins(16, 0, 16, 0)
    head.setSpacing(8)
    body = QVBoxLayout()
    body.setSpacing(4)
    column.addWidget(head_holder)
    column.addLayout(body, 1)
    return box, head, body


def _key_numbers(run: MeasuredRun) -> tuple[KeyNumber, ...]:
    return tuple(_key_number(number) for number in run.numbers[:4])


def _key_number(number: Number) -> KeyNumber:
    unit = f" {number.unit}" if number.unit else ""
    interval = ""
    if number.lo is not None and number.hi is not None:
        interval = f"[{value_text(number.lo)} – {value_text(number.hi)}]"
    whole = float(number.value).is_integer() and abs(number.value) >= 10
    value = f"{number.value:,.0f}".replace(",", "\u2009") if whole else value_text(number.value)
    note = next(
        (words for name, words in _NUMBER_NOTES.items() if number.name.startswith(name)), ""
    )
    return KeyNumber(number.name, f"{value}{unit}", interval, note)


def _table_words(run: MeasuredRun) -> str:
    measured = [w for w in run.wells if w.n_objects]
    cells = sum(w.n_objects for w in measured)
    return f"{plural(cells, 'cell')} in {len(measured)} of {len(run.wells)}"


def _first_well(run: MeasuredRun) -> str:
    return run.wells[0].well if run.wells else ""


def _shares(run: MeasuredRun | None) -> dict[str, float]:
    return run.shares if run is not None else {}
