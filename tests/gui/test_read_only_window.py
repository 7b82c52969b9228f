"""The window says that a project can only be looked at, and lists ten thousand images at once."""

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from superlens.core.records import ChannelInfo, FileIdentity, ImageInfo, ImageRecord, SceneInfo
from superlens.core.units import PixelSizes
from superlens.gui.main_window import MainWindow
from superlens.gui.project.image_model import ImageModel, ImageState, RowRole
from superlens.io.store import ProjectStore
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench


def image(number: int) -> ImageRecord:
    scene = SceneInfo(
        "s", (1, 1, 1, 8, 8), "uint16", PixelSizes(None, None, None), (ChannelInfo("DNA"),)
    )
    name = f"field {number:05}.tif"
    identity = FileIdentity(1, 2, str(number))
    return ImageRecord(f"i{number}", name, identity, ImageInfo(name, "TIFF", (scene,)))


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ProjectStore]:
    with ProjectStore.create(tmp_path / "screen") as store:
        store.catalogue.add(*(image(number) for number in range(300)))
        yield store


def test_window_says_why_a_project_can_only_be_looked_at_until_it_is_free(
    window: MainWindow, workbench: Workbench, writer: ProjectStore
) -> None:
    workbench.open_project(writer.folder)
    first = window.message_bar.message
    title = window.windowTitle()
    writer.close()

    window._take_over()

    assert first is not None
    assert first.title == "This project can only be looked at"
    assert first.advice.startswith("It is open for writing by process")
    assert title == "screen (read only) – Superlens"
    assert window.windowTitle() == "screen – Superlens"
    assert workbench.project is not None
    assert workbench.project.read_only_reason == ""


def test_rows_are_read_when_they_are_shown(
    qtbot: QtBot, workbench: Workbench, writer: ProjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.close()
    project = workbench.open_project(writer.folder)
    asked = Mock(wraps=Project.image, spec=Project.image)
    monkeypatch.setattr(Project, "image", lambda self, image_id: asked(self, image_id))
    monkeypatch.setattr("superlens.gui.project.image_model._KEPT_ROWS", 10)

    model = ImageModel(project, workbench.jobs)
    counted = model.rowCount(), model.count(ImageState.NOT_DONE, ImageState.WARNING)
    before = asked.call_count
    names = [model.index(number, 0).data() for number in range(100)]

    assert counted == (300, 300)
    assert before == 0
    assert names[99] == "field 00099"
    assert model.index(200, 0).data(RowRole.IMAGE_ID) == "i200"
    assert model.index_of("i299").row() == 299
    assert not model.index_of("nobody").isValid()
    assert len(model._shown) == 10


def test_blinded_rows_show_neither_name_nor_path_nor_order(
    qtbot: QtBot, workbench: Workbench, writer: ProjectStore
) -> None:
    writer.close()
    project = workbench.open_project(writer.folder)
    model = ImageModel(project, workbench.jobs)
    before = model.index(0, 0).data()

    with qtbot.waitSignal(model.modelReset, timeout=1000):
        project.names.blind(seed=1)

    assert before == "field 00000"
    images = project.images()
    shown = [model.index(row, 0).data() for row in range(len(images))]
    assert shown == sorted(project.names.of_image(image) for image in images)
    assert model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole) == ""
