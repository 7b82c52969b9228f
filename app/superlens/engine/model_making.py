"""From trained weights to a model: what its card says, how precisely its weights must be kept."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.cards import (
    Judgement,
    ModelCard,
    NormalisationKind,
    NormalisationRule,
    TrainedRange,
)
from superlens.core.errors import InvalidParameter
from superlens.core.jobs import Recipe
from superlens.core.method import Array, Claim, Method, MethodSpec, Run, TrainingData, Weights
from superlens.core.parameters import build
from superlens.core.records import ModelRef
from superlens.engine.versions import software_versions
from superlens.io.candidates import Candidate
from superlens.io.model_library import require_model_id
from superlens.prepare.phantom_training import trained_range

HALF_PRECISION_DB = 50.0
"""How close (PSNR) the answers of half-precision weights must be to those of the full ones."""

_NOT_SEEN = (
    "It was trained on {material}; structures, optics or artefacts that did not occur there may "
    "be restored wrongly without any sign."
)
CLAIM_LIMITS = {
    Claim.SINGLE_ANSWER: (
        "It gives one answer where many are possible: detail finer than the input resolves is "
        "averaged, or, where the training aimed at realism, invented.",
        "Its spread is the disagreement over flips and rotations: a mistake that all poses share "
        "does not show in it.",
    ),
    Claim.POSTERIOR: (
        "Its samples are plausible answers under what it was trained on; they are only as "
        "trustworthy as that is representative.",
    ),
    Claim.POPULATION_LEVEL: (
        "What it shows may be used for populations of images only, never for a single object.",
    ),
}
"""What every model says of its limits, by what its answers may claim."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model comes from, as its card says it."""

    material: str = "the images of its recipe"
    """Follows "it was trained on"."""
    base: ModelRef | None = None
    """The model that its training started from."""
    limits: tuple[str, ...] = ()
    """What the material keeps the model from, one sentence each."""

    @property
    def beginning(self) -> str:
        """What it started from as half a sentence, or nothing."""
        if self.base is None:
            return ""
        return f"starting from the model {self.base.id} ({self.base.sha256[:12]})"


def check_recipe(recipe: Recipe, spec: MethodSpec) -> None:
    """Refuse a recipe that the method cannot follow.

    Raises:
        InvalidParameter: the scale is not one of the method's, or the model has no usable id.
    """
    if recipe.scale not in spec.scales:
        known = ", ".join(f"x{scale}" for scale in spec.scales)
        raise InvalidParameter(
            f"{spec.title} does not make x{recipe.scale} models", f"Possible are: {known}"
        )
    require_model_id(recipe.model_id)


def half_is_enough(
    spec: MethodSpec, method: Method, weights: Weights, data: TrainingData, run: Run
) -> bool:
    """Whether half-precision weights answer within 50 dB of the full ones on validation data."""
    params = build(spec.restore_params, {})
    full = method.load(weights, run.device)
    half = method.load(_rounded(weights), run.device)
    for batch in data.validation() or (data.batch(0, 4),):
        for tile in batch.low:
            run.check()
            first = method.restore(full, tile, params, run).mean
            second = method.restore(half, tile, params, run).mean
            if _agreement_db(first, second) < HALF_PRECISION_DB:
                return False
    return True


def model_card(
    recipe: Recipe,
    spec: MethodSpec,
    rule: NormalisationRule,
    weights: Weights,
    origin: Origin = Origin(),
) -> ModelCard:
    """Give the card of a model trained from a recipe; its hashes are filled when it is saved."""
    versions = software_versions()
    made_with = (
        f"Superlens {versions.superlens}, torch {versions.libraries.get('torch', '?')}, "
        f"Python {versions.python}, {datetime.now(UTC).date().isoformat()}"
    )
    trained_on, material = _material(recipe, origin)
    return ModelCard(
        id=recipe.model_id,
        title=recipe.title,
        method=spec.id,
        scale=recipe.scale,
        claim=spec.claim,
        weights=(),
        sha256="",
        architecture=weights.architecture,
        normalisation=rule,
        trained_on=trained_on,
        limits=(
            _NOT_SEEN.format(material=material),
            *CLAIM_LIMITS[spec.claim],
            *_unit_limits(rule),
            *origin.limits,
        ),
        made_with=made_with,
        description=recipe.description,
    )


def candidate_card(card: ModelCard, candidate: Candidate) -> ModelCard:
    """Give the card of a candidate from that of the finished model: it can be installed as well."""
    scores = tuple(
        Judgement("Validation during the training", measure, value)
        for measure, value in candidate.scores.items()
    )
    return replace(
        card,
        id=f"{card.id}.{candidate.name}",
        title=f"{card.title} ({candidate.name})",
        judgements=scores,
    )


def _material(recipe: Recipe, origin: Origin) -> tuple[TrainedRange, str]:
    seen = ", ".join(text for text in (origin.material, origin.beginning) if text)
    if recipe.phantom is None:
        return TrainedRange(note=seen), seen
    trained = trained_range(recipe.phantom)
    note = ", ".join(text for text in (trained.note, origin.beginning) if text)
    return replace(trained, note=note), seen


def _unit_limits(rule: NormalisationRule) -> tuple[str, ...]:
    if rule.kind is not NormalisationKind.FIXED:
        return ()
    expected = (
        f"It expects camera counts as in its training images (about {rule.low:g} to "
        f"{rule.high:g}): images of another exposure, gain or bit depth are misread."
    )
    if rule.output is None:
        return (expected,)
    return (
        expected,
        "Its answers are in the units of the high-resolution images that it learnt from, so that "
        "the brightness of the input is not conserved.",
    )


def _rounded(weights: Weights) -> Weights:
    parts = {
        part: {name: _through_half(tensor) for name, tensor in tensors.items()}
        for part, tensors in weights.parts.items()
    }
    return Weights(parts, weights.architecture)


def _through_half(tensor: NDArray[Any]) -> NDArray[Any]:
    fits = tensor.dtype == np.float32 and np.abs(tensor).max(initial=0) <= np.finfo(np.float16).max
    return tensor.astype(np.float16).astype(np.float32) if fits else tensor


def _agreement_db(first: Array, second: Array) -> float:
    error = float(np.mean((first.astype(np.float64) - second) ** 2))
    span = float(first.max() - first.min())
    return 10 * math.log10(span**2 / error) if error > 0 and span > 0 else math.inf
