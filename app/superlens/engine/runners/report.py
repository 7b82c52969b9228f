"""The report job: one document over finished runs, as a PDF and an HTML file side by side.

Torch-free. Qt is loaded here, in the engine, without a display; never in the window's process.
"""

from pathlib import Path

from superlens.core.errors import InvalidInput
from superlens.core.jobs import ReportRequest
from superlens.core.records import ResultFile, ResultRecord
from superlens.engine.context import JobContext
from superlens.engine.device import describe_cpu
from superlens.io.atomic import replace_file
from superlens.report.document import build_document

_KINDS = (".pdf", ".html")
_STEPS = 3


def run(job_id: str, request: ReportRequest, context: JobContext) -> ResultRecord:
    """Write a report; see `engine.execute.execute`.

    Raises:
        MissingFile: a folder holds no finished run.
        InvalidInput: the file is neither `.pdf` nor `.html`, or a run has nothing to report.
    """
    from superlens.report.html import render_html
    from superlens.report.pdf import write_pdf

    asked = Path(request.out)
    pdf, html = _both(asked)
    context.accept(f"Report over {len(request.runs)} run(s) as {pdf.name} and {html.name}")
    context.progress("Reading results", 0, _STEPS)
    runs = tuple(Path(folder) for folder in request.runs)
    document = build_document(runs, request.title, request.mask)
    context.check()
    context.progress("Writing pages", 1, _STEPS)
    # Either both files come to stand or none: the HTML waits until the PDF is there.
    with replace_file(html) as part:
        part.write_text(render_html(document), encoding="utf-8")
        context.check()
        context.progress("Writing pages", 2, _STEPS)
        write_pdf(document, pdf)
    context.progress("Writing pages", _STEPS, _STEPS)
    names = sorted((pdf.name, html.name), key=lambda name: name != asked.name)
    return ResultRecord(
        job_id=job_id,
        kind=request.kind.value,
        folder=str(asked.parent),
        files=tuple(ResultFile("report", name) for name in names),
        warnings=context.warnings,
        device=describe_cpu().name,
    )


def _both(asked: Path) -> tuple[Path, Path]:
    """Give the PDF and the HTML file that belong to the one that was asked for."""
    if asked.suffix.lower() not in _KINDS:
        raise InvalidInput(
            f"A report is a .pdf or an .html file, not {asked.name!r}",
            "Give the file a name that ends in .pdf or .html",
        )
    if asked.suffix.lower() == ".pdf":
        return asked, asked.with_suffix(".html")
    return asked.with_suffix(".pdf"), asked
