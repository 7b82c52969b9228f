"""A project that another window writes is shown, says why nothing can be changed, and is freed."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.engine import FakeEngines
from superlens.core.errors import ErrorInfo, InvalidInput, ProjectLocked
from superlens.core.jobs import JobRecord, JobState, ReportRequest, ThumbnailRequest
from superlens.core.records import FileIdentity, ImageInfo, ImageRecord, ResultRecord
from superlens.io.store import LOCK_FILE, ProjectStore
from superlens.workbench.workbench import Workbench


def image(image_id: str) -> ImageRecord:
    return ImageRecord(image_id, "a.tif", FileIdentity(1, 2, image_id), ImageInfo("a", "TIFF", ()))


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ProjectStore]:
    """The project as the other window has it."""
    with ProjectStore.create(tmp_path / "screen") as store:
        store.add_image(image("a"))
        store.add_result(("a",), ResultRecord("done", "restore", "results/a-1"))
        request = ThumbnailRequest((), "found")
        ended = JobRecord("done", request, "Ended", state=JobState.DONE, created="2026")
        store.add_job(ended)
        store.add_job(replace(ended, id="at work", state=JobState.RUNNING))
        yield store


def test_project_of_another_window_is_shown_with_the_reason(
    bench: Workbench, writer: ProjectStore
) -> None:
    project = bench.open_project(writer.folder)

    assert project.read_only_reason.startswith(f"It is open for writing by process {os.getpid()}")
    assert [one.id for one in project.images()] == ["a"]
    assert [one.job_id for one in project.results_of("a")] == ["done"]
    assert bench.project is project


def test_jobs_of_another_window_are_not_offered_and_not_touched(
    bench: Workbench, writer: ProjectStore
) -> None:
    offered: list[Any] = []
    bench.jobs.jobs_offered.connect(offered.append)
    before = writer.jobs()

    bench.open_project(writer.folder)
    shown = [job.id for job in bench.jobs.jobs()]
    bench.close_project()

    assert shown == ["done"]
    assert offered == []
    assert writer.jobs() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda project: project.update_image(replace(project.images()[0], note="x")),
        lambda project: project.remove_image("a"),
        lambda project: project.remove_result("done"),
        lambda project: project.trash.empty(),
        lambda project: project.names.blind(),
    ],
    ids=["update", "remove image", "remove result", "empty trash", "blind"],
)
def test_window_that_looks_on_changes_nothing(
    bench: Workbench, writer: ProjectStore, change: Any
) -> None:
    project = bench.open_project(writer.folder)

    with pytest.raises(ProjectLocked, match="open for reading only"):
        change(project)

    assert project.images() == writer.images()
    assert len(project.results()) == 1


def test_files_and_jobs_are_refused_by_the_window_that_looks_on(
    bench: Workbench, writer: ProjectStore, tmp_path: Path
) -> None:
    project = bench.open_project(writer.folder)
    refused: list[ErrorInfo] = []
    project.import_failed.connect(lambda _, error: refused.append(error))

    project.add_files([tmp_path / "new.tif"])
    with pytest.raises(ProjectLocked, match="Report cannot be started"):
        bench.jobs.submit(ReportRequest((), str(tmp_path / "r.pdf")), "Report")

    assert [error.code for error in refused] == ["project_locked"]


def test_lock_that_was_left_behind_is_explained_and_taken_over(
    bench: Workbench, writer: ProjectStore
) -> None:
    writer.close()
    lock = writer.folder / LOCK_FILE
    lock.write_text(
        json.dumps({"host": "lab-3", "pid": 7, "process_started": 1.0, "token": "left"})
    )
    os.utime(lock, (time.time() - 900, time.time() - 900))
    project = bench.open_project(writer.folder)

    again = bench.take_over_project()

    assert "process 7 on lab-3, silent for 15 minutes" in project.read_only_reason
    assert again.read_only_reason == ""
    again.update_image(replace(again.images()[0], note="mine"))
    assert bench.project is again


def test_project_whose_writer_lives_is_not_taken_over(
    bench: Workbench, writer: ProjectStore
) -> None:
    project = bench.open_project(writer.folder)

    with pytest.raises(ProjectLocked):
        bench.take_over_project()

    assert bench.project is project
    assert len(project.images()) == 1


def test_there_is_nothing_to_take_over_in_a_project_of_ones_own(
    bench: Workbench, tmp_path: Path, engines: FakeEngines
) -> None:
    bench.new_project(tmp_path / "mine")

    with pytest.raises(InvalidInput, match="No project is open for reading only"):
        bench.take_over_project()
