"""The dock at the foot of the viewer: Jobs, Measurements, Log; folds to its tab row."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from superlens.gui.theme.icons import icon
from superlens.gui.widgets.buttons import tool
from superlens.gui.widgets.labels import rule
from superlens.gui.widgets.tabs import TabRow

OPEN_HEIGHT, TAB_HEIGHT = 168, 36


class BottomDock(QWidget):
    """Tabs over pages.

    Signals:
        folded(bool): the dock was folded or opened.
    """

    folded = Signal(bool)

    def __init__(self, pages: dict[str, QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_open = True
        self.wish: bool | None = None
        """Whether the user wants it open; None leaves it to the room there is."""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(rule(self))
        head = QHBoxLayout()
        head.setContentsMargins(6, 0, 12, 0)
        self.tabs = TabRow(tuple(pages), height=TAB_HEIGHT - 1)
        head.addWidget(self.tabs)
        head.addStretch(1)
        self._fold = tool("caret-down", "Fold this panel")
        self._fold.clicked.connect(self.toggle)
        head.addWidget(self._fold)
        column.addLayout(head)
        self._line = rule(self)
        column.addWidget(self._line)
        self._pages = QStackedWidget()
        for page in pages.values():
            self._pages.addWidget(page)
        column.addWidget(self._pages, 1)
        self.tabs.chosen.connect(self._choose)
        self.set_open(True)

    @property
    def is_open(self) -> bool:
        """Whether the pages are visible."""
        return self._is_open

    def set_open(self, is_open: bool) -> None:
        """Open the dock or fold it to its tab row."""
        self._is_open = is_open
        self._pages.setVisible(is_open)
        self._line.setVisible(is_open)
        self.setFixedHeight(OPEN_HEIGHT if is_open else TAB_HEIGHT)
        self._fold.setIcon(icon("caret-down" if is_open else "caret-up"))
        words = "Fold this panel" if is_open else "Open this panel"
        self._fold.setToolTip(words)
        self._fold.setAccessibleName(words)
        self.folded.emit(not is_open)

    def toggle(self) -> None:
        """Fold or open."""
        self.set_open(not self._is_open)
        self.wish = self._is_open

    def show_page(self, index: int) -> None:
        """Open the dock at a page."""
        self.tabs.choose(index)
        self.set_open(True)

    def _choose(self, index: int) -> None:
        self._pages.setCurrentIndex(index)
        if not self._is_open:
            self.set_open(True)
