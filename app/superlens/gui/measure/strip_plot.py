"""Cells by dose as a strip plot: a dot per cell, per well its value and interval."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from superlens.core.assay import WellRole
from superlens.gui.measure.results import DoseGroup, MeasuredRun, WellRow, dose_groups
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.tokens import Size

_LABEL_PX = 44
_HALF_WIDTH, _DOT_PX, _DOT_ALPHA = 0.3, 3.5, 0.27
_TOP_PERCENTILE = 99.5


class StripPlot(pg.PlotWidget):
    """The cells of a measurement; nothing but dots, strokes and two axes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._plot = pg.PlotItem()
        self._captions: tuple[str, ...] = ()  # a resize may come before the end of this
        super().__init__(parent, plotItem=self._plot)
        self._run: MeasuredRun | None = None
        self._compound = ""
        self.setAcceptDrops(False)
        self.setMouseEnabled(False, False)
        self.setMenuEnabled(False)
        self.hideButtons()
        self._plot.setContentsMargins(4, 8, 12, 0)
        self.setFrameShape(self.Shape.NoFrame)
        self.hidden_cells = 0
        """Cells above the end of the axis."""

    def show_run(self, run: MeasuredRun | None, compound: str = "") -> None:
        """Show the cells of a measurement, or of one of its compounds."""
        self._run, self._compound = run, compound
        self.redraw()

    def redraw(self) -> None:
        """Draw again, as in another theme."""
        self.clear()
        self.setBackground(QColor(tokens().surface))
        self.hidden_cells = 0
        if self._run is None:
            return
        groups = dose_groups(self._run, self._compound)
        end = _axis_end(self._run, groups)
        self._dress(groups, end)
        for place, group in enumerate(groups):
            self._draw_cells(place, group, end)
            for offset, well in zip(_offsets(len(group.wells)), group.wells, strict=True):
                self._draw_well(place + offset, well, _stroke(len(group.wells)))

    def resizeEvent(self, ev: QResizeEvent) -> None:
        super().resizeEvent(ev)
        if self._captions:
            self._show_captions()

    def _dress(self, groups: tuple[DoseGroup, ...], end: float) -> None:
        colours = tokens()
        item = self._plot
        bottom, left = item.getAxis("bottom"), item.getAxis("left")
        for axis in (bottom, left):
            axis.setTextPen(QColor(colours.text2))
            axis.setTickPen(QPen(Qt.PenStyle.NoPen))
            axis.setStyle(tickFont=font(Size.AXIS), tickLength=0, tickTextOffset=6, tickAlpha=0)
        bottom.setPen(QPen(QColor(colours.control), 1))
        left.setPen(QPen(Qt.PenStyle.NoPen))
        left.setGrid(False)
        self._captions = tuple(group.caption for group in groups)
        self._show_captions()
        ticks = _round_ticks(end)
        left.setTicks([[(value, f"{value:g}") for value in ticks]])
        for value in ticks[1:]:
            pen = QPen(QColor(colours.line), 1)
            pen.setCosmetic(True)
            line = pg.InfiniteLine(value, angle=0, pen=pen)
            line.setZValue(-10)
            self.addItem(line)
        box = self._plot.getViewBox()
        box.setRange(xRange=(-0.6, len(groups) - 0.4), yRange=(0, end), padding=0)

    def _show_captions(self) -> None:
        """Write as many captions under the groups as find room."""
        room = max(1, self.width() - 60)
        step = max(1, -(-len(self._captions) * _LABEL_PX // room))
        shown = [(n, text) for n, text in enumerate(self._captions) if n % step == 0]
        self._plot.getAxis("bottom").setTicks([shown])

    def _draw_cells(self, place: int, group: DoseGroup, end: float) -> None:
        if self._run is None:
            return
        found = [self._run.cells[w.well] for w in group.wells if w.well in self._run.cells]
        if not found:
            return
        values = np.concatenate(found)
        self.hidden_cells += int((values > end).sum())
        values = values[values <= end]
        colour = QColor(_group_colour(group.role))
        colour.setAlphaF(_DOT_ALPHA)
        self.addItem(
            pg.ScatterPlotItem(
                x=place + _jitter(len(values)),
                y=values,
                size=_DOT_PX,
                pen=None,
                brush=colour,
                pxMode=True,
            )
        )

    def _draw_well(self, x: float, well: WellRow, half: float) -> None:
        if not np.isfinite(well.value):
            return
        pen = QPen(QColor(tokens().text), 2.5)
        pen.setCosmetic(True)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        self.plot([x - half, x + half], [well.value, well.value], pen=pen)
        if well.has_interval:
            self.plot([x, x], [well.lo, well.hi], pen=pen)


def _group_colour(role: WellRole) -> str:
    return tokens().sr if role is WellRole.DOSE else tokens().low


def _offsets(count: int) -> NDArray[np.floating]:
    if count < 2:
        return np.zeros(count)
    return np.linspace(-0.5, 0.5, count) * _HALF_WIDTH * 1.4


def _stroke(count: int) -> float:
    """Give half the length of a well's stroke: neighbours of one dose do not touch."""
    return 0.2 if count < 2 else 0.4 * _HALF_WIDTH * 1.4 / (count - 1)


def _jitter(count: int) -> NDArray[np.floating]:
    golden = (np.arange(count) * 0.6180339887498949) % 1.0
    return (golden - 0.5) * 2 * _HALF_WIDTH


def _axis_end(run: MeasuredRun, groups: tuple[DoseGroup, ...]) -> float:
    wells = [well for group in groups for well in group.wells]
    cells = [run.cells[w.well] for w in wells if w.well in run.cells]
    ends = [w.hi if w.has_interval else w.value for w in wells]
    if cells:
        ends.append(float(np.percentile(np.concatenate(cells), _TOP_PERCENTILE)))
    largest = max((end for end in ends if np.isfinite(end)), default=1.0)
    return largest * 1.05 if largest > 0 else 1.0


def _round_ticks(end: float) -> list[float]:
    raw = end / 5
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= raw)
    return [round(n * step, 10) for n in range(int(end / step) + 1)]
