"""What Superlens knows of images, models and results: frozen records.

Paths are plain strings so that every record travels between processes and into JSON unchanged.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from superlens.core.units import PixelSizes

CANONICAL_AXES = "TCZYX"
"""Order of the axes of every image inside Superlens (OME); RGB adds a trailing `S`."""


class ImageRole(StrEnum):
    """What an image is for in a project."""

    IMAGE = "image"
    LOW = "low"
    HIGH = "high"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """One channel of an image."""

    name: str
    emission_nm: float | None = None
    excitation_nm: float | None = None
    colour: str | None = None
    """How the file wants it shown: `#RRGGBB` in capitals, or None where it says nothing."""


@dataclass(frozen=True, slots=True)
class SceneInfo:
    """One scene (series, field, position) of a file."""

    name: str
    shape: tuple[int, ...]
    """Sizes in the order of `axes`."""
    dtype: str
    """NumPy name of the stored type, such as `uint16`."""
    pixel_sizes: PixelSizes
    channels: tuple[ChannelInfo, ...]
    axes: str = CANONICAL_AXES
    """`TCZYX`, or `TCZYXS` when the planes are RGB."""
    numerical_aperture: float | None = None
    time_interval_s: float | None = None
    objective: str = ""
    """As the microscope names it, such as `Plan-Apochromat 40x/1.3 Oil`; empty if unknown."""
    magnification: float | None = None
    """Of the objective, as printed on it."""
    acquired_at: str | None = None
    """When the first plane was taken: ISO 8601, with a time zone where the file states one."""
    smaller_levels: tuple[tuple[int, int], ...] = ()
    """(Y, X) of each further level of a pyramid in the file, ever smaller; mostly empty."""

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """Sizes (Y, X) of all levels that are stored, the full one first; one without a pyramid."""
        return (self.size("Y"), self.size("X")), *self.smaller_levels

    @property
    def is_rgb(self) -> bool:
        """Whether the planes hold red, green and blue samples."""
        return self.axes.endswith("S")

    def size(self, axis: str) -> int:
        """Give the number of elements along one of the axes, such as `"Z"`."""
        return self.shape[self.axes.index(axis)]


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a probe of a file found."""

    path: str
    format: str
    """Human name of the format found by content, such as `OME-TIFF`."""
    scenes: tuple[SceneInfo, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What tells one file from another without reading all of it."""

    size_bytes: int
    modified_ns: int
    quick_sha256: str
    """Of the size, the first MiB and the last MiB, each byte once."""


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """An image file as a member of a project."""

    id: str
    path: str
    """As linked: relative to the project folder where possible, else absolute."""
    identity: FileIdentity
    info: ImageInfo
    role: ImageRole = ImageRole.IMAGE
    well: str | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    """What the user wrote about it."""
    plate: str = ""
    """Id of the `PlateLayout` that its well belongs to; empty without a plate."""
    field: str = ""
    """Of view within the well, as the file name says; empty where it says nothing."""
    sha256: str | None = None
    """Of the whole file, as the first job that read all of it found."""
    seen_at: str = ""
    """Absolute path where the file lay last: tried where `path` leads to nothing."""
    axes: str = ""
    """What the user calls the axes, as in `InputImage`; `info` says it already."""
    scenes: tuple[int, ...] = ()
    """Numbers of the scenes that belong to the project; empty: all."""
    wells: tuple[str, ...] = ()
    """Well of each scene of `info`, where they lie in several; empty text is no well."""

    @property
    def chosen_scenes(self) -> tuple[int, ...]:
        """Numbers of the scenes that belong to the project, in their order."""
        return self.scenes or tuple(range(len(self.info.scenes)))

    def well_of(self, scene: int) -> str | None:
        """Give the well that a scene lies in, or None."""
        return (self.wells[scene] or None) if self.wells else self.well

    @property
    def all_wells(self) -> tuple[str, ...]:
        """The wells that its scenes lie in, each once, in the order of the scenes."""
        found = (self.well_of(scene) for scene in self.chosen_scenes)
        return tuple(dict.fromkeys(well for well in found if well))


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model exactly."""

    id: str
    sha256: str
    """Of the weights, as the model card states it."""


@dataclass(frozen=True, slots=True)
class Number:
    """A measured value, its interval and its unit."""

    name: str
    value: float
    lo: float | None = None
    hi: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One file of a run folder."""

    role: str
    """What it is: `mean`, `spread`, `residual`, `sample`, `wells`, `objects`, `report`, ..."""
    path: str
    """Relative to the run folder, with forward slashes."""


@dataclass(frozen=True, slots=True)
class ResultRecord:
    """What a finished job left behind: small, all pixels and tables stay in files."""

    job_id: str
    kind: str
    """The `JobKind` of the request."""
    folder: str
    files: tuple[ResultFile, ...] = ()
    numbers: tuple[Number, ...] = ()
    """Headline numbers, at most a dozen."""
    warnings: tuple[str, ...] = ()
    device: str = ""
    """The device really used, with the reason where it is not the one hoped for."""

    def path_of(self, role: str) -> str | None:
        """Give the relative path of the first file with a role, or None."""
        return next((file.path for file in self.files if file.role == role), None)


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions of the software that did a job."""

    superlens: str
    python: str
    platform: str
    libraries: dict[str, str] = field(default_factory=dict[str, str])
