"""Asks why names are shown again; the answer goes into the audit of the project."""

from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.labels import label, paint_surface, wrapped


class UnblindDialog(QDialog):
    """A field for a reason; it cannot be left empty."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Show names")
        self.setModal(True)
        self.setFixedWidth(440)
        paint_surface(self, "surface")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(4)
        column.addWidget(label("Show the names again", "block"))
        column.addWidget(wrapped("Who did so, when and why is kept with the project.", "caption"))
        column.addSpacing(8)
        column.addWidget(label("Reason", "label"))
        self.reason = QLineEdit()
        self.reason.setPlaceholderText("Scoring is finished")
        self.reason.setAccessibleName("Reason")
        self.reason.textChanged.connect(self._look)
        column.addWidget(self.reason)
        column.addSpacing(16)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        cancel = button("Keep hidden")
        cancel.clicked.connect(self.reject)
        row.addWidget(cancel)
        self.show_button = button("Show names", "primary")
        self.show_button.setDefault(True)
        self.show_button.clicked.connect(self.accept)
        row.addWidget(self.show_button)
        column.addLayout(row)
        self._look()

    def _look(self) -> None:
        self.show_button.setEnabled(bool(self.reason.text().strip()))
