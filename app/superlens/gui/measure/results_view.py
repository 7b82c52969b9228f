"""What a measurement found: key numbers, picture and plate map over cells and wells."""

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from superlens.core.records import Number
from superlens.gui.measure.plate_ramp import PlateRamp
from superlens.gui.measure.plate_view import PlateView
from superlens.gui.measure.results import MeasuredRun, value_text
from superlens.gui.measure.strip_plot import StripPlot
from superlens.gui.measure.well_image import read_well_image
from superlens.gui.measure.well_picture import WellPicture
from superlens.gui.measure.well_table import WellTable
from superlens.gui.reading import Answer, BackgroundReader
from superlens.gui.widgets.choice import Choice
from superlens.gui.widgets.key_numbers import KeyNumber, KeyNumberStrip
from superlens.gui.widgets.labels import ElidedLabel, label, rule
from superlens.gui.words import plural

_NUMBER_NOTES = {
    "Z′": "1 is perfect, above 0.5 good",
    "Spearman": "1 is a perfect ranking by dose",
}


class ResultsView(QWidget):
    """One measurement; a well that is chosen in the plate or the table is chosen everywhere."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: MeasuredRun | None = None
        self._reader = BackgroundReader(self)
        self._reader.answered.connect(self._take_picture)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._numbers = KeyNumberStrip()
        column.addWidget(self._numbers)
        column.addWidget(rule(self))
        upper, lower = self._splitter(), self._splitter()
        upper.addWidget(self._picture_box())
        self._plate_frame = self._plate_box()
        upper.addWidget(self._plate_frame)
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
        column.addWidget(halves, 1)

    @property
    def run(self) -> MeasuredRun | None:
        """The measurement now shown."""
        return self._run

    def show_run(self, run: MeasuredRun | None) -> None:
        """Show another measurement, or none."""
        self._run = run
        self.table.show_run(run)
        self.plate.show_run(run)
        if run is None:
            self._reader.forget("picture")
            return
        self._numbers.show_numbers(_key_numbers(run))
        self._ramp.show_span(self.plate.span)
        self._plate_caption.setText(f"{run.assay.headline.title.lower()}, median")
        self._table_caption.setText(_table_words(run))
        self._offer_compounds(run)
        self._plate_frame.setVisible(self.plate.has_plate)
        self._draw_plot()
        self.choose_well(run.wells[0].well if run.wells else "")

    def redraw(self) -> None:
        """Draw the plot again, as in another theme."""
        self.plot.redraw()

    def shutdown(self) -> None:
        """Stop reading pictures."""
        self._reader.shutdown()

    def choose_well(self, name: str) -> None:
        """Show a well in picture, plate and table."""
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
        self.plate.well_chosen.connect(self.choose_well)
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
        self.table.well_chosen.connect(self.choose_well)
        body.setContentsMargins(8, 0, 8, 0)
        body.addWidget(self.table)
        return box

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

    def _take_picture(self, answer: Answer) -> None:
        problem = answer.error.sentence if answer.error is not None else ""
        self._picture.show_image(answer.value, problem)


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
