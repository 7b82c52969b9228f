"""Training pairs from the phantom: made when needed, the same for the same recipe, everywhere.

A recipe names the specimens, the seed, the number of fields and the range of microscopes; nothing
is stored. Fields come and go in a moving window over the training, so that memory stays bounded.
"""

import dataclasses
import math

import numpy as np

from superlens.core.cards import NormalisationRule, TrainedRange
from superlens.core.errors import InvalidInput, InvalidParameter
from superlens.core.jobs import PhantomSource, TargetStatistics
from superlens.core.method import Array, Batch
from superlens.core.parameters import ParameterValue
from superlens.phantom.optics import SIGMA_IN_WAVELENGTHS
from superlens.phantom.pairs import Degradations, Pair, training_generator, training_pair
from superlens.prepare.fields import FieldMemory, NormalisedPair, normalised_pair
from superlens.prepare.patches import random_patch, stacked
from superlens.prepare.target_statistics import naturalised_target

_BATCH_DOMAIN = 0x62617463
_VALIDATION_WORKER = 1 << 30
_REDRAWN_WORKER = 1 << 32
_MOST_DRAWN = 1000
"""Fields in place of one whose target cannot be regularised, before giving up."""
_STRETCHED_CEILING = 255.0
_RANGE_ENDS = ("low", "high")


@dataclasses.dataclass(frozen=True, slots=True)
class PhantomPlan:
    """How fields are made and used; the plain values of a recipe's `phantom.settings`."""

    field_px: int = 192
    """Side of a field in low-resolution pixels."""
    window: int = 240
    """Fields that a step draws from, and that are kept in memory."""
    steps_per_field: float = 4.0
    """Steps after which the window moves on by one field."""
    gain_jitter: float = 2.0
    """Largest factor by which the normalised range is stretched or shrunk at random.

    A user's image may be fuller or emptier than a training field, which moves its percentiles.
    """
    offset_jitter: float = 0.1
    """Largest shift of the normalised values at random."""
    validation_fields: int = 10
    degradations: Degradations = dataclasses.field(default_factory=Degradations)


class PhantomTrainingData:
    """Patches of phantom fields; `batch` is a pure function of recipe and step."""

    def __init__(
        self,
        source: PhantomSource,
        scale: int,
        patch: int,
        rule: NormalisationRule,
        target_statistics: TargetStatistics | None = None,
    ) -> None:
        """Begin; no field is made yet.

        Args:
            source: specimens, seed and microscopes.
            scale: high-resolution pixels per low-resolution pixel.
            patch: side of the patches in low-resolution pixels.
            rule: how intensities are normalised.
            target_statistics: how the gradients of the targets are regularised. A field whose
                target does not take it is replaced by another of the same specimen.
        """
        self.scale = scale
        self._source = source
        self._target_statistics = target_statistics
        self._plan = plan_from(source.settings)
        self._patch = patch
        self._rule = rule
        self._fields = FieldMemory(self._trained_on, self._plan.window)
        if patch > self._plan.field_px:
            raise InvalidParameter(
                f"A patch of {patch} pixels does not fit into phantom fields of "
                f"{self._plan.field_px} pixels",
                "Make the patch smaller, or `field_px` larger",
            )

    @property
    def specimens(self) -> tuple[str, ...]:
        """What the fields show: field `number` the specimen `number % len(specimens)`."""
        return self._source.specimens

    def first_drawn(self, number: int) -> NormalisedPair:
        """Give a training field as it is drawn first, with its target as it is."""
        return self._simulated(number, number)

    def batch(self, step: int, size: int) -> Batch:
        """Give the training batch of a step."""
        rng = np.random.default_rng(
            np.random.SeedSequence(self._source.seed, spawn_key=(_BATCH_DOMAIN, step))
        )
        start = math.floor(step / self._plan.steps_per_field)
        window = min(self._plan.window, self._source.fields)
        indices = (start + rng.integers(window, size=size)) % self._source.fields
        return stacked([self._drawn(int(index), rng) for index in indices])

    def validation(self) -> tuple[Batch, ...]:
        """Give one batch per validation field: its middle, without jitter of the range."""
        batches: list[Batch] = []
        for number in range(self._plan.validation_fields):
            pair = self._made(number, _VALIDATION_WORKER + number)
            batches.append(stacked([(pair.low, pair.high)]))
        return tuple(batches)

    def _drawn(self, index: int, rng: np.random.Generator) -> tuple[Array, Array]:
        low, high = random_patch(self._fields.field(index), self._patch, rng)
        plan = self._plan
        gain = np.float32(plan.gain_jitter ** rng.uniform(-1, 1))
        offset = np.float32(plan.offset_jitter * rng.uniform(-1, 1))
        return low * gain + offset, high * gain + offset

    def _trained_on(self, number: int) -> NormalisedPair:
        return self._made(number, number)

    def _made(self, number: int, worker: int) -> NormalisedPair:
        if self._target_statistics is None:
            return self._simulated(number, worker)
        for turn in range(_MOST_DRAWN):
            pair = self._simulated(number, worker + turn * _REDRAWN_WORKER)
            done = naturalised_target(pair.high, self._target_statistics)
            if not done.objection:
                return dataclasses.replace(pair, high=done.picture)
        specimen = self.specimens[number % len(self.specimens)]
        raise InvalidInput(
            f"None of {_MOST_DRAWN} simulated fields of {specimen!r} takes regularised gradients",
            f"Leave {specimen!r} out of the recipe, or train without `target_statistics`",
        )

    def _simulated(self, number: int, worker: int) -> NormalisedPair:
        specimens = self._source.specimens
        pair = training_pair(
            specimens[number % len(specimens)],
            self.scale,
            self._plan.field_px,
            training_generator(self._source.seed, worker),
            self._plan.degradations,
        )
        return normalised_pair(pair.low, _recordable(pair), self._rule)


