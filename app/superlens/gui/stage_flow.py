"""Which stage is shown, how far each is, and what the buttons at the end of the stage bar do."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from superlens.core.jobs import JobKind, JobRecord, JobState
from superlens.gui.actions import ActionRegistry
from superlens.gui.intents import Intents
from superlens.gui.pages.measure_page import MeasurePage
from superlens.gui.pages.page import StageButtons
from superlens.gui.pages.report_page import ReportPage
from superlens.gui.pages.restore_page import RestorePage
from superlens.gui.selection import Selection
from superlens.gui.stage_bar import Stage, StageBar, StageState
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench

_KINDS = {
    Stage.RESTORE: JobKind.RESTORE,
    Stage.MEASURE: JobKind.MEASURE,
    Stage.REPORT: JobKind.REPORT,
}


class StageFlow(QObject):
    """Leads from one stage to the next.

    Signals:
        stage_changed(Stage): another stage is shown.
    """

    stage_changed = Signal(object)

    def __init__(
        self, workbench: Workbench, selection: Selection, intents: Intents, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._workbench, self._selection, self._intents = workbench, selection, intents
        self._stage = Stage.DATA
        self._visited: set[Stage] = set()
        self._bar: StageBar | None = None
        self._actions: ActionRegistry | None = None

    def attach(
        self,
        bar: StageBar,
        pages: tuple[RestorePage, MeasurePage, ReportPage],
        actions: ActionRegistry,
    ) -> None:
        """Take the bar and the pages that say what the buttons are; called once."""
        self._bar, self._actions = bar, actions
        self._restore, self._measure, self._report = pages
        bar.stage_chosen.connect(self.go)
        bar.primary_clicked.connect(self.press_primary)
        bar.secondary_clicked.connect(self.press_secondary)
        for page in pages:
            page.changed.connect(self.update)
        self._selection.image_changed.connect(self.update)
        self._selection.scene_changed.connect(self.update)
        self._selection.run_changed.connect(self.update)
        jobs = self._workbench.jobs
        for signal in (jobs.job_added, jobs.job_ended, jobs.job_removed):
            signal.connect(self.update)
        self._workbench.project_changed.connect(self._follow_project)
        self._follow_project(self._workbench.project)

    @property
    def stage(self) -> Stage:
        """The stage now shown."""
        return self._stage

    def go(self, stage: Stage) -> None:
        """Show another stage."""
        self._stage = stage
        self._visited.add(stage)
        if self._bar is not None:
            self._bar.show_stage(stage)
        self.stage_changed.emit(stage)
        self.update()

    def step_image(self, step: int) -> None:
        """Choose the next or the previous image of the project."""
        project, image = self._workbench.project, self._selection.image
        if project is None or image is None:
            return
        ids = project.image_ids()
        self._selection.choose(ids[(ids.index(image.id) + step) % len(ids)])

    def press_primary(self) -> None:
        """Do what the primary button says."""
        match self._stage:
            case Stage.DATA:
                self.go(Stage.RESTORE)
            case Stage.RESTORE:
                self.start_restore()
            case Stage.CHECK if self._selection.run is None:
                self.go(Stage.RESTORE)
            case Stage.CHECK:
                self.go(Stage.MEASURE)
            case Stage.MEASURE if self._measure.run is None:
                self.start_measure()
            case Stage.MEASURE:
                self.go(Stage.REPORT)
            case Stage.REPORT:
                self.create_report()

    def press_secondary(self) -> None:
        """Do what the secondary button says."""
        match self._stage:
            case Stage.CHECK:
                self.go(Stage.RESTORE)
            case Stage.MEASURE:
                self.start_measure()
            case _:
                self.go(Stage.REPORT)

    def start_restore(self) -> None:
        """Super-resolve the chosen scene as the form says, and go to Check."""
        image, wish = self._selection.image, self._restore.wish()
        if image is not None and wish is not None:
            self._intents.restore(image, wish, self._selection.scene)
            self.go(Stage.CHECK)

    def start_measure(self) -> None:
        """Run the assay as the form says."""
        wish = self._measure.panel.wish()
        if wish is not None:
            self._intents.measure(wish)

    def create_report(self) -> None:
        """Ask where to save the report of the ticked runs and write it."""
        self._intents.report(self._report.chosen_runs(), self._report.title)

    def update(self, *_: object) -> None:
        """Show how far every stage is and what the buttons say."""
        if self._bar is None or self._actions is None:
            return
        for stage, state in stage_states(
            self._workbench.project, self._workbench.jobs.jobs(), self._visited
        ).items():
            self._bar.show_state(stage, state)
        self._show_buttons(self._buttons())
        self._actions.refresh()

    def _follow_project(self, project: Project | None) -> None:
        self._visited = set()
        if self._bar is not None:
            self._bar.show_project("" if project is None else project.name)
        if project is not None:
            project.image_added.connect(self.update)
            project.image_removed.connect(self.update)
            project.result_added.connect(self.update)
        self.go(Stage.DATA)

    def _buttons(self) -> StageButtons:
        image = self._selection.image
        has_image = image is not None
        match self._stage:
            case Stage.DATA:
                return StageButtons(
                    "Continue to Super-resolve", True, has_image, "Import an image first"
                )
            case Stage.RESTORE:
                return self._restore.buttons()
            case Stage.CHECK if self._selection.run is None and self._selection.restoring:
                return StageButtons("Continue to Measure", True, False, "Wait for the result")
            case Stage.CHECK if self._selection.run is None:
                what = "scene" if image is not None and len(image.info.scenes) > 1 else "image"
                return StageButtons(
                    f"Super-resolve this {what}", True, has_image, "Import an image"
                )
            case Stage.CHECK:
                return StageButtons("Continue to Measure", True, secondary="Run again…")
            case Stage.MEASURE:
                return self._measure.buttons()
            case Stage.REPORT:
                return self._report.buttons()

    def _show_buttons(self, buttons: StageButtons) -> None:
        if self._bar is not None:
            self._bar.show_buttons(buttons)


def stage_states(
    project: Project | None, jobs: Iterable[JobRecord], visited: set[Stage]
) -> dict[Stage, StageState]:
    """Say how far every stage of a project is."""
    states = dict.fromkeys(Stage, StageState.EMPTY)
    if project is None:
        return states
    jobs = tuple(jobs)
    results = project.results()
    kinds = {result.kind for result in results}
    if project.image_ids():
        states[Stage.DATA] = StageState.DONE
    for stage, kind in _KINDS.items():
        mine = [job for job in jobs if job.request.kind is kind]
        if any(not job.state.is_ended for job in mine):
            states[stage] = StageState.RUNNING
        elif kind in kinds or any(job.state is JobState.DONE for job in mine):
            states[stage] = StageState.DONE
    if JobKind.RESTORE in kinds and Stage.CHECK in visited:
        restored = [result for result in results if result.kind == JobKind.RESTORE]
        has_warning = any(result.warnings for result in restored)
        states[Stage.CHECK] = StageState.WARNING if has_warning else StageState.DONE
    return states
