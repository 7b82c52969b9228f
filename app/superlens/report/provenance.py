"""Where everything in a report comes from: files, model, software, settings; and its number.

Run documents in, blocks and attachments out.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from superlens.core.jobs import MeasureRequest
from superlens.core.records import Versions
from superlens.io.runs import JOB_FILE, RunDocument
from superlens.report import words
from superlens.report.blocks import Attachment, Facts, Particulars
from superlens.report.evidence import RestoreEvidence
from superlens.report.restore_text import (
    citation_text,
    claim_of,
    parameters_text,
    pixel_size_text,
    spec_of,
)

_LISTED_FILES = 12
"""Up to so many raw files are listed one by one; more stand in the attached request."""

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RawFile:
    """A raw file that a run read."""

    name: str
    sha256: str | None


def report_number(runs: Sequence[tuple[Path, RunDocument]]) -> str:
    """Give the number of a report: the day of its youngest run and a hash of all of them.

    It does not depend on the order of the runs, nor on when or where the report is written.
    """
    hashes = sorted(
        hashlib.sha256((folder / JOB_FILE).read_bytes()).hexdigest() for folder, _ in runs
    )
    day = max((run.ended[:10] for _, run in runs), default="")
    return f"{day} / {hashlib.sha256(''.join(hashes).encode()).hexdigest()[:8]}"


def attachments(runs: Sequence[tuple[Path, RunDocument]]) -> tuple[Attachment, ...]:
    """Give the job documents of all runs as attachments."""
    return tuple(
        Attachment(
            f"job-{index}-{run.kind}.json", "application/json", (folder / JOB_FILE).read_bytes()
        )
        for index, (folder, run) in enumerate(runs, start=1)
    )


def software_text(versions: Versions) -> str:
    """Give name and version of the program that did a run."""
    return f"Superlens {versions.superlens}"


def facts(raw: Sequence[RawFile], model: tuple[str, str] | None, run: RunDocument) -> Facts:
    """Give the short line of origins for the first page.

    Args:
        raw: the raw files.
        model: its id and hash; None where no model took part.
        run: whose software, device and seed are stated.
    """
    if len(raw) == 1:
        origin = f"sha256 {words.short_hash(raw[0].sha256)}" if raw[0].sha256 else raw[0].name
    else:
        origin = words.plural(len(raw), "file")
    used = "none" if model is None else f"{model[0]}, {words.short_hash(model[1])}"
    return Facts(
        (
            ("Raw data", origin),
            ("Model", used),
            ("Software", software_text(run.versions)),
            ("Device", run.device or run.result.device or words.NOT_KNOWN),
        )
    )


def restore_particulars(evidence: RestoreEvidence) -> Particulars:
    """Give the full provenance of a restoration."""
    request = evidence.request
    rows: Rows = (
        ("Raw file", evidence.input_name),
        ("SHA-256 of the raw file", evidence.input_sha256 or words.NOT_KNOWN),
        ("Pixel size", pixel_size_text(evidence)),
        *((("Place", str(evidence.note("place"))),) if evidence.note("place") else ()),
        *_model_rows(request.model.id, evidence.model_sha256),
        ("Method", _method_text(evidence)),
        ("Claim", claim_of(evidence).value.replace("_", " ")),
        ("Parameters", parameters_text(request.params)),
        *_precision_rows(evidence),
        ("Answers averaged", str(evidence.samples_used or 1)),
        ("Seed", str(request.seed)),
        *run_rows(evidence.run),
    )
    return Particulars(f"Provenance: restoration of {words.shortened(evidence.input_name)}", rows)


def measure_particulars(
    request: MeasureRequest, run: RunDocument, raw: Sequence[RawFile]
) -> Particulars:
    """Give the full provenance of a measurement."""
    rows: list[tuple[str, str]] = [("Assay", request.assay), *raw_rows(raw)]
    if request.model is None:
        rows.append(("Model", "none: measured on the raw images"))
    else:
        rows += _model_rows(request.model.id, run.notes.get("model_sha256") or request.model.sha256)
        rows.append(("Parameters of the model", parameters_text(request.model_params)))
        rows.append(("Samples per field", str(request.samples)))
    rows.append(("Parameters", parameters_text(request.params)))
    rows.append(("Seed", str(request.seed)))
    rows += run_rows(run)
    return Particulars(f"Provenance: measurement of {request.assay}", tuple(rows))


def _precision_rows(evidence: RestoreEvidence) -> Rows:
    text = evidence.note("precision_text")
    return (("Computed in", str(text)),) if text else ()


def _method_text(evidence: RestoreEvidence) -> str:
    method_id = str(evidence.note("method_id") or "")
    method = spec_of(method_id)
    return method_id or words.NOT_KNOWN if method is None else citation_text(method.source)


def _model_rows(model_id: str, sha256: object) -> Rows:
    return (("Model", model_id), ("SHA-256 of the model", str(sha256 or words.NOT_KNOWN)))


def raw_rows(raw: Sequence[RawFile]) -> list[tuple[str, str]]:
    """Give raw files and their hashes as labelled values; many are summed up in one."""
    if len(raw) > _LISTED_FILES:
        hashed = sum(file.sha256 is not None for file in raw)
        return [
            (
                "Raw files",
                f"{len(raw)}, of which {hashed} with SHA-256 in the attached job document;"
                f" {raw[0].name} to {raw[-1].name}",
            )
        ]
    rows: list[tuple[str, str]] = []
    for file in raw:
        rows.append(("Raw file", file.name))
        rows.append(("SHA-256 of the raw file", file.sha256 or words.NOT_KNOWN))
    return rows


def run_rows(run: RunDocument) -> Rows:
    """Give software, device and times of a run as labelled values."""
    versions = run.versions
    libraries = ", ".join(f"{name} {number}" for name, number in sorted(versions.libraries.items()))
    seconds = run.notes.get("seconds")
    took = f", took {words.duration(seconds)}" if isinstance(seconds, int | float) else ""
    return (
        ("Software", f"{software_text(versions)}, Python {versions.python}, {versions.platform}"),
        ("Libraries", libraries or words.NOT_KNOWN),
        ("Device", run.device or run.result.device or words.NOT_KNOWN),
        ("Run", f"{run.job_id}, {words.moment(run.started)} to {words.moment(run.ended)}{took}"),
    )
