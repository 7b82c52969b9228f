"""The import dialog in the real window, on a fake engine that really probes the files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QModelIndex, Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from gui.driving import drop
from gui.played_runs import write_raw
from superlens.core.records import ChannelInfo, ImageRole
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.gui.import_dialog.axes_choice import swapped
from superlens.gui.import_dialog.import_dialog import ImportDialog
from superlens.gui.import_dialog.row_words import Column
from superlens.gui.import_dialog.rows import RowState, are_alike, pixel_um_of, well_of
from superlens.gui.main_window import MainWindow
from superlens.io.image_writer import ImageMetadata, write_image
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench

OME_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three good files, one of them twice, and a broken one."""
    made = tmp_path / "Screen 4"
    made.mkdir()
    for number, well in enumerate(("A01", "A02", "B01")):
        stack = np.full((1, 1, 1, 16, 16), number, np.uint16)
        channels = (ChannelInfo("DAPI"),)
        sizes = PixelSizes(None, 0.1, 0.1, PixelSizeOrigin.REPORTED) if number else PixelSizes()
        write_image(made / f"{well}_s1.ome.tif", stack, ImageMetadata(sizes, channels, ""))
    (made / "A01_copy.ome.tif").write_bytes((made / "A01_s1.ome.tif").read_bytes())
    (made / "B02_s1.tif").write_bytes(b"II*\x00\x08\x00\x00\x00")
    return made


@pytest.fixture
def dialog(window: MainWindow, qtbot: QtBot, folder: Path) -> ImportDialog:
    """The dialog after a folder was dropped and read."""
    drop(window, [QUrl.fromLocalFile(str(folder))])
    made = window.findChild(ImportDialog)
    assert made is not None
    qtbot.waitUntil(lambda: len(made.model.rows) == 5, timeout=20000)
    qtbot.waitUntil(lambda: made.model.count(RowState.READING) == 0, timeout=30000)
    return made


def _project(workbench: Workbench) -> Project:
    assert workbench.project is not None
    return workbench.project


def _text(dialog: ImportDialog, name: str, column: Column) -> str:
    model = dialog.model
    place = [row.path.name for row in model.rows].index(name)
    return str(model.index(place, column).data())


def test_a_dropped_folder_is_shown_before_anything_is_imported(
    dialog: ImportDialog, workbench: Workbench
) -> None:
    states = {row.path.name: row.state for row in dialog.model.rows}

    assert states["B02_s1.tif"] is RowState.BROKEN
    assert sorted(states.values()).count(RowState.KNOWN) == 1
    assert sorted(states.values()).count(RowState.READY) == 3
    assert dialog.take.text() == "Import 3 images"
    assert _project(workbench).image_ids() == ()


def test_a_row_says_what_was_found(dialog: ImportDialog) -> None:
    name = "A02_s1.ome.tif"

    assert _text(dialog, name, Column.SIZE) == "16 × 16"
    assert _text(dialog, name, Column.DEPTH) == "16-bit"
    assert _text(dialog, name, Column.PIXEL) == "100 nm"
    assert _text(dialog, name, Column.ROLE) == "Image"


def test_corrections_reach_the_project(
    dialog: ImportDialog, workbench: Workbench, qtbot: QtBot
) -> None:
    model = dialog.model
    dialog.plate.choose("plain")
    place = [row.path.name for row in model.rows].index("B01_s1.ome.tif")
    model.setData(model.index(place, Column.PIXEL), "96,8")
    model.setData(model.index(place, Column.ROLE), ImageRole.CONTROL)

    dialog.take.click()

    project = _project(workbench)
    images = {Path(image.path).name: image for image in project.images()}
    (plate,) = project.plates.all()
    assert len(images) == 3
    control = images["B01_s1.ome.tif"]
    sizes = control.info.scenes[0].pixel_sizes
    assert sizes.lateral_um == pytest.approx(0.0968)
    assert sizes.origin is PixelSizeOrigin.VERIFIED
    assert control.role is ImageRole.CONTROL
    assert (control.well, control.field, control.plate) == ("B01", "1", plate.id)
    assert plate.name == "Screen 4"
    assert project.thumbnail(control.id) is not None


def test_cancel_imports_nothing_and_leaves_no_pictures(
    dialog: ImportDialog, workbench: Workbench, qtbot: QtBot
) -> None:
    # What an engine still writes when it is told to stop goes at the next opening: test_leftovers.
    qtbot.waitUntil(lambda: not dialog._is_looking, timeout=30000)
    cache = _project(workbench).folder / "cache"
    assert list(cache.glob("*/*.png"))

    dialog.reject()

    project = _project(workbench)
    assert project.image_ids() == ()
    assert list(cache.glob("*/*.png")) == []


