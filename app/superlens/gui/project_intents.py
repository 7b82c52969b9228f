"""What the user asks of the project as a whole and of selected images; dialogs are opened here."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from superlens.core.errors import ErrorInfo, SuperlensError, describe_error
from superlens.core.jobs import JobKind
from superlens.core.records import ImageRecord
from superlens.gui.widgets.chip import ChipState
from superlens.gui.widgets.message_bar import Message
from superlens.gui.words import plural
from superlens.io.missing_files import Search
from superlens.workbench.folder_watch import FolderWatch
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench


class ProjectIntents(QObject):
    """Labels, missing files, blinding, trash and watching of the open project.

    Signals:
        failed(ErrorInfo): something could not be done.
        told(Message, Callable | None): something to be said, with what its action does.
        watch_changed(FolderWatch | None): watching began or ended, or another project is open.
    """

    failed = Signal(object)
    told = Signal(object, object)
    watch_changed = Signal(object)

    def __init__(self, workbench: Workbench, window: QWidget) -> None:
        super().__init__(window)
        self._workbench, self._window = workbench, window
        self._watch: FolderWatch | None = None
        workbench.project_changed.connect(self._follow_project)
        self._follow_project(workbench.project)

    @property
    def watch(self) -> FolderWatch | None:
        """The watch of the open project; None without one that can be written."""
        return self._watch

    @property
    def is_writable(self) -> bool:
        """Whether a project is open and can be changed."""
        return self._watch is not None

    @property
    def has_missing(self) -> bool:
        """Whether files of the project are missing."""
        project = self._workbench.project
        return self.is_writable and project is not None and bool(project.links.missing())

    @property
    def is_blinded(self) -> bool:
        """Whether names are hidden."""
        project = self._workbench.project
        return project is not None and project.names.is_blinded

    def shutdown(self) -> None:
        """End the watch; the next session goes on with it."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def edit_labels(self, image_ids: Sequence[str]) -> None:
        """Edit role, well, tags and note of images."""
        from superlens.gui.project.labels_dialog import LabelsDialog

        project = self._workbench.project
        if project is None or not image_ids or not self.is_writable:
            return
        images = [project.image(image_id) for image_id in image_ids]
        title = project.names.of_image(images[0])
        dialog = LabelsDialog(images, title, self._window, is_blinded=project.names.is_blinded)
        dialog.accepted.connect(lambda: self._save(dialog.edited()))
        _show(dialog)

    def remove_images(self, image_ids: Sequence[str]) -> None:
        """Take images out of the project; their files stay."""
        project = self._workbench.project
        if project is None:
            return
        try:
            for image_id in image_ids:
                project.remove_image(image_id)
        except SuperlensError as error:
            self.failed.emit(describe_error(error))

    def remove_results(self, image_ids: Sequence[str]) -> None:
        """Put the super-resolutions of images into the trash."""
        project = self._workbench.project
        if project is None:
            return
        found = {
            result.job_id
            for image_id in image_ids
            for result in project.results_of(image_id)
            if result.kind == JobKind.RESTORE
        }
        try:
            for job_id in found:
                project.remove_result(job_id)
        except SuperlensError as error:
            self.failed.emit(describe_error(error))
            return
        if found:
            words = f"{plural(len(found), 'result')} moved to the trash"
            message = Message(ChipState.INFO, words, "", action="Open trash")
            self.told.emit(message, self.open_trash)

    def find_missing(self) -> None:
        """Ask for a folder and look there for missing files."""
        project = self._workbench.project
        if project is None:
            return
        name = QFileDialog.getExistingDirectory(self._window, "Find missing files in")
        if name:
            self.search(Path(name))

    def search(self, folder: Path) -> None:
        """Look for missing files below a folder; what is found is offered."""
        project = self._workbench.project
        if project is not None:
            count = len(project.links.missing())
            words = f"Looking for {plural(count, 'missing file')} in {folder.name}"
            self.told.emit(Message(ChipState.INFO, words), None)
            project.links.find_missing(folder)

    def toggle_blinding(self) -> None:
        """Hide all names, or ask for a reason and show them again."""
        from superlens.gui.project.unblind_dialog import UnblindDialog

        project = self._workbench.project
        if project is None:
            return
        if not project.names.is_blinded:
            try:
                project.names.blind()
            except SuperlensError as error:
                self.failed.emit(describe_error(error))
            return
        dialog = UnblindDialog(self._window)
        dialog.accepted.connect(lambda: self.unblind(dialog.reason.text()))
        _show(dialog)

    def unblind(self, reason: str) -> None:
        """Show all names again."""
        project = self._workbench.project
        if project is None:
            return
        try:
            project.names.unblind(reason)
        except SuperlensError as error:
            self.failed.emit(describe_error(error))

    def open_trash(self) -> None:
        """Show the trash of the project."""
        from superlens.gui.project.trash_dialog import TrashDialog

        if self._workbench.project is not None:
            _show(TrashDialog(self._workbench.project, self._window))

    def open_watch(self) -> None:
        """Show which folder is watched, and what could not be used."""
        from superlens.gui.project.watch_dialog import WatchDialog

        if self._watch is not None:
            _show(WatchDialog(self._watch, self._workbench.models, self._window))

    def _save(self, images: Sequence[ImageRecord]) -> None:
        project = self._workbench.project
        if project is None or not images:
            return
        try:
            project.update_image(*images)
        except SuperlensError as error:
            self.failed.emit(describe_error(error))

    def _follow_project(self, project: Project | None) -> None:
        self.shutdown()
        if project is not None and not project.read_only_reason:
            watch = FolderWatch(project, self._workbench.jobs, lambda: self._workbench.models)
            watch.changed.connect(self._tell_watch)
            watch.refused.connect(self._tell_refused)
            watch.failed.connect(self.failed)
            self._watch = watch
            watch.resume()
        if project is not None:
            project.links.searched.connect(self._offer_found)
        self._tell_watch()

    def _tell_watch(self) -> None:
        self.watch_changed.emit(self._watch)

    def _tell_refused(self, path: str, error: ErrorInfo) -> None:
        message = Message(
            ChipState.WARN,
            f"{Path(path).name} was not imported",
            error.title,
            error.detail,
            "Show list",
        )
        self.told.emit(message, self.open_watch)

    def _offer_found(self, search: Search) -> None:
        project = self._workbench.project
        if project is None:
            return
        total = len(search.found) + len(search.not_found)
        if not search.found:
            advice = (
                f"{plural(len(search.changed), 'file')} of the same name holds something else"
                if search.changed
                else "Choose another folder"
            )
            words = f"None of {plural(total, 'missing file')} is there"
            message = Message(ChipState.WARN, words, advice, action="Choose…")
            self.told.emit(message, self.find_missing)
            return
        message = Message(
            ChipState.OK,
            f"{len(search.found)} of {plural(total, 'missing file')} found",
            "They have the same content as when they were imported",
            action="Link them",
        )
        self.told.emit(message, lambda: self._relink(project, search))

    def _relink(self, project: Project, search: Search) -> None:
        try:
            project.links.relink(search.found)
        except SuperlensError as error:
            self.failed.emit(describe_error(error))
            return
        words = f"{plural(len(search.found), 'file')} linked again"
        self.told.emit(Message(ChipState.OK, words), None)


def _show(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
