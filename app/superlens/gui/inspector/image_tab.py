"""Inspector, tab Image: what the file says of itself, and the pixel size that a user may enter."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from superlens.core.records import ImageRecord, SceneInfo
from superlens.core.units import PixelSizeOrigin, entered_pixel_size
from superlens.gui.viewer.geometry import length_text
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.labels import label, wrapped
from superlens.gui.widgets.section import Pairs, Section
from superlens.gui.words import pixel_size_text, scene_title, size_text

_NAMES = ("Format", "Size", "Bit depth", "Channels", "Z, T", "Scene")


class ImageTab(QWidget):
    """Facts of the chosen scene of the selected image.

    Signals:
        image_edited(ImageRecord): the user entered its pixel size.
    """

    image_edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: ImageRecord | None = None
        self._scene = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        facts = Section("File", ruled=False)
        self._pairs = Pairs(_NAMES)
        facts.body.addWidget(self._pairs)
        column.addWidget(facts)
        column.addWidget(self._pixel_section())
        self._warnings = Section("Warnings")
        self._warning_text = wrapped("", "warn")
        self._warnings.body.addWidget(self._warning_text)
        column.addWidget(self._warnings)
        column.addStretch(1)
        self.show_image(None)

    def show_image(self, image: ImageRecord | None, number: int = 0) -> None:
        """Show a scene of an image, or nothing."""
        self._image, self._scene = image, number
        self.setEnabled(image is not None)
        self._warnings.setVisible(bool(image and image.info.warnings))
        if image is None:
            return
        scene = image.info.scenes[number]
        values = (
            image.info.format,
            f"{size_text(scene)} px",
            scene.dtype,
            ", ".join(c.name for c in scene.channels) or str(scene.size("C")),
            f"{scene.size('Z')}, {scene.size('T')}",
            _scene_text(image, number),
        )
        for name, value in zip(_NAMES, values, strict=True):
            self._pairs.set_value(name, value)
        self._pixel_pairs.set_value("In the plane", pixel_size_text(scene))
        z = scene.pixel_sizes.z
        self._pixel_pairs.set_value("Z step", length_text(z) if z else "unknown")
        self._source.setText(_source_text(scene.pixel_sizes.origin, scene.pixel_sizes.source))
        self._warning_text.setText("\n".join(image.info.warnings))

    def fact(self, name: str) -> str:
        """Give what is told of the file in a row, such as `Size`."""
        return self._pairs.value(name)

    def _pixel_section(self) -> Section:
        section = Section("Pixel size")
        self._pixel_pairs = Pairs(("In the plane", "Z step"))
        section.body.addWidget(self._pixel_pairs)
        self._source = wrapped("", "caption")
        section.body.addWidget(self._source)
        row = QHBoxLayout()
        row.setSpacing(8)
        self._entry = QLineEdit()
        self._entry.setPlaceholderText("Enter in nm")
        self._entry.setAccessibleName("Pixel size in nm")
        self._entry.returnPressed.connect(self._take_entry)
        row.addWidget(self._entry, 1)
        row.addWidget(label("nm", "caption"))
        apply = button("Set")
        apply.clicked.connect(self._take_entry)
        row.addWidget(apply)
        section.body.addLayout(row)
        return section

    def enter_pixel_size(self, nm_text: str) -> None:
        """Take a pixel size in nm, with a decimal point or comma; nonsense is not taken.

        It is meant for the shown scene and for the others of which the file says the same.
        """
        try:
            nm = float(nm_text.strip().replace(",", "."))
        except ValueError:
            return
        if self._image is None or not 0.1 <= nm <= 1e6:
            return
        meant = _told_of(self._image.info.scenes[self._scene])
        scenes = tuple(
            replace(scene, pixel_sizes=entered_pixel_size(nm / 1000, scene.pixel_sizes))
            if _told_of(scene) == meant
            else scene
            for scene in self._image.info.scenes
        )
        edited = replace(self._image, info=replace(self._image.info, scenes=scenes))
        self.image_edited.emit(edited)

    def _take_entry(self) -> None:
        self.enter_pixel_size(self._entry.text())
        self._entry.clear()


def _told_of(scene: SceneInfo) -> tuple[float | None, float | None, PixelSizeOrigin]:
    return scene.pixel_sizes.x, scene.pixel_sizes.y, scene.pixel_sizes.origin


def _scene_text(image: ImageRecord, number: int) -> str:
    place = f"{number + 1} of {len(image.info.scenes)}"
    name = scene_title(image, number)
    return f"{place}, {name}" if name else place


def _source_text(origin: PixelSizeOrigin, source: str) -> str:
    if origin is PixelSizeOrigin.UNKNOWN:
        return "The file says nothing. Lengths are told in pixels until you enter it."
    if origin is PixelSizeOrigin.DEFAULT:
        return "The file holds a number that no microscope wrote. Enter the real one."
    return f"From {source}" if source else ""
