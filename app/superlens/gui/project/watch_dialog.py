"""The dialog of folder watching: which folder, which model, and what could not be used."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from superlens.core.errors import SuperlensError
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.choice import CheckBox, Choice
from superlens.gui.widgets.labels import (
    ElidedLabel,
    clear_layout,
    label,
    paint_surface,
    rule,
    wrapped,
)
from superlens.gui.words import plural
from superlens.io.model_library import InstalledModel
from superlens.workbench.folder_watch import FolderWatch, WatchSettings
from superlens.workbench.quarantine import QuarantinedFile

_WORDS = (
    "Files that arrive in the folder are imported as soon as they are complete. "
    "Those that cannot be used are listed below and stay where they are."
)


class WatchDialog(QDialog):
    """Starts and stops watching."""

    def __init__(
        self, watch: FolderWatch, models: Sequence[InstalledModel], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._watch = watch
        self.setWindowTitle("Watch folder")
        self.setModal(True)
        self.setFixedWidth(560)
        self.setMinimumHeight(420)
        paint_surface(self, "surface")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(4)
        column.addWidget(label("Watch folder", "block"))
        column.addWidget(wrapped(_WORDS, "caption"))
        column.addSpacing(12)
        column.addWidget(label("Folder", "label"))
        column.addLayout(self._folder_row())
        column.addSpacing(8)
        column.addWidget(label("Super-resolve every new image with", "label"))
        column.addWidget(self._model_choice(models))
        column.addSpacing(8)
        self.moves = CheckBox("Move files that cannot be used into a folder “quarantine”")
        self.moves.setChecked(watch.settings.moves_failures)
        column.addWidget(self.moves)
        column.addSpacing(12)
        column.addWidget(rule(self))
        column.addSpacing(8)
        self._refused_head = label("", "section")
        column.addWidget(self._refused_head)
        column.addWidget(self._refused_list(), 1)
        self._wrong = wrapped("", "bad")
        self._wrong.hide()
        column.addWidget(self._wrong)
        column.addSpacing(12)
        column.addLayout(self._buttons())
        watch.refused.connect(self._show_refused)
        watch.changed.connect(self._show_state)
        self._show_refused()
        self._show_state()

    def start(self) -> None:
        """Watch as chosen and close; what hinders it is said in the dialog."""
        settings = WatchSettings(
            self.folder.text().strip(), self.model.currentData() or "", self.moves.isChecked()
        )
        if self._tried(lambda: self._watch.start(settings)):
            self.accept()

    def stop(self) -> None:
        """Watch no longer."""
        self._tried(self._watch.stop)

    def _folder_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.folder = QLineEdit(self._watch.settings.folder)
        self.folder.setPlaceholderText("Where the microscope saves its files")
        self.folder.setAccessibleName("Folder")
        self.folder.textChanged.connect(lambda: self._show_state())
        row.addWidget(self.folder, 1)
        choose = button("Choose…", icon_name="folder-open")
        choose.clicked.connect(self._choose)
        row.addWidget(choose)
        return row

    def _model_choice(self, models: Sequence[InstalledModel]) -> Choice:
        self.model = Choice()
        self.model.setAccessibleName("Model")
        self.model.addItem("No model, import only", "")
        for item in models:
            self.model.addItem(item.card.title, item.card.id)
        self.model.setCurrentIndex(max(0, self.model.findData(self._watch.settings.model)))
        return self.model

    def _refused_list(self) -> QScrollArea:
        inner = QWidget()
        self._rows = QVBoxLayout(inner)
        self._rows.setContentsMargins(0, 4, 0, 4)
        self._rows.setSpacing(10)
        area = QScrollArea()
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setMinimumHeight(96)
        return area

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.stop_button = button("Stop watching", icon_name="stop")
        self.stop_button.clicked.connect(self.stop)
        row.addWidget(self.stop_button)
        row.addStretch(1)
        close = button("Close")
        close.clicked.connect(self.reject)
        row.addWidget(close)
        self.start_button = button("Watch folder", "primary")
        self.start_button.setDefault(True)
        self.start_button.clicked.connect(self.start)
        row.addWidget(self.start_button)
        return row

    def _choose(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Watch folder", self.folder.text())
        if name:
            self.folder.setText(name)

    def _tried(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except SuperlensError as error:
            self._wrong.setText(error.sentence)
            self._wrong.show()
            return False
        self._wrong.hide()
        return True

    def _show_state(self) -> None:
        self.stop_button.setVisible(self._watch.is_watching)
        self.start_button.setText("Save" if self._watch.is_watching else "Watch folder")
        self.start_button.setEnabled(bool(self.folder.text().strip()))

    def _show_refused(self, *_: object) -> None:
        clear_layout(self._rows)
        files = self._watch.quarantine.files
        self._refused_head.setText(
            f"{plural(len(files), 'file')} could not be used" if files else "Refused files"
        )
        for item in reversed(files):
            self._rows.addWidget(_row(item))
        if not files:
            self._rows.addWidget(wrapped("None so far.", "caption"))
        self._rows.addStretch(1)


def _row(item: QuarantinedFile) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    column.addWidget(ElidedLabel(Path(item.path).name, "strong"))
    column.addWidget(wrapped(item.reason.sentence, "caption"))
    holder.setToolTip(item.path)
    return holder
