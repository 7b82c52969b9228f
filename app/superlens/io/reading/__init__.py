"""Foreign image files, decoded in a process of their own under limits of time and memory.

A broken file or codec ends that process, never the one that asks: it gets one plain sentence, and
the next file a fresh process. The readers themselves are in `io.images`.
"""

from superlens.io.reading.limits import Limits
from superlens.io.reading.pool import (
    ReaderPool,
    end_idle_readers,
    open_safely,
    prepare_reader,
    probe_safely,
)

__all__ = [
    "Limits",
    "ReaderPool",
    "end_idle_readers",
    "open_safely",
    "prepare_reader",
    "probe_safely",
]
