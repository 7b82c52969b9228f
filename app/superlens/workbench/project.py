"""A project: images linked from anywhere, results attached to them, one folder, one database.

QtCore only; files are probed in the cpu lane and hashed in a thread pool, never here.
"""

import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from superlens.core.errors import ProjectLocked, SuperlensError, describe_error
from superlens.core.jobs import InputImage, JobKind, JobRecord, JobState
from superlens.core.records import FileIdentity, ImageRecord, ResultRecord
from superlens.core.units import PixelSizeOrigin
from superlens.io.run_inputs import input_hashes
from superlens.io.store import AttachedResult, ProjectStore
from superlens.workbench.imports import ImageImports
from superlens.workbench.jobs import JobQueue
from superlens.workbench.links import LinkState, require_unchanged
from superlens.workbench.places import ProjectPlaces
from superlens.workbench.project_images import ProjectImages
from superlens.workbench.project_links import ProjectLinks
from superlens.workbench.project_names import ProjectNames
from superlens.workbench.project_plates import ProjectPlates
from superlens.workbench.project_trash import ProjectTrash
from superlens.workbench.requests import inputs_of, new_run_folder, run_folder_of

logger = logging.getLogger(__name__)

_TIDY_AFTER_MS = 10_000
"""So long after opening nobody waits for the disk any more."""


