"""The import dialog: files as they were found, corrected where needed, then taken."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QStackedWidget,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from superlens.core.errors import SuperlensError, describe_error
from superlens.gui.import_dialog.image_side import ImageSide
from superlens.gui.import_dialog.import_model import SCENE, ImportModel
from superlens.gui.import_dialog.plate_side import PlateSide
from superlens.gui.import_dialog.row_delegate import RowDelegate
from superlens.gui.import_dialog.row_words import Column
from superlens.gui.import_dialog.rows import FileRow, RowState
from superlens.gui.theme.current import tokens
from superlens.gui.theme.icons import draw_icon
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.labels import label, paint_surface, rule, wrapped
from superlens.gui.widgets.progress import ProgressLine
from superlens.gui.widgets.tabs import TabRow
from superlens.gui.words import plural
from superlens.workbench.import_plan import take_in
from superlens.workbench.import_survey import ImportSurvey

_SIZE, _SMALLEST, _SIDE = (1280, 780), (1000, 600), 328
_WIDTHS = {
    Column.SIZE: 100,
    Column.CHANNELS: 40,
    Column.Z: 40,
    Column.T: 40,
    Column.DEPTH: 88,
    Column.PIXEL: 168,
    Column.WELL: 68,
    Column.ROLE: 76,
}


class ImportDialog(QDialog):
    """Files on their way into a project; nothing is imported before Import is pressed."""

    def __init__(self, survey: ImportSurvey, paths: Sequence[Path], parent: QWidget) -> None:
        """Make the dialog and start looking at files.

        Args:
            survey: not used for anything else; it is closed with the dialog.
            paths: files and folders.
            parent: the window.
        """
        super().__init__(parent)
        self.setWindowTitle("Import")
        self.setMinimumSize(*_SMALLEST)
        self.resize(*_SIZE)
        self.setModal(True)
        paint_surface(self, "surface")
        survey.setParent(self)
        self._survey, self._paths = survey, tuple(paths)
        self.model = ImportModel(survey)
        self._is_looking = True
        self._arrange()
        self._connect()
        self.plate.suggest_name(_plate_name(self._paths))
        survey.look_at(self._paths)
        self._update()

    def reject(self) -> None:
        """Close and keep nothing."""
        self._spin.stop()
        self._survey.close()
        super().reject()

    def accept(self) -> None:
        """Import what is checked and close."""
        wanted = self.model.wanted()
        if not wanted:
            return
        planned = [row.planned(self.plate.plate_name) for row in wanted]
        self._spin.stop()
        try:
            take_in(self._survey.project, planned)
        except SuperlensError as error:
            self._trouble.setText(describe_error(error).sentence)
            self._trouble.show()
            return
        self._survey.close({item.image.id for item in planned})
        super().accept()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._survey.close()
        super().closeEvent(event)

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head())
        column.addWidget(rule(self))
        middle = QHBoxLayout()
        middle.setContentsMargins(16, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(self._tree_view(), 1)
        middle.addWidget(rule(self, vertical=True))
        middle.addWidget(self._side())
        column.addLayout(middle, 1)
        column.addWidget(rule(self))
        column.addWidget(self._foot())

    def _head(self) -> QWidget:
        head = QWidget()
        head.setFixedHeight(64)
        row = QHBoxLayout(head)
        row.setContentsMargins(24, 0, 24, 0)
        row.setSpacing(16)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        words.addWidget(label(_title(self._paths), "block"))
        self._summary = label("", "caption")
        words.addWidget(self._summary)
        words.addStretch(1)
        row.addLayout(words)
        row.addStretch(1)
        self._progress = ProgressLine()
        self._progress.setFixedWidth(160)
        row.addWidget(self._progress)
        self._progress_words = label("", "caption")
        row.addWidget(self._progress_words)
        return head

    def _tree_view(self) -> QTreeView:
        self.tree = _Tree()
        self.tree.setModel(self.model)
        self.tree.setItemDelegate(RowDelegate(self.tree))
        head = self.tree.header()
        head.setStretchLastSection(False)
        head.setSectionsMovable(False)
        head.setFixedHeight(32)
        head.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.tree.setColumnWidth(column, width)
        return self.tree

    def _side(self) -> QWidget:
        side = QWidget()
        side.setFixedWidth(_SIDE)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.tabs = TabRow(("Image", "Plate"))
        self.tabs.setContentsMargins(8, 0, 0, 0)
        column.addWidget(self.tabs)
        column.addWidget(rule(side))
        self.image = ImageSide(self.model)
        self.plate = PlateSide(self.model)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.image)
        self._pages.addWidget(self.plate)
        column.addWidget(self._pages, 1)
        return side

    def _foot(self) -> QWidget:
        foot = QWidget()
        foot.setFixedHeight(64)
        row = QHBoxLayout(foot)
        row.setContentsMargins(24, 0, 24, 0)
        row.setSpacing(8)
        self._trouble = wrapped("", "bad")
        self._trouble.hide()
        self._advice = wrapped("", "caption")
        row.addWidget(self._trouble, 1)
        row.addWidget(self._advice, 1)
        cancel = button("Cancel")
        cancel.clicked.connect(self.reject)
        row.addWidget(cancel)
        self.take = button("Import", "primary")
        self.take.setDefault(True)
        self.take.clicked.connect(self.accept)
        row.addWidget(self.take)
        return foot

    def _connect(self) -> None:
        self._spin = QTimer(self, interval=125)
        self._spin.timeout.connect(self.tree.viewport().update)
        self._spin.start()
        self._summary_timer = QTimer(self, singleShot=True, interval=0)
        self._summary_timer.timeout.connect(self._update)
        self.model.counts_changed.connect(self._summary_timer.start)
        self.model.left_out.connect(self._span)
        self.tree.selectionModel().selectionChanged.connect(self._show_selected)
        self.tree.selectionModel().currentChanged.connect(self._show_selected)
        self.tabs.chosen.connect(self._pages.setCurrentIndex)
        self._survey.all_listed.connect(self._guess_plate)
        self._survey.finished.connect(self._finish)

    def _guess_plate(self) -> None:
        if any(path.is_dir() for path in self._paths):
            self.plate.guess()

    def _span(self, place: int) -> None:
        """Let the reason of a file without facts use the whole row."""
        self.tree.setFirstColumnSpanned(place, QModelIndex(), True)

    def _finish(self) -> None:
        self._is_looking = False
        self._spin.stop()
        self._update()

    def _show_selected(self, *_: object) -> None:
        current = self.tree.currentIndex()
        chosen = self.tree.selectionModel().selectedRows()
        rows: list[FileRow] = []
        for index in (current, *chosen):
            row = self.model.row_of(index)
            if row is not None and not any(row is other for other in rows):
                rows.append(row)
        good = [row for row in rows if row.state is RowState.READY]
        number = current.data(SCENE) if current.isValid() else 0
        self.image.show_rows(good if len(good) > 1 else rows[:1], number)

    def _update(self) -> None:
        """Say how things stand."""
        model = self.model
        total, reading = len(model.rows), model.count(RowState.READING)
        is_busy = self._is_looking
        self._progress.show_progress(total - reading, total, is_busy)
        self._progress_words.setText(f"{total - reading} of {total} read" if is_busy else "")
        self._summary.setText(_summary(model))
        wanted = model.wanted()
        self.take.setText(f"Import {plural(len(wanted), 'image')}" if wanted else "Import")
        self.take.setEnabled(bool(wanted))
        self.take.setToolTip("" if wanted else "No file is checked")
        lacking = sum(row.lacks_pixel_size for row in wanted)
        self._advice.setText(_lacking_words(lacking))
        if not self.tree.currentIndex().isValid() and total:
            self.tree.setCurrentIndex(model.index(0, 0))
        self.image.refresh()


class _Tree(QTreeView):
    """Rows that fold by a caret; Space checks the selected ones."""

    def __init__(self) -> None:
        super().__init__()
        self.setUniformRowHeights(True)
        self.setIndentation(20)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Files to import")

    def drawBranches(
        self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        chosen = self.selectionModel().isSelected(index)
        if chosen:
            painter.fillRect(rect, QColor(tokens().tint))
        if self.model().rowCount(index):
            caret = QRect(rect.right() - 13, rect.center().y() - 5, 12, 12)
            name = "caret-down" if self.isExpanded(index) else "caret-right"
            draw_icon(painter, caret, name, QColor(tokens().text3))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self._turn_checks()
        else:
            super().keyPressEvent(event)

    def _turn_checks(self) -> None:
        role = Qt.ItemDataRole.CheckStateRole
        checks = [i for i in self.selectionModel().selectedRows() if i.data(role) is not None]
        are_all = all(Qt.CheckState(i.data(role)) == Qt.CheckState.Checked for i in checks)
        after = Qt.CheckState.Unchecked if are_all else Qt.CheckState.Checked
        for index in checks:
            self.model().setData(index, after, role)


def _title(paths: Sequence[Path]) -> str:
    if len(paths) == 1:
        return f"Import from {paths[0].name}" if paths[0].is_dir() else f"Import {paths[0].name}"
    return "Import files"


def _plate_name(paths: Sequence[Path]) -> str:
    first = paths[0] if paths else Path("Plate 1")
    return first.name if first.is_dir() else first.parent.name or "Plate 1"


def _summary(model: ImportModel) -> str:
    parts = [plural(len(model.rows), "file")]
    scenes = sum(len(row.scenes) for row in model.rows)
    wanted = sum(len(row.wanted_scenes) for row in model.wanted())
    ready = model.count(RowState.READY)
    if scenes > ready:
        are_all = wanted in (0, scenes)
        parts.append(plural(scenes, "scene") if are_all else f"{wanted} of {scenes} scenes")
    known, broken = model.count(RowState.KNOWN), model.count(RowState.BROKEN)
    if known:
        parts.append(f"{known} there already")
    if broken:
        parts.append(f"{broken} cannot be read")
    return " · ".join(parts)


def _lacking_words(count: int) -> str:
    if not count:
        return "Files stay where they are; the project links to them."
    verb = "has" if count == 1 else "have"
    return (
        f"{plural(count, 'image')} {verb} no pixel size. Import works all the same; "
        "lengths are told in pixels until you enter it."
    )
