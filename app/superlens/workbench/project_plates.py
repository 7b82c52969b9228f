"""The plates of the open project, and which image lies in which well.

QtCore only.
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from superlens.core.assay import WellInfo
from superlens.core.errors import InvalidInput
from superlens.core.plate import PlateLayout, PlateSize, well_name
from superlens.core.records import ImageRecord
from superlens.io.plate_layout_csv import read_layouts, write_layouts
from superlens.io.plate_names import ParsedName
from superlens.io.store import ProjectStore
from superlens.workbench.project_images import ProjectImages


class ProjectPlates(QObject):
    """Layouts of plates, and the wells of images.

    Signals:
        changed(): a plate was added, changed or removed.
        image_changed(ImageRecord): an image is in another well.
    """

    changed = Signal()
    image_changed = Signal(object)

    def __init__(
        self, store: ProjectStore, images: ProjectImages, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store, self._images = store, images
        self._layouts = {layout.id: layout for layout in store.plates.all()}

    def all(self) -> tuple[PlateLayout, ...]:
        """Give all plates in the order in which they were made."""
        return tuple(self._layouts.values())

    def plate(self, plate_id: str) -> PlateLayout:
        """Give one plate; `KeyError` if there is none of this id."""
        return self._layouts[plate_id]

    def new(self, name: str, size: PlateSize) -> PlateLayout:
        """Add an empty plate.

        Raises:
            InvalidInput: there is one of this name.
            SuperlensError: it could not be saved; nothing changed.
        """
        layout = PlateLayout(uuid.uuid4().hex[:12], name.strip(), size)
        self.save(layout)
        return layout

    def save(self, *layouts: PlateLayout) -> None:
        """Save new or changed plates, all or none.

        Raises:
            InvalidInput: a name is empty, or of another plate too.
            SuperlensError: they could not be saved; nothing changed.
        """
        after = self._layouts | {layout.id: layout for layout in layouts}
        names = [layout.name for layout in after.values()]
        for layout in layouts:
            if not layout.name:
                raise InvalidInput("The plate has no name", "Name it, for instance by its barcode")
            if names.count(layout.name) > 1:
                raise InvalidInput(
                    f"There is a plate {layout.name!r} already", "Choose another name"
                )
        self._store.plates.save(*layouts)
        self._layouts = after
        self.changed.emit()

    def remove(self, plate_id: str) -> None:
        """Forget a plate; its images stay and keep the names of their wells.

        Raises:
            SuperlensError: it could not be saved; nothing changed.
        """
        images = [
            replace(image, plate="") for image in self._images.all() if image.plate == plate_id
        ]
        self._store.plates.remove(plate_id, images)
        self._images.remember(images)
        del self._layouts[plate_id]
        self.changed.emit()
        for image in images:
            self.image_changed.emit(image)

    def place_images(self, places: Mapping[str, ParsedName], plate_id: str) -> None:
        """Put images (by id) into the wells and fields that their names say, all or none.

        Raises:
            InvalidInput: a well is not on the plate.
            SuperlensError: it could not be saved; nothing changed.
        """
        layout = self._layouts[plate_id]
        changed: list[ImageRecord] = []
        for image_id, parsed in places.items():
            well = well_name(parsed.well)
            if well is None or not layout.size.holds(well):
                raise InvalidInput(
                    f"{parsed.name} is in well {parsed.well!r}, and {layout.name} has "
                    f"{layout.size.value} wells",
                    "Choose another plate, or another name pattern",
                )
            image = self._images.get(image_id)
            placed = replace(image, plate=plate_id, well=well, wells=(), field=parsed.field)
            changed.append(placed)
        self._images.update(changed)
        for image in changed:
            self.image_changed.emit(image)

    def images_in(self, plate_id: str, well: str | None = None) -> tuple[ImageRecord, ...]:
        """Give the images on a plate, or in one of its wells, in the order of import."""
        return tuple(
            image
            for image in self._images.all()
            if image.plate == plate_id and (well is None or well in image.all_wells)
        )

    def condition_of(self, image: ImageRecord, scene: int = 0) -> WellInfo | None:
        """Give what was done to the well of a scene, None where it lies on no plate."""
        layout, well = self._layouts.get(image.plate), image.well_of(scene)
        return None if layout is None or well is None else layout.well(well)

    def read_csv(self, path: Path, name: str = "") -> tuple[str, ...]:
        """Take the plates of a table; one of a known name replaces that plate's wells.

        Args:
            path: the table.
            name: of the plate in a table without a column of plates; empty: as the file.

        Returns:
            What was odd about the table, as sentences.

        Raises:
            SuperlensError: it cannot be read or saved; nothing changed.
        """
        layouts, warnings = read_layouts(path)
        if name and [layout.name for layout in layouts] == [path.stem]:
            layouts = (replace(layouts[0], name=name),)
        known = {layout.name: layout.id for layout in self._layouts.values()}
        self.save(*(replace(item, id=known.get(item.name, item.id)) for item in layouts))
        return warnings

    def write_csv(self, path: Path) -> None:
        """Write all plates as one table.

        Raises:
            SuperlensError: it cannot be written.
        """
        write_layouts(path, self.all())
