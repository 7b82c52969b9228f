"""Jobs: what is asked (complete requests), where it runs, and how it stands.

A request is frozen and complete: the same request on the same machine gives the same result, now or
in a year. The window, a batch, the command line and a report all use these.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from superlens.core.assay import WellInfo
from superlens.core.blinding import Mask
from superlens.core.cards import NormalisationKind
from superlens.core.errors import ErrorInfo
from superlens.core.parameters import ParameterValue
from superlens.core.records import ImageInfo, ModelRef, ResultRecord

REQUEST_FORMAT = 1
"""Version of the saved form of a request."""


class JobKind(StrEnum):
    """What a job does; written into every saved request."""

    RESTORE = "restore"
    TRAIN = "train"
    EVALUATE = "evaluate"
    MEASURE = "measure"
    REPORT = "report"
    THUMBNAIL = "thumbnail"
    IMPORT_MODEL = "import_model"
    PAIR_CHECK = "pair_check"
    EXPORT = "export"


class Lane(StrEnum):
    """Which engine process a job runs in."""

    ACCELERATOR = "accelerator"
    CPU = "cpu"


class JobState(StrEnum):
    """How a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class KeepSamples(StrEnum):
    """Which samples stay on disk after a restoration."""

    NONE = "none"
    ROI = "roi"
    ALL = "all"


class Fold(StrEnum):
    """How the three colours of a foreign network's answer become one channel."""

    LUMA = "luma"
    """Weighted 0.299, 0.587, 0.114, as the official program greys its answers."""
    MEAN = "mean"


class ExportFormat(StrEnum):
    """What an exported picture is written as."""

    OME_TIFF = "ome-tiff"
    OME_ZARR_05 = "ome-zarr-0.5"
    OME_ZARR_04 = "ome-zarr-0.4"
    IMAGEJ = "imagej"
    """A hyperstack; of a measurement, the outlines of its objects as `RoiSet.zip`."""
    PNG = "png"
    """A figure with scale bars."""
    GEOJSON = "geojson"
    """Outlines of labelled objects, for QuPath."""


class WhenTaken(StrEnum):
    """What an export does where a file of the same name stands."""

    ASK = "ask"
    """Write nothing and name the files, so that the user can choose."""
    SKIP = "skip"
    REPLACE = "replace"
    RENAME = "rename"
    """Number the new files."""


class DeviceChoice(StrEnum):
    """What the user asked to compute on."""

    AUTO = "auto"
    CUDA = "cuda"
    MPS = "mps"
    CPU = "cpu"


class PrecisionChoice(StrEnum):
    """What the user asked a network to multiply with."""

    AUTO = "auto"
    """The faster one where it gives the same answer but for a fixed, small part."""
    FP32 = "fp32"
    BF16 = "bf16"


@dataclass(frozen=True, slots=True)
class ComputePolicy:
    """Where and how to compute: part of what makes a result repeatable."""

    device: DeviceChoice = DeviceChoice.AUTO
    threads: int | None = None
    """Threads on a CPU; None leaves it to the machine."""
    tile: int | None = None
    """Tile side in low-resolution pixels; None is automatic."""
    precision: PrecisionChoice = PrecisionChoice.AUTO


@dataclass(frozen=True, slots=True)
class Roi:
    """A rectangle of an image in its own pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class InputImage:
    """One scene of one file, as the input of a job."""

    path: str
    scene: int = 0
    channel: int | None = None
    """None takes every channel."""
    sha256: str | None = None
    """Of the whole file where it is known; the engine refuses a file that changed since."""
    pixel_size_um: float | None = None
    """Lateral pixel size entered by the user; None takes the file's."""
    axes: str = ""
    """What the user calls the axes, such as `TYX`; empty takes the file's word.

    A letter for each axis that is longer than one, or all of `TCZYX`, in the order in which the
    file is read.
    """


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """Super-resolve one scene."""

    input: InputImage
    model: ModelRef
    out: str
    """The run folder to be made."""
    params: dict[str, ParameterValue] = field(default_factory=dict[str, ParameterValue])
    samples: int | None = None
    """How many samples give mean and spread; 0: a single answer, None: the engine decides."""
    keep_samples: KeepSamples = KeepSamples.NONE
    roi: Roi | None = None
    seed: int = 0
    compute: ComputePolicy = ComputePolicy()
    kind: JobKind = JobKind.RESTORE
    format: int = REQUEST_FORMAT