def test_unchecked_files_stay_out(dialog: ImportDialog, workbench: Workbench) -> None:
    model = dialog.model
    place = [row.path.name for row in model.rows].index("A02_s1.ome.tif")
    model.setData(
        model.index(place, Column.NAME), Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole
    )

    dialog.accept()

    names = {Path(image.path).name for image in _project(workbench).images()}
    assert "A02_s1.ome.tif" not in names
    assert len(names) == 2


def test_own_pattern_is_previewed_and_a_wrong_one_says_why(dialog: ImportDialog) -> None:
    dialog.plate.choose("own", r"(?P<well>[A-P]\d\d)_s(?P<field>\d)")
    understood = dialog.plate.words
    well = _text(dialog, "A02_s1.ome.tif", Column.WELL)
    dialog.plate.choose("own", r"(?P<well>[A-P")

    assert "wells of a 6-well plate" in understood
    assert well == "A02"
    assert "not a regular expression" in dialog.plate.words
    assert _text(dialog, "A02_s1.ome.tif", Column.WELL) == ""


def test_details_of_a_broken_file_can_be_copied(dialog: ImportDialog) -> None:
    place = [row.path.name for row in dialog.model.rows].index("B02_s1.tif")
    dialog.tree.setCurrentIndex(dialog.model.index(place, 0))
    buttons = dialog.findChildren(QPushButton)
    copy = next(item for item in buttons if item.text().strip() == "Copy details")

    copy.click()

    assert QGuiApplication.clipboard().text().startswith("B02_s1.tif\n")


def test_what_is_entered_for_one_file_goes_to_all_like_it(dialog: ImportDialog) -> None:
    model = dialog.model
    ready = [row for row in model.rows if row.state is RowState.READY]
    model.set_pixel_size((ready[0],), 0.05)
    model.set_role((ready[0],), ImageRole.LOW)

    count = model.apply_to_alike(ready[0], 0)

    assert count == 2
    assert {row.role for row in ready} == {ImageRole.LOW}
    assert {row.scenes[0].pixel_sizes.lateral_um for row in ready} == {0.05}


def test_files_with_other_channels_are_not_alike(dialog: ImportDialog) -> None:
    model = dialog.model
    ready = [row for row in model.rows if row.state is RowState.READY]
    assert ready[0].file is not None
    info = ready[0].file.image.info
    scene = replace(info.scenes[0], channels=(ChannelInfo("GFP"),))

    assert are_alike(info, replace(info, path="elsewhere.tif"))
    assert not are_alike(info, replace(info, scenes=(scene,)))


