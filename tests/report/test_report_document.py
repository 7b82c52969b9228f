import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from superlens.core.errors import InvalidInput, MissingFile
from superlens.core.jobs import JobKind, Roi
from superlens.core.records import ModelRef, Number
from superlens.io.images import open_image
from superlens.report.blocks import (
    Callout,
    Checklist,
    CheckState,
    Columns,
    Document,
    Figure,
    KeyNumbers,
    Panel,
    Particulars,
    Table,
)
from superlens.report.document import build_document
from superlens.report.palette import Role


def all_blocks(document: Document) -> list:
    found = []
    for block in document.blocks:
        found += [*block.left, *block.right] if isinstance(block, Columns) else [block]
    return found


def figures(document: Document) -> list[Figure]:
    return [block for block in all_blocks(document) if isinstance(block, Figure)]


def panels(document: Document) -> list[Panel]:
    return [cell for one in figures(document) for cell in one.cells if isinstance(cell, Panel)]


def one(document: Document, kind: type):
    return next(block for block in all_blocks(document) if isinstance(block, kind))


def said(document: Document) -> str:
    return " ".join(one(document, Callout).sentences)


def test_number_depends_on_the_runs_and_not_on_their_order_or_the_day(make_restore_run):
    first, second = make_restore_run("a"), make_restore_run("b", samples=0)

    number = build_document([first, second]).number

    assert re.fullmatch(r"2026-11-20 / [0-9a-f]{8}", number)
    assert build_document([second, first]).number == number
    assert build_document([first]).number != number


def test_triple_shows_the_same_place_with_the_same_scale_bar(make_restore_run):
    document = build_document([make_restore_run()])

    low, fine, spread = figures(document)[0].cells
    assert [cell.role for cell in (low, fine, spread)] == [Role.LOW, Role.SUPER, Role.SPREAD]
    assert low.scale_bar == fine.scale_bar == spread.scale_bar
    # 96 raw pixels of 0.1 µm are 9.6 µm: the bar is 2 µm long.
    assert low.scale_bar.label == "2 µm"
    assert low.scale_bar.fraction == pytest.approx(2 / 9.6)


def test_every_figure_with_a_super_resolved_picture_says_so(make_restore_run):
    document = build_document([make_restore_run(side=320)])

    for figure in figures(document):
        if any(isinstance(cell, Panel) and cell.role is Role.SUPER for cell in figure.cells):
            assert "computationally super-resolved" in figure.caption
    assert "computationally super-resolved" in document.subtitle


def test_large_image_is_shown_as_region_and_overview_with_its_frame(make_restore_run):
    document = build_document([make_restore_run(side=320)])

    region, overview = figures(document)[:2]
    frame = overview.cells[0].frame
    assert "region with the most structure" in region.caption
    assert frame.width == pytest.approx(320 / 640)
    assert 0 <= frame.x <= 0.5
    assert 0 <= frame.y <= 0.5


def test_small_image_is_shown_whole_with_a_profile(make_restore_run):
    document = build_document([make_restore_run()])

    region, second = figures(document)[:2]
    assert "The whole field" in region.caption
    assert "Profile along the yellow line" in second.caption


def test_spread_is_named_as_the_method_names_it_and_never_a_posterior(make_restore_run):
    document = build_document([make_restore_run()])

    assert "disagreement over flips and rotations (8 answers)" in figures(document)[0].caption
    assert "It is not a posterior." in said(document)


def test_single_answer_has_no_spread_and_says_so(make_restore_run):
    document = build_document([make_restore_run(samples=0)])

    assert Role.SPREAD not in [panel.role for panel in panels(document)]
    assert "there is no spread to show" in figures(document)[0].caption
    assert one(document, KeyNumbers).numbers[3].value == "none"


def test_unknown_pixel_size_is_said_and_counted_in_pixels(make_restore_run):
    document = build_document([make_restore_run(pixel_um=None)])

    assert all(panel.scale_bar.label.endswith("raw px") for panel in panels(document))
    states = {item.text: item.state for item in one(document, Checklist).items}
    assert states["Scale bars in pixels: the pixel size is not known"] is CheckState.WARN


def test_checklist_does_not_claim_a_channel_name_that_says_nothing(make_restore_run):
    named = build_document([make_restore_run("a")])
    unnamed = build_document([make_restore_run("b", channels=("Channel 1",))])

    lacking = "A channel has no name in its file: say what is stained"
    assert lacking not in [item.text for item in one(named, Checklist).items]
    assert lacking in [item.text for item in one(unnamed, Checklist).items]


def test_missing_raw_image_is_left_out_and_said(make_restore_run, tmp_path):
    folder = make_restore_run()
    (tmp_path / "restored" / "filaments.ome.tif").unlink()

    document = build_document([folder])

    assert Role.LOW not in [panel.role for panel in panels(document)]
    assert "The raw image is not shown" in said(document)


