"""Tab Image at the right of the import dialog: what a file holds, to be corrected."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from superlens.core.errors import ErrorInfo
from superlens.core.records import ChannelInfo, ImageRole, SceneInfo
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.gui.forms import NumberField
from superlens.gui.import_dialog.axes_choice import AxesChoice
from superlens.gui.import_dialog.axes_picture import AxesPicture, axes_sentence
from superlens.gui.import_dialog.import_model import ImportModel
from superlens.gui.import_dialog.rows import (
    FileRow,
    RowState,
    channels_of,
    lut_of,
    pixel_um_of,
    well_of,
)
from superlens.gui.theme.colormaps import CHANNEL_COLOURS
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.choice import Choice
from superlens.gui.widgets.labels import ElidedLabel, clear_layout, label, wrapped
from superlens.gui.widgets.section import Section
from superlens.gui.words import ROLE_NAMES, plural
from superlens.io.images.source import GUESSED

_AUTOMATIC = "Automatic"


class ImageSide(QWidget):
    """What the dialog knows of the chosen file or scene.

    Corrections go to all selected files at once.
    """

    def __init__(self, model: ImportModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._rows: tuple[FileRow, ...] = ()
        self._scene = 0
        self._pages = QStackedWidget()
        self._pages.addWidget(_empty_page())
        self._broken = _BrokenPage()
        self._pages.addWidget(self._broken)
        self._pages.addWidget(self._facts_page())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)
        self.show_rows((), 0)

    def show_rows(self, rows: Sequence[FileRow], scene: int) -> None:
        """Show the first of the selected files (and one of its scenes), or nothing."""
        self._rows, self._scene = tuple(rows), scene
        row = self._rows[0] if self._rows else None
        if row is None or row.state in (RowState.READING, RowState.KNOWN):
            self._pages.setCurrentIndex(0)
        elif row.error is not None:
            self._broken.show_error(row.path.name, row.error)
            self._pages.setCurrentIndex(1)
        else:
            self._pages.setCurrentIndex(2)
            self._show_facts(row)

    def refresh(self) -> None:
        """Show what was corrected meanwhile, unless the user is writing here."""
        focus = self.focusWidget()
        if isinstance(focus, QLineEdit) and focus.hasFocus():
            return
        self.show_rows(self._rows, self._scene)

    def _facts_page(self) -> QScrollArea:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head())
        column.addWidget(self._channel_section())
        column.addWidget(self._pixel_section())
        column.addWidget(self._use_section())
        self._warnings = Section("Warnings")
        self._warning_text = wrapped("", "warn")
        self._warnings.body.addWidget(self._warning_text)
        column.addWidget(self._warnings)
        column.addWidget(self._alike_row())
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(page)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return area

    def _head(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(4)
        self._name = ElidedLabel("", "strong")
        self._kind = ElidedLabel("", "caption")
        self._picture = AxesPicture()
        self._axes = wrapped("", "caption")
        column.addWidget(self._name)
        column.addWidget(self._kind)
        column.addSpacing(8)
        column.addWidget(self._picture)
        column.addSpacing(4)
        column.addWidget(self._axes)
        column.addSpacing(8)
        self.axes = AxesChoice()
        self.axes.chosen.connect(self._name_axes)
        column.addWidget(self.axes)
        return holder

    def _channel_section(self) -> Section:
        section = Section("Channels")
        self._channels = QGridLayout()
        self._channels.setContentsMargins(0, 0, 0, 0)
        self._channels.setSpacing(8)
        self._channels.setColumnStretch(0, 3)
        self._channels.setColumnStretch(1, 2)
        section.body.addLayout(self._channels)
        self._editors: list[tuple[QLineEdit, Choice]] = []
        return section

    def _pixel_section(self) -> Section:
        section = Section("Pixel size")
        row = QHBoxLayout()
        row.setSpacing(12)
        self._pixel = NumberField("nm")
        self._pixel.setFixedWidth(112)
        self._pixel.setPlaceholderText("Unknown")
        self._pixel.setAccessibleName("Pixel size in nm")
        self._pixel.editingFinished.connect(self._enter_pixel_size)
        row.addWidget(self._pixel)
        self._z_step = ElidedLabel("", "caption")
        row.addWidget(self._z_step, 1)
        section.body.addLayout(row)
        self._source = wrapped("", "caption")
        section.body.addWidget(self._source)
        return section

    def _use_section(self) -> Section:
        section = Section("Use")
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        grid.addWidget(label("Role", "label"), 0, 0)
        grid.addWidget(label("Well", "label"), 0, 1)
        self._role = Choice()
        self._role.setAccessibleName("Role")
        for role, name in ROLE_NAMES.items():
            self._role.addItem(name, role)
        self._role.activated.connect(self._choose_role)
        grid.addWidget(self._role, 1, 0)
        self._well = QLineEdit()
        self._well.setFixedHeight(30)
        self._well.setPlaceholderText("None")
        self._well.setAccessibleName("Well")
        self._well.editingFinished.connect(self._enter_well)
        grid.addWidget(self._well, 1, 1)
        section.body.addLayout(grid)
        return section

    def _alike_row(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(16, 4, 16, 16)
        column.setSpacing(4)
        self._alike = button("Apply to all like this", icon_name="copy")
        self._alike.clicked.connect(self._apply_to_alike)
        column.addWidget(self._alike)
        self._alike_words = wrapped("", "caption")
        column.addWidget(self._alike_words)
        return holder

    def _show_facts(self, row: FileRow) -> None:
        assert row.info is not None
        self._scene = min(self._scene, len(row.scenes) - 1)
        scene = row.scenes[self._scene]
        several = len(self._rows) > 1
        self._name.setText(plural(len(self._rows), "file") if several else row.path.name)
        place = f"Scene {self._scene + 1} of {len(row.scenes)}" if len(row.scenes) > 1 else ""
        named = f"{place}, {scene.name}" if place and scene.name else place
        kind = " · ".join(part for part in (row.info.format, named) if part)
        self._kind.setText("Changes go to all of them" if several else kind)
        picture = row.pictures.get(self._scene)
        self._picture.show_scene(scene, picture)  # type: ignore[arg-type]  # a QPixmap or None
        self._axes.setText(_axes_words(row, scene))
        self.axes.show_axes(_as_read(row, self._scene), row.axes)
        self._show_channels(channels_of(scene))
        self._show_pixel_size(scene.pixel_sizes)
        self._role.setCurrentIndex(self._role.findData(row.role))
        self._well.setText(row.well_of(self._scene))
        _mark(self._well, False)
        self._warnings.setVisible(bool(row.info.warnings))
        self._warning_text.setText("\n".join(row.info.warnings))
        self._show_alike(row)

    def _show_channels(self, channels: Sequence[ChannelInfo]) -> None:
        if len(self._editors) != len(channels):
            clear_layout(self._channels)
            self._editors = [self._channel_editors(n) for n in range(len(channels))]
        for (name, choice), channel in zip(self._editors, channels, strict=True):
            name.setText(channel.name)
            chosen = lut_of(channel)
            if choice.findText(chosen) < 0:
                choice.addItem(chosen, chosen)
            choice.setCurrentIndex(choice.findText(chosen))

    def _channel_editors(self, number: int) -> tuple[QLineEdit, Choice]:
        name = QLineEdit()
        name.setFixedHeight(30)
        name.setAccessibleName(f"Name of channel {number + 1}")
        name.editingFinished.connect(self._enter_channels)
        choice = Choice()
        choice.setAccessibleName(f"LUT of channel {number + 1}")
        choice.addItem(_AUTOMATIC, None)
        for title, colour in CHANNEL_COLOURS.items():
            choice.addItem(title, colour)
        choice.activated.connect(self._enter_channels)
        self._channels.addWidget(name, number, 0)
        self._channels.addWidget(choice, number, 1)
        return name, choice

    def _show_pixel_size(self, sizes: PixelSizes) -> None:
        um = sizes.lateral_um
        self._pixel.setText("" if um is None else f"{um * 1000:.6g}")
        _mark(self._pixel, um is None)
        self._z_step.setText("" if sizes.z is None else f"Z step {sizes.z:.4g} µm")
        self._source.setText(_source_words(sizes))
        self._source.setProperty("tone", "bad" if um is None else "caption")
        self._source.style().polish(self._source)

    def _show_alike(self, row: FileRow) -> None:
        others = len(self._model.alike(row))
        self._alike.setEnabled(bool(others))
        self._alike_words.setText(
            f"Role, axes, pixel size, names and LUTs go to {plural(others, 'other file')}."
            if others
            else "No other file has this format and the same channels."
        )

    def _choose_role(self, _: int) -> None:
        self._model.set_role(self._rows, ImageRole(self._role.currentData()))

    def _enter_well(self) -> None:
        well = well_of(self._well.text())
        _mark(self._well, well is None)
        if well is None or not self._rows or well == self._rows[0].well_of(self._scene):
            return
        is_scene = bool(self._rows[0].wells) and len(self._rows) == 1
        self._model.set_well(self._rows, well, self._scene if is_scene else None)

    def _name_axes(self, axes: str) -> None:
        self._model.set_axes(self._rows, axes)
        self.show_rows(self._rows, self._scene)

    def _enter_pixel_size(self) -> None:
        um = pixel_um_of(self._pixel.text())
        if um is None or not self._rows:
            return
        known = self._rows[0].scenes[self._scene].pixel_sizes.lateral_um
        if known is None or f"{known * 1000:.6g}" != f"{um * 1000:.6g}":
            self._model.set_pixel_size(self._rows, um, self._scene)
            self.show_rows(self._rows, self._scene)

    def _enter_channels(self, _: int = 0) -> None:
        if not self._rows or not self._rows[0].scenes:
            return
        before = channels_of(self._rows[0].scenes[self._scene])
        after = tuple(
            replace(
                channel,
                name=name.text().strip() or channel.name,
                colour=CHANNEL_COLOURS.get(choice.currentText(), choice.currentData()),
            )
            for channel, (name, choice) in zip(before, self._editors, strict=True)
        )
        if after != before:
            self._model.set_channels(self._rows, after)

    def _apply_to_alike(self) -> None:
        if self._rows:
            count = self._model.apply_to_alike(self._rows[0], self._scene)
            self._alike_words.setText(f"{plural(count, 'file')} changed.")


class _BrokenPage(QWidget):
    """Why a file cannot be imported, in words, with what a developer needs."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(8)
        self._name = ElidedLabel("", "strong")
        self._title = wrapped("", "bad")
        self._advice = wrapped("", "body")
        self._detail = wrapped("", "caption")
        copy = button("Copy details", icon_name="copy")
        copy.clicked.connect(self._copy)
        for part in (self._name, self._title, self._advice, self._detail):
            column.addWidget(part)
        column.addSpacing(4)
        column.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self._text = ""

    def show_error(self, name: str, error: ErrorInfo) -> None:
        self._name.setText(name)
        self._title.setText(error.title)
        self._advice.setText(error.advice)
        self._detail.setText(error.detail.strip().splitlines()[-1] if error.detail else "")
        self._detail.setVisible(bool(error.detail))
        self._text = "\n".join(part for part in (name, error.sentence, error.detail) if part)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)


