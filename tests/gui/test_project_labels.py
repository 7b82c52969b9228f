"""Roles, tags, blinding, trash, missing files and watching, as the window offers them."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QPushButton, QTreeView
from pytestqt.qtbot import QtBot

from gui.driving import import_files
from gui.played_runs import write_raw
from superlens.core.records import ImageRecord, ImageRole
from superlens.gui.main_window import MainWindow
from superlens.gui.project.image_model import RowRole
from superlens.gui.project.labels_dialog import LabelsDialog
from superlens.gui.project.trash_dialog import TrashDialog
from superlens.gui.project.unblind_dialog import UnblindDialog
from superlens.gui.project.watch_dialog import WatchDialog
from superlens.gui.stage_bar import Stage
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench


@pytest.fixture
def images(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, tmp_path: Path
) -> tuple[ImageRecord, ...]:
    """Two imported images."""
    names = ("field_01", "field_02")
    files = [write_raw(tmp_path / f"{name}.ome.tif", pixel_um=0.1 + n / 10)
             for n, name in enumerate(names)]  # fmt: skip
    import_files(window, qtbot, *files)
    return _project(workbench).images()


def _project(workbench: Workbench) -> Project:
    assert workbench.project is not None
    return workbench.project


def _opened(window: MainWindow, kind: type[Any]) -> Any:
    found = window.findChild(kind)
    assert found is not None
    return found


def test_role_tags_and_note_of_a_selection_are_saved(
    window: MainWindow, workbench: Workbench, images: tuple[ImageRecord, ...]
) -> None:
    project = _project(workbench)
    project.update_image(replace(images[0], tags=("own", "both")))
    project.update_image(replace(images[1], tags=("both",)))
    window.workspace.project_intents.edit_labels([image.id for image in images])
    dialog = _opened(window, LabelsDialog)
    was_common = dialog.tags.text()
    dialog.role.setCurrentIndex(dialog.role.findData(ImageRole.CONTROL))
    dialog.tags.setText("day 2, day 2, washed")
    dialog.note.setPlainText("Out of focus at the edge")

    dialog.accept()

    first, second = (project.image(image.id) for image in images)
    assert was_common == "both"
    assert first.role is second.role is ImageRole.CONTROL
    assert first.tags == ("own", "day 2", "washed")
    assert second.tags == ("day 2", "washed")
    assert first.note == second.note == "Out of focus at the edge"
    model = window.workspace.panel.model
    assert model is not None
    assert "Control" in model.index_of(first.id).data(RowRole.CAPTION)


def test_what_differs_and_is_left_alone_stays(
    window: MainWindow, workbench: Workbench, images: tuple[ImageRecord, ...]
) -> None:
    project = _project(workbench)
    project.update_image(replace(images[0], note="first", role=ImageRole.LOW, well="A01"))
    project.update_image(replace(images[1], note="second", well="B02"))
    window.workspace.project_intents.edit_labels([image.id for image in images])

    _opened(window, LabelsDialog).accept()

    first, second = (project.image(image.id) for image in images)
    assert (first.note, first.role, first.well) == ("first", ImageRole.LOW, "A01")
    assert (second.note, second.role, second.well) == ("second", ImageRole.IMAGE, "B02")


def test_nonsense_is_no_well(window: MainWindow, images: tuple[ImageRecord, ...]) -> None:
    window.workspace.project_intents.edit_labels([images[0].id])
    dialog = _opened(window, LabelsDialog)
    dialog.well.setText("over there")

    dialog.accept()

    assert dialog.isVisible()
    dialog.reject()


def test_several_rows_can_be_selected_and_one_is_shown(
    window: MainWindow, images: tuple[ImageRecord, ...]
) -> None:
    panel = window.workspace.panel
    tree = panel.findChild(QTreeView)
    assert tree is not None
    flags = QItemSelectionModel.SelectionFlag
    tree.setCurrentIndex(tree.model().index(0, 0))

    tree.selectionModel().setCurrentIndex(tree.model().index(1, 0), flags.Select | flags.Rows)

    assert panel.selected == tuple(image.id for image in images)
    assert window.workspace.selection.image is not None
    assert window.workspace.selection.image.id == images[1].id


def test_names_are_hidden_and_shown_again_with_a_reason(
    window: MainWindow, workbench: Workbench, images: tuple[ImageRecord, ...]
) -> None:
    model = window.workspace.panel.model
    assert model is not None
    action = window.registry.action("project.blind")
    action.trigger()
    hidden = model.index_of(images[0].id).data()
    listed = [model.index(row, 0).data() for row in range(2)]
    action.trigger()
    dialog = _opened(window, UnblindDialog)
    without_reason = dialog.show_button.isEnabled()
    dialog.reason.setText("Scoring is finished")
    dialog.show_button.click()

    assert hidden != "field_01"
    assert listed == sorted(listed)
    assert not without_reason
    assert model.index_of(images[0].id).data() == "field_01"
    assert "Scoring is finished" in [entry.detail for entry in _project(workbench).names.audit()]


def test_a_result_goes_to_the_trash_and_comes_back(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, images: tuple[ImageRecord, ...]
) -> None:
    project = _project(workbench)
    window.workspace.selection.choose(images[0].id)
    window.workspace.flow.go(Stage.RESTORE)
    with qtbot.waitSignal(project.result_added, timeout=30000):
        window.stage_bar.primary.click()
    (result,) = project.results()
    window.workspace.project_intents.remove_results([images[0].id])
    removed = project.results()
    window.workspace.project_intents.open_trash()
    dialog = _opened(window, TrashDialog)
    (entry,) = project.trash.contents()

    dialog.restore(entry)

    assert removed == ()
    assert [item.job_id for item in project.results()] == [result.job_id]
    assert Path(result.folder).is_dir()
    assert not dialog.empty_button.isEnabled()
    dialog.accept()


def test_emptying_the_trash_takes_two_clicks(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, images: tuple[ImageRecord, ...]
) -> None:
    project = _project(workbench)
    window.workspace.selection.choose(images[0].id)
    window.workspace.flow.go(Stage.RESTORE)
    with qtbot.waitSignal(project.result_added, timeout=30000):
        window.stage_bar.primary.click()
    window.workspace.project_intents.remove_results([images[0].id])
    window.workspace.project_intents.open_trash()
    dialog = _opened(window, TrashDialog)

    dialog.empty_button.click()
    after_one = len(project.trash.contents())
    dialog.empty_button.click()

    assert after_one == 1
    assert project.trash.contents() == ()
    dialog.accept()


def test_moved_files_are_found_and_linked_again(
    window: MainWindow,
    workbench: Workbench,
    qtbot: QtBot,
    images: tuple[ImageRecord, ...],
    tmp_path: Path,
) -> None:
    project = _project(workbench)
    other = tmp_path / "archive"
    other.mkdir()
    shutil.move(project.path_of(images[0]), other / "field_01.ome.tif")
    with qtbot.waitSignal(project.links.all_seen, timeout=30000):
        project.links.look()
    intents = window.workspace.project_intents
    assert intents.has_missing

    with qtbot.waitSignal(project.links.searched, timeout=30000):
        intents.search(other)
    bar = window.message_bar
    assert bar.message is not None
    title, action = bar.message.title, bar.message.action
    next(item for item in bar.findChildren(QPushButton) if item.text() == action).click()

    assert (title, action) == ("1 of 1 missing file found", "Link them")
    assert project.path_of(project.image(images[0].id)) == other / "field_01.ome.tif"
    assert not intents.has_missing


def test_watching_is_started_and_stopped_in_its_dialog(
    window: MainWindow, workbench: Workbench, images: tuple[ImageRecord, ...], tmp_path: Path
) -> None:
    arriving = tmp_path / "arriving"
    arriving.mkdir()
    intents = window.workspace.project_intents
    window.registry.action("project.watch").trigger()
    dialog = _opened(window, WatchDialog)
    dialog.folder.setText(str(tmp_path / "gone"))
    dialog.start()
    stayed_open = dialog.isVisible()
    dialog.folder.setText(str(arriving))
    dialog.start()

    line = window.workspace.panel.watch_line
    assert stayed_open
    assert intents.watch is not None
    assert intents.watch.is_watching
    assert line.text() == " Watching arriving"
    assert not line.isHidden()
    intents.watch.stop()
    assert line.isHidden()
