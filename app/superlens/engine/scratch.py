"""Large arrays on disk while a job runs: as big as the image, never as big as the memory."""

import os
import traceback
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from superlens.io.runs import RunFolder
from superlens.io.system_errors import writing


class Scratch:
    """Memory maps in the scratch folder of a run; all are let go when the block ends.

    Whoever takes one must not keep it longer: an open map keeps its folder from being renamed or
    removed on Windows.
    """

    def __init__(self, run: RunFolder) -> None:
        self._run = run

    def array(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Give a float32 array of zeros on disk.

        Raises:
            DiskFull: there is no room; a map that outgrew its disk would end the process later.
        """
        path = self._run.scratch(name)
        with writing(path):
            _make_room(path, 4 * int(np.prod(shape)))
        return np.memmap(path, np.float32, "r+", shape=shape)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The frames that an error remembers would keep the maps open while the folder is removed.
        traceback.clear_frames(trace)


def _make_room(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), 0, size)
        else:
            stream.truncate(size)
