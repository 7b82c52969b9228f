"""Stage Check (and Data): the linked panes, their tools, chips and controls."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from superlens.core.jobs import JobKind, JobRecord, JobState
from superlens.gui.inspector.view_tab import position_text, sr_text
from superlens.gui.pages.plane_controls import PlaneControls
from superlens.gui.selection import Selection
from superlens.gui.viewer.compare_view import CompareView, CursorReading, PaneChoice, Slot
from superlens.gui.viewer.comparison import Comparison, MapKind, RestoredRun, compare, shows
from superlens.gui.viewer.geometry import count_text
from superlens.gui.viewer.image_pane import PaneHead
from superlens.gui.viewer.maps import map_title, map_value, missing_maps
from superlens.gui.viewer.run_chips import run_chips
from superlens.gui.widgets.buttons import tool
from superlens.gui.widgets.chip import ChipStrip
from superlens.gui.widgets.labels import ElidedLabel, label, rule
from superlens.gui.widgets.segmented import Segmented
from superlens.gui.words import image_facts, image_name, scene_title
from superlens.workbench.jobs import JobQueue
from superlens.workbench.workbench import Workbench

_CHOICES = (PaneChoice.ALL, PaneChoice.LOW_AND_SR, PaneChoice.SR_AND_THIRD)
_CHOICE_NAMES = ("Three panes", "Low and super-res", "Super-res and uncertainty")


class CheckPage(QWidget):
    """The viewer of the chosen image.

    Signals:
        restore_wanted(): the user wants a result for an image that has none.
        cursor_told(str place, str values): what lies under the cursor, as text.
    """

    restore_wanted = Signal()
    cursor_told = Signal(str, str)

    def __init__(
        self, workbench: Workbench, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workbench, self._selection = workbench, selection
        self._is_raw_only = False
        self.compare = CompareView()
        self.controls = PlaneControls()
        self._chips = ChipStrip()
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(12, 0, 12, 0)
        column.setSpacing(0)
        column.addWidget(self._tools())
        column.addWidget(self.compare, 1)
        column.addWidget(self._chips)
        self._rule = rule(self)
        column.addWidget(self._rule)
        column.addWidget(self.controls)
        self._connect(workbench.jobs)
        self._show_image()

    def show_raw_only(self, is_raw_only: bool) -> None:
        """Show the raw image alone, as in stage Data, or the panes side by side."""
        self._is_raw_only = is_raw_only
        self._panes.setVisible(not is_raw_only)
        self._name.setVisible(is_raw_only)
        self._facts.setVisible(is_raw_only)
        self._lock.setVisible(not is_raw_only)
        self._link.setVisible(not is_raw_only)
        self._choose_panes(self._panes.index)
        self._refresh()
        self.compare.links.fill()

    def fit(self) -> None:
        """Show the whole image."""
        self.compare.links.fit()

    @property
    def lock_tool(self) -> QToolButton:
        """The switch of shared contrast limits."""
        return self._lock

    def shutdown(self) -> None:
        """Stop reading planes."""
        self.compare.shutdown()

    def _tools(self) -> QWidget:
        bar = QWidget()
        bar.setFixedHeight(44)
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._panes = Segmented(_CHOICE_NAMES)
        self._panes.chosen.connect(self._choose_panes)
        self._link = tool("link-simple", "Link pan and zoom of the panes", checkable=True)
        self._link.setChecked(True)
        self._link.toggled.connect(self.compare.links.set_linked)
        self._lock = tool("lock", "Same contrast limits in low-res and super-res", checkable=True)
        self._lock.setChecked(True)
        self._fit = tool("corners-out", "Show the whole image (Home)")
        self._fit.clicked.connect(self.fit)
        self._name = label("", "block")
        self._facts = ElidedLabel("", "caption")
        row.addWidget(self._panes)
        row.addWidget(self._name)
        row.addWidget(self._facts, 10)
        row.addStretch(1)
        for widget in (self._link, self._lock, self._fit):
            row.addWidget(widget)
        return bar

    def _connect(self, jobs: JobQueue) -> None:
        self._selection.image_changed.connect(self._show_image)
        self._selection.scene_changed.connect(self._show_image)
        self._selection.run_changed.connect(self._show_run)
        self.controls.changed.connect(self._keep_view)
        self.controls.scene_chosen.connect(self._selection.choose_scene)
        self.compare.cursor_changed.connect(self._tell_cursor)
        self.compare.planes_changed.connect(self._name_panes)
        for slot in (Slot.SR, Slot.THIRD):
            self.compare.panes[slot].action.clicked.connect(self.restore_wanted)
        for signal in (jobs.job_added, jobs.job_changed, jobs.job_ended):
            signal.connect(self._job_moved)

    def _show_image(self, *_: object) -> None:
        image, scene = self._selection.shown, self._selection.scene
        self._name.setText("" if image is None else image_name(image))
        self._facts.setText("" if image is None else image_facts(image, scene))
        self.controls.show_image(image, scene)
        self._show_run(self._selection.run)

    def _show_run(self, run: RestoredRun | None) -> None:
        self.controls.show_run(run)
        self._chips.show_chips(run_chips(run, self._selection.card) if run is not None else ())
        self._refresh()

    def _keep_view(self) -> None:
        self._refresh(keep_view=True)

    def _choose_panes(self, index: int) -> None:
        choice = PaneChoice.LOW_ONLY if self._is_raw_only else _CHOICES[index]
        self.compare.choose_panes(choice)

    def _refresh(self, keep_view: bool = False) -> None:
        has_run = self._selection.run is not None and not self._is_raw_only
        self._chips.setVisible(has_run)
        is_needed = self.controls.is_needed(self._is_raw_only)
        self.controls.setVisible(is_needed)
        self._rule.setVisible(is_needed and has_run)
        self._column.setContentsMargins(12, 0, 12, 0 if is_needed or has_run else 12)
        self.compare.show_comparison(self._comparison(), self.controls.map, keep_view)
        self._name_panes()

    def _comparison(self) -> Comparison | None:
        image, project = self._selection.image, self._workbench.project
        if image is None or project is None:
            return None
        run = None if self._is_raw_only else self._selection.run
        at = self.controls.indices
        return compare(image, project.path_of(image), run, at, self.controls.sample)

    def _name_panes(self) -> None:
        comparison, run = self._comparison(), self._selection.run
        panes = self.compare.panes
        lut = self.compare.wish.lut_name
        caption = comparison.low.placement.caption if comparison else ""
        panes[Slot.LOW].set_head(PaneHead("canvas_low", "Low-res", caption, lut))
        fine = comparison.sr.placement.caption if comparison and comparison.sr else ""
        number = self.controls.sample
        name = "Super-res" if number is None else f"Super-res, sample {number + 1}"
        panes[Slot.SR].set_head(PaneHead("canvas_sr", name, fine, lut))
        panes[Slot.THIRD].set_head(self._third_head(run))
        if comparison is None:
            for pane in panes.values():
                pane.show_empty("Choose an image at the left.")
            return
        self._name_empty_panes(comparison, run)

    def _third_head(self, run: RestoredRun | None) -> PaneHead:
        if run is None:
            return PaneHead("canvas_spread", "Spread", "", "")
        title = map_title(self.controls.map, run)
        return PaneHead("canvas_spread", title.name, title.caption, "")

    def _name_empty_panes(self, comparison: Comparison, run: RestoredRun | None) -> None:
        panes = self.compare.panes
        job = self._selection.restoring
        third = comparison.maps.get(self.controls.map)
        for slot, plane in ((Slot.SR, comparison.sr), (Slot.THIRD, third)):
            if plane is not None:
                continue
            if job is not None:
                share = job.done / job.total if job.total else None
                panes[slot].show_empty(_progress_sentence(job), share=share)
            elif run is None:
                panes[slot].show_empty(self._missing_sentence(), "Super-resolve…")
            elif not shows(run, self.controls.indices):
                panes[slot].show_empty("This channel is not super-resolved.")
            else:
                panes[slot].show_empty(missing_maps(run))

    def _missing_sentence(self) -> str:
        image = self._selection.shown
        scene = scene_title(image, self._selection.scene) if image is not None else ""
        return f"{scene}: not super-resolved yet." if scene else "Not super-resolved yet."

    def _job_moved(self, job: JobRecord) -> None:
        if job.request.kind is JobKind.RESTORE and self._selection.run is None:
            self._name_panes()

    def _tell_cursor(self, reading: CursorReading | None) -> None:
        if reading is None:
            self.cursor_told.emit("", "")
            return
        place = position_text(reading, self.compare)
        low = "" if reading.low is None else f"Low-res {count_text(reading.low)}"
        sr = sr_text(reading)
        third = "" if reading.map is MapKind.SPREAD else map_value(reading.map, reading.third)
        values = " · ".join(part for part in (low, f"super-res {sr}" if sr else "", third) if part)
        self.cursor_told.emit(place, values)


def _progress_sentence(job: JobRecord) -> str:
    if job.state is JobState.WAITING:
        return "Waiting for its turn."
    counted = f", {job.done} of {job.total}" if job.total > 1 else ""
    return f"{job.phase.capitalize() or 'Super-resolving'}{counted}"
