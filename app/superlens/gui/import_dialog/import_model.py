"""The files of the import dialog as a Qt model: a row each, its scenes below where it has several.

Changes of the user go through here; nothing reaches the project before the dialog is accepted.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QPixmap

from superlens.core.errors import ErrorInfo
from superlens.core.records import ChannelInfo, ImageInfo, ImageRole
from superlens.gui.import_dialog.row_words import (
    Column,
    caption,
    fact_text,
    scene_caption,
    scene_name,
    tooltip,
    wells_text,
)
from superlens.gui.import_dialog.rows import (
    FileRow,
    RowState,
    are_alike,
    pixel_um_of,
    well_of,
    with_channels,
    with_pixel_size,
)
from superlens.gui.words import ROLE_NAMES
from superlens.io.plate_names import ParsedName, wells_of_scenes
from superlens.workbench.import_survey import ImportSurvey, SurveyedFile

_Index = QModelIndex | QPersistentModelIndex


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
            row.want(None, is_checked)
        self._tell_all()

    def set_role(self, rows: Sequence[FileRow], role: ImageRole) -> None:
        """Give files a role."""
        for row in rows:
            row.role = role
        self._tell_all()

    def set_well(self, rows: Sequence[FileRow], well: str, scene: int | None = None) -> None:
        """Put files, or the scene of a number in each, into a well; empty takes them out."""
        for row in rows:
            row.put_into_well(scene, well)
        self._tell_all()

    def set_axes(self, rows: Sequence[FileRow], axes: str) -> None:
        """Call the axes of files otherwise: all five letters, see `InputImage`."""
        for row in rows:
            if row.info is not None:
                row.name_axes(axes)
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
        self.set_axes(others, row.axes)
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
            row.put_into_well(None, name.well if name is not None and is_understood else "")
            if not is_understood:
                row.wells = wells_of_scenes([scene.name for scene in row.scenes])
        self._tell_all()

    def clear_wells(self) -> None:
        """Take all files out of their wells."""
        for row in self._rows:
            row.parsed = None
            row.put_into_well(None, "")
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
        if index.column() == Column.NAME:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        is_role = index.column() == Column.ROLE and not index.internalId()
        if is_role or index.column() in (Column.PIXEL, Column.WELL):
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
                return tooltip(row)
            case _ if role == ROW:
                return row
            case _ if role == SCENE:
                return number
            case _ if role == PICTURE:
                return self._picture(row, number)
            case _ if role == CAPTION:
                return scene_caption(row, number) if index.internalId() else caption(row)
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self._at(index)
        scene = self._scene(index) if index.internalId() else None
        if role == Qt.ItemDataRole.CheckStateRole:
            row.want(scene, Qt.CheckState(value) == Qt.CheckState.Checked)
            self._tell_all()
            return True
        match index.column():
            case Column.PIXEL if (um := pixel_um_of(str(value))) is not None:
                self.set_pixel_size((row,), um, self._scene(index))
            case Column.WELL if (well := well_of(str(value))) is not None:
                self.set_well((row,), well, scene)
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
        if row.state is not RowState.READY:
            return None
        if index.internalId():
            is_wanted = index.row() in row.wanted_scenes
            return Qt.CheckState.Checked if is_wanted else Qt.CheckState.Unchecked
        if row.is_checked and row.left_out:
            return Qt.CheckState.PartiallyChecked
        return Qt.CheckState.Checked if row.is_checked else Qt.CheckState.Unchecked

    def _text(self, row: FileRow, number: int, index: _Index) -> str:
        is_scene = bool(index.internalId())
        column = Column(index.column())
        if column is Column.NAME:
            return scene_name(row, number) if is_scene else row.path.name
        if row.info is None:
            return ""
        if column is Column.WELL:
            return row.well_of(number) if is_scene else wells_text(row)
        if column is Column.ROLE:
            return "" if is_scene else ROLE_NAMES[row.role]
        return fact_text(row.info.scenes[number], column)

    def _picture(self, row: FileRow, number: int) -> QPixmap | None:
        if row.file is None:
            return None
        if row.pictures.get(number) is None:  # it may be made any time after the file was read
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
        row.wells = wells_of_scenes([scene.name for scene in row.scenes]) if count > 1 else ()
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
        for place, row in enumerate(self._rows):
            if len(row.scenes) > 1:
                parent, end = self.index(place, 0), len(row.scenes) - 1
                ends = self.index(0, 0, parent), self.index(end, len(Column) - 1, parent)
                self.dataChanged.emit(*ends)
        self.counts_changed.emit()
