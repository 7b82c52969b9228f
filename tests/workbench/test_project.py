"""Files become images of a project, results are attached to them, and all of it is there again."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.engine import (
    EngineIsGone,
    FakeEngines,
    FakeJob,
    grey,
    look_at_files,
    run_until_cancelled,
)
from superlens.core.errors import DiskFull, ErrorInfo
from superlens.core.jobs import (
    FieldInput,
    FileFinding,
    FileToLookAt,
    InputImage,
    JobKind,
    JobState,
    MeasureRequest,
    Recipe,
    ReportRequest,
    RestoreRequest,
    TrainRequest,
)
from superlens.core.messages import Event
from superlens.core.records import ImageRecord, ImageRole, ModelRef
from superlens.io.store import ProjectStore
from superlens.io.store_images import StoredImages
from superlens.workbench.links import LinkState
from superlens.workbench.project import Project
from superlens.workbench.requests import inputs_of
from superlens.workbench.workbench import Workbench


@pytest.fixture
def project(bench: Workbench, tmp_path: Path) -> Project:
    """A new project."""
    return bench.new_project(tmp_path / "screen")


def image_file(folder: Path, name: str, content: bytes | None = None) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if content is not None else name.encode())
    return path


def add(qtbot: Any, project: Project, *paths: Path) -> None:
    with qtbot.waitSignal(project.imports_finished, timeout=10000):
        project.add_files(paths)


def restore(project: Project, image: ImageRecord) -> RestoreRequest:
    out = project.new_run_folder("a_SR_m_2x")
    return RestoreRequest(
        InputImage(str(project.path_of(image))), ModelRef("m", "0" * 64), str(out)
    )


def done(qtbot: Any, bench: Workbench, request: Any, title: str = "Work") -> str:
    with qtbot.waitSignal(bench.project.result_added, timeout=5000):
        return bench.jobs.submit(request, title)


def test_dropped_files_become_images_with_pictures(
    qtbot: Any, project: Project, tmp_path: Path
) -> None:
    paths = [image_file(tmp_path, f"{name}.tif") for name in "abc"]
    started: list[str] = []
    project.import_started.connect(started.append)

    add(qtbot, project, *paths)

    assert [project.path_of(image) for image in project.images()] == paths
    assert started == [str(path) for path in paths]
    assert project.pending_imports() == 0
    qtbot.wait_until(lambda: all(project.thumbnail(key) for key in project.image_ids()))
    for image in project.images():
        assert project.link_state(image.id) is LinkState.PRESENT
        assert image.info.scenes[0].name == "field 1"


def test_folders_are_expanded(qtbot: Any, project: Project, tmp_path: Path) -> None:
    image_file(tmp_path / "plate", "B01/dna.tif")
    image_file(tmp_path / "plate", "A01/dna.png")
    image_file(tmp_path / "plate", "plate_map.csv")

    add(qtbot, project, tmp_path / "plate")

    assert [image.path.rsplit("plate/")[-1] for image in project.images()] == [
        "A01/dna.png",
        "B01/dna.tif",
    ]


def test_duplicates_are_refused_with_a_sentence(
    qtbot: Any, project: Project, tmp_path: Path
) -> None:
    first = image_file(tmp_path, "a.tif", b"same")
    second = image_file(tmp_path, "copy.tif", b"same")
    failed: list[tuple[str, ErrorInfo]] = []
    project.import_failed.connect(lambda path, error: failed.append((path, error)))

    add(qtbot, project, first, second)
    add(qtbot, project, first)

    assert len(project.images()) == 1
    assert [path for path, _ in failed] == [str(second), str(first)]
    assert failed[0][1].title == f"copy.tif is in the project already, as {first}"


def test_broken_file_is_reported_and_leaves_nothing(
    qtbot: Any, project: Project, engines: FakeEngines, tmp_path: Path
) -> None:
    refusal = ErrorInfo("unreadable_file", "The file is empty", "Export it again")
    engines.scripts[JobKind.THUMBNAIL] = lambda job: look_at_files(
        job, lambda *_: FileFinding(error=refusal)
    )
    broken = image_file(tmp_path, "broken.tif")

    with qtbot.waitSignal(project.import_failed, timeout=5000) as failed:
        project.add_files([broken])

    assert failed.args[0] == str(broken)
    assert failed.args[1].sentence == "The file is empty. Export it again."
    assert project.images() == ()
    assert not list((project.folder / "cache").glob("*"))


def test_file_that_kills_the_engine_is_reported_and_the_others_are_read(
    qtbot: Any, project: Project, engines: FakeEngines, tmp_path: Path
) -> None:
    def die_of_the_bad_one(job: FakeJob) -> Iterator[Event]:
        def look(file: FileToLookAt, has_pictures: bool) -> FileFinding:
            if "bad" in file.path:
                job.engine.process.die(-9)
                raise EngineIsGone
            return grey(file, has_pictures)

        yield from look_at_files(job, look)

    engines.scripts[JobKind.THUMBNAIL] = die_of_the_bad_one
    paths = [image_file(tmp_path, name) for name in ("a.tif", "bad.tif", "c.tif")]
    failed: list[ErrorInfo] = []
    project.import_failed.connect(lambda path, error: failed.append(error))

    add(qtbot, project, *paths)

    assert [Path(image.path).name for image in project.images()] == ["a.tif", "c.tif"]
    assert [error.code for error in failed] == ["engine_lost"]


def test_files_inside_and_beside_the_project_folder_are_linked_relatively(
    qtbot: Any, project: Project, tmp_path: Path
) -> None:
    inside = image_file(project.folder, "images/a.tif")
    outside = image_file(tmp_path, "b.tif")

    add(qtbot, project, inside, outside)

    assert [image.path for image in project.images()] == ["images/a.tif", "../b.tif"]
    assert [image.seen_at for image in project.images()] == [str(inside), str(outside)]
    assert project.images()[0].info.path == "images/a.tif"
    assert project.path_of(project.images()[0]) == inside


def test_result_belongs_to_the_images_that_its_job_read(
    qtbot: Any, bench: Workbench, project: Project, tmp_path: Path
) -> None:
    add(qtbot, project, image_file(tmp_path, "a.tif"), image_file(tmp_path, "b.tif"))
    first, second = project.images()

    restored = done(qtbot, bench, restore(project, first))
    field = FieldInput("A01", "1", {"dna": InputImage(str(tmp_path / "b.tif"))})
    measured = done(qtbot, bench, MeasureRequest("x", (field,), str(tmp_path / "elsewhere")))
    run = project.results_of(first.id)[0].folder
    report = done(qtbot, bench, ReportRequest((run,), str(project.folder / "r.pdf")))

    assert [result.job_id for result in project.results_of(first.id)] == [restored, report]
    assert [result.job_id for result in project.results_of(second.id)] == [measured]
    assert [result.job_id for result in project.results()] == [restored, measured, report]
    assert project.images_of_result(report) == (first.id,)
    assert Path(run).is_absolute()


def test_result_belongs_to_the_images_it_was_submitted_for(
    qtbot: Any, bench: Workbench, project: Project, tmp_path: Path
) -> None:
    add(qtbot, project, image_file(tmp_path, "a.tif"))
    image = project.images()[0]

    with qtbot.waitSignal(project.result_added, timeout=5000) as added:
        bench.jobs.submit(ReportRequest((), str(tmp_path / "r.pdf")), "Report", (image.id, "gone"))

    assert project.images_of_result(added.args[0].job_id) == (image.id,)


def test_everything_is_there_when_the_project_is_opened_again_elsewhere(
    qtbot: Any, bench: Workbench, project: Project, tmp_path: Path
) -> None:
    add(qtbot, project, image_file(project.folder, "images/a.tif"))
    image = project.images()[0]
    changed = replace(image, role=ImageRole.CONTROL, well="A01", tags=("good",))
    project.update_image(changed)
    job_id = done(qtbot, bench, restore(project, image))
    bench.close_project()
    shutil.move(tmp_path / "screen", tmp_path / "moved")

    again = bench.open_project(tmp_path / "moved")

    assert again.images() == (changed,)
    assert again.path_of(changed) == tmp_path / "moved" / "images" / "a.tif"
    assert again.thumbnail(changed.id) is not None
    assert [result.job_id for result in again.results_of(image.id)] == [job_id]
    run = again.results_of(image.id)[0].folder
    assert run == str(tmp_path / "moved" / "results" / "a_SR_m_2x-1")
    assert bench.jobs.job(job_id).state is JobState.DONE


def test_missing_and_changed_files_are_noticed_when_the_project_is_opened(
    qtbot: Any, bench: Workbench, project: Project, tmp_path: Path
) -> None:
    add(qtbot, project, *[image_file(tmp_path, f"{name}.tif") for name in "abc"])
    bench.close_project()
    (tmp_path / "a.tif").unlink()
    (tmp_path / "b.tif").write_bytes(b"something else")

    again = bench.open_project(tmp_path / "screen")
    first, second, third = again.images()
    qtbot.wait_until(lambda: again.link_state(second.id) is LinkState.CHANGED, timeout=5000)

    assert again.link_state(first.id) is LinkState.MISSING
    assert again.link_state(third.id) is LinkState.PRESENT


def test_lost_thumbnail_is_made_again(
    qtbot: Any, bench: Workbench, project: Project, tmp_path: Path
) -> None:
    add(qtbot, project, image_file(tmp_path, "a.tif"))
    bench.close_project()
    shutil.rmtree(tmp_path / "screen" / "cache")

    again = bench.open_project(tmp_path / "screen")
    image = again.images()[0]
    assert again.thumbnail(image.id) is None
    with qtbot.waitSignal(again.thumbnail_made, timeout=5000):
        pass

    assert again.thumbnail(image.id) is not None


def test_removed_image_is_gone_and_its_file_and_runs_stay(
    qtbot: Any, bench: Workbench, project: Project, tmp_path: Path
) -> None:
    path = image_file(tmp_path, "a.tif")
    add(qtbot, project, path)
    image = project.images()[0]
    job_id = done(qtbot, bench, restore(project, image))

    with qtbot.waitSignal(project.image_removed, timeout=1000):
        project.remove_image(image.id)

    assert project.images() == ()
    assert path.exists()
    assert [result.job_id for result in project.results()] == [job_id]
    add(qtbot, project, path)
    assert len(project.images()) == 1


@pytest.mark.expects_error_log
def test_result_that_cannot_be_saved_is_told_shown_and_saved_at_the_next_opening(
    qtbot: Any,
    bench: Workbench,
    project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise DiskFull("The disk is full")

    with monkeypatch.context() as full, qtbot.waitSignal(project.save_failed, timeout=5000):
        full.setattr(ProjectStore, "add_result", refuse)
        job_id = done(qtbot, bench, ReportRequest((), str(tmp_path / "r.pdf")))
    assert [result.job_id for result in project.results()] == [job_id]
    bench.close_project()

    again = bench.open_project(tmp_path / "screen")

    assert [result.job_id for result in again.results()] == [job_id]


@pytest.mark.expects_error_log
def test_image_that_cannot_be_saved_is_refused(
    qtbot: Any, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise DiskFull("The disk is full")

    monkeypatch.setattr(StoredImages, "add", refuse)

    with qtbot.waitSignal(project.import_failed, timeout=5000) as failed:
        project.add_files([image_file(tmp_path, "a.tif")])

    assert failed.args[1].code == "disk_full"
    assert project.images() == ()


def test_run_folders_of_waiting_jobs_are_not_given_twice(
    qtbot: Any, bench: Workbench, project: Project, engines: FakeEngines, tmp_path: Path
) -> None:
    engines.scripts[JobKind.RESTORE] = run_until_cancelled
    add(qtbot, project, image_file(tmp_path, "a.tif"))
    request = restore(project, project.images()[0])
    bench.jobs.submit(request, "Super-resolve a.tif")

    another = project.new_run_folder("a_SR_m_2x")

    assert Path(request.out).name == "a_SR_m_2x-1"
    assert another.name == "a_SR_m_2x-2"


def test_closing_while_files_are_read_takes_nothing_into_the_next_project(
    qtbot: Any, bench: Workbench, project: Project, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    for number in range(200):
        image_file(folder, f"{number}.tif")
    with qtbot.waitSignal(project.import_started, timeout=5000):
        project.add_files([folder])

    other = bench.new_project(tmp_path / "other")
    add(qtbot, other, image_file(tmp_path, "mine.tif"))

    assert [Path(image.path).name for image in other.images()] == ["mine.tif"]


def test_inputs_of_a_training_are_no_images(tmp_path: Path) -> None:
    request = TrainRequest(Recipe("m", "M", "resrgan", 2, {}, 0), str(tmp_path))

    assert inputs_of(request) == (frozenset(), frozenset())
