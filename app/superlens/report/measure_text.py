"""Plain sentences about a measurement: how it was made and what may be said about it.

Evidence in, strings out.
"""

from superlens.report import words
from superlens.report.measure_evidence import MeasureEvidence
from superlens.report.restore_text import CLAIM_SENTENCES, card_limits, cited, sentence

_SOURCE_WORDS = {
    "cells": "the scatter between cells",
    "fields": "the scatter between fields",
    "reconstruction": "what the super-resolution leaves open",
}


def measure_methods(evidence: MeasureEvidence) -> str:
    """Give the methods paragraph of a measurement."""
    return " ".join(
        part for part in (_what(evidence), _features(evidence), _intervals(evidence)) if part
    )


def measure_limits(evidence: MeasureEvidence) -> tuple[str, ...]:
    """Give what may and may not be said about a measurement, one sentence or two each."""
    found: list[str] = []
    model = evidence.request.model
    if model is None:
        found.append(
            "The numbers were measured on the raw images; no super-resolution took part in them."
        )
    elif evidence.card is not None:
        found.append(CLAIM_SENTENCES[evidence.card.claim])
        found.extend(card_limits(evidence.card))
    else:
        found.append(
            f"The card of the model {model.id} is not on this computer, so its own limits cannot be"
            " printed here."
        )
    if model is not None and "reconstruction" not in evidence.sources:
        found.append("The intervals do not hold the uncertainty of the super-resolution.")
    empty = [well.well for well in evidence.wells if not well.n_objects]
    if empty:
        found.append(f"Nothing could be measured in {words.listed(_shortened(empty))}.")
    found.extend(sentence(warning) for warning in evidence.run.result.warnings)
    return tuple(found)


def _what(evidence: MeasureEvidence) -> str:
    request = evidence.request
    fields = words.plural(len(request.fields), "field")
    wells = words.plural(len({field.well for field in request.fields}), "well")
    by = ""
    if evidence.spec is not None:
        by = f" {cited(evidence.spec.source)}"
    on = (
        "on the raw images"
        if request.model is None
        else f"after super-resolution by {request.model.id}"
    )
    return f"{evidence.spec_title}{by} was measured in {fields} of {wells}, {on}."


def _features(evidence: MeasureEvidence) -> str:
    if evidence.spec is None:
        return ""
    headline = evidence.spec.headline
    return f"{headline.title}: {headline.meaning[:1].lower()}{headline.meaning[1:]}."


def _intervals(evidence: MeasureEvidence) -> str:
    level = f"{100 * evidence.request.level:g} %"
    held = [_SOURCE_WORDS.get(source, source) for source in evidence.sources]
    if not held:
        return f"The value of a well is its median; intervals are {level} intervals."
    return (
        f"The value of a well is its median; {level} intervals hold {words.listed(held)} (seed"
        f" {evidence.request.seed}).{_shares(evidence)}"
    )


def _shares(evidence: MeasureEvidence) -> str:
    """Give where the width of the intervals comes from, if it comes from more than one source."""
    if len(evidence.shares) < 2:
        return ""
    parts = [f"{words.percent(share)} {name}" for name, share in evidence.shares.items()]
    return f" On average the variance of a well comes from: {', '.join(parts)}."


def _shortened(names: list[str]) -> list[str]:
    return names if len(names) <= 8 else [*names[:8], f"{len(names) - 8} more wells"]
