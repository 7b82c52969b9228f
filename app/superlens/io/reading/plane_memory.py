"""Shared memory in which pixels travel from a reader process to the asker, piece by piece.

The asker makes and removes it, so that a process that dies leaves nothing. Its size is fixed:
a large plane comes in several pieces. Every piece is stamped with the generation of its question.
"""

import os
import weakref
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_HEADER_BYTES = 64
_SIZES = (16 << 20, 4 << 20, 1 << 20)
"""Bytes of pixels: the first that there is room for. A plane of 2048 x 2048 comes in one piece."""
_SYSTEM_FOLDER = Path("/dev/shm")


class PlaneMemory:
    """One piece of pixels and its generation; one writer, one reader, never at the same time."""

    def __init__(self, memory: SharedMemory, is_owner: bool) -> None:
        self._memory = memory
        # Also when nobody calls close(), and at exit.
        self._let_go = weakref.finalize(self, _release, memory, is_owner)

    @classmethod
    def create(cls) -> Self:
        """Make one; `close` removes it.

        Raises:
            OSError: there is no room for it.
        """
        for size in _SIZES[:-1]:
            try:
                return cls(_reserved(size + _HEADER_BYTES), is_owner=True)
            except OSError:
                continue
        return cls(_reserved(_SIZES[-1] + _HEADER_BYTES), is_owner=True)

    @classmethod
    def attach(cls, name: str) -> Self:
        """Open the one that another process made."""
        return cls(SharedMemory(name=name), is_owner=False)

    @property
    def name(self) -> str:
        """What `attach` takes in another process."""
        return self._memory.name

    @property
    def room(self) -> int:
        """How many bytes of pixels it takes."""
        # Some systems round the size up.
        return (self._memory.size - _HEADER_BYTES) // 4096 * 4096

    def write(self, piece: NDArray[np.uint8], generation: int) -> None:
        """Store a piece of at most `room` bytes over the one before."""
        stamp, pixels = self._views(piece.size)
        stamp[0] = 0
        pixels[:] = piece
        stamp[0] = generation

    def read(self, into: NDArray[np.uint8], generation: int) -> bool:
        """Copy the stored piece; False where what lies there is of another generation."""
        stamp, pixels = self._views(into.size)
        if stamp[0] != generation:
            return False
        into[:] = pixels
        return bool(stamp[0] == generation)

    def close(self) -> None:
        """Let go of the memory; its maker removes it from the system too."""
        self._let_go()

    def _views(self, count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
        whole: NDArray[np.uint8] = np.ndarray(
            (self._memory.size,), np.uint8, buffer=self._memory.buf
        )
        return whole[:8].view(np.uint64), whole[_HEADER_BYTES : _HEADER_BYTES + count]


def _reserved(size: int) -> SharedMemory:
    """Give shared memory whose bytes are surely there.

    Where its room is small, as in containers, Linux gives the name first and ends the process that
    touches a byte later: so all of it is asked for at once.
    """
    memory = SharedMemory(create=True, size=size)
    reserve: Any = getattr(os, "posix_fallocate", None)
    place = _SYSTEM_FOLDER / memory.name
    if reserve is None or not place.exists():
        return memory
    try:
        handle = os.open(place, os.O_RDWR)
        try:
            reserve(handle, 0, size)
        finally:
            os.close(handle)
    except OSError:
        _release(memory, is_owner=True)
        raise
    return memory


def _release(memory: SharedMemory, is_owner: bool) -> None:
    memory.close()
    if is_owner:
        memory.unlink()
