"""The job queue: what waits, what runs, how everything ended.

QtCore only. Every accepted job ends exactly once; the queue outlives engines and sessions.
"""

import logging
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from superlens.core.errors import InvalidInput, SuperlensError, describe_error
from superlens.core.jobs import JobRecord, JobRequest, JobState, Lane
from superlens.core.messages import (
    Accepted,
    Cancel,
    Ending,
    Finished,
    LogLevel,
    LogLine,
    Preview,
    Progress,
    Submit,
)
from superlens.io.codec import write_request
from superlens.workbench.engine_link import EngineLink, EngineState
from superlens.workbench.job_endings import (
    cancelled_record,
    clear_partial,
    ended_record,
    failed_record,
    lost_record,
    resumed_request,
    revived_record,
    utc_now,
)
from superlens.workbench.queued_job import JobStore, QueuedJob
from superlens.workbench.waiting_lines import WaitingLines

logger = logging.getLogger(__name__)

FORCE_STOP_AFTER_S = 5.0
"""After so long without an answer to Cancel, a user is offered to force the stop."""

FORCED = "It was stopped by force"


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
        save_failed(ErrorInfo): the project could not save how a job stands; the job goes on.
    """

    job_added = Signal(object)
    job_changed = Signal(object)
    job_ended = Signal(object)
    job_removed = Signal(str)
    jobs_offered = Signal(object)
    metric = Signal(object)
    preview = Signal(object)
    log_line = Signal(object)
    save_failed = Signal(object)

    def __init__(
        self,
        links: Mapping[Lane, EngineLink],
        requests_folder: Path,
        parent: QObject | None = None,
    ) -> None:
        """Make an empty queue.

        Args:
            links: the engine of each lane.
            requests_folder: where requests are written while no project is open.
            parent: owner of the object.
        """
        super().__init__(parent)
        self._links = dict(links)
        self._home_folder = requests_folder
        self._folder = requests_folder
        self._store: JobStore | None = None
        self._jobs: dict[str, QueuedJob] = {}
        self._running: dict[Lane, str] = {}
        self._orphans: set[str] = set()
        self._waiting = WaitingLines()
        self._pump = QTimer(self)
        self._pump.setSingleShot(True)
        self._pump.timeout.connect(self._advance)
        self._orphans_leave = QTimer(self)
        self._orphans_leave.setSingleShot(True)
        self._orphans_leave.setInterval(int(FORCE_STOP_AFTER_S * 1000))
        self._orphans_leave.timeout.connect(self._end_orphans)
        for link in self._links.values():
            self._connect(link)

    def submit(self, request: JobRequest, title: str, image_ids: tuple[str, ...] = ()) -> str:
        """Queue a complete request and give the id of the new job.

        Args:
            request: what to do.
            title: what the user reads: verb and object.
            image_ids: images of the project that the result belongs to.

        Raises:
            SuperlensError: the project could not save the job, which is not queued then.
        """
        record = JobRecord(uuid.uuid4().hex, request, title, created=utc_now())
        job = QueuedJob(record, image_ids)
        if self._store is not None and not job.is_thumbnail:
            self._store.add_job(record)
            job.is_saved = True
        self._jobs[record.id] = job
        self._queue(job)
        self.job_added.emit(record)
        return record.id

    def cancel(self, job_id: str) -> None:
        """Stop a job: a waiting one at once, a running one at its next step."""
        job = self._jobs[job_id]
        if job.record.state is JobState.WAITING:
            clear_partial(job.record.request)
            self._finish(job, cancelled_record(job.record))
        elif not job.record.state.is_ended:
            self._links[job.lane].send(Cancel(job_id))

    def force_stop(self, job_id: str) -> None:
        """Stop a running job by ending its engine; the queue stays, the engine starts again."""
        job = self._jobs[job_id]
        if self._running.get(job.lane) != job_id:
            self.cancel(job_id)
            return
        job.is_forced = True
        self._links[job.lane].kill(FORCED)

    def retry(self, job_id: str) -> str:
        """Queue the request of a failed or cancelled job again; gives the id of the new job.

        A training goes on from its last checkpoint.

        Raises:
            InvalidInput: the job has not ended, or was done.
        """
        job = self._jobs[job_id]
        if job.record.state not in (JobState.FAILED, JobState.CANCELLED):
            raise InvalidInput(f"{job.record.title} is {job.record.state.value}, not failed")
        return self.submit(resumed_request(job.record.request), job.record.title, job.image_ids)

    def jobs(self) -> tuple[JobRecord, ...]:
        """Give all jobs, oldest first."""
        return tuple(job.record for job in self._jobs.values())

    def job(self, job_id: str) -> JobRecord:
        """Give one job; `KeyError` if there is none of this id."""
        return self._jobs[job_id].record

    def images_of(self, job_id: str) -> tuple[str, ...]:
        """Give the ids of the images that the result of a job belongs to."""
        return self._jobs[job_id].image_ids

    def forget(self, job_id: str) -> None:
        """Take a job that ended off the list; its project forgot it already."""
        if self._jobs.pop(job_id, None) is not None:
            self.job_removed.emit(job_id)

    def seconds_left(self, job_id: str) -> float | None:
        """Give the engine's estimate for a running job; None while it has none."""
        return self._jobs[job_id].seconds_left

    def picture_of(self, preview: Preview) -> NDArray[np.float32] | None:
        """Give the picture that `preview` announced: (Y, X), or None when it is gone already."""
        job = self._jobs.get(preview.job_id)
        if job is None:
            return None
        return self._links[job.lane].read_preview(preview)

    def offered(self) -> tuple[JobRecord, ...]:
        """Give the waiting jobs of an earlier session that were not resumed yet."""
        return tuple(job.record for job in self._offered())

    def resume_offered(self) -> None:
        """Let the offered jobs run."""
        for job in self._offered():
            job.is_offered = False
            self._queue(job)

    def discard_offered(self) -> None:
        """Cancel the offered jobs."""
        for job in self._offered():
            self.cancel(job.record.id)

    def attach(self, store: JobStore, requests_folder: Path) -> None:
        """Take in the jobs of a project that was opened, and keep all new ones in its store.

        What had not ended when its session did waits again, but runs only when resumed.
        """
        self._store, self._folder = store, requests_folder
        for saved in store.jobs():
            record = revived_record(saved)
            self._jobs[record.id] = QueuedJob(
                record, is_saved=True, is_offered=not record.state.is_ended
            )
            if record != saved:
                self._save(self._jobs[record.id], record)
            self.job_added.emit(record)
        if self.offered():
            self.jobs_offered.emit(self.offered())

    def detach(self) -> None:
        """Forget all jobs before their project is closed; those not ended wait in its store."""
        for lane, job_id in self._running.items():
            self._links[lane].send(Cancel(job_id))
            self._orphans.add(job_id)
            self._orphans_leave.start()
        for job in self._jobs.values():
            self._save(job, revived_record(job.record))
        removed = tuple(self._jobs)
        self._jobs.clear()
        self._waiting.clear()
        self._store, self._folder = None, self._home_folder
        for job_id in removed:
            self.job_removed.emit(job_id)

    def _connect(self, link: EngineLink) -> None:
        link.ready.connect(self._pump_soon)
        link.accepted.connect(self._note_plan)
        link.progressed.connect(self._note_progress)
        link.ended.connect(self._note_ending)
        link.lost.connect(self._note_loss)
        link.metric.connect(self.metric)
        link.preview.connect(self.preview)
        link.log_line.connect(self.log_line)

    def _offered(self) -> list[QueuedJob]:
        return [job for job in self._jobs.values() if job.is_offered]

    def _queue(self, job: QueuedJob) -> None:
        self._waiting.join(job.lane, job.record.id, gives_way=job.is_thumbnail)
        self._pump_soon()

    def _pump_soon(self) -> None:
        # Through the event loop, so that whoever submits many jobs is not interrupted by the first.
        self._pump.start(0)

    def _advance(self) -> None:
        for lane, link in self._links.items():
            while link.state is EngineState.READY and lane not in self._running:
                job_id = self._waiting.take(lane, self._may_run)
                if job_id is None:
                    break
                self._begin(lane, self._jobs[job_id])

    def _may_run(self, job_id: str) -> bool:
        job = self._jobs.get(job_id)
        return job is not None and job.record.state is JobState.WAITING and not job.is_offered

    def _begin(self, lane: Lane, job: QueuedJob) -> None:
        record = job.record
        path = self._request_file(job)
        try:
            write_request(path, record.request)
        except SuperlensError as error:
            self._finish(job, failed_record(record, error))
            return
        self._running[lane] = record.id
        self._links[lane].send(Submit(record.id, str(path)))
        self._change(job, replace(record, state=JobState.RUNNING, started=utc_now()))

    def _request_file(self, job: QueuedJob) -> Path:
        return self._folder / f"{job.record.id}.json"

    def _note_plan(self, event: Accepted) -> None:
        if event.plan:
            self.log_line.emit(LogLine(LogLevel.INFO, __name__, event.plan, event.job_id))

    def _note_progress(self, event: Progress) -> None:
        job = self._jobs.get(event.job_id)
        if job is None or job.record.state is not JobState.RUNNING:
            return
        job.seconds_left = event.seconds_left
        job.record = replace(job.record, phase=event.phase, done=event.done, total=event.total)
        self.job_changed.emit(job.record)

    def _note_ending(self, ending: Ending) -> None:
        is_orphan = ending.job_id in self._orphans
        for lane in [lane for lane, running in self._running.items() if running == ending.job_id]:
            self._free(lane)
        job = self._jobs.get(ending.job_id)
        if job is None or job.record.state.is_ended:
            return
        # The project was closed and opened again meanwhile: its job waits, whether or not the one
        # that ran was stopped; but a run that stands is done.
        if not is_orphan or isinstance(ending, Finished):
            self._finish(job, ended_record(job.record, ending))

    def _note_loss(self, lane: str, reason: str) -> None:
        job_id = self._running.get(Lane(lane), "")
        is_orphan = job_id in self._orphans
        self._free(Lane(lane))
        job = self._jobs.get(job_id)
        if job is not None and not is_orphan:
            clear_partial(job.record.request)
            self._finish(job, lost_record(job.record, reason, job.is_forced))

    def _free(self, lane: Lane) -> None:
        self._orphans.discard(self._running.pop(lane, ""))
        if not self._orphans:
            self._orphans_leave.stop()
        self._pump_soon()

    def _end_orphans(self) -> None:
        """Kill engines that do not let go of a job whose project was closed."""
        for lane, job_id in self._running.items():
            if job_id in self._orphans:
                self._links[lane].kill("The job of a closed project did not stop")

    def _change(self, job: QueuedJob, record: JobRecord) -> None:
        job.record = record
        self._save(job, record)
        self.job_changed.emit(record)

    def _save(self, job: QueuedJob, record: JobRecord) -> None:
        if self._store is None or not job.is_saved:
            return
        try:
            self._store.update_job(record)
        except SuperlensError as error:
            # The job itself goes on: its run folder says what it did.
            logger.exception("The state of a job was not saved")
            self.save_failed.emit(describe_error(error))

    def _finish(self, job: QueuedJob, record: JobRecord) -> None:
        """Give a job its one end."""
        job.seconds_left, job.is_offered = None, False
        with suppress(OSError):
            self._request_file(job).unlink()
        self._change(job, record)
        self.job_ended.emit(record)
        if job.is_thumbnail and self._jobs.pop(record.id, None) is not None:
            self.job_removed.emit(record.id)