class Project(QObject):
    """The images and results of the open project.

    Attributes (read only): `links: ProjectLinks` (missing and moved files), `plates:
    ProjectPlates`, `names: ProjectNames` (blinding), `trash: ProjectTrash`.

    Signals:
        import_started(str): the path of a file that is being read; `image_added` or `import_failed`
            follows.
        import_failed(str, ErrorInfo): the path of a file that was not taken, and why.
        imports_finished(): every file that was added so far is in the project or was refused; small
            pictures may follow.
        thumbnail_made(str id): the small pictures of an image were made.
        image_added(ImageRecord), image_changed(ImageRecord), image_removed(str id).
        result_added(ResultRecord): a run was attached (its `folder` is absolute); whose it is, says
            `images_of_result`.
        result_removed(str job_id): a result went into the trash.
        save_failed(ErrorInfo): a result could not be written into the project; its run folder
            stands.
    """

    import_started = Signal(str)
    import_failed = Signal(str, object)
    imports_finished = Signal()
    thumbnail_made = Signal(str)
    image_added = Signal(object)
    image_changed = Signal(object)
    image_removed = Signal(str)
    result_added = Signal(object)
    result_removed = Signal(str)
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
        self._images = ProjectImages(store)
        self._results: dict[str, AttachedResult] = {}
        self._results_by_image: dict[str, list[str]] = {}
        self._imports = ImageImports(self._places, jobs, self._path_of_twin, self)
        is_read_only = bool(store.read_only_reason)
        self.links = ProjectLinks(self._images, self._places, self._imports, is_read_only, self)
        self.plates = ProjectPlates(store, self._images, self)
        self.names = ProjectNames(store, self._images, self.path_of, self)
        self.trash = ProjectTrash(store, self._attach_saved, self)
        self._connect()
        if not is_read_only:
            for job_id in self.trash.settle(self._images):
                jobs.forget(job_id)
        for item in store.results():
            self._keep(item)
        if not is_read_only:
            self._attach_unsaved()
            QTimer.singleShot(_TIDY_AFTER_MS, self, partial(self._tidy, time.time()))
        self.links.look()

    @property
    def read_only_reason(self) -> str:
        """Why nothing can be changed, as a sentence; empty in the one window that writes."""
        return self._store.read_only_reason

    @property
    def folder(self) -> Path:
        """The project folder, absolute."""
        return self._store.folder

    @property
    def name(self) -> str:
        """What the window calls the project: the name of its folder."""
        return self.folder.name

    def image_ids(self) -> tuple[str, ...]:
        """Give the ids of all images in the order of import; no record is read for them."""
        return self._images.ids

    def images(self) -> tuple[ImageRecord, ...]:
        """Give all images in the order of import; each record is read, which takes its time."""
        return self._images.all()

    def image(self, image_id: str) -> ImageRecord:
        """Give one image; `KeyError` if there is none of this id."""
        return self._images.get(image_id)

    def image_with_content(self, identity: FileIdentity) -> str | None:
        """Give the id of the image whose file has the same content, or None."""
        twin = self._images.twin_of(identity)
        return None if twin is None else twin.id

    def path_of(self, record: ImageRecord) -> Path:
        """Give the absolute path of an image's file, there or not."""
        return self._places.absolute(record.path)

    def link_state(self, image_id: str) -> LinkState:
        """Say whether an image's file is there and unchanged, as of the last look."""
        return self.links.state(image_id)

    def input_of(self, image_id: str, scene: int = 0, channel: int | None = None) -> InputImage:
        """Give a scene of an image as the input of a job.

        Raises:
            MissingFile: its file is not there.
            InvalidInput: its file changed since it was imported.
        """
        image = self.image(image_id)
        path = self.path_of(image)
        require_unchanged(image, path)
        sizes = image.info.scenes[scene].pixel_sizes
        entered = sizes.x if sizes.origin is PixelSizeOrigin.VERIFIED else None
        return InputImage(str(path), scene, channel, image.sha256, entered, image.axes)

    def thumbnail(self, image_id: str, scene: int = 0) -> Path | None:
        """Give the small picture (PNG) of a scene, or None while there is none."""
        path = self._places.cache_of(image_id) / f"scene-{scene}.png"
        return path if path.is_file() else None

    def add_files(self, paths: Sequence[Path]) -> None:
        """Import files, and the image files in folders; signals say what became of each.

        A file whose size and quick hash equal those of an image of the project is refused.
        """
        if not self.read_only_reason:
            self._imports.add(paths)
            return
        error = ProjectLocked("The project is open for reading only", self.read_only_reason)
        for path in paths:
            self.import_failed.emit(str(path), describe_error(error))
        self.imports_finished.emit()

    def add_images(self, images: Sequence[ImageRecord]) -> None:
        """Take in images whose files were read already; see `ImportSurvey`.

        All or none; `image_added` or `import_failed` follows for each.
        """
        self._take_in_all(images)

    def pending_imports(self) -> int:
        """Give the number of files that are being read; 0 while they are only being listed."""
        return self._imports.count

    def update_image(self, *records: ImageRecord) -> None:
        """Save changed roles, wells, tags, notes or pixel sizes of images, all or none.

        Raises:
            SuperlensError: it could not be saved; nothing changed.
        """
        self._images.update(records)
        for record in records:
            self.image_changed.emit(record)

    def remove_image(self, image_id: str) -> None:
        """Forget an image; its file and its finished runs stay on disk.

        Raises:
            SuperlensError: it could not be saved; nothing changed.
        """
        self._images.remove(image_id)
        self.links.forget(image_id)
        shutil.rmtree(self._places.cache_of(image_id), ignore_errors=True)
        self.image_removed.emit(image_id)

    def results(self) -> tuple[ResultRecord, ...]:
        """Give all results, oldest first; folders are absolute."""
        return tuple(self._with_place(item.result) for item in self._results.values())

    def results_of(self, image_id: str) -> tuple[ResultRecord, ...]:
        """Give the results that belong to an image, oldest first; folders are absolute."""
        found = self._results_by_image.get(image_id, ())
        return tuple(self._with_place(self._results[job_id].result) for job_id in found)

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
        self._keep(AttachedResult(image_ids, saved))
        self.result_added.emit(self._with_place(saved))

    def remove_result(self, job_id: str) -> None:
        """Put a result into the trash; `trash.restore` brings it back.

        Raises:
            SuperlensError: its files could not be moved, or the removal not saved.
        """
        self.trash.take_in(self._results[job_id])
        removed = self._results.pop(job_id)
        for image_id in removed.image_ids:
            self._results_by_image[image_id].remove(job_id)
        self._jobs.forget(job_id)
        self.result_removed.emit(job_id)

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

    def _connect(self) -> None:
        self._imports.started.connect(self.import_started)
        self._imports.failed.connect(self.import_failed)
        self._imports.finished.connect(self.imports_finished)
        self._imports.images_read.connect(self._take_in_all)
        self._imports.thumbnail_made.connect(self.thumbnail_made)
        self.links.image_changed.connect(self.image_changed)
        self.plates.image_changed.connect(self.image_changed)
        self._jobs.job_ended.connect(self._note_ended_job)

    def _attach_unsaved(self) -> None:
        """Take in what was done just before a crash, or could not be saved in its time."""
        for job in self._jobs.jobs():
            if job.id not in self._results:
                self._note_ended_job(job)

    def _tidy(self, opened_s: float) -> None:
        self._imports.clear_leftovers(self._images.ids, opened_s)

    def _keep(self, item: AttachedResult) -> None:
        self._results[item.result.job_id] = item
        for image_id in item.image_ids:
            self._results_by_image.setdefault(image_id, []).append(item.result.job_id)

    def _attach_saved(self, result: ResultRecord, image_ids: tuple[str, ...]) -> None:
        known = tuple(image_id for image_id in image_ids if image_id in self._images)
        self._store.add_result(known, result)
        self._keep(AttachedResult(known, result))
        self.result_added.emit(self._with_place(result))

    def _path_of_twin(self, identity: FileIdentity) -> str | None:
        twin = self._images.twin_of(identity)
        return None if twin is None else str(self.path_of(twin))

    def _take_in_all(self, images: Sequence[ImageRecord]) -> None:
        try:
            self._images.add(*images)
        except SuperlensError as error:
            logger.exception("%d images were not written into the project", len(images))
            for image in images:
                self.import_failed.emit(str(self.path_of(image)), describe_error(error))
            return
        for image in images:
            self.image_added.emit(image)
            if self.thumbnail(image.id) is None:
                self._imports.make_thumbnail(image)

    def _note_ended_job(self, job: JobRecord) -> None:
        # What an export writes lies in a folder of the user and is no part of the project.
        leaves_none = job.request.kind in (JobKind.THUMBNAIL, JobKind.EXPORT)
        if job.state is JobState.DONE and job.result is not None and not leaves_none:
            image_ids = tuple(item for item in self._images_of_job(job) if item in self._images)
            self.attach(job.result, image_ids)
            self._keep_hashes(job.result, image_ids)

    def _keep_hashes(self, result: ResultRecord, image_ids: tuple[str, ...]) -> None:
        """Save what the first job that read all of a file found its hash to be."""
        images = [self._images.get(image_id) for image_id in image_ids]
        unknown = [image for image in images if image.sha256 is None]
        if not unknown:
            return
        hashes = input_hashes(Path(result.folder))
        known = [
            replace(image, sha256=hashes[str(self.path_of(image))])
            for image in unknown
            if str(self.path_of(image)) in hashes
        ]
        try:
            if known:
                self.update_image(*known)
        except SuperlensError as error:
            logger.warning("The hashes of %d files were not saved: %s", len(known), error.sentence)

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
