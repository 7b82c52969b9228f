"""What the images of a project are called where people read it: by name, or blinded by code.

QtCore only. Tables, plots and exports ask here; whoever unblinds leaves a line in the audit.
"""

import getpass
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from superlens.core.blinding import AuditEntry, Blinding, Mask, with_code
from superlens.core.cards import ModelCard
from superlens.core.errors import InvalidInput
from superlens.core.jobs import JobKind
from superlens.core.records import ImageRecord, ImageRole, Number, ResultRecord
from superlens.io.image_names import without_ending
from superlens.io.store import ProjectStore
from superlens.workbench.job_endings import utc_now
from superlens.workbench.project_images import ProjectImages
from superlens.workbench.requests import named_stem, restore_stem

_SEED = "blinding_seed"
_LAST_SEED = "last_blinding_seed"


class ProjectNames(QObject):
    """Names or codes.

    Signals:
        changed(): what everything is called changed.
    """

    changed = Signal()

    def __init__(
        self,
        store: ProjectStore,
        images: ProjectImages,
        path_of: Callable[[ImageRecord], Path],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._images, self._path_of = store, images, path_of
        self._blinding = _saved_blinding(store, _SEED)
        self._codes: dict[str, str] = {}

    @property
    def is_blinded(self) -> bool:
        """Whether names are hidden."""
        return self._blinding is not None

    def of_image(self, image: ImageRecord) -> str:
        """Give the name of an image, or its code."""
        if self._blinding is None:
            return without_ending(Path(image.path).name)
        if image.id not in self._codes:
            self._codes = self._blinding.codes(self._images.ids)
        return self._codes.get(image.id) or self._blinding.code(image.id)

    def ordered(self, image_ids: Sequence[str]) -> tuple[str, ...]:
        """Give ids in the order in which images may be listed: by code where names are hidden."""
        return tuple(image_ids) if self._blinding is None else self._blinding.order(image_ids)

    def label(self, text: str) -> str:
        """Give the name of a plate, well, compound or condition, or its code; empty stays empty."""
        if self._blinding is None or not text:
            return text
        return self._blinding.code(text)

    def shown(self, image: ImageRecord) -> ImageRecord:
        """Give an image as it may be shown: itself, or one whose names are codes.

        What comes back is for the eyes alone: never save it.
        """
        if self._blinding is None:
            return image
        code = self.of_image(image)
        scenes = tuple(replace(scene, name="", acquired_at=None) for scene in image.info.scenes)
        return replace(
            image,
            path=code,
            info=replace(image.info, path=code, scenes=scenes),
            role=ImageRole.IMAGE,
            well=self.label(image.well or "") or None,
            wells=tuple(self.label(well) for well in image.wells),
            plate="",
            field="",
            tags=(),
            seen_at="",
        )

    def of_run(self, result: ResultRecord, images: Sequence[ImageRecord]) -> str:
        """Give the name of a run folder, or the codes of the images that it belongs to."""
        name = Path(result.folder).name
        if self._blinding is None or not images:
            return name
        codes = [self.of_image(image) for image in images]
        # Runs that were named by a code already say which run of the image they are.
        return name if codes[0] in name else ", ".join(codes)

    def numbers_of(self, result: ResultRecord) -> tuple[Number, ...]:
        """Give the headline numbers of a run, with codes of the treatments that they name."""
        if self._blinding is None or result.kind != JobKind.MEASURE:
            return result.numbers
        return tuple(with_code(number, self.label) for number in result.numbers)

    def mask(self) -> Mask | None:
        """Give the codes for what leaves the project; None while names are shown."""
        if self._blinding is None:
            return None
        images = self._images.all()
        files = {str(self._path_of(image)): self.of_image(image) for image in images}
        return Mask(self._blinding.seed, files)

    def run_stem(self, image: ImageRecord, model: ModelCard) -> str:
        """Give the beginning of the name of a new run folder, see `restore_stem`."""
        if self._blinding is None:
            return restore_stem(self._path_of(image), model)
        return named_stem(self.of_image(image), model)

    def blind(self, seed: int | None = None) -> None:
        """Hide all names.

        Args:
            seed: of the codes; None draws one. The same seed gives the same codes.

        Raises:
            InvalidInput: names are hidden already.
            SuperlensError: it could not be saved; nothing changed.
        """
        if self._blinding is not None:
            raise InvalidInput("The names are blinded already", "Unblind them first")
        chosen = secrets.randbits(32) if seed is None else seed
        entry = _entry("blinded", f"{len(self._images)} images")
        self._store.audit.add(entry, {_SEED: chosen, _LAST_SEED: chosen})
        self._set(Blinding(chosen))

    def unblind(self, reason: str) -> None:
        """Show all names again, and write into the audit who wanted it and why.

        Raises:
            InvalidInput: names are not hidden, or no reason is given.
            SuperlensError: it could not be saved; nothing changed.
        """
        if self._blinding is None:
            raise InvalidInput("The names are not blinded")
        if not reason.strip():
            raise InvalidInput("No reason is given", "Say why the names are shown again")
        entry = _entry("unblinded", reason.strip())
        self._store.audit.add(entry, {_SEED: None})
        self._set(None)

    def key(self) -> tuple[tuple[str, str], ...]:
        """Give code and name of every image as of the last blinding, in the order of the codes.

        Raises:
            InvalidInput: names are hidden, or never were.
        """
        if self._blinding is not None:
            raise InvalidInput("The names are blinded", "Unblind them first")
        last = _saved_blinding(self._store, _LAST_SEED)
        if last is None:
            raise InvalidInput("The names were never blinded")
        codes = last.codes(self._images.ids)
        named = ((codes[image.id], self.of_image(image)) for image in self._images.all())
        return tuple(sorted(named))

    def audit(self) -> tuple[AuditEntry, ...]:
        """Give who blinded and unblinded, when and why, oldest first."""
        return self._store.audit.entries()

    def _set(self, blinding: Blinding | None) -> None:
        self._blinding, self._codes = blinding, {}
        self.changed.emit()


def _saved_blinding(store: ProjectStore, setting: str) -> Blinding | None:
    seed = store.setting(setting)
    return Blinding(seed) if isinstance(seed, int) else None


def _entry(action: str, detail: str) -> AuditEntry:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name
        user = "unknown user"
    return AuditEntry(utc_now(), f"{user} on {socket.gethostname()}", action, detail)
