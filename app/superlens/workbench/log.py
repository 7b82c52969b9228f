"""Where the program writes what happened: a rotating log, a file for crashes, hooks for surprises.

QtCore only. The single writer of the folder of logs.
"""

import faulthandler
import logging
import sys
import threading
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import IO

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from superlens.core.errors import ErrorInfo, describe_error
from superlens.core.messages import LogLevel, LogLine

logger = logging.getLogger(__name__)

LOG_FILE = "superlens.log"
CRASH_FILE = "crash.txt"
_MAX_BYTES = 1_000_000
_KEPT_FILES = 4
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_LEVELS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}
_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}

Report = Callable[[ErrorInfo], None]
"""Shows an unexpected error to the user; called in the thread in which it happened."""


class LogFiles:
    """The open log files of a session; `close()` puts everything back."""

    def __init__(self, folder: Path, level: int = logging.INFO) -> None:
        """Begin to write.

        Args:
            folder: where the files go, made if it is absent.
            level: what is written, such as `logging.DEBUG`.

        Raises:
            OSError: the folder cannot be written to.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._handler = RotatingFileHandler(
            folder / LOG_FILE, maxBytes=_MAX_BYTES, backupCount=_KEPT_FILES, encoding="utf-8"
        )
        self._handler.setFormatter(logging.Formatter(_FORMAT))
        self._level_before = logging.getLogger().level
        logging.getLogger().addHandler(self._handler)
        logging.getLogger().setLevel(level)
        # Appended to, so that the crash of the last session can still be sent.
        self._crashes: IO[str] = (folder / CRASH_FILE).open("a", encoding="utf-8")
        # Python may be told to write crashes elsewhere, as test runners do.
        self._notes_crashes = not faulthandler.is_enabled()
        if self._notes_crashes:
            faulthandler.enable(self._crashes)
        self._hooks_before = (sys.excepthook, threading.excepthook)
        self._qt_before = qInstallMessageHandler(_log_qt_message)

    def hook_uncaught(self, report: Report) -> None:
        """Log every exception that nobody caught, and report it in plain words."""

        def note(
            kind: type[BaseException], error: BaseException, trace: TracebackType | None
        ) -> None:
            if issubclass(kind, KeyboardInterrupt):
                sys.__excepthook__(kind, error, trace)
                return
            logger.error("Nobody caught this", exc_info=(kind, error, trace))
            report(describe_error(error))

        def note_in_thread(args: threading.ExceptHookArgs) -> None:
            if args.exc_value is not None:
                note(args.exc_type, args.exc_value, args.exc_traceback)

        sys.excepthook = note
        threading.excepthook = note_in_thread

    def close(self) -> None:
        """Stop writing and put the hooks back that were there before."""
        sys.excepthook, threading.excepthook = self._hooks_before
        qInstallMessageHandler(self._qt_before)
        if self._notes_crashes:
            faulthandler.disable()
        self._crashes.close()
        logging.getLogger().removeHandler(self._handler)
        logging.getLogger().setLevel(self._level_before)
        self._handler.close()


def log_engine_line(line: LogLine) -> None:
    """Write a line of an engine into the log of the program."""
    logging.getLogger(line.logger).log(_LEVELS[line.level], "%s", line.text)


def _log_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    level = _QT_LEVELS.get(kind, logging.WARNING)
    logging.getLogger("qt").log(level, "%s: %s", context.category or "default", message)
