"""What window and engine say to each other: one small class per message.

Every message pickles to at most 4 KiB and holds plain types only: arrays travel in files, previews
in shared memory, errors as `ErrorInfo`. Match over the two unions at the end with `assert_never`.
"""

from dataclasses import dataclass
from enum import StrEnum

from superlens.core.errors import ErrorInfo
from superlens.core.records import ResultRecord

# ---- to the engine ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submit:
    """Do this job. Large requests travel as a file: plates have thousands of fields."""

    job_id: str
    request_path: str
    """A file that holds the request as JSON."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop this job at the next step."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait at the next step."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on after a pause."""

    job_id: str


@dataclass(frozen=True, slots=True)
class ReleaseMemory:
    """Forget cached networks and close mapped files."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Leave."""


# ---- from the engine ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A device that can compute, or why it cannot."""

    id: str
    """`cuda`, `mps` or `cpu`."""
    name: str
    is_usable: bool
    memory_bytes: int
    reason: str = ""
    """Why it is not usable, or why it was chosen."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine is up."""

    lane: str
    devices: tuple[DeviceInfo, ...]
    """Best first: the first usable one is what `auto` means."""
    methods: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The job was understood and begins."""

    job_id: str
    plan: str
    """One sentence: device, tiles, samples, estimated time."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is."""

    job_id: str
    phase: str
    done: int
    total: int
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One point of a curve."""

    job_id: str
    name: str
    step: int
    value: float


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture lies in a slot of the preview ring."""

    job_id: str
    name: str
    slot: int
    shape: tuple[int, int]
    generation: int


class LogLevel(StrEnum):
    """How serious a line is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line for the log."""

    level: LogLevel
    logger: str
    text: str
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The engine lives."""

    memory_bytes: int
    device_memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """An end: the job is done and its run folder stands."""

    job_id: str
    result: ResultRecord


@dataclass(frozen=True, slots=True)
class Cancelled:
    """An end: the job was stopped; only a training leaves something, its checkpoints."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """An end: the job failed."""

    job_id: str
    error: ErrorInfo


Command = Submit | Cancel | Pause | Resume | ReleaseMemory | Shutdown
Event = (
    Ready
    | Accepted
    | Progress
    | Metric
    | Preview
    | LogLine
    | Heartbeat
    | Finished
    | Cancelled
    | Failed
)
Ending = Finished | Cancelled | Failed
"""Exactly one of these ends every accepted job."""
