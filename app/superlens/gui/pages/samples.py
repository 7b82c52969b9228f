"""The samples that ship with the program: images to restore and a plate to measure. No Qt."""

from dataclasses import dataclass
from pathlib import Path

from superlens.io.locations import resources_dir

_PLATE_MAP = "plate_map.csv"
_FIRST = ("filaments", "mitochondria")
"""Shown before the others."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample."""

    title: str
    caption: str
    path: Path
    """What is opened: an image, or the plate map of a plate."""
    picture: Path
    """The image that stands for it."""

    @property
    def is_plate(self) -> bool:
        """Whether it is measured rather than restored first."""
        return self.path.name == _PLATE_MAP


def samples() -> tuple[Sample, ...]:
    """Give all samples, the images before the plates; none where they are not installed."""
    folder = resources_dir() / "samples"
    if not folder.is_dir():
        return ()
    images = sorted(folder.glob("*.ome.tif"), key=_order)
    plates = sorted(folder.glob(f"*/{_PLATE_MAP}"))
    return (*(_image(path) for path in images), *(p for p in map(_plate, plates) if p is not None))


def _image(path: Path) -> Sample:
    return Sample(_title(path.name.split(".")[0]), "Simulated, truth known", path, path)


def _plate(path: Path) -> Sample | None:
    pictures = sorted(path.parent.glob("*protein*.tif")) or sorted(path.parent.glob("*.tif"))
    if not pictures:
        return None
    picture = pictures[len(pictures) // 2]
    return Sample(_title(path.parent.name), "Simulated, to be measured", path, picture)


def _order(path: Path) -> tuple[int, str]:
    name = path.name.split(".")[0]
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def _title(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").capitalize()
