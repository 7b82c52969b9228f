"""From finished runs to the document that both outputs print: reading, order of parts, number.

Qt-free and torch-free; reads run folders and the raw files they name, writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from superlens import __version__
from superlens.core.blinding import Mask
from superlens.core.errors import InvalidInput
from superlens.core.jobs import JobKind, JobState
from superlens.io.runs import RunDocument, read_run
from superlens.report import words
from superlens.report.blocks import (
    Block,
    Callout,
    Columns,
    Document,
    KeyNumber,
    KeyNumbers,
    Rule,
    Signatures,
    SimpleBlock,
    Text,
)
from superlens.report.checklist import Fulfilment, make_checklist
from superlens.report.evaluate_evidence import EvaluateEvidence, read_evaluation
from superlens.report.evaluate_section import (
    evaluate_details,
    evaluate_figures,
    evaluate_fulfilment,
    evaluate_key_numbers,
    evaluate_subtitle,
)
from superlens.report.evaluate_text import (
    evaluate_limits,
    evaluate_methods,
    evaluate_particulars,
    evaluate_raw_files,
)
from superlens.report.evidence import RestoreEvidence, read_restoration
from superlens.report.masking import masked_measurement, masked_restoration, masking_note
from superlens.report.measure_evidence import MeasureEvidence, read_measurement
from superlens.report.measure_section import (
    measure_details,
    measure_figures,
    measure_fulfilment,
    measure_key_numbers,
    measure_subtitle,
)
from superlens.report.measure_text import measure_limits, measure_methods
from superlens.report.pair_evidence import PairEvidence, read_pair_check
from superlens.report.pair_section import (
    pair_details,
    pair_figures,
    pair_fulfilment,
    pair_key_numbers,
    pair_limits,
    pair_methods,
    pair_particulars,
    pair_subtitle,
)
from superlens.report.provenance import (
    RawFile,
    attachments,
    facts,
    measure_particulars,
    report_number,
    restore_particulars,
)
from superlens.report.restore_section import (
    figure_labels,
    restore_details,
    restore_figures,
    restore_fulfilment,
    restore_key_numbers,
    restore_subtitle,
)
from superlens.report.restore_text import restore_limits, restore_methods

_MOST_KEY_NUMBERS = 8
_SUPER_RESOLVED = "Every super-resolved image in this report is computationally super-resolved."


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Everything that was read for one report."""

    runs: tuple[tuple[Path, RunDocument], ...]
    restored: tuple[RestoreEvidence, ...]
    measured: tuple[MeasureEvidence, ...]
    judged: tuple[EvaluateEvidence, ...]
    paired: tuple[PairEvidence, ...]


def build_document(runs: Sequence[Path], title: str = "", mask: Mask | None = None) -> Document:
    """Give the report over some finished runs.

    Args:
        runs: folders of restorations, measurements, evaluations and examinations of pairs, in the
            order of their appearance.
        title: of the report; made from the runs where empty.
        mask: codes in place of names, for a blinded project; then nothing is attached.

    Raises:
        MissingFile: a folder holds no finished run.
        InvalidInput: there is no run, one whose kind has no report, or one without its results.
    """
    evidence = _read(runs)
    if mask is not None:
        evidence = _masked(evidence, mask)
    return Document(
        title=title.strip() or _title(evidence),
        subtitle=_subtitle(evidence),
        number=report_number(evidence.runs),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        software=f"Superlens {__version__}",
        blocks=(*(() if mask is None else (masking_note(),)), *_blocks(evidence)),
        attachments=attachments(evidence.runs) if mask is None else (),
    )


def _read(folders: Sequence[Path]) -> _Evidence:
    if not folders:
        raise InvalidInput("There is no run to report on", "Choose at least one run folder")
    runs = tuple((folder, _finished(folder)) for folder in folders)
    restored: list[RestoreEvidence] = []
    measured: list[MeasureEvidence] = []
    judged: list[EvaluateEvidence] = []
    paired: list[PairEvidence] = []
    for folder, run in runs:
        match run.kind:
            case JobKind.RESTORE:
                restored.append(read_restoration(folder, run))
            case JobKind.MEASURE:
                measured.append(read_measurement(folder, run))
            case JobKind.EVALUATE:
                judged.append(read_evaluation(folder, run))
            case JobKind.PAIR_CHECK:
                paired.append(read_pair_check(folder, run))
            case _:
                raise InvalidInput(
                    f"{folder} holds a run of kind {run.kind.value!r}, which has no report",
                    "Choose folders of restorations, measurements, evaluations or pairs",
                )
    return _Evidence(runs, tuple(restored), tuple(measured), tuple(judged), tuple(paired))


def _masked(evidence: _Evidence, mask: Mask) -> _Evidence:
    if evidence.judged or evidence.paired:
        what = "evaluation of a model" if evidence.judged else "examination of pairs"
        raise InvalidInput(
            f"The {what} names its pictures and has no blinded report",
            "Leave it out, or unblind the project first",
        )
    return replace(
        evidence,
        restored=tuple(masked_restoration(one, mask) for one in evidence.restored),
        measured=tuple(masked_measurement(one, mask) for one in evidence.measured),
    )


def _finished(folder: Path) -> RunDocument:
    run = read_run(folder)
    if run.ending is not JobState.DONE:
        raise InvalidInput(
            f"The run in {folder} did not finish ({run.ending.value})", "Run it again first"
        )
    return run


