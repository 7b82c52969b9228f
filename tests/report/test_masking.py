"""The report of a blinded project: nothing in it says what an image or a well is."""

from pathlib import Path

from superlens.core.blinding import Blinding, Mask
from superlens.core.records import Number
from superlens.io.runs import read_run, request_of
from superlens.report.document import build_document
from superlens.report.html import render_html
from superlens.report.measure_evidence import read_measurement


def test_restoration_is_reported_by_the_code_of_its_image(make_restore_run) -> None:
    folder = make_restore_run()
    request = request_of(read_run(folder))
    mask = Mask(5, {request.input.path: "K7QF-2MWD"})

    document = build_document((folder,), "", mask)
    page = render_html(document)

    assert "K7QF-2MWD" in document.title
    assert document.attachments == ()
    assert "The plate positions" not in page
    assert "bear the codes of the project" in page
    assert Path(request.input.path).name not in page
    assert str(read_run(folder).notes["input_sha256"])[:12] not in page


def test_measurement_is_reported_without_wells_doses_and_controls(make_measure_run) -> None:
    folder = make_measure_run(numbers=(Number("Z′, wortmannin", 0.7), Number("Wells", 28)))
    plain = read_measurement(folder, read_run(folder))
    mask = Mask(5)

    page = render_html(build_document((folder,), "Screen", mask))
    open_page = render_html(build_document((folder,), "Screen"))

    compounds = {well.compound for well in plain.wells if well.compound}
    assert compounds
    for word in (*compounds, ">B02<", "Negative", "nM"):
        assert word not in page
    for compound in compounds:
        assert compound in open_page
        assert Blinding(5).code(compound) in page
    for well in plain.wells:
        assert f">{well.well}<" not in page
        assert mask.text(well.well) in page


def test_mask_hides_files_it_does_not_know() -> None:
    mask = Mask(5, {"/a/cell.tif": "K7QF-2MWD"})

    assert mask.file("/a/cell.tif") == "K7QF-2MWD"
    assert mask.file("/a/other.tif") == Blinding(5).code("/a/other.tif")
    assert mask.text("") == ""
