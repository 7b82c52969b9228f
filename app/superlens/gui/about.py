"""What the program is, its version and its licence."""

import platform

from PySide6 import __version__ as qt_version
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from superlens import __version__
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.labels import label, wrapped

_WORDS = (
    "Computational super-resolution for microscopy labs, with honest uncertainty. Everything is "
    "computed on this computer; no image leaves it."
)
_LICENCES = (
    "BSD-3-Clause. Built with PyTorch, Qt for Python (LGPL), pyqtgraph, NumPy, SciPy, scikit-image "
    "and tifffile. Icons by Phosphor (MIT), font Inter (OFL)."
)


class AboutDialog(QDialog):
    """A small dialog; Esc closes it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Superlens")
        self.setFixedWidth(440)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(8)
        column.addWidget(label(f"Superlens {__version__}", "heading"))
        column.addWidget(wrapped(_WORDS))
        column.addWidget(wrapped(_LICENCES, "caption"))
        versions = f"Python {platform.python_version()}, Qt {qt_version}, {platform.platform()}"
        column.addWidget(wrapped(versions, "caption"))
        column.addSpacing(8)
        close = button("Close")
        close.clicked.connect(self.accept)
        column.addWidget(close)
