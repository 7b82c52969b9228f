"""What may be said of a restoration at a glance: chips from the notes of its run. No Qt widgets."""

import math

from superlens.core.cards import Calibration, ModelCard
from superlens.core.errors import InvalidParameter
from superlens.core.method import Claim
from superlens.core.parameters import build
from superlens.gui.viewer.comparison import RestoredRun
from superlens.gui.widgets.chip import ChipState, ChipText
from superlens.gui.words import calibration_words
from superlens.methods.catalogue import method_spec

CONSISTENT_CHI2 = 1.5
"""Up to this mean squared residual, in units of the expected noise, a result fits its raw image."""


def run_chips(run: RestoredRun, card: ModelCard | None) -> tuple[ChipText, ...]:
    """Give the chips under the panes: judgements first, then plain facts."""
    warnings = run.document.result.warnings
    chips = [_domain(run, card), _consistency(run), _calibration(run, card)]
    if warnings:
        count = f"{len(warnings)} warnings" if len(warnings) > 1 else "1 warning"
        chips.append(ChipText(ChipState.WARN, count, "\n".join(warnings), "warning"))
    chips.append(_seed_and_samples(run))
    return tuple(chips)


def _domain(run: RestoredRun, card: ModelCard | None) -> ChipText:
    pixel_um = run.document.notes.get("pixel_size_um")
    trained = card.trained_on.pixel_nm if card is not None else None
    if trained is None or not isinstance(pixel_um, int | float):
        reason = "the pixel size is unknown" if trained else "the model states no range"
        return ChipText(ChipState.PLAIN, "Domain not checked", f"Not checked: {reason}.", "circle")
    low, high = trained
    nm = pixel_um * 1000
    span = f"trained on {low:g} to {high:g} nm, this image has {nm:.4g} nm per pixel"
    if low * 0.95 <= nm <= high * 1.05:
        return ChipText(
            ChipState.OK,
            "Pixel size in domain",
            f"The pixel size is in the range of the model: {span}. Structure and noise "
            "are not checked.",
            "check-circle",
        )
    return ChipText(
        ChipState.WARN,
        "Pixel size out of domain",
        f"The model was {span}. Do not interpret fine detail.",
        "warning",
    )


def _consistency(run: RestoredRun) -> ChipText:
    chi2 = run.document.notes.get("consistency_chi2")
    if not isinstance(chi2, int | float):
        return ChipText(
            ChipState.PLAIN, "Consistency not checked", "This run holds no residual.", "circle"
        )
    over = run.document.notes.get("consistency_over_3")
    share = f" {over:.1%} of the pixels differ by more than 3 σ." if isinstance(over, float) else ""
    explained = (
        "The result, blurred and binned back, differs from the raw image by "
        f"χ² = {_chi2_text(chi2)} times the expected noise.{share}"
    )
    if chi2 <= CONSISTENT_CHI2:
        return ChipText(
            ChipState.OK, f"Consistent with raw  χ² {_chi2_text(chi2)}", explained, "check-circle"
        )
    return ChipText(
        ChipState.WARN,
        f"Differs from raw  χ² {_chi2_text(chi2)}",
        f"{explained} Look at the residual before you trust the picture.",
        "warning",
    )


def _chi2_text(chi2: float) -> str:
    """Give χ² in three digits; far beyond any agreement the number itself says nothing."""
    return f"{chi2:.2f}" if chi2 < 100 else "over 100"


def _calibration(run: RestoredRun, card: ModelCard | None) -> ChipText:
    if run.samples < 2:
        return _not_calibrated("Not checked: this run has no spread.")
    found = None if card is None else card.calibration
    words = calibration_words(card)
    if card is None or found is None or not words.held:
        return _not_calibrated(words.sentence)
    factor = run.document.notes.get("spread_factor")
    if not isinstance(factor, int | float) or not math.isclose(factor, found.factor):
        return _not_calibrated(
            "The model was calibrated after this run was made. Super-resolve again to see the "
            "corrected spread."
        )
    beyond = _beyond_calibration(run, card, found)
    if beyond:
        explained = f"{beyond} {words.sentence}"
        return ChipText(ChipState.WARN, "Beyond calibration", explained, "warning")
    ends = run.label("interval_label")
    explained = words.sentence + (f" Ends of the 90 % interval: {ends}." if ends else "")
    if words.is_honest:
        return ChipText(ChipState.OK, f"Calibrated  {words.held}", explained, "check-circle")
    return ChipText(ChipState.WARN, f"90 % interval holds {words.held}", explained, "warning")


def _not_calibrated(explanation: str) -> ChipText:
    return ChipText(ChipState.PLAIN, "Not calibrated", explanation, "circle")


def _beyond_calibration(run: RestoredRun, card: ModelCard, found: Calibration) -> str:
    """Say how the spread was made in another way than it was calibrated in, or nothing."""
    if run.samples < found.samples:
        return (
            f"{run.samples} samples were drawn, the calibration had {found.samples}: intervals "
            "hold the truth less often than they say."
        )
    try:
        params = method_spec(card.method).restore_params
        is_usual = build(params, run.request.params) == build(params, {})
    except InvalidParameter:  # a method, or a parameter of it, that is not here any more
        is_usual = False
    if is_usual:
        return ""
    return "The calibration had the usual settings of the method, this run had others."


def _seed_and_samples(run: RestoredRun) -> ChipText:
    seed = f"Seed {run.request.seed}"
    if run.samples > 1:
        text = f"{run.samples} samples"
        explained = f"{run.spread_label}. The same seed gives the same picture on the same device."
    elif run.document.notes.get("claim") == Claim.POSTERIOR:
        text = "one sample"
        explained = "One sample of many possible ones, without a spread; another seed gives another"
    else:
        text = "single answer"
        explained = "One answer without a spread. The same request gives the same picture again."
    return ChipText(ChipState.PLAIN, f"{seed} · {text}", explained, "hash", at_right=True)
