"""What tells one file from another: quickly by its ends, surely by all of it."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from superlens.core.records import FileIdentity
from superlens.io.system_errors import reading

_END_BYTES = 1 << 20
_CHUNK_BYTES = 4 << 20


def quick_identity(path: Path) -> FileIdentity:
    """Give size, time of change and the SHA-256 of the size, the first MiB and the last MiB.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: the system refuses to read it.
    """
    with reading(path), path.open("rb") as stream:
        status = path.stat()
        digest = hashlib.sha256(str(status.st_size).encode())
        digest.update(stream.read(_END_BYTES))
        stream.seek(max(0, status.st_size - _END_BYTES))
        digest.update(stream.read(_END_BYTES))
    return FileIdentity(status.st_size, status.st_mtime_ns, digest.hexdigest())


def sha256_of(path: Path, check: Callable[[], None] | None = None) -> str:
    """Give the SHA-256 of a whole file as hexadecimal text.

    Args:
        path: the file.
        check: called every few MiB; may raise to stop.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: the system refuses to read it.
    """
    digest = hashlib.sha256()
    with reading(path), path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            if check is not None:
                check()
    return digest.hexdigest()
