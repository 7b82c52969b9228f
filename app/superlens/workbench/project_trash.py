"""Results that were removed from the open project: in its trash until that is emptied.

QtCore only.
"""

from collections.abc import Callable, Container

from PySide6.QtCore import QObject, Signal

from superlens.core.errors import ProjectLocked
from superlens.core.records import ResultRecord
from superlens.io.store import AttachedResult, ProjectStore
from superlens.io.trash import Removed, TrashFolder
from superlens.workbench.job_endings import utc_now

TakeBack = Callable[[ResultRecord, tuple[str, ...]], None]
"""Attaches a result to images of the project again; the record's folder is as it was saved."""


class ProjectTrash(QObject):
    """Takes results out of the project and gives them back.

    Signals:
        result_removed(str job_id): a result is in the trash.
        changed(): what is in the trash changed.
    """

    result_removed = Signal(str)
    changed = Signal()

    def __init__(
        self, store: ProjectStore, take_back: TakeBack, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._take_back = take_back
        self._folder = TrashFolder(store.folder)

    def contents(self) -> tuple[Removed, ...]:
        """Give what is in the trash, the oldest first."""
        return self._folder.contents()

    def take_in(self, item: AttachedResult) -> None:
        """Remove a result from the project; its run folder goes into the trash.

        Raises:
            SuperlensError: it could not be moved or saved; nothing changed.
        """
        self._require_writable("remove a result")
        removed = self._folder.take_in(item.result, item.image_ids, utc_now())
        try:
            self._store.remove_result(item.result.job_id)
        except BaseException:
            self._folder.give_back(removed)
            self._folder.forget(removed)
            raise
        self.result_removed.emit(item.result.job_id)
        self.changed.emit()

    def settle(self, images: Container[str]) -> tuple[str, ...]:
        """Finish what a crash left half done; called once, before the results are read.

        Args:
            images: ids of the images of the project.

        Returns:
            Ids of the jobs whose results are in the trash for good.
        """
        known = {item.result.job_id for item in self._store.results()}
        removed_ids = [
            item.result.job_id for item in self.contents() if item.result.job_id in known
        ]
        for job_id in removed_ids:
            self._store.remove_result(job_id)
        for item in self._folder.without_files():
            if item.result.job_id not in known and self._folder.is_back(item):
                there = tuple(image_id for image_id in item.image_ids if image_id in images)
                self._store.add_result(there, item.result)
            self._folder.forget(item)
        return tuple(removed_ids)

    def restore(self, removed: Removed) -> None:
        """Bring a result back to its place, attached to those of its images that still are there.

        Raises:
            SuperlensError: it is gone, its place is taken, or it could not be saved.
        """
        self._require_writable("restore a result")
        self._folder.give_back(removed)
        self._take_back(removed.result, removed.image_ids)
        self._folder.forget(removed)
        self.changed.emit()

    def empty(self) -> str:
        """Delete what is in the trash and say how much that freed.

        Raises:
            SuperlensError: something could not be deleted.
        """
        self._require_writable("empty the trash")
        freed = self._folder.empty()
        self.changed.emit()
        return freed

    def _require_writable(self, what: str) -> None:
        if self._store.read_only_reason:
            raise ProjectLocked(
                f"Could not {what}: the project is open for reading only",
                self._store.read_only_reason,
            )
