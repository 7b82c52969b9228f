from pathlib import Path

import pytest

from superlens.core.errors import InvalidInput, JobCancelled, MissingFile
from superlens.core.jobs import ReportRequest
from superlens.core.messages import Progress
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.execute import execute

pytestmark = pytest.mark.usefixtures("qapp")


def run(request: ReportRequest, events: list | None = None):
    emit = (lambda event: None) if events is None else events.append
    return execute("job-9", request, JobContext("job-9", emit))


@pytest.mark.parametrize(("asked", "twin"), [("r.pdf", "r.html"), ("r.html", "r.pdf")])
def test_report_and_its_twin_are_written(make_restore_run, tmp_path, asked, twin):
    events: list = []
    request = ReportRequest((str(make_restore_run()),), str(tmp_path / "out" / asked), "A title")

    result = run(request, events)

    assert [file.path for file in result.files] == [asked, twin]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["r.html", "r.pdf"]
    assert "A title" in (tmp_path / "out" / "r.html").read_text("utf-8")
    progress = [event for event in events if isinstance(event, Progress)]
    assert (progress[-1].done, progress[-1].total) == (3, 3)


def test_other_endings_are_refused(make_restore_run, tmp_path):
    with pytest.raises(InvalidInput, match=r"\.docx"):
        run(ReportRequest((str(make_restore_run()),), str(tmp_path / "r.docx")))


def test_missing_run_writes_nothing(tmp_path):
    with pytest.raises(MissingFile):
        run(ReportRequest((str(tmp_path / "nowhere"),), str(tmp_path / "out" / "r.pdf")))

    assert not (tmp_path / "out").exists()


def test_earlier_report_is_replaced(make_restore_run, tmp_path):
    out = tmp_path / "r.pdf"
    out.write_text("old")

    run(ReportRequest((str(make_restore_run()),), str(out)))

    assert out.read_bytes().startswith(b"%PDF-")


def test_cancelled_report_leaves_nothing(make_restore_run, tmp_path):
    control = JobControl()
    context = JobContext(
        "job-9", lambda e: control.cancel() if isinstance(e, Progress) else None, control
    )
    request = ReportRequest((str(make_restore_run()),), str(tmp_path / "out" / "r.pdf"))

    with pytest.raises(JobCancelled):
        execute("job-9", request, context)

    assert not list(Path(tmp_path).glob("out/*"))
