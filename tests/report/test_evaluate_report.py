"""The part of a report that shows an evaluation."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from superlens.core.errors import InvalidInput
from superlens.core.evaluation import (
    Better,
    Difference,
    Estimate,
    Evaluation,
    FeatureSet,
    Measure,
    MethodRow,
    PictureRow,
)
from superlens.core.jobs import EvaluateRequest, JobKind, PairFile
from superlens.core.records import ModelRef, ResultRecord, Versions
from superlens.io.codec import encode
from superlens.io.runs import RunDocument, create_run
from superlens.report.blocks import Figure, Plot, Table
from superlens.report.document import build_document
from superlens.report.evaluate_plots import (
    difference_words,
    evaluation_drawing,
    evaluation_plot,
    shown_measures,
)
from superlens.report.html import render_html

MODEL = ModelRef("model-x2", "ab" * 32)
PSNR = Measure("psnr_affine", "PSNR (affine)", "dB", Better.HIGHER, "It is a ratio.", 2)
FRC = Measure("frc_cutoff", "Spectral fidelity cut-off", "cycles/px", Better.HIGHER, "Detail.")
FD = Measure("micro_fd", "FD-µ", "", Better.LOWER, "Distance.")
RATIO = Measure("intensity_ratio", "Intensity ratio", "", Better.CLOSER, "Brightness.", ideal=1.0)
FEATURES = FeatureSet(
    ("FD-µ", "KD-µ"), "microfeat", "cd" * 32, 64, "none", 1, 64, 6, 600, 3, 0.21, 0.1, "few patches"
)


def _row(method, psnr, fd):
    return MethodRow(
        method,
        6,
        3,
        {
            "psnr_affine": Estimate(psnr, 0.4, psnr - 1, psnr + 1, 6, 3),
            "frc_cutoff": Estimate(0.2, 0.01, 0.18, 0.22, 6, 3),
            "micro_fd": Estimate(fd, n=600, fields=3),
            "intensity_ratio": Estimate(1.0, 0.0, 1.0, 1.0, 6, 3),
        },
    )


def _evaluation():
    return Evaluation(
        measures=(PSNR, FRC, RATIO, FD),
        rows=(_row("input", 28.0, 2.0), _row("bicubic", 30.0, 1.5), _row("model-x2", 32.5, 0.3)),
        differences=(
            Difference("model-x2", "bicubic", "psnr_affine", Estimate(2.5, 0.1, 2.2, 2.8, 6, 3)),
            Difference("model-x2", "bicubic", "frc_cutoff", Estimate(0.0)),
        ),
        pictures=(PictureRow("input", "f", "a.tif", {"psnr_affine": 28.0}),),
        features=(FEATURES,),
        settings={"FRC": "threshold 0.5"},
    )


@pytest.fixture
def make_run(tmp_path):
    def make(evaluation, warnings=()):
        pair = PairFile("/data/low/a.tif", "/data/high/a.tif", "12" * 32, "34" * 32, "f")
        request = EvaluateRequest(MODEL, (pair,), str(tmp_path / "run"))
        with create_run(tmp_path / "run") as folder:
            folder.file("rows_json", "rows.json").write_bytes(encode(evaluation))
            result = ResultRecord("j", "evaluate", "", folder.files, (), warnings, "CPU")
            folder.publish(
                RunDocument(
                    encode(request).decode(),
                    JobKind.EVALUATE,
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


def test_report_says_what_was_judged_and_how_far_ahead_it_is(make_run):
    document = build_document((make_run(_evaluation()),))

    assert document.title == "Evaluation of model-x2"
    assert "6 images of 3 fields" in document.subtitle
    numbers = document.blocks[0].numbers
    assert (numbers[0].label, numbers[0].value) == ("PSNR (affine)", "+2.50 dB")
    assert numbers[0].aside == "over bicubic, 2.20 to 2.80"
    assert numbers[1].label == "Spectral fidelity cut-off, cycles/px"
    assert (numbers[-1].value, numbers[-1].aside) == ("3 fields", "6 images")


def test_table_shows_every_measure_with_error_and_difference(make_run):
    document = build_document((make_run(_evaluation()),))

    table = next(block for block in document.blocks if isinstance(block, Table))
    rows = {row[0]: row for group in table.groups for row in group.rows}
    assert [column.head for column in table.columns][:4] == [
        "Measure",
        "input",
        "bicubic",
        "model-x2",
    ]
    assert rows["PSNR (affine) dB"][3] == "32.50 ± 0.40"
    assert rows["PSNR (affine) dB"][4] == "+2.50 (2.20 to 2.80)"
    assert rows["FD-µ"][3:] == ("0.300", "–")
    assert len(rows) == 4


def test_figure_shows_the_floor_and_the_difference(make_run):
    evaluation = _evaluation()

    plot = evaluation_plot(evaluation, 666.0)

    assert [one.id for one in shown_measures(evaluation)] == [
        "psnr_affine",
        "frc_cutoff",
        "micro_fd",
    ]
    assert plot.svg.count("stroke-dasharray") == 1
    assert "over bicubic: +2.50 (2.20 to 2.80)" in plot.svg
    assert "higher is better" in plot.svg
    assert "PSNR (affine), Spectral fidelity cut-off and FD-µ" in plot.alt


def test_figure_of_its_own_stands_on_white_with_a_margin():
    drawing = evaluation_drawing(_evaluation(), 600.0)

    assert drawing.width == 640.0
    assert '<rect x="0" y="0" width="640"' in drawing.svg()


def test_undefined_values_leave_no_point(make_run):
    whole = _evaluation()
    rows = tuple(replace(row, measures={"frc_cutoff": Estimate(None)}) for row in whole.rows)
    empty = replace(whole, rows=rows, differences=(), features=())

    document = build_document((make_run(empty),))

    assert shown_measures(empty) == ()
    assert not any(isinstance(block, Figure) for block in document.blocks)
    assert "no feature network is here" in render_html(document)


def test_single_field_says_that_nothing_follows_for_others(make_run):
    whole = _evaluation()
    one = replace(whole, rows=tuple(replace(row, fields=1) for row in whole.rows))

    assert "nothing can be said of other fields" in render_html(build_document((make_run(one),)))


def test_pages_hold_remarks_hashes_and_warnings(make_run, tmp_path, qapp):
    from superlens.report.pdf import write_pdf

    document = build_document((make_run(_evaluation(), ("Left out b.tif: it is gone.",)),))
    write_pdf(document, tmp_path / "report.pdf")

    page = render_html(document)
    command = ["pdftotext", "-layout", str(tmp_path / "report.pdf"), "-"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        said = page
    for text in (page, said):
        assert "few patches" in text
        assert "Left out b.tif" in text
        assert "low/a.tif" in text
        assert "34" * 32 in text
        assert "threshold 0.5" in text
    assert "Raw files identified by SHA-256" in page


def test_run_without_its_table_is_refused(make_run):
    folder = make_run(_evaluation())
    (folder / "rows.json").unlink()

    with pytest.raises(InvalidInput, match="lacks its table"):
        build_document((folder,))


def test_negative_difference_has_a_true_minus_sign():
    words = difference_words(Estimate(-0.0054, 0.001, -0.008, -0.0032), replace(PSNR, decimals=4))

    assert words == "\u22120.0054 (\u22120.0080 to \u22120.0032)"


def test_painted_figure_has_the_width_that_was_asked_for(qapp, tmp_path):
    from PIL import Image

    from superlens.report.pdf import paint_png

    path = Path(tmp_path / "figure.png")
    path.write_bytes(paint_png(evaluation_drawing(_evaluation()).svg(), 800))

    with Image.open(path) as picture:
        assert picture.width == 800
        assert picture.getpixel((2, 2)) == (255, 255, 255)
        assert len(picture.convert("L").getcolors(256) or ()) > 20


def test_plots_of_a_report_fit_its_width(make_run):
    document = build_document((make_run(_evaluation()),))

    figure = next(block for block in document.blocks if isinstance(block, Figure))
    assert isinstance(figure.cells[0], Plot)
    assert figure.cells[0].width == 666.0
