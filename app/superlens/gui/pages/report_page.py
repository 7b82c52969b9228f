"""Stage Report: which runs go in, under which title, and the report once it is written."""

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from superlens.core.jobs import JobKind, JobRecord, JobState, ReportRequest
from superlens.core.records import Number, ResultRecord
from superlens.gui.pages.page import StageButtons
from superlens.gui.pages.report_row import ReportRow
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.labels import ElidedLabel, label, surface, wrapped
from superlens.gui.words import plural
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench

_WIDTH = 720
_REPORTED = (JobKind.RESTORE, JobKind.MEASURE, JobKind.TRAIN, JobKind.EVALUATE)


class ReportPage(QWidget):
    """A list of finished runs with boxes, a title, and the last report.

    Signals:
        changed(): what the primary button says may be another.
    """

    changed = Signal()

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._rows: list[ReportRow] = []
        self._written: Path | None = None
        inner = QWidget()
        inner.setMaximumWidth(_WIDTH)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 28, 0, 28)
        column.setSpacing(8)
        column.addWidget(label("Report", "heading"))
        column.addWidget(
            wrapped(
                "One PDF and one self-contained HTML page: pictures with scale bars, numbers with "
                "their intervals, methods, provenance and what may be said.",
                "body",
            )
        )
        column.addSpacing(8)
        column.addWidget(self._done_card())
        column.addSpacing(4)
        column.addWidget(label("Title", "label"))
        self._title = QLineEdit()
        self._title.setAccessibleName("Title of the report")
        column.addWidget(self._title)
        column.addSpacing(12)
        head = QHBoxLayout()
        head.addWidget(label("What goes in", "block"))
        head.addStretch(1)
        self._count = label("", "caption")
        head.addWidget(self._count)
        column.addLayout(head)
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        column.addLayout(self._list)
        self._empty = wrapped("No finished run yet. Super-resolve or measure something first.")
        column.addWidget(self._empty)
        column.addStretch(1)
        self._show_in_scroll(inner)
        workbench.project_changed.connect(self._follow_project)
        workbench.jobs.job_ended.connect(self._job_ended)
        self._follow_project(workbench.project)

    @property
    def title(self) -> str:
        """The title of the report."""
        return self._title.text().strip()

    def chosen_runs(self) -> tuple[Path, ...]:
        """Give the run folders that go in, oldest first."""
        return tuple(Path(row.result.folder) for row in self._rows if row.is_checked)

    def buttons(self) -> StageButtons:
        """Give the primary button of this stage."""
        count = len(self.chosen_runs())
        return StageButtons(
            "Create report…",
            is_enabled=count > 0,
            reason="Tick at least one run" if self._rows else "There is no finished run yet",
        )

    def _show_in_scroll(self, inner: QWidget) -> None:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(32, 0, 32, 0)
        row.addStretch(1)
        row.addWidget(inner, 1000)
        row.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(holder)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)

    def _done_card(self) -> QWidget:
        self._card = surface("card")
        row = QHBoxLayout(self._card)
        row.setContentsMargins(16, 12, 12, 12)
        row.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(2)
        self._done_title = label("", "strong")
        self._done_path = ElidedLabel("", "caption")
        words.addWidget(self._done_title)
        words.addWidget(self._done_path)
        row.addLayout(words, 1)
        self.open_pdf = button("Open PDF", icon_name="file-pdf")
        self.open_html = button("Open page", icon_name="file-text")
        folder = button("Show folder", "ghost")
        self.open_pdf.clicked.connect(self._open_pdf)
        self.open_html.clicked.connect(self._open_html)
        folder.clicked.connect(self._open_folder)
        for widget in (self.open_pdf, self.open_html, folder):
            row.addWidget(widget)
        self._card.hide()
        return self._card

    @property
    def written(self) -> Path | None:
        """The report written last in this session."""
        return self._written

    def _follow_project(self, project: Project | None) -> None:
        self._written = None
        self._card.hide()
        for row in self._rows:
            row.deleteLater()
        self._rows = []
        if project is not None:
            self._title.setText(project.name)
            project.result_added.connect(self._add)
            project.names.changed.connect(self._show_names)
            for result in project.results():
                self._add(result)
        self._update()

    def _add(self, result: ResultRecord) -> None:
        if result.kind not in _REPORTED:
            return
        project = self._workbench.project
        if project is None:
            return
        images = project.images_of_result(result.job_id)
        if result.kind == JobKind.RESTORE and _are_of_one_scene(project, images):
            self._clear_older(images)
        row = ReportRow(result, images, *self._words_of(result))
        row.toggled.connect(self._update)
        self._rows.append(row)
        self._list.insertWidget(0, row)
        self._update()

    def _words_of(self, result: ResultRecord) -> tuple[str, tuple[Number, ...]]:
        """Give name and numbers of a run, with codes where names are hidden."""
        project = self._workbench.project
        if project is None:
            return "", ()
        ids = project.images_of_result(result.job_id)
        images = tuple(project.image(image_id) for image_id in ids)
        return project.names.of_run(result, images), project.names.numbers_of(result)

    def _show_names(self) -> None:
        for row in self._rows:
            row.show_words(*self._words_of(row.result))

    def _clear_older(self, images: tuple[str, ...]) -> None:
        for older in self._rows:
            if older.result.kind == JobKind.RESTORE and older.image_ids == images:
                older.set_checked(False)

    def _update(self) -> None:
        self._empty.setVisible(not self._rows)
        chosen = len(self.chosen_runs())
        self._count.setText(f"{chosen} of {plural(len(self._rows), 'run')}" if self._rows else "")
        self.changed.emit()

    def _job_ended(self, job: JobRecord) -> None:
        if isinstance(job.request, ReportRequest) and job.state is JobState.DONE:
            self._written = Path(job.request.out)
            self._done_title.setText(f"Report written at {datetime.now():%H:%M}")
            self._done_path.setText(str(self._written))
            self.open_pdf.setVisible(self._written.with_suffix(".pdf").is_file())
            self.open_html.setVisible(self._written.with_suffix(".html").is_file())
            self._card.show()
            self.changed.emit()

    def _open_pdf(self) -> None:
        self._open(".pdf")

    def _open_html(self) -> None:
        self._open(".html")

    def _open(self, suffix: str) -> None:
        if self._written is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written.with_suffix(suffix))))

    def _open_folder(self) -> None:
        if self._written is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written.parent)))


def _are_of_one_scene(project: Project, images: tuple[str, ...]) -> bool:
    """Say whether two restorations of these images must show the same scene."""
    known = set(project.image_ids()).intersection(images)
    return all(len(project.image(image_id).chosen_scenes) == 1 for image_id in known)