@dataclass(frozen=True, slots=True)
class PhantomSource:
    """Training data made by the phantom: named by what makes it, so that it exists everywhere."""

    specimens: tuple[str, ...]
    fields: int
    """Number of distinct training fields."""
    seed: int
    settings: dict[str, ParameterValue] = field(default_factory=dict[str, ParameterValue])


@dataclass(frozen=True, slots=True)
class FrameFile:
    """A further low-resolution exposure of a pair's field, relative to the data folder."""

    name: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Alignment:
    """How the pictures of a pair are brought onto each other when they are read.

    The files stay as they are. The low picture is cropped; the high one is cropped too where
    `matrix` is the identity and `offset` is whole, otherwise resampled once, by a cubic spline.
    """

    low_box: Roi
    """The part of the low picture that both show."""
    offset: tuple[float, float]
    """(y, x) in the high picture, in its pixels, of the first pixel of the aligned one."""
    matrix: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 1.0)
    """(yy, yx, xy, xx): steps in the high picture per step along y and x of the aligned one."""

    @property
    def is_whole(self) -> bool:
        """Whether cropping is enough, so that no value changes."""
        return self.matrix == (1.0, 0.0, 0.0, 1.0) and all(v.is_integer() for v in self.offset)


@dataclass(frozen=True, slots=True)
class PairFile:
    """One low / high pair of files, relative to the data folder."""

    low: str
    high: str
    low_sha256: str | None = None
    high_sha256: str | None = None
    field_id: str = ""
    """Field of view; pairs of one field never cross a split."""
    well: str = ""
    """Well, dish or specimen, where it is known: then pairs of one well never cross a split."""
    low_frames: tuple[int, ...] = ()
    """Frames along T of the low file that are averaged; empty: its only plane."""
    low_others: tuple[FrameFile, ...] = ()
    """Files that are averaged with the low one, with the same frames of each."""
    alignment: Alignment | None = None


@dataclass(frozen=True, slots=True)
class HighFile:
    """One high-resolution picture without a low one, relative to the data folder."""

    high: str
    sha256: str | None = None
    field_id: str = ""
    """Field of view; empty makes the file a field of its own."""


@dataclass(frozen=True, slots=True)
class Degradation:
    """How low-resolution pictures are made from high-resolution ones for training."""

    pipeline: str
    """`real_esrgan`: the published two-stage pipeline; `confocal`: optics, scanner and photons."""
    settings: dict[str, ParameterValue] = field(default_factory=dict[str, ParameterValue])


class TargetForm(StrEnum):
    """How the gradient statistics of high-resolution targets are brought to those of photographs.

    See `prepare/gradient_statistics`.
    """

    PLUGIN = "plugin"
    """As published: 8 bit between the extremes of each target, stretched, rounded and clipped."""
    QUANTITATIVE = "quantitative"
    """A straight line per target, nothing rounded or clipped, so that it can be undone."""


@dataclass(frozen=True, slots=True)
class TargetStatistics:
    """Regularise the gradients of the high-resolution targets; the low pictures stay."""

    form: TargetForm = TargetForm.QUANTITATIVE


