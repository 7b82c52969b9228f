"""Files of weights made by other programs (`.pth`, `.safetensors`), read at arm's length.

A child process opens the file, under a limit of time and of memory; what comes back are named
arrays. Torch-free: the child imports it.
"""

import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from superlens.core.errors import ErrorInfo, InvalidInput, MissingFile, UnreadableFile
from superlens.engine.foreign_tensors import SHA256_KEY, TENSORS_FILE, answer, too_much_memory
from superlens.io.system_errors import reading

SAFE_TORCH = (2, 10)
"""Before it a doctored `.pth` could run code in spite of `weights_only`: CVE-2025-32434 up to
2.5.1, CVE-2026-24747 before 2.10.0."""
_ZIP_OR_PICKLE = (b"PK\x03\x04", b"\x80")
_GLANCE_S = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a foreign file is followed."""

    file_bytes: int = 1 << 30
    seconds: float = 300.0
    """Most of it is the import of torch on a busy machine."""
    base_bytes: int = 3 << 29
    """Memory of the child with torch and nothing read."""
    bytes_per_byte: int = 8
    """Memory of the child for each byte of the file: its bytes, its tensors, their float32 form
    (twice those of half precision), and what is written."""


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """What a foreign file holds."""

    tensors: dict[str, NDArray[np.float32]]
    """As `read_foreign_tensors` gives them."""
    sha256: str
    """Of the bytes that the tensors were read from."""


def read_foreign_tensors(
    path: Path, check: Callable[[], None] = lambda: None
) -> dict[str, NDArray[np.float32]]:
    """Give the tensors of a `.pth` or `.safetensors` file, whatever network they belong to.

    Args:
        path: the file; its content decides how it is read, not its name.
        check: called many times a second; may raise to stop.

    Returns:
        Name to float32 array of at most four axes with finite values, sorted by name. Names of
        nested tables are joined by `/`, such as `params_ema/conv_first.weight`.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: it is damaged, not a file of weights, too large, or took too long.
        InvalidInput: it holds programs or objects, or tensors that cannot be weights; or it is a
            pickle, and the installed torch cannot read those safely.
    """
    return read_foreign_file(path, check).tensors


def read_foreign_file(
    path: Path, check: Callable[[], None] = lambda: None, limits: Limits | None = None
) -> ForeignFile:
    """Give the tensors of a foreign file and its hash; see `read_foreign_tensors`."""
    limits = limits or Limits()
    size = _checked_size(path, limits)
    with tempfile.TemporaryDirectory(prefix="superlens-") as folder:
        _read_in_child(path, Path(folder), check, _Allowed.of(size, limits))
        return _collected(Path(folder) / TENSORS_FILE)


@dataclass(frozen=True, slots=True)
class _Allowed:
    """What the child may use."""

    seconds: float
    memory_bytes: int

    @classmethod
    def of(cls, size: int, limits: Limits) -> "_Allowed":
        return cls(limits.seconds, limits.base_bytes + limits.bytes_per_byte * size)


def _checked_size(path: Path, limits: Limits) -> int:
    with reading(path), path.open("rb") as stream:
        first = stream.read(4)
        size = path.stat().st_size
    if size > limits.file_bytes:
        raise UnreadableFile(
            f"{path.name} has {size / 2**20:.0f} MiB; files of weights are read up to "
            f"{limits.file_bytes / 2**20:.0f} MiB",
            "Choose a file that holds the weights alone, without the state of an optimiser",
        )
    if first.startswith(_ZIP_OR_PICKLE) and _torch_version() < SAFE_TORCH:
        raise InvalidInput(
            f"{path.name} is a pickle, and torch {version('torch')} does not read those safely",
            "Update torch to 2.10 or newer, or ask for the file as .safetensors",
        )
    return size


def _torch_version() -> tuple[int, int]:
    major, minor = version("torch").split(".")[:2]
    return int(major), int(minor)


def _read_in_child(path: Path, folder: Path, check: Callable[[], None], allowed: _Allowed) -> None:
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    child = spawn.Process(target=answer, args=(str(path.absolute()), str(folder), sender))
    child.start()
    sender.close()
    try:
        refusal = _awaited(child, receiver, path.name, (check, allowed))
    finally:
        child.kill()
        child.join()
        child.close()
        receiver.close()
    if refusal is not None:
        raise _as_error(refusal)


def _awaited(
    child: Any, receiver: Any, name: str, rules: tuple[Callable[[], None], _Allowed]
) -> ErrorInfo | None:
    """Wait for the one message of the child; None says that the tensors are written."""
    check, allowed = rules
    deadline = time.monotonic() + allowed.seconds
    while not receiver.poll(_GLANCE_S):
        check()
        if time.monotonic() > deadline:
            raise UnreadableFile(
                f"{name} could not be read within {allowed.seconds:.0f} seconds",
                "Try again when the computer is less busy, or choose another file",
            )
        if _memory_of(child.pid) > allowed.memory_bytes:
            return too_much_memory(name)
    try:
        message: bytes = receiver.recv_bytes()
    except EOFError:
        # A broken file may bring a library down; the system may have stopped it for its memory.
        child.join()
        detail = f"the reading process ended with {child.exitcode}"
        return ErrorInfo("unreadable_file", f"{name} cannot be read as weights", "", detail)
    return ErrorInfo(**json.loads(message)) if message else None


def _memory_of(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _as_error(refusal: ErrorInfo) -> InvalidInput:
    known = {"unreadable_file": UnreadableFile, "missing_file": MissingFile}
    error = known.get(refusal.code, InvalidInput)
    return error(refusal.title, refusal.advice, refusal.detail)


def _collected(path: Path) -> ForeignFile:
    from safetensors import safe_open

    opened: Any = safe_open(path, framework="numpy")
    with opened as file:
        names = [str(name) for name in file.keys()]  # noqa: SIM118
        tensors = {name: np.array(file.get_tensor(name)) for name in sorted(names)}
        return ForeignFile(tensors, file.metadata()[SHA256_KEY])
