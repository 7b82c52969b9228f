"""What the user chose (settings) and what the program remembers (state): two JSON files.

QtCore only. A bad value or a broken file never stops the start.
"""

import json
import logging
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from PySide6.QtCore import QObject, Signal

from superlens.core.errors import InvalidInput, SuperlensError
from superlens.core.jobs import DeviceChoice, KeepSamples
from superlens.io.atomic import replace_file
from superlens.io.codec import decode, encode

logger = logging.getLogger(__name__)

_RECENT_PROJECTS = 12

T = TypeVar("T")


class Theme(StrEnum):
    """Colours of the window."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user chose: the values of `settings.json`."""

    theme: Theme = Theme.SYSTEM
    device: DeviceChoice = DeviceChoice.AUTO
    threads: int | None = None
    """Threads on a CPU; None leaves it to the machine."""
    samples: int | None = None
    """Samples per image; None lets the engine decide."""
    keep_samples: KeepSamples = KeepSamples.NONE
    projects_folder: str = ""
    """Where new projects are offered to be made; empty is the user's documents folder."""

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads is {self.threads}, fewer than 1")
        if self.samples is not None and self.samples < 0:
            raise ValueError(f"samples is {self.samples}, fewer than 0")


@dataclass(frozen=True, slots=True)
class Memory:
    """What the program remembers: the values of `state.json`."""

    recent_projects: tuple[str, ...] = ()
    """Folders, the last one opened first."""
    window_geometry: str = ""
    """Base64 of `QWidget.saveGeometry`."""
    window_layout: str = ""
    """Base64 of `QMainWindow.saveState`."""
    import_folder: str = ""
    export_folder: str = ""
    model: str = ""
    """Id of the model used last."""
    assay: str = ""
    """Id of the assay used last."""


class SavedValues(Generic[T]):
    """A record of plain values and the JSON file that keeps it.

    Keys that this version does not know stay in the file. Qt-free.
    """

    def __init__(self, path: Path, defaults: T) -> None:
        """Read the file; whatever is wrong with it becomes the default, with a warning."""
        self._path = path
        self._warnings: list[str] = []
        self._plain = self._read()
        self.values: T = self._checked(defaults)
        """The values as they are."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was wrong with the file when it was read, as sentences."""
        return tuple(self._warnings)

    def change(self, values: dict[str, Any]) -> None:
        """Replace some values and write the file; a file that cannot be written is logged."""
        self.values = replace(cast("Any", self.values), **values)
        self._plain |= json.loads(encode(self.values))
        text = json.dumps(self._plain, indent=2, ensure_ascii=False)
        try:
            with replace_file(self._path) as part:
                part.write_text(text + "\n", encoding="utf-8")
        except SuperlensError as error:
            logger.warning("%s was not saved: %s", self._path.name, error.sentence)

    def _read(self) -> dict[str, Any]:
        try:
            plain = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self._set_aside(error)
            return {}
        if not isinstance(plain, dict):
            self._set_aside(ValueError("it holds no table of values"))
            return {}
        return cast("dict[str, Any]", plain)

    def _set_aside(self, error: Exception) -> None:
        kept = self._path.with_name(f"{self._path.name}.broken")
        try:
            self._path.replace(kept)
            advice = f"it was kept as {kept.name}"
        except OSError:
            advice = "it could not be kept"
        self._warn(f"{self._path.name} cannot be read ({error}): defaults are used, {advice}.")

    def _checked(self, defaults: T) -> T:
        record = cast("Any", defaults)
        kind = cast("type[Any]", type(defaults))
        for item in fields(record):
            if item.name not in self._plain:
                continue
            one = json.dumps({item.name: self._plain[item.name]}).encode()
            try:
                value: Any = getattr(decode(kind, one), item.name)
            except InvalidInput:
                shown = json.dumps(self._plain[item.name])[:80]
                default = getattr(record, item.name)
                self._warn(
                    f"{self._path.name}: {item.name} is {shown}; {default!s} is used instead."
                )
            else:
                record = replace(record, **{item.name: value})
        return record

    def _warn(self, sentence: str) -> None:
        logger.warning(sentence)
        self._warnings.append(sentence)


class Settings(QObject):
    """The user's choices and the file that keeps them.

    Signals:
        changed(Choices): after values were changed and written.
    """

    changed = Signal(object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._saved = SavedValues(path, Choices())

    @property
    def values(self) -> Choices:
        """The choices as they are."""
        return self._saved.values

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was wrong with the file when it was read, as sentences."""
        return self._saved.warnings

    def change(self, **values: Any) -> None:
        """Replace some values and write the file: `settings.change(theme=Theme.DARK)`."""
        self._saved.change(values)
        self.changed.emit(self.values)


class State(QObject):
    """What the program remembers and the file that keeps it; used as `Settings`, with `Memory`.

    Signals:
        changed(Memory): after values were changed and written.
    """

    changed = Signal(object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._saved = SavedValues(path, Memory())

    @property
    def values(self) -> Memory:
        """What is remembered."""
        return self._saved.values

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was wrong with the file when it was read, as sentences."""
        return self._saved.warnings

    def change(self, **values: Any) -> None:
        """Replace some values and write the file."""
        self._saved.change(values)
        self.changed.emit(self.values)

    def remember_project(self, folder: Path) -> None:
        """Put a folder at the head of the recent projects."""
        rest = [item for item in self.values.recent_projects if item != str(folder)]
        self.change(recent_projects=(str(folder), *rest)[:_RECENT_PROJECTS])

    def forget_project(self, folder: Path) -> None:
        """Take a folder out of the recent projects."""
        rest = [item for item in self.values.recent_projects if item != str(folder)]
        self.change(recent_projects=tuple(rest))
