"""Files looked at before they are imported: listed, identified, read, and not yet in a project.

QtCore only. The engine reads; what it leaves lies where the project keeps it, so that a file that
is taken is not read twice, and is cleared away for every other.
"""

import shutil
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from superlens.core.errors import ErrorInfo
from superlens.core.records import FileIdentity, ImageRecord
from superlens.workbench.file_readings import (
    FIRST_EXTRA_S,
    READING_LIMIT_S,
    FileOnItsWay,
    FileReadings,
    ReadFile,
)
from superlens.workbench.imports import content_of, linked_record
from superlens.workbench.intake import FileIntake
from superlens.workbench.jobs import JobQueue
from superlens.workbench.places import ProjectPlaces
from superlens.workbench.project import Project


@dataclass(frozen=True, slots=True)
class SurveyedFile:
    """A file that can be imported."""

    image: ImageRecord
    """As it would be in the project."""
    path: Path
    """Absolute."""


class ImportSurvey(QObject):
    """Looks at files and keeps nothing of those that are not taken.

    Signals:
        listed(Path): a file is going to be looked at; exactly one of the next three follows.
        read(SurveyedFile): it can be imported.
        known(Path, str): it is there already, under the path that the text says.
        refused(Path, ErrorInfo): it cannot be imported; also for a folder without images, that was
            never listed.
        all_listed(): no further file will be listed.
        finished(): every listed file was looked at, and has its pictures.
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
        self._project = project
        self._places = ProjectPlaces(project.folder)
        self._roots: tuple[Path, ...] = ()
        self._contents: dict[tuple[int, str], Path] = {}
        self._untaken: set[str] = set()
        self._is_closed = False
        self._readings = FileReadings(self._places, jobs, limit_s, extra_s, self)
        self._readings.read.connect(self._take)
        self._readings.refused.connect(self._refuse)
        self._readings.moved.connect(self._look_whether_finished)
        self._intake = FileIntake(self)
        self._intake.listed.connect(self.listed)
        self._intake.identified.connect(self._read)
        self._intake.refused.connect(self.refused)
        self._intake.emptied.connect(self._note_all_listed)

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
        self._intake.close()
        self._readings.close()
        for image_id in self._untaken - set(taken):
            self._clear(image_id)

    def _read(self, path: Path, identity: FileIdentity) -> None:
        if self._is_closed:  # the answer was under way already
            return
        twin = self._twin(path, identity)
        if twin:
            self.known.emit(path, twin)
            return
        self._readings.add(FileOnItsWay(uuid.uuid4().hex[:12], path, identity))

    def _twin(self, path: Path, identity: FileIdentity) -> str:
        twin_id = self._project.image_with_content(identity)
        if twin_id is not None:
            return str(self._project.path_of(self._project.image(twin_id)))
        first = self._contents.setdefault(content_of(identity), path)
        return "" if first == path else str(first)

    def _take(self, files: Sequence[ReadFile]) -> None:
        for read in files:
            self._untaken.add(read.file.image_id)
            self.read.emit(SurveyedFile(linked_record(self._places, read), read.file.path))
        self._readings.picture(*(read.file for read in files))

    def _refuse(self, file: FileOnItsWay, error: ErrorInfo) -> None:
        self._contents.pop(content_of(file.identity), None)
        self.refused.emit(file.path, error)

    def _clear(self, image_id: str) -> None:
        shutil.rmtree(self._places.cache_of(image_id), ignore_errors=True)

    def _note_all_listed(self) -> None:
        self.all_listed.emit()
        self._look_whether_finished()

    def _look_whether_finished(self) -> None:
        if not self._readings.is_busy and not self._intake.is_busy:
            self.finished.emit()
