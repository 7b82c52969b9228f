"""Small pictures come after the images, and disturb nothing that is shown."""

from pathlib import Path

from pytestqt.qtbot import QtBot

from gui.played_runs import write_raw
from superlens.core.records import ImageRecord
from superlens.gui.project.image_model import ImageModel, RowRole
from superlens.workbench.workbench import Workbench


def test_rows_get_their_pictures_and_no_image_counts_as_edited(
    workbench: Workbench, qtbot: QtBot, tmp_path: Path
) -> None:
    workbench.start_engines()
    project = workbench.new_project(tmp_path / "project")
    model = ImageModel(project, workbench.jobs)
    edited: list[ImageRecord] = []
    told: list[int] = []
    project.image_changed.connect(edited.append)
    model.dataChanged.connect(lambda first, _: told.append(first.row()))
    pictures: list[object] = []
    project.image_added.connect(
        lambda image: pictures.append(model.index_of(image.id).data(RowRole.PICTURE))
    )

    with qtbot.waitSignal(project.thumbnail_made, timeout=20000):
        project.add_files([write_raw(tmp_path / "a.ome.tif")])

    assert pictures == [None]
    assert model.index(0, 0).data(RowRole.PICTURE) is not None
    assert told == [0]
    assert edited == []
