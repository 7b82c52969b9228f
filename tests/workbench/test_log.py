"""What goes wrong is written down and told in plain words."""

import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import qWarning

from superlens.core.errors import ErrorInfo, UnreadableFile
from superlens.core.messages import LogLevel, LogLine
from superlens.workbench.log import CRASH_FILE, LOG_FILE, LogFiles, log_engine_line


@pytest.fixture
def files(tmp_path: Path) -> Iterator[LogFiles]:
    files = LogFiles(tmp_path / "logs")
    yield files
    files.close()


def text_of(files: LogFiles) -> str:
    return (files.folder / LOG_FILE).read_text(encoding="utf-8")


def test_milestones_are_written_and_details_are_not(files: LogFiles) -> None:
    logging.getLogger("superlens.test").info("Restored %s", "a.tif")
    logging.getLogger("superlens.test").debug("tile 3")

    assert "INFO    superlens.test: Restored a.tif" in text_of(files)
    assert "tile 3" not in text_of(files)


def test_messages_of_qt_are_written(files: LogFiles) -> None:
    qWarning("a timer in the wrong thread")

    assert "a timer in the wrong thread" in text_of(files)


def test_lines_of_an_engine_are_written(files: LogFiles) -> None:
    log_engine_line(LogLine(LogLevel.WARNING, "superlens.engine", "smaller tiles: 50%"))

    assert "WARNING superlens.engine: smaller tiles: 50%" in text_of(files)


@pytest.mark.expects_error_log
def test_uncaught_error_is_logged_with_its_trace_and_reported_in_words(files: LogFiles) -> None:
    reported: list[ErrorInfo] = []
    files.hook_uncaught(reported.append)
    try:
        raise UnreadableFile("a.tif is empty", "Export it again")
    except UnreadableFile as error:
        sys.excepthook(type(error), error, error.__traceback__)

    assert reported == [ErrorInfo("unreadable_file", "a.tif is empty", "Export it again")]
    assert "test_uncaught_error" in text_of(files)


@pytest.mark.expects_error_log
def test_uncaught_error_of_a_thread_is_reported(files: LogFiles) -> None:
    reported: list[ErrorInfo] = []
    files.hook_uncaught(reported.append)

    def fail() -> None:
        raise ValueError("no such plane")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()

    assert "no such plane" in reported[0].title


def test_interruption_from_the_keyboard_is_not_reported(
    files: LogFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    reported: list[ErrorInfo] = []
    files.hook_uncaught(reported.append)

    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)

    assert reported == []


def test_closing_puts_everything_back(tmp_path: Path) -> None:
    before = (sys.excepthook, threading.excepthook, list(logging.getLogger().handlers))
    files = LogFiles(tmp_path)
    files.hook_uncaught(lambda info: None)

    files.close()

    assert before == (sys.excepthook, threading.excepthook, list(logging.getLogger().handlers))
    assert (tmp_path / CRASH_FILE).exists()