def plan_from(settings: dict[str, ParameterValue]) -> PhantomPlan:
    """Read a plan from plain values; a range `x` of the degradations is `x_low` and `x_high`.

    Raises:
        InvalidParameter: a name that means nothing, or a value that is not a number.
    """
    plan, degradations = PhantomPlan(), Degradations()
    for name, value in settings.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidParameter(f"The phantom setting {name!r} is {value!r}, not a number")
        if name in _simple_names(plan):
            kind = type(getattr(plan, name))
            plan = dataclasses.replace(plan, **{name: kind(value)})
        else:
            degradations = _with_degradation(degradations, name, float(value))
    return dataclasses.replace(plan, degradations=degradations)


def plain_settings(plan: PhantomPlan) -> dict[str, ParameterValue]:
    """Give a plan as plain values, all of them, for a recipe that says everything."""
    settings: dict[str, ParameterValue] = {
        name: getattr(plan, name) for name in _simple_names(plan)
    }
    for item in dataclasses.fields(plan.degradations):
        value = getattr(plan.degradations, item.name)
        if isinstance(value, tuple):
            settings |= {f"{item.name}_{end}": v for end, v in zip(_RANGE_ENDS, value, strict=True)}
        else:
            settings[item.name] = value
    return settings


def _recordable(pair: Pair) -> Array:
    """Give the target cut where the low picture saturates: what lies beyond cannot be known."""
    settings = pair.settings
    ceiling = settings.camera.largest_count if settings.stretch is None else _STRETCHED_CEILING
    return np.clip(pair.high, 0, np.float32(ceiling))


def trained_range(source: PhantomSource) -> TrainedRange:
    """Give the domain that training on this source covers."""
    ranges = plan_from(source.settings).degradations
    wavelength, na, sampling = ranges.wavelength_nm, ranges.na, ranges.undersampling
    # A pixel is `sampling` times the Nyquist pixel wavelength / (4 NA).
    finest = wavelength[0] / (4 * na[1]) * sampling[0]
    coarsest = wavelength[1] / (4 * na[0]) * sampling[1]
    blur = 4 * SIGMA_IN_WAVELENGTHS
    return TrainedRange(
        structures=tuple(dict.fromkeys(source.specimens)),
        pixel_nm=(round(finest, 1), round(coarsest, 1)),
        photons=ranges.photons,
        blur_px=(round(blur / sampling[1], 3), round(blur / sampling[0], 3)),
        note=f"{source.fields} simulated fields, seed {source.seed}",
    )


def _simple_names(plan: PhantomPlan) -> tuple[str, ...]:
    return tuple(item.name for item in dataclasses.fields(plan) if item.name != "degradations")


def _with_degradation(degradations: Degradations, name: str, value: float) -> Degradations:
    known = {
        item.name: getattr(degradations, item.name) for item in dataclasses.fields(degradations)
    }
    stem, _, end = name.rpartition("_")
    if isinstance(known.get(stem), tuple) and end in _RANGE_ENDS:
        ends = list(known[stem])
        ends[_RANGE_ENDS.index(end)] = value
        return dataclasses.replace(degradations, **{stem: tuple(ends)})
    if name in known and not isinstance(known[name], tuple):
        return dataclasses.replace(degradations, **{name: value})
    raise InvalidParameter(f"There is no phantom setting {name!r}")
