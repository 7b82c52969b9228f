"""The whole application without a window: built in `main()` and passed down.

QtCore only. It owns settings, state, engine links, job queue and the open project.
"""

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from superlens.core.jobs import Lane
from superlens.io.model_library import InstalledModel
from superlens.workbench.engine_link import EngineLink
from superlens.workbench.jobs import JobQueue
from superlens.workbench.project import Project
from superlens.workbench.settings import Settings, State


class Workbench(QObject):
    """Everything a window shows and asks for.

    Attributes (read only): `settings: Settings`, `state: State`, `jobs: JobQueue`.

    Signals:
        project_changed(Project | None): another project is open, or none.
        engine_ready(Ready): an engine is up (its `lane` says which).
        engine_lost(str lane, str reason): an engine ended; it is started again unless it is lost
            too often, see `link(lane).state`.
    """

    project_changed = Signal(object)
    engine_ready = Signal(object)
    engine_lost = Signal(str, str)

    settings: Settings
    state: State
    jobs: JobQueue

    @property
    def project(self) -> Project | None:
        """The open project."""
        raise NotImplementedError

    @property
    def models(self) -> tuple[InstalledModel, ...]:
        """The installed models, read once."""
        raise NotImplementedError

    def link(self, lane: Lane) -> EngineLink:
        """Give the link to the engine of a lane: its state, its devices, `restart()`."""
        raise NotImplementedError

    def start_engines(self) -> None:
        """Start both engines; called right after the window is shown."""
        raise NotImplementedError

    def new_project(self, folder: Path) -> Project:
        """Make a project in a new or empty folder and open it.

        Raises:
            SuperlensError: the folder cannot be a project; the open project stays open.
        """
        raise NotImplementedError

    def open_project(self, folder: Path) -> Project:
        """Open a project instead of the one that is open.

        Raises:
            SuperlensError: no project, locked, or made by a newer version; the open one stays open.
        """
        raise NotImplementedError

    def ensure_project(self) -> Project:
        """Give the open project, or make and open an untitled one in the user's state folder."""
        raise NotImplementedError

    def close_project(self) -> None:
        """Close the open project: its running jobs stop and are offered again when it is opened."""
        raise NotImplementedError

    def shutdown(self) -> None:
        """Close the project and end both engines; blocks until no process is left (5 s at most)."""
        raise NotImplementedError