@dataclass(frozen=True, slots=True)
class FurtherSet:
    """A further set on which the model of a recipe is fine-tuned, each from that model itself."""

    model_id: str
    title: str
    pairs: tuple[PairFile, ...]
    subset: int | None = None
    """As in `Recipe`."""
    params: dict[str, ParameterValue] = field(default_factory=dict[str, ParameterValue])
    """Those that differ from the recipe's."""
    validation_fields: tuple[str, ...] = ()
    """As in `Recipe`."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything needed to train a model again, elsewhere.

    Its material is one of: `phantom`; `pairs`; `highs` with a `degradation`, then `pairs` are the
    real ones that it is validated on.
    """

    model_id: str
    title: str
    method: str
    scale: int
    params: dict[str, ParameterValue]
    seed: int
    phantom: PhantomSource | None = None
    pairs: tuple[PairFile, ...] = ()
    highs: tuple[HighFile, ...] = ()
    degradation: Degradation | None = None
    subset: int | None = None
    """Few-shot: train on this many patches alone, drawn by the seed; None takes all there are."""
    base: ModelRef | None = None
    """Installed model to start from; None starts from fresh numbers."""
    further: tuple[FurtherSet, ...] = ()
    description: str = ""
    validation_fields: tuple[str, ...] = ()
    """Fields or wells of `pairs` that are validated on; empty: some are drawn by the seed."""
    validation_share: float = 0.15
    """Share of the fields to draw, at least one; 0 validates on nothing and trains on all."""
    normalisation: NormalisationKind = NormalisationKind.IMAGE_PERCENTILES
    """`fixed`: percentiles of all training images, low and high ones apart, go into the model."""
    target_statistics: TargetStatistics | None = None
    """How the gradients of the targets are regularised; None trains on the targets as they are."""
    format: int = 1


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """Train a model from a recipe."""

    recipe: Recipe
    out: str
    data: str | None = None
    """Folder that the recipe's relative names are relative to; None for phantom data."""
    resume: bool = False
    compute: ComputePolicy = ComputePolicy()
    kind: JobKind = JobKind.TRAIN
    format: int = REQUEST_FORMAT


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """Judge a model on pairs with known truth."""

    model: ModelRef
    pairs: tuple[PairFile, ...]
    """With absolute paths."""
    out: str
    params: dict[str, ParameterValue] = field(default_factory=dict[str, ParameterValue])
    """Restore parameters of all models."""
    seed: int = 0
    compute: ComputePolicy = ComputePolicy()
    further: tuple[ModelRef, ...] = ()
    """Models judged beside the first, on the same pairs; all of one scale."""
    samples: int = 0
    """How many samples tell a model's spread, which is then judged too; 0 judges its one answer."""
    calibration_data: str = ""
    """What the pairs are, in words, where the spread of the first model is to be calibrated on
    them; they must be held out. Empty: it is not."""
    kind: JobKind = JobKind.EVALUATE
    format: int = REQUEST_FORMAT


@dataclass(frozen=True, slots=True)
class FieldInput:
    """The files of one field of view on a plate."""

    well: str
    name: str
    channels: dict[str, InputImage]
    """Channel role id to the image that shows it."""


