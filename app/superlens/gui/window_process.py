"""The life of the window process: logs, application, window, engines, end."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from superlens.gui.main_window import MainWindow
from superlens.gui.theme.theme import WindowTheme
from superlens.io.locations import logs_dir, resources_dir
from superlens.workbench.log import LogFiles
from superlens.workbench.workbench import Workbench


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """What lives as long as the window."""

    app: QApplication
    workbench: Workbench
    window: MainWindow


class Surprises(QObject):
    """Brings unexpected errors of any thread to the window's own.

    Signals:
        happened(ErrorInfo): something that nobody caught.
    """

    happened = Signal(object)


def run(argv: Sequence[str]) -> int:
    """Open the window, run until it is closed, and give the exit status of Qt."""
    logs = _open_logs()
    opened = open_window(argv)
    surprises = Surprises()
    surprises.happened.connect(opened.window.show_error)
    if logs is not None:
        logs.hook_uncaught(surprises.happened.emit)
    QTimer.singleShot(0, opened.workbench.start_engines)
    if argv:
        paths = tuple(Path(name).absolute() for name in argv)
        QTimer.singleShot(0, partial(opened.window.open_paths, paths))
    try:
        return opened.app.exec()
    finally:
        opened.window.hide()
        opened.workbench.shutdown()
        if logs is not None:
            logs.close()


def open_window(argv: Sequence[str]) -> OpenWindow:
    """Build and show the window; no engine is started yet."""
    app = make_application(argv)
    workbench = Workbench()
    theme = WindowTheme(app, workbench.settings.values.theme)
    window = MainWindow(workbench, theme)
    theme.apply()
    window.show()
    return OpenWindow(app, workbench, window)


def make_application(argv: Sequence[str]) -> QApplication:
    """Give the QApplication with the settings that must precede it."""
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(
        Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
    )
    app = QApplication(["superlens", *argv])
    app.setApplicationName("Superlens")
    app.setApplicationDisplayName("Superlens")
    app.setDesktopFileName("superlens")
    app.setWindowIcon(QIcon(str(resources_dir() / "icons" / "superlens.svg")))
    return app


def _open_logs() -> LogFiles | None:
    """Begin to write logs; a folder that cannot be written to never stops the start."""
    try:
        return LogFiles(logs_dir())
    except OSError as error:
        logging.basicConfig(stream=sys.stderr)
        logging.getLogger(__name__).warning("There will be no log file: %s", error)
        return None
