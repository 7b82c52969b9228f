"""What may be said of a restoration at a glance: chips from the notes of its run. No Qt widgets."""

from superlens.core.cards import ModelCard
from superlens.gui.viewer.comparison import RestoredRun
from superlens.gui.widgets.chip import ChipState, ChipText

CONSISTENT_CHI2 = 1.5
"""Up to this mean squared residual, in units of the expected noise, a result fits its raw image."""

_NOT_CHECKED = "Not checked: this version has no check for it."


def run_chips(run: RestoredRun, card: ModelCard | None) -> tuple[ChipText, ...]:
    """Give the chips under the panes: judgements first, then plain facts."""
    warnings = run.document.result.warnings
    chips = [_domain(run, card), _consistency(run), _calibration()]
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


def _calibration() -> ChipText:
    return ChipText(ChipState.PLAIN, "Calibration not checked", _NOT_CHECKED, "circle")


def _seed_and_samples(run: RestoredRun) -> ChipText:
    used = run.document.notes.get("samples_used")
    samples = used if isinstance(used, int) else 0
    text = f"{samples} samples" if samples > 1 else "single answer"
    return ChipText(
        ChipState.PLAIN,
        f"Seed {run.request.seed} · {text}",
        f"{run.spread_label}. The same seed gives the same picture on the same device."
        if samples > 1
        else "One answer without a spread. The same request gives the same picture again.",
        "hash",
        at_right=True,
    )
