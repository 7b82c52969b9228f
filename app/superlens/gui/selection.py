"""What the user looks at: the chosen image and its newest restoration, read in the background."""

from functools import partial

from PySide6.QtCore import QObject, Signal

from superlens.core.cards import ModelCard
from superlens.core.jobs import JobKind
from superlens.core.records import ImageRecord, ResultRecord
from superlens.gui.reading import Answer, BackgroundReader
from superlens.gui.viewer.comparison import RestoredRun, open_run
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench


class Selection(QObject):
    """The image that all stages are about.

    Signals:
        image_changed(ImageRecord | None): another image was chosen, or its record changed.
        run_changed(RestoredRun | None): its restoration was opened; None while there is none.
        failed(ErrorInfo): the restoration could not be opened.
    """

    image_changed = Signal(object)
    run_changed = Signal(object)
    failed = Signal(object)

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._image: ImageRecord | None = None
        self._run: RestoredRun | None = None
        self._reader = BackgroundReader(self)
        self._reader.answered.connect(self._take_run)
        workbench.project_changed.connect(self._follow_project)
        self._follow_project(workbench.project)

    @property
    def image(self) -> ImageRecord | None:
        """The chosen image."""
        return self._image

    @property
    def run(self) -> RestoredRun | None:
        """Its newest restoration, once it is read."""
        return self._run

    @property
    def card(self) -> ModelCard | None:
        """The card of the model that made the restoration, if it is installed."""
        if self._run is None:
            return None
        wanted = self._run.request.model.id
        return next((m.card for m in self._workbench.models if m.card.id == wanted), None)

    def choose(self, image_id: str) -> None:
        """Choose an image of the open project."""
        project = self._workbench.project
        if project is None or (self._image is not None and self._image.id == image_id):
            return
        self._image = project.image(image_id)
        self._set_run(None)
        self.image_changed.emit(self._image)
        self._open_newest_run()

    def shutdown(self) -> None:
        """Stop reading."""
        self._reader.shutdown()

    def _follow_project(self, project: Project | None) -> None:
        self._image = None
        self._set_run(None)
        self.image_changed.emit(None)
        if project is None:
            return
        project.image_added.connect(self._image_added)
        project.image_changed.connect(self._image_edited)
        project.image_removed.connect(self._image_removed)
        project.result_added.connect(self._result_added)
        if project.images():
            self.choose(project.images()[0].id)

    def _image_added(self, image: ImageRecord) -> None:
        if self._image is None:
            self.choose(image.id)

    def _image_edited(self, image: ImageRecord) -> None:
        if self._image is not None and image.id == self._image.id:
            self._image = image
            self.image_changed.emit(image)

    def _image_removed(self, image_id: str) -> None:
        project = self._workbench.project
        if self._image is None or self._image.id != image_id or project is None:
            return
        self._image = None
        self._set_run(None)
        left = project.images()
        if left:
            self.choose(left[0].id)
        else:
            self.image_changed.emit(None)

    def _result_added(self, result: ResultRecord) -> None:
        project = self._workbench.project
        if self._image is None or project is None or result.kind != JobKind.RESTORE:
            return
        if self._image.id in project.images_of_result(result.job_id):
            self._open_newest_run()

    def _open_newest_run(self) -> None:
        project = self._workbench.project
        if project is None or self._image is None:
            return
        results = [r for r in project.results_of(self._image.id) if r.kind == JobKind.RESTORE]
        if results:
            self._reader.ask("run", partial(open_run, results[-1].folder))

    def _take_run(self, answer: Answer) -> None:
        if answer.error is not None:
            self.failed.emit(answer.error)
        else:
            self._set_run(answer.value)

    def _set_run(self, run: RestoredRun | None) -> None:
        self._reader.forget("run")
        if run is not self._run:
            self._run = run
            self.run_changed.emit(run)
