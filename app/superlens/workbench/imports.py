"""Files becoming images of a project: identified, compared with what is there, then read.

QtCore only. It keeps nothing: the images it gives are the project's.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from superlens.core.errors import ErrorInfo, InvalidInput, describe_error
from superlens.core.records import FileIdentity, ImageRecord
from superlens.io.missing_files import LostFile
from superlens.io.store_images import ImageLink
from superlens.workbench.file_readings import FileOnItsWay, FileReadings, ReadFile
from superlens.workbench.intake import FileIntake
from superlens.workbench.jobs import JobQueue
from superlens.workbench.places import ProjectPlaces

FindTwin = Callable[[FileIdentity], str | None]
"""Gives the path of the image of the project that has the same content."""


class ImageImports(QObject):
    """All files that are on their way into one project.

    Signals:
        started(str): the path of a file that is being read.
        failed(str, ErrorInfo): the path of a file that is not taken, and why.
        images_read(tuple[ImageRecord, ...]): files became images, not yet in the project.
        finished(): no file is on its way any more.
        thumbnail_made(str image_id): the pictures of an image were made.
        links_seen(tuple[LinkFinding, ...]): how the files of some images stand.
        searched(Search): what came of looking for missing files.
    """

    started = Signal(str)
    failed = Signal(str, object)
    images_read = Signal(object)
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
        self._find_twin = find_twin
        self._coming: dict[tuple[int, str], Path] = {}
        self._is_importing = self._is_closed = False
        self._readings = FileReadings(places, jobs, parent=self)
        self._readings.read.connect(self._take)
        self._readings.refused.connect(self._note_refused)
        self._readings.pictured.connect(self.thumbnail_made)
        self._readings.moved.connect(self._look_whether_finished)
        self._intake = FileIntake(self)
        self._intake.listed.connect(self._note_listed)
        self._intake.identified.connect(self._read)
        self._intake.refused.connect(self._refuse)
        self._intake.emptied.connect(self._look_whether_finished)
        self._intake.links_seen.connect(self.links_seen)
        self._intake.searched.connect(self.searched)

    @property
    def count(self) -> int:
        """The number of files that are being read; 0 while they are only being listed."""
        return self._readings.unread

    def add(self, paths: Sequence[Path]) -> None:
        """Import files, and the image files in folders."""
        self._is_importing = True
        self._intake.take([path.absolute() for path in paths])

    def look_at_links(self, links: Sequence[ImageLink]) -> None:
        """See whether the files of images are as they were."""
        self._intake.look_at_links(links, self._places)

    def search(self, lost: Sequence[LostFile], folder: Path) -> None:
        """Look for missing files below a folder."""
        self._intake.search(lost, folder)

    def clear_leftovers(self, known: Collection[str], before_s: float) -> None:
        """Remove what sessions before a moment left of files that are no images (by id)."""
        if not self._is_closed:
            self._intake.clear_leftovers(self._places.cache, known, before_s)

    def make_thumbnail(self, image: ImageRecord) -> None:
        """Make the pictures of an image, once all files on their way are read."""
        path = self._places.absolute(image.path)
        self._readings.picture(FileOnItsWay(image.id, path, image.identity))

    def close(self) -> None:
        """Stop reading; what was read already is signalled, and nothing afterwards."""
        self._readings.collect()
        self._is_closed = True
        self.blockSignals(True)
        self._intake.close()
        self._readings.close()

    def _note_listed(self, path: Path) -> None:
        self.started.emit(str(path))

    def _refuse(self, path: Path, error: ErrorInfo) -> None:
        self.failed.emit(str(path), error)

    def _note_refused(self, file: FileOnItsWay, error: ErrorInfo) -> None:
        self._coming.pop(content_of(file.identity), None)
        self._refuse(file.path, error)

    def _read(self, path: Path, identity: FileIdentity) -> None:
        if self._is_closed:  # the answer was under way already
            return
        content = content_of(identity)
        twin = self._find_twin(identity) or self._coming.get(content)
        if twin is not None:
            error = InvalidInput(
                f"{path.name} is in the project already, as {twin}", "Nothing needs to be done"
            )
            self._refuse(path, describe_error(error))
            return
        self._coming[content] = path
        self._readings.add(FileOnItsWay(uuid.uuid4().hex[:12], path, identity))

    def _take(self, files: Sequence[ReadFile]) -> None:
        self.images_read.emit(tuple(linked_record(self._places, file) for file in files))
        for read in files:
            self._coming.pop(content_of(read.file.identity), None)

    def _look_whether_finished(self) -> None:
        if self._is_importing and not self._readings.unread and not self._intake.is_busy:
            self._is_importing = False
            self.finished.emit()


def linked_record(places: ProjectPlaces, read: ReadFile) -> ImageRecord:
    """Give the record of a file that was read, linked from a project."""
    file = read.file
    link = places.portable(file.path)
    info = replace(read.info, path=link)
    return ImageRecord(file.image_id, link, file.identity, info, seen_at=str(file.path))


def content_of(identity: FileIdentity) -> tuple[int, str]:
    """Give what is the same for two files of the same content, wherever they lie."""
    return identity.size_bytes, identity.quick_sha256
