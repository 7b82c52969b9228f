"""Files that the cpu lane looks at for a project, many in one job: first what they hold.

QtCore only. It keeps nothing: whoever asked takes what was found.
"""

import logging
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from superlens.core.errors import ErrorInfo, SuperlensError, UnreadableFile, describe_error
from superlens.core.jobs import (
    FileFinding,
    FileToLookAt,
    JobRecord,
    JobState,
    ThumbnailRequest,
)
from superlens.core.records import FileIdentity, ImageInfo
from superlens.io.findings import read_findings
from superlens.workbench.jobs import JobQueue
from superlens.workbench.places import ProjectPlaces

logger = logging.getLogger(__name__)

READING_LIMIT_S = 20.0
"""So long may the engine look at what one file holds before it counts as broken."""

FIRST_EXTRA_S = 40.0
"""More for the first one: an engine that just started loads its readers with it."""

_MOST_FILES = 256
"""In one job; it ends by itself when its turn is over."""

_GRACE_MS = 2000
"""From asking a reading to stop until its engine is ended."""


@dataclass(frozen=True, slots=True)
class FileOnItsWay:
    """A file that may become an image of the project."""

    image_id: str
    """Of the image that it may become."""
    path: Path
    """Absolute."""
    identity: FileIdentity


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read."""

    file: FileOnItsWay
    info: ImageInfo


@dataclass(slots=True)
class _Batch:
    """The files of one job, all read or all pictured."""

    job_id: str
    findings: Path
    files: tuple[FileOnItsWay, ...]
    has_pictures: bool
    told: int = 0
    """So many of them were told of."""

    @property
    def rest(self) -> tuple[FileOnItsWay, ...]:
        return self.files[self.told :]


class FileReadings(QObject):
    """Two lines of files, to be read and to be pictured; one job at a time takes from them.

    Signals:
        read(tuple[ReadFile, ...]): files that were read in one turn.
        refused(FileOnItsWay, ErrorInfo): a file that cannot be read.
        pictured(str image_id): the small pictures of an image were made.
        moved(): a turn is over, or nothing is left; see `count` and `is_busy`.
    """

    read = Signal(object)
    refused = Signal(object, object)
    pictured = Signal(str)
    moved = Signal()

    def __init__(
        self,
        places: ProjectPlaces,
        jobs: JobQueue,
        limit_s: float = READING_LIMIT_S,
        extra_s: float = FIRST_EXTRA_S,
        parent: QObject | None = None,
    ) -> None:
        """Make empty lines.

        Args:
            places: of the project that keeps the pictures.
            jobs: its queue.
            limit_s: so long may the engine read one file.
            extra_s: so much longer the first one.
            parent: owner of the object.
        """
        super().__init__(parent)
        self._places, self._jobs = places, jobs
        self._limit_s, self._extra_s = limit_s, extra_s
        self._unread: deque[FileOnItsWay] = deque()
        self._unpictured: deque[FileOnItsWay] = deque()
        self._batch: _Batch | None = None
        # Through the event loop, so that files that come one by one go together.
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._begin)
        self._limit = QTimer(self, singleShot=True)
        self._limit.timeout.connect(self._give_up)
        jobs.job_changed.connect(self._note_change)
        jobs.job_ended.connect(self._note_end)

    @property
    def unread(self) -> int:
        """The number of files that are still to be read."""
        batch = self._batch
        under_way = len(batch.rest) if batch is not None and not batch.has_pictures else 0
        return under_way + len(self._unread)

    @property
    def is_busy(self) -> bool:
        """Whether files are still to be read or pictured."""
        return bool(self._batch or self._unread or self._unpictured)

    def add(self, file: FileOnItsWay) -> None:
        """Read a file; `read` or `refused` follows."""
        self._unread.append(file)
        self._soon.start()

    def picture(self, *files: FileOnItsWay) -> None:
        """Make the small pictures of files once all are read; `pictured` follows where it can."""
        self._unpictured.extend(files)
        self._soon.start()

    def collect(self) -> None:
        """Tell at once what was found in the running turn."""
        if self._batch is not None:
            self._tell(self._batch)

    def close(self) -> None:
        """Stop looking; nothing is signalled afterwards."""
        self.blockSignals(True)
        self._soon.stop()
        self._limit.stop()
        self._jobs.job_changed.disconnect(self._note_change)
        self._jobs.job_ended.disconnect(self._note_end)
        self._unread.clear()
        self._unpictured.clear()
        if self._batch is not None:
            with suppress(KeyError):  # its project was closed, and all its jobs with it
                self._jobs.cancel(self._batch.job_id)
            _forget(self._batch)

    def _begin(self) -> None:
        if self._batch is not None:
            return
        has_pictures = not self._unread
        line = self._unpictured if has_pictures else self._unread
        files = tuple(line.popleft() for _ in range(min(_MOST_FILES, len(line))))
        if not files:
            return
        findings = self._places.findings(uuid.uuid4().hex)
        wanted = tuple(
            FileToLookAt(str(file.path), str(self._places.cache_of(file.image_id)))
            for file in files
        )
        request = ThumbnailRequest(wanted, str(findings), has_pictures)
        title = f"Look at {files[0].path.name}"
        job_id = self._jobs.submit(request, title, tuple(file.image_id for file in files))
        self._batch = _Batch(job_id, findings, files, has_pictures)

    def _note_change(self, job: JobRecord) -> None:
        batch = self._batch
        is_ours = batch is not None and job.id == batch.job_id and not batch.has_pictures
        if is_ours and job.state is JobState.RUNNING:  # it began, or one more file was read
            self._limit.start(round((self._limit_s + self._extra_s) * 1000))

    def _note_end(self, job: JobRecord) -> None:
        batch = self._batch
        if batch is None or job.id != batch.job_id:
            return
        self._limit.stop()
        self._extra_s = 0.0
        self._tell(batch)
        rest = batch.rest
        # A turn gets one file done at least, so that without a finding it is the first one's fault.
        if rest and (job.state is not JobState.DONE or not batch.told):
            self._leave_out(batch, job.error or _stopped(rest[0].path))
        self._end(batch)

    def _give_up(self) -> None:
        batch = self._batch
        if batch is None:
            return
        self._tell(batch)
        if not batch.rest:
            return
        self._jobs.cancel(batch.job_id)
        stop = partial(_stop_by_force, self._jobs, batch.job_id)
        QTimer.singleShot(_GRACE_MS, self._jobs, stop)
        error = UnreadableFile(
            f"{batch.rest[0].path.name} was not read within {self._limit.interval() / 1000:g} s",
            "Copy it to this computer if it lies on a slow drive, or export it as OME-TIFF",
        )
        self._leave_out(batch, describe_error(error))
        self._end(batch)

    def _tell(self, batch: _Batch) -> None:
        """Signal what was found since it was told of the last time."""
        try:
            found = read_findings(batch.findings)[batch.told :]
        except SuperlensError as error:
            logger.warning("Findings cannot be read: %s", error.sentence)
            return
        pairs = tuple(zip(batch.rest, found, strict=False))
        batch.told += len(pairs)
        if batch.has_pictures:
            for file, finding in pairs:
                if finding.info is not None:
                    self.pictured.emit(file.image_id)
        else:
            self._tell_read(pairs)

    def _tell_read(self, pairs: Sequence[tuple[FileOnItsWay, FileFinding]]) -> None:
        read = tuple(
            ReadFile(file, finding.info) for file, finding in pairs if finding.info is not None
        )
        if read:
            self.read.emit(read)
        for file, finding in pairs:
            if finding.error is not None:
                self.refused.emit(file, finding.error)

    def _leave_out(self, batch: _Batch, error: ErrorInfo) -> None:
        """Go on without the next file."""
        file = batch.rest[0]
        batch.told += 1
        if not batch.has_pictures:
            self.refused.emit(file, error)

    def _end(self, batch: _Batch) -> None:
        line = self._unpictured if batch.has_pictures else self._unread
        line.extendleft(reversed(batch.rest))
        self._batch = None
        _forget(batch)
        self._begin()
        self.moved.emit()


def _forget(batch: _Batch) -> None:
    with suppress(OSError):  # Windows: while its engine still writes it
        batch.findings.unlink(missing_ok=True)


def _stopped(path: Path) -> ErrorInfo:
    return describe_error(UnreadableFile(f"Reading {path.name} was stopped", "Add it again"))


def _stop_by_force(jobs: JobQueue, job_id: str) -> None:
    """End the engine of a job that was asked to stop and did not."""
    job = next((job for job in jobs.jobs() if job.id == job_id), None)
    if job is not None and not job.state.is_ended:
        jobs.force_stop(job_id)
