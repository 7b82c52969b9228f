"""The whole application without a window: built in `main()` and passed down.

QtCore only. It owns settings, state, engine links, job queue and the open project.
"""

import logging
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from superlens.core.errors import InvalidInput, ProjectLocked, SuperlensError
from superlens.core.jobs import Lane
from superlens.engine.entry import start_engine
from superlens.io.locations import cache_dir, settings_dir, state_dir
from superlens.io.model_library import InstalledModel, installed_models
from superlens.io.store import DATABASE_FILE, ProjectStore
from superlens.workbench.engine_link import EngineLink
from superlens.workbench.garbage import CycleCollection
from superlens.workbench.jobs import JobQueue
from superlens.workbench.log import log_engine_line
from superlens.workbench.looking_on import JobsOfAnother
from superlens.workbench.places import ProjectPlaces
from superlens.workbench.project import Project
from superlens.workbench.settings import Settings, State
from superlens.workbench.supervision import Engine

logger = logging.getLogger(__name__)

SETTINGS_FILE = "settings.json"
STATE_FILE = "state.json"
_SCRATCH_FOLDER = "untitled"
_FIRST_IMAGES = 64
"""Whose records are read before a project counts as sound."""

StartLane = Callable[[Lane, int | None], Engine]
"""Starts the engine of a lane with so many threads; None leaves them to the machine."""


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

    def __init__(self, start: StartLane = start_engine, parent: QObject | None = None) -> None:
        """Read settings and state; no engine is started yet.

        Args:
            start: what starts an engine; tests give a fake.
            parent: owner of the object.
        """
        super().__init__(parent)
        self.settings = Settings(settings_dir() / SETTINGS_FILE, self)
        self.state = State(state_dir() / STATE_FILE, self)
        self._start = start
        self._links = {lane: EngineLink(lane, self._start_lane, parent=self) for lane in Lane}
        self.jobs = JobQueue(self._links, cache_dir() / "jobs", self)
        self._models: tuple[InstalledModel, ...] | None = None
        self._store: ProjectStore | None = None
        self._project: Project | None = None
        self._cycles: CycleCollection | None = None
        for link in self._links.values():
            link.ready.connect(self.engine_ready)
            link.lost.connect(self.engine_lost)
            link.log_line.connect(log_engine_line)

    @property
    def project(self) -> Project | None:
        """The open project."""
        return self._project

    @property
    def models(self) -> tuple[InstalledModel, ...]:
        """The installed models, read at first use; `reload_models()` reads them again."""
        if self._models is None:
            self._models = installed_models()
        return self._models

    def reload_models(self) -> None:
        """Forget which models are installed, after one was added."""
        self._models = None

    def link(self, lane: Lane) -> EngineLink:
        """Give the link to the engine of a lane: its state, its devices, `restart()`."""
        return self._links[lane]

    def start_engines(self) -> None:
        """Start both engines; called right after the window is shown.

        From now until `shutdown` cycles are collected in this thread alone, see `garbage`.
        """
        if self._cycles is None:
            self._cycles = CycleCollection(self)
        for link in self._links.values():
            link.start()

    def new_project(self, folder: Path) -> Project:
        """Make a project in a new or empty folder and open it.

        Raises:
            SuperlensError: the folder cannot be a project; the open project stays open.
        """
        if folder.is_dir() and any(folder.iterdir()) and not (folder / DATABASE_FILE).exists():
            raise InvalidInput(
                f"The folder {folder} is not empty", "Choose a new name, or an empty folder"
            )
        return self._open(ProjectStore.create(folder))

    def open_project(self, folder: Path) -> Project:
        """Open a project instead of the one that is open.

        One that another window writes, or that lies in a folder that may not be written, is opened
        for reading only; `read_only_reason` says why.

        Raises:
            SuperlensError: no project, damaged, or made by a newer version; the open one stays
                open.
        """
        if self._project is not None and self._project.folder == folder.absolute():
            return self._project
        return self._open(_writing_or_reading(folder))

    def take_over_project(self) -> Project:
        """Open the project that is open for reading only once more, for writing.

        Raises:
            InvalidInput: no project is open for reading only.
            ProjectLocked: its writer is still alive; the project stays open as it is.
        """
        project = self._project
        if project is None or not project.read_only_reason:
            raise InvalidInput("No project is open for reading only")
        return self._open(ProjectStore.open(project.folder, take_over=True))

    def ensure_project(self) -> Project:
        """Give the open project, or make and open an untitled one in the user's state folder.

        Raises:
            SuperlensError: the state folder cannot be written to.
        """
        if self._project is not None:
            return self._project
        name = f"Untitled {datetime.now().astimezone():%Y-%m-%d %H%M%S}"
        return self._open(ProjectStore.create(_free_folder(_scratch_dir() / name)))

    def close_project(self) -> None:
        """Close the open project: its running jobs stop and are offered again when it is opened."""
        if self._let_go_of_project():
            self.project_changed.emit(None)

    def shutdown(self) -> None:
        """Close the project and end both engines; blocks until no process is left."""
        self.close_project()
        EngineLink.shut_down_all(tuple(self._links.values()))
        if self._cycles is not None:
            self._cycles.close()
            self._cycles = None

    def _start_lane(self, lane: Lane) -> Engine:
        threads = self.settings.values.threads if lane is Lane.ACCELERATOR else None
        return self._start(lane, threads)

    def _open(self, store: ProjectStore) -> Project:
        try:
            store.catalogue.first(_FIRST_IMAGES)
            records = store.jobs(), store.results()
        except SuperlensError:
            store.close()
            raise
        logger.debug("Opened a project of %d jobs, %d results", *map(len, records))
        self._let_go_of_project()
        self._store = store
        jobs = JobsOfAnother(store) if store.read_only_reason else store
        self.jobs.attach(jobs, ProjectPlaces(store.folder).jobs)
        self._project = Project(store, self.jobs, self)
        self.state.remember_project(store.folder)
        self.project_changed.emit(self._project)
        return self._project

    def _let_go_of_project(self) -> bool:
        project, store = self._project, self._store
        if project is None or store is None:
            return False
        self._project = self._store = None
        project.close()  # what was read at the last moment is taken in
        is_empty = not (project.image_ids() or project.results() or store.jobs())
        self.jobs.detach()
        store.close()
        is_ours = not store.read_only_reason
        if is_empty and is_ours and project.folder.parent == _scratch_dir():
            shutil.rmtree(project.folder, ignore_errors=True)
            self.state.forget_project(project.folder)
        project.deleteLater()
        return True


def _writing_or_reading(folder: Path) -> ProjectStore:
    try:
        return ProjectStore.open(folder)
    except ProjectLocked as error:
        logger.info("The project is opened for reading only: %s", error.sentence)
    except InvalidInput:
        if not folder.is_dir() or os.access(folder, os.W_OK):
            raise
    return ProjectStore.open(folder, read_only=True)


def _scratch_dir() -> Path:
    return state_dir() / _SCRATCH_FOLDER


def _free_folder(wanted: Path) -> Path:
    folder, number = wanted, 2
    while folder.exists():
        folder, number = wanted.with_name(f"{wanted.name} {number}"), number + 1
    return folder
