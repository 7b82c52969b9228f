"""The contract between the engine and a method: what a method is, gets, gives and may ask for.

Arrays in, arrays out: a method never sees a path, a queue, a widget or a global seed.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from superlens.core.parameters import ParameterValue

Array = NDArray[np.float32]
"""Images between engine and method: float32, normalised as the model card says."""


class Task(StrEnum):
    """What a method can be asked to do."""

    TRAIN = "train"
    RESTORE = "restore"
    SAMPLE = "sample"


class DataNeeded(StrEnum):
    """What a method learns from."""

    PAIRS = "pairs"
    HIGH_ONLY = "high_only"
    CELL_CROPS = "cell_crops"


class Tiling(StrEnum):
    """Whether the engine may cut an image into tiles for the method."""

    SUPPORTED = "supported"
    DISCOURAGED = "discouraged"
    INTERNAL = "internal"


class Claim(StrEnum):
    """What may be said about the output of a method."""

    POSTERIOR = "posterior"
    SINGLE_ANSWER = "single_answer"
    POPULATION_LEVEL = "population_level"


class SampleKind(StrEnum):
    """What several samples of one image are."""

    POSTERIOR = "posterior"
    FLIP_ENSEMBLE = "flip_ensemble"


class Precision(StrEnum):
    """What a network multiplies with; it takes and gives float32 in any case."""

    FP32 = "fp32"
    BF16 = "bf16"


class Determinism(StrEnum):
    """When the same request gives the same bits."""

    SAME_DEVICE_AND_THREADS = "same_device_and_threads"
    SAME_DEVICE = "same_device"


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a method or assay comes from."""

    authors: str
    title: str
    journal: str
    year: int
    doi: str = ""


@dataclass(frozen=True, slots=True)
class Sampling:
    """What the samples of a method mean and how many there can be."""

    kind: SampleKind
    label: str
    """What the spread over the samples is, in words fit for a picture title."""
    meaning: str
    """One sentence: what the spread says, and what it does not."""
    default: int
    limit: int | None = None
    """Largest number of distinct samples, or None where there is no end."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A way to train under a name."""

    name: str
    """Permanent."""
    params: object
    """An instance of the method's `train_params`."""


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """What a catalogue, a wizard and the command line know of a method without importing it."""

    id: str
    """Permanent; written into every result."""
    title: str
    tasks: frozenset[Task]
    data_needed: DataNeeded
    scales: tuple[int, ...]
    channels: range
    train_params: type
    restore_params: type
    tiling: Tiling
    multiple: int
    """Tile sizes must be divisible by this many low-resolution pixels."""
    halo: int
    """Low-resolution pixels at a tile's edge that its neighbour should compute better."""
    claim: Claim
    sampling: Sampling | None
    determinism: Determinism
    source: Citation
    runtime: str
    """`module:Class` of the `Method`, imported in the engine only."""
    precisions: tuple[Precision, ...] = (Precision.FP32,)
    """What its networks can multiply with."""
    presets: tuple[Preset, ...] = ()
    """Ways to train that can be asked for by name."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Trained numbers of a method, free of any framework."""

    parts: dict[str, dict[str, NDArray[Any]]]
    """Named parts (`generator`, `flow`, ...), each a flat table of named tensors."""
    architecture: dict[str, ParameterValue] = field(default_factory=dict[str, ParameterValue])
    """What is needed to build the network that these numbers fit."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """One answer of a method for one tile."""

    mean: Array
    """(C, Y * scale, X * scale), in the normalised units of the input."""
    spread: Array | None = None
    """Standard deviation of the same shape where the method gives one by itself."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs for one training step."""

    low: Array
    """(N, C, y, x), normalised."""
    high: Array
    """(N, C, y * scale, x * scale), normalised to the same units."""


class TrainingData(Protocol):
    """Where a method gets its patches from; picklable, so that loader processes can open it."""

    scale: int

    def batch(self, step: int, size: int) -> Batch:
        """Give the training batch of a step: the same step always gives the same pairs."""
        ...

    def validation(self) -> tuple[Batch, ...]:
        """Give the fixed validation pairs, disjoint from training by field of view."""
        ...


