"""The start page: drop zone, samples, recent projects, the device that computes."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from superlens import __version__
from superlens.core.messages import Ready
from superlens.gui.pages.cards import RecentCard, SampleCard
from superlens.gui.pages.drop_zone import DropZone
from superlens.gui.pages.samples import Sample, samples
from superlens.gui.reading import Answer, BackgroundReader
from superlens.gui.status_line import best_device
from superlens.gui.theme.current import tokens
from superlens.gui.theme.icons import draw_icon
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.labels import clear_layout, label, rule, surface, wrapped
from superlens.gui.words import bytes_text, day_text

if TYPE_CHECKING:
    from superlens.gui.viewer.levels import PlaneLevels

_STEPS = (
    "Super-resolve, with a map of where the answer is unsure",
    "Check what the raw image supports",
    "Measure with intervals, then report",
)
_RECENT, _SAMPLES, _WIDTH = 4, 3, 1168


class StartPage(QWidget):
    """What a user sees first.

    Signals:
        files_wanted(), folder_wanted(), project_wanted(): a dialog is to be opened.
        recent_chosen(Path): folder of a project to open.
        sample_chosen(Path): file of a sample to open.
    """

    files_wanted = Signal()
    folder_wanted = Signal()
    project_wanted = Signal()
    recent_chosen = Signal(object)
    sample_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reader = BackgroundReader(self)
        self._reader.answered.connect(self._show_picture)
        self._samples: dict[str, SampleCard] = {}
        self.drop_zone = DropZone()
        self.drop_zone.files.clicked.connect(self.files_wanted)
        self.drop_zone.folder.clicked.connect(self.folder_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._scrolled(self._content()), 1)
        column.addWidget(rule(self))
        column.addWidget(self._device_line())
        self.show_device(None)

    def show_recent(self, folders: tuple[str, ...]) -> None:
        """List the projects opened last that are still there."""
        clear_layout(self._recent)
        there = [Path(folder) for folder in folders if Path(folder).is_dir()][:_RECENT]
        for folder in there:
            card = _recent_card(folder)
            card.clicked.connect(self._tell_recent)
            self._recent.addWidget(card)
        if not there:
            self._recent.addWidget(_no_projects())
        self._recent.addStretch(1)

    def show_device(self, ready: Ready | None) -> None:
        """Say what computes; None while the engine starts."""
        best = best_device(ready)
        if best is None:
            self._device.setText("Looking for a GPU")
            self._device_text.setText("the engine is starting")
        elif best.id == "cpu":
            self._device.setText("No GPU")
            memory = f", {bytes_text(best.memory_bytes)}" if best.memory_bytes else ""
            self._device_text.setText(f"computing on {best.name}{memory}")
        else:
            self._device.setText("GPU found")
            self._device_text.setText(f"{best.name}, {bytes_text(best.memory_bytes)}")
        self._device_text.setToolTip(best.reason if best else "")

    def load_pictures(self) -> None:
        """Read the pictures of the samples; called once the window is visible."""
        from superlens.gui.viewer.levels import PlaneAddress, read_levels

        for title, card in self._samples.items():
            address = PlaneAddress(str(card.sample.picture))
            self._reader.ask(title, partial(read_levels, address))

    def shutdown(self) -> None:
        """Stop reading pictures."""
        self._reader.shutdown()

    def _content(self) -> QWidget:
        page = QWidget()
        page.setMaximumWidth(_WIDTH)
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 28, 0, 24)
        grid.setHorizontalSpacing(32)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(0, 732)
        grid.setColumnStretch(1, 404)
        title = QVBoxLayout()
        title.setSpacing(4)
        title.addWidget(label("Start with your images", "title"))
        title.addWidget(
            label("Raw files are linked where they are. Superlens never changes them.", "body")
        )
        grid.addLayout(title, 0, 0)
        grid.addLayout(self._recent_head(), 0, 1, Qt.AlignmentFlag.AlignBottom)
        grid.setRowMinimumHeight(1, 16)
        grid.addWidget(self.drop_zone, 2, 0)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(12)
        grid.addLayout(self._recent, 2, 1)
        grid.setRowStretch(2, 400)
        grid.setRowMinimumHeight(3, 28)
        grid.addWidget(label("Or open a sample", "block"), 4, 0)
        grid.addWidget(label("From raw file to report", "block"), 4, 1)
        grid.setRowMinimumHeight(5, 14)
        grid.addLayout(self._sample_row(), 6, 0)
        grid.addWidget(self._steps_card(), 6, 1)
        grid.setRowStretch(6, 205)
        return page

    def _recent_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(label("Recent projects", "block"))
        row.addStretch(1)
        other = button("Open project…", "link")
        other.clicked.connect(self.project_wanted)
        row.addWidget(other)
        return row

    def _sample_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(16)
        for sample in _shown_samples():
            card = SampleCard(sample)
            card.clicked.connect(self._tell_sample)
            self._samples[sample.title] = card
            row.addWidget(card, 1)
        if not self._samples:
            row.addWidget(wrapped("No samples are installed.", "caption"))
        return row

    def _steps_card(self) -> QWidget:
        card = surface("card")
        column = QVBoxLayout(card)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(10)
        column.addWidget(label("Three steps, all on this computer", "strong"))
        for number, words in enumerate(_STEPS, start=1):
            row = QHBoxLayout()
            row.setSpacing(10)
            digit = label(str(number), "link-digit")
            digit.setFixedWidth(10)
            row.addWidget(digit, 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(wrapped(words), 1)
            column.addLayout(row)
        column.addStretch(1)
        if self._samples:
            first = button("Try it with a sample", icon_name="play")
            first.clicked.connect(self._try_first)
            column.addWidget(first, 0, Qt.AlignmentFlag.AlignLeft)
        return card

    def _scrolled(self, content: QWidget) -> QScrollArea:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(40, 0, 40, 0)
        row.addStretch(1)
        row.addWidget(content, 1000)
        row.addStretch(1)
        area.setWidget(holder)
        return area

    def _device_line(self) -> QWidget:
        line = surface("surface")
        line.setFixedHeight(44)
        row = QHBoxLayout(line)
        row.setContentsMargins(24, 0, 24, 0)
        row.setSpacing(8)
        row.addWidget(_CpuMark(line))
        self._device = label("", "strong")
        self._device_text = label("", "body")
        row.addWidget(self._device)
        row.addWidget(self._device_text)
        row.addStretch(1)
        row.addWidget(label(f"Superlens {__version__}  ·  works offline", "label"))
        return line

    def _tell_recent(self) -> None:
        card = self.sender()
        if isinstance(card, RecentCard):
            self.recent_chosen.emit(card.folder)

    def _tell_sample(self) -> None:
        card = self.sender()
        if isinstance(card, SampleCard):
            self.sample_chosen.emit(card.sample.path)

    def _try_first(self) -> None:
        first = next(iter(self._samples.values()))
        self.sample_chosen.emit(first.sample.path)

    def _show_picture(self, answer: Answer) -> None:
        if answer.error is None:
            self._samples[answer.topic].show_picture(_picture(answer.value))


class _CpuMark(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(18, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_icon(QPainter(self), QRect(0, 0, 18, 18), "cpu", QColor(tokens().text2))


def _shown_samples() -> tuple[Sample, ...]:
    """Give the samples for the start page: images first, and the plate where there is one."""
    found = samples()
    plates = [sample for sample in found if sample.is_plate][:1]
    images = [sample for sample in found if not sample.is_plate]
    return (*images[: _SAMPLES - len(plates)], *plates)


def _recent_card(folder: Path) -> RecentCard:
    when = datetime.fromtimestamp(folder.stat().st_mtime)
    pictures = tuple(sorted(folder.glob("cache/*/scene-0.png"))[:4])
    return RecentCard(folder, str(folder.parent), day_text(when, datetime.now()), pictures)


def _no_projects() -> QWidget:
    card = surface("card")
    column = QVBoxLayout(card)
    column.setContentsMargins(16, 16, 16, 16)
    column.addWidget(
        wrapped("Projects that you open appear here. A drop makes a new one by itself.", "body")
    )
    return card


def _picture(plane: "PlaneLevels") -> QImage:
    import numpy as np

    from superlens.gui.viewer.contrast import automatic_limits

    limits = automatic_limits(plane)
    values = plane.levels[0][1].astype(np.float32)
    share = np.clip((values - limits.low) / (limits.high - limits.low), 0, 1)
    grey = np.ascontiguousarray(np.round(share * 255).astype(np.uint8))
    height, width = grey.shape
    image = QImage(grey.data, width, height, width, QImage.Format.Format_Grayscale8)
    return image.copy()
