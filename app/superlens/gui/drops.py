"""What a drop on the window holds."""

from pathlib import Path

from PySide6.QtCore import QMimeData

from superlens.workbench.run_intake import is_run


def local_paths(data: QMimeData) -> tuple[Path, ...]:
    """Give the files and folders of a drop that lie on this computer; web links give none."""
    names = (url.toLocalFile() for url in data.urls() if url.isLocalFile())
    return tuple(Path(name) for name in names if name)


def plate_map_in(paths: tuple[Path, ...]) -> Path | None:
    """Give the plate map if the drop is exactly one CSV file."""
    is_plate = len(paths) == 1 and paths[0].suffix.lower() == ".csv"
    return paths[0] if is_plate else None


def runs_in(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Give the run folders if the drop holds nothing else."""
    return paths if paths and all(is_run(path) for path in paths) else ()


def project_in(paths: tuple[Path, ...]) -> Path | None:
    """Give the project if the drop is exactly one project folder."""
    is_project = len(paths) == 1 and (paths[0] / "project.sqlite").is_file()
    return paths[0] if is_project else None
