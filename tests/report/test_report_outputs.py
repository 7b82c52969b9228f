"""HTML and PDF: the same content, offline, readable, paginated."""

import base64
import dataclasses
import html
import os
import re
import shutil
import subprocess
import sys
from enum import Enum
from pathlib import Path

import pytest

from superlens.report.blocks import Document, Panel, Plot
from superlens.report.document import build_document
from superlens.report.html import render_html
from superlens.report.pdf import write_pdf

APP = Path(__file__).resolve().parents[2] / "app"
needs_pdftotext = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext is not installed"
)


def words_of(text: str) -> set[str]:
    return set(re.split(r"[\s/\-\u2010]+", text))


def strings(value: object) -> list[str]:
    """All texts that a reader of the document sees, besides those inside drawings."""
    if isinstance(value, Enum):
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for part in value for text in strings(part)]
    if isinstance(value, Panel):
        return [value.title, value.scale_bar.label]
    if isinstance(value, Plot) or not dataclasses.is_dataclass(value):
        return []
    shown = [field for field in dataclasses.fields(value) if field.name not in HIDDEN]
    return [text for field in shown for text in strings(getattr(value, field.name))]


HIDDEN = {"colour", "attachments", "created", "software"}


def shown_words(document: Document) -> set[str]:
    return set().union(*(words_of(text) for text in strings(document))) - {""}


def html_text(page: str) -> str:
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", body))


def pdf_text(path: Path, *options: str) -> str:
    done = subprocess.run(
        ["pdftotext", *options, str(path), "-"], capture_output=True, timeout=60, check=True
    )
    return done.stdout.decode("utf-8")


@pytest.fixture
def document(make_restore_run, make_measure_run) -> Document:
    return build_document([make_restore_run(), make_measure_run()], "Lines & <plates>")


def test_html_holds_every_word_of_the_document(document):
    assert shown_words(document) - words_of(html_text(render_html(document))) == set()


@needs_pdftotext
def test_pdf_holds_every_word_of_the_document(document, tmp_path, qapp):
    write_pdf(document, tmp_path / "report.pdf")

    missing = shown_words(document) - words_of(pdf_text(tmp_path / "report.pdf"))
    # Cells too narrow for their text are shortened in the middle.
    assert {word for word in missing if len(word) < 20} == set()


@needs_pdftotext
def test_numbers_and_hashes_stand_in_both(document, tmp_path, qapp):
    write_pdf(document, tmp_path / "report.pdf")
    printed, page = pdf_text(tmp_path / "report.pdf"), html_text(render_html(document))

    for pattern in (r"\b[0-9a-f]{64}\b", r"\d+\.\d+ – \d+\.\d+", r"\b2026-11-20 / [0-9a-f]{8}"):
        found = set(re.findall(pattern, page))
        assert found
        assert found == set(re.findall(pattern, printed))


def test_html_fetches_nothing(document):
    page = render_html(document)

    links = re.findall(r'(?:src|href|url)\s*[=(]\s*"?([^")\s>]+)', page)
    assert links
    assert all(link.startswith(("data:", "#")) for link in links)
    assert "<script" not in page
    assert "@import" not in page
    outside = re.findall(r"https?://[^\s\"'<]+", page)
    assert set(outside) <= {"http://www.w3.org/2000/svg"}


def test_html_escapes_what_users_write(document):
    page = render_html(document)

    assert "<h1>Lines &amp; &lt;plates&gt;</h1>" in page
    assert "<plates>" not in page


def test_html_pictures_have_words_for_those_who_cannot_see_them(document):
    page = render_html(document)

    alts = re.findall(r'<img [^>]*alt="([^"]*)"', page)
    assert len(alts) == page.count("<img ")
    assert all(len(alt) > 10 for alt in alts)
    assert page.count('role="img"') == page.count('class="plot"')


def test_html_carries_the_job_documents(document):
    page = render_html(document)

    for attachment in document.attachments:
        link = re.search(rf'download="{re.escape(attachment.name)}" href="[^,]+,([^"]+)"', page)
        assert link is not None
        assert base64.b64decode(link[1]) == attachment.data


def test_two_reports_of_the_same_runs_say_the_same(make_restore_run):
    folder = make_restore_run()

    first, second = (build_document([folder]) for _ in range(2))

    assert dataclasses.replace(first, created="") == dataclasses.replace(second, created="")


@needs_pdftotext
def test_every_pdf_page_bears_number_and_page_of_pages(make_measure_run, tmp_path, qapp):
    document = build_document([make_measure_run(rows=16, columns=24)])

    write_pdf(document, tmp_path / "report.pdf")

    pages = pdf_text(tmp_path / "report.pdf").split("\f")[:-1]
    assert len(pages) >= 4
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert f"Report {document.number}" in page


@needs_pdftotext
def test_all_wells_of_a_large_plate_are_printed(make_measure_run, tmp_path, qapp):
    document = build_document([make_measure_run(rows=16, columns=24)])

    write_pdf(document, tmp_path / "report.pdf")

    printed = words_of(pdf_text(tmp_path / "report.pdf"))
    wells = {f"{chr(65 + row)}{column:02d}" for row in range(16) for column in range(1, 25)}
    assert wells <= printed


@needs_pdftotext
def test_long_names_stay_on_the_page(make_restore_run, tmp_path, qapp):
    name = "2026-11-20_U2OS_mEmerald-tubulin_" + "replicate_with_a_very_long_name_" * 5 + ".ome.tif"
    document = build_document([make_restore_run(name=name)])

    write_pdf(document, tmp_path / "report.pdf")

    boxes = re.findall(r'xMax="([\d.]+)"', pdf_text(tmp_path / "report.pdf", "-bbox"))
    page_width = 595.3
    assert max(float(right) for right in boxes) <= page_width - 40
    # pdftotext takes a hyphen at the end of a line for a word break.
    plain = pdf_text(tmp_path / "report.pdf").replace("\n", "").replace("-", "")
    assert name.replace("-", "") in plain
    assert len(document.title) < 100


@pytest.mark.skipif(shutil.which("pdfdetach") is None, reason="pdfdetach is not installed")
def test_pdf_carries_the_job_documents(document, tmp_path, qapp):
    write_pdf(document, tmp_path / "report.pdf")

    command = ["pdfdetach", "-saveall", "-o", str(tmp_path), str(tmp_path / "report.pdf")]
    subprocess.run(command, capture_output=True, timeout=60, check=True)

    for attachment in document.attachments:
        assert (tmp_path / attachment.name).read_bytes() == attachment.data


def test_pdf_names_its_title_and_maker(document, tmp_path, qapp):
    write_pdf(document, tmp_path / "report.pdf")

    data = (tmp_path / "report.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    for text in (document.title, document.software):
        assert text.encode("utf-16-be") in data


def test_pdf_is_written_without_a_display_and_leaves_no_application(make_restore_run, tmp_path):
    folder = make_restore_run()
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from superlens.report.document import build_document\n"
        "from superlens.report.pdf import write_pdf\n"
        "from PySide6.QtGui import QGuiApplication\n"
        f"document = build_document([Path({str(folder)!r})])\n"
        f"out = Path({str(tmp_path / 'report.pdf')!r})\n"
        "write_pdf(document, out)\n"
        "write_pdf(document, out)\n"
        "print(QGuiApplication.instance())\n"
    )
    hidden = ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=APP,
        env=environment,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stdout.strip()) == (0, "None"), done.stderr
    assert (tmp_path / "report.pdf").stat().st_size > 10_000