def test_scenes_of_a_file_are_rows_below_it(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "two.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as writer:
        for side in (32, 48):
            plane = np.full((side, side), 7, np.uint16)
            writer.write(plane, photometric="minisblack", metadata={"axes": "YX"})
    window.workspace.intents.review_import([path])
    dialog = window.findChild(ImportDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.model.count(RowState.READY) == 1, timeout=30000)
    model, file = dialog.model, dialog.model.index(0, 0)

    assert model.rowCount(file) == 2
    assert model.parent(model.index(1, Column.SIZE, file)) == file
    assert model.rowCount(model.index(0, 0, file)) == 0
    dialog.reject()


def _opened(window: MainWindow, qtbot: QtBot, path: Path) -> ImportDialog:
    window.workspace.intents.review_import([path])
    dialog = window.findChild(ImportDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.model.count(RowState.READY) == 1, timeout=30000)
    return dialog


def _plate_file(path: Path) -> Path:
    xml = OME_HEAD + "".join(
        f'<Image ID="Image:{n}" Name="{name}"><Pixels ID="Pixels:{n}" DimensionOrder="XYCZT" '
        f'Type="uint16" SizeX="32" SizeY="32" SizeZ="1" SizeC="1" SizeT="1">'
        f'<TiffData IFD="{n}" PlaneCount="1"/></Pixels></Image>'
        for n, name in enumerate(("B02", "B03", "C02"))
    )
    planes = np.zeros((3, 32, 32), np.uint16)
    options = {"description": f"{xml}</OME>", "metadata": None, "photometric": "minisblack"}
    tifffile.imwrite(path, planes, **options)
    return path


def test_each_scene_has_a_check_box_and_only_checked_ones_are_imported(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = _opened(window, qtbot, _plate_file(tmp_path / "screen.ome.tif"))
    model, check = dialog.model, Qt.ItemDataRole.CheckStateRole
    file = model.index(0, 0)
    model.setData(model.index(1, 0, file), Qt.CheckState.Unchecked, check)
    state = file.data(check)

    dialog.accept()

    (image,) = _project(workbench).images()
    assert state == Qt.CheckState.PartiallyChecked
    assert image.scenes == (0, 2)
    assert image.chosen_scenes == (0, 2)
    controls = window.workspace.check.controls
    assert [controls.scene.itemText(n) for n in range(controls.scene.count())] == ["B02", "C02"]
    controls.scene.setCurrentIndex(1)
    assert window.workspace.selection.scene == 2


def test_last_scene_unchecked_unchecks_the_file(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = _opened(window, qtbot, _plate_file(tmp_path / "screen.ome.tif"))
    model, check = dialog.model, Qt.ItemDataRole.CheckStateRole
    file = model.index(0, 0)

    for scene in range(3):
        model.setData(model.index(scene, 0, file), Qt.CheckState.Unchecked, check)
    unchecked = file.data(check), dialog.model.wanted()
    model.setData(model.index(1, 0, file), Qt.CheckState.Checked, check)

    assert unchecked == (Qt.CheckState.Unchecked, ())
    assert dialog.model.rows[0].wanted_scenes == (1,)
    dialog.reject()


def test_wells_of_a_plate_in_one_file_are_shown_and_kept(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = _opened(window, qtbot, _plate_file(tmp_path / "screen.ome.tif"))
    model = dialog.model
    file = model.index(0, 0)
    shown = [model.index(n, Column.WELL, file).data() for n in range(3)]
    model.setData(model.index(2, Column.WELL, file), "d5")

    dialog.accept()

    project = _project(workbench)
    (image,), (plate,) = project.images(), project.plates.all()
    assert shown == ["B02", "B03", "C02"]
    assert model.index(0, Column.WELL).data() == "3 wells"
    assert "each such file becomes a plate" in dialog.plate.words
    assert image.wells == ("B02", "B03", "D05")
    assert (plate.name, image.plate) == ("screen", plate.id)
    assert project.plates.images_in(plate.id, "D05") == (image,)


def test_axes_are_named_by_the_user_and_reach_the_engine(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "movie.tif"
    data = np.zeros((4, 32, 32), np.uint16)
    tifffile.imwrite(path, data, metadata=None, photometric="minisblack")
    dialog = _opened(window, qtbot, path)
    (box,) = dialog.image.axes.boxes
    before = box.currentData()

    box.setCurrentIndex(box.findData("T"))
    box.activated.emit(box.currentIndex())
    dialog.accept()

    project = _project(workbench)
    (image,) = project.images()
    scene = image.info.scenes[0]
    assert before == "Z"
    assert (scene.size("T"), scene.size("Z")) == (4, 1)
    assert image.info.warnings == ()
    assert project.input_of(image.id).axes == image.axes == "ZCTYX"


def test_axis_that_takes_the_letter_of_another_gives_it_its_own() -> None:
    before = {"T": "T", "C": "C", "Z": "Z"}

    after = swapped(before, {"T": "Z", "Z": "Z"})

    assert after == {"T": "Z", "C": "C", "Z": "T"}


def test_a_few_dropped_files_are_imported_without_a_dialog(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, tmp_path: Path
) -> None:
    drop(window, [QUrl.fromLocalFile(str(write_raw(tmp_path / "field_01.ome.tif")))])

    qtbot.waitUntil(lambda: len(_project(workbench).image_ids()) == 1, timeout=30000)
    assert window.findChild(ImportDialog) is None
    assert window.workspace.panel.model is not None
    assert window.workspace.panel.model.rowCount(QModelIndex()) == 1


@pytest.mark.parametrize(
    ("text", "um"),
    [("96.8", 0.0968), ("96,8 nm", 0.0968), ("0.1 µm", 0.1), ("", None), ("0", None), ("x", None)],
)
def test_pixel_sizes_are_read_as_people_write_them(text: str, um: float | None) -> None:
    read = pixel_um_of(text)

    assert read == (None if um is None else pytest.approx(um))


def test_wells_are_read_as_people_write_them() -> None:
    assert [well_of(text) for text in ("b2", "H-12", " ", "77")] == ["B02", "H12", "", None]
