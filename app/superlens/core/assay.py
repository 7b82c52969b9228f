"""The contract between the engine and an assay: from images of one field to rows of numbers.

Specs load without scikit-image; the runtime is imported in the engine only.
"""

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from superlens.core.method import Citation


class Direction(StrEnum):
    """Which way a feature moves when the biology responds."""

    UP = "up"
    DOWN = "down"
    EITHER = "either"


class WellRole(StrEnum):
    """What a well is for on a plate."""

    NEGATIVE = "negative"
    POSITIVE = "positive"
    DOSE = "dose"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class ChannelRole:
    """A channel that an assay needs, by what it shows."""

    id: str
    """Such as `dna` or `protein`; a plate map names its files in the column `<id>_file`."""
    title: str
    aliases: tuple[str, ...] = ()
    """Lower-case parts of channel names that suggest this role."""
    is_restored: bool = True
    """Whether a model is applied to this channel when one is chosen; else it is interpolated."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One measured column of an assay."""

    name: str
    title: str
    unit: str
    """`µm`, `µm²`, or empty for ratios and counts; lengths fall back to px without a pixel size."""
    direction: Direction
    meaning: str


@dataclass(frozen=True, slots=True)
class AssaySpec:
    """What a catalogue and a form know of an assay without importing it."""

    id: str
    title: str
    channels_required: tuple[ChannelRole, ...]
    params: type
    features: tuple[Feature, ...]
    """The first one is the headline: the value of a well."""
    source: Citation
    runtime: str
    """`module:Class` of the `Assay`."""

    @property
    def headline(self) -> Feature:
        """The feature that stands for a well."""
        return self.features[0]


@dataclass(frozen=True, slots=True)
class WellInfo:
    """What was done to one well."""

    well: str
    """Row letter and two-digit column, such as `A01`."""
    compound: str = ""
    dose: float | None = None
    dose_unit: str = ""
    role: WellRole = WellRole.DOSE
    condition: str = ""
    """Whatever else differs between wells: cell line, time, temperature, in the user's words."""


@dataclass(frozen=True, slots=True)
class Field:
    """The pixels of one field of view, as an assay sees them."""

    well: str
    name: str
    channels: dict[str, NDArray[np.floating[Any]]]
    """Role id to (Y, X), in the units of the camera; all of one shape."""
    pixel_um: float | None
    """Of these arrays (already divided by the scale when super-resolved)."""
    scale: int = 1
    """How many of these pixels lie along one raw pixel."""


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """What was measured on one object of one field."""

    well: str
    field: str
    object_id: int
    values: dict[str, float] = dataclasses.field(default_factory=dict[str, float])
    """Feature name to value; NaN with a reason in `note`."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FieldMeasurement:
    """Rows and outlines of one field."""

    rows: tuple[ObjectRow, ...]
    labels: NDArray[np.int32]
    """(Y, X): object id per pixel, 0 outside; also of objects that have no row."""
    warnings: tuple[str, ...] = ()
    doubt: str = ""
    """Why no value of this field can be believed, such as swapped channels; all are NaN then."""


class Assay(Protocol):
    """An assay at work: pure, one field at a time."""

    def measure(
        self, field: Field, params: Any, reference: NDArray[np.int32] | None = None
    ) -> FieldMeasurement:
        """Measure one field.

        Args:
            field: channels of one field.
            params: an instance of the spec's `params`.
            reference: labels to measure in, for the samples of a field; None to segment anew.
        """
        ...


@dataclass(frozen=True, slots=True)
class WellNumber:
    """The headline of one well with its interval."""

    well: str
    value: float
    lo: float
    hi: float
    n_objects: int
    n_fields: int
    shares: dict[str, float] = dataclasses.field(default_factory=dict[str, float])
    """Variance share per source: `cells`, `fields`, `reconstruction`; absent if not estimable."""
    note: str = ""
