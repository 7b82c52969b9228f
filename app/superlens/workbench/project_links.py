"""The links of the open project: looked at bit by bit after it opened, and mended.

QtCore only. Looking is done by the threads of `intake`; what was found is saved here.
"""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from superlens.core.errors import SuperlensError
from superlens.io.missing_files import FoundFile, LostFile
from superlens.workbench.imports import ImageImports
from superlens.workbench.links import LinkFinding, LinkState, relinked
from superlens.workbench.places import ProjectPlaces
from superlens.workbench.project_images import ProjectImages

logger = logging.getLogger(__name__)

_SLICE = 64


class ProjectLinks(QObject):
    """How the files of all images stand, as of the last look.

    Signals:
        image_changed(ImageRecord): its file is missing, changed, back, or was linked anew.
        all_seen(): every image was looked at since `look()`.
        searched(Search): what `find_missing` found; `relink(search.found)` takes it.
    """

    image_changed = Signal(object)
    all_seen = Signal()
    searched = Signal(object)

    def __init__(
        self,
        images: ProjectImages,
        places: ProjectPlaces,
        imports: ImageImports,
        is_read_only: bool,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._images, self._places, self._imports = images, places, imports
        self._is_read_only = is_read_only
        self._states: dict[str, LinkState] = {}
        self._unseen: list[str] = []
        imports.links_seen.connect(self._note)
        imports.searched.connect(self.searched)

    def state(self, image_id: str) -> LinkState:
        """Say whether an image's file is there and unchanged."""
        return self._states.get(image_id, LinkState.PRESENT)

    def missing(self) -> tuple[str, ...]:
        """Give the ids of the images whose files are missing."""
        return tuple(key for key, state in self._states.items() if state is LinkState.MISSING)

    def odd(self) -> tuple[str, ...]:
        """Give the ids of the images whose files are missing or changed."""
        return tuple(self._states)

    def look(self) -> None:
        """Look at the files of all images, a few at a time; `all_seen` follows."""
        was_looking = bool(self._unseen)
        self._unseen = list(reversed(self._images.ids))
        if not was_looking:
            self._look_on()

    def forget(self, image_id: str) -> None:
        """Forget an image that was removed."""
        self._states.pop(image_id, None)

    def find_missing(self, folder: Path) -> None:
        """Look for the missing files below a folder; `searched` follows, nothing is changed."""
        lost = [self._images.get(image_id) for image_id in self.missing()]
        self._imports.search(
            [LostFile(item.id, Path(item.path).name, item.identity) for item in lost], folder
        )

    def relink(self, found: Sequence[FoundFile]) -> None:
        """Link images to where their files were found, all or none.

        Raises:
            SuperlensError: it could not be saved; nothing changed.
        """
        self._images.update(
            [
                relinked(
                    self._images.get(item.id),
                    LinkFinding(item.id, LinkState.PRESENT, item.path, item.identity, True),
                    self._places,
                )
                for item in found
                if item.id in self._images
            ]
        )
        for item in found:
            self._states.pop(item.id, None)
        for item in found:
            if item.id in self._images:
                self.image_changed.emit(self._images.get(item.id))

    def _look_on(self) -> None:
        while self._unseen:
            slice_ids = [self._unseen.pop() for _ in range(min(_SLICE, len(self._unseen)))]
            try:
                links = self._images.links(slice_ids)
            except SuperlensError as error:
                logger.warning("Images cannot be looked at: %s", error.sentence)
                continue
            if links:
                self._imports.look_at_links(links)
                return
        self.all_seen.emit()

    def _note(self, findings: Sequence[LinkFinding]) -> None:
        there = [finding for finding in findings if finding.image_id in self._images]
        self._keep_moved(
            one for one in there if one.state is LinkState.PRESENT and not one.is_as_saved
        )
        for finding in there:
            self._note_one(finding)
        self._look_on()

    def _note_one(self, finding: LinkFinding) -> None:
        before = self.state(finding.image_id)
        if finding.state is LinkState.PRESENT:
            self._states.pop(finding.image_id, None)
        else:
            self._states[finding.image_id] = finding.state
        if self.state(finding.image_id) is not before:
            self.image_changed.emit(self._images.get(finding.image_id))
        elif finding.state is LinkState.PRESENT and not finding.has_picture:
            self._remake_picture(finding.image_id)

    def _remake_picture(self, image_id: str) -> None:
        if not self._is_read_only:
            self._imports.make_thumbnail(self._images.get(image_id))

    def _keep_moved(self, findings: Iterable[LinkFinding]) -> None:
        """Save where files lie now, when project or files were moved or touched."""
        moved = [relinked(self._images.get(one.image_id), one, self._places) for one in findings]
        if not moved:
            return
        try:
            self._images.update(moved)
        except SuperlensError as error:
            # The files are there all the same; the next opening tries again.
            self._images.remember(moved)
            if not self._is_read_only:
                logger.warning("Moved files were not saved: %s", error.sentence)
