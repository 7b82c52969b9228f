"""Where things lie in a project folder, and how paths are saved so that the folder may move.

Qt-free.
"""

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
        """Give a path as it is saved: relative to the project where it lies inside."""
        if path.is_relative_to(self.folder):
            return path.relative_to(self.folder).as_posix()
        return str(path)

    def absolute(self, saved: str) -> Path:
        """Give the path that `portable` made a text of."""
        return self.folder / saved
