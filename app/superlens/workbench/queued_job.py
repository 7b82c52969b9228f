"""What the queue keeps of one job, and what it needs of the store of a project.

Qt-free.
"""

from dataclasses import dataclass
from typing import Protocol

from superlens.core.jobs import JobKind, JobRecord, Lane, lane_of


class JobStore(Protocol):
    """Where the jobs of a project are kept between sessions."""

    def add_job(self, record: JobRecord) -> None: ...

    def update_job(self, record: JobRecord) -> None: ...

    def jobs(self) -> tuple[JobRecord, ...]: ...


@dataclass(slots=True)
class QueuedJob:
    """A job in the queue; changed by the queue alone."""

    record: JobRecord
    image_ids: tuple[str, ...] = ()
    seconds_left: float | None = None
    is_saved: bool = False
    """Whether the store of the project holds it."""
    is_offered: bool = False
    """Whether it is of an earlier session and was not resumed yet."""
    is_forced: bool = False
    """Whether its engine is being killed because the user wants the job to stop."""

    @property
    def lane(self) -> Lane:
        """The lane it runs in."""
        return lane_of(self.record.request)

    @property
    def is_thumbnail(self) -> bool:
        """Whether it can be made again at any time, so that nobody remembers it."""
        return self.record.request.kind is JobKind.THUMBNAIL
