"""What is imported as what: images with roles and wells, and the plates that they lie on.

Qt-free.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from superlens.core.errors import InvalidInput
from superlens.core.plate import smallest_plate
from superlens.core.records import ImageRecord
from superlens.workbench.project_plates import ProjectPlates


@dataclass(frozen=True, slots=True)
class PlannedImage:
    """An image that was read, as the user wants it."""

    image: ImageRecord
    """With role, well, field, pixel sizes and channels as wanted."""
    plate: str = ""
    """Name of its plate; empty without one."""


class TakesImages(Protocol):
    """A project that images can be added to."""

    plates: ProjectPlates

    def add_images(self, images: Sequence[ImageRecord]) -> None:
        """Take in images that were read already."""
        ...


def take_in(project: TakesImages, planned: Sequence[PlannedImage]) -> None:
    """Import images, and make the plates that they name and that are not there yet.

    Raises:
        InvalidInput: the wells of a plate are on no plate, or not on the one that is there.
        SuperlensError: a plate could not be saved.
    """
    ids = _plates(project, planned)
    project.add_images([replace(item.image, plate=ids.get(item.plate, "")) for item in planned])


def _plates(project: TakesImages, planned: Sequence[PlannedImage]) -> Mapping[str, str]:
    """Give the id of each named plate."""
    wells: dict[str, list[str]] = {}
    for item in planned:
        if item.plate:
            wells.setdefault(item.plate, []).extend(item.image.all_wells)
    known = {layout.name: layout for layout in project.plates.all()}
    sizes = {name: smallest_plate(tuple(found)) for name, found in wells.items()}
    for name, size in sizes.items():
        layout = known.get(name)
        if size is None or (layout is not None and layout.size < size):
            raise InvalidInput(
                f"The wells of {name} do not fit on "
                + ("any plate" if layout is None else f"its {layout.size.value} wells"),
                "Choose another pattern of names, or another name of the plate",
            )
    made = {
        name: project.plates.new(name, size).id
        for name, size in sizes.items()
        if name not in known and size is not None
    }
    return {name: layout.id for name, layout in known.items()} | made
