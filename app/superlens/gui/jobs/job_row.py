"""One job as a row of 30 px: state, title, progress, words, time, one button."""

import time

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from superlens.core.jobs import JobRecord, JobState
from superlens.gui.theme.current import tokens
from superlens.gui.theme.icons import draw_icon
from superlens.gui.widgets.buttons import button, tool
from superlens.gui.widgets.labels import ElidedLabel, label, set_tone
from superlens.gui.widgets.progress import ProgressLine
from superlens.gui.widgets.spinner import turn_degrees
from superlens.gui.words import clock_text, seconds_between

FORCE_STOP_AFTER_S = 5.0
_BUTTONS_WIDTH = 84

_ICONS = {
    JobState.WAITING: ("clock", "text3"),
    JobState.RUNNING: ("spinner", "accent"),
    JobState.PAUSED: ("clock", "warn"),
    JobState.DONE: ("check-circle", "ok"),
    JobState.FAILED: ("x-circle", "bad"),
    JobState.CANCELLED: ("circle", "text3"),
}


class JobRow(QWidget):
    """A row of the list of jobs.

    Signals:
        cancel_wanted(str), force_stop_wanted(str), retry_wanted(str): with the id of the job.
        result_wanted(JobRecord): the user wants to see the result.
    """

    cancel_wanted = Signal(str)
    force_stop_wanted = Signal(str)
    retry_wanted = Signal(str)
    result_wanted = Signal(object)

    def __init__(self, job: JobRecord, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.job = job
        self._cancelled_at: float | None = None
        self.setFixedHeight(30)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 12, 0)
        row.setSpacing(12)
        self._icon = _StateIcon(self)
        self._title = ElidedLabel(job.title, "strong")
        self.progress = ProgressLine(self)
        self._words = ElidedLabel("", "body")
        self._words.mode = Qt.TextElideMode.ElideRight
        self._time = label("", "caption")
        self._time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._time.setMinimumWidth(116)
        self._button = button("", "small")
        self._stop = tool("x", "Cancel this job")
        self._open = tool("arrow-square-out", "Show the result")
        row.addWidget(self._icon)
        row.addWidget(self._title, 6)
        row.addWidget(self.progress, 3)
        row.addWidget(self._words, 6)
        row.addWidget(self._time)
        row.addWidget(self._button_box())
        self._stop.clicked.connect(self.cancel)
        self._open.clicked.connect(self._show_result)
        self._button.clicked.connect(self.act)
        self.show_job(job, None)

    def show_job(self, job: JobRecord, seconds_left: float | None) -> None:
        """Show how the job stands now."""
        self.job = job
        is_running = job.state is JobState.RUNNING
        self._icon.show_state(job.state)
        self.progress.show_progress(job.done, job.total, is_running)
        self._words.setText(self._words_of(job))
        set_tone(self._words, "bad" if job.state is JobState.FAILED else "body")
        self._words.setToolTip(job.error.sentence if job.error else "")
        self._time.setText(_time_of(job, seconds_left))
        self._stop.setVisible(not job.state.is_ended and self._cancelled_at is None)
        self._open.setVisible(job.state is JobState.DONE)
        self._button.setVisible(self._offer())

    def show_title(self, title: str) -> None:
        """Call the job otherwise, as when names are hidden."""
        self._title.setText(title)

    def cancel(self) -> None:
        """Ask for the end of the job; unanswered for five seconds, Force stop is offered."""
        self._cancelled_at = time.monotonic()
        self.cancel_wanted.emit(self.job.id)

    def _button_box(self) -> QWidget:
        """Give the buttons in a box of one width, so that the columns of all rows agree."""
        box = QWidget()
        box.setFixedWidth(_BUTTONS_WIDTH)
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addStretch(1)
        for widget in (self._button, self._stop, self._open):
            row.addWidget(widget)
        return box

    @property
    def offer(self) -> str:
        """The words of the button now shown, or empty."""
        return self._button.text() if not self._button.isHidden() else ""

    def act(self) -> None:
        """Do what the button offers: Force stop or Retry."""
        if self.job.state.is_ended:
            self.retry_wanted.emit(self.job.id)
        else:
            self.force_stop_wanted.emit(self.job.id)

    def sizeHint(self) -> QSize:
        return QSize(600, 30)

    def _offer(self) -> bool:
        waited = time.monotonic() - self._cancelled_at if self._cancelled_at else 0.0
        if self.job.state in (JobState.FAILED, JobState.CANCELLED):
            self._button.setText("Retry")
            self._button.setToolTip("Run the same request again")
            return True
        if not self.job.state.is_ended and waited >= FORCE_STOP_AFTER_S:
            self._button.setText("Force stop")
            self._button.setToolTip("End the engine; the queue is kept and the engine restarts")
            return True
        return False

    def _words_of(self, job: JobRecord) -> str:
        match job.state:
            case JobState.FAILED:
                return job.error.sentence if job.error else "Failed"
            case JobState.RUNNING if self._cancelled_at is not None:
                return "Stopping…"
            case JobState.RUNNING | JobState.PAUSED:
                counted = f" {job.done} of {job.total}" if job.total > 1 else ""
                return f"{job.phase}{counted}".strip().capitalize() or "Starting"
            case JobState.WAITING:
                return "Next in queue"
            case JobState.CANCELLED:
                return "Cancelled"
            case JobState.DONE:
                warnings = job.result.warnings if job.result else ()
                return warnings[0] if warnings else "Done"

    def _show_result(self) -> None:
        self.result_wanted.emit(self.job)


class _StateIcon(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._state = JobState.WAITING
        self.setFixedSize(16, 16)

    def show_state(self, state: JobState) -> None:
        self._state = state
        self.setAccessibleName(state.value)
        self.setToolTip(state.value.capitalize())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        name, colour = _ICONS[self._state]
        painter = QPainter(self)
        if self._state is JobState.RUNNING:
            painter.translate(8, 8)
            painter.rotate(turn_degrees())
            painter.translate(-8, -8)
        draw_icon(painter, QRect(0, 0, 16, 16), name, QColor(getattr(tokens(), colour)))


def _time_of(job: JobRecord, seconds_left: float | None) -> str:
    elapsed = clock_text(seconds_between(job.started, job.ended))
    if job.state is JobState.RUNNING:
        left = f" · {clock_text(seconds_left)} left" if seconds_left is not None else ""
        return elapsed + left
    return elapsed if job.started else ""
