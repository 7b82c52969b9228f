"""Files with several scenes in the window: one is chosen, restored, shown and told of."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from pytestqt.qtbot import QtBot

from fakes.engine import FakeEngines, run_until_cancelled
from gui.driving import import_files
from gui.played_runs import write_raw
from superlens.core.errors import MissingFile
from superlens.core.jobs import JobKind, RestoreRequest
from superlens.gui.main_window import MainWindow
from superlens.gui.selection import open_newest_run
from superlens.gui.stage_bar import Stage
from superlens.gui.viewer.compare_view import Slot
from superlens.workbench.workbench import Workbench

LEFT, RIGHT = 0, 1


@pytest.fixture
def two_scenes(tmp_path: Path) -> Path:
    """A file with a scene of 32 pixels of 0.1 µm and one of 48 pixels of 0.2 µm, brighter."""
    path = tmp_path / "slide.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as writer:
        for name, side, um, value in (("left", 32, 0.1, 100), ("right", 48, 0.2, 700)):
            size = {"PhysicalSizeX": um, "PhysicalSizeY": um}
            writer.write(
                np.full((side, side), value, np.uint16),
                photometric="minisblack",
                metadata={"axes": "YX", "Name": name, **size},
            )
    return path


def _requests(workbench: Workbench) -> list[RestoreRequest]:
    requests = (job.request for job in workbench.jobs.jobs())
    return [request for request in requests if isinstance(request, RestoreRequest)]


def _restore_right(window: MainWindow, qtbot: QtBot) -> None:
    workspace = window.workspace
    workspace.flow.go(Stage.RESTORE)
    workspace.restore.source.scene.setCurrentIndex(RIGHT)
    window.stage_bar.primary.click()
    qtbot.waitUntil(lambda: workspace.selection.run is not None)


def test_chosen_scene_is_restored_and_the_other_says_that_it_is_not(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, two_scenes: Path
) -> None:
    import_files(window, qtbot, two_scenes)
    workspace = window.workspace
    compare, sr = workspace.check.compare, workspace.check.compare.panes[Slot.SR]

    _restore_right(window, qtbot)

    assert [request.input.scene for request in _requests(workbench)] == [RIGHT]
    qtbot.waitUntil(lambda: compare.plane(Slot.SR) is not None)
    assert sr.view.world_rect is not None
    assert sr.view.world_rect.width() == pytest.approx(48 * 0.2)

    workspace.check.controls.scene.setCurrentIndex(LEFT)
    assert workspace.selection.run is None
    assert sr.is_empty
    assert sr.sentence == "left: not super-resolved yet."
    assert window.stage_bar.primary.text().strip() == "Super-resolve this scene"

    workspace.check.controls.scene.setCurrentIndex(RIGHT)
    qtbot.waitUntil(lambda: compare.plane(Slot.SR) is not None)
    assert not sr.is_empty


def test_scene_is_one_choice_for_every_page(
    window: MainWindow, qtbot: QtBot, two_scenes: Path
) -> None:
    import_files(window, qtbot, two_scenes)
    workspace = window.workspace

    workspace.check.controls.scene.setCurrentIndex(RIGHT)

    assert workspace.restore.source.scene.currentText() == "right"
    assert workspace.restore.buttons().primary == "Super-resolve slide, right"
    assert workspace.inspector.image_tab.fact("Size") == "48² px"
    assert workspace.inspector.image_tab.fact("Scene") == "2 of 2, right"


def test_another_image_starts_with_its_first_scene(
    window: MainWindow, qtbot: QtBot, two_scenes: Path, tmp_path: Path
) -> None:
    import_files(window, qtbot, two_scenes, write_raw(tmp_path / "field_01.ome.tif"))
    selection = window.workspace.selection
    if selection.image is None or "slide" not in selection.image.path:
        window.workspace.flow.step_image(1)
    _restore_right(window, qtbot)

    window.workspace.flow.step_image(1)

    assert selection.scene == 0
    assert window.workspace.restore.source.scene.count() == 1
    assert window.workspace.restore.buttons().primary == "Super-resolve field_01"


def test_running_scene_leaves_the_other_free(
    window: MainWindow, engines: FakeEngines, qtbot: QtBot, two_scenes: Path
) -> None:
    engines.scripts[JobKind.RESTORE] = run_until_cancelled
    import_files(window, qtbot, two_scenes)
    selection, flow = window.workspace.selection, window.workspace.flow
    flow.start_restore()
    assert selection.restoring is not None
    assert not window.stage_bar.primary.isEnabled()

    selection.choose_scene(RIGHT)

    assert selection.restoring is None
    assert window.stage_bar.primary.isEnabled()


def test_shown_job_brings_its_scene_back(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, two_scenes: Path
) -> None:
    import_files(window, qtbot, two_scenes)
    _restore_right(window, qtbot)
    selection = window.workspace.selection
    selection.choose_scene(LEFT)
    job = next(job for job in workbench.jobs.jobs() if job.request.kind is JobKind.RESTORE)

    window.workspace.jobs_panel.result_wanted.emit(job)

    assert selection.scene == RIGHT
    qtbot.waitUntil(lambda: selection.run is not None)


def test_runs_of_two_scenes_both_go_into_the_report(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, two_scenes: Path
) -> None:
    import_files(window, qtbot, two_scenes)
    window.workspace.flow.start_restore()
    _restore_right(window, qtbot)
    project = workbench.project
    assert project is not None

    qtbot.waitUntil(lambda: len(project.results()) == 2)

    assert len(window.workspace.report.chosen_runs()) == 2


def test_entered_pixel_size_leaves_scenes_of_another_size_alone(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, two_scenes: Path
) -> None:
    import_files(window, qtbot, two_scenes)
    window.workspace.selection.choose_scene(RIGHT)

    window.workspace.inspector.image_tab.enter_pixel_size("150")

    project = workbench.project
    assert project is not None
    sizes = [scene.pixel_sizes.lateral_um for scene in project.images()[0].info.scenes]
    assert sizes == pytest.approx([0.1, 0.15])


def test_folder_that_cannot_be_read_is_passed_over_while_another_shows_the_scene(
    window: MainWindow, qtbot: QtBot, two_scenes: Path, tmp_path: Path
) -> None:
    import_files(window, qtbot, two_scenes)
    _restore_right(window, qtbot)
    run = window.workspace.selection.run
    assert run is not None

    assert open_newest_run([str(tmp_path / "gone"), run.folder], RIGHT) == run
    assert open_newest_run([run.folder], LEFT) is None


def test_channel_stays_chosen_among_scenes_alike(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "pair.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as writer:
        for _ in range(2):
            ramp = np.arange(2 * 32 * 32, dtype=np.uint16).reshape(2, 32, 32)
            writer.write(ramp, photometric="minisblack", metadata={"axes": "CYX"})
    import_files(window, qtbot, path)
    source = window.workspace.restore.source
    assert source.channel is None
    source.channels.setCurrentIndex(2)

    source.scene.setCurrentIndex(RIGHT)

    assert source.channel == 1


def test_folder_that_cannot_be_read_is_told_when_no_other_shows_the_scene(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        open_newest_run([str(tmp_path / "gone")], LEFT)

    assert open_newest_run([], LEFT) is None
