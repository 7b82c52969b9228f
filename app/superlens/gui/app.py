"""Starts the window: the one documented door of this package.

Qt is imported after the preflight only.
"""

import sys
from collections.abc import Sequence

from superlens.gui.preflight import missing_for_window


def run_window(argv: Sequence[str]) -> int:
    """Open the window, run until it is closed, and give the exit status.

    Args:
        argv: files, folders or one project folder to open; no options.

    Returns:
        0 after the window was closed, 1 where no window can be opened (said in one line on stderr).
    """
    missing = missing_for_window()
    if missing:
        sys.stderr.write(f"{missing}.\n")
        return 1
    from superlens.gui.window_process import run

    return run(argv)
