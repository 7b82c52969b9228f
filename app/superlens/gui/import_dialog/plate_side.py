"""Tab Plate at the right of the import dialog: which wells the names of the files say."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from superlens.core.plate import smallest_plate
from superlens.gui.import_dialog.import_model import ImportModel
from superlens.gui.import_dialog.rows import RowState
from superlens.gui.widgets.choice import Choice
from superlens.gui.widgets.labels import label, set_tone, wrapped
from superlens.gui.words import plural
from superlens.io.plate_names import (
    PRESETS,
    ParsedName,
    doubles,
    guessed_preset,
    parse_names,
    problem_of_pattern,
)

NONE, OWN = "none", "own"
_STARTER = r"(?P<well>[A-P]\d{1,2})_f(?P<field>\d+)"
_PREVIEWED = 200

_Index = QModelIndex | QPersistentModelIndex


class PlateSide(QWidget):
    """The pattern of names, and what it makes of the names at hand."""

    def __init__(self, model: ImportModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._is_chosen = False
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(4)
        column.addWidget(label("Wells from the file names", "label"))
        column.addWidget(self._pattern_choice())
        column.addSpacing(4)
        column.addWidget(self._own_pattern())
        column.addWidget(self._plate_name())
        column.addSpacing(8)
        self._words = wrapped("", "caption")
        column.addWidget(self._words)
        column.addSpacing(4)
        self._preview = _Preview(self)
        column.addWidget(self._preview, 1)
        column.addSpacing(8)
        self._note = wrapped(
            "A well can be typed into the table for any file by itself.", "caption"
        )
        column.addWidget(self._note)
        column.addStretch(0)
        self._show_parts()
        model.counts_changed.connect(self._look_at_scenes)

    @property
    def plate_name(self) -> str:
        """The plate of the files whose names say none."""
        return self._plate.text().strip() or self._plate.placeholderText()

    @property
    def pattern_id(self) -> str:
        """The chosen preset, `own` or `none`."""
        return str(self._choice.currentData())

    @property
    def words(self) -> str:
        """What is said of the chosen pattern."""
        return self._words.text()

    def suggest_name(self, name: str) -> None:
        """Say what the plate is called unless the user names it."""
        self._plate.setPlaceholderText(name)

    def guess(self) -> None:
        """Choose the preset that understands all names, unless the user chose already."""
        names = self._names()
        found = guessed_preset(names) if len(names) > 1 and not self._is_chosen else None
        if found is None or any(item.problem for item in parse_names(names, found.pattern)):
            return
        self._choice.setCurrentIndex(self._choice.findData(found.id))
        self._show_parts()
        self.parse()

    def choose(self, pattern_id: str, pattern: str = "") -> None:
        """Choose a preset, `none`, or `own` with a pattern."""
        self._is_chosen = True
        self._choice.setCurrentIndex(self._choice.findData(pattern_id))
        if pattern:
            self._pattern.setText(pattern)
        self._show_parts()
        self.parse()

    def parse(self) -> None:
        """Put the files into the wells that their names say now."""
        rows = self._model.rows
        if self.pattern_id == NONE:
            if self._is_chosen:
                self._model.clear_wells()
            self._preview.show_names(())
            return
        parsed = parse_names(self._names(), self._pattern_text())
        by_path = dict(zip((row.path for row in self._named()), parsed, strict=True))
        self._model.set_names([by_path.get(row.path) for row in rows])
        self._preview.show_names(parsed)
        self._say(parsed)

    def _pattern_choice(self) -> Choice:
        self._choice = Choice()
        self._choice.setAccessibleName("Pattern of the file names")
        self._choice.addItem("Not a plate", NONE)
        for preset in PRESETS:
            self._choice.addItem(preset.title, preset.id)
        self._choice.addItem("Own pattern…", OWN)
        self._choice.activated.connect(self._choose)
        return self._choice

    def _own_pattern(self) -> QWidget:
        self._own = QWidget()
        column = QVBoxLayout(self._own)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(4)
        column.addWidget(label("Regular expression with named parts", "label"))
        self._pattern = QLineEdit(_STARTER)
        self._pattern.setFixedHeight(30)
        self._pattern.setAccessibleName("Pattern")
        self._pattern.textEdited.connect(self._edit_pattern)
        column.addWidget(self._pattern)
        column.addWidget(
            wrapped("Parts: plate, well (or row and column), field, channel, z, t.", "caption")
        )
        return self._own

    def _plate_name(self) -> QWidget:
        self._plate_row = QWidget()
        column = QVBoxLayout(self._plate_row)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(4)
        column.addWidget(label("Plate, where the names say none", "label"))
        self._plate = QLineEdit()
        self._plate.setFixedHeight(30)
        self._plate.setAccessibleName("Name of the plate")
        column.addWidget(self._plate)
        return self._plate_row

    def _show_parts(self) -> None:
        is_plate = self.pattern_id != NONE
        self._own.setVisible(self.pattern_id == OWN)
        self._plate_row.setVisible(is_plate)
        self._preview.setVisible(is_plate)
        self._note.setVisible(is_plate or any(row.wells for row in self._model.rows))
        if not is_plate:
            set_tone(self._words, "caption")
            plates = sum(bool(row.wells) for row in self._model.rows)
            self._words.setText(
                f"The scenes of {plural(plates, 'file')} name their wells: each such file becomes "
                "a plate."
                if plates
                else "Choose how the microscope names its files, and every image gets its well. "
                "Doses and controls are entered later, or read from a plate map."
            )

    def _look_at_scenes(self) -> None:
        if self.pattern_id == NONE:
            self._show_parts()

    def _choose(self, _: int) -> None:
        self.choose(self.pattern_id)

    def _edit_pattern(self, _: str) -> None:
        self._is_chosen = True
        self.parse()

    def _pattern_text(self) -> str:
        preset = next((item for item in PRESETS if item.id == self.pattern_id), None)
        return self._pattern.text() if preset is None else preset.pattern

    def _named(self) -> tuple[Any, ...]:
        """Give the rows whose names are looked at."""
        states = (RowState.READY, RowState.READING)
        return tuple(row for row in self._model.rows if row.state in states)

    def _names(self) -> list[str]:
        return [row.name for row in self._named()]

    def _say(self, parsed: Sequence[ParsedName]) -> None:
        problem = problem_of_pattern(self._pattern_text())
        understood = [item for item in parsed if not item.problem]
        twice = doubles(parsed)
        wells = tuple(sorted({item.well for item in understood}))
        size = smallest_plate(wells) if wells else None
        is_odd = len(understood) < len(parsed)
        set_tone(self._words, "bad" if problem else "warn" if is_odd else "caption")
        if problem:
            self._words.setText(f"{problem}.")
            return
        text = f"{len(understood)} of {plural(len(parsed), 'name')} understood"
        if size is not None:
            text += f": {plural(len(wells), 'well')} of a {size.value}-well plate"
        if twice:
            text += f". Some share a place, such as {twice[0][0]} and {twice[0][1]}"
        self._words.setText(f"{text}.")


class _Preview(QTableView):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows = _PreviewModel(self)
        self.setModel(self._rows)
        self.setProperty("kind", "preview")
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(26)
        self.setMinimumHeight(140)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in ((1, 56), (2, 46), (3, 34)):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, width)
        self.setAccessibleName("What the pattern finds in the names")

    def show_names(self, parsed: Sequence[ParsedName]) -> None:
        """Show what was found in the first names."""
        self._rows.show_names(parsed[:_PREVIEWED])


class _PreviewModel(QAbstractTableModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._names: Sequence[ParsedName] = ()

    def show_names(self, parsed: Sequence[ParsedName]) -> None:
        self.beginResetModel()
        self._names = parsed
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._names)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 4

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return ("Name", "Well", "Field", "C")[section] if role == 0 else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self._names[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            fits = not item.problem
            texts = (item.name, item.well if fits else "–", item.field, item.channel)
            return texts[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return item.problem or item.name
        return None