def test_changed_raw_image_is_left_out_and_said(make_restore_run, tmp_path):
    folder = make_restore_run()
    with (tmp_path / "restored" / "filaments.ome.tif").open("ab") as stream:
        stream.write(b"more")

    document = build_document([folder])

    assert Role.LOW not in [panel.role for panel in panels(document)]
    assert "has changed since it was restored" in said(document)


def test_region_of_an_image_is_shown_beside_the_same_raw_pixels(make_restore_run, tmp_path):
    import io

    import numpy as np
    from PIL import Image

    folder = make_restore_run(roi=Roi(20, 8, 48, 40))

    low = figures(build_document([folder]))[0].cells[0]

    with open_image(tmp_path / "restored" / "filaments.ome.tif") as raw:
        expected = raw.region(0, 0, 0, 0, Roi(20, 8, 48, 40)).astype(float)
    shown = np.asarray(Image.open(io.BytesIO(low.raster.png))).astype(float)
    step = shown.shape[1] // 48
    assert shown.shape == (40 * step, 48 * step)
    assert np.corrcoef(shown[::step, ::step].ravel(), expected.ravel())[0, 1] > 0.9


def test_stack_names_the_plane_that_is_shown(make_restore_run):
    document = build_document([make_restore_run(slices=3)])

    assert "plane 2 of 3" in figures(document)[0].caption


def test_two_channels_get_figures_of_their_own(make_restore_run):
    document = build_document([make_restore_run(channels=("DNA", "tubulin"))])

    captions = [figure.caption for figure in figures(document)]
    assert sum("channel DNA" in caption for caption in captions) == 1
    assert sum("channel tubulin" in caption for caption in captions) == 1
    assert [figure.label for figure in figures(document)] == [
        f"Figure {n}" for n in range(1, len(captions) + 1)
    ]


def test_provenance_holds_whole_hashes_seed_and_versions(make_restore_run, tmp_path):
    document = build_document([make_restore_run()])

    rows = dict(one(document, Particulars).rows)
    raw = (tmp_path / "restored" / "filaments.ome.tif").read_bytes()
    assert rows["SHA-256 of the raw file"] == hashlib.sha256(raw).hexdigest()
    assert rows["SHA-256 of the model"] == hashlib.sha256(b"a model").hexdigest()
    assert rows["Seed"] == "1234"
    assert rows["Parameters"] == "precision = full"
    assert "torch 2.13.0" in rows["Libraries"]
    assert rows["Device"] == "CPU (4 threads)"


def test_warnings_of_a_run_are_printed(make_restore_run):
    document = build_document([make_restore_run(warnings=("the image was very dark",))])

    assert "The image was very dark." in said(document)
    assert "1 warning was given, printed below" in [i.text for i in one(document, Checklist).items]


def test_model_that_is_not_installed_is_said(make_restore_run):
    assert "The card of the model lines-x2 is not on this computer" in said(
        build_document([make_restore_run()])
    )


def test_measurement_shows_its_numbers_with_intervals(make_measure_run):
    document = build_document([make_measure_run()])

    number = one(document, KeyNumbers).numbers[0]
    assert (number.label, number.value, number.aside) == ("Z′", "0.71", "[0.64 – 0.77]")
    assert one(document, KeyNumbers).numbers[1].value == "12\u2009965"
    assert "no super-resolution took part" in said(document)


def test_every_well_has_a_row_and_controls_frame_the_doses(make_measure_run):
    document = build_document([make_measure_run(rows=2)])

    wells = next(
        t for t in all_blocks(document) if isinstance(t, Table) and t.title.startswith("Wells")
    )
    rows = [row for group in wells.groups for row in group.rows]
    assert len(rows) == 14
    assert [row[1] for row in rows[:3]] == ["negative", "negative", "0.98 nM"]
    assert rows[-1][1] == "positive"


def test_well_without_interval_says_so_and_its_note_is_printed(make_measure_run):
    document = build_document([make_measure_run(notes={"B02": "One object only"})])

    wells = next(
        t for t in all_blocks(document) if isinstance(t, Table) and t.title.startswith("Wells")
    )
    assert "B02: One object only" in wells.note
    (row,) = [row for group in wells.groups for row in group.rows if row[0] == "B02*"]
    assert row[4] == "no interval"
    assert row[5].lo is None


def test_dishes_without_plate_places_get_no_plate_map(make_measure_run):
    document = build_document([make_measure_run(is_plate=False)])

    assert "Plate" not in [figure.title for figure in figures(document)]


def test_raw_and_super_resolved_measurements_share_their_dose_plot(make_measure_run):
    raw = make_measure_run("raw")
    fine = make_measure_run("fine", model=ModelRef("lines-x2", "0" * 64))

    document = build_document([raw, fine])

    dose_plots = [figure for figure in figures(document) if "over the dose" in figure.caption]
    assert len(dose_plots) == 1
    assert [entry.text for entry in dose_plots[0].legend] == ["Low-res", "Super-res"]


