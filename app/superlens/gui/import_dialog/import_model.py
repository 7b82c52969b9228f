"""The files of the import dialog as a Qt model: a row each, its scenes below where it has several.

Changes of the user go through here; nothing reaches the project before the dialog is accepted.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QPixmap

from superlens.core.errors import ErrorInfo
from superlens.core.records import ChannelInfo, ImageInfo, ImageRole, SceneInfo
from superlens.gui.import_dialog.rows import (
    FileRow,
    RowState,
    are_alike,
    depth_text,
    pixel_um_of,
    size_text,
    well_of,
    with_channels,
    with_pixel_size,
)
from superlens.gui.viewer.geometry import length_text
from superlens.gui.words import ROLE_NAMES, plural
from superlens.io.plate_names import ParsedName
from superlens.workbench.import_survey import ImportSurvey, SurveyedFile

_Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """Columns of the table."""

    NAME = 0
    SIZE = 1
    CHANNELS = 2
    Z = 3
    T = 4
    DEPTH = 5
    PIXEL = 6
    WELL = 7
    ROLE = 8


HEADS = ("Name", "Size", "C", "Z", "T", "Bit depth", "Pixel size", "Well", "Role")
ROW = Qt.ItemDataRole.UserRole + 1
SCENE = Qt.ItemDataRole.UserRole + 2
"""Number of the scene that an index is about; the first for a file."""
PICTURE = Qt.ItemDataRole.UserRole + 3
CAPTION = Qt.ItemDataRole.UserRole + 4

RIGHT_COLUMNS = (Column.SIZE, Column.CHANNELS, Column.Z, Column.T, Column.DEPTH)


class ImportModel(QAbstractItemModel):
    """Rows of the import dialog.

    Signals:
        counts_changed(): files were listed, read, checked or corrected.
        left_out(int): the file at this place cannot be imported, or is there already.
    """

    counts_changed = Signal()
    left_out = Signal(int)

    def __init__(self, survey: ImportSurvey) -> None:
        super().__init__(survey)
        self._survey = survey
        self._rows: list[FileRow] = []
        self._places: dict[Path, int] = {}
        survey.listed.connect(self._list)
        survey.read.connect(self._take_read)
        survey.known.connect(self._take_known)
        survey.refused.connect(self._take_refused)

    @property
    def rows(self) -> tuple[FileRow, ...]:
        """All files, in the order in which they were listed."""
        return tuple(self._rows)

    def count(self, *states: RowState) -> int:
        """Give the number of files in some states."""
        return sum(row.state in states for row in self._rows)

    def wanted(self) -> tuple[FileRow, ...]:
        """Give the files that will be imported."""
        return tuple(row for row in self._rows if row.is_wanted)

    def row_of(self, index: _Index) -> FileRow | None:
        """Give the file that an index is about."""
        row = index.data(ROW) if index.isValid() else None
        return row if isinstance(row, FileRow) else None

    def alike(self, row: FileRow) -> tuple[FileRow, ...]:
        """Give the other files of the same kind of recording, as they were read."""
        return tuple(
            other
            for other in self._rows
            if other is not row
            and other.file is not None
            and row.file is not None
            and are_alike(row.file.image.info, other.file.image.info)
        )

    def check_all(self, is_checked: bool) -> None:
        """Want all files that can be imported, or none."""
        for row in self._rows:
            row.is_checked = is_checked
        self._tell_all()

    def set_role(self, rows: Sequence[FileRow], role: ImageRole) -> None:
        """Give files a role."""
        for row in rows:
            row.role = role
        self._tell_all()

    def set_well(self, rows: Sequence[FileRow], well: str) -> None:
        """Put files into a well; empty takes them out."""
        for row in rows:
            row.well = well
        self._tell_all()

    def set_pixel_size(self, rows: Sequence[FileRow], um: float, scene: int = 0) -> None:
        """Give files a pixel size in micrometres, in a scene and in those told of the same."""
        self._correct(
            rows, lambda info: with_pixel_size(info, min(scene, len(info.scenes) - 1), um)
        )

    def set_channels(self, rows: Sequence[FileRow], channels: Sequence[ChannelInfo]) -> None:
        """Give files other names and colours of their channels, where they have as many."""
        self._correct(rows, lambda info: with_channels(info, channels))

    def apply_to_alike(self, row: FileRow, scene: int) -> int:
        """Give all files like one its role, pixel size and channels, and say how many there are."""
        others, info = self.alike(row), row.info
        if info is None:
            return 0
        self.set_role(others, row.role)
        um = info.scenes[scene].pixel_sizes.lateral_um
        if um is not None:
            self.set_pixel_size(others, um)
        if info.scenes[scene].channels:
            self.set_channels(others, info.scenes[scene].channels)
        return len(others)

    def set_names(self, parsed: Sequence[ParsedName | None]) -> None:
        """Put files into the wells that their names say; one for each row, None for no well."""
        for row, name in zip(self._rows, parsed, strict=True):
            is_understood = name is not None and not name.problem
            row.parsed = name if is_understood else None
            row.well = name.well if name is not None and is_understood else ""
        self._tell_all()

    def rowCount(self, parent: _Index | None = None) -> int:
        if parent is None or not parent.isValid():
            return len(self._rows)
        if parent.internalId() or parent.column() > 0:
            return 0
        scenes = self._rows[parent.row()].scenes
        return len(scenes) if len(scenes) > 1 else 0

    def columnCount(self, parent: _Index | None = None) -> int:
        return len(Column)

    def index(self, row: int, column: int, parent: _Index | None = None) -> QModelIndex:
        if parent is None or not parent.isValid():
            is_there = 0 <= row < len(self._rows)
            return self.createIndex(row, column, 0) if is_there else QModelIndex()
        return self.createIndex(row, column, parent.row() + 1)

    def parent(self, child: _Index | None = None) -> Any:
        if child is None:
            return super().parent()
        if not child.isValid() or not child.internalId():
            return QModelIndex()
        return self.createIndex(child.internalId() - 1, 0, 0)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        row = self._at(index)
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if row.state is not RowState.READY:
            return flags
        is_file = not index.internalId()
        if index.column() == Column.NAME and is_file:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        if index.column() == Column.PIXEL or (index.column() >= Column.WELL and is_file):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = (
                Qt.AlignmentFlag.AlignRight
                if section in RIGHT_COLUMNS
                else Qt.AlignmentFlag.AlignLeft
            )
            return side | Qt.AlignmentFlag.AlignVCenter
        return HEADS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, number = self._at(index), self._scene(index)
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return self._text(row, number, index)
            case Qt.ItemDataRole.CheckStateRole if index.column() == Column.NAME:
                return self._check_state(row, index)
            case Qt.ItemDataRole.ToolTipRole:
                return _tooltip(row)
            case _ if role == ROW:
                return row
            case _ if role == SCENE:
                return number
            case _ if role == PICTURE:
                return self._picture(row, number)
            case _ if role == CAPTION:
                return _scene_caption(row, number) if index.internalId() else caption(row)
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self._at(index)
        if role == Qt.ItemDataRole.CheckStateRole:
            row.is_checked = Qt.CheckState(value) == Qt.CheckState.Checked
            self._tell_all()
            return True
        match index.column():
            case Column.PIXEL if (um := pixel_um_of(str(value))) is not None:
                self.set_pixel_size((row,), um, self._scene(index))
            case Column.WELL if (well := well_of(str(value))) is not None:
                self.set_well((row,), well)
            case Column.ROLE:
                self.set_role((row,), ImageRole(value))
            case _:
                return False
        return True

    def _correct(self, rows: Sequence[FileRow], change: Callable[[ImageInfo], ImageInfo]) -> None:
        for row in rows:
            if row.info is not None:
                row.info = change(row.info)
        self._tell_all()

    def _at(self, index: _Index) -> FileRow:
        parent = index.internalId()
        return self._rows[parent - 1 if parent else index.row()]

    def _scene(self, index: _Index) -> int:
        return index.row() if index.internalId() else 0

    def _check_state(self, row: FileRow, index: _Index) -> Qt.CheckState | None:
        if index.internalId() or row.state is not RowState.READY:
            return None
        return Qt.CheckState.Checked if row.is_checked else Qt.CheckState.Unchecked

    def _text(self, row: FileRow, number: int, index: _Index) -> str:
        is_scene = bool(index.internalId())
        column = Column(index.column())
        if column is Column.NAME:
            return _scene_name(row, number) if is_scene else row.path.name
        if row.info is None:
            return ""
        if column is Column.WELL:
            return "" if is_scene else row.well
        if column is Column.ROLE:
            return "" if is_scene else ROLE_NAMES[row.role]
        return _fact(row.info.scenes[number], column)

    def _picture(self, row: FileRow, number: int) -> QPixmap | None:
        if row.file is None:
            return None
        if number not in row.pictures:
            path = self._survey.picture(row.file.image.id, number)
            row.pictures[number] = None if path is None else QPixmap(str(path))
        found = row.pictures[number]
        return found if isinstance(found, QPixmap) else None

    def _list(self, path: Path) -> None:
        if path in self._places:
            return
        place = len(self._rows)
        self.beginInsertRows(QModelIndex(), place, place)
        self._rows.append(FileRow(path, self._survey.name_of(path)))
        self._places[path] = place
        self.endInsertRows()
        self.counts_changed.emit()

    def _take_read(self, file: SurveyedFile) -> None:
        place = self._places[file.path]
        row = self._rows[place]
        row.state, row.file = RowState.READY, file
        count = len(file.image.info.scenes)
        if count > 1:
            self.beginInsertRows(self.index(place, 0), 0, count - 1)
            row.info = file.image.info
            self.endInsertRows()
        row.info = file.image.info
        self._tell(place)

    def _take_known(self, path: Path, twin: str) -> None:
        place = self._places[path]
        row = self._rows[place]
        if row.state is RowState.READING:
            row.state, row.twin = RowState.KNOWN, twin
            self._tell(place)
            self.left_out.emit(place)

    def _take_refused(self, path: Path, error: ErrorInfo) -> None:
        self._list(path)
        place = self._places[path]
        row = self._rows[place]
        row.state, row.error = RowState.BROKEN, error
        self._tell(place)
        self.left_out.emit(place)

    def _tell(self, place: int) -> None:
        self.dataChanged.emit(self.index(place, 0), self.index(place, len(Column) - 1))
        self.counts_changed.emit()

    def _tell_all(self) -> None:
        if self._rows:
            last = len(self._rows) - 1
            self.dataChanged.emit(self.index(0, 0), self.index(last, len(Column) - 1))
        self.counts_changed.emit()


def caption(row: FileRow) -> str:
    """Give the second line of a file: its format, or why it is not imported."""
    match row.state:
        case RowState.READING:
            return "Reading…"
        case RowState.KNOWN:
            name = Path(row.twin).name
            return "In the project already" if name == row.path.name else f"The same as {name}"
        case RowState.BROKEN:
            return row.error.title if row.error is not None else ""
        case RowState.READY:
            scenes = f" · {plural(len(row.scenes), 'scene')}" if len(row.scenes) > 1 else ""
            return f"{row.info.format if row.info else ''}{scenes}"


def _fact(scene: SceneInfo, column: Column) -> str:
    match column:
        case Column.SIZE:
            return size_text(scene)
        case Column.CHANNELS:
            return "RGB" if scene.is_rgb else str(scene.size("C"))
        case Column.Z | Column.T:
            return str(scene.size(column.name))
        case Column.DEPTH:
            return depth_text(scene)
        case _:
            um = scene.pixel_sizes.lateral_um
            return "" if um is None else length_text(um)


def _scene_name(row: FileRow, number: int) -> str:
    return row.scenes[number].name or f"Scene {number + 1}"


def _scene_caption(row: FileRow, number: int) -> str:
    return f"Scene {number + 1} of {len(row.scenes)}"


def _tooltip(row: FileRow) -> str:
    lines = [str(row.path)]
    if row.error is not None:
        lines.append(row.error.sentence)
    if row.state is RowState.KNOWN:
        lines.append(f"The same as {row.twin}")
    if row.info is not None:
        lines += row.info.warnings
    return "\n".join(lines)
