"""The part of a report that shows an examination of pairs."""

from dataclasses import replace

import numpy as np
import pytest

from superlens.core.errors import InvalidInput
from superlens.core.jobs import JobKind, PairCheckRequest, PairFile
from superlens.core.records import ResultRecord, Versions
from superlens.io.codec import encode
from superlens.io.runs import RunDocument, create_run
from superlens.prepare.pair_doctor.records import (
    Complaint,
    Correction,
    PairFinding,
    PairFlag,
    PairReport,
    ShiftHistogram,
)
from superlens.report.blocks import Callout, Figure, KeyNumbers, Panel, Particulars, Plot, Table
from superlens.report.document import build_document
from superlens.report.html import render_html
from superlens.report.pair_evidence import MOST_OVERLAYS
from superlens.report.pair_pictures import overlay_picture

VERDICT = "1 of 2 pairs that could be placed fit at x5.00, not x2."
MISFIT = "The pictures fit at a scale of 5.00, not 2"


def _pair(number):
    name = f"f{number:02d}.tif"
    return PairFile(f"/data/low/{name}", f"/data/high/{name}", "12" * 32, "34" * 32, f"f{number}")


def _good(number, shift=(-0.5, 1.25), correction=Correction.RESAMPLED):
    return PairFinding(_pair(number), (), shift, 0.4, 0.9, 2.0, 0.7, correction)


def _bad(number):
    pair = replace(_pair(number), low_sha256=None, high_sha256=None)
    return PairFinding(pair, (Complaint(PairFlag.MIS_SCALED, MISFIT),), scale_found=5.0)


def _report(*findings):
    shifts = ShiftHistogram((0.0, 1.0, 2.0), (0, sum(one.is_good for one in findings)))
    return PairReport(2, VERDICT, findings, shifts, ("1 of 2 pairs have another scale: crop.",))


@pytest.fixture
def make_run(tmp_path):
    def make(report, overlays=(), kind=JobKind.PAIR_CHECK):
        pairs = tuple(finding.pair for finding in report.findings)
        request = PairCheckRequest(pairs, str(tmp_path / "run"), 2)
        picture = np.random.default_rng(0).random((120, 120)).astype(np.float32)
        with create_run(tmp_path / "run") as folder:
            folder.file("pair_report", "report.json").write_bytes(encode(report))
            for number in overlays:
                path = folder.file("overlay", f"overlays/{number:04d}-field.png")
                path.write_bytes(overlay_picture(picture, picture, None).png)
            result = ResultRecord("j", kind.value, "", folder.files, (), (), "CPU")
            folder.publish(
                RunDocument(
                    encode(request).decode(),
                    kind,
                    "j",
                    Versions("0.1.0", "3.11", "Linux", {}),
                    "CPU",
                    "2026-11-20T10:00:00+00:00",
                    "2026-11-20T10:01:00+00:00",
                    result,
                )
            )
        return tmp_path / "run"

    return make


def _blocks(document, kind):
    return [block for block in document.blocks if isinstance(block, kind)]


def test_report_says_how_many_pairs_are_good_and_what_scale_was_found(make_run):
    document = build_document((make_run(_report(_good(1), _bad(2))),))

    assert document.title == "Examination of 2 pairs"
    numbers = {
        one.label: (one.value, one.aside) for one in _blocks(document, KeyNumbers)[0].numbers
    }
    assert numbers["Good pairs"] == ("1", "of 2")
    assert numbers["Fields of view"][0] == "1"
    assert numbers["Scale asked for"] == ("2×", "found: 2.00 to 5.00")
    assert numbers["Corrected"][0] == "1 pair"
    said = _blocks(document, Callout)[0].sentences
    assert VERDICT in said
    assert "1 of 2 pairs have another scale: crop." in said


def test_table_lists_complaints_before_good_pairs(make_run):
    document = build_document((make_run(_report(_good(1), _bad(2))),))

    table = _blocks(document, Table)[0]
    assert [group.title for group in table.groups] == ["Left out", "Good"]
    assert table.groups[0].rows[0] == ("2", "f2", "f02.tif", "–", "– → –", "5.00", "mis scaled")
    assert table.groups[1].rows[0][3:] == (
        "\u22120.50, +1.25",
        "0.40 → 0.90",
        "2.00",
        "resampled",
    )
    reasons = next(one for one in _blocks(document, Particulars) if one.title.startswith("Why"))
    assert reasons.rows == (("Pair 2", f"{MISFIT}."),)


def test_displacement_that_rounds_to_nothing_has_no_minus(make_run):
    document = build_document((make_run(_report(_good(1, (-0.001, 0.0), Correction.NONE))),))

    assert _blocks(document, Table)[0].groups[0].rows[0][3] == "+0.00, +0.00"


def test_histogram_and_overlays_are_shown_in_both_outputs(make_run):
    document = build_document((make_run(_report(_good(1), _bad(2), _good(3)), (1, 3)),))

    histogram, overlays = _blocks(document, Figure)
    assert isinstance(histogram.cells[0], Plot)
    assert "under 2 low-resolution pixels" in histogram.cells[0].alt
    assert [cell.title for cell in overlays.cells] == ["Pair 1", "Pair 3"]
    assert all(isinstance(cell, Panel) and cell.scale_bar is None for cell in overlays.cells)
    assert "pair 3 (low/f03.tif)" in overlays.caption
    html = render_html(document)
    assert html.count("data:image/png") == 2
    assert "Pair 3" in html


def test_overlays_beyond_the_most_are_counted(make_run):
    count = MOST_OVERLAYS + 2
    findings = [_good(number) for number in range(1, count + 1)]
    document = build_document((make_run(_report(*findings), tuple(range(1, count + 1))),))

    panels = [c for f in _blocks(document, Figure) for c in f.cells if isinstance(c, Panel)]
    assert len(panels) == MOST_OVERLAYS
    said = " ".join(_blocks(document, Callout)[0].sentences)
    assert f"{MOST_OVERLAYS} of {count} fields" in said


def test_many_pairs_are_cut_with_the_place_of_the_rest(make_run):
    findings = [_good(number) for number in range(1, 80)]
    document = build_document((make_run(_report(_bad(80), *findings)),))

    table = _blocks(document, Table)[0]
    assert [len(group.rows) for group in table.groups] == [1, 59]
    assert "pairs.csv" in table.note


def test_set_without_any_placed_pair_has_no_histogram(make_run):
    document = build_document((make_run(_report(_bad(1))),))

    assert _blocks(document, Figure) == []
    assert _blocks(document, KeyNumbers)[0].numbers[0].value == "0"


def test_run_without_its_report_is_refused(make_run):
    folder = make_run(_report(_good(1)))
    (folder / "report.json").unlink()

    with pytest.raises(InvalidInput, match="lacks its report"):
        build_document((folder,))


def test_damaged_overlay_is_told(make_run):
    folder = make_run(_report(_good(1)), (1,))
    next((folder / "overlays").iterdir()).write_bytes(b"nothing")

    with pytest.raises(InvalidInput, match="damaged"):
        build_document((folder,))
