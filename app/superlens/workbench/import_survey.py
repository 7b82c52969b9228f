"""Files looked at before they are imported: listed, identified, read, and not yet in a project.

QtCore only. The engine reads; what it leaves lies where the project keeps it, so that a file that
is taken is not read twice, and is cleared away for every other.
"""

import shutil
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from superlens.core.errors import (
    ErrorInfo,
    SuperlensError,
    UnreadableFile,
    describe_error,
)
from superlens.core.jobs import JobKind, JobRecord, JobState, ThumbnailRequest
from superlens.core.records import FileIdentity, ImageInfo, ImageRecord
from superlens.io.codec import read_json
from superlens.workbench.imports import INFO_FILE, content_of, linked_record
from superlens.workbench.intake import FileIntake
from superlens.workbench.jobs import JobQueue
from superlens.workbench.places import ProjectPlaces
from superlens.workbench.project import Project

READING_LIMIT_S = 20.0
"""So long may the engine read one file before it counts as broken."""

FIRST_EXTRA_S = 40.0
"""More for the first one: an engine that just started loads its readers with it."""

_GRACE_MS = 2000
"""From asking a reading to stop until its engine is ended."""


@dataclass(frozen=True, slots=True)
class SurveyedFile:
    """A file that can be imported."""

    image: ImageRecord
    """As it would be in the project."""
    path: Path
    """Absolute."""


@dataclass(frozen=True, slots=True)
class _Reading:
    image_id: str
    path: Path
    identity: FileIdentity


