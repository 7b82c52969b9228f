"""Plain sentences about a restoration: how it was made and what may be said about it.

Evidence in, strings out.
"""

from superlens.core.cards import ModelCard
from superlens.core.errors import SuperlensError
from superlens.core.method import Citation, Claim, MethodSpec, Tiling
from superlens.core.parameters import ParameterValue
from superlens.core.units import PixelSizeOrigin
from superlens.report import words
from superlens.report.calibration_section import calibration_limit
from superlens.report.evidence import RestoreEvidence
from superlens.report.restore_section import spread_words

_ORIGIN_WORDS = {
    PixelSizeOrigin.VERIFIED: "entered or confirmed by the user",
    PixelSizeOrigin.REPORTED: "as reported by the file",
}
_CHI2_LIMIT = 1.5
"""Above it the report says that the two images disagree; noise alone gives 1."""

CLAIM_SENTENCES = {
    Claim.SINGLE_ANSWER: (
        "The super-resolved image is the single answer of a trained network. Images treated alike"
        " can be compared; detail finer than the raw image resolves is inferred from the training"
        " images, not observed."
    ),
    Claim.POSTERIOR: (
        "The super-resolved image is the mean of samples from what the trained network holds"
        " possible. Detail on which the samples differ must not be interpreted."
    ),
    Claim.POPULATION_LEVEL: (
        "This is a population-level reconstruction: measure groups, do not interpret single"
        " structures."
    ),
}


def restore_methods(evidence: RestoreEvidence) -> str:
    """Give the methods paragraph of a restoration."""
    return " ".join(
        (
            _what_was_done(evidence),
            _how_intensities(evidence),
            _how_sampled(evidence),
            "For the check against the raw data it was blurred and binned back to the raw pixels,"
            " and what remained of the raw image was divided by the noise expected there.",
        )
    )


def restore_limits(evidence: RestoreEvidence) -> tuple[str, ...]:
    """Give what may and may not be said about a restoration, one sentence or two each."""
    found = [CLAIM_SENTENCES[claim_of(evidence)]]
    if evidence.channels and evidence.channels[0].spread is not None:
        found.append(_spread_limit(evidence))
    found.extend(_consistency_limit(evidence))
    if evidence.card is None:
        found.append(
            f"The card of the model {evidence.request.model.id} is not on this computer, so its own"
            " limits cannot be printed here."
        )
    else:
        found.extend(card_limits(evidence.card))
    if evidence.raw_problem:
        found.append(f"The raw image is not shown: {evidence.raw_problem}.")
    found.extend(sentence(warning) for warning in evidence.run.result.warnings)
    return tuple(found)


def card_limits(card: ModelCard) -> tuple[str, ...]:
    """Give the limits that a model's card states, as one paragraph; none where it states none."""
    if not card.limits:
        return ()
    limits = " ".join(sentence(limit) for limit in card.limits)
    return (f"Limits of the model {card.title}, as its card states them: {limits}",)


def claim_of(evidence: RestoreEvidence) -> Claim:
    """Give what may be claimed for a run: by its notes, else its model's card, else the least."""
    noted = str(evidence.note("claim") or "")
    if noted in set(Claim):
        return Claim(noted)
    return evidence.card.claim if evidence.card is not None else Claim.SINGLE_ANSWER


def spec_of(method_id: str) -> MethodSpec | None:
    """Give the spec of a method, or None where this version does not know it."""
    from superlens.methods.catalogue import method_spec

    try:
        return method_spec(method_id)
    except SuperlensError:
        return None


def cited(source: Citation) -> str:
    """Give a source as in a running text, such as `(Wang et al. 2021)`."""
    first = source.authors.split(",")[0].split()[0]
    more = " et al." if "," in source.authors or "&" in source.authors else ""
    return f"({first}{more} {source.year})"


def citation_text(source: Citation) -> str:
    """Give a source as in a list of references."""
    doi = f", doi {source.doi}" if source.doi else ""
    return f"{source.authors}: {source.title}. {source.journal}, {source.year}{doi}"


def sentence(text: str) -> str:
    """Give a text with a capital at its beginning and a full stop at its end."""
    plain = text.strip()
    return plain[:1].upper() + plain[1:] + ("" if plain.endswith((".", "!", "?")) else ".")


