"""A project: images linked from anywhere, results attached to them, one folder, one database.

QtCore only; files are probed in the cpu lane and hashed in a thread pool, never here.
"""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from superlens.core.errors import SuperlensError, describe_error
from superlens.core.jobs import JobKind, JobRecord, JobState
from superlens.core.records import FileIdentity, ImageRecord, ResultRecord
from superlens.io.store import AttachedResult, ProjectStore
from superlens.workbench.imports import ImageImports, content_of
from superlens.workbench.intake import LinkState
from superlens.workbench.jobs import JobQueue
from superlens.workbench.places import ProjectPlaces
from superlens.workbench.requests import inputs_of, new_run_folder, run_folder_of

logger = logging.getLogger(__name__)


class Project(QObject):
    """The images and results of the open project.

    Signals:
        import_started(str): the path of a file that is being read; `image_added` or `import_failed`
            follows.
        import_failed(str, ErrorInfo): the path of a file that was not taken, and why.
        imports_finished(): every file that was added so far is in the project or was refused.
        image_added(ImageRecord), image_changed(ImageRecord), image_removed(str id).
        result_added(ResultRecord): a run was attached (its `folder` is absolute); whose it is, says
            `images_of_result`.
        save_failed(ErrorInfo): a result could not be written into the project; its run folder
            stands.
    """

    import_started = Signal(str)
    import_failed = Signal(str, object)
    imports_finished = Signal()
    image_added = Signal(object)
    image_changed = Signal(object)
    image_removed = Signal(str)
    result_added = Signal(object)
    save_failed = Signal(object)

    def __init__(self, store: ProjectStore, jobs: JobQueue, parent: QObject | None = None) -> None:
        """Read what an open store holds and look after its files.

        Args:
            store: closed by whoever opened it, after `close()`.
            jobs: the queue that reads the files; it tells of results.
            parent: owner of the object.
        """
        super().__init__(parent)
        self._store = store
        self._jobs = jobs
        self._places = ProjectPlaces(store.folder)
        self._images = {record.id: record for record in store.images()}
        self._contents = {content_of(record.identity): record for record in self._images.values()}
        self._results = {item.result.job_id: item for item in store.results()}
        self._links: dict[str, LinkState] = {}
        self._imports = ImageImports(self._places, jobs, self._path_of_twin, self)
        self._imports.started.connect(self.import_started)
        self._imports.failed.connect(self.import_failed)
        self._imports.finished.connect(self.imports_finished)
        self._imports.image_read.connect(self._take_in)
        self._imports.thumbnail_made.connect(self._note_thumbnail)
        self._imports.link_seen.connect(self._note_link)
        jobs.job_ended.connect(self._note_ended_job)
        self._imports.look_at_links(self.images())
        # What was done just before a crash, or could not be saved in its time.
        for job in jobs.jobs():
            if job.id not in self._results:
                self._note_ended_job(job)

    @property
    def folder(self) -> Path:
        """The project folder, absolute."""
        return self._store.folder

    @property
    def name(self) -> str:
        """What the window calls the project: the name of its folder."""
        return self.folder.name

    def images(self) -> tuple[ImageRecord, ...]:
        """Give all images in the order of import."""
        return tuple(self._images.values())

    def image(self, image_id: str) -> ImageRecord:
        """Give one image; `KeyError` if there is none of this id."""
        return self._images[image_id]

    def path_of(self, record: ImageRecord) -> Path:
        """Give the absolute path of an image's file, there or not."""
        return self._places.absolute(record.path)

    def link_state(self, image_id: str) -> LinkState:
        """Say whether an image's file is there and unchanged, as of the last look."""
        return self._links.get(image_id, LinkState.PRESENT)

    def thumbnail(self, image_id: str, scene: int = 0) -> Path | None:
        """Give the small picture (PNG) of a scene, or None while there is none."""
        path = self._places.cache_of(image_id) / f"scene-{scene}.png"
        return path if path.is_file() else None

    def add_files(self, paths: Sequence[Path]) -> None:
        """Import files, and the image files in folders; signals say what became of each.

        A file whose size and quick hash equal those of an image of the project is refused.
        """
        self._imports.add(paths)

    def pending_imports(self) -> int:
        """Give the number of files that are being read; 0 while they are only being listed."""
        return self._imports.count

    def update_image(self, record: ImageRecord) -> None:
        """Save a changed role, well, tag or pixel size of an image.

        Raises:
            SuperlensError: it could not be saved; nothing changed.
        """
        self._store.update_image(record)
        self._images[record.id] = record
        self.image_changed.emit(record)

    def remove_image(self, image_id: str) -> None:
        """Forget an image; its file and its finished runs stay on disk.

        Raises:
            SuperlensError: it could not be saved; nothing changed.
        """
        self._store.remove_image(image_id)
        removed = self._images.pop(image_id)
        self._contents.pop(content_of(removed.identity), None)
        self._links.pop(image_id, None)
        shutil.rmtree(self._places.cache_of(image_id), ignore_errors=True)
        self.image_removed.emit(image_id)

    def results(self) -> tuple[ResultRecord, ...]:
        """Give all results, oldest first; folders are absolute."""
        return tuple(self._with_place(item.result) for item in self._results.values())

    def results_of(self, image_id: str) -> tuple[ResultRecord, ...]:
        """Give the results that belong to an image, oldest first; folders are absolute."""
        return tuple(
            self._with_place(item.result)
            for item in self._results.values()
            if image_id in item.image_ids
        )

    def images_of_result(self, job_id: str) -> tuple[str, ...]:
        """Give the ids of the images that a result belongs to."""
        return self._results[job_id].image_ids

    def attach(self, result: ResultRecord, image_ids: tuple[str, ...]) -> None:
        """Take in a finished run: of these images, or of the project as a whole with none."""
        saved = replace(result, folder=self._places.portable(Path(result.folder)))
        try:
            self._store.add_result(image_ids, saved)
        except SuperlensError as error:
            logger.exception("A result was not written into the project")
            self.save_failed.emit(describe_error(error))
        self._results[saved.job_id] = AttachedResult(image_ids, saved)
        self.result_added.emit(self._with_place(saved))

    def new_run_folder(self, stem: str) -> Path:
        """Give a run folder `<project>/results/<stem>-<n>` that no run and no waiting job uses."""
        planned = (run_folder_of(job.request) for job in self._jobs.jobs())
        taken = {folder for folder in planned if folder is not None}
        return new_run_folder(self._places.results, stem, taken)

    def close(self) -> None:
        """Stop reading files; nothing is signalled afterwards."""
        self.blockSignals(True)
        self._imports.close()
        self._jobs.job_ended.disconnect(self._note_ended_job)

    def _path_of_twin(self, identity: FileIdentity) -> str | None:
        twin = self._contents.get(content_of(identity))
        return None if twin is None else twin.path

    def _take_in(self, image: ImageRecord) -> None:
        try:
            self._store.add_image(image)
        except SuperlensError as error:
            logger.exception("An image was not written into the project")
            self.import_failed.emit(str(self.path_of(image)), describe_error(error))
            return
        self._images[image.id] = image
        self._contents[content_of(image.identity)] = image
        self.image_added.emit(image)

    def _note_link(self, image_id: str, state: LinkState) -> None:
        image = self._images.get(image_id)
        if image is None:
            return
        self._links[image_id] = state
        if state is not LinkState.PRESENT:
            self.image_changed.emit(image)
        elif self.thumbnail(image_id) is None:
            self._imports.remake_thumbnail(image)

    def _note_thumbnail(self, image_id: str) -> None:
        if image_id in self._images:
            self.image_changed.emit(self._images[image_id])

    def _note_ended_job(self, job: JobRecord) -> None:
        is_thumbnail = job.request.kind is JobKind.THUMBNAIL
        if job.state is JobState.DONE and job.result is not None and not is_thumbnail:
            image_ids = (item for item in self._images_of_job(job) if item in self._images)
            self.attach(job.result, tuple(image_ids))

    def _images_of_job(self, job: JobRecord) -> tuple[str, ...]:
        """Give what a job was about: as submitted, or else by the files that it reads."""
        told = self._jobs.images_of(job.id)
        if told:
            return told
        paths, runs = inputs_of(job.request)
        by_file = [image.id for image in self.images() if self.path_of(image) in paths]
        by_run = [
            image_id
            for item in self._results.values()
            if self._places.absolute(item.result.folder) in runs
            for image_id in item.image_ids
        ]
        return tuple(dict.fromkeys((*by_file, *by_run)))

    def _with_place(self, result: ResultRecord) -> ResultRecord:
        return replace(result, folder=str(self._places.absolute(result.folder)))
