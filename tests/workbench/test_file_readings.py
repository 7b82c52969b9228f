"""Many files in one job: turns, what a stopped turn leaves, and how often the project is saved."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.engine import FakeEngines, FakeJob, crash, grey, look_at_files
from superlens.core.errors import ErrorInfo
from superlens.core.jobs import FileFinding, FileToLookAt, JobKind, ReportRequest, ThumbnailRequest
from superlens.core.messages import Accepted, Event, Finished
from superlens.core.records import ResultRecord
from superlens.io.findings import findings_file
from superlens.io.store_images import StoredImages
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench


@pytest.fixture
def project(bench: Workbench, tmp_path: Path) -> Project:
    return bench.new_project(tmp_path / "screen")


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    """A folder of 40 files that no engine of these tests really reads."""
    folder = tmp_path / "plate"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.tif").write_bytes(b"%d" % number)
    return folder


def names(project: Project) -> list[str]:
    return [Path(image.path).stem for image in project.images()]


def turn_of_three(job: FakeJob) -> Iterator[Event]:
    """Look at three files, though more are asked for."""
    request = job.request
    assert isinstance(request, ThumbnailRequest)
    yield Accepted(job.id, "")
    with findings_file(Path(request.findings)) as add:
        for file in request.files[:3]:
            add(grey(file, request.has_pictures))
    yield Finished(job.id, ResultRecord(job.id, JobKind.THUMBNAIL, ""))


def test_files_that_a_turn_left_are_asked_for_again_in_their_order(
    qtbot: Any, project: Project, engines: FakeEngines, plate: Path
) -> None:
    engines.scripts[JobKind.THUMBNAIL] = turn_of_three

    with qtbot.waitSignal(project.imports_finished, timeout=20000):
        project.add_files([plate])
    qtbot.wait_until(lambda: all(project.thumbnail(key) for key in project.image_ids()))

    assert names(project) == [f"{number:02}" for number in range(40)]


def test_other_jobs_are_done_between_the_turns(
    qtbot: Any, bench: Workbench, project: Project, engines: FakeEngines, plate: Path
) -> None:
    engines.scripts[JobKind.THUMBNAIL] = turn_of_three
    read_before: list[int] = []
    project.result_added.connect(lambda _: read_before.append(len(project.image_ids())))
    with qtbot.waitSignal(project.image_added, timeout=20000):
        project.add_files([plate])

    with qtbot.waitSignal(project.imports_finished, timeout=20000):
        bench.jobs.submit(ReportRequest((), str(plate / "r.pdf")), "Report")

    assert read_before[0] < 40


def test_a_plate_is_saved_in_few_transactions(
    qtbot: Any, project: Project, plate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []
    add = StoredImages.add

    def counted(self: StoredImages, *records: Any) -> None:
        saved.append(len(records))
        add(self, *records)

    monkeypatch.setattr(StoredImages, "add", counted)

    with qtbot.waitSignal(project.imports_finished, timeout=20000):
        project.add_files([plate])

    assert sum(saved) == 40
    assert len(saved) < 20  # one for each turn, however the files come in


def test_what_was_read_stays_when_the_project_is_closed(
    qtbot: Any, bench: Workbench, project: Project, engines: FakeEngines, plate: Path
) -> None:
    reached = threading.Event()

    def stick(job: FakeJob) -> Iterator[Event]:
        def look(file: FileToLookAt, has_pictures: bool) -> FileFinding:
            if Path(file.path).stem == "05":
                reached.set()
                job.wait_for_cancel()
            return grey(file, has_pictures)

        yield from look_at_files(job, look)

    engines.scripts[JobKind.THUMBNAIL] = stick
    project.add_files([plate])
    qtbot.wait_until(reached.is_set, timeout=20000)
    bench.close_project()

    again = bench.open_project(project.folder)

    assert names(again)[:5] == ["00", "01", "02", "03", "04"]
    assert not list((again.folder / "cache").glob("*.findings"))


def test_an_engine_that_dies_over_each_file_ends_the_import_all_the_same(
    qtbot: Any, project: Project, engines: FakeEngines, plate: Path
) -> None:
    engines.scripts[JobKind.THUMBNAIL] = crash
    for path in sorted(plate.iterdir())[2:]:
        path.unlink()
    failed: list[ErrorInfo] = []
    project.import_failed.connect(lambda _, error: failed.append(error))

    with qtbot.waitSignal(project.imports_finished, timeout=20000):
        project.add_files([plate])

    assert [error.code for error in failed] == ["engine_lost"] * 2
    assert project.image_ids() == ()
