"""Pyramids, contrast, comparison and chips: the parts of the viewer that need no window."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from pytestqt.qtbot import QtBot

from gui.played_runs import CHI2, write_raw, write_restoration
from superlens.core.jobs import InputImage, RestoreRequest, Roi
from superlens.core.records import FileIdentity, ImageRecord, ModelRef
from superlens.gui.measure.well_image import rims
from superlens.gui.viewer import levels
from superlens.gui.viewer.comparison import Indices, MapKind, RestoredRun, compare, open_run
from superlens.gui.viewer.contrast import ContrastWish, Limits, automatic_limits, resolve
from superlens.gui.viewer.geometry import WorldUnit
from superlens.gui.viewer.histogram import ContrastHistogram
from superlens.gui.viewer.levels import PlaneAddress, levels_of, read_detail, read_levels
from superlens.gui.viewer.plane_cache import PlaneCache
from superlens.gui.viewer.run_chips import run_chips
from superlens.gui.widgets.chip import ChipState
from superlens.io.images import probe


def test_coarser_levels_are_box_means() -> None:
    plane = levels_of(np.arange(256 * 300, dtype=np.uint16).reshape(256, 300))

    (first, whole), (second, half) = plane.levels[:2]

    assert (first, second) == (1, 2)
    assert half[10, 20] == pytest.approx(whole[20:22, 40:42].mean())


def test_flat_image_has_a_histogram(qtbot: QtBot) -> None:
    histogram = ContrastHistogram()
    qtbot.addWidget(histogram)

    histogram.show_planes(levels_of(np.full((32, 32), 700, np.uint16)), None)

    low, high = histogram.span
    assert low == 700
    assert high == pytest.approx(700.07)


def test_level_has_a_pixel_for_every_pixel_of_the_screen() -> None:
    plane = levels_of(np.zeros((1024, 1024), np.float32))

    factors = [plane.level_for(zoom)[0] for zoom in (0.2, 1.0, 1.9, 2.0, 3.0, 500.0)]

    assert factors == [1, 1, 1, 2, 2, 16]


def test_big_plane_is_an_overview_with_regions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "DIRECT_PIXELS", 16 * 16)
    monkeypatch.setattr(levels, "_OVERVIEW_SIDE", 16)
    address = PlaneAddress(str(write_raw(tmp_path / "big.ome.tif", side=40)))

    plane = read_levels(address)
    detail = read_detail(address, Roi(5, 6, 7, 8))

    assert plane.shape == (40, 40)
    assert not plane.is_whole
    assert plane.levels[0][0] == 4
    assert plane.levels[0][1][0, 1] == pytest.approx(100 + 100 * 5.5)  # columns 4 to 7 of the ramp
    assert plane.value_at(0, 0) is None
    assert detail.values.shape == (8, 7)
    assert detail.values[0, 0] == 600


def test_overview_of_a_pyramid_is_made_of_its_levels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "DIRECT_PIXELS", 16 * 16)
    monkeypatch.setattr(levels, "_OVERVIEW_SIDE", 16)
    path = tmp_path / "big.tif"
    with tifffile.TiffWriter(path) as tif:
        tif.write(np.zeros((101, 67), np.uint8), subifds=2, tile=(16, 16))
        # One level as it should be, and one that is half a level off.
        tif.write(np.full((51, 34), 7, np.uint8), subfiletype=1, tile=(16, 16))
        tif.write(np.full((20, 13), 9, np.uint8), subfiletype=1, tile=(16, 16))

    plane = read_levels(PlaneAddress(str(path)))

    factor, overview = plane.levels[0]
    assert (plane.shape, factor, overview.shape) == ((101, 67), 8, (12, 8))
    assert np.all(overview == 7)
    assert np.all(read_detail(PlaneAddress(str(path)), Roi(0, 0, 10, 10)).values == 0)


def test_automatic_limits_saturate_a_thousandth_at_each_end() -> None:
    plane = levels_of(np.arange(100_000, dtype=np.float32).reshape(250, 400))

    limits = automatic_limits(plane)

    assert limits.low == pytest.approx(100, abs=2)
    assert limits.high == pytest.approx(99_899, abs=2)


def test_not_finite_pixels_do_not_spoil_the_limits() -> None:
    values = np.ones((64, 64), np.float32)
    values[0, :2] = np.nan, np.inf

    assert automatic_limits(levels_of(values)) == Limits(1.0, 2.0)


def test_locked_panes_share_the_limits_of_low_res() -> None:
    low, sr = levels_of(np.full((64, 64), 5.0)), levels_of(np.full((64, 64), 50.0))

    locked = resolve(ContrastWish(), low, sr)
    free = resolve(ContrastWish(is_locked=False), low, sr)

    assert locked.low == locked.sr == Limits(5.0, 6.0)
    assert (free.low, free.sr) == (Limits(5.0, 6.0), Limits(50.0, 51.0))


def test_cache_keeps_what_was_looked_at_last() -> None:
    plane = levels_of(np.zeros((64, 64), np.float32))
    cache = PlaneCache(budget_bytes=3 * sum(level.nbytes for _, level in plane.levels))
    first, *others = (PlaneAddress(str(n)) for n in range(4))
    for address in (first, *others[:2]):
        cache.put(address, plane)
    cache.get(first)

    cache.put(others[2], plane)

    assert cache.get(first) is plane
    assert cache.get(others[0]) is None


@pytest.fixture
def run(tmp_path: Path) -> RestoredRun:
    raw = write_raw(tmp_path / "raw.ome.tif", pixel_um=0.1)
    request = RestoreRequest(
        InputImage(str(raw)), ModelRef("tiny-x2", ""), str(tmp_path / "run"), seed=7
    )
    write_restoration(request, "job-1")
    return open_run(str(tmp_path / "run"))


def _record(path: Path) -> ImageRecord:
    return ImageRecord("i", str(path), FileIdentity(0, 0, ""), probe(path))


def test_comparison_names_the_files_of_the_run(run: RestoredRun, tmp_path: Path) -> None:
    raw = tmp_path / "raw.ome.tif"

    shown = compare(_record(raw), raw, run, Indices())

    assert shown.sr is not None
    assert Path(shown.sr.address.path).name == "mean.ome.tif"
    assert shown.sr.placement.pixel == pytest.approx(0.05)
    assert shown.maps[MapKind.RESIDUAL].placement.pixel == pytest.approx(0.1)


def test_result_of_a_region_lies_where_it_was_cut(run: RestoredRun, tmp_path: Path) -> None:
    raw = tmp_path / "raw.ome.tif"
    cut = replace(run, request=replace(run.request, roi=Roi(10, 4, 16, 16)))

    shown = compare(_record(raw), raw, cut, Indices())

    assert shown.sr is not None
    assert (shown.sr.placement.left, shown.sr.placement.top) == pytest.approx((1.0, 0.4))


def test_result_of_another_channel_is_not_shown(run: RestoredRun, tmp_path: Path) -> None:
    raw = tmp_path / "raw.ome.tif"
    source = replace(run.request.input, channel=1)
    other = replace(run, request=replace(run.request, input=source))

    assert compare(_record(raw), raw, other, Indices(c=0)).sr is None


def test_unknown_pixel_size_places_both_in_raw_pixels(tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "bare.ome.tif", pixel_um=None)
    request = RestoreRequest(InputImage(str(raw)), ModelRef("m", ""), str(tmp_path / "out"))
    write_restoration(request, "job-1")

    shown = compare(_record(raw), raw, open_run(str(tmp_path / "out")), Indices())

    assert shown.low.placement.unit is WorldUnit.PX
    assert shown.sr is not None
    assert shown.sr.placement.pixel == 0.5
    assert shown.sr.placement.caption == "1/2 raw px"


def test_missing_check_is_plain_and_never_ok(run: RestoredRun) -> None:
    chips = run_chips(run, None)

    states = {chip.text: chip.state for chip in chips}
    assert states["Domain not checked"] is ChipState.PLAIN
    assert states["Not calibrated"] is ChipState.PLAIN
    assert states[f"Consistent with raw  χ² {CHI2:.2f}"] is ChipState.OK
    assert states["Seed 7 · 8 samples"] is ChipState.PLAIN


def test_result_that_differs_from_the_raw_image_warns(run: RestoredRun) -> None:
    notes = {**run.document.notes, "consistency_chi2": 3.2}
    doubtful = replace(run, document=replace(run.document, notes=notes))

    states = {chip.text: chip.state for chip in run_chips(doubtful, None)}

    assert states["Differs from raw  χ² 3.20"] is ChipState.WARN


def test_rims_are_the_outermost_pixels_of_every_object() -> None:
    labels = np.zeros((7, 9), np.int32)
    labels[1:6, 1:6] = 1
    labels[2:5, 6:9] = 2  # touches the first, and the border of the picture

    found = rims(labels)

    assert not found[2:5, 2:5].any()  # inside of the first
    assert found[1, 1:6].all()
    assert found[3, 6]  # where the two touch, both have a rim
    assert not found[3, 8]  # the border of the picture is none
    assert not found[labels == 0].any()
