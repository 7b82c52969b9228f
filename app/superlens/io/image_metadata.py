"""What is written beside the pixels of a picture, whatever the file format.

Plain records; each writer says in its own words what its format has a place for.
"""

from dataclasses import dataclass, field

from superlens.core.records import ChannelInfo, SceneInfo
from superlens.core.units import PixelSizes
from superlens.io.pyramid import Stack

PIXEL_TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")
"""What pixels of a picture may be."""

Facts = tuple[tuple[str, str], ...]
"""Names and values, in the order in which they are read."""


@dataclass(frozen=True, slots=True)
class Acquisition:
    """How a picture was taken, as far as its file said."""

    objective: str = ""
    """As the microscope names it."""
    magnification: float | None = None
    numerical_aperture: float | None = None
    time_interval_s: float | None = None
    acquired_at: str | None = None
    """ISO 8601."""

    @property
    def has_objective(self) -> bool:
        """Whether anything is known of the lens."""
        known = (self.objective or None, self.magnification, self.numerical_aperture)
        return any(item is not None for item in known)


@dataclass(frozen=True, slots=True)
class ImageMetadata:
    """What is written beside the pixels."""

    pixel_sizes: PixelSizes
    channels: tuple[ChannelInfo, ...]
    description: str
    """Text of the image, shown by Fiji; results say here that and by what they were restored."""
    note: str = ""
    """A further comment, such as what a spread is."""
    acquisition: Acquisition = field(default_factory=Acquisition)
    provenance: Facts = ()
    """What made the pixels: model, hash, seed, version."""
    name: str = "Image 1"


def acquisition_of(scene: SceneInfo) -> Acquisition:
    """Give what a scene says of how it was taken."""
    return Acquisition(
        objective=scene.objective,
        magnification=scene.magnification,
        numerical_aperture=scene.numerical_aperture,
        time_interval_s=scene.time_interval_s,
        acquired_at=scene.acquired_at,
    )


def trusted_sizes_um(sizes: PixelSizes) -> tuple[float | None, float | None, float | None]:
    """Give (z, y, x) in micrometres; None for whatever is unknown or a mere default, such as 1.0.

    A default is not passed on as a fact.
    """
    lateral = sizes.lateral_um
    return sizes.z, None if lateral is None else sizes.y or lateral, lateral


def require_fitting(stack: Stack, metadata: ImageMetadata) -> None:
    """Make sure that a stack is one and that its metadata belongs to it.

    Raises:
        ValueError: it is not, or does not.
    """
    if stack.ndim != 5 or 0 in stack.shape:
        raise ValueError(f"A stack has five axes T, C, Z, Y, X, not the shape {stack.shape}")
    if stack.dtype.name not in PIXEL_TYPES:
        raise ValueError(f"There are no pictures of type {stack.dtype.name}")
    if len(metadata.channels) != stack.shape[1]:
        raise ValueError(f"{len(metadata.channels)} channels are named for {stack.shape[1]}")
