"""The list of jobs: progress, time, Cancel, Force stop, Retry."""

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from superlens.core.jobs import JobKind, JobRecord
from superlens.gui.jobs.job_row import JobRow
from superlens.gui.widgets.row_list import RowList
from superlens.workbench.jobs import JobQueue

_TICK_MS = 500


class JobsPanel(RowList):
    """One row per job, the newest at the top.

    Signals:
        result_wanted(JobRecord): the user wants to see what a finished job made.
        count_changed(int): another number of jobs waits or runs.
    """

    result_wanted = Signal(object)
    count_changed = Signal(int)

    def __init__(self, jobs: JobQueue, parent: QWidget | None = None) -> None:
        super().__init__("No jobs yet. What you run appears here.", parent)
        self._jobs = jobs
        self._rows: dict[str, JobRow] = {}
        self._title_of: Callable[[JobRecord], str] = _title
        self._clock = QTimer(self, interval=_TICK_MS)
        self._clock.timeout.connect(self._tick)
        for job in jobs.jobs():
            self._add(job)
        jobs.job_added.connect(self._add)
        jobs.job_changed.connect(self._change)
        jobs.job_ended.connect(self._change)
        jobs.job_removed.connect(self._remove)

    def show_names(self, title_of: Callable[[JobRecord], str]) -> None:
        """Call all jobs, also those to come, as a function says."""
        self._title_of = title_of
        for row in self._rows.values():
            row.show_title(title_of(row.job))

    def row(self, job_id: str) -> JobRow:
        """Give the row of a job."""
        return self._rows[job_id]

    def _add(self, job: JobRecord) -> None:
        if job.request.kind is JobKind.THUMBNAIL or job.id in self._rows:
            return
        row = JobRow(job)
        row.show_title(self._title_of(job))
        row.cancel_wanted.connect(self._jobs.cancel)
        row.force_stop_wanted.connect(self._jobs.force_stop)
        row.retry_wanted.connect(self._jobs.retry)
        row.result_wanted.connect(self.result_wanted)
        self._rows[job.id] = row
        self.add_on_top(row)
        self._update()

    def _change(self, job: JobRecord) -> None:
        if job.id in self._rows:
            self._rows[job.id].show_job(job, self._jobs.seconds_left(job.id))
            self._update()

    def _remove(self, job_id: str) -> None:
        row = self._rows.pop(job_id, None)
        if row is not None:
            row.deleteLater()
            self._update()

    def _tick(self) -> None:
        for job_id, row in self._rows.items():
            if not row.job.state.is_ended:
                row.show_job(self._jobs.job(job_id), self._jobs.seconds_left(job_id))

    def _update(self) -> None:
        self.show_emptiness(not self._rows)
        active = sum(not row.job.state.is_ended for row in self._rows.values())
        if bool(active) != self._clock.isActive():
            (self._clock.start if active else self._clock.stop)()
        self.count_changed.emit(active)


def _title(job: JobRecord) -> str:
    return job.title
