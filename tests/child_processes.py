"""The child processes that a test answers for."""

import multiprocessing
from multiprocessing.process import BaseProcess


def children() -> list[BaseProcess]:
    """Give the living children of this program without readers, which are kept warm on purpose."""
    return [
        process
        for process in multiprocessing.active_children()
        if process.name != "superlens-reader"
    ]
