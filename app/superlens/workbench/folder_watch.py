"""A folder that is watched: what arrives there is imported, and restored if the user wants that.

QtCore only. The folder is listed in a thread, by polling: network shares tell nobody of changes.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QThreadPool, QTimer, Signal

from superlens.core.errors import (
    ErrorInfo,
    InvalidParameter,
    MissingFile,
    SuperlensError,
    describe_error,
)
from superlens.core.records import ImageRecord
from superlens.io.codec import read_json, write_json
from superlens.io.hashing import Stamp
from superlens.io.model_library import InstalledModel
from superlens.workbench.arrivals import SETTLE_S, Arrivals, stamps_below
from superlens.workbench.jobs import JobQueue
from superlens.workbench.project import Project
from superlens.workbench.quarantine import QUARANTINE_FOLDER, Quarantine, moved_aside
from superlens.workbench.requests import restore_request

logger = logging.getLogger(__name__)

WATCH_FILE = "watch.json"
_POLL_S = 1.0
_CLOSING_MS = 10_000


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """What is watched for a project: the content of its `watch.json`."""

    folder: str = ""
    """Absolute; empty when nothing is watched."""
    model: str = ""
    """Id of the model that restores every new image; empty for none."""
    moves_failures: bool = False
    """Whether a file that cannot be used is moved into a folder `quarantine` beside it."""
    format: int = 1


class FolderWatch(QObject):
    """Imports what arrives in a folder into one project.

    Signals:
        changed(): watching began or ended.
        arrived(str): path of a file that is complete and is imported now.
        refused(str, ErrorInfo): path of a file that could not be used; it is on the list now.
        failed(ErrorInfo): an image was imported, but its restoration could not be queued, or a
            list could not be written.
    """

    changed = Signal()
    arrived = Signal(str)
    refused = Signal(str, object)
    failed = Signal(object)
    _listed = Signal(object)

    def __init__(
        self,
        project: Project,
        jobs: JobQueue,
        models: Callable[[], Sequence[InstalledModel]],
        settle_s: float = SETTLE_S,
    ) -> None:
        """Make a watch that watches nothing yet; it ends with the project.

        Args:
            project: takes the files; its folder keeps settings and list.
            jobs: its queue.
            models: gives the installed models.
            settle_s: so many seconds a file must not change.
        """
        super().__init__(project)
        self._project, self._jobs, self._models = project, jobs, models
        self._settle_s = settle_s
        self._settings = WatchSettings()
        self._arrivals = Arrivals(settle_s=settle_s)
        self._coming: set[str] = set()
        self._is_listing = False
        self._is_closed = threading.Event()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._poll = QTimer(self, interval=round(min(_POLL_S, settle_s) * 1000))
        self._poll.timeout.connect(self._list)
        self._listed.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self.quarantine = Quarantine(project.folder)
        project.image_added.connect(self._note_image)
        project.import_failed.connect(self._note_failure)

    @property
    def settings(self) -> WatchSettings:
        """What is watched."""
        return self._settings

    @property
    def is_watching(self) -> bool:
        """Whether a folder is watched now."""
        return self._poll.isActive()

    def start(self, settings: WatchSettings) -> None:
        """Watch a folder from now on; images that the project has already are left alone.

        Raises:
            MissingFile: there is no such folder.
            InvalidParameter: there is no such model.
            SuperlensError: the settings could not be saved.
        """
        folder = Path(settings.folder).absolute()
        settings = replace(settings, folder=str(folder))
        if not folder.is_dir():
            raise MissingFile(f"There is no folder {folder}", "Choose a folder that is there")
        if settings.model:
            self._model(settings.model)
        write_json(self._settings_file, settings)
        self._settings = settings
        self._arrivals = Arrivals(settle_s=self._settle_s)
        self._poll.start()
        self._list()
        self.changed.emit()

    def resume(self) -> None:
        """Watch on as in the last session, if it did; what is wrong with that is logged."""
        try:
            settings = read_json(WatchSettings, self._settings_file)
            if settings.folder:
                self.start(settings)
        except MissingFile:
            return
        except SuperlensError as error:
            logger.warning("The folder is not watched any more: %s", error.sentence)

    def stop(self) -> None:
        """Watch no longer; files on their way are still imported.

        Raises:
            SuperlensError: that could not be saved, so the next session would watch again.
        """
        self._poll.stop()
        self._settings = WatchSettings()
        self.changed.emit()
        self._settings_file.unlink(missing_ok=True)

    def close(self) -> None:
        """End without forgetting what is watched; blocks until the folder is let go of."""
        self._poll.stop()
        self._is_closed.set()
        self.blockSignals(True)
        self._pool.waitForDone(_CLOSING_MS)

    @property
    def _settings_file(self) -> Path:
        return self._project.folder / WATCH_FILE

    def _list(self) -> None:
        if self._is_listing:  # a slow share: no second look before the first came back
            return
        self._is_listing = True
        folder = Path(self._settings.folder)
        left_out = (self._project.folder, folder / QUARANTINE_FOLDER)
        self._pool.start(lambda: self._look(folder, left_out))

    def _look(self, folder: Path, left_out: tuple[Path, ...]) -> None:
        found = stamps_below(folder, left_out)
        if not self._is_closed.is_set():
            self._listed.emit(found)

    def _take(self, files: dict[Path, Stamp]) -> None:
        self._is_listing = False
        if not self.is_watching:
            return
        complete = self._arrivals.look(files, time.monotonic())
        if not complete:
            return
        known = {self._project.path_of(image) for image in self._project.images()}
        new = [path for path in complete if path not in known]
        self._coming |= {str(path) for path in new}
        for path in new:
            self.arrived.emit(str(path))
        if new:
            self._project.add_files(new)

    def _note_image(self, image: ImageRecord) -> None:
        path = self._project.path_of(image)
        if str(path) not in self._coming:
            return
        self._coming.discard(str(path))
        try:
            self.quarantine.take_out(path)
            self._restore(image)
        except SuperlensError as error:
            self.failed.emit(describe_error(error))

    def _restore(self, image: ImageRecord) -> None:
        if not self._settings.model:
            return
        card = self._model(self._settings.model).card
        for scene in image.chosen_scenes:
            source = self._project.input_of(image.id, scene)
            out = self._project.new_run_folder(self._project.names.run_stem(image, card))
            request = restore_request(source, card, out)
            title = f"Super-resolve {self._project.names.of_image(image)}"
            self._jobs.submit(request, title, (image.id,))

    def _note_failure(self, path: str, error: ErrorInfo) -> None:
        if path not in self._coming:
            return
        self._coming.discard(path)
        place = Path(path)
        try:
            if self._settings.moves_failures and place.exists():
                place = moved_aside(place, Path(self._settings.folder) / QUARANTINE_FOLDER)
            self.quarantine.add(place, error)
        except SuperlensError as trouble:
            self.failed.emit(describe_error(trouble))
        self.refused.emit(path, error)

    def _model(self, model_id: str) -> InstalledModel:
        found = next((item for item in self._models() if item.card.id == model_id), None)
        if found is None:
            raise InvalidParameter(
                f"There is no model {model_id!r}", "Choose an installed one, or none"
            )
        return found
