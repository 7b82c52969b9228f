"""The trash of the project: results that were removed, to be restored or deleted for good."""

from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from superlens.core.errors import SuperlensError
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.labels import (
    ElidedLabel,
    clear_layout,
    label,
    paint_surface,
    rule,
    set_tone,
    wrapped,
)
from superlens.gui.words import day_text, plural
from superlens.io.trash import Removed
from superlens.workbench.project import Project

_KINDS = {
    "restore": "Super-resolution",
    "measure": "Measurement",
    "train": "Training",
    "report": "Report",
    "evaluate": "Evaluation",
}


class TrashDialog(QDialog):
    """Removed results, the newest first."""

    def __init__(self, project: Project, parent: QWidget) -> None:
        super().__init__(parent)
        self._project = project
        self._is_sure = False
        self.setWindowTitle("Trash")
        self.setModal(True)
        self.resize(560, 420)
        paint_surface(self, "surface")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head())
        column.addWidget(rule(self))
        column.addWidget(self._list(), 1)
        column.addWidget(rule(self))
        column.addWidget(self._foot())
        project.trash.changed.connect(self._show)
        self._show()

    def restore(self, removed: Removed) -> None:
        """Bring a result back; what hinders it is said in the dialog."""
        try:
            self._project.trash.restore(removed)
        except SuperlensError as error:
            self._say(error.sentence, "bad")

    def empty(self) -> None:
        """Ask once by changing the button, then delete."""
        if not self._is_sure:
            self._is_sure = True
            self.empty_button.setText("Delete for good")
            self._say("The files of these results cannot be brought back afterwards.", "warn")
            return
        try:
            freed = self._project.trash.empty()
        except SuperlensError as error:
            self._say(error.sentence, "bad")
        else:
            self._say(f"{freed} freed." if freed else "", "caption")

    def _head(self) -> QWidget:
        head = QWidget()
        column = QVBoxLayout(head)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(4)
        column.addWidget(label("Trash", "block"))
        column.addWidget(
            wrapped("Results that were removed. Raw images never come here.", "caption")
        )
        return head

    def _list(self) -> QScrollArea:
        inner = QWidget()
        self._rows = QVBoxLayout(inner)
        self._rows.setContentsMargins(24, 8, 24, 8)
        self._rows.setSpacing(0)
        area = QScrollArea()
        area.setWidget(inner)
        area.setWidgetResizable(True)
        return area

    def _foot(self) -> QWidget:
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(24, 14, 24, 14)
        row.setSpacing(8)
        self.words = wrapped("", "caption")
        row.addWidget(self.words, 1)
        self.empty_button = button("Empty trash", "destructive", "trash")
        self.empty_button.clicked.connect(self.empty)
        row.addWidget(self.empty_button)
        close = button("Close")
        close.clicked.connect(self.accept)
        row.addWidget(close)
        return foot

    def _show(self) -> None:
        clear_layout(self._rows)
        contents = self._project.trash.contents()
        for removed in reversed(contents):
            self._rows.addWidget(self._row(removed))
        if not contents:
            self._rows.addWidget(_nothing(), 1)
        else:
            self._rows.addStretch(1)
        self._is_sure = False
        self.empty_button.setText(" Empty trash")
        self.empty_button.setEnabled(bool(contents) and not self._project.read_only_reason)
        self._say(plural(len(contents), "result") if contents else "", "caption")

    def _row(self, removed: Removed) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(12)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(ElidedLabel(self._name_of(removed), "strong"))
        kind = _KINDS.get(removed.result.kind, removed.result.kind)
        when = datetime.fromisoformat(removed.removed_at).astimezone()
        day = day_text(when, datetime.now().astimezone())
        words.addWidget(label(f"{kind} · removed {day[0].lower()}{day[1:]}", "caption"))
        row.addLayout(words, 1)
        back = button("Restore")
        back.setEnabled(not self._project.read_only_reason)
        back.clicked.connect(lambda: self.restore(removed))
        row.addWidget(back)
        return holder

    def _name_of(self, removed: Removed) -> str:
        known = [i for i in removed.image_ids if i in self._project.image_ids()]
        images = tuple(self._project.image(image_id) for image_id in known)
        return self._project.names.of_run(removed.result, images)

    def _say(self, words: str, tone: str) -> None:
        self.words.setText(words)
        set_tone(self.words, tone)


def _nothing() -> QLabel:
    words = wrapped("The trash is empty.", "caption")
    words.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return words
