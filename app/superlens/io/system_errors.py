"""Foreign failures of the operating system, told in our own words where they enter."""

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from superlens.core.errors import (
    DiskFull,
    InvalidInput,
    MissingFile,
    SuperlensError,
    UnreadableFile,
)

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def reading(path: Path) -> Generator[None, None, None]:
    """Translate what the system says when a file or folder cannot be read.

    Raises:
        MissingFile: it is not there.
        UnreadableFile: it is there, but the system refuses or fails to read it.
    """
    try:
        yield
    except OSError as error:
        raise reading_error(path, error) from error


def reading_error(path: Path, error: OSError) -> SuperlensError:
    """Give our error for a failure to read a path."""
    if isinstance(error, FileNotFoundError):
        return MissingFile(f"There is no file {path}", "Check the name and the folder")
    if isinstance(error, IsADirectoryError):
        return UnreadableFile(f"{path} is a folder, not a file", "Choose a file inside it")
    if isinstance(error, PermissionError):
        return UnreadableFile(
            f"{path} may not be read by you", "Ask for the right to read it, or copy it elsewhere"
        )
    return UnreadableFile(
        f"{path} cannot be read ({_reason(error)})", "Check the disk or the network connection"
    )


@contextmanager
def writing(path: Path) -> Generator[None, None, None]:
    """Translate what the system says when a file or folder cannot be written.

    Raises:
        DiskFull: there is no room left.
        InvalidInput: the place cannot be written to.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise DiskFull(
                f"The disk is full: {path} could not be written",
                "Free some space or choose another folder, then try again",
                str(error),
            ) from error
        raise InvalidInput(
            f"{path} cannot be written ({_reason(error)})",
            "Choose a folder that you may write to",
            str(error),
        ) from error


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