class ImportSurvey(QObject):
    """Looks at files and keeps nothing of those that are not taken.

    Signals:
        listed(Path): a file is going to be looked at; exactly one of the next three follows.
        read(SurveyedFile): it can be imported.
        known(Path, str): it is there already, under the path that the text says.
        refused(Path, ErrorInfo): it cannot be imported; also for a folder without images, that was
            never listed.
        all_listed(): no further file will be listed.
        finished(): every listed file was looked at.
    """

    listed = Signal(object)
    read = Signal(object)
    known = Signal(object, str)
    refused = Signal(object, object)
    all_listed = Signal()
    finished = Signal()

    def __init__(
        self,
        project: Project,
        jobs: JobQueue,
        limit_s: float = READING_LIMIT_S,
        extra_s: float = FIRST_EXTRA_S,
        parent: QObject | None = None,
    ) -> None:
        """Make a survey that looks at nothing yet.

        Args:
            project: where the files are meant to go.
            jobs: its queue.
            limit_s: so long may the engine read one file.
            extra_s: so much longer the first one.
            parent: owner of the object.
        """
        super().__init__(parent)
        self._project, self._jobs = project, jobs
        self._places = ProjectPlaces(project.folder)
        self._roots: tuple[Path, ...] = ()
        self._readings: dict[str, _Reading] = {}
        self._contents: dict[tuple[int, str], Path] = {}
        self._untaken: set[str] = set()
        self._is_closed = False
        self._limit_s, self._extra_s = limit_s, extra_s
        self._limit = QTimer(self, singleShot=True)
        self._limit.timeout.connect(self._give_up)
        self._limited = ""
        self._intake = FileIntake(self)
        self._intake.listed.connect(self.listed)
        self._intake.identified.connect(self._read)
        self._intake.refused.connect(self.refused)
        self._intake.emptied.connect(self._note_all_listed)
        jobs.job_changed.connect(self._note_started)
        jobs.job_ended.connect(self._note_ended)

    @property
    def project(self) -> Project:
        """Where the files are meant to go."""
        return self._project

    def look_at(self, paths: Sequence[Path]) -> None:
        """Look at files, and at the image files in folders; called once."""
        asked = [path.absolute() for path in paths]
        self._roots = tuple(path if path.is_dir() else path.parent for path in asked)
        self._intake.take(asked)

    def picture(self, image_id: str, scene: int) -> Path | None:
        """Give the small picture (PNG) of a scene, or None where there is none."""
        path = self._places.cache_of(image_id) / f"scene-{scene}.png"
        return path if path.is_file() else None

    def name_of(self, path: Path) -> str:
        """Give the path of a listed file below the folder that was asked for, with `/`."""
        root = next((root for root in self._roots if path.is_relative_to(root)), path.parent)
        return path.name if path == root else path.relative_to(root).as_posix()

    def close(self, taken: Collection[str] = ()) -> None:
        """Stop looking, and clear away what was read of images that are not taken (by id)."""
        if self._is_closed:
            return
        self._is_closed = True
        self.blockSignals(True)
        self._limit.stop()
        self._intake.close()
        self._jobs.job_changed.disconnect(self._note_started)
        self._jobs.job_ended.disconnect(self._note_ended)
        for job_id, reading in self._readings.items():
            self._jobs.cancel(job_id)
            self._clear(reading.image_id)
        for image_id in self._untaken - set(taken):
            self._clear(image_id)

    def _read(self, path: Path, identity: FileIdentity) -> None:
        if self._is_closed:  # the answer was under way already
            return
        twin = self._twin(path, identity)
        if twin:
            self.known.emit(path, twin)
            return
        image_id = uuid.uuid4().hex[:12]
        request = ThumbnailRequest(str(path), str(self._places.cache_of(image_id)))
        job_id = self._jobs.submit(request, f"Look at {path.name}", (image_id,))
        self._readings[job_id] = _Reading(image_id, path, identity)

    def _twin(self, path: Path, identity: FileIdentity) -> str:
        twin_id = self._project.image_with_content(identity)
        if twin_id is not None:
            return str(self._project.path_of(self._project.image(twin_id)))
        first = self._contents.setdefault(content_of(identity), path)
        return "" if first == path else str(first)

    def _note_started(self, job: JobRecord) -> None:
        is_new = job.id in self._readings and job.id != self._limited
        if is_new and job.state is JobState.RUNNING:
            self._limited = job.id
            self._limit.start(round((self._limit_s + self._extra_s) * 1000))

    def _give_up(self) -> None:
        reading = self._readings.pop(self._limited, None)
        if reading is None:
            return
        self._jobs.cancel(self._limited)
        stop = partial(_stop_by_force, self._jobs, self._limited)
        QTimer.singleShot(_GRACE_MS, self._jobs, stop)
        error = UnreadableFile(
            f"{reading.path.name} was not read within {self._limit.interval() / 1000:g} s",
            "Copy it to this computer if it lies on a slow drive, or export it as OME-TIFF",
        )
        self._end(reading, describe_error(error))

    def _note_ended(self, job: JobRecord) -> None:
        if job.request.kind is not JobKind.THUMBNAIL:
            return
        reading = self._readings.pop(job.id, None)
        if reading is None:
            return
        if job.id == self._limited:
            self._limit.stop()
            self._extra_s = 0.0
        try:
            image = self._image(reading, job)
        except SuperlensError as error:
            self._end(reading, job.error or describe_error(error))
            return
        self._untaken.add(reading.image_id)
        self.read.emit(SurveyedFile(image, reading.path))
        self._look_whether_finished()

    def _image(self, reading: _Reading, job: JobRecord) -> ImageRecord:
        if job.state is not JobState.DONE:
            raise UnreadableFile(f"Reading {reading.path.name} was stopped", "Add it again")
        info = read_json(ImageInfo, self._places.cache_of(reading.image_id) / INFO_FILE)
        return linked_record(self._places, reading.image_id, reading.path, reading.identity, info)

    def _end(self, reading: _Reading, error: ErrorInfo) -> None:
        self._contents.pop(content_of(reading.identity), None)
        self._clear(reading.image_id)
        self.refused.emit(reading.path, error)
        self._look_whether_finished()

    def _clear(self, image_id: str) -> None:
        shutil.rmtree(self._places.cache_of(image_id), ignore_errors=True)

    def _note_all_listed(self) -> None:
        self.all_listed.emit()
        self._look_whether_finished()

    def _look_whether_finished(self) -> None:
        if not self._readings and not self._intake.is_busy:
            self.finished.emit()


def _stop_by_force(jobs: JobQueue, job_id: str) -> None:
    """End the engine of a job that was asked to stop and did not."""
    job = next((job for job in jobs.jobs() if job.id == job_id), None)
    if job is not None and not job.state.is_ended:
        jobs.force_stop(job_id)
