"""A process that leaves when the one that started it is gone; imports nothing heavy."""

import multiprocessing
import os
import threading

ORPHANED = 3
"""Exit status of a process whose parent is gone."""


def leave_with_parent() -> None:
    """Watch the process that started this one, from a thread, and leave at once when it is gone."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait_and_leave() -> None:
        parent.join()
        os._exit(ORPHANED)

    threading.Thread(target=wait_and_leave, name="parent-watch", daemon=True).start()
