"""Evidence without names, for the report of a blinded project: codes, no doses, no controls.

What is left out here stands in the run folders, which are not changed.
"""

from dataclasses import replace

from superlens.core.blinding import Mask, with_code
from superlens.core.jobs import MeasureRequest
from superlens.io.runs import RunDocument
from superlens.report.blocks import Callout
from superlens.report.evidence import RestoreEvidence
from superlens.report.measure_evidence import MeasureEvidence, StatisticRow
from superlens.report.provenance import RawFile

_RAW_PROBLEM = "the raw image is not where it was, or has changed since it was restored"
_TELLING_NOTES = ("input_path", "input_sha256")


def masked_restoration(evidence: RestoreEvidence, mask: Mask) -> RestoreEvidence:
    """Give what is said of a restoration, with the code of its image."""
    source = evidence.request.input
    hidden = replace(source, path=mask.file(source.path), sha256=None)
    return replace(
        evidence,
        run=_masked_run(evidence.run),
        request=replace(evidence.request, input=hidden),
        raw_problem=_RAW_PROBLEM if evidence.raw_problem else "",
    )


def masked_measurement(evidence: MeasureEvidence, mask: Mask) -> MeasureEvidence:
    """Give what is said of a measurement, with codes of wells, treatments and files, by code."""
    request = evidence.request
    compounds = {well.compound for well in evidence.wells if well.compound}
    wells = (
        replace(
            well,
            well=mask.text(well.well),
            compound=mask.text(well.compound),
            dose=None,
            dose_unit="",
            role=None,
        )
        for well in evidence.wells
    )
    overlays = (replace(item, well=mask.text(item.well)) for item in evidence.overlays)
    run = _masked_run(evidence.run)
    numbers = tuple(with_code(number, mask.text) for number in run.result.numbers)
    return replace(
        evidence,
        run=replace(run, result=replace(run.result, numbers=numbers)),
        request=_masked_request(request, mask),
        wells=tuple(sorted(wells, key=lambda well: well.well)),
        statistics=tuple(_masked_statistic(row, compounds, mask) for row in evidence.statistics),
        overlays=tuple(sorted(overlays, key=lambda overlay: overlay.well)),
        raw_files=_masked_files(request, mask),
    )


def masking_note() -> Callout:
    """Give what the report says of its own blinding."""
    return Callout(
        "Blinded",
        (
            "Images, wells and treatments bear the codes of the project. Doses, controls, plate "
            "positions and hashes of raw files are left out; they stand in the run folders.",
        ),
    )


def _masked_run(run: RunDocument) -> RunDocument:
    notes = {name: value for name, value in run.notes.items() if name not in _TELLING_NOTES}
    return replace(run, notes=notes)


def _masked_request(request: MeasureRequest, mask: Mask) -> MeasureRequest:
    fields = tuple(
        replace(item, well=mask.text(item.well), name=mask.text(item.name))
        for item in request.fields
    )
    return replace(request, fields=fields, plate=())


def _masked_files(request: MeasureRequest, mask: Mask) -> tuple[RawFile, ...]:
    images = (image for item in request.fields for image in item.channels.values())
    return tuple(dict.fromkeys(RawFile(mask.file(image.path), None) for image in images))


def _masked_statistic(row: StatisticRow, compounds: set[str], mask: Mask) -> StatisticRow:
    parts = (mask.text(part) if part in compounds else part for part in row.group.split(", "))
    return replace(row, group=", ".join(parts))
