"""The degradations there are: an explicit list, and pictures of what each of them does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from superlens.core.cards import NormalisationKind, NormalisationRule
from superlens.core.catalogue import entry_of
from superlens.core.jobs import Degradation
from superlens.core.method import Array
from superlens.core.parameters import ParameterValue, build
from superlens.prepare.degradations.confocal import Confocal, ConfocalSettings
from superlens.prepare.degradations.pipeline import DegradationPipeline, Physics, Stage
from superlens.prepare.degradations.real_esrgan import RealEsrgan
from superlens.prepare.degradations.real_esrgan_settings import RealEsrganSettings
from superlens.prepare.normalisation import Normalisation, measure_normalisation

UNIT_RULE = NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 0.1, 99.9)
"""How a high-resolution picture is brought to background 0 and bright structures 1."""


@dataclass(frozen=True, slots=True)
class DegradationSpec:
    """One kind of degradation."""

    id: str
    """Permanent; written into recipes."""
    title: str
    summary: str
    settings: type
    """A parameters dataclass; its defaults are the published or recommended values."""
    make: Callable[[Any], Physics]


DEGRADATIONS: tuple[DegradationSpec, ...] = (
    DegradationSpec(
        "real_esrgan",
        "Two-stage (Real-ESRGAN)",
        "Blur, resizing, noise and JPEG, twice, as published for photographs",
        RealEsrganSettings,
        RealEsrgan,
    ),
    DegradationSpec(
        "confocal",
        "Confocal scan",
        "Optics, scanner and photons of a fast confocal scan; ours, not published",
        ConfocalSettings,
        Confocal,
    ),
)


def degradation_spec(degradation_id: str) -> DegradationSpec:
    """Give the description of a degradation.

    Raises:
        InvalidParameter: there is none of that id; the advice names the nearest.
    """
    return entry_of(DEGRADATIONS, degradation_id, "degradation")


def degradation(name: str, settings: Mapping[str, ParameterValue]) -> DegradationPipeline:
    """Make a degradation from its id and plain values.

    Raises:
        InvalidParameter: an unknown id or setting, or a value out of its range.
    """
    spec = degradation_spec(name)
    return DegradationPipeline(spec.id, spec.make(build(spec.settings, settings)))


def unit_normalisation(high: Array) -> Normalisation:
    """Give the map that brings a high-resolution picture to the units of the degradations.

    Raises:
        InvalidInput: all its pixels are the same, or some are no numbers.
    """
    return measure_normalisation(UNIT_RULE, high)


def strip(high: Array, scale: int, wanted: Degradation, seed: int) -> tuple[Stage, ...]:
    """Give a picture of every stage of a degradation, for showing what it does.

    Args:
        high: (Y, X) in any units; rows and columns that the scale does not divide are left out.
        scale: high-resolution pixels per low-resolution pixel, along one side.
        wanted: the pipeline and its settings, as a recipe names them.
        seed: another one gives another draw.

    Returns:
        The high-resolution picture first, the low-resolution one last; background near 0 and
        bright structures near 1 in all of them, and sizes as they are in the pipeline.
    """
    height, width = (side // scale * scale for side in high.shape)
    pipeline = degradation(wanted.pipeline, wanted.settings)
    picture = pipeline.physics.recordable(unit_normalisation(high).apply(high[:height, :width]))
    rng = np.random.default_rng(seed)
    (draw,) = pipeline.physics.draws((rng,))
    return (
        Stage("High resolution", picture),
        *pipeline.stages(picture, scale, draw, rng),
    )