def test_interval_without_reconstruction_is_said_when_a_model_took_part(make_measure_run):
    document = build_document([make_measure_run(model=ModelRef("lines-x2", "0" * 64))])

    assert "The intervals do not hold the uncertainty of the super-resolution." in said(document)


def test_overlay_scale_bar_follows_its_pixel_size(make_measure_run):
    known = build_document([make_measure_run("a")])
    unknown = build_document([make_measure_run("b", pixel_um=None)])

    # 200 px of 0.645 µm are 129 µm: 30 % is 38.7 µm, the round length below is 20.
    assert panels(known)[0].scale_bar.label == "20 µm"
    assert panels(known)[0].scale_bar.fraction == pytest.approx(20 / 129)
    assert panels(unknown)[0].scale_bar.label == "50 px"


def statistics_of(document: Document) -> Table:
    tables = [block for block in all_blocks(document) if isinstance(block, Table)]
    return next(table for table in tables if table.title == "Statistics")


def test_statistics_stand_compound_beside_compound(make_measure_run):
    document = build_document([make_measure_run(compounds=("wortmannin", "LY294002"))])

    table = statistics_of(document)
    assert [column.head for column in table.columns] == ["Statistic", "wortmannin", "LY294002"]
    assert ("Z′", "0.713", "0.713") in table.groups[0].rows
    assert ("Cohen’s d of objects", "–", "–") in table.groups[0].rows
    assert table.note == "Cohen’s d of objects: No positive control."


def test_statistics_of_many_compounds_stand_below_each_other(make_measure_run):
    names = tuple(f"compound {n}" for n in range(40))
    document = build_document([make_measure_run(compounds=names)])

    table = statistics_of(document)
    assert table.columns[0].head == "Compound"
    assert [row[0] for row in table.groups[0].rows] == list(names)
    assert table in document.blocks


def test_statistics_of_a_plate_without_compounds_have_one_column(make_measure_run):
    document = build_document([make_measure_run(compounds=("all",))])

    assert [column.head for column in statistics_of(document).columns] == ["Statistic", "Value"]


def test_share_of_the_reconstruction_is_a_key_number(make_measure_run):
    shares = {"cells": 0.83, "reconstruction": 0.17}
    document = build_document([make_measure_run(shares=shares)])

    number = one(document, KeyNumbers).numbers[-1]
    assert (number.label, number.value) == ("Reconstruction share", "17 %")


def test_counts_give_way_where_the_strip_is_full(make_measure_run):
    numbers = (*(Number(f"Z′, compound {n}", 0.5) for n in range(4)), Number("Wells", 48.0))
    document = build_document([make_measure_run(numbers=numbers)])

    labels = [number.label for number in one(document, KeyNumbers).numbers]
    assert labels == [f"Z′, compound {n}" for n in range(4)]


def test_values_of_one_column_have_the_same_decimals(make_measure_run):
    document = build_document([make_measure_run()])

    wells = next(
        t for t in all_blocks(document) if isinstance(t, Table) and t.title.startswith("Wells")
    )
    values = [row[3] for group in wells.groups for row in group.rows]
    assert {len(str(value).partition(".")[2]) for value in values} == {2}


def test_restoration_and_measurement_make_one_report(make_restore_run, make_measure_run):
    document = build_document([make_restore_run(), make_measure_run()])

    assert document.title == "Nuclear translocation"
    assert [attachment.name for attachment in document.attachments] == [
        "job-1-restore.json",
        "job-2-measure.json",
    ]
    assert sum(isinstance(block, Particulars) for block in all_blocks(document)) == 2


def test_no_run_is_refused():
    with pytest.raises(InvalidInput, match="no run to report"):
        build_document([])


def test_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(MissingFile, match="no finished run"):
        build_document([tmp_path])


def test_run_of_another_kind_is_refused(make_restore_run):
    folder = make_restore_run()
    job = folder / "job.json"
    kind = f'"kind": "{JobKind.RESTORE}"'
    job.write_text(job.read_text("utf-8").replace(kind, '"kind": "train"'), "utf-8")

    with pytest.raises(InvalidInput, match="train"):
        build_document([folder])


def test_run_without_its_image_is_refused(make_restore_run):
    folder = make_restore_run()
    (folder / "mean.ome.tif").unlink()

    with pytest.raises(InvalidInput, match="lacks its super-resolved image"):
        build_document([folder])


def test_damaged_table_of_wells_is_refused(make_measure_run):
    folder = make_measure_run()
    (folder / "wells.csv").write_text("well,value\nA01,much\n", "utf-8")

    with pytest.raises(InvalidInput, match="damaged"):
        build_document([folder])


def test_importing_the_report_loads_nothing_heavy():
    code = (
        "import sys, superlens.report.document, superlens.report.html, superlens.report.layout\n"
        "heavy = {'PIL', 'jinja2', 'PySide6', 'torch', 'scipy', 'skimage', 'tifffile'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    app = Path(__file__).resolve().parents[2] / "app"

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=app,
        timeout=60,
        check=True,
    )

    assert done.stdout.strip() == "[]"
