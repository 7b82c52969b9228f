"""A project: images linked from anywhere, results attached to them, one folder, one database.

QtCore only; files are probed in the cpu lane and hashed in a thread pool, never here.
"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from superlens.core.records import ImageRecord, ResultRecord


class LinkState(StrEnum):
    """Whether the linked file of an image is as it was."""

    PRESENT = "present"
    MISSING = "missing"
    CHANGED = "changed"
    """Another size or time of change than at import."""


class Project(QObject):
    """The images and results of the open project.

    Signals:
        import_started(str): the path of a file that is being read; `image_added` or `import_failed`
            follows.
        import_failed(str, ErrorInfo): the path of a file that was not taken, and why.
        image_added(ImageRecord), image_changed(ImageRecord), image_removed(str id).
        result_added(ResultRecord): a run was attached (its `folder` is absolute); whose it is, says
            `images_of_result`.
    """

    import_started = Signal(str)
    import_failed = Signal(str, object)
    image_added = Signal(object)
    image_changed = Signal(object)
    image_removed = Signal(str)
    result_added = Signal(object)

    @property
    def folder(self) -> Path:
        """The project folder, absolute."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """What the window calls the project: the name of its folder."""
        raise NotImplementedError

    def images(self) -> tuple[ImageRecord, ...]:
        """Give all images in the order of import."""
        raise NotImplementedError

    def image(self, image_id: str) -> ImageRecord:
        """Give one image; `KeyError` if there is none of this id."""
        raise NotImplementedError

    def path_of(self, record: ImageRecord) -> Path:
        """Give the absolute path of an image's file, there or not."""
        raise NotImplementedError

    def link_state(self, image_id: str) -> LinkState:
        """Say whether an image's file is there and unchanged, as of the last look."""
        raise NotImplementedError

    def thumbnail(self, image_id: str, scene: int = 0) -> Path | None:
        """Give the small picture (PNG) of a scene, or None while there is none."""
        raise NotImplementedError

    def add_files(self, paths: Sequence[Path]) -> None:
        """Import files, and the image files in folders; signals say what became of each.

        A file whose size and quick hash equal those of an image of the project is refused.
        """
        raise NotImplementedError

    def pending_imports(self) -> int:
        """Give the number of files that are being read."""
        raise NotImplementedError

    def update_image(self, record: ImageRecord) -> None:
        """Save a changed role, well, tag or pixel size of an image."""
        raise NotImplementedError

    def remove_image(self, image_id: str) -> None:
        """Forget an image; its file and its finished runs stay on disk."""
        raise NotImplementedError

    def results(self) -> tuple[ResultRecord, ...]:
        """Give all results, oldest first; folders are absolute."""
        raise NotImplementedError

    def results_of(self, image_id: str) -> tuple[ResultRecord, ...]:
        """Give the results that belong to an image, oldest first; folders are absolute."""
        raise NotImplementedError

    def images_of_result(self, job_id: str) -> tuple[str, ...]:
        """Give the ids of the images that a result belongs to."""
        raise NotImplementedError

    def new_run_folder(self, stem: str) -> Path:
        """Give a run folder `<project>/results/<stem>-<n>` that no run and no waiting job uses."""
        raise NotImplementedError
