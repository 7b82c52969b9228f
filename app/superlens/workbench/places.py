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

    @property
    def cache(self) -> Path:
        """Where everything lies that can be made again."""
        return self.folder / "cache"

    def cache_of(self, image_id: str) -> Path:
        """Give the folder of the small pictures of an image: `scene-<n>.png`."""
        return self.cache / image_id

    def findings(self, name: str) -> Path:
        """Give the file in which an engine says what it finds in one turn."""
        return self.cache / f"{name}.findings"

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