def parameters_text(params: dict[str, ParameterValue]) -> str:
    """Give parameters as `name = value` in one line."""
    shown = {
        name: "automatic" if value is None else value for name, value in sorted(params.items())
    }
    return ", ".join(f"{name} = {value}" for name, value in shown.items()) or "none"


def pixel_size_text(evidence: RestoreEvidence) -> str:
    """Give the raw pixel size and where it is known from."""
    if evidence.pixel_um is None:
        return "not known, lengths are in raw pixels"
    origin = str(evidence.note("pixel_size_origin") or "")
    known = _ORIGIN_WORDS[PixelSizeOrigin(origin)] if origin in _ORIGIN_WORDS else ""
    return f"{words.length_um(evidence.pixel_um)}{f', {known}' if known else ''}"


def _what_was_done(evidence: RestoreEvidence) -> str:
    channel = evidence.request.input.channel
    model = evidence.request.model
    title = f"{evidence.card.title} ({model.id})" if evidence.card is not None else model.id
    method = spec_of(str(evidence.note("method_id") or ""))
    by = f", method {method.title} {cited(method.source)}" if method is not None else ""
    which = f", channel {channel + 1}," if channel is not None else ""
    roi = evidence.request.roi
    region = f" (region of {roi.width} × {roi.height} px)" if roi is not None else ""
    if evidence.pixel_um is None or evidence.sr_pixel_um is None:
        size = "; its pixel size is not known"
    else:
        coarse, fine = words.length_um(evidence.pixel_um), words.length_um(evidence.sr_pixel_um)
        size = f", from {coarse} to {fine} per pixel"
    return (
        f"{evidence.input_name}{which}{region} was computationally super-resolved"
        f" {evidence.scale}×{size}, with the model {title}{by}."
    )


def _how_intensities(evidence: RestoreEvidence) -> str:
    low, high = evidence.note("normalisation_low"), evidence.note("normalisation_high")
    tile = evidence.note("tile")
    method = spec_of(str(evidence.note("method_id") or ""))
    tiles = f"; tiles of {tile} raw pixels were blended where they overlap" if tile else ""
    if method is not None and method.tiling is Tiling.INTERNAL:
        tiles = "; the image was sampled as a whole, so that there are no tiles to be blended"
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return f"Intensities were scaled linearly once per image and channel{tiles}."
    return (
        f"Intensities were scaled linearly once per image ({words.number(low)} to 0,"
        f" {words.number(high)} to 1) and back to counts afterwards{tiles}."
    )


def _how_sampled(evidence: RestoreEvidence) -> str:
    used = evidence.samples_used
    if used < 2:
        what = "single answer"
        if claim_of(evidence) is Claim.POSTERIOR:
            what = "first sample, one of many possible ones,"
        return f"The network’s {what} is shown (seed {evidence.request.seed})."
    interval = evidence.note("interval_label")
    ends = f" The ends of the 90 % interval: {interval}." if interval else ""
    return (
        f"Mean and spread are over {used} answers ({spread_words(evidence)}; seed"
        f" {evidence.request.seed}).{ends}"
    )


def _spread_limit(evidence: RestoreEvidence) -> str:
    method = spec_of(str(evidence.note("method_id") or ""))
    if method is None or method.sampling is None:
        return f"The spread is {spread_words(evidence)}."
    is_posterior = claim_of(evidence) is Claim.POSTERIOR
    end = f" {calibration_limit(evidence.card)}" if is_posterior else " It is not a posterior."
    return f"The spread is {spread_words(evidence)}: {_lower(method.sampling.meaning)}{end}"


def _consistency_limit(evidence: RestoreEvidence) -> tuple[str, ...]:
    chi2 = evidence.note("consistency_chi2")
    if not isinstance(chi2, int | float):
        return ("Consistency with the raw image was not checked.",)
    if chi2 > _CHI2_LIMIT:
        return (
            "Super-resolved and raw image differ by more than noise explains"
            f" (χ² {words.number(chi2)}); the residual map shows where.",
        )
    return (
        "The raw image supports the super-resolved one as far as it can: detail finer than the"
        " optics leaves no trace in it, so that invented detail that fine would not be seen by this"
        " check.",
    )


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
