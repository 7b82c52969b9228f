"""What a user does with the window, as tests do it."""

from pathlib import Path

from PySide6.QtCore import QMimeData, QModelIndex, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from superlens.gui.main_window import MainWindow
from superlens.gui.project.image_model import ImageState


def drop(window: MainWindow, urls: list[QUrl]) -> None:
    """Drop addresses on the window."""
    data = QMimeData()
    data.setUrls(urls)
    window.dropEvent(
        QDropEvent(
            QPointF(300, 300),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )


def import_files(window: MainWindow, qtbot: QtBot, *paths: Path) -> None:
    """Drop files on a window without images and wait until each is a row."""
    drop(window, [QUrl.fromLocalFile(str(path)) for path in paths])
    model = window.workspace.panel.model
    assert model is not None
    qtbot.waitUntil(lambda: model.rowCount(QModelIndex()) == len(paths))
    qtbot.waitUntil(lambda: model.count(ImageState.READING) == 0)
