"""The main window: arranges menu row, stage bar, message bar, pages and status line."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from superlens.core.errors import ErrorInfo, SuperlensError, describe_error
from superlens.core.jobs import JobKind, JobRecord, JobState, Lane
from superlens.core.messages import Ready
from superlens.gui.actions import ActionRegistry
from superlens.gui.drops import local_paths, plate_map_in, project_in, runs_in
from superlens.gui.menus import MenuRow, fill_menus
from superlens.gui.pages.start_page import StartPage
from superlens.gui.stage_bar import Stage, StageBar
from superlens.gui.status_line import StatusLine
from superlens.gui.theme.theme import WindowTheme
from superlens.gui.widgets.chip import ChipState
from superlens.gui.widgets.labels import paint_surface, rule
from superlens.gui.widgets.message_bar import Message, MessageBar, message_of
from superlens.gui.words import pixel_size_text, plural
from superlens.workbench.engine_link import EngineState
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench

if TYPE_CHECKING:
    from superlens.gui.workspace import Workspace

_DEFAULT_SIZE, _SMALLEST = (1440, 900), (1024, 640)
_PICTURES_AFTER_MS = 300
"""Pictures of samples are read once the window stands: the first one loads the TIFF library."""


class MainWindow(QMainWindow):
    """The one window of the application.

    What the start page shows is built at once; the workspace, with the plotting library that it
    needs, right after the first frame was painted, or when something asks for it.
    """

    def __init__(self, workbench: Workbench, theme: WindowTheme) -> None:
        super().__init__()
        self._workbench, self._theme = workbench, theme
        self._workspace: Workspace | None = None
        self._is_seen = False
        self.setWindowTitle("Superlens")
        self.setMinimumSize(*_SMALLEST)
        self.resize(*_DEFAULT_SIZE)
        self.setAcceptDrops(True)
        self.registry = ActionRegistry(self)
        self.stage_bar = StageBar()
        self.message_bar = MessageBar()
        self.start_page = StartPage()
        self.status_line = StatusLine()
        self.menu_row = MenuRow(self.registry, self)
        self._arrange()
        self._connect()
        self._restore_geometry()
        self._follow_project(workbench.project)

    @property
    def theme(self) -> WindowTheme:
        """The theme that the window shows."""
        return self._theme

    @property
    def workspace(self) -> "Workspace":
        """The pages of the stages, built when first asked for."""
        if self._workspace is None:
            with self._theme.undressed():
                self._workspace = self._build_workspace()
            self._connect_workspace(self._workspace)
        return self._workspace

    def closeEvent(self, event: QCloseEvent) -> None:
        geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        self._workbench.state.change(window_geometry=geometry)
        if self._workspace is not None:
            self._workspace.shutdown()
        self.start_page.shutdown()
        super().closeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._workspace is not None:
            self._workspace.follow_size(self.width(), self.height())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            self.start_page.drop_zone.set_hot(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.start_page.drop_zone.set_hot(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.start_page.drop_zone.set_hot(False)
        event.acceptProposedAction()
        self.open_paths(local_paths(event.mimeData()))

    def open_paths(self, paths: tuple[Path, ...]) -> None:
        """Open what was dropped or named: images, folders, a plate map, runs, a project."""
        intents = self.workspace.intents
        if not paths:
            self.message_bar.show_message(
                Message(
                    ChipState.WARN,
                    "The drop held no files of this computer",
                    "Save the images to a disk first, then drop them here",
                )
            )
        elif (plate := plate_map_in(paths)) is not None:
            self._workbench.ensure_project()
            self.workspace.flow.go(Stage.MEASURE)
            intents.plate_chosen.emit(plate)
        elif (folder := project_in(paths)) is not None:
            intents.open_project(folder)
        elif runs := runs_in(paths):
            intents.open_runs(runs)
            self.workspace.flow.go(Stage.CHECK)
        else:
            intents.take_paths(paths)

    def _arrange(self) -> None:
        holder = QWidget()
        paint_surface(holder, "window")
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.menu_row)
        column.addWidget(rule(holder))
        self._staged = QWidget()
        paint_surface(self._staged, "surface")
        staged = QVBoxLayout(self._staged)
        staged.setContentsMargins(0, 0, 0, 0)
        staged.setSpacing(0)
        staged.addWidget(self.stage_bar)
        staged.addWidget(rule(self._staged))
        column.addWidget(self._staged)
        column.addWidget(self.message_bar)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.start_page)
        column.addWidget(self._stack, 1)
        self._foot = QWidget()
        foot = QVBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(0)
        foot.addWidget(rule(self._foot))
        foot.addWidget(self.status_line)
        column.addWidget(self._foot)
        self.setCentralWidget(holder)
        # Without it the first control in the chain would wear the focus ring at the start.
        holder.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        holder.setFocus()

    def _connect(self) -> None:
        workbench = self._workbench
        workbench.project_changed.connect(self._follow_project)
        workbench.engine_ready.connect(self._engine_ready)
        workbench.engine_lost.connect(self._engine_lost)
        workbench.link(Lane.ACCELERATOR).state_changed.connect(self._show_engine)
        workbench.jobs.job_ended.connect(self._job_ended)
        workbench.jobs.jobs_offered.connect(self._offer_jobs)

    def _build_workspace(self) -> "Workspace":
        from superlens.gui.commands import register_commands
        from superlens.gui.workspace import Workspace

        workspace = Workspace(self._workbench, self)
        register_commands(
            self.registry, workspace, self._workbench, self._theme, self.menu_row.open_palette
        )
        fill_menus(self.menu_row, self.registry, self._workbench.state, self._open_path)
        self._stack.addWidget(workspace)
        workspace.flow.attach(self.stage_bar, workspace.staged_pages, self.registry)
        workspace.follow_size(self.width(), self.height())
        return workspace

    def _connect_workspace(self, workspace: "Workspace") -> None:
        workspace.intents.failed.connect(self.show_error)
        workspace.project_intents.failed.connect(self.show_error)
        workspace.project_intents.told.connect(self.message_bar.show_message)
        workspace.selection.failed.connect(self.show_error)
        workspace.measure.failed.connect(self.show_error)
        workspace.check.cursor_told.connect(self.status_line.show_cursor)
        workspace.selection.image_changed.connect(self._show_pixel_size)
        workspace.selection.scene_changed.connect(self._show_pixel_size)
        workspace.flow.stage_changed.connect(self._show_stage)
        self._theme.changed.connect(workspace.measure.redraw)
        start, intents = self.start_page, workspace.intents
        start.files_wanted.connect(intents.choose_files)
        start.folder_wanted.connect(intents.choose_folder)
        start.project_wanted.connect(intents.choose_project)
        start.recent_chosen.connect(intents.open_project)
        start.sample_chosen.connect(self._open_path)

    def show_error(self, error: ErrorInfo) -> None:
        """Tell a failure over the stage."""
        self.message_bar.show_message(message_of(error))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._is_seen:
            self._is_seen = True
            QTimer.singleShot(0, self._complete)

    def _complete(self) -> None:
        """Build what the first frame did not need."""
        self.workspace.update()
        QTimer.singleShot(_PICTURES_AFTER_MS, self.start_page.load_pictures)

    def _follow_project(self, project: Project | None) -> None:
        self._stack.setCurrentWidget(self.start_page if project is None else self.workspace)
        self._staged.setVisible(project is not None)
        self._foot.setVisible(project is not None)
        self.setWindowTitle(_window_title(project))
        self.start_page.show_recent(self._workbench.state.values.recent_projects)
        if project is not None:
            project.save_failed.connect(self.show_error)
            self._say_read_only(project)
        self.registry.refresh()

    def _say_read_only(self, project: Project) -> None:
        if project.read_only_reason:
            message = Message(
                ChipState.WARN,
                "This project can only be looked at",
                project.read_only_reason,
                action="Open for writing",
            )
            self.message_bar.show_message(message, self._take_over)

    def _take_over(self) -> None:
        try:
            self._workbench.take_over_project()
        except SuperlensError as error:
            self.show_error(describe_error(error))

    def _open_path(self, path: Path) -> None:
        self.open_paths((path,))

    def _engine_ready(self, ready: Ready) -> None:
        if ready.lane == Lane.ACCELERATOR:
            self.status_line.show_devices(ready)
            self.start_page.show_device(ready)

    def _engine_lost(self, lane: str, reason: str) -> None:
        is_down = self._workbench.link(Lane(lane)).state is EngineState.DOWN
        message = Message(
            ChipState.BAD,
            reason,
            "It stays down" if is_down else "It is started again; the queue and results are kept",
            action="Start again" if is_down else "",
        )
        self.message_bar.show_message(message, self._workbench.link(Lane(lane)).restart)

    def _show_engine(self, state: EngineState) -> None:
        self.status_line.show_engine(state, self._workbench.link(Lane.ACCELERATOR).reason)

    def _job_ended(self, job: JobRecord) -> None:
        is_import = job.request.kind is JobKind.THUMBNAIL  # told by the row of the file
        if job.state is JobState.FAILED and job.error is not None and not is_import:
            self.message_bar.show_message(message_of(job.error))
        if job.result is not None:
            self.status_line.show_used_device(job.result.device)

    def _offer_jobs(self, jobs: tuple[JobRecord, ...]) -> None:
        self.message_bar.show_message(
            Message(
                ChipState.INFO,
                f"{plural(len(jobs), 'job')} of the last session",
                "waited when the program was closed",
                action="Resume",
            ),
            self._workbench.jobs.resume_offered,
        )

    def _show_stage(self, stage: Stage) -> None:
        self.status_line.show_cursor("", "")
        self._show_pixel_size()

    def _show_pixel_size(self, *_: object) -> None:
        if self._workspace is None:
            return
        scene = self._workspace.selection.scene_info
        is_seen = self._workspace.flow.stage <= Stage.CHECK
        text = pixel_size_text(scene) if scene is not None and is_seen else ""
        self.status_line.show_pixel_size(text)

    def _restore_geometry(self) -> None:
        saved = self._workbench.state.values.window_geometry
        if saved:
            self.restoreGeometry(QByteArray.fromBase64(saved.encode()))


def _window_title(project: Project | None) -> str:
    if project is None:
        return "Superlens"
    note = " (read only)" if project.read_only_reason else ""
    return f"{project.name}{note} – Superlens"
