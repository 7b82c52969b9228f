"""Everything between stage bar and status line: panel, pages, inspector, dock."""

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from superlens.core.jobs import JobKind, JobRecord, MeasureRequest, RestoreRequest
from superlens.core.records import ImageRecord
from superlens.gui.bottom_dock import BottomDock
from superlens.gui.edge_tab import EdgeTab
from superlens.gui.inspector.inspector import Inspector
from superlens.gui.intents import Intents
from superlens.gui.jobs.jobs_panel import JobsPanel
from superlens.gui.jobs.log_panel import LogPanel
from superlens.gui.jobs.measurements_panel import MeasurementsPanel
from superlens.gui.pages.check_page import CheckPage
from superlens.gui.pages.measure_page import MeasurePage
from superlens.gui.pages.report_page import ReportPage
from superlens.gui.pages.restore_page import RestorePage
from superlens.gui.project.project_panel import ProjectPanel
from superlens.gui.project_intents import ProjectIntents
from superlens.gui.selection import Selection
from superlens.gui.stage_bar import Stage
from superlens.gui.stage_flow import StageFlow
from superlens.gui.viewer.comparison import RestoredRun
from superlens.gui.widgets.labels import paint_surface
from superlens.workbench.folder_watch import FolderWatch
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench

FOLD_INSPECTOR_BELOW, FOLD_DOCK_BELOW = 1320, 800
_PANEL, _INSPECTOR = 240, 280
_VERBS = {JobKind.RESTORE: "Super-resolve", JobKind.MEASURE: "Measure", JobKind.EXPORT: "Export"}
"""What a job is called whose title may name a file."""
_WITH_PANEL = (Stage.DATA, Stage.RESTORE, Stage.CHECK)
_WITH_INSPECTOR = (Stage.DATA, Stage.CHECK)


