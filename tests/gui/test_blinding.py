"""A blinded project in the real window: no name, no well, no treatment is to be seen anywhere."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from gui.driving import import_files
from gui.played_runs import write_measurement, write_raw, write_restoration
from superlens.core.assay import WellInfo, WellRole
from superlens.core.jobs import FieldInput, MeasureRequest, ReportRequest, RestoreRequest
from superlens.core.records import ImageRole, ModelRef
from superlens.gui.main_window import MainWindow
from superlens.gui.measure.well_image import read_well_image
from superlens.gui.project.labels_dialog import LabelsDialog
from superlens.gui.stage_bar import Stage
from superlens.gui.widgets.labels import ElidedLabel
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench

TELLING = ("treated", "wortmannin", "A01", "B02", "B03", "washed out")


@pytest.fixture
def project(window: MainWindow, workbench: Workbench, qtbot: QtBot, tmp_path: Path) -> Project:
    """One image in a well, restored and measured beside others, and then blinded."""
    import_files(window, qtbot, write_raw(tmp_path / "treated_7.ome.tif"))
    found = workbench.project
    assert found is not None
    (image,) = found.images()
    found.update_image(replace(image, well="B02", role=ImageRole.CONTROL, tags=("washed out",)))
    source = found.input_of(image.id)
    out = found.folder / "results" / "treated_7_SR_m_2x-1"
    request = RestoreRequest(source, ModelRef("m", "0" * 64), str(out))
    found.attach(write_restoration(request, "restored"), (image.id,))
    wells = (WellInfo("A01", role=WellRole.NEGATIVE), WellInfo("B02", "wortmannin", 5.0))
    fields = tuple(FieldInput(well.well, "treated_7", {"dna": source}) for well in wells)
    measured = MeasureRequest("translocation", fields, str(out.with_name("translocation-1")), wells)
    found.attach(write_measurement(measured, "measured"), (image.id,))
    found.names.blind(seed=3)
    return found


def texts(window: QWidget) -> Iterator[str]:
    """Give everything that is written in the window or said to a screen reader."""
    for widget in (window, *window.findChildren(QWidget)):
        yield from (widget.toolTip(), widget.accessibleName())
        if isinstance(widget, QLabel | QLineEdit | QAbstractButton | ElidedLabel):
            yield widget.text()


@pytest.mark.parametrize("stage", list(Stage))
def test_no_stage_says_what_an_image_is(
    window: MainWindow, project: Project, qtbot: QtBot, stage: Stage
) -> None:
    space = window.workspace
    qtbot.waitUntil(lambda: space.measure.run is not None, timeout=10000)

    space.flow.go(stage)
    qtbot.waitUntil(lambda: space.selection.run is not None, timeout=10000)

    said = [text for text in texts(window) if any(word in text for word in TELLING)]
    assert said == []


def test_panel_says_that_names_are_blinded(window: MainWindow, project: Project) -> None:
    chip = window.workspace.panel.blinded
    was_hidden = chip.isHidden()

    project.names.unblind("Scored")

    assert not was_hidden
    assert chip.isHidden()


def test_row_of_an_image_shows_codes_alone(window: MainWindow, project: Project) -> None:
    model = window.workspace.panel.model
    assert model is not None
    index = model.index_of(project.image_ids()[0])
    roles = (0, 3, *range(257, 261))

    said = " ".join(str(index.data(role)) for role in roles)

    assert not any(word in said for word in (*TELLING, "Control"))
    assert project.names.label("B02") in said


def test_wells_of_a_measurement_are_codes_in_order_and_their_pictures_stay(
    window: MainWindow, project: Project, qtbot: QtBot
) -> None:
    space = window.workspace
    qtbot.waitUntil(lambda: space.measure.run is not None, timeout=10000)

    run = space.measure.run
    assert run is not None
    names = [well.well for well in run.wells]
    (code, well), *_ = run.hidden_wells.items()
    assert names == sorted(names)
    assert code in names
    assert code == project.names.label(well)
    assert {item.role for item in run.wells} == {WellRole.DOSE}
    assert {well.dose for well in run.wells} == {None}
    assert not space.measure.results.plate.has_plate
    assert set(run.cells) <= set(names)
    shown = read_well_image(run, code)
    assert shown is None or shown.well == code

    project.names.unblind("Scored")
    assert well in [item.well for item in space.measure.run.wells]


def test_what_is_edited_while_blinded_leaves_names_as_they_are(
    window: MainWindow, project: Project
) -> None:
    (image,) = project.images()
    window.workspace.inspector.image_tab.enter_pixel_size("77")
    window.workspace.project_intents.edit_labels([image.id])
    dialog = window.findChild(LabelsDialog)
    assert dialog is not None
    hidden = dialog.role.isVisible(), dialog.well.isVisible(), dialog.tags.isVisible()
    dialog.note.setPlainText("looks odd")
    dialog.accept()

    (after,) = project.images()
    assert hidden == (False, False, False)
    assert after.info.scenes[0].pixel_sizes.lateral_um == pytest.approx(0.077)
    assert (after.note, after.well, after.role, after.tags) == (
        "looks odd", "B02", ImageRole.CONTROL, ("washed out",)
    )  # fmt: skip
    assert (after.path, after.info.path) == (image.path, image.info.path)


def test_report_and_new_runs_of_a_blinded_project_bear_codes(
    window: MainWindow, workbench: Workbench, project: Project, tmp_path: Path
) -> None:
    (image,) = project.images()
    code = project.names.of_image(image)
    runs = window.workspace.report.chosen_runs()
    window.workspace.intents.write_report(runs, tmp_path / "report.pdf", "Scores")

    request = workbench.jobs.jobs()[-1].request
    assert isinstance(request, ReportRequest)
    assert request.mask == project.names.mask()
    assert request.mask is not None
    assert request.mask.file(str(project.path_of(image))) == code
