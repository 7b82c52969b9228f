"""What interrupted sessions left in the cache of a project: pictures of images that are none.

Qt-free; called in a thread, since the cache may lie on a slow share.
"""

import os
import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path


def clear_leftovers(
    cache: Path, known: Collection[str], before_s: float, is_over: Callable[[], bool]
) -> None:
    """Remove what no image of the project has in its cache; what cannot be removed stays.

    Args:
        cache: its folder, there or not.
        known: ids of all images.
        before_s: what changed after this moment (seconds since 1970) belongs to files on their way.
        is_over: asked for each entry whether to stop.
    """
    with suppress(OSError), os.scandir(cache) as entries:
        for entry in entries:
            if is_over():
                return
            if entry.name not in known and entry.stat().st_mtime < before_s:
                _remove(Path(entry.path), entry.is_dir(follow_symlinks=False))


def _remove(path: Path, is_folder: bool) -> None:
    if is_folder:
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
