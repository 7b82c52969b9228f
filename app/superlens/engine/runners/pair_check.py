"""The pair doctor as a job: a table, a report and pictures of what it finds about pairs.

Torch-free. Names every pair that cannot be used and goes on with the rest.
"""

import re
from dataclasses import replace
from pathlib import Path

from superlens.core.errors import JobCancelled, SuperlensError
from superlens.core.jobs import PairCheckRequest
from superlens.core.records import Number, ResultRecord
from superlens.engine.context import JobContext
from superlens.engine.device import describe_cpu
from superlens.engine.run_record import Beginning, finished_run
from superlens.io.atomic import replace_file
from superlens.io.codec import encode
from superlens.io.runs import Note, RunFolder, create_run
from superlens.io.tables import write_table
from superlens.prepare.alignment import block_mean
from superlens.prepare.pair_doctor.examination import examine, likely_scale
from superlens.prepare.pair_doctor.records import PairFinding, PairReport
from superlens.prepare.pairs import read_high, read_low, read_pair, with_hashes
from superlens.report.pair_pictures import overlay_picture, shift_drawing

MOST_OVERLAYS = 48
"""Pictures are made of the first pair of so many fields."""
COLUMNS = (
    *("number", "well", "field", "low", "frames", "averaged_files", "high", "use", "flags"),
    *("shift_y_px", "shift_x_px", "correlation_before", "correlation_after", "scale_found"),
    *("blur_px", "correction", "reasons"),
)
"""Of `pairs.csv`; shifts and blurs are in low-resolution pixels."""


def run(job_id: str, request: PairCheckRequest, context: JobContext) -> ResultRecord:
    """Examine pairs; see `engine.execute.execute`.

    Returns:
        The run folder: `pairs.csv`, `report.json` (a `PairReport` whose good pairs state their
        hashes), `shifts.svg`, `overlays/`, `log.txt`.

    Raises:
        InvalidInput: there are no pairs, or none can be opened.
        JobCancelled: the user asked to stop.
    """
    began = Beginning()
    with create_run(Path(request.out)) as folder:
        context.keep_log(folder.log)
        scale = likely_scale(request.pairs) if request.scale is None else request.scale
        context.accept(f"Examine {len(request.pairs)} pairs at x{scale}")

        def watch(done: int, total: int) -> None:
            context.check()
            context.progress("Examining", done, total)

        report = _with_hashes(examine(request.pairs, scale, watch=watch), context)
        _write(folder, report)
        _write_overlays(folder, report, context)
        for sentence in (report.scale_verdict, *report.advice):
            folder.log(sentence)
        result = ResultRecord(
            job_id=job_id,
            kind=request.kind.value,
            folder=str(folder.out),
            files=folder.files,
            numbers=(
                Number("good pairs", len(report.good_pairs)),
                Number("good fields", report.good_fields),
                Number("pairs", len(report.findings)),
            ),
            warnings=context.warnings,
            device=describe_cpu().name,
        )
        folder.publish(finished_run(request, result, began, _notes(report)))
    return result


def _with_hashes(report: PairReport, context: JobContext) -> PairReport:
    """Give the report with the hashes of the files of good pairs, for recipes made of it."""
    context.progress("Hashing", 0, 1)
    hashed = iter(with_hashes(report.good_pairs, None, context.check))
    context.progress("Hashing", 1, 1)
    return replace(
        report,
        findings=tuple(
            replace(finding, pair=next(hashed)) if finding.is_good else finding
            for finding in report.findings
        ),
    )


def _write(folder: RunFolder, report: PairReport) -> None:
    rows = [_row(number, finding) for number, finding in enumerate(report.findings, start=1)]
    write_table(folder.file("pairs", "pairs.csv"), COLUMNS, rows)
    with replace_file(folder.file("pair_report", "report.json")) as part:
        part.write_bytes(encode(report))
    drawing = shift_drawing(report.shifts.edges_px, report.shifts.counts)
    with replace_file(folder.file("shifts", "shifts.svg")) as part:
        part.write_text(drawing.svg(), encoding="utf-8")


def _row(number: int, finding: PairFinding) -> tuple[object, ...]:
    pair = finding.pair
    return (
        *(number, pair.well, pair.field_id, pair.low, " ".join(map(str, pair.low_frames))),
        *(1 + len(pair.low_others), pair.high, finding.is_good, " ".join(finding.flags)),
        *(finding.shift_px or (None, None)),
        *(finding.correlation_before, finding.correlation_after, finding.scale_found),
        *(finding.blur_px, finding.correction.value),
        "; ".join(complaint.sentence for complaint in finding.complaints),
    )


def _write_overlays(folder: RunFolder, report: PairReport, context: JobContext) -> None:
    placed = {
        finding.pair.high: (number, finding)
        for number, finding in reversed(list(enumerate(report.findings, start=1)))
        if finding.shift_px is not None
    }
    shown = sorted(placed.values(), key=lambda item: item[0])[:MOST_OVERLAYS]
    for done, (number, finding) in enumerate(shown):
        context.check()
        context.progress("Overlaying", done, len(shown))
        try:
            png = _overlay(finding, report.scale)
        except JobCancelled:
            raise
        except SuperlensError as error:
            folder.log(f"Pair {number} has no overlay: {error.title}")
            continue
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", finding.pair.field_id)[:60]
        path = folder.file("overlay", f"overlays/{number:04d}-{name or 'pair'}.png")
        with replace_file(path) as part:
            part.write_bytes(png)
    if len(placed) > len(shown):
        folder.log(f"Overlays show the first {len(shown)} of {len(placed)} fields")


def _overlay(finding: PairFinding, scale: int) -> bytes:
    pair = replace(finding.pair, low_sha256=None, high_sha256=None)
    low, high = read_pair(pair, None, scale)
    before = None
    box = None if pair.alignment is None else pair.alignment.low_box
    raw_low, raw_high = read_low(pair, None), block_mean(read_high(pair, None), scale)
    if box is not None and raw_high.shape == raw_low.shape:
        before = raw_high[box.y : box.y + box.height, box.x : box.x + box.width]
    return overlay_picture(low, block_mean(high, scale), before).png


def _notes(report: PairReport) -> dict[str, Note]:
    return {
        "scale": report.scale,
        "scale_verdict": report.scale_verdict,
        "pairs": len(report.findings),
        "good_pairs": len(report.good_pairs),
        "good_fields": report.good_fields,
    }