def _empty_page() -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(24, 0, 24, 0)
    words = wrapped("Choose a file to see its axes, channels and pixel size.", "caption")
    words.setAlignment(Qt.AlignmentFlag.AlignCenter)
    column.addStretch(2)
    column.addWidget(words)
    column.addStretch(3)
    return page


def _as_read(row: FileRow, number: int) -> SceneInfo | None:
    return None if row.file is None else row.file.image.info.scenes[number]


def _axes_words(row: FileRow, scene: SceneInfo) -> str:
    """Say how the axes are read, and who says so where it is not the file."""
    guessed = row.info is not None and any(t.startswith(GUESSED) for t in row.info.warnings)
    told = ". You said so" if row.axes else ". This is a guess" if guessed else ""
    return f"{axes_sentence(scene)}{told}"


def _mark(field: QLineEdit, is_bad: bool) -> None:
    field.setProperty("state", "bad" if is_bad else "")
    field.style().polish(field)


def _source_words(sizes: PixelSizes) -> str:
    match sizes.origin:
        case PixelSizeOrigin.UNKNOWN:
            return "The file says nothing. It imports all the same, with lengths in pixels."
        case PixelSizeOrigin.DEFAULT:
            return "The file holds a number that no microscope wrote. Enter the real one."
        case _:
            return f"From {sizes.source}" if sizes.source else ""
