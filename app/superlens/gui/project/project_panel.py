"""The project panel: search, images with their state, and how many there are."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import (
    QItemSelection,
    QModelIndex,
    QPoint,
    QSortFilterProxyModel,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QStackedWidget,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from superlens.gui.project.image_delegate import ImageDelegate
from superlens.gui.project.image_model import LINK_WORDS, ImageModel, ImageState, RowRole
from superlens.gui.theme.icons import icon
from superlens.gui.widgets.buttons import button, tool
from superlens.gui.widgets.chip import Chip, ChipState, ChipText
from superlens.gui.widgets.labels import ElidedLabel, label, rule, wrapped
from superlens.gui.words import plural
from superlens.workbench.jobs import JobQueue
from superlens.workbench.project import LinkState, Project

_BLINDED = ChipText(
    ChipState.INFO,
    "Blinded",
    "Names, wells and treatments are shown as codes until Hide names in the menu Project is off.",
    "lock",
)


class ProjectPanel(QWidget):
    """What the project holds.

    Signals:
        image_chosen(str): id of the image that the user selected.
        import_wanted(): the user wants to import files.
        removal_wanted(tuple[str, ...]): the user wants images out of the project.
        labels_wanted(tuple[str, ...]): the user wants to edit role, tags and note of images.
        search_wanted(): the user wants to find missing files.
        trash_wanted(tuple[str, ...]): the user wants the results of images in the trash.
        watch_wanted(): the user wants to see which folder is watched.
    """

    image_chosen = Signal(str)
    import_wanted = Signal()
    removal_wanted = Signal(object)
    labels_wanted = Signal(object)
    search_wanted = Signal()
    trash_wanted = Signal(object)
    watch_wanted = Signal()

    def __init__(self, jobs: JobQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._model: ImageModel | None = None
        self._project: Project | None = None
        self._selected = ""
        self._filter = QSortFilterProxyModel(self)
        self._filter.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        column.addWidget(self._search_row())
        self._pages = QStackedWidget()
        self._pages.addWidget(self._tree_view())
        self._pages.addWidget(self._empty_state())
        column.addWidget(self._pages, 1)
        self._watch_rule = rule(self)
        self._watch_rule.hide()
        column.addWidget(self._watch_rule)
        self.watch_line = button("", "line", "folder-open")
        self.watch_line.setAccessibleName("Watched folder")
        self.watch_line.clicked.connect(self.watch_wanted)
        self.watch_line.hide()
        column.addWidget(self.watch_line)
        column.addWidget(rule(self))
        self._count = ElidedLabel("", "caption")
        self._count.setContentsMargins(16, 0, 16, 0)
        self._count.setFixedHeight(36)
        column.addWidget(self._count)
        self._spin = QTimer(self, interval=125)
        self._spin.timeout.connect(self._tree.viewport().update)

    def show_project(self, project: Project | None) -> None:
        """Show another project, or none."""
        if self._model is not None:
            self._model.deleteLater()
        self._model = None if project is None else ImageModel(project, self._jobs)
        self._filter.setSourceModel(self._model or QStandardItemModel(self))
        if self._model is not None:
            for signal in (
                self._model.rowsInserted,
                self._model.rowsRemoved,
                self._model.dataChanged,
            ):
                signal.connect(self._update_count)
            self._model.rowsInserted.connect(self._select_again)
            self._select_again()
        self._update_count()
        if project is not None:
            project.names.changed.connect(self._show_blinding)
        self._project = project
        self._show_blinding()

    def _show_blinding(self) -> None:
        self.blinded.setVisible(self._project is not None and self._project.names.is_blinded)

    def select(self, image_id: str) -> None:
        """Select an image without telling anybody."""
        self._selected = image_id
        if self._model is None:
            return
        index = self._filter.mapFromSource(self._model.index_of(image_id))
        if index == self._tree.currentIndex():  # others may be selected with it
            return
        selection = self._tree.selectionModel()
        selection.blockSignals(True)
        self._tree.setCurrentIndex(index)
        selection.blockSignals(False)
        self._tree.viewport().update()

    def show_watch(self, folder: str) -> None:
        """Say that a folder is watched; an empty text hides the line."""
        self.watch_line.setText(f" Watching {Path(folder).name}")
        self.watch_line.setToolTip(folder)
        self.watch_line.setVisible(bool(folder))
        self._watch_rule.setVisible(bool(folder))

    @property
    def selected(self) -> tuple[str, ...]:
        """The ids of all selected images, in the order of the rows."""
        rows = sorted(self._tree.selectionModel().selectedRows(), key=lambda index: index.row())
        ids = (index.data(RowRole.IMAGE_ID) for index in rows)
        return tuple(image_id for image_id in ids if image_id)

    @property
    def model(self) -> ImageModel | None:
        """The rows, before the filter."""
        return self._model

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(16, 6, 12, 6)
        row.setSpacing(8)
        row.addWidget(label("Project", "block"))
        self.blinded = Chip(_BLINDED)
        self.blinded.hide()
        row.addWidget(self.blinded)
        row.addStretch(1)
        add = tool("plus", "Import files… (Ctrl+O)")
        add.clicked.connect(self.import_wanted)
        row.addWidget(add)
        return row

    def _search_row(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(12, 4, 12, 8)
        self._search = QLineEdit()
        self._search.setProperty("kind", "search")
        self._search.setPlaceholderText("Search images")
        self._search.setClearButtonEnabled(True)
        self._search.addAction(
            icon("magnifying-glass", "text3"), QLineEdit.ActionPosition.LeadingPosition
        )
        self._search.textChanged.connect(self._filter.setFilterFixedString)
        row.addWidget(self._search)
        return holder

    def _tree_view(self) -> QTreeView:
        self._tree = QTreeView()
        self._tree.setModel(self._filter)
        self._tree.setItemDelegate(ImageDelegate(self._tree))
        self._tree.setHeaderHidden(True)
        self._tree.setRootIsDecorated(False)
        self._tree.setIndentation(0)
        self._tree.setUniformRowHeights(True)
        self._tree.setMouseTracking(True)
        self._tree.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        self._tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._tree.customContextMenuRequested.connect(self._offer_menu)
        self._tree.setAccessibleName("Images of the project")
        self._tree.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
        self._tree.selectionModel().selectionChanged.connect(self._tell_choice)
        return self._tree

    def _empty_state(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 0, 24, 0)
        column.setSpacing(12)
        words = wrapped("No images yet. Drop files anywhere on the window.", "caption")
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        add = button("Import files…", icon_name="file-plus")
        add.clicked.connect(self.import_wanted)
        column.addStretch(1)
        column.addWidget(words)
        column.addWidget(add, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        return page

    def _select_again(self, *_: object) -> None:
        """Select the chosen image once its row is there."""
        if self._selected and not self._tree.currentIndex().isValid():
            self.select(self._selected)

    def _tell_choice(self, selected: QItemSelection, _: QItemSelection) -> None:
        current = self._tree.currentIndex()
        image_id = current.data(RowRole.IMAGE_ID) if selected.contains(current) else ""
        if image_id:
            self.image_chosen.emit(image_id)

    def _offer_menu(self, place: QPoint) -> None:
        index = self._tree.indexAt(place)
        if not index.isValid() or self._model is None:
            return
        menu = QMenu(self)
        source = self._filter.mapToSource(index)
        if index.data(RowRole.STATE) is ImageState.REFUSED:
            dismiss = menu.addAction("Dismiss")
            if menu.exec(self._tree.viewport().mapToGlobal(place)) is dismiss:
                self._model.dismiss(source)
            return
        self._fill_menu(menu, index.data(RowRole.CAPTION) == LINK_WORDS[LinkState.MISSING])
        menu.exec(self._tree.viewport().mapToGlobal(place))

    def _fill_menu(self, menu: QMenu, is_missing: bool) -> None:
        ids = self.selected
        offers: list[tuple[str, Callable[[], object]]] = [
            ("Role, tags and note…", lambda: self.labels_wanted.emit(ids)),
            ("Move results to trash", lambda: self.trash_wanted.emit(ids)),
        ]
        if is_missing:
            offers.append(("Find missing files…", self.search_wanted.emit))
        several = f"Remove {plural(len(ids), 'image')} from project"
        words = "Remove from project" if len(ids) < 2 else several
        offers.append((words, lambda: self.removal_wanted.emit(ids)))
        for text, do in offers:
            menu.addAction(text).triggered.connect(lambda _=False, do=do: do())

    def _update_count(self, *_: object) -> None:
        model = self._model
        total = 0 if model is None else model.rowCount(QModelIndex())
        self._pages.setCurrentIndex(0 if total else 1)
        if model is None:
            self._count.setText("")
            return
        refused = model.count(ImageState.REFUSED)
        done = model.count(ImageState.RESTORED)
        second = f"{refused} refused" if refused else f"{done} super-resolved"
        parts = [plural(total - refused, "image"), second]
        self._count.setText(" · ".join(parts))
        is_busy = model.count(ImageState.RUNNING, ImageState.READING) > 0
        if is_busy != self._spin.isActive():
            (self._spin.start if is_busy else self._spin.stop)()
