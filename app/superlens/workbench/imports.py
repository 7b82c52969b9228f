"""Files becoming images of a project: identified, compared with what is there, then read.

QtCore only. It keeps nothing: the images it gives are the project's.
"""

import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from superlens.core.errors import (
    ErrorInfo,
    InvalidInput,
    SuperlensError,
    UnreadableFile,
    describe_error,
)
from superlens.core.jobs import JobKind, JobRecord, JobState, ThumbnailRequest
from superlens.core.records import FileIdentity, ImageInfo, ImageRecord
from superlens.io.codec import read_json
from superlens.io.missing_files import LostFile
from superlens.io.store_images import ImageLink
from superlens.workbench.intake import FileIntake
from superlens.workbench.jobs import JobQueue
from superlens.workbench.places import ProjectPlaces

INFO_FILE = "info.json"

FindTwin = Callable[[FileIdentity], str | None]
"""Gives the path of the image of the project that has the same content."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A file that the cpu lane reads."""

    image_id: str
    path: Path
    identity: FileIdentity


class ImageImports(QObject):
    """All files that are on their way into one project.

    Signals:
        started(str): the path of a file that is being read.
        failed(str, ErrorInfo): the path of a file that is not taken, and why.
        image_read(ImageRecord): a file became an image, not yet in the project.
        finished(): nothing is on its way any more.
        thumbnail_made(str image_id): the pictures of an image that had none were made again.
        links_seen(tuple[LinkFinding, ...]): how the files of some images stand.
        searched(Search): what came of looking for missing files.
    """

    started = Signal(str)
    failed = Signal(str, object)
    image_read = Signal(object)
    finished = Signal()
    thumbnail_made = Signal(str)
    links_seen = Signal(object)
    searched = Signal(object)

    def __init__(
        self,
        places: ProjectPlaces,
        jobs: JobQueue,
        find_twin: FindTwin,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._places = places
        self._jobs = jobs
        self._find_twin = find_twin
        self._readings: dict[str, _Reading] = {}
        self._thumbnails: dict[str, str] = {}
        self._is_closed = False
        self._intake = FileIntake(self)
        self._intake.listed.connect(self._note_listed)
        self._intake.identified.connect(self._read)
        self._intake.refused.connect(self._refuse)
        self._intake.emptied.connect(self._look_whether_finished)
        self._intake.links_seen.connect(self.links_seen)
        self._intake.searched.connect(self.searched)
        jobs.job_ended.connect(self._note_ended_job)

    @property
    def count(self) -> int:
        """The number of files that are being read; 0 while they are only being listed."""
        return len(self._readings)

    def add(self, paths: Sequence[Path]) -> None:
        """Import files, and the image files in folders."""
        self._intake.take([path.absolute() for path in paths])

    def look_at_links(self, links: Sequence[ImageLink]) -> None:
        """See whether the files of images are as they were."""
        self._intake.look_at_links(links, self._places)

    def search(self, lost: Sequence[LostFile], folder: Path) -> None:
        """Look for missing files below a folder."""
        self._intake.search(lost, folder)

    def remake_thumbnail(self, image: ImageRecord) -> None:
        """Make the pictures of an image again."""
        path = self._places.absolute(image.path)
        self._thumbnails[self._submit(path, image.id)] = image.id

    def close(self) -> None:
        """Stop reading; nothing is signalled afterwards."""
        self._is_closed = True
        self.blockSignals(True)
        self._intake.close()
        self._jobs.job_ended.disconnect(self._note_ended_job)

    def _note_listed(self, path: Path) -> None:
        self.started.emit(str(path))

    def _refuse(self, path: Path, error: ErrorInfo) -> None:
        self.failed.emit(str(path), error)

    def _read(self, path: Path, identity: FileIdentity) -> None:
        if self._is_closed:  # the answer was under way already
            return
        twin = self._find_twin(identity) or self._twin_on_its_way(identity)
        if twin is not None:
            error = InvalidInput(
                f"{path.name} is in the project already, as {twin}", "Nothing needs to be done"
            )
            self._refuse(path, describe_error(error))
            return
        image_id = uuid.uuid4().hex[:12]
        self._readings[self._submit(path, image_id)] = _Reading(image_id, path, identity)

    def _twin_on_its_way(self, identity: FileIdentity) -> str | None:
        content = content_of(identity)
        for item in self._readings.values():
            if content_of(item.identity) == content:
                return str(item.path)
        return None

    def _submit(self, path: Path, image_id: str) -> str:
        request = ThumbnailRequest(str(path), str(self._places.cache_of(image_id)))
        return self._jobs.submit(request, f"Read {path.name}", (image_id,))

    def _note_ended_job(self, job: JobRecord) -> None:
        if job.request.kind is not JobKind.THUMBNAIL:
            return
        reading = self._readings.pop(job.id, None)
        if reading is not None:
            self._end(reading, job)
            self._look_whether_finished()
        elif job.id in self._thumbnails:
            self.thumbnail_made.emit(self._thumbnails.pop(job.id))

    def _end(self, reading: _Reading, job: JobRecord) -> None:
        try:
            image = self._image(reading, job)
        except SuperlensError as error:
            shutil.rmtree(self._places.cache_of(reading.image_id), ignore_errors=True)
            self._refuse(reading.path, job.error or describe_error(error))
            return
        self.image_read.emit(image)

    def _image(self, reading: _Reading, job: JobRecord) -> ImageRecord:
        if job.state is not JobState.DONE:
            raise UnreadableFile(f"Reading {reading.path.name} was stopped", "Add it again")
        info = read_json(ImageInfo, self._places.cache_of(reading.image_id) / INFO_FILE)
        return linked_record(self._places, reading.image_id, reading.path, reading.identity, info)

    def _look_whether_finished(self) -> None:
        if not self._readings and not self._intake.is_busy:
            self.finished.emit()


def linked_record(
    places: ProjectPlaces, image_id: str, path: Path, identity: FileIdentity, info: ImageInfo
) -> ImageRecord:
    """Give the record of a file that was read, linked from a project.

    Args:
        places: of the project.
        image_id: also of the folder with its pictures, see `ProjectPlaces.cache_of`.
        path: absolute.
        identity: as the file is now.
        info: as a thumbnail job wrote it.
    """
    link = places.portable(path)
    return ImageRecord(image_id, link, identity, replace(info, path=link), seen_at=str(path))


def content_of(identity: FileIdentity) -> tuple[int, str]:
    """Give what is the same for two files of the same content, wherever they lie."""
    return identity.size_bytes, identity.quick_sha256
