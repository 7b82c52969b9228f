"""Files and folders that are written whole or not at all."""

import os
import shutil
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from superlens.io.system_errors import writing

_RETRY_DELAYS_S = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Windows refuses a rename while a scanner or viewer holds the target for a moment."""


@contextmanager
def replace_file(path: Path) -> Generator[Path, None, None]:
    """Give a temporary path beside `path`; what is written there takes its place at the end.

    Missing parent folders are made. If the block raises, `path` stays as it was and the temporary
    file is removed.

    Raises:
        DiskFull: there is no room left.
        InvalidInput: the folder cannot be written to.
    """
    # The process id keeps two programs that write the same file from mixing their bytes.
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            flush_to_disk(part)
            rename_over(part, path)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)


@contextmanager
def replace_folder(path: Path) -> Generator[Path, None, None]:
    """Give a temporary folder beside `path`; as a whole it takes its place at the end.

    What stands at `path` is removed once the new folder is whole. If the block raises, `path`
    stays as it was and the temporary folder is removed.

    Raises:
        DiskFull: there is no room left.
        InvalidInput: the folder cannot be written to.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.partial")
    old = path.with_name(f"{path.name}.{os.getpid()}.replaced")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.mkdir()
            yield part
            for entry in part.rglob("*"):
                if entry.is_file():
                    flush_to_disk(entry)
            if path.exists():
                # Two renames: no folder with content can be renamed over in one.
                rename_over(path, old)
            rename_over(part, path)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            if old.exists() and not path.exists():
                rename_over(old, path)
            raise
        _flush_folder(path.parent)
    if old.is_dir():
        shutil.rmtree(old, ignore_errors=True)
    else:
        old.unlink(missing_ok=True)


def rename_over(source: Path, target: Path) -> None:
    """Rename a file or folder, trying again for a second and a half where the target is held.

    Raises:
        OSError: it could not be renamed.
    """
    for delay_s in _RETRY_DELAYS_S:
        try:
            source.replace(target)
            return
        except PermissionError:
            time.sleep(delay_s)
    source.replace(target)


def flush_to_disk(path: Path) -> None:
    """Wait until the bytes of a file are on the disk."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    # A rename outlives a power cut only once its folder is written; Windows has no such call.
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
