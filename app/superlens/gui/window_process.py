"""The life of the window process: application, window, engines, end."""

import faulthandler
import logging
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TextIO

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from superlens.core.errors import describe_error
from superlens.gui.main_window import MainWindow
from superlens.gui.theme.theme import WindowTheme
from superlens.io.locations import logs_dir, resources_dir
from superlens.workbench.workbench import Workbench

logger = logging.getLogger(__name__)


def run(argv: Sequence[str]) -> int:
    """Open the window, run until it is closed, and give the exit status of Qt."""
    crash_file = _open_crash_file()
    app = make_application(argv)
    workbench = Workbench()
    theme = WindowTheme(app, workbench.settings.values.theme)
    window = MainWindow(workbench, theme)
    _install_hook(window)
    window.show()
    QTimer.singleShot(0, workbench.start_engines)
    if argv:
        QTimer.singleShot(0, partial(window.open_paths, tuple(Path(name) for name in argv)))
    try:
        return app.exec()
    finally:
        window.hide()
        workbench.shutdown()
        if crash_file is not None:
            faulthandler.disable()
            crash_file.close()


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


def _open_crash_file() -> TextIO | None:
    try:
        logs_dir().mkdir(parents=True, exist_ok=True)
        stream = (logs_dir() / "crash.log").open("a", encoding="utf-8")
    except OSError as error:
        logger.warning("A crash could not be written down: %s", error)
        return None
    faulthandler.enable(stream)
    return stream


def _install_hook(window: MainWindow) -> None:
    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        logger.error("An unexpected error", exc_info=(kind, error, trace))
        detail = "".join(traceback.format_exception(kind, error, trace))
        window.show_error(replace(describe_error(error), detail=detail))

    sys.excepthook = tell
