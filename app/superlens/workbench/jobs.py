"""The job queue: what waits, what runs, how everything ended.

QtCore only. Every accepted job ends exactly once; the queue outlives engines and sessions.
"""

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

from superlens.core.jobs import JobRecord, JobRequest, Lane
from superlens.workbench.engine_link import EngineLink


class JobQueue(QObject):
    """All jobs of the open project, and who runs: one job at a time in each lane.

    Thumbnail jobs are in it too (a list of jobs leaves out `JobKind.THUMBNAIL`), give way to all
    others and are forgotten when they end.

    Signals:
        job_added(JobRecord): a job is in the queue; also for each job of a project just opened.
        job_changed(JobRecord): state, phase or progress changed; at most 20 times a second and job.
        job_ended(JobRecord): the one end of a job: done, failed or cancelled; `job_changed` came
            just before with the same record.
        job_removed(str): a job was taken off the list (forgotten, or its project was closed).
        jobs_offered(tuple[JobRecord, ...]): jobs of an earlier session wait for
            `resume_offered()` or `discard_offered()`.
        metric(Metric), preview(Preview), log_line(LogLine): passed on from the engines.
    """

    job_added = Signal(object)
    job_changed = Signal(object)
    job_ended = Signal(object)
    job_removed = Signal(str)
    jobs_offered = Signal(object)
    metric = Signal(object)
    preview = Signal(object)
    log_line = Signal(object)

    def __init__(self, links: Mapping[Lane, EngineLink], parent: QObject | None = None) -> None:
        super().__init__(parent)

    def submit(self, request: JobRequest, title: str, image_ids: tuple[str, ...] = ()) -> str:
        """Queue a complete request and give the id of the new job.

        Args:
            request: what to do.
            title: what the user reads: verb and object.
            image_ids: images of the project that the result belongs to.
        """
        raise NotImplementedError

    def cancel(self, job_id: str) -> None:
        """Stop a job: a waiting one at once, a running one at its next step."""
        raise NotImplementedError

    def force_stop(self, job_id: str) -> None:
        """Stop a running job by ending its engine; the queue is kept and the engine started again."""
        raise NotImplementedError

    def retry(self, job_id: str) -> str:
        """Queue the request of a failed or cancelled job again; gives the id of the new job."""
        raise NotImplementedError

    def jobs(self) -> tuple[JobRecord, ...]:
        """Give all jobs, oldest first."""
        raise NotImplementedError

    def job(self, job_id: str) -> JobRecord:
        """Give one job; `KeyError` if there is none of this id."""
        raise NotImplementedError

    def images_of(self, job_id: str) -> tuple[str, ...]:
        """Give the ids of the images that the result of a job belongs to."""
        raise NotImplementedError

    def seconds_left(self, job_id: str) -> float | None:
        """Give the engine's estimate for a running job; None while it has none."""
        raise NotImplementedError

    def offered(self) -> tuple[JobRecord, ...]:
        """Give the waiting jobs of an earlier session that were not resumed yet."""
        raise NotImplementedError

    def resume_offered(self) -> None:
        """Let the offered jobs run."""
        raise NotImplementedError

    def discard_offered(self) -> None:
        """Cancel the offered jobs."""
        raise NotImplementedError
