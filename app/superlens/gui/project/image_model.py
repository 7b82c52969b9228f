"""The images of a project as a Qt model: one row each, and one for every file that was refused.

What a row shows is read when it is painted, so that ten thousand rows cost as much as a hundred.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QPixmap

from superlens.core.errors import ErrorInfo
from superlens.core.jobs import JobKind, JobRecord
from superlens.core.records import ImageRecord, ImageRole, ResultRecord
from superlens.gui.words import ROLE_NAMES, image_caption, plural
from superlens.io.image_names import without_ending
from superlens.workbench.jobs import JobQueue
from superlens.workbench.project import LinkState, Project

_Index = QModelIndex | QPersistentModelIndex

LINK_WORDS = {LinkState.MISSING: "File is missing", LinkState.CHANGED: "File has changed"}

_KEPT_ROWS = 1000
"""Rows whose words and pictures stay in memory once they were shown."""


class ImageState(StrEnum):
    """How far an image is."""

    NOT_DONE = "not_done"
    RUNNING = "running"
    RESTORED = "restored"
    WARNING = "warning"
    READING = "reading"
    REFUSED = "refused"


class RowRole(IntEnum):
    """What the delegate asks a row for."""

    IMAGE_ID = Qt.ItemDataRole.UserRole + 1
    STATE = Qt.ItemDataRole.UserRole + 2
    CAPTION = Qt.ItemDataRole.UserRole + 3
    PICTURE = Qt.ItemDataRole.UserRole + 4


@dataclass(slots=True)
class _Row:
    name: str
    caption: str
    state: ImageState
    image_id: str = ""
    path: str = ""
    tooltip: str = ""
    picture: QPixmap | None = None


class ImageModel(QAbstractListModel):
    """Rows of the project panel, kept up to date by the signals of project and queue.

    The images come first, in the order of import, or of their codes where names are hidden; files
    that are read or were refused follow.
    """

    def __init__(self, project: Project, jobs: JobQueue) -> None:
        super().__init__(project)
        self._project, self._jobs = project, jobs
        self._ids = list(project.names.ordered(project.image_ids()))
        self._places = {image_id: place for place, image_id in enumerate(self._ids)}
        self._shown: dict[str, _Row] = {}
        self._others: list[_Row] = []
        self._count = len(self._ids)
        self._running = self._running_images()
        self._restored: dict[str, bool] = {}
        for result in project.results():
            self._note_result(result)
        project.import_started.connect(self._import_started)
        project.import_failed.connect(self._import_failed)
        project.image_added.connect(self._image_added)
        project.image_changed.connect(self._image_changed)
        project.thumbnail_made.connect(self._tell)
        project.image_removed.connect(self._image_removed)
        project.result_added.connect(self._result_added)
        project.result_removed.connect(self._result_removed)
        project.names.changed.connect(self._names_changed)
        jobs.job_added.connect(self._job_moved)
        jobs.job_changed.connect(self._job_moved)
        jobs.job_ended.connect(self._job_moved)

    def index_of(self, image_id: str) -> QModelIndex:
        """Give the index of an image; invalid if it is not there."""
        place = self._places.get(image_id)
        return QModelIndex() if place is None else self.index(place, 0)

    def dismiss(self, index: QModelIndex) -> None:
        """Take away the row of a refused file."""
        place = index.row() - len(self._ids)
        if place >= 0 and self._others[place].state is ImageState.REFUSED:
            self._take_other(place)

    def count(self, *states: ImageState) -> int:
        """Give the number of rows in some states."""
        others = sum(row.state in states for row in self._others)
        marked = self._running | self._restored.keys() | set(self._project.links.odd())
        marked &= self._places.keys()
        found = sum(self._state_of(image_id) in states for image_id in marked)
        unmarked = len(self._ids) - len(marked) if ImageState.NOT_DONE in states else 0
        return others + found + unmarked

    def rowCount(self, parent: _Index | None = None) -> int:
        # Qt asks it several times for every row there is.
        return 0 if parent is not None and parent.isValid() else self._count

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        place = index.row()
        if role == RowRole.IMAGE_ID:  # asked of every row, whether it is seen or not
            return self._ids[place] if place < len(self._ids) else ""
        row = self._row_at(place)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.name
            case Qt.ItemDataRole.ToolTipRole:
                return row.tooltip
            case RowRole.STATE:
                return self._state_of(row.image_id) if row.image_id else row.state
            case RowRole.CAPTION:
                return LINK_WORDS.get(self._project.link_state(row.image_id), row.caption)
            case RowRole.PICTURE:
                return self._picture(row)
        return None

    def _row_at(self, place: int) -> _Row:
        if place >= len(self._ids):
            return self._others[place - len(self._ids)]
        image_id = self._ids[place]
        if image_id not in self._shown:
            if len(self._shown) >= _KEPT_ROWS:
                del self._shown[next(iter(self._shown))]
            self._shown[image_id] = self._row_of(self._project.image(image_id))
        return self._shown[image_id]

    def _row_of(self, image: ImageRecord) -> _Row:
        path = str(self._project.path_of(image))
        return _Row(
            self._project.names.of_image(image),
            _caption(self._project.names.shown(image)),
            ImageState.NOT_DONE,
            image.id,
            path,
            "" if self._project.names.is_blinded else path,
        )

    def _state_of(self, image_id: str) -> ImageState:
        if self._project.link_state(image_id) is not LinkState.PRESENT:
            return ImageState.WARNING
        if image_id in self._running:
            return ImageState.RUNNING
        if image_id not in self._restored:
            return ImageState.NOT_DONE
        return ImageState.WARNING if self._restored[image_id] else ImageState.RESTORED

    def _picture(self, row: _Row) -> QPixmap | None:
        if row.picture is None and row.image_id:
            scene = self._project.image(row.image_id).chosen_scenes[0]
            path = self._project.thumbnail(row.image_id, scene)
            if path is not None:
                row.picture = QPixmap(str(path))
        return row.picture

    def _import_started(self, path: str) -> None:
        self._append(
            _Row(without_ending(Path(path).name), "Reading…", ImageState.READING, path=path)
        )

    def _import_failed(self, path: str, error: ErrorInfo) -> None:
        self._drop_reading(path)
        row = _Row(without_ending(Path(path).name), error.title, ImageState.REFUSED, path=path)
        row.tooltip = f"{path}\n{error.sentence}"
        self._append(row)

    def _image_added(self, image: ImageRecord) -> None:
        self._drop_reading(str(self._project.path_of(image)))
        place = len(self._ids)
        self.beginInsertRows(QModelIndex(), place, place)
        self._ids.append(image.id)
        self._count += 1
        self._places[image.id] = place
        self.endInsertRows()

    def _image_changed(self, image: ImageRecord) -> None:
        before = self._shown.pop(image.id, None)
        if before is not None and before.picture is not None:
            self._shown[image.id] = self._row_of(image)
            self._shown[image.id].picture = before.picture
        self._tell(image.id)

    def _image_removed(self, image_id: str) -> None:
        place = self._places.get(image_id)
        if place is None:
            return
        self.beginRemoveRows(QModelIndex(), place, place)
        del self._ids[place]
        self._count -= 1
        self._places = {image_id: place for place, image_id in enumerate(self._ids)}
        self._shown.pop(image_id, None)
        self.endRemoveRows()

    def _note_result(self, result: ResultRecord) -> tuple[str, ...]:
        images = self._project.images_of_result(result.job_id)
        if result.kind != JobKind.RESTORE:
            return ()
        for image_id in images:
            self._restored[image_id] = bool(result.warnings)
        return images

    def _result_added(self, result: ResultRecord) -> None:
        for image_id in self._note_result(result):
            self._tell(image_id)

    def _result_removed(self, _: str) -> None:
        before = self._restored
        self._restored = {}
        for result in self._project.results():
            self._note_result(result)
        for image_id in before:
            self._tell(image_id)

    def _running_images(self) -> set[str]:
        return {
            image_id
            for job in self._jobs.jobs()
            if job.request.kind is JobKind.RESTORE and not job.state.is_ended
            for image_id in self._jobs.images_of(job.id)
        }

    def _job_moved(self, job: JobRecord) -> None:
        if job.request.kind is not JobKind.RESTORE:
            return
        before, self._running = self._running, self._running_images()
        for image_id in before ^ self._running:
            self._tell(image_id)

    def _names_changed(self) -> None:
        self.beginResetModel()
        self._shown.clear()
        self._ids = list(self._project.names.ordered(self._project.image_ids()))
        self._places = {image_id: place for place, image_id in enumerate(self._ids)}
        self.endResetModel()

    def _drop_reading(self, path: str) -> None:
        for place, row in enumerate(self._others):
            if row.state is ImageState.READING and Path(row.path) == Path(path):
                self._take_other(place)
                return

    def _append(self, row: _Row) -> None:
        place = self.rowCount()
        self.beginInsertRows(QModelIndex(), place, place)
        self._others.append(row)
        self._count += 1
        self.endInsertRows()

    def _take_other(self, place: int) -> None:
        number = len(self._ids) + place
        self.beginRemoveRows(QModelIndex(), number, number)
        del self._others[place]
        self._count -= 1
        self.endRemoveRows()

    def _tell(self, image_id: str) -> None:
        index = self.index_of(image_id)
        if index.isValid():
            self.dataChanged.emit(index, index)


def _caption(image: ImageRecord) -> str:
    """Give the second line of a row: what the user said of the image, size, pixel size."""
    role = "" if image.role is ImageRole.IMAGE else ROLE_NAMES[image.role]
    wells = image.all_wells
    place = wells[0] if len(wells) == 1 else plural(len(wells), "well") if wells else ""
    parts = (place, role, *image.tags, image_caption(image))
    return " · ".join(part for part in parts if part)
