"""What holds for every test: no display, own user folders, no unexpected error in the log."""

import logging
import os
import sys
from collections.abc import Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before anything imports Qt


@pytest.fixture(autouse=True, scope="session")
def _own_user_folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["SUPERLENS_HOME"] = str(tmp_path_factory.mktemp("home"))


@pytest.fixture(autouse=True, scope="module")
def _no_reader_left() -> Iterator[None]:
    """Processes that read files stay warm for a while: not into the next file of tests."""
    yield
    reading = sys.modules.get("superlens.io.reading")
    if reading is not None:
        reading.end_idle_readers()


@pytest.fixture(autouse=True)
def _no_unexpected_error(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """An ERROR is a broken promise: only a test marked `expects_error_log` may log one."""
    yield
    if request.node.get_closest_marker("expects_error_log") is None:
        broken = [r for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
        assert not broken, f"unexpected error in the log: {broken[0].getMessage()}"
