"""Arrays that lie on disk: how they leave the memory of this process. Pure NumPy."""

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray


def let_go(array: NDArray[Any]) -> None:
    """Take a memory map out of the memory of this process; its content stays on disk.

    The system would do so only when memory runs short, and until then the process looks as large
    as its images. For other arrays, and where the system cannot be told to, nothing happens.
    """
    # A private map ("c") would lose what was written to it.
    is_shared = isinstance(array, np.memmap) and array.mode != "c"
    buffer = array.base if is_shared else None
    if isinstance(buffer, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        buffer.madvise(mmap.MADV_DONTNEED)
