"""The inspector at the right of the viewer: tabs View, Image, Model."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from superlens.core.cards import ModelCard
from superlens.core.records import ImageRecord
from superlens.gui.inspector.image_tab import ImageTab
from superlens.gui.inspector.model_tab import ModelTab
from superlens.gui.inspector.view_tab import ViewTab
from superlens.gui.viewer.compare_view import CompareView
from superlens.gui.viewer.comparison import RestoredRun
from superlens.gui.widgets.labels import rule
from superlens.gui.widgets.tabs import TabRow


class Inspector(QWidget):
    """Tabs beside the viewer."""

    def __init__(self, compare: CompareView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view_tab = ViewTab(compare)
        self.image_tab = ImageTab()
        self._model_tab = ModelTab()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.tabs = TabRow(("View", "Image", "Model"), height=43)
        column.addWidget(self.tabs)
        column.addWidget(rule(self))
        self._pages = QStackedWidget()
        for tab in (self.view_tab, self.image_tab, self._model_tab):
            self._pages.addWidget(_scrolled(tab))
        column.addWidget(self._pages, 1)
        self.tabs.chosen.connect(self._pages.setCurrentIndex)

    def show_image(self, image: ImageRecord | None, scene: int = 0) -> None:
        """Show the facts of a scene of an image."""
        self.image_tab.show_image(image, scene)

    def show_run(self, run: RestoredRun | None, card: ModelCard | None) -> None:
        """Show which model and run made the result."""
        self.view_tab.show_model(card if run is not None else None)
        self._model_tab.show_run(run, card)


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
    return area