class Workspace(QWidget):
    """The pages of the five stages with what stands around them."""

    def __init__(self, workbench: Workbench, window: QWidget) -> None:
        super().__init__(window)
        self._workbench = workbench
        self._window = window
        paint_surface(self, "surface")
        self.selection = Selection(workbench, self)
        self.intents = Intents(workbench, window)
        self.project_intents = ProjectIntents(workbench, window)
        self.flow = StageFlow(workbench, self.selection, self.intents, self)
        self.panel = ProjectPanel(workbench.jobs)
        self.check = CheckPage(workbench, self.selection)
        self.restore = RestorePage(workbench.models, workbench.state.values.model)
        self.measure = MeasurePage(workbench)
        self.report = ReportPage(workbench)
        self.inspector = Inspector(self.check.compare)
        self.jobs_panel = JobsPanel(workbench.jobs)
        self._measurements = MeasurementsPanel(workbench)
        self.log = LogPanel()
        self.dock = BottomDock(
            {"Jobs": self.jobs_panel, "Measurements": self._measurements, "Log": self.log}
        )
        self._edge = EdgeTab("Inspector")
        self._wants_inspector: bool | None = None
        self._is_narrow = self._is_low = False
        self._arrange()
        self._connect()

    @property
    def is_inspector_open(self) -> bool:
        """Whether the inspector is visible now."""
        return not self.inspector.isHidden()

    def toggle_inspector(self) -> None:
        """Open or fold the inspector, whatever the width."""
        self._wants_inspector = not self.is_inspector_open
        self._show_around(self.flow.stage)

    def toggle_full_screen(self) -> None:
        """Fill the screen with the window, or go back."""
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)

    def follow_size(self, width: int, height: int) -> None:
        """Fold what does not fit beside the images."""
        is_narrow = width < FOLD_INSPECTOR_BELOW
        if is_narrow != self._is_narrow:
            self._is_narrow, self._wants_inspector = is_narrow, None
            self._show_around(self.flow.stage)
        is_low = height < FOLD_DOCK_BELOW
        if is_low != self._is_low:
            self._is_low = is_low
            self._fold_dock(self.flow.stage)

    def shutdown(self) -> None:
        """Stop every reading thread."""
        parts = (self.selection, self.intents, self.project_intents, self.check, self.measure)
        for part in parts:
            part.shutdown()

    def _arrange(self) -> None:
        self._stack = QStackedWidget()
        for page in (self.check, self.restore, self.measure, self.report):
            self._stack.addWidget(page)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._stack, 1)
        column.addWidget(self.dock)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        self.panel.setMinimumWidth(200)
        self.inspector.setMinimumWidth(260)
        for part, width in ((self.panel, _PANEL), (centre, 920), (self.inspector, _INSPECTOR)):
            self._splitter.addWidget(part)
            part.resize(width, part.height())
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setSizes([_PANEL, 920, _INSPECTOR])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._splitter, 1)
        row.addWidget(self._edge)

    def _connect(self) -> None:
        self.panel.image_chosen.connect(self.selection.choose)
        self.panel.import_wanted.connect(self.intents.choose_files)
        self._connect_project()
        self.selection.image_changed.connect(self._show_image)
        self.selection.scene_changed.connect(self._show_image)
        self.selection.run_changed.connect(self._show_run)
        self.flow.stage_changed.connect(self._show_stage)
        self.check.restore_wanted.connect(self._go_restore)
        self.restore.model_chosen.connect(self._remember_model)
        self.restore.scene_chosen.connect(self.selection.choose_scene)
        self.measure.panel.plate_wanted.connect(self.intents.choose_plate)
        self.measure.panel.folder_wanted.connect(self.intents.choose_plate_folder)
        self.intents.plate_chosen.connect(self.measure.panel.choose_plate)
        self.intents.plate_folder_chosen.connect(self.measure.panel.choose_images)
        self.inspector.image_tab.image_edited.connect(self._save_image)
        self.jobs_panel.result_wanted.connect(self._show_result)
        self.jobs_panel.count_changed.connect(self._count_jobs)
        self._measurements.opened.connect(self._go_measure)
        self._workbench.jobs.log_line.connect(self.log.add_line)
        self._workbench.project_changed.connect(self.panel.show_project)
        self._edge.clicked.connect(self.toggle_inspector)
        self.check.lock_tool.toggled.connect(self.inspector.view_tab.set_locked)
        self.inspector.view_tab.lock_box.toggled.connect(self.check.lock_tool.setChecked)
        self.panel.show_project(self._workbench.project)
        self._workbench.project_changed.connect(self._follow_names)
        self._follow_names(self._workbench.project)

    def _follow_names(self, project: Project | None) -> None:
        if project is not None:
            project.names.changed.connect(self._show_job_names)
        self._show_job_names()

    def _show_job_names(self) -> None:
        self.jobs_panel.show_names(self._job_title)

    def _job_title(self, job: JobRecord) -> str:
        """Give the title of a job; that of an image's job with its code where names are hidden."""
        project = self._workbench.project
        if project is None or not project.names.is_blinded:
            return job.title
        known = (i for i in self._workbench.jobs.images_of(job.id) if i in project.image_ids())
        codes = [project.names.of_image(project.image(image_id)) for image_id in known]
        verb = _VERBS.get(job.request.kind, job.title)
        return " ".join((verb, ", ".join(codes))).strip()

    def _connect_project(self) -> None:
        panel, intents = self.panel, self.project_intents
        panel.removal_wanted.connect(intents.remove_images)
        panel.labels_wanted.connect(intents.edit_labels)
        panel.trash_wanted.connect(intents.remove_results)
        panel.search_wanted.connect(intents.find_missing)
        panel.watch_wanted.connect(intents.open_watch)
        intents.watch_changed.connect(self._show_watch)
        self._show_watch(intents.watch)

    def _show_watch(self, watch: FolderWatch | None) -> None:
        self.panel.show_watch(watch.settings.folder if watch is not None else "")

    @property
    def staged_pages(self) -> tuple[RestorePage, MeasurePage, ReportPage]:
        """The pages that say what the buttons of the stage bar are."""
        return self.restore, self.measure, self.report

    def _show_stage(self, stage: Stage) -> None:
        pages = {
            Stage.DATA: self.check,
            Stage.RESTORE: self.restore,
            Stage.CHECK: self.check,
            Stage.MEASURE: self.measure,
            Stage.REPORT: self.report,
        }
        self._stack.setCurrentWidget(pages[stage])
        if pages[stage] is self.check:
            self.check.show_raw_only(stage is Stage.DATA)
            self.inspector.tabs.choose(1 if stage is Stage.DATA else 0)
        self._show_around(stage)

    def _show_around(self, stage: Stage) -> None:
        self.panel.setVisible(stage in _WITH_PANEL)
        wants = not self._is_narrow if self._wants_inspector is None else self._wants_inspector
        has_inspector = stage in _WITH_INSPECTOR
        self.inspector.setVisible(has_inspector and wants)
        self._edge.setVisible(has_inspector and not wants)
        self._fold_dock(stage)

    def _fold_dock(self, stage: Stage) -> None:
        """Open the dock where there is room, and beside tables only while they are being made."""
        has_room = not self._is_low if stage in _WITH_PANEL else self._has_work()
        self.dock.set_open(has_room if self.dock.wish is None else self.dock.wish)

    def _has_work(self) -> bool:
        kinds = (JobKind.MEASURE, JobKind.REPORT)
        jobs = self._workbench.jobs.jobs()
        return any(job.request.kind in kinds and not job.state.is_ended for job in jobs)

    def _show_image(self, *_: object) -> None:
        image, scene = self.selection.shown, self.selection.scene
        self.inspector.show_image(image, scene)
        self.restore.show_image(image, scene)
        if image is not None:
            self.panel.select(image.id)

    def _show_run(self, run: RestoredRun | None) -> None:
        self.inspector.show_run(run, self.selection.card)

    def _save_image(self, image: ImageRecord) -> None:
        project = self._workbench.project
        if project is None:
            return
        # What the inspector showed may have had codes for names: only the pixel sizes are new.
        known = project.image(image.id)
        pairs = zip(known.info.scenes, image.info.scenes, strict=True)
        scenes = tuple(replace(old, pixel_sizes=new.pixel_sizes) for old, new in pairs)
        project.update_image(replace(known, info=replace(known.info, scenes=scenes)))

    def _remember_model(self, model_id: str) -> None:
        self._workbench.state.change(model=model_id)

    def _go_restore(self) -> None:
        self.flow.go(Stage.RESTORE)

    def _go_measure(self) -> None:
        self.flow.go(Stage.MEASURE)

    def _count_jobs(self, count: int) -> None:
        self.dock.tabs.set_count(0, count)
        self._show_around(self.flow.stage)

    def _show_result(self, job: JobRecord) -> None:
        match job.request:
            case RestoreRequest(input=source):
                images = self._workbench.jobs.images_of(job.id)
                if images:
                    self.selection.choose(images[0])
                    self.selection.choose_scene(source.scene)
                self.flow.go(Stage.CHECK)
            case MeasureRequest():
                self.flow.go(Stage.MEASURE)
            case _:
                self.flow.go(Stage.REPORT)
