"""What the user chose (settings) and what the program remembers (state): two JSON files.

QtCore only. A bad value or a broken file never stops the start.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from superlens.core.jobs import DeviceChoice, KeepSamples


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


class Settings(QObject):
    """The user's choices and the file that keeps them.

    Signals:
        changed(Choices): after values were changed and written.
    """

    changed = Signal(object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)

    @property
    def values(self) -> Choices:
        """The choices as they are."""
        raise NotImplementedError

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was wrong with the file when it was read, as sentences."""
        raise NotImplementedError

    def change(self, **values: Any) -> None:
        """Replace some values and write the file: `settings.change(theme=Theme.DARK)`."""
        raise NotImplementedError


class State(QObject):
    """What the program remembers and the file that keeps it; used as `Settings`, with `Memory`.

    Signals:
        changed(Memory): after values were changed and written.
    """

    changed = Signal(object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)

    @property
    def values(self) -> Memory:
        """What is remembered."""
        raise NotImplementedError

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was wrong with the file when it was read, as sentences."""
        raise NotImplementedError

    def change(self, **values: Any) -> None:
        """Replace some values and write the file."""
        raise NotImplementedError

    def remember_project(self, folder: Path) -> None:
        """Put a folder at the head of the recent projects."""
        raise NotImplementedError
