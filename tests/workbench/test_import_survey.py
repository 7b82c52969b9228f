"""Files looked at before they are imported, on a fake engine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.engine import FakeEngines, FakeJob, grey, look_at_files
from superlens.core.errors import ErrorInfo, InvalidInput
from superlens.core.jobs import FileFinding, FileToLookAt, JobKind
from superlens.core.messages import Event
from superlens.core.plate import PlateSize
from superlens.core.records import ImageRole
from superlens.workbench.import_plan import PlannedImage, take_in
from superlens.workbench.import_survey import ImportSurvey, SurveyedFile
from superlens.workbench.places import ProjectPlaces
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench


def _by_name(job: FakeJob) -> Iterator[Event]:
    """Read every file but those called broken, and never end with one called slow."""

    def look(file: FileToLookAt, has_pictures: bool) -> FileFinding:
        name = Path(file.path).stem
        if name == "slow":
            job.wait_for_cancel()
            job.wait_for(job.engine.process.gone)
        if name == "broken":
            return FileFinding(error=ErrorInfo("unreadable_file", "It is text", "Export it again"))
        return grey(file, has_pictures)

    yield from look_at_files(job, look)


@pytest.fixture
def engines() -> Iterator[FakeEngines]:
    fakes = FakeEngines({JobKind.THUMBNAIL: _by_name})
    yield fakes
    fakes.end()


@pytest.fixture
def project(bench: Workbench, tmp_path: Path) -> Project:
    return bench.new_project(tmp_path / "project")


class _Seen:
    """What a survey told, by file name."""

    def __init__(self, survey: ImportSurvey) -> None:
        self.read: dict[str, SurveyedFile] = {}
        self.known: dict[str, str] = {}
        self.refused: dict[str, ErrorInfo] = {}
        survey.read.connect(lambda file: self.read.__setitem__(file.path.name, file))
        survey.known.connect(lambda path, twin: self.known.__setitem__(path.name, twin))
        survey.refused.connect(lambda path, error: self.refused.__setitem__(path.name, error))


def _files(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"made {name}".encode())
    return folder


def _look(survey: ImportSurvey, qtbot: Any, *paths: Path) -> _Seen:
    seen = _Seen(survey)
    with qtbot.waitSignal(survey.finished, timeout=30000):
        survey.look_at(paths)
    return seen


def test_survey_tells_good_broken_and_known_files_apart(
    bench: Workbench, project: Project, qtbot: Any, tmp_path: Path
) -> None:
    folder = _files(tmp_path / "raw", "a.tif", "broken.tif", "sub/b.tif")
    (folder / "c.tif").write_bytes((folder / "a.tif").read_bytes())
    survey = ImportSurvey(project, bench.jobs)

    seen = _look(survey, qtbot, folder)

    assert seen.read.keys() == {"a.tif", "b.tif"}
    assert seen.known == {"c.tif": str(folder / "a.tif")}
    assert seen.refused["broken.tif"].title == "It is text"
    assert survey.name_of(folder / "sub" / "b.tif") == "sub/b.tif"
    assert project.image_ids() == ()
    survey.close()


def test_a_cancelled_survey_leaves_no_pictures(
    bench: Workbench, project: Project, qtbot: Any, tmp_path: Path
) -> None:
    survey = ImportSurvey(project, bench.jobs)
    seen = _look(survey, qtbot, _files(tmp_path / "raw", "a.tif", "b.tif"))
    cache = ProjectPlaces(project.folder).cache_of("x").parent
    assert len(list(cache.iterdir())) == 2

    survey.close({seen.read["a.tif"].image.id})

    assert [folder.name for folder in cache.iterdir()] == [seen.read["a.tif"].image.id]


def test_a_file_that_is_read_for_too_long_is_given_up_and_the_others_go_on(
    bench: Workbench, project: Project, qtbot: Any, tmp_path: Path
) -> None:
    survey = ImportSurvey(project, bench.jobs, limit_s=0.3, extra_s=0)

    seen = _look(survey, qtbot, _files(tmp_path / "raw", "slow.tif", "z.tif"))

    assert "not read within 0.3 s" in seen.refused["slow.tif"].title
    assert seen.read.keys() == {"z.tif"}
    survey.close()


def test_taken_images_are_in_the_project_with_role_plate_and_pictures(
    bench: Workbench, project: Project, qtbot: Any, tmp_path: Path
) -> None:
    from dataclasses import replace

    survey = ImportSurvey(project, bench.jobs)
    seen = _look(survey, qtbot, _files(tmp_path / "raw", "a.tif", "b.tif"))
    image = replace(seen.read["a.tif"].image, role=ImageRole.CONTROL, well="B02", field="3")

    take_in(project, [PlannedImage(image, "Screen 4"), PlannedImage(seen.read["b.tif"].image)])
    survey.close({image.id, seen.read["b.tif"].image.id})

    taken = project.image(image.id)
    (plate,) = project.plates.all()
    assert (taken.role, taken.well, taken.field) == (ImageRole.CONTROL, "B02", "3")
    assert (plate.name, plate.size) == ("Screen 4", PlateSize.WELLS_6)
    assert taken.plate == plate.id
    assert project.thumbnail(image.id) is not None
    assert len(project.image_ids()) == 2


def test_wells_that_no_plate_has_are_refused_before_anything_is_taken(
    bench: Workbench, project: Project, qtbot: Any, tmp_path: Path
) -> None:
    from dataclasses import replace

    survey = ImportSurvey(project, bench.jobs)
    seen = _look(survey, qtbot, _files(tmp_path / "raw", "a.tif"))
    image = replace(seen.read["a.tif"].image, well="Z99")

    with pytest.raises(InvalidInput, match="do not fit on any plate"):
        take_in(project, [PlannedImage(image, "Screen 4")])

    assert project.image_ids() == ()
    assert project.plates.all() == ()
    survey.close()
