"""The images of a project as a Qt model: one row each, and one for every file that was refused."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QPixmap

from superlens.core.errors import ErrorInfo
from superlens.core.jobs import JobKind, JobRecord, JobState
from superlens.core.records import ImageRecord
from superlens.gui.words import image_caption
from superlens.io.image_names import without_ending
from superlens.workbench.jobs import JobQueue
from superlens.workbench.project import LinkState, Project

_Index = QModelIndex | QPersistentModelIndex


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


class ImageModel(QAbstractItemModel):
    """Rows of the project panel, kept up to date by the signals of project and queue."""

    def __init__(self, project: Project, jobs: JobQueue) -> None:
        super().__init__(project)
        self._project, self._jobs = project, jobs
        self._rows = [self._row_of(image) for image in project.images()]
        project.import_started.connect(self._import_started)
        project.import_failed.connect(self._import_failed)
        project.image_added.connect(self._image_added)
        project.image_changed.connect(self._image_changed)
        project.image_removed.connect(self._image_removed)
        project.result_added.connect(self._refresh_states)
        jobs.job_added.connect(self._job_moved)
        jobs.job_changed.connect(self._job_moved)
        jobs.job_ended.connect(self._job_moved)

    def index_of(self, image_id: str) -> QModelIndex:
        """Give the index of an image; invalid if it is not there."""
        for number, row in enumerate(self._rows):
            if row.image_id == image_id:
                return self.index(number, 0)
        return QModelIndex()

    def dismiss(self, index: QModelIndex) -> None:
        """Take away the row of a refused file."""
        if self._rows[index.row()].state is ImageState.REFUSED:
            self._take_row(index.row())

    def count(self, *states: ImageState) -> int:
        """Give the number of rows in some states."""
        return sum(row.state in states for row in self._rows)

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 1

    def index(self, row: int, column: int, parent: _Index | None = None) -> QModelIndex:
        is_there = (parent is None or not parent.isValid()) and 0 <= row < len(self._rows)
        return self.createIndex(row, column) if is_there else QModelIndex()

    def parent(self, index: _Index | None = None) -> QModelIndex:  # type: ignore[override]  # Qt overloads it
        return QModelIndex()

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.name
            case Qt.ItemDataRole.ToolTipRole:
                return row.tooltip
            case RowRole.IMAGE_ID:
                return row.image_id
            case RowRole.STATE:
                return row.state
            case RowRole.CAPTION:
                return row.caption
            case RowRole.PICTURE:
                return self._picture(row)
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def _row_of(self, image: ImageRecord) -> _Row:
        path = self._project.path_of(image)
        row = _Row(
            without_ending(path.name),
            image_caption(image),
            ImageState.NOT_DONE,
            image.id,
            str(path),
        )
        self._update_state(row)
        return row

    def _update_state(self, row: _Row) -> None:
        row.state, row.tooltip = self._state_of(row.image_id), row.path
        link = self._project.link_state(row.image_id)
        if link is not LinkState.PRESENT:
            row.state = ImageState.WARNING
            row.caption = "File is missing" if link is LinkState.MISSING else "File has changed"

    def _state_of(self, image_id: str) -> ImageState:
        if any(
            job.state in (JobState.RUNNING, JobState.WAITING)
            and image_id in self._jobs.images_of(job.id)
            for job in self._jobs.jobs()
            if job.request.kind is JobKind.RESTORE
        ):
            return ImageState.RUNNING
        restored = [r for r in self._project.results_of(image_id) if r.kind == JobKind.RESTORE]
        if not restored:
            return ImageState.NOT_DONE
        return ImageState.WARNING if restored[-1].warnings else ImageState.RESTORED

    def _picture(self, row: _Row) -> QPixmap | None:
        if row.picture is None and row.image_id:
            path = self._project.thumbnail(row.image_id)
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
        self._append(self._row_of(image))

    def _image_changed(self, image: ImageRecord) -> None:
        number = self.index_of(image.id).row()
        if number >= 0:
            picture = self._rows[number].picture
            self._rows[number] = self._row_of(image)
            self._rows[number].picture = picture
            self._tell(number)

    def _image_removed(self, image_id: str) -> None:
        number = self.index_of(image_id).row()
        if number >= 0:
            self._take_row(number)

    def _job_moved(self, job: JobRecord) -> None:
        if job.request.kind is JobKind.RESTORE:
            self._refresh_states()

    def _refresh_states(self, *_: object) -> None:
        for number, row in enumerate(self._rows):
            if row.image_id:
                before = row.state
                self._update_state(row)
                if row.state is not before:
                    self._tell(number)

    def _drop_reading(self, path: str) -> None:
        for number, row in enumerate(self._rows):
            if row.state is ImageState.READING and Path(row.path) == Path(path):
                self._take_row(number)
                return

    def _append(self, row: _Row) -> None:
        self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows))
        self._rows.append(row)
        self.endInsertRows()

    def _take_row(self, number: int) -> None:
        self.beginRemoveRows(QModelIndex(), number, number)
        del self._rows[number]
        self.endRemoveRows()

    def _tell(self, number: int) -> None:
        index = self.index(number, 0)
        self.dataChanged.emit(index, index)
