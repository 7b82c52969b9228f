"""From drop to report through the real window, on a fake engine that leaves real run folders."""

import gc
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt, QThreadPool, QUrl
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import getCppPointer

from fakes.engine import FakeEngines, crash, fail, run_until_cancelled
from gui.driving import drop, import_files
from gui.played_runs import CHI2, SPREAD_LABEL, deaf, write_raw
from superlens.core.jobs import JobKind, JobState
from superlens.gui.jobs.job_row import JobRow
from superlens.gui.main_window import MainWindow
from superlens.gui.project.image_model import ImageState, RowRole
from superlens.gui.stage_bar import Stage, StageState
from superlens.gui.theme.theme import WindowTheme
from superlens.gui.viewer.compare_view import Slot
from superlens.gui.widgets.chip import Chip
from superlens.workbench.settings import Theme
from superlens.workbench.workbench import Workbench


def _restore(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.flow.go(Stage.RESTORE)
    window.stage_bar.primary.click()
    compare = window.workspace.check.compare
    qtbot.waitUntil(lambda: all(compare.plane(slot) is not None for slot in Slot))


def _job_row(window: MainWindow, workbench: Workbench, kind: JobKind) -> JobRow:
    job = next(job for job in reversed(workbench.jobs.jobs()) if job.request.kind is kind)
    return window.workspace.jobs_panel.row(job.id)


def test_start_page_is_shown_until_files_are_dropped(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    assert window.start_page.isVisible()

    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif"))

    assert not window.start_page.isVisible()
    assert window.stage_bar.isVisible()


def test_dropped_files_become_rows_and_broken_ones_say_why(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    good = write_raw(tmp_path / "field_01.ome.tif")
    empty = tmp_path / "empty.tif"
    empty.write_bytes(b"")

    import_files(window, qtbot, good, empty)

    model = window.workspace.panel.model
    assert model is not None
    states = {model.index(n, 0).data(): model.index(n, 0).data(RowRole.STATE) for n in range(2)}
    assert states == {"field_01": ImageState.NOT_DONE, "empty": ImageState.REFUSED}
    refused = next(model.index(n, 0) for n in range(2) if model.index(n, 0).data() == "empty")
    assert "empty" in refused.data(RowRole.CAPTION)
    assert str(empty) in refused.data(Qt.ItemDataRole.ToolTipRole)


def test_drop_without_local_files_is_refused_in_words(window: MainWindow) -> None:
    drop(window, [QUrl("https://example.org/cell.tif")])

    assert window.message_bar.isVisible()
    assert window.message_bar.message is not None
    assert "no files" in window.message_bar.message.title
    assert window.start_page.isVisible()


def test_restoration_shows_three_planes_of_one_world(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, tmp_path: Path
) -> None:
    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif", pixel_um=0.1))

    _restore(window, qtbot)

    compare = window.workspace.check.compare
    low, sr = compare.panes[Slot.LOW].view, compare.panes[Slot.SR].view
    assert compare.shown_panes == (Slot.LOW, Slot.SR, Slot.THIRD)
    assert low.world_rect == sr.world_rect
    assert low.world_rect is not None
    assert low.world_rect.width() == pytest.approx(3.2)  # 32 pixels of 0.1 µm
    here = QPointF(1.05, 1.0)  # the eleventh column: 100 + 10 * 100
    assert low.value_at(here) == 1100
    assert sr.value_at(here) == 1100
    assert compare.panes[Slot.THIRD].view.value_at(here) == pytest.approx(110)
    assert _job_row(window, workbench, JobKind.RESTORE).job.state is JobState.DONE
    model = window.workspace.panel.model
    assert model is not None
    qtbot.waitUntil(lambda: model.count(ImageState.RESTORED) == 1)


def test_spread_pane_has_the_label_of_the_run_and_is_no_posterior(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif"))
    _restore(window, qtbot)

    name = window.workspace.check.compare.panes[Slot.THIRD].accessibleName()
    chips = [chip.text() for chip in window.findChildren(Chip) if chip.isVisible()]

    assert name.startswith(SPREAD_LABEL)
    assert not any("osterior" in text for text in (name, *chips))


def test_chips_say_what_was_checked_and_what_was_not(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif", pixel_um=0.1))
    _restore(window, qtbot)

    chips = [chip.text() for chip in window.findChildren(Chip) if chip.isVisible()]

    assert f"Consistent with raw  χ² {CHI2}" in chips
    assert "Pixel size in domain" in chips
    assert "Not calibrated" in chips
    assert "Seed 0 · 8 samples" in chips


def test_cursor_tells_place_and_values_in_the_status_line(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif", pixel_um=0.1))
    _restore(window, qtbot)
    told: list[tuple[str, str]] = []
    window.workspace.check.cursor_told.connect(lambda *texts: told.append(texts))

    window.workspace.check.compare.panes[Slot.SR].view.cursor_moved.emit(QPointF(1.05, 1.0))

    assert told[-1] == ("1.05, 1.00 µm", "Low-res 1\u2009100 · super-res 1\u2009100 ± 110")


def test_unknown_pixel_size_is_told_in_px(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    import_files(window, qtbot, write_raw(tmp_path / "bare.ome.tif", pixel_um=None))
    compare = window.workspace.check.compare
    qtbot.waitUntil(lambda: compare.plane(Slot.LOW) is not None)
    told: list[str] = []
    window.workspace.check.cursor_told.connect(lambda place, _: told.append(place))

    compare.panes[Slot.LOW].view.cursor_moved.emit(QPointF(10.6, 4.2))

    assert told[-1] == "10, 4 px"
    placed = compare.panes[Slot.LOW].view.placed
    assert placed is not None
    assert placed.placement.caption == "pixel size unknown"


def test_entered_pixel_size_is_used_at_once(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, tmp_path: Path
) -> None:
    import_files(window, qtbot, write_raw(tmp_path / "bare.ome.tif", pixel_um=None))
    tab = window.workspace.inspector.image_tab

    tab.enter_pixel_size("65")

    project = workbench.project
    assert project is not None
    assert project.images()[0].info.scenes[0].pixel_sizes.lateral_um == pytest.approx(0.065)
    view = window.workspace.check.compare.panes[Slot.LOW].view
    qtbot.waitUntil(lambda: view.world_rect is not None and view.world_rect.width() < 3)
    assert view.world_rect is not None
    assert view.world_rect.width() == pytest.approx(32 * 0.065)


def test_failed_job_is_a_red_row_with_reason_and_retry(
    window: MainWindow, workbench: Workbench, engines: FakeEngines, qtbot: QtBot, tmp_path: Path
) -> None:
    engines.scripts[JobKind.RESTORE] = fail
    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif"))
    window.workspace.flow.go(Stage.RESTORE)

    window.stage_bar.primary.click()

    row = _job_row(window, workbench, JobKind.RESTORE)
    qtbot.waitUntil(lambda: row.job.state is JobState.FAILED)
    assert row.offer == "Retry"
    assert window.message_bar.message is not None
    assert window.message_bar.message.title == "The file is empty"


def test_cancel_stops_a_running_job(
    window: MainWindow, workbench: Workbench, engines: FakeEngines, qtbot: QtBot, tmp_path: Path
) -> None:
    engines.scripts[JobKind.RESTORE] = run_until_cancelled
    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif"))
    window.workspace.flow.go(Stage.RESTORE)
    window.stage_bar.primary.click()
    row = _job_row(window, workbench, JobKind.RESTORE)
    qtbot.waitUntil(lambda: row.progress.share == pytest.approx(0.01))

    row.cancel()

    qtbot.waitUntil(lambda: row.job.state is JobState.CANCELLED)
    assert row.offer == "Retry"


def test_lost_engine_is_told_and_leaves_the_window_alive(
    window: MainWindow, workbench: Workbench, engines: FakeEngines, qtbot: QtBot, tmp_path: Path
) -> None:
    engines.scripts[JobKind.RESTORE] = crash
    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif"))
    window.workspace.flow.go(Stage.RESTORE)

    window.stage_bar.primary.click()

    row = _job_row(window, workbench, JobKind.RESTORE)
    qtbot.waitUntil(lambda: row.job.state is JobState.FAILED)
    assert window.message_bar.isVisible()


def test_measurement_fills_table_plate_and_plot(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, two_channel_image: Path
) -> None:
    import_files(window, qtbot, two_channel_image)
    window.workspace.flow.go(Stage.MEASURE)

    window.stage_bar.primary.click()

    measure = window.workspace.measure
    qtbot.waitUntil(lambda: measure.run is not None)
    table = measure.results.table.model()
    rows = [[table.index(r, c).data() for c in range(8)] for r in range(table.rowCount())]
    assert len(rows) == 7
    assert rows[0][:6] == ["A01", "negative", "", "40", "0.80", "0.76 – 0.85"]
    assert rows[2][1:6] == ["wortmannin", "10", "40", "3.00", "2.85 – 3.18"]
    assert measure.results.plate.span == (0.8, 8.4)
    assert len(measure.results.plot.listDataItems()) > 0
    assert window.stage_bar.state(Stage.MEASURE) is StageState.DONE


def test_report_is_written_and_can_be_opened(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif"))
    _restore(window, qtbot)
    window.workspace.flow.go(Stage.REPORT)
    page = window.workspace.report
    assert len(page.chosen_runs()) == 1

    window.workspace.intents.write_report(page.chosen_runs(), tmp_path / "out.pdf", page.title)

    qtbot.waitUntil(lambda: page.written == tmp_path / "out.pdf")
    assert page.open_pdf.isVisible()
    assert page.open_html.isVisible()
    assert window.stage_bar.state(Stage.REPORT) is StageState.DONE


def test_second_run_of_an_image_replaces_the_first_in_the_report(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, tmp_path: Path
) -> None:
    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif"))
    _restore(window, qtbot)
    project = workbench.project
    assert project is not None

    _restore(window, qtbot)
    qtbot.waitUntil(lambda: len(project.results()) == 2)

    chosen = window.workspace.report.chosen_runs()
    assert [str(path) for path in chosen] == [project.results()[-1].folder]


def test_project_opens_again_with_its_result(
    window: MainWindow, workbench: Workbench, qtbot: QtBot, tmp_path: Path
) -> None:
    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif"))
    _restore(window, qtbot)
    assert workbench.project is not None
    folder = workbench.project.folder
    workbench.close_project()
    assert window.start_page.isVisible()

    window.open_paths((folder,))

    compare = window.workspace.check.compare
    window.workspace.flow.go(Stage.CHECK)
    qtbot.waitUntil(lambda: compare.plane(Slot.SR) is not None)
    assert window.stage_bar.state(Stage.RESTORE) is StageState.DONE


def test_little_room_folds_inspector_and_dock(window: MainWindow, qtbot: QtBot) -> None:
    workspace = window.workspace

    window.resize(1280, 720)
    qtbot.waitUntil(lambda: not workspace.dock.is_open)

    assert not workspace.is_inspector_open
    workspace.toggle_inspector()
    assert workspace.is_inspector_open


def test_force_stop_is_offered_when_cancel_is_not_answered(
    window: MainWindow,
    workbench: Workbench,
    engines: FakeEngines,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("superlens.gui.jobs.job_row.FORCE_STOP_AFTER_S", 0.2)
    engines.scripts[JobKind.RESTORE] = deaf
    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif"))
    window.workspace.flow.go(Stage.RESTORE)
    window.stage_bar.primary.click()
    row = _job_row(window, workbench, JobKind.RESTORE)
    qtbot.waitUntil(lambda: row.job.state is JobState.RUNNING)
    row.cancel()
    qtbot.waitUntil(lambda: row.offer == "Force stop")

    row.act()

    qtbot.waitUntil(lambda: row.job.state in (JobState.FAILED, JobState.CANCELLED))
    assert row.offer == "Retry"


def test_closed_window_leaves_no_widget_and_no_reader(
    workbench: Workbench, qapp: QApplication, qtbot: QtBot
) -> None:
    theme = WindowTheme(qapp, Theme.DARK)
    before = {getCppPointer(widget) for widget in qapp.topLevelWidgets()}
    window = MainWindow(workbench, theme)
    theme.apply()
    window.show()
    readers = window.findChildren(QThreadPool) + window.workspace.findChildren(QThreadPool)

    window.close()
    window.deleteLater()
    del window
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    gc.collect()  # menus of the plotting library have no parent
    left = [w for w in qapp.topLevelWidgets() if getCppPointer(w) not in before]
    assert left == []
    assert len(readers) > 0


def test_sample_plate_opens_in_measure(window: MainWindow, tmp_path: Path) -> None:
    plate = tmp_path / "plate_map.csv"
    plate.write_text("well\n", encoding="utf-8")

    window.start_page.sample_chosen.emit(plate)

    assert window.workspace.flow.stage is Stage.MEASURE
    assert window.workspace.measure.panel.plate_map == plate


def test_from_drop_to_report_by_mouse_alone(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "Report.pdf"
    monkeypatch.setattr(
        "superlens.gui.intents.QFileDialog.getSaveFileName", lambda *_: (str(report), "")
    )
    primary = window.stage_bar.primary
    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif"))

    for enough in (
        lambda: window.workspace.flow.stage is Stage.RESTORE,
        lambda: window.workspace.selection.run is not None,
        lambda: window.workspace.flow.stage is Stage.MEASURE,
    ):
        qtbot.waitUntil(primary.isEnabled)
        qtbot.mouseClick(primary, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(enough)
    window.stage_bar.stage_chosen.emit(Stage.REPORT)  # nothing to measure in one channel
    qtbot.mouseClick(primary, Qt.MouseButton.LeftButton)

    qtbot.waitUntil(report.is_file)
    qtbot.waitUntil(lambda: window.workspace.report.written == report)


def test_missing_file_is_told_in_its_pane(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "field_01.ome.tif")
    other = write_raw(tmp_path / "field_02.ome.tif", side=48)
    import_files(window, qtbot, raw, other)
    model = window.workspace.panel.model
    assert model is not None
    raw.unlink()
    other.unlink()
    compare = window.workspace.check.compare
    compare.forget_planes()

    window.workspace.flow.step_image(1)

    pane = compare.panes[Slot.LOW]
    qtbot.waitUntil(lambda: "There is no file" in pane.sentence)
    assert pane.is_empty
