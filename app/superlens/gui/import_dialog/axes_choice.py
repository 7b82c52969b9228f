"""Combo boxes by which the user says what the axes of a file are."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from superlens.core.records import SceneInfo
from superlens.gui.widgets.choice import Choice
from superlens.gui.widgets.labels import clear_layout, label
from superlens.io.images.relabelled import STACK_AXES, AxisNames, axis_names, full_axes

_TITLES = {"T": "Time points", "C": "Channels", "Z": "Z planes"}


class AxesChoice(QWidget):
    """A box for each axis of the file that is longer than one; two axes are never the same.

    Signals:
        chosen(str): all five letters, see `InputImage`; empty: as the file says.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self._boxes: dict[str, Choice] = {}
        self._sizes: tuple[tuple[str, int], ...] = ()
        self._meant: dict[str, str] = {}

    @property
    def boxes(self) -> tuple[Choice, ...]:
        """The boxes, in the order in which the file is read."""
        return tuple(self._boxes.values())

    def show_axes(self, scene: SceneInfo | None, axes: str) -> None:
        """Offer the axes of a scene as the reader gives it, called as the user calls them."""
        sizes = () if scene is None or scene.is_rgb else _long_axes(scene)
        names = AxisNames() if scene is None or not sizes else axis_names(scene, axes)
        self._meant = {names.t: "T", names.c: "C", names.z: "Z"}
        if sizes != self._sizes:
            self._sizes = sizes
            self._make_boxes()
        for axis, box in self._boxes.items():
            box.setCurrentIndex(box.findData(self._meant[axis]))
        self.setVisible(bool(sizes))

    def _make_boxes(self) -> None:
        clear_layout(self._grid)
        self._boxes = {}
        for place, (axis, size) in enumerate(self._sizes):
            box = Choice()
            box.setAccessibleName(f"What the axis of {size} is")
            for letter in ("Z", "T", "C"):
                box.addItem(_TITLES[letter], letter)
            box.activated.connect(self._take)
            self._grid.addWidget(label(f"Axis of {size} is", "label"), place, 0)
            self._grid.addWidget(box, place, 1)
            self._boxes[axis] = box

    def _take(self, _: int) -> None:
        after = swapped(self._meant, {a: str(b.currentData()) for a, b in self._boxes.items()})
        names = AxisNames(*(next(a for a in after if after[a] == letter) for letter in "TCZ"))
        self.chosen.emit(full_axes(names))


def swapped(before: dict[str, str], boxes: dict[str, str]) -> dict[str, str]:
    """Give what each axis of the reader is after one box changed.

    Args:
        before: what each of T, C and Z of the reader was.
        boxes: what the boxes say now; whoever had the letter of the changed one takes its old one.
    """
    changed = next((axis for axis, letter in boxes.items() if before[axis] != letter), None)
    if changed is None:
        return before
    after = dict(before)
    other = next(axis for axis, letter in before.items() if letter == boxes[changed])
    after[changed], after[other] = boxes[changed], before[changed]
    return after


def _long_axes(scene: SceneInfo) -> tuple[tuple[str, int], ...]:
    found: Sequence[tuple[str, int]] = [(axis, scene.size(axis)) for axis in STACK_AXES]
    return tuple((axis, size) for axis, size in found if size > 1)