def _title(evidence: _Evidence) -> str:
    if evidence.measured:
        return evidence.measured[0].spec_title
    if evidence.judged and not evidence.restored:
        models = [model.id for one in evidence.judged for model in one.models]
        return f"Evaluation of {words.listed(list(dict.fromkeys(models)))}"
    if evidence.paired and not evidence.restored:
        count = sum(len(one.report.findings) for one in evidence.paired)
        return f"Examination of {words.plural(count, 'pair')}"
    names = [one.input_name for one in evidence.restored]
    if len(names) == 1:
        return f"Super-resolution of {words.shortened(names[0])}"
    return f"Super-resolution of {words.plural(len(names), 'image')}"


def _subtitle(evidence: _Evidence) -> str:
    parts = [measure_subtitle(one) for one in evidence.measured]
    parts += [restore_subtitle(one) for one in evidence.restored]
    parts += [evaluate_subtitle(one) for one in evidence.judged]
    parts += [pair_subtitle(one) for one in evidence.paired]
    if evidence.restored or any(one.request.model is not None for one in evidence.measured):
        parts.append(_SUPER_RESOLVED)
    return " ".join(parts)


def _blocks(evidence: _Evidence) -> tuple[Block, ...]:
    next_label = figure_labels()
    blocks: list[Block] = [KeyNumbers(_key_numbers(evidence))]
    for one in evidence.restored:
        blocks += restore_figures(one, next_label)
    blocks += measure_figures(evidence.measured, next_label)
    for judged in evidence.judged:
        blocks += evaluate_figures(judged, next_label)
    for paired in evidence.paired:
        blocks += pair_figures(paired, next_label)
    blocks += [
        Rule(),
        Columns((Text("Methods", _methods(evidence)),), (_checklist(evidence),)),
        Rule(),
        _facts(evidence),
        Callout("What may be said", _limits(evidence)),
        *_details(evidence),
        Signatures(),
    ]
    return tuple(blocks)


def _key_numbers(evidence: _Evidence) -> tuple[KeyNumber, ...]:
    numbers: list[KeyNumber] = []
    for measured in evidence.measured:
        numbers += measure_key_numbers(measured, len(evidence.measured) > 1)
    for restored in evidence.restored[:1]:
        numbers += restore_key_numbers(restored)
    for judged in evidence.judged[:1]:
        numbers += evaluate_key_numbers(judged)
    for paired in evidence.paired[:1]:
        numbers += pair_key_numbers(paired)
    return tuple(numbers[:_MOST_KEY_NUMBERS])


def _methods(evidence: _Evidence) -> tuple[str, ...]:
    return _each_once(
        [restore_methods(one) for one in evidence.restored]
        + [measure_methods(one) for one in evidence.measured]
        + [evaluate_methods(one) for one in evidence.judged]
        + [pair_methods(one) for one in evidence.paired]
    )


def _limits(evidence: _Evidence) -> tuple[str, ...]:
    found: list[str] = []
    for restored in evidence.restored:
        found += restore_limits(restored)
    for measured in evidence.measured:
        found += measure_limits(measured)
    for judged in evidence.judged:
        found += evaluate_limits(judged)
    for paired in evidence.paired:
        found += pair_limits(paired)
    return _each_once(found)


def _each_once(sentences: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))


def _checklist(evidence: _Evidence) -> SimpleBlock:
    fulfilments: list[Fulfilment] = [restore_fulfilment(one) for one in evidence.restored]
    fulfilments += [measure_fulfilment(one) for one in evidence.measured]
    fulfilments += [evaluate_fulfilment(one) for one in evidence.judged]
    fulfilments += [pair_fulfilment(one) for one in evidence.paired]
    return make_checklist(fulfilments)


def _facts(evidence: _Evidence) -> SimpleBlock:
    raw: list[RawFile] = []
    models: list[tuple[str, str]] = []
    for restored in evidence.restored:
        raw.append(RawFile(restored.input_name, restored.input_sha256))
        models.append((restored.request.model.id, restored.model_sha256))
    for measured in evidence.measured:
        raw += measured.raw_files
        if measured.request.model is not None:
            models.append((measured.request.model.id, measured.model_sha256))
    for judged in evidence.judged:
        raw += evaluate_raw_files(judged)
        models += [(model.id, model.sha256) for model in judged.models]
    for paired in evidence.paired:
        raw += paired.raw_files
    return facts(tuple(dict.fromkeys(raw)), models[0] if models else None, evidence.runs[-1][1])


def _details(evidence: _Evidence) -> list[Block]:
    blocks: list[Block] = []
    for measured in evidence.measured:
        blocks += measure_details(measured)
    for restored in evidence.restored:
        blocks += restore_details(restored)
    for judged in evidence.judged:
        blocks += evaluate_details(judged)
    for paired in evidence.paired:
        blocks += pair_details(paired)
    for restored in evidence.restored:
        blocks.append(restore_particulars(restored))
    for measured in evidence.measured:
        blocks.append(measure_particulars(measured.request, measured.run, measured.raw_files))
    blocks += [evaluate_particulars(judged) for judged in evidence.judged]
    blocks += [pair_particulars(paired) for paired in evidence.paired]
    return blocks
