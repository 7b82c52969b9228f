"""Plain sentences about an evaluation: how it was made and what may be said about it.

Evidence in, strings out.
"""

from pathlib import Path

from superlens.report import words
from superlens.report.blocks import Particulars
from superlens.report.evaluate_evidence import EvaluateEvidence
from superlens.report.provenance import RawFile, raw_rows, run_rows
from superlens.report.restore_text import card_limits, parameters_text, sentence

_FEWEST_FIELDS = 5
"""With fewer the interval over fields is itself hardly known."""


def evaluate_methods(evidence: EvaluateEvidence) -> str:
    """Give the methods paragraph of an evaluation."""
    evaluation = evidence.evaluation
    first = evaluation.rows[0]
    models = words.listed([model.id for model in evidence.models])
    level = words.percent(evaluation.level)
    parts = [
        f"{models} and bicubic interpolation were compared with the truth on"
        f" {words.plural(first.n, 'image')} of {words.plural(first.fields, 'field')}.",
        f"Intervals of {level} come from drawing whole fields with replacement,"
        " because images of one field are not independent.",
        "The data range is that of each truth; nothing was cropped, clipped or rounded.",
    ]
    parts += [
        f"{words.listed(list(one.labels))} rest on {one.dimensions} features of"
        f" {words.count(one.patches)} patches of {one.input_px} px, network {one.id}"
        f" (sha256 {words.short_hash(one.sha256)})."
        for one in evaluation.features
    ]
    return " ".join(parts)


def evaluate_limits(evidence: EvaluateEvidence) -> tuple[str, ...]:
    """Give what may and may not be said about an evaluation."""
    evaluation = evidence.evaluation
    found: list[str] = []
    fields = evaluation.rows[0].fields
    if fields < 2:
        found.append("All images show one field, so that nothing can be said of other fields.")
    elif fields < _FEWEST_FIELDS:
        found.append(
            f"{words.plural(fields, 'field')} are few: the intervals are themselves uncertain."
        )
    found.append(
        "The numbers hold for images like these, taken with the same microscope and settings."
    )
    if evaluation.measure("rsp") is not None:
        found.append(
            "RSP and NRSE cannot see detail that was invented finer than the optics resolve; the"
            " input agrees with itself by definition."
        )
    found += [
        sentence(f"{one.labels[0]}: {one.remark}") for one in evaluation.features if one.remark
    ]
    if not evaluation.features:
        found.append("Distances between sets of images were not taken: no feature network is here.")
    for card in evidence.cards:
        found.extend(card_limits(card))
    found += [sentence(warning) for warning in evidence.run.result.warnings]
    return tuple(found)


def evaluate_raw_files(evidence: EvaluateEvidence) -> tuple[RawFile, ...]:
    """Give the files that the evaluation read."""
    found: list[RawFile] = []
    for pair in evidence.request.pairs:
        found.append(RawFile(_name(pair.low), pair.low_sha256))
        found += [RawFile(_name(other.name), other.sha256) for other in pair.low_others]
        found.append(RawFile(_name(pair.high), pair.high_sha256))
    return tuple(dict.fromkeys(found))


def evaluate_particulars(evidence: EvaluateEvidence) -> Particulars:
    """Give the full provenance of an evaluation."""
    request = evidence.request
    rows = [*raw_rows(evaluate_raw_files(evidence))]
    for model in evidence.models:
        rows += [("Model", model.id), ("SHA-256 of the model", model.sha256)]
    rows.append(("Parameters", parameters_text(request.params)))
    rows.append(("Samples per image", str(request.samples)))
    rows.append(("Seed", str(request.seed)))
    settings = evidence.evaluation.settings.items()
    rows += [(sentence(name).rstrip("."), text) for name, text in settings if name != "samples"]
    rows += run_rows(evidence.run)
    models = words.listed([model.id for model in evidence.models])
    return Particulars(f"Provenance: evaluation of {models}", tuple(rows))


def _name(path: str) -> str:
    """Give a file with its folder: low and high ones often bear the same name."""
    return "/".join(Path(path).parts[-2:])
