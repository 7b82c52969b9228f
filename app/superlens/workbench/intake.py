"""Files on their way into a project: folders are walked and files identified in a thread pool.

QtCore only. It decides nothing: whether a file is taken is the business of `project`.
"""

import threading
from collections.abc import Collection, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal

from superlens.core.errors import (
    InvalidInput,
    JobCancelled,
    MissingFile,
    SuperlensError,
    describe_error,
)
from superlens.io.hashing import quick_identity
from superlens.io.image_listing import image_files_in
from superlens.io.image_names import IMAGE_SUFFIXES
from superlens.io.images.recognition import is_zarr_folder
from superlens.io.missing_files import LostFile, find_files
from superlens.io.store_images import ImageLink
from superlens.workbench.leftovers import clear_leftovers
from superlens.workbench.links import LinkFinding, look_at_link
from superlens.workbench.places import ProjectPlaces

_CLOSING_MS = 10_000


class FileIntake(QObject):
    """Looks at files where that may take long, and says what it found in the thread of Qt.

    Signals:
        listed(Path): a file is going to be identified.
        identified(Path, FileIdentity): a file is there and readable.
        refused(Path, ErrorInfo): a file or folder that cannot be taken.
        emptied(): every file that was to be identified so far was looked at.
        links_seen(tuple[LinkFinding, ...]): how the files of some images stand.
        searched(Search): what came of looking for missing files.
    """

    listed = Signal(object)
    identified = Signal(object, object)
    refused = Signal(object, object)
    emptied = Signal()
    links_seen = Signal(object)
    searched = Signal(object)
    _task_done = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        # One for dropped files, one for links; more only fight for the same disk.
        self._pool.setMaxThreadCount(2)
        self._is_closing = threading.Event()
        self._tasks = 0
        self._task_done.connect(self._count_down, Qt.ConnectionType.QueuedConnection)

    @property
    def is_busy(self) -> bool:
        """Whether files are still being looked at."""
        return self._tasks > 0

    def take(self, paths: Sequence[Path]) -> None:
        """Identify files, and the image files in folders."""
        asked = tuple(paths)
        self._tasks += 1
        self._pool.start(lambda: self._identify_all(asked))

    def look_at_links(self, links: Sequence[ImageLink], places: ProjectPlaces) -> None:
        """See whether the files of images are as they were."""
        asked = tuple(links)
        self._pool.start(lambda: self._see_all(asked, places))

    def search(self, lost: Sequence[LostFile], folder: Path) -> None:
        """Look for missing files below a folder."""
        asked = tuple(lost)
        self._pool.start(lambda: self._search(asked, folder))

    def clear_leftovers(self, cache: Path, known: Collection[str], before_s: float) -> None:
        """Remove what was put into a cache before a moment and belongs to no image (by id)."""
        ids = frozenset(known)
        self._pool.start(lambda: clear_leftovers(cache, ids, before_s, self._is_closing.is_set))

    def close(self) -> None:
        """Stop looking; blocks until the file at hand is left alone."""
        self._is_closing.set()
        self._pool.clear()
        self._pool.waitForDone(_CLOSING_MS)

    def _identify_all(self, paths: Sequence[Path]) -> None:
        for path in paths:
            is_empty = True
            for file in image_files_in(path) if _is_plain_folder(path) else (path,):
                if self._is_closing.is_set():
                    return
                is_empty = False
                self._identify(file)
            if is_empty:
                self.refused.emit(path, describe_error(_no_image(path)))
        self._task_done.emit()

    def _identify(self, file: Path) -> None:
        self.listed.emit(file)
        try:
            _require_text(file)
            identity = quick_identity(file)
        except SuperlensError as error:
            self.refused.emit(file, describe_error(error))
        else:
            self.identified.emit(file, identity)

    def _see_all(self, links: Sequence[ImageLink], places: ProjectPlaces) -> None:
        findings: list[LinkFinding] = []
        for link in links:
            if self._is_closing.is_set():
                return
            findings.append(look_at_link(link, places))
        self.links_seen.emit(tuple(findings))

    def _search(self, lost: Sequence[LostFile], folder: Path) -> None:
        try:
            found = find_files(lost, folder, self._require_open)
        except JobCancelled:
            return
        self.searched.emit(found)

    def _require_open(self) -> None:
        if self._is_closing.is_set():
            raise JobCancelled

    def _count_down(self) -> None:
        self._tasks -= 1
        if self._tasks == 0:
            self.emptied.emit()


def _require_text(path: Path) -> None:
    """Make sure that the name of a file is text, so that a project can hold it.

    Raises:
        InvalidInput: it is in another encoding than the system's, as of an old memory stick.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        name = path.name.encode("utf-8", "replace").decode()
        raise InvalidInput(
            f"The name of {name} is not in the encoding of this computer",
            "Rename it, or its folder",
        ) from error


def _is_plain_folder(path: Path) -> bool:
    return path.is_dir() and not is_zarr_folder(path)


def _no_image(folder: Path) -> MissingFile:
    endings = ", ".join(sorted(IMAGE_SUFFIXES))
    return MissingFile(
        f"The folder {folder} holds no image",
        f"Files with one of these endings are taken: {endings}",
    )
