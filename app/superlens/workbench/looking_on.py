"""The jobs of a project that another window writes: shown as they ended, never changed here.

Qt-free.
"""

from superlens.core.errors import ProjectLocked
from superlens.core.jobs import JobRecord
from superlens.io.store import ProjectStore


class JobsOfAnother:
    """A `JobStore` for the queue of a window that only looks on."""

    def __init__(self, store: ProjectStore) -> None:
        self._store = store

    def jobs(self) -> tuple[JobRecord, ...]:
        """Give the jobs that ended; those that wait or run are the business of the writer."""
        return tuple(job for job in self._store.jobs() if job.state.is_ended)

    def add_job(self, record: JobRecord) -> None:
        """Refuse a new job.

        Raises:
            ProjectLocked: always.
        """
        raise ProjectLocked(
            f"{record.title} cannot be started: the project is open for reading only",
            self._store.read_only_reason,
        )

    def update_job(self, record: JobRecord) -> None:
        """Leave the record of a job as the writer has it."""
