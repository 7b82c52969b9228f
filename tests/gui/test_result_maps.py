"""What the third pane offers of a result that samples gave, its units, and the calibration chip."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from fakes.engine import FakeEngines
from gui.driving import import_files
from gui.played_runs import (
    CALIBRATION,
    INTERVAL_LABEL,
    POSTERIOR_CARD,
    SCHEDULE_LABEL,
    restore_posterior,
    write_posterior,
    write_raw,
    write_restoration,
)
from superlens.core.cards import ModelCard
from superlens.core.errors import InvalidInput
from superlens.core.jobs import InputImage, JobKind, RestoreRequest, Roi
from superlens.core.records import ModelRef
from superlens.gui.main_window import MainWindow
from superlens.gui.stage_bar import Stage
from superlens.gui.viewer import levels
from superlens.gui.viewer.compare_view import CompareView, Slot
from superlens.gui.viewer.comparison import MapKind, RestoredRun, open_run
from superlens.gui.viewer.contrast import Limits
from superlens.gui.viewer.levels import PlaneAddress, levels_of, read_detail, read_levels
from superlens.gui.viewer.maps import MAP_NAMES, map_look, map_value
from superlens.gui.viewer.overlays import ColourBar
from superlens.gui.viewer.run_chips import run_chips
from superlens.gui.widgets.chip import ChipState, ChipText
from superlens.gui.words import NOT_CALIBRATED, calibration_words

HERE = QPointF(1.05, 1.0)
"""In the eleventh column of the ramp: 1100 counts, its interval from 990 to 1430."""


def _run(folder: Path, card: ModelCard = POSTERIOR_CARD) -> RestoredRun:
    raw = write_raw(folder / "raw.ome.tif", pixel_um=0.1)
    request = RestoreRequest(InputImage(str(raw)), ModelRef(card.id, ""), str(folder / "run"))
    write_posterior(request, "job-1", card)
    return open_run(str(folder / "run"))


def _with_notes(run: RestoredRun, **notes: object) -> RestoredRun:
    return replace(run, document=replace(run.document, notes={**run.document.notes, **notes}))


def _calibration_chip(run: RestoredRun) -> ChipText:
    return run_chips(run, run.card)[2]


@pytest.fixture
def compare(window: MainWindow, engines: FakeEngines, qtbot: QtBot, tmp_path: Path) -> CompareView:
    """The viewer with the result of a method that samples."""
    engines.scripts[JobKind.RESTORE] = restore_posterior
    import_files(window, qtbot, write_raw(tmp_path / "field_01.ome.tif", pixel_um=0.1))
    window.workspace.flow.go(Stage.RESTORE)
    window.stage_bar.primary.click()
    found = window.workspace.check.compare
    qtbot.waitUntil(lambda: all(found.plane(slot) is not None for slot in Slot))
    return found


def _show(window: MainWindow, qtbot: QtBot, kind: MapKind) -> None:
    window.workspace.check.controls.map_choice.setCurrentText(MAP_NAMES[kind])
    compare = window.workspace.check.compare
    qtbot.waitUntil(lambda: compare.plane(Slot.THIRD) is not None)


def test_every_map_of_the_run_is_offered_and_shown_with_its_unit(
    window: MainWindow, compare: CompareView, qtbot: QtBot
) -> None:
    controls = window.workspace.check.controls
    view = compare.panes[Slot.THIRD].view
    expected = {
        MapKind.SPREAD: (110.0, "Magma", "0", "±", "Uncertainty over samples"),
        MapKind.WIDTH: (440.0, "Magma", "0", " counts", f"90 % width, {INTERVAL_LABEL}"),
        MapKind.RESIDUAL: (-1.25, "Difference", "−5 σ", "+5 σ", "Residual, raw − result"),
        MapKind.PERSISTENCE: (0.75, "Magma", "0 %", "100 %", "Persistence, share of 16 samples"),
        MapKind.SCHEDULE: (
            1100 / 3200,
            "Magma",
            "easier",
            "harder",
            f"Schedule, qualitative, {SCHEDULE_LABEL}",
        ),
    }

    offered = [controls.map_choice.itemText(n) for n in range(controls.map_choice.count())]

    assert offered == [MAP_NAMES[kind] for kind in MapKind]
    for kind, (value, lut_name, low, high, title) in expected.items():
        _show(window, qtbot, kind)
        bar = view.colour_bar
        assert view.value_at(HERE) == pytest.approx(value, rel=1e-5)
        assert bar is not None
        assert (bar.lut_name, bar.low) == (lut_name, low)
        assert high in bar.high
        assert compare.panes[Slot.THIRD].accessibleName().startswith(title)


def test_cursor_tells_each_map_in_its_own_words(
    window: MainWindow, compare: CompareView, qtbot: QtBot
) -> None:
    told: list[str] = []
    window.workspace.check.cursor_told.connect(lambda _, values: told.append(values))

    for kind in MapKind:
        _show(window, qtbot, kind)
        compare.panes[Slot.SR].view.cursor_moved.emit(HERE)

    base = "Low-res 1\u2009100 · super-res 1\u2009100"
    assert told[-5:] == [
        f"{base} ± 110",
        f"{base} · 90 % width 440",
        f"{base} · residual −1.2 σ",
        f"{base} · in 75 % of the samples",
        base,  # numbers of a qualitative hint mean nothing
    ]


def test_chosen_map_stays_for_the_next_result_that_has_it(
    window: MainWindow, compare: CompareView, qtbot: QtBot, tmp_path: Path
) -> None:
    controls = window.workspace.check.controls
    _show(window, qtbot, MapKind.PERSISTENCE)
    sampled = window.workspace.selection.run
    raw = write_raw(tmp_path / "other.ome.tif")
    request = RestoreRequest(InputImage(str(raw)), ModelRef("m", ""), str(tmp_path / "other"))
    write_restoration(request, "job-2")

    controls.show_run(open_run(str(tmp_path / "other")))
    fallen_back = controls.map
    controls.show_run(sampled)

    assert fallen_back is MapKind.SPREAD
    assert controls.map is MapKind.PERSISTENCE
    assert controls.map_choice.currentText() == "Persistence"


def test_run_shows_the_card_that_it_was_made_with(window: MainWindow, compare: CompareView) -> None:
    assert window.workspace.selection.card == POSTERIOR_CARD  # not installed in this window


def test_half_an_interval_is_no_width(tmp_path: Path) -> None:
    run = _run(tmp_path)
    files = tuple(file for file in run.document.result.files if file.role != "interval_low")
    result = replace(run.document.result, files=files)

    torn = replace(run, document=replace(run.document, result=result))

    assert MapKind.WIDTH in run.maps
    assert MapKind.WIDTH not in torn.maps


def test_width_of_a_big_plane_is_read_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(tmp_path)
    monkeypatch.setattr(levels, "DIRECT_PIXELS", 16 * 16)
    monkeypatch.setattr(levels, "_OVERVIEW_SIDE", 16)
    high, low = run.map_files(MapKind.WIDTH)
    address = PlaneAddress(high, minus=low)

    overview = read_levels(address)
    detail = read_detail(address, Roi(20, 0, 4, 4))

    assert not overview.is_whole
    assert overview.levels[0][1][0, 0] == pytest.approx(0.4 * 150, rel=1e-5)  # two raw columns
    assert detail.values[0] == pytest.approx(0.4 * np.array([1100, 1100, 1200, 1200]), rel=1e-5)


def test_ends_of_different_sizes_are_refused(tmp_path: Path) -> None:
    large, small = write_raw(tmp_path / "a.ome.tif", 32), write_raw(tmp_path / "b.ome.tif", 16)

    with pytest.raises(InvalidInput, match="different sizes"):
        read_levels(PlaneAddress(str(large), minus=str(small)))


def test_constant_hint_has_a_colour_bar() -> None:
    look = map_look(MapKind.SCHEDULE, levels_of(np.ones((64, 64), np.float32)))

    assert look.limits == Limits(1.0, 2.0)
    assert look.bar == ColourBar("Magma", "easier", "harder")


def test_value_that_is_not_known_has_no_words() -> None:
    assert [map_value(kind, None) for kind in MapKind] == [""] * len(MapKind)


def test_calibrated_run_says_how_often_its_interval_holds_the_truth(tmp_path: Path) -> None:
    chip = _calibration_chip(_run(tmp_path))

    assert chip.state is ChipState.OK
    assert chip.text == "Calibrated  91 %"
    assert "held 78 % of the true values" in chip.explanation
    assert INTERVAL_LABEL in chip.explanation


def test_interval_that_stays_wrong_after_its_correction_warns(tmp_path: Path) -> None:
    poor = replace(CALIBRATION, coverage_after=(0.4, 0.6, 0.8, 0.9))

    chip = _calibration_chip(_run(tmp_path, replace(POSTERIOR_CARD, calibration=poor)))

    assert (chip.state, chip.text) == (ChipState.WARN, "90 % interval holds 80 %")


@pytest.mark.parametrize(
    ("samples", "params"), [(4, {}), (16, {"steps": 7})], ids=["fewer samples", "other settings"]
)
def test_spread_made_unlike_the_calibration_is_never_ok(
    tmp_path: Path, samples: int, params: dict[str, int]
) -> None:
    run = _with_notes(_run(tmp_path), samples_used=samples)
    run = replace(run, request=replace(run.request, params=params))

    chip = _calibration_chip(run)

    assert (chip.state, chip.text) == (ChipState.WARN, "Beyond calibration")


@pytest.mark.parametrize("factor", [None, 1.0])
def test_run_from_before_the_calibration_is_not_calibrated(
    tmp_path: Path, factor: float | None
) -> None:
    chip = _calibration_chip(_with_notes(_run(tmp_path), spread_factor=factor))

    assert (chip.state, chip.text) == (ChipState.PLAIN, "Not calibrated")
    assert "after this run" in chip.explanation


def test_uncalibrated_model_is_plain_and_never_ok(tmp_path: Path) -> None:
    chip = _calibration_chip(_run(tmp_path, replace(POSTERIOR_CARD, calibration=None)))

    assert (chip.state, chip.text) == (ChipState.PLAIN, "Not calibrated")
    assert chip.explanation == NOT_CALIBRATED.sentence


def test_one_sample_is_not_called_an_answer(tmp_path: Path) -> None:
    chips = run_chips(_with_notes(_run(tmp_path), samples_used=0), None)

    assert chips[-1].text == "Seed 0 · one sample"


def test_calibration_without_the_shown_level_is_none() -> None:
    other = replace(CALIBRATION, levels=(0.5,), coverage_before=(0.4,), coverage_after=(0.5,))

    assert calibration_words(replace(POSTERIOR_CARD, calibration=other)) is NOT_CALIBRATED
