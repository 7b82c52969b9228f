"""The life of the window process: application, window, engines, end."""

import faulthandler
import logging
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """What lives as long as the window."""

    app: QApplication
    workbench: Workbench
    window: MainWindow


def run(argv: Sequence[str]) -> int:
    """Open the window, run until it is closed, and give the exit status of Qt."""
    crash_file = _open_crash_file()
    opened = open_window(argv)
    _install_hook(opened.window)
    QTimer.singleShot(0, opened.workbench.start_engines)
    if argv:
        paths = tuple(Path(name).absolute() for name in argv)
        QTimer.singleShot(0, partial(opened.window.open_paths, paths))
    try:
        return opened.app.exec()
    finally:
        opened.window.hide()
        opened.workbench.shutdown()
        if crash_file is not None:
            faulthandler.disable()
            crash_file.close()


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
