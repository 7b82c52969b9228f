"""The control strip under the panes: channel, Z, T, scene, and what the result panes show."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from superlens.core.records import ImageRecord
from superlens.gui.viewer.comparison import Indices, MapKind, RestoredRun
from superlens.gui.viewer.maps import MAP_NAMES
from superlens.gui.widgets.choice import Choice
from superlens.gui.widgets.labels import label
from superlens.gui.widgets.segmented import Segmented
from superlens.gui.widgets.slider import Slider
from superlens.gui.words import channel_names, scene_names

_AXES = ("z", "t")
_CHOICE_WIDTH, _MAP_WIDTH = 132, 192


class PlaneControls(QWidget):
    """Which plane is shown; only what the image really has is visible.

    Signals:
        changed(): another plane, sample or map is wanted.
        scene_chosen(int): the user chose another scene; it is shown once `show_image` is told.
    """

    changed = Signal()
    scene_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(44)
        self._image: ImageRecord | None = None
        self._run: RestoredRun | None = None
        self._indices = Indices()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.scene, self._scene_box = self._add_choice(row, "Scene")
        self.scene.currentIndexChanged.connect(self._take_scene)
        self._channel, self._channel_box = self._add_choice(row, "Channel")
        self._channel.currentIndexChanged.connect(self._take_channel)
        self._sliders = {axis: self._add_slider(row, axis.upper()) for axis in _AXES}
        self._wanted_map = MapKind.SPREAD
        self.map_choice, self._map_box = self._add_choice(row, "Uncertainty as", _MAP_WIDTH)
        self.map_choice.setToolTip("What the third pane shows")
        self.map_choice.currentIndexChanged.connect(self._take_map)
        self._shown = Segmented(("Mean", "Samples"))
        self._shown.chosen.connect(self._tell)
        self._shown_box = _titled("Super-res", self._shown)
        row.addWidget(self._shown_box)
        self._sample = self._add_slider(row, "Sample")
        row.addStretch(1)

    @property
    def indices(self) -> Indices:
        """Which plane of the raw image is shown."""
        return self._indices

    @property
    def sample(self) -> int | None:
        """Number of the sample to show, or None for the mean."""
        has_samples = self._run is not None and bool(self._run.sample_files)
        return self._sample.value if has_samples and self._shown.index == 1 else None

    @property
    def map(self) -> MapKind:
        """What the third pane shows: what the user chose last, else the first that the run has."""
        held = () if self._run is None else self._run.maps
        if self._wanted_map in held or not held:
            return self._wanted_map
        return held[0]

    def is_needed(self, is_raw_only: bool) -> bool:
        """Say whether there is anything to choose."""
        has_maps = self._run is not None and len(self._run.maps) > 1
        self._map_box.setVisible(has_maps and not is_raw_only)
        has_samples = self._run is not None and bool(self._run.sample_files) and not is_raw_only
        self._shown_box.setVisible(has_samples)
        self._sample.setVisible(has_samples and self._shown.index == 1)
        results = (self._map_box, self._shown_box)
        boxes = (self._scene_box, self._channel_box, *self._sliders.values(), *results)
        return any(not box.isHidden() for box in boxes)

    def show_image(self, image: ImageRecord | None, scene: int = 0) -> None:
        """Offer the planes of a scene of an image; those of another one from the first on."""
        is_same = image is not None and self._image is not None and image.id == self._image.id
        self._image = image
        if not is_same or scene != self._indices.scene:
            self._indices = Indices(scene=scene)
        if image is not None:
            self._offer(image)

    def show_run(self, run: RestoredRun | None) -> None:
        """Offer what a restoration holds."""
        self._run = run
        if run is not None:
            self._sample.set_range(0, max(0, len(run.sample_files) - 1))
            if run.maps:
                names = tuple(MAP_NAMES[kind] for kind in run.maps)
                self.map_choice.offer(names, run.maps.index(self.map))

    def _offer(self, image: ImageRecord) -> None:
        at = self._indices
        scene = image.info.scenes[at.scene]
        names, scenes = scene_names(image), image.chosen_scenes
        self.scene.offer(tuple(names[n] for n in scenes), scenes.index(at.scene))
        self._scene_box.setVisible(len(scenes) > 1)
        self._channel.offer(channel_names(scene), at.c)
        self._channel_box.setVisible(scene.size("C") > 1)
        for axis, value in (("z", at.z), ("t", at.t)):
            slider, size = self._sliders[axis], scene.size(axis.upper())
            slider.set_range(0, size - 1)
            slider.set_value(value)
            slider.setVisible(size > 1)

    def _add_choice(
        self, row: QHBoxLayout, title: str, width: int = _CHOICE_WIDTH
    ) -> tuple[Choice, QWidget]:
        choice = Choice()
        choice.setAccessibleName(title)
        choice.setFixedWidth(width)
        box = _titled(title, choice)
        box.hide()
        row.addWidget(box)
        return choice, box

    def _add_slider(self, row: QHBoxLayout, title: str) -> Slider:
        slider = Slider(title)
        slider.hide()
        slider.moved.connect(self._take_sliders)
        row.addWidget(slider)
        return slider

    def _take_scene(self, place: int) -> None:
        if self._image is not None:
            self.scene_chosen.emit(self._image.chosen_scenes[place])

    def _take_map(self, place: int) -> None:
        if self._run is not None:
            self._wanted_map = self._run.maps[place]
            self.changed.emit()

    def _take_channel(self, channel: int) -> None:
        self._indices = replace(self._indices, c=channel)
        self.changed.emit()

    def _take_sliders(self) -> None:
        z, t = self._sliders["z"].value, self._sliders["t"].value
        self._indices = replace(self._indices, z=z, t=t)
        self.changed.emit()

    def _tell(self, _: int) -> None:
        self.changed.emit()


def _titled(title: str, widget: QWidget) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 8, 0)
    row.setSpacing(8)
    row.addWidget(label(title, "label"))
    row.addWidget(widget)
    return box
