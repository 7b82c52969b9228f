"""Which scene and channel of an image are super-resolved; only what there is to choose shows."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from superlens.core.records import ImageRecord
from superlens.gui.widgets.choice import Choice
from superlens.gui.widgets.labels import label
from superlens.gui.words import channel_names, scene_names

_EVERY_CHANNEL = "Every channel"


class SourceChoice(QWidget):
    """A row for the scene, a row for the channel.

    Signals:
        scene_chosen(int): the user chose another scene; it is offered once `show_image` is told.
    """

    scene_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image_id: str | None = None
        self._named: tuple[str, ...] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.scene, self._scene_box = _titled("Scene")
        self._numbers: tuple[int, ...] = ()
        self.scene.currentIndexChanged.connect(self._choose_scene)
        self.channels, self._channel_box = _titled("Channel")
        for box in (self._scene_box, self._channel_box):
            column.addWidget(box)
        self.show_image(None)

    @property
    def channel(self) -> int | None:
        """Number of the chosen channel; None means every channel."""
        chosen = self.channels.currentIndex()
        return chosen - 1 if chosen > 0 else None

    def show_image(self, image: ImageRecord | None, scene: int = 0) -> None:
        """Offer the scenes of an image and the channels of one.

        The chosen channel stays among scenes with the same channels; else it is every channel.
        """
        source = None if image is None else image.id
        self._numbers = () if image is None else image.chosen_scenes
        names = () if image is None else scene_names(image)
        scenes = tuple(names[number] for number in self._numbers)
        channels = () if image is None else channel_names(image.info.scenes[scene])
        is_alike = (source, channels) == (self._image_id, self._named)
        self._image_id, self._named = source, channels
        self.scene.offer(scenes, self._numbers.index(scene) if scenes else 0)
        kept = self.channels.currentIndex() if is_alike else 0
        self.channels.offer((_EVERY_CHANNEL, *channels), max(0, kept))
        self._scene_box.setVisible(len(scenes) > 1)
        self._channel_box.setVisible(len(channels) > 1)
        self.setVisible(len(scenes) > 1 or len(channels) > 1)

    def _choose_scene(self, place: int) -> None:
        self.scene_chosen.emit(self._numbers[place])


def _titled(title: str) -> tuple[Choice, QWidget]:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 4, 0, 0)
    column.setSpacing(8)
    column.addWidget(label(title, "label"))
    choice = Choice()
    choice.setAccessibleName(title)
    column.addWidget(choice)
    return choice, box
