"""Large arrays on disk while a job runs: as big as the image, never as big as the memory."""

import math
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from superlens.io.memory_maps import let_go
from superlens.io.runs import RunFolder
from superlens.io.system_errors import writing

_MOST_IN_MEMORY = 1 << 22
"""Values of an array that is not worth a file."""


class Scratch:
    """Memory maps in the scratch folder of a run; all are let go when the block ends.

    Whoever takes one must not keep it longer: an open map keeps its folder from being renamed or
    removed on Windows.
    """

    def __init__(self, run: RunFolder) -> None:
        self._run = run
        self._maps: list[NDArray[np.float32]] = []

    def array(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Give a float32 array of zeros on disk.

        Raises:
            DiskFull: there is no room; a map that outgrew its disk would end the process later.
        """
        made = mapped_array(self._run.scratch(name), np.dtype(np.float32), shape)
        self._maps.append(made)
        return made

    def relieve(self) -> None:
        """Take all arrays out of the memory of this process; their content stays on disk."""
        for made in self._maps:
            let_go(made)

    def relieving(self, check: Callable[[], None]) -> Callable[[], None]:
        """Give a check that also relieves memory."""

        def check_and_relieve() -> None:
            check()
            self.relieve()

        return check_and_relieve

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._maps.clear()
        # The frames that an error remembers would keep the maps open while the folder is removed.
        traceback.clear_frames(trace)


class Canvases:
    """Arrays used for one plane after the other: small ones in memory, large ones on disk.

    Two names are two arrays; asking for a name again takes its array away from whoever had it.
    """

    def __init__(self, scratch: Scratch | None = None) -> None:
        """Make room.

        Args:
            scratch: where large arrays lie; None keeps all in memory.
        """
        self._scratch = scratch
        self._rooms: dict[str, NDArray[np.float32]] = {}

    def array(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Give a float32 array of zeros.

        Raises:
            DiskFull: there is no room on the disk.
        """
        size = math.prod(shape)
        room = self._rooms.get(name)
        if room is None or room.size < size:
            room = self._rooms[name] = self._room(name, size)
        else:
            room[:size] = 0
        return room[:size].reshape(shape)

    def relieve(self) -> None:
        """Take what lies on disk out of the memory of this process."""
        if self._scratch is not None:
            self._scratch.relieve()

    def _room(self, name: str, size: int) -> NDArray[np.float32]:
        if self._scratch is None or size <= _MOST_IN_MEMORY:
            return np.zeros(size, np.float32)
        return self._scratch.array(f"{name}-{size}", (size,))


def mapped_array(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Give an array of zeros in a file.

    Raises:
        DiskFull: there is no room; a map that outgrew its disk would end the process later.
    """
    with writing(path):
        _make_room(path, dtype.itemsize * int(np.prod(shape)))
    return np.memmap(path, dtype, "r+", shape=shape)


def _make_room(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), 0, size)
        else:
            stream.truncate(size)
