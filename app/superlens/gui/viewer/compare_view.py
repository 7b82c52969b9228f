"""Low-res, super-res and a map of doubt side by side: linked, read in the background."""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from superlens.core.errors import ErrorInfo
from superlens.core.jobs import Roi
from superlens.gui.reading import Answer, BackgroundReader
from superlens.gui.viewer.comparison import Comparison, MapKind, ShownPlane
from superlens.gui.viewer.contrast import ContrastWish, resolve
from superlens.gui.viewer.image_pane import ImagePane, PaneHead
from superlens.gui.viewer.image_view import ImageView
from superlens.gui.viewer.levels import (
    PlacedPlane,
    PlaneLevels,
    read_detail,
    read_levels,
)
from superlens.gui.viewer.links import LinkController
from superlens.gui.viewer.maps import map_look
from superlens.gui.viewer.plane_cache import PlaneCache

MIN_PANE = 280
_GAP = 8


class Slot(StrEnum):
    """The three places of the viewer."""

    LOW = "low"
    SR = "sr"
    THIRD = "third"


class PaneChoice(StrEnum):
    """Which panes are shown."""

    ALL = "all"
    LOW_AND_SR = "low_and_sr"
    SR_AND_THIRD = "sr_and_third"
    LOW_ONLY = "low_only"


_SLOTS = {
    PaneChoice.ALL: (Slot.LOW, Slot.SR, Slot.THIRD),
    PaneChoice.LOW_AND_SR: (Slot.LOW, Slot.SR),
    PaneChoice.SR_AND_THIRD: (Slot.SR, Slot.THIRD),
    PaneChoice.LOW_ONLY: (Slot.LOW,),
}
_ROLES = {Slot.LOW: "canvas_low", Slot.SR: "canvas_sr", Slot.THIRD: "canvas_spread"}


@dataclass(frozen=True, slots=True)
class CursorReading:
    """What lies under the cursor."""

    x: float
    y: float
    low: float | None
    sr: float | None
    third: float | None
    map: MapKind
    """What the value of the third pane is."""


