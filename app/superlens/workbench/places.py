"""Where things lie in a project folder, and how paths are saved so that the folder may move.

Qt-free.
"""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProjectPlaces:
    """The folders of one project."""

    folder: Path
    """The project folder, absolute."""

    @property
    def results(self) -> Path:
        """Where run folders are made."""
        return self.folder / "results"

    @property
    def jobs(self) -> Path:
        """Where the requests of jobs are written for the engines."""
        return self.folder / "jobs"

    def cache_of(self, image_id: str) -> Path:
        """Give the folder of what was read of an image: `info.json` and `scene-<n>.png`."""
        return self.folder / "cache" / image_id

    def portable(self, path: Path) -> str:
        """Give a path as it is saved: relative to the project, so that both may move together.

        It stays absolute where the two have nothing but the root in common, or not even a drive.
        """
        if path.is_relative_to(self.folder):
            return path.relative_to(self.folder).as_posix()
        try:
            shared = Path(os.path.commonpath((self.folder, path)))
        except ValueError:  # on different drives
            return str(path)
        if shared == Path(shared.anchor):
            return str(path)
        return Path(os.path.relpath(path, self.folder)).as_posix()

    def absolute(self, saved: str) -> Path:
        """Give the path that `portable` made a text of."""
        # Without `..`, and without following links, which would ask the disk.
        return Path(os.path.normpath(self.folder / saved))
