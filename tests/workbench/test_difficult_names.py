"""Import, save, open and export where folders and files have names that others trip over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from fakes.engine import FakeEngines, FakeJob
from superlens.core.errors import ErrorInfo, SuperlensError, describe_error
from superlens.core.jobs import ExportFormat, ExportRequest, JobKind, JobState
from superlens.core.messages import Event, Failed, Finished
from superlens.engine.context import JobContext
from superlens.engine.execute import execute
from superlens.io.images import open_image
from superlens.workbench.links import LinkState
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench

NAMES = {
    "signs": "with spaces, 100% # ? & [1] %20 'x'",
    "unicode": "Größe µm – 核 ядро 🧬 e\u0301",
    "250 characters": "a" * 250,
}
FORMATS = [form for form in ExportFormat if form is not ExportFormat.GEOJSON]
"""Those of pictures."""


def _really(job: FakeJob) -> Iterator[Event]:
    """Do a job as an engine does, in a thread of the test."""
    events: list[Event] = []
    try:
        result = execute(job.id, job.request, JobContext(job.id, events.append))
    except SuperlensError as error:
        yield Failed(job.id, describe_error(error))
        return
    yield from events
    yield Finished(job.id, result)


@pytest.fixture
def engines() -> Iterator[FakeEngines]:
    fakes = FakeEngines({JobKind.THUMBNAIL: _really, JobKind.EXPORT: _really})
    yield fakes
    fakes.end()


@pytest.fixture(params=NAMES.values(), ids=NAMES)
def folder(request: Any, tmp_path: Path) -> Path:
    made = tmp_path / request.param
    made.mkdir()
    return made


@pytest.fixture
def image(folder: Path) -> Path:
    """An image of the same name as its folder."""
    path = folder / f"{folder.name[:246]}.tif"
    tifffile.imwrite(path, np.arange(600, dtype=np.uint16).reshape(20, 30))
    return path


def _imported(qtbot: Any, bench: Workbench, folder: Path, image: Path) -> Project:
    project = bench.new_project(folder / "project")
    with qtbot.waitSignal(project.thumbnail_made, timeout=20000):  # the last of an import
        project.add_files([image])
    return project


def test_images_are_imported_saved_and_there_when_the_project_is_opened(
    qtbot: Any, bench: Workbench, folder: Path, image: Path
) -> None:
    project = _imported(qtbot, bench, folder, image)
    before = project.images()
    bench.close_project()

    again = bench.open_project(folder / "project")
    with qtbot.waitSignal(again.links.all_seen, timeout=20000):
        pass

    (record,) = again.images()
    assert (record,) == before
    assert again.path_of(record) == image
    assert again.link_state(record.id) is LinkState.PRESENT
    assert again.thumbnail(record.id) is not None
    assert record.info.scenes[0].size("X") == 30


@pytest.mark.parametrize("form", FORMATS)
def test_images_are_exported(
    qtbot: Any, bench: Workbench, folder: Path, image: Path, form: ExportFormat
) -> None:
    request = ExportRequest(str(image), str(folder / "out"), form)

    with qtbot.waitSignal(bench.jobs.job_ended, timeout=30000) as ended:
        bench.jobs.submit(request, "Export")

    assert ended.args[0].state is JobState.DONE, ended.args[0].error
    (made,) = [path for path in (folder / "out").iterdir() if path.suffix != ".json"]
    with open_image(made) as source:
        assert source.info.scenes[0].size("X") >= 30


@pytest.fixture
def unspeakable(tmp_path: Path) -> Path:
    """A file of a name in another encoding, as on an old memory stick."""
    path = tmp_path / "gr\udcf6\udcdfe.tif"
    try:
        tifffile.imwrite(path, np.ones((20, 30), np.uint8))
    except (OSError, UnicodeError):
        pytest.skip("this disk takes no such name")
    return path


def test_file_whose_name_is_no_text_is_refused_and_the_others_are_imported(
    qtbot: Any, bench: Workbench, unspeakable: Path
) -> None:
    tifffile.imwrite(unspeakable.with_name("z.tif"), np.ones((20, 30), np.uint8))
    project = bench.new_project(unspeakable.parent / "project")
    failed: list[ErrorInfo] = []
    project.import_failed.connect(lambda _, error: failed.append(error))

    with qtbot.waitSignal(project.imports_finished, timeout=20000):
        project.add_files([unspeakable, unspeakable.with_name("z.tif")])

    assert [error.title for error in failed] == [
        "The name of gr??e.tif is not in the encoding of this computer"
    ]
    assert [Path(image.path).name for image in project.images()] == ["z.tif"]


def test_job_about_a_file_whose_name_is_no_text_fails_in_words(
    qtbot: Any, bench: Workbench, unspeakable: Path
) -> None:
    request = ExportRequest(str(unspeakable), str(unspeakable.parent / "out"))

    with qtbot.waitSignal(bench.jobs.job_ended, timeout=20000) as ended:
        bench.jobs.submit(request, "Export")

    assert ended.args[0].state is JobState.FAILED
    assert "it is no text" in ended.args[0].error.title
