"""The records of an evaluation: how close pictures are to the truth, and how sure that is.

They are what `rows.json` of an evaluate run holds.
"""

from dataclasses import dataclass, field
from enum import StrEnum

INPUT_ROW = "input"
"""The low-resolution picture itself, every pixel repeated."""
BICUBIC_ROW = "bicubic"
"""The low-resolution picture, interpolated; always judged, and what differences are taken from."""
EVALUATION_FORMAT = 2


class Better(StrEnum):
    """In which direction a measure improves."""

    HIGHER = "higher"
    LOWER = "lower"
    CLOSER = "closer"
    """To `Measure.ideal`."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that pictures are judged by."""

    id: str
    """Permanent."""
    title: str
    """With the mode of brightness in brackets where it has one."""
    unit: str
    better: Better
    meaning: str
    """One sentence."""
    decimals: int = 3
    """With which it is printed."""
    ideal: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number over several pictures, and how far it can be trusted."""

    value: float | None
    """The mean; None where it is undefined, or infinite (identical pictures)."""
    sem: float | None = None
    """Standard error with fields as the independent units."""
    lo: float | None = None
    """Ends of the interval over fields; None with fewer than two fields."""
    hi: float | None = None
    n: int = 0
    """Pictures (or patches, for distances between sets) behind it."""
    fields: int = 0
    subsets: tuple[float, float] | None = None
    """Mean and standard deviation over random subsets, for kernel distances."""


@dataclass(frozen=True, slots=True)
class MethodRow:
    """All that was found of one method."""

    method: str
    """`input`, `bicubic` or the id of a model."""
    n: int
    fields: int
    measures: dict[str, Estimate]
    """By the id of the measure."""
    sha256: str = ""
    """Of the model's weights."""


@dataclass(frozen=True, slots=True)
class PictureRow:
    """All that was found of one picture."""

    method: str
    field: str
    picture: str
    """Name of the low-resolution file."""
    measures: dict[str, float | None]
    """None: undefined for this picture, or infinite."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One method minus another, picture by picture."""

    method: str
    against: str
    measure: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """The feature network behind distances between sets, and what they can say here."""

    labels: tuple[str, ...]
    """Names of the measures that rest on it."""
    id: str
    sha256: str
    """Of the file that its weights came from."""
    input_px: int
    """Side of the patches that were cut."""
    resize: str
    channels: int
    dimensions: int
    images: int
    patches: int
    fields: int
    floor: float | None
    """Fréchet distance between two halves of the truth: less than this means nothing."""
    kernel_floor: float | None
    """The same for the kernel distance."""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`rows.json`."""

    measures: tuple[Measure, ...]
    rows: tuple[MethodRow, ...]
    differences: tuple[Difference, ...]
    pictures: tuple[PictureRow, ...]
    features: tuple[FeatureSet, ...] = ()
    level: float = 0.9
    """Of the intervals."""
    settings: dict[str, str] = field(default_factory=dict[str, str])
    """How the numbers were made, in words."""
    libraries: dict[str, str] = field(default_factory=dict[str, str])
    left_out: tuple[str, ...] = ()
    """Pairs that could not be judged, with the reason."""
    format: int = EVALUATION_FORMAT

    def measure(self, measure_id: str) -> Measure | None:
        """Give a measure by its id, None where it was not taken."""
        return next((one for one in self.measures if one.id == measure_id), None)

    def row(self, method: str) -> MethodRow | None:
        """Give the row of a method."""
        return next((row for row in self.rows if row.method == method), None)