class Run(Protocol):
    """What a method may ask of its surroundings."""

    @property
    def device(self) -> str:
        """Name of the torch device to compute on: `cpu`, `cuda`, `mps`."""
        ...

    @property
    def seed(self) -> int:
        """Seed of this job; generators are made from it, never a global one."""
        ...

    def check(self) -> None:
        """Raise `JobCancelled` if the user asked to stop, wait while the job is paused."""
        ...

    def progress(self, phase: str, done: int, total: int) -> None:
        """Say how far the work is, in units that the user would count in."""
        ...

    def metric(self, name: str, step: int, value: float) -> None:
        """Report one number of a curve."""
        ...

    def preview(self, name: str, image: Array) -> None:
        """Show a picture of the work so far: (Y, X), any range."""
        ...

    def checkpoint(self, name: str, state: dict[str, Any]) -> None:
        """Keep the state from which training can resume; arrays and plain values, nested."""
        ...

    def resume_state(self) -> dict[str, Any] | None:
        """Give the last checkpoint to resume from, or None when starting afresh."""
        ...

    def note(self, text: str) -> None:
        """Write one sentence into the log of the job: what was decided, and why."""
        ...

    def base(self) -> Weights | None:
        """Give the weights that the recipe wants to start from, or None for fresh ones."""
        ...

    def feature_weights(self, network: str) -> Weights | None:
        """Give the weights of an installed feature network (`vgg19`), or None if there are none."""
        ...

    def keep(self, name: str, weights: Weights, scores: dict[str, float]) -> None:
        """Keep a candidate for the finished model, with its validation scores; same name: replaced.

        Candidates with empty weights (`Weights({})`) are forgotten.
        """
        ...


@dataclass(frozen=True, slots=True)
class TileNeeds:
    """What tiles must be like so that they agree with the image as a whole."""

    multiple: int
    """As in `MethodSpec`."""
    halo: int
    """As in `MethodSpec`."""
    bytes_per_px: float = 0.0
    """Memory that a low-resolution pixel of a tile takes, where the network works through a tile in
    parts, so that no layer takes long; 0 where it takes whole tiles at once."""


@runtime_checkable
class KnowsTiles(Protocol):
    """A method whose networks differ in what they need of tiles; of others the spec says it."""

    def tile_needs(self, network: Any) -> TileNeeds:
        """Give what a loaded network needs."""
        ...


class RegionReader(Protocol):
    """Reads rectangles of one normalised low-resolution image, of any size."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, Y, X) in low-resolution pixels."""
        ...

    @property
    def origin(self) -> tuple[int, int]:
        """(Y, X) of the first pixel in the field that this image was cut from.

        Noise addressed by its place in the field makes a region agree with the whole.
        """
        ...

    def read(self, top: int, left: int, height: int, width: int) -> Array:
        """Give (C, height, width); what lies outside the image is mirrored."""
        ...


class RegionSink(Protocol):
    """Takes the samples of one image part by part, so that memory stays bounded."""

    def scratch(self, name: str, shape: tuple[int, ...]) -> Array:
        """Give an array of zeros, on disk where it is large, that lasts until the image is done."""
        ...

    def put(self, sample: int, top: int, left: int, values: Array) -> None:
        """Take a part (C, h, w) of a sample at high-resolution pixel (top, left).

        Every pixel of a sample is put exactly once, samples in the order of their index.
        """
        ...


@runtime_checkable
class SamplesImages(Protocol):
    """A method of `Tiling.INTERNAL`: it samples images as a whole and cuts its tiles by itself."""

    def sample_image(
        self, network: Any, reader: RegionReader, sink: RegionSink, job: "ImageJob", run: Run
    ) -> None:
        """Put the wanted samples of one image into the sink.

        The answer depends on neither `job.tile` nor on which samples are asked for together. Both
        sides of the image are divisible by `TileNeeds.multiple`, and so is its origin.
        `run.progress` is told how far the work on these samples is.
        """
        ...


@runtime_checkable
class GivesHint(Protocol):
    """A method that shows where an image is hard for it: a qualitative map, no uncertainty."""

    @property
    def hint_label(self) -> str:
        """What the map is, in words fit for a picture title."""
        ...

    def hint(self, network: Any, tile: Array, params: Any, run: Run) -> Array:
        """Give the map of one tile: (C, y, x) to (C, y * scale, x * scale), any range.

        Tiles come with the halo of `TileNeeds` and are blended, as for `Method.restore`.
        """
        ...


@dataclass(frozen=True, slots=True)
class ImageJob:
    """What is wanted of a method that samples images as a whole."""

    samples: range
    """Indices of the samples; each has its own generator, made from `run.seed` and its index."""
    tile: int
    """Side in low-resolution pixels of what fits into the memory of the device at a time."""
    params: Any
    """The method's restore parameters."""


class Method(Protocol):
    """A way to super-resolve: stateless, so that one object can serve several jobs."""

    def train(self, data: TrainingData, params: Any, run: Run) -> Weights:
        """Train from data (or from `run.resume_state()`) to finished weights."""
        ...

    def load(self, weights: Weights, device: str, precision: Precision = Precision.FP32) -> Any:
        """Build the network once per job; the engine passes it to every tile."""
        ...

    def restore(self, network: Any, tile: Array, params: Any, run: Run) -> Restoration:
        """Give the method's best single answer for one tile (C, y, x)."""
        ...

    def sample(self, network: Any, tile: Array, index: int, params: Any, run: Run) -> Array:
        """Give sample `index` for one tile: (C, y * scale, x * scale), from its own generator."""
        ...
