"""What tells one image from another: quickly by the ends of its file, surely by all of it.

An image may also be a folder (OME-Zarr): then the names and sizes of its files stand for them.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from superlens.core.records import FileIdentity
from superlens.io.system_errors import reading

_END_BYTES = 1 << 20
_CHUNK_BYTES = 4 << 20
_DESCRIPTIONS = ("zarr.json", ".zattrs", ".zarray", ".zgroup")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the system says of a file, or of all files of a folder together."""

    size_bytes: int
    modified_ns: int
    """Of a folder the latest change of any of its files."""


def stamp_of(path: Path) -> Stamp:
    """Give size and time of change of a file or of a folder.

    Raises:
        OSError: there is no such file, or the system refuses.
    """
    if not path.is_dir():
        status = path.stat()
        return Stamp(status.st_size, status.st_mtime_ns)
    found = [file.stat() for _, file in _files_below(path)]
    return Stamp(
        sum(status.st_size for status in found),
        max((status.st_mtime_ns for status in found), default=0),
    )


def quick_identity(path: Path) -> FileIdentity:
    """Give size, time of change and the SHA-256 of the size, the first MiB and the last MiB.

    Of a file of less than two MiB: of its size and all of it.

    Of a folder: of the names and sizes of all its files, and of those that describe it whole.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: the system refuses to read it.
    """
    if path.is_dir():
        return _identity_of_folder(path)
    with reading(path), path.open("rb") as stream:
        status = path.stat()
        digest = hashlib.sha256(str(status.st_size).encode())
        digest.update(stream.read(_END_BYTES))
        stream.seek(max(stream.tell(), status.st_size - _END_BYTES))
        digest.update(stream.read(_END_BYTES))
    return FileIdentity(status.st_size, status.st_mtime_ns, digest.hexdigest())


def sha256_of(path: Path, check: Callable[[], None] | None = None) -> str:
    """Give the SHA-256 of a whole file, or of all files of a folder, as hexadecimal text.

    Args:
        path: the file or folder.
        check: called every few MiB; may raise to stop.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: the system refuses to read it.
    """
    digest = hashlib.sha256()
    with reading(path):
        for name, file in _files_below(path) if path.is_dir() else [("", path)]:
            # The lengths keep apart what else would run into each other.
            digest.update(f"{name}\0{file.stat().st_size}\0".encode() if name else b"")
            _feed(digest, file, check)
    return digest.hexdigest()


def _feed(digest: Any, file: Path, check: Callable[[], None] | None) -> None:
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            if check is not None:
                check()


def _identity_of_folder(folder: Path) -> FileIdentity:
    digest = hashlib.sha256()
    size, modified = 0, 0
    with reading(folder):
        for name, file in _files_below(folder):
            status = file.stat()
            digest.update(f"{name}\0{status.st_size}\0".encode())
            if file.name in _DESCRIPTIONS and status.st_size <= _END_BYTES:
                digest.update(file.read_bytes())
            size += status.st_size
            modified = max(modified, status.st_mtime_ns)
    return FileIdentity(size, modified, digest.hexdigest())


def _files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give the files below a folder in a fixed order, with their names from there on."""
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            file = Path(root) / name
            yield file.relative_to(folder).as_posix(), file
