"""The model card: what a model is, learnt from, may claim, and how it was judged."""

from dataclasses import dataclass, field
from enum import StrEnum

from superlens.core.method import Claim
from superlens.core.parameters import ParameterValue
from superlens.core.records import ModelRef


class NormalisationKind(StrEnum):
    """How camera counts become what the network sees."""

    IMAGE_PERCENTILES = "image_percentiles"
    """Percentiles of each scene and channel over its whole stack: low to 0, high to 1."""
    FIXED = "fixed"
    """The same two values for every image, learnt from the training set."""


@dataclass(frozen=True, slots=True)
class NormalisationRule:
    """A linear map of intensities, without clipping."""

    kind: NormalisationKind
    low: float
    """Percentile (0..100), or a value in camera counts."""
    high: float
    output: tuple[float, float] | None = None
    """Of a fixed rule: what 0 and 1 of the answer stand for, in counts of the high-resolution
    images that the model learnt from. None: the answer is in the units of the input."""


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One shard of weights."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class TrainedRange:
    """What the training images were like: the domain that a guard compares with."""

    structures: tuple[str, ...] = ()
    pixel_nm: tuple[float, float] | None = None
    photons: tuple[float, float] | None = None
    blur_px: tuple[float, float] | None = None
    """Blur (sigma of a Gaussian) of the low-resolution images in low-resolution pixels."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One row of how the model was judged, as a command printed it."""

    data: str
    measure: str
    value: float
    rivals: dict[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class Calibration:
    """How honest a model's spread was on held-out fields."""

    data: str
    """What it was measured on, in words."""
    samples: int
    """Samples behind each spread."""
    fields: int
    """Held-out fields, none of them trained on; half of them made the factor, half measured it."""
    levels: tuple[float, ...]
    """Nominal levels of the central intervals, such as 0.5, 0.68, 0.9, 0.95."""
    coverage_before: tuple[float, ...]
    """Share of true values inside the raw interval of each level."""
    coverage_after: tuple[float, ...]
    """The same with the spread multiplied by `factor`."""
    factor: float
    """What the shown spread is multiplied by; 1 where nothing is corrected."""
    ence: float
    """Expected normalised calibration error after the correction; 0 is perfect."""
    ause: float
    """Area under the sparsification error, between 0 (the spread ranks the errors) and about 1."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """`card.json` of a model folder."""

    id: str
    title: str
    method: str
    scale: int
    claim: Claim
    weights: tuple[WeightsFile, ...]
    sha256: str
    """Of the concatenated shard hashes, in order: the identity of the weights."""
    architecture: dict[str, ParameterValue]
    normalisation: NormalisationRule
    trained_on: TrainedRange
    limits: tuple[str, ...]
    """What the model cannot do, in plain sentences; printed in every report."""
    judgements: tuple[Judgement, ...] = ()
    licence: str = "BSD-3-Clause"
    made_with: str = ""
    """Superlens and torch versions, device, date."""
    description: str = ""
    calibration: Calibration | None = None
    """None where nobody measured whether the spread of the samples is honest."""
    format: int = 1

    @property
    def ref(self) -> ModelRef:
        """Which model exactly."""
        return ModelRef(self.id, self.sha256)