@dataclass(frozen=True, slots=True)
class MeasureRequest:
    """Measure an assay on a plate or a set of fields."""

    assay: str
    fields: tuple[FieldInput, ...]
    out: str
    plate: tuple[WellInfo, ...] = ()
    params: dict[str, ParameterValue] = field(default_factory=dict[str, ParameterValue])
    model: ModelRef | None = None
    model_params: dict[str, ParameterValue] = field(default_factory=dict[str, ParameterValue])
    samples: int = 0
    """Samples per field when a model is given; 0 measures its single answer."""
    level: float = 0.9
    seed: int = 0
    compute: ComputePolicy = ComputePolicy()
    kind: JobKind = JobKind.MEASURE
    format: int = REQUEST_FORMAT


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Write one report over finished runs."""

    runs: tuple[str, ...]
    """Run folders."""
    out: str
    """A `.pdf` or `.html` file; its twin of the other kind is written beside it."""
    title: str = ""
    mask: Mask | None = None
    """As in `ExportRequest`; doses, controls and hashes of files are left out with the names."""
    kind: JobKind = JobKind.REPORT
    format: int = REQUEST_FORMAT


@dataclass(frozen=True, slots=True)
class FileToLookAt:
    """An image file, and where its small pictures go."""

    path: str
    out: str
    """Folder for `scene-<n>.png`."""


@dataclass(frozen=True, slots=True)
class FileFinding:
    """What came of looking at one file: exactly one of the two."""

    info: ImageInfo | None = None
    error: ErrorInfo | None = None


@dataclass(frozen=True, slots=True)
class ThumbnailRequest:
    """Say what files hold, and make small pictures of their scenes.

    The job ends when its turn is over, so that others are not kept waiting by thousands of files:
    those without a finding can be asked for again.
    """

    files: tuple[FileToLookAt, ...]
    findings: str
    """File that takes one `FileFinding` a line, in the order of `files`."""
    has_pictures: bool = True
    side_px: int = 96
    kind: JobKind = JobKind.THUMBNAIL
    format: int = REQUEST_FORMAT


@dataclass(frozen=True, slots=True)
class ImportModelRequest:
    """Make a model of a file of weights that another program wrote."""

    file: str
    model_id: str
    out: str
    """The model folder to be made."""
    fold: Fold = Fold.LUMA
    sha256: str | None = None
    """Of the file where it is known; the engine refuses a file that changed since."""
    kind: JobKind = JobKind.IMPORT_MODEL
    format: int = REQUEST_FORMAT


@dataclass(frozen=True, slots=True)
class PairCheckRequest:
    """Examine pairs: what is wrong with each, and how their pictures lie on each other."""

    pairs: tuple[PairFile, ...]
    """With absolute paths."""
    out: str
    scale: int | None = None
    """High-resolution pixels per low-resolution pixel; None takes what most sizes suggest."""
    kind: JobKind = JobKind.PAIR_CHECK
    format: int = REQUEST_FORMAT


@dataclass(frozen=True, slots=True)
class FigureChoice:
    """Which plane an exported figure shows, and how; everything has a default."""

    z: int | None = None
    """None is the middle slice."""
    t: int = 0
    channels: tuple[int, ...] = ()
    """Empty: all."""
    luts: tuple[str, ...] = ()
    """Look-up tables of the shown channels, in their order; those left out are the usual ones."""
    limits: tuple[tuple[float, float], ...] = ()
    """Contrast limits of the shown channels, in units of the image; likewise."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Copy the pictures of a run, or of an image file, into a folder of the user."""

    source: str
    """A run folder, or an image."""
    out: str
    """The folder for the files; made where it is missing."""
    file_format: ExportFormat = ExportFormat.OME_TIFF
    roles: tuple[str, ...] = ()
    """Pictures of a run: `mean`, `spread`, `residual`, `sample`; empty: all but samples."""
    scene: int | None = None
    """Of an image; None takes all."""
    when_taken: WhenTaken = WhenTaken.ASK
    mirrored: str | None = None
    """A folder whose folders are made again below `out`, down to where the image lies."""
    is_16_bit: bool = False
    """Store other numbers as 16-bit integers, with their scale and offset beside them."""
    is_sharded: bool = True
    """Pack the chunks of OME-Zarr 0.5 into few files."""
    labels: str | None = None
    """An image of labelled objects, whose outlines are written beside an ImageJ file."""
    pixel_size_um: float | None = None
    """Lateral pixel size of an image, entered by the user; None takes the file's."""
    axes: str = ""
    """Of an image, as in `InputImage`."""
    figure: FigureChoice = FigureChoice()
    mask: Mask | None = None
    """Codes in place of the names of files, scenes and wells; None leaves them as they are."""
    kind: JobKind = JobKind.EXPORT
    format: int = REQUEST_FORMAT


JobRequest = (
    RestoreRequest
    | TrainRequest
    | EvaluateRequest
    | MeasureRequest
    | ReportRequest
    | ThumbnailRequest
    | ImportModelRequest
    | PairCheckRequest
    | ExportRequest
)


def lane_of(request: JobRequest) -> Lane:
    """Give the lane that a request runs in: whatever needs a network goes to the accelerator."""
    match request:
        case RestoreRequest() | TrainRequest() | EvaluateRequest():
            return Lane.ACCELERATOR
        case MeasureRequest():
            return Lane.CPU if request.model is None else Lane.ACCELERATOR
        case ReportRequest() | ThumbnailRequest() | ImportModelRequest():
            return Lane.CPU
        case PairCheckRequest() | ExportRequest():
            return Lane.CPU
        case _:
            assert_never(request)


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as the queue knows it."""

    id: str
    request: JobRequest
    title: str
    """What the user reads: verb and object."""
    state: JobState = JobState.WAITING
    phase: str = ""
    done: int = 0
    total: int = 0
    """0 while the length is unknown."""
    created: str = ""
    """ISO 8601, UTC, as are the next two."""
    started: str = ""
    ended: str = ""
    result: ResultRecord | None = None
    error: ErrorInfo | None = None
