"""Inspector, tab View: contrast limits, colour map, values at the cursor, the model in short."""

from dataclasses import replace

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from superlens.core.cards import ModelCard
from superlens.gui.theme.colormaps import LUT_NAMES
from superlens.gui.viewer.compare_view import CompareView, CursorReading, Slot
from superlens.gui.viewer.comparison import MapKind
from superlens.gui.viewer.contrast import Limits, ResolvedContrast
from superlens.gui.viewer.geometry import WorldUnit, count_text
from superlens.gui.viewer.histogram import ContrastHistogram
from superlens.gui.viewer.maps import map_value
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.choice import CheckBox, Choice
from superlens.gui.widgets.labels import label
from superlens.gui.widgets.legend import LegendEntry
from superlens.gui.widgets.section import Pairs, Section
from superlens.gui.words import claim_words


class ViewTab(QWidget):
    """How the panes are shown and what lies under the cursor."""

    def __init__(self, compare: CompareView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._compare = compare
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._contrast_section())
        column.addWidget(self._cursor_section())
        column.addWidget(self._model_section())
        column.addStretch(1)
        compare.contrast_changed.connect(self._show_contrast)
        compare.planes_changed.connect(self._show_planes)
        compare.cursor_changed.connect(self._show_cursor)

    def show_model(self, card: ModelCard | None) -> None:
        """Show which model made the result."""
        self._model.setVisible(card is not None)
        if card is not None:
            self._model_pairs.set_value("Name", card.title)
            self._model_pairs.set_value("Claim", claim_words(card.claim).short)
            self._model_pairs.set_value("Scale", f"{card.scale}×")

    def _contrast_section(self) -> Section:
        section = Section("Contrast limits", ruled=False)
        auto = button("Auto", "small")
        auto.setToolTip("Limits at the 0.1 and 99.9 percentiles (C)")
        auto.clicked.connect(self.auto_contrast)
        section.head.addWidget(auto)
        legend = QHBoxLayout()
        legend.setSpacing(6)
        self._legend_low, self._legend_sr = (
            LegendEntry("Low-res", "low"),
            LegendEntry("Super-res", "sr"),
        )
        legend.addWidget(self._legend_low)
        legend.addSpacing(8)
        legend.addWidget(self._legend_sr)
        legend.addStretch(1)
        section.body.addLayout(legend)
        self._histogram = ContrastHistogram()
        self._histogram.limits_wanted.connect(self._take_limits)
        section.body.addWidget(self._histogram)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(label("LUT", "label"))
        self._lut = Choice()
        self._lut.addItems(LUT_NAMES)
        self._lut.setAccessibleName("LUT")
        self._lut.currentTextChanged.connect(self._take_lut)
        row.addWidget(self._lut, 1)
        section.body.addLayout(row)
        self._lock = CheckBox("Same limits in both panes")
        self._lock.setChecked(True)
        self._lock.toggled.connect(self._take_lock)
        section.body.addWidget(self._lock)
        return section

    def _cursor_section(self) -> Section:
        section = Section("At the cursor")
        self._cursor = Pairs(("Position", "Low-res", "Super-res", "Uncertainty"))
        section.body.addWidget(self._cursor)
        return section

    def _model_section(self) -> Section:
        self._model = Section("Model")
        self._model_pairs = Pairs(("Name", "Claim", "Scale"))
        self._model.body.addWidget(self._model_pairs)
        self._model.hide()
        return self._model

    def auto_contrast(self) -> None:
        """Set the limits back to the percentiles."""
        self._compare.set_wish(self._compare.wish.automatic())

    def set_locked(self, is_locked: bool) -> None:
        """Share the limits between low-res and super-res, or free them."""
        self._lock.setChecked(is_locked)

    @property
    def lock_box(self) -> CheckBox:
        """The check box of shared limits."""
        return self._lock

    def _take_limits(self, limits: Limits) -> None:
        wish = self._compare.wish
        if wish.is_locked:
            self._compare.set_wish(replace(wish, low=limits))
        else:
            self._compare.set_wish(replace(wish, sr=limits))

    def _take_lut(self, name: str) -> None:
        self._compare.set_wish(replace(self._compare.wish, lut_name=name))

    def _take_lock(self, is_locked: bool) -> None:
        self._compare.set_wish(replace(self._compare.wish, is_locked=is_locked))

    def _show_contrast(self, resolved: ResolvedContrast) -> None:
        is_locked = self._compare.wish.is_locked
        self._histogram.show_limits(resolved.low if is_locked else resolved.sr)

    def _show_planes(self) -> None:
        sr = self._compare.plane(Slot.SR)
        self._histogram.show_planes(self._compare.plane(Slot.LOW), sr)
        self._legend_sr.setVisible(sr is not None)
        self._lock.setVisible(sr is not None)

    def _show_cursor(self, reading: CursorReading | None) -> None:
        self._cursor.set_value("Position", position_text(reading, self._compare))
        self._cursor.set_value("Low-res", _value(reading.low if reading else None))
        self._cursor.set_value("Super-res", sr_text(reading))
        told = "" if reading is None else map_value(reading.map, reading.third)
        self._cursor.set_value("Uncertainty", told)


def position_text(reading: CursorReading | None, compare: CompareView) -> str:
    """Give the place of the cursor in the unit of the panes."""
    placed = compare.panes[Slot.LOW].view.placed
    if reading is None or placed is None:
        return ""
    if placed.placement.unit is WorldUnit.PX:
        return f"{int(reading.x)}, {int(reading.y)} px"
    return f"{reading.x:.2f}, {reading.y:.2f} µm"


def sr_text(reading: CursorReading | None) -> str:
    """Give the super-res value, with its spread where that is what the third pane shows."""
    if reading is None or reading.sr is None:
        return ""
    spread = reading.third if reading.map is MapKind.SPREAD else None
    return count_text(reading.sr) + ("" if spread is None else f" ± {count_text(spread)}")


def _value(value: float | None) -> str:
    return "" if value is None else count_text(value)