class CompareView(QWidget):
    """The panes of an image and its result.

    Signals:
        cursor_changed(CursorReading | None): the mouse is over another place, or left.
        contrast_changed(ResolvedContrast): other limits are shown.
        planes_changed(): a plane arrived or was taken away.
        failed(ErrorInfo): a plane could not be read.
    """

    cursor_changed = Signal(object)
    contrast_changed = Signal(object)
    planes_changed = Signal()
    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_GAP)
        self.panes = {slot: ImagePane(PaneHead(_ROLES[slot], ""), self) for slot in Slot}
        for pane in self.panes.values():
            self._row.addWidget(pane, 1)
        self.links = LinkController([pane.view for pane in self.panes.values()], self)
        self._reader = BackgroundReader(self)
        self._reader.answered.connect(self._take)
        self._cache = PlaneCache()
        self._wish = ContrastWish()
        self._choice, self._map = PaneChoice.ALL, MapKind.SPREAD
        self._comparison: Comparison | None = None
        self._wanted: dict[Slot, ShownPlane] = {}
        self._is_framed = False
        self._connect()

    @property
    def wish(self) -> ContrastWish:
        """The contrast that the user wants."""
        return self._wish

    def plane(self, slot: Slot) -> PlaneLevels | None:
        """Give the plane now shown in a pane."""
        placed = self.panes[slot].view.placed
        return None if placed is None else placed.plane

    def show_comparison(
        self,
        comparison: Comparison | None,
        kind: MapKind = MapKind.SPREAD,
        keep_view: bool = False,
    ) -> None:
        """Show other planes; they arrive when they are read.

        Args:
            comparison: what to show, or None for nothing.
            kind: which map the third pane shows.
            keep_view: stay at the same place of the world, as for another Z or sample.
        """
        self._comparison = comparison
        self._is_framed = keep_view and self._is_framed
        if not keep_view:
            self._leave()
        if kind is not self._map:
            self._map = kind
            self.panes[Slot.THIRD].view.show_plane(None)  # never an old map under new words
        self._ask_for_planes()

    def set_wish(self, wish: ContrastWish) -> None:
        """Show the contrast and colour map that the user wants."""
        self._wish = wish
        for slot in (Slot.LOW, Slot.SR):
            self.panes[slot].view.set_lut(wish.lut_name)
        self._apply_contrast()

    def choose_panes(self, choice: PaneChoice) -> None:
        """Choose which panes are shown; where three do not fit, two are."""
        self._choice = choice
        self._arrange()

    @property
    def shown_panes(self) -> tuple[Slot, ...]:
        """The panes that the user sees now."""
        return tuple(slot for slot, pane in self.panes.items() if not pane.isHidden())

    def shutdown(self) -> None:
        """Stop reading."""
        self._reader.shutdown()

    def forget_planes(self) -> None:
        """Drop every plane from memory, as when the project is closed."""
        self._cache.clear()
        self.show_comparison(None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _connect(self) -> None:
        for slot, pane in self.panes.items():
            view = pane.view
            view.cursor_moved.connect(self._read_cursor)
            view.cursor_left.connect(self._leave)
            view.detail_wanted.connect(partial(self._ask_for_detail, slot))

    def _arrange(self) -> None:
        slots = _SLOTS[self._choice]
        if len(slots) == 3 and self.width() < 3 * MIN_PANE + 2 * _GAP:
            slots = _SLOTS[PaneChoice.LOW_AND_SR]
        for slot, pane in self.panes.items():
            pane.setVisible(slot in slots)

    def _ask_for_planes(self) -> None:
        comparison = self._comparison
        wanted: dict[Slot, ShownPlane | None] = dict.fromkeys(Slot)
        if comparison is not None:
            third = comparison.maps.get(self._map)
            wanted = {Slot.LOW: comparison.low, Slot.SR: comparison.sr, Slot.THIRD: third}
        self._wanted = {slot: plane for slot, plane in wanted.items() if plane is not None}
        for slot in Slot:
            plane = self._wanted.get(slot)
            if plane is None:
                self._reader.forget(slot)
                self.panes[slot].view.show_plane(None)
            elif (known := self._cache.get(plane.address)) is not None:
                self._reader.forget(slot)
                self._place(slot, known)
            else:
                self._reader.ask(slot, partial(read_levels, plane.address))
        self.planes_changed.emit()

    def _ask_for_detail(self, slot: Slot, roi: Roi) -> None:
        if slot in self._wanted:
            address = self._wanted[slot].address
            self._reader.ask(f"detail {slot}", partial(read_detail, address, roi))

    def _take(self, answer: Answer) -> None:
        if answer.error is not None:
            self._fail(answer.topic, answer.error)
        elif answer.topic.startswith("detail "):
            slot = Slot(answer.topic.removeprefix("detail "))
            self.panes[slot].view.show_detail(answer.value)
        else:
            slot = Slot(answer.topic)
            self._cache.put(self._wanted[slot].address, answer.value)
            self._place(slot, answer.value)
            self.planes_changed.emit()

    def _fail(self, topic: str, error: ErrorInfo) -> None:
        if topic in list(Slot):
            self.panes[Slot(topic)].show_empty(error.sentence)
            self.planes_changed.emit()
        self.failed.emit(error)

    def _place(self, slot: Slot, plane: PlaneLevels) -> None:
        shown = self._wanted[slot]
        pane = self.panes[slot]
        pane.show_image()
        pane.view.show_plane(PlacedPlane(plane, shown.placement, shown.address))
        self._apply_contrast()
        if not self._is_framed and slot is Slot.LOW:
            self._is_framed = True
            self.links.fill()

    def _apply_contrast(self) -> None:
        low, sr, third = (self.plane(slot) for slot in Slot)
        resolved = resolve(self._wish, low, sr)
        self.panes[Slot.LOW].view.set_levels(resolved.low.low, resolved.low.high)
        self.panes[Slot.SR].view.set_levels(resolved.sr.low, resolved.sr.high)
        if third is not None:
            self._apply_third(self.panes[Slot.THIRD].view, third)
        self.contrast_changed.emit(resolved)

    def _apply_third(self, view: ImageView, plane: PlaneLevels) -> None:
        look = map_look(self._map, plane)
        view.set_lut(look.bar.lut_name)
        view.set_levels(look.limits.low, look.limits.high)
        view.colour_bar = look.bar
        view.viewport().update()

    def _read_cursor(self, place: QPointF) -> None:
        values = {slot: pane.view.value_at(place) for slot, pane in self.panes.items()}
        for pane in self.panes.values():
            pane.view.set_cross(place)
        low, sr, third = (values[slot] for slot in Slot)
        self.cursor_changed.emit(CursorReading(place.x(), place.y(), low, sr, third, self._map))

    def _leave(self) -> None:
        for pane in self.panes.values():
            pane.view.set_cross(None)
        self.cursor_changed.emit(None)
