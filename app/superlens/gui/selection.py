"""What the user looks at: a scene of an image and its newest restoration, read in a thread."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal

from superlens.core.cards import ModelCard
from superlens.core.errors import SuperlensError
from superlens.core.jobs import JobKind, JobRecord, RestoreRequest
from superlens.core.records import ImageRecord, ResultRecord, SceneInfo
from superlens.gui.reading import Answer, BackgroundReader
from superlens.gui.viewer.comparison import RestoredRun, open_run
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench


class Selection(QObject):
    """The scene of an image that all stages are about.

    Signals:
        image_changed(ImageRecord | None): another image was chosen, with its first scene, or its
            record changed.
        scene_changed(int): another scene of the same image was chosen, counted from 0.
        run_changed(RestoredRun | None): its restoration was opened; None while there is none.
        failed(ErrorInfo): the restoration could not be opened.
    """

    image_changed = Signal(object)
    scene_changed = Signal(int)
    run_changed = Signal(object)
    failed = Signal(object)

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._image: ImageRecord | None = None
        self._scene = 0
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
    def shown(self) -> ImageRecord | None:
        """The chosen image as it may be shown, with codes where names are hidden."""
        project = self._workbench.project
        if self._image is None or project is None:
            return None
        return project.names.shown(self._image)

    @property
    def scene(self) -> int:
        """Number of the chosen scene of the image, counted from 0."""
        return self._scene

    @property
    def scene_info(self) -> SceneInfo | None:
        """What the chosen scene is."""
        return None if self._image is None else self._image.info.scenes[self._scene]

    @property
    def run(self) -> RestoredRun | None:
        """The newest restoration of the scene, once it is read."""
        return self._run

    @property
    def restoring(self) -> JobRecord | None:
        """The newest restoration of the scene that has not ended."""
        if self._image is None:
            return None
        jobs = self._workbench.jobs
        for job in reversed(jobs.jobs()):
            request = job.request
            if isinstance(request, RestoreRequest) and not job.state.is_ended:
                is_scene = request.input.scene == self._scene
                if is_scene and self._image.id in jobs.images_of(job.id):
                    return job
        return None

    @property
    def card(self) -> ModelCard | None:
        """The card of the model that made the restoration: the run's own, else an installed one."""
        if self._run is None:
            return None
        if self._run.card is not None:
            return self._run.card
        wanted = self._run.request.model.id
        return next((m.card for m in self._workbench.models if m.card.id == wanted), None)

    def choose(self, image_id: str) -> None:
        """Choose an image of the open project."""
        project = self._workbench.project
        if project is None or (self._image is not None and self._image.id == image_id):
            return
        self._look_at(project.image(image_id))

    def choose_scene(self, scene: int) -> None:
        """Choose a scene of the chosen image; a number that it has not is not taken."""
        image = self._image
        if image is None or scene == self._scene or scene not in image.chosen_scenes:
            return
        self._look_at(image, scene)

    def shutdown(self) -> None:
        """Stop reading."""
        self._reader.shutdown()

    def _follow_project(self, project: Project | None) -> None:
        self._look_at(None)
        if project is None:
            return
        project.image_added.connect(self._image_added)
        project.image_changed.connect(self._image_edited)
        project.image_removed.connect(self._image_removed)
        project.result_added.connect(self._result_added)
        project.names.changed.connect(self._names_changed)
        if project.image_ids():
            self.choose(project.image_ids()[0])

    def _image_added(self, image: ImageRecord) -> None:
        if self._image is None:
            self.choose(image.id)

    def _image_edited(self, image: ImageRecord) -> None:
        if self._image is not None and image.id == self._image.id:
            self._image = image
            self.image_changed.emit(image)

    def _names_changed(self) -> None:
        self.image_changed.emit(self._image)

    def _image_removed(self, image_id: str) -> None:
        project = self._workbench.project
        if self._image is None or self._image.id != image_id or project is None:
            return
        left = project.image_ids()
        self._look_at(project.image(left[0]) if left else None)

    def _result_added(self, result: ResultRecord) -> None:
        project = self._workbench.project
        if self._image is None or project is None or result.kind != JobKind.RESTORE:
            return
        if self._image.id in project.images_of_result(result.job_id):
            self._open_newest_run()

    def _look_at(self, image: ImageRecord | None, scene: int | None = None) -> None:
        """Move on, to the first scene where none is told.

        Nobody hears of the new scene while the old restoration still stands.
        """
        is_other_image = image is None or self._image is None or image.id != self._image.id
        had_run = self._run is not None
        self._reader.forget("run")
        first = image.chosen_scenes[0] if image is not None else 0
        scene = first if scene is None else scene
        self._image, self._scene, self._run = image, scene, None
        if is_other_image:
            self.image_changed.emit(image)
        else:
            self.scene_changed.emit(scene)
        if had_run:
            self.run_changed.emit(None)
        self._open_newest_run()

    def _open_newest_run(self) -> None:
        project = self._workbench.project
        if project is None or self._image is None:
            return
        results = project.results_of(self._image.id)
        folders = [r.folder for r in reversed(results) if r.kind == JobKind.RESTORE]
        if folders:
            self._reader.ask("run", partial(open_newest_run, folders, self._scene))

    def _take_run(self, answer: Answer) -> None:
        if answer.error is not None:
            self.failed.emit(answer.error)
        else:
            self._set_run(answer.value)

    def _set_run(self, run: RestoredRun | None) -> None:
        self._reader.forget("run")
        if run != self._run:
            self._run = run
            self.run_changed.emit(run)


def open_newest_run(folders: Sequence[str], scene: int) -> RestoredRun | None:
    """Open the first run that restored a scene, or give None; called in a reading thread.

    A folder that cannot be read may be of any scene, so it is passed over while others are left.

    Args:
        folders: run folders of restorations of one image, the newest first.
        scene: number of the scene, counted from 0.

    Raises:
        SuperlensError: none of them is of the scene, and one could not be read.
    """
    unread: SuperlensError | None = None
    for folder in folders:
        try:
            run = open_run(folder)
        except SuperlensError as error:
            unread = unread or error
            continue
        if run.request.input.scene == scene:
            return run
    if unread is not None:
        raise unread
    return None
