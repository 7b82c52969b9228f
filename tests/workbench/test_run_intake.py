"""Runs of the command line come into a project with their raw image."""

from pathlib import Path
from typing import Any

import pytest

from superlens.core.errors import InvalidInput, MissingFile
from superlens.core.jobs import InputImage, JobKind, JobRequest, MeasureRequest, RestoreRequest
from superlens.core.records import ModelRef, ResultRecord, Versions
from superlens.io.codec import encode
from superlens.io.runs import RunDocument, create_run
from superlens.workbench.project import Project
from superlens.workbench.run_intake import RunIntake, is_run
from superlens.workbench.workbench import Workbench


@pytest.fixture
def project(bench: Workbench, tmp_path: Path) -> Project:
    return bench.new_project(tmp_path / "screen")


def finished_run(request: JobRequest, job_id: str) -> Path:
    """Write a run folder as the command line leaves it."""
    out = Path(request.out)
    with create_run(out) as folder:
        folder.file("mean", "mean.ome.tif").write_bytes(b"pixels")
        folder.publish(
            RunDocument(
                request_json=encode(request).decode(),
                kind=request.kind,
                job_id=job_id,
                versions=Versions("0", "3", "here"),
                device="CPU",
                started="",
                ended="",
                result=ResultRecord(job_id, request.kind.value, str(out), folder.files),
            )
        )
    return out


def restoration(tmp_path: Path, name: str = "a") -> tuple[Path, Path]:
    image = tmp_path / f"{name}.tif"
    image.write_bytes(name.encode())
    request = RestoreRequest(
        InputImage(str(image)), ModelRef("m", "0" * 64), str(tmp_path / f"{name}_SR")
    )
    return image, finished_run(request, f"job-{name}")


def test_a_restoration_brings_its_raw_image_along(
    qtbot: Any, project: Project, tmp_path: Path
) -> None:
    image, run = restoration(tmp_path)
    intake = RunIntake(project)

    with qtbot.waitSignal(project.result_added, timeout=5000) as added:
        intake.add(run)

    (record,) = project.images()
    assert project.path_of(record) == image
    assert project.images_of_result("job-a") == (record.id,)
    assert added.args[0].folder == str(run)
    assert is_run(run)
    assert not is_run(tmp_path)


def test_an_image_that_is_there_already_gets_the_run_at_once(
    qtbot: Any, project: Project, tmp_path: Path
) -> None:
    image, run = restoration(tmp_path)
    with qtbot.waitSignal(project.imports_finished, timeout=5000):
        project.add_files([image])

    RunIntake(project).add(run)

    assert [result.job_id for result in project.results_of(project.images()[0].id)] == ["job-a"]


def test_a_measurement_belongs_to_the_project_as_a_whole(project: Project, tmp_path: Path) -> None:
    run = finished_run(MeasureRequest("translocation", (), str(tmp_path / "plate")), "job-m")

    RunIntake(project).add(run)

    assert [result.kind for result in project.results()] == [JobKind.MEASURE]
    assert project.images_of_result("job-m") == ()


def test_the_same_run_is_taken_once(qtbot: Any, project: Project, tmp_path: Path) -> None:
    _, run = restoration(tmp_path)
    intake = RunIntake(project)
    with qtbot.waitSignal(project.result_added, timeout=5000):
        intake.add(run)

    with pytest.raises(InvalidInput, match="in the project already"):
        intake.add(run)


def test_a_run_without_its_raw_image_is_refused(project: Project, tmp_path: Path) -> None:
    image, run = restoration(tmp_path)
    image.unlink()

    with pytest.raises(MissingFile, match="raw image"):
        RunIntake(project).add(run)

    assert project.results() == ()
