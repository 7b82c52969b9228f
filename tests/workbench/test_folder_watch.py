"""A watched folder: complete files are imported and restored, others wait or are listed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.engine import FakeEngines, FakeJob, grey, look_at_files
from superlens.core.cards import ModelCard, NormalisationKind, NormalisationRule, TrainedRange
from superlens.core.errors import ErrorInfo, InvalidParameter, MissingFile
from superlens.core.jobs import FileFinding, FileToLookAt, JobKind, RestoreRequest
from superlens.core.messages import Event
from superlens.core.method import Claim
from superlens.io.hashing import Stamp
from superlens.io.model_library import InstalledModel
from superlens.workbench.arrivals import Arrivals, stamps_below
from superlens.workbench.folder_watch import FolderWatch, WatchSettings
from superlens.workbench.project import Project
from superlens.workbench.quarantine import Quarantine, moved_aside
from superlens.workbench.workbench import Workbench

A = Path("/watched/a.tif")
CARD = ModelCard(
    id="tiny-x2",
    title="Tiny ×2",
    method="resrgan",
    scale=2,
    claim=Claim.SINGLE_ANSWER,
    weights=(),
    sha256="0" * 64,
    architecture={},
    normalisation=NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 1.0, 99.8),
    trained_on=TrainedRange(("filaments",), (50.0, 200.0)),
    limits=("It was trained on simulated images alone",),
)


def test_a_file_is_told_once_when_it_did_not_change_for_long_enough() -> None:
    arrivals = Arrivals(settle_s=5)

    seen = [
        arrivals.look({A: Stamp(10, 1)}, 0),
        arrivals.look({A: Stamp(20, 2)}, 4),  # it grew: the five seconds start again
        arrivals.look({A: Stamp(20, 2)}, 8),
        arrivals.look({A: Stamp(20, 2)}, 9),
        arrivals.look({A: Stamp(20, 2)}, 60),
    ]

    assert seen == [(), (), (), (A,), ()]
    assert arrivals.waiting == 0


def test_an_empty_file_is_never_complete() -> None:
    arrivals = Arrivals(settle_s=5)

    assert [arrivals.look({A: Stamp(0, 1)}, now) for now in (0, 10, 100)] == [(), (), ()]


def test_a_file_that_changes_after_it_was_told_is_told_again() -> None:
    arrivals = Arrivals({A: Stamp(10, 1)}, settle_s=5)

    seen = [arrivals.look({A: Stamp(10, 1)}, 0)]
    seen += [arrivals.look({A: Stamp(12, 2)}, now) for now in (1, 7)]

    assert seen == [(), (), (A,)]


def test_only_images_outside_the_left_out_folders_are_seen(tmp_path: Path) -> None:
    for name in ("a.tif", "notes.txt", "project/cache/x/scene-0.png", "sub/b.tif"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1234")

    found = stamps_below(tmp_path, (tmp_path / "project",))

    assert [path.name for path in found] == ["a.tif", "b.tif"]
    assert found[tmp_path / "a.tif"].size_bytes == 4


def test_quarantine_keeps_the_last_reason_of_a_file(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path)
    quarantine.add(A, ErrorInfo("unreadable_file", "It is cut off"))
    quarantine.add(A, ErrorInfo("unreadable_file", "It is text"))

    (again,) = Quarantine(tmp_path).files
    quarantine.take_out(A)

    assert (again.path, again.reason.title) == (str(A), "It is text")
    assert Quarantine(tmp_path).files == ()


def test_moving_aside_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "a.tif").write_text("first")
    (tmp_path / "a.tif").write_text("second")

    place = moved_aside(tmp_path / "a.tif", tmp_path / "q")

    assert place.read_text() == "second"
    assert (tmp_path / "q" / "a.tif").read_text() == "first"


def _read_unless_broken(job: FakeJob) -> Iterator[Event]:
    def look(file: FileToLookAt, has_pictures: bool) -> FileFinding:
        if "broken" in Path(file.path).name:
            return FileFinding(error=ErrorInfo("unreadable_file", "It is text", "Export it again"))
        return grey(file, has_pictures)

    yield from look_at_files(job, look)


@pytest.fixture
def engines() -> Iterator[FakeEngines]:
    fakes = FakeEngines({JobKind.THUMBNAIL: _read_unless_broken})
    yield fakes
    fakes.end()


@pytest.fixture
def project(bench: Workbench, tmp_path: Path) -> Project:
    return bench.new_project(tmp_path / "project")


@pytest.fixture
def watch(bench: Workbench, project: Project) -> Iterator[FolderWatch]:
    made = FolderWatch(project, bench.jobs, lambda: (InstalledModel(CARD, "tiny"),), settle_s=0.1)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "arriving"
    made.mkdir()
    return made


def test_an_arriving_file_is_imported_and_its_restoration_queued(
    bench: Workbench, project: Project, watch: FolderWatch, folder: Path, qtbot: Any
) -> None:
    watch.start(WatchSettings(str(folder), CARD.id))

    with qtbot.waitSignal(project.result_added, timeout=30000):
        (folder / "a.tif").write_bytes(b"pixels")

    (image,) = project.images()
    requests = [job.request for job in bench.jobs.jobs()]
    (restore,) = [item for item in requests if isinstance(item, RestoreRequest)]
    assert restore.input.path == str(project.path_of(image)) == str(folder / "a.tif")
    assert restore.model.id == CARD.id


def test_a_file_that_cannot_be_read_is_listed_and_stays_where_it_is(
    project: Project, watch: FolderWatch, folder: Path, qtbot: Any
) -> None:
    watch.start(WatchSettings(str(folder)))

    with qtbot.waitSignal(watch.refused, timeout=30000):
        (folder / "broken.tif").write_bytes(b"text")

    (listed,) = Quarantine(project.folder).files
    assert (listed.path, listed.reason.title) == (str(folder / "broken.tif"), "It is text")
    assert (folder / "broken.tif").exists()
    assert project.image_ids() == ()


def test_a_file_that_cannot_be_read_is_moved_when_that_is_asked_for(
    project: Project, watch: FolderWatch, folder: Path, qtbot: Any
) -> None:
    watch.start(WatchSettings(str(folder), moves_failures=True))

    with qtbot.waitSignal(watch.refused, timeout=30000):
        (folder / "broken.tif").write_bytes(b"text")

    assert not (folder / "broken.tif").exists()
    assert (folder / "quarantine" / "broken.tif").exists()


def test_watching_goes_on_in_the_next_session_unless_it_was_stopped(
    bench: Workbench, project: Project, watch: FolderWatch, folder: Path
) -> None:
    watch.start(WatchSettings(str(folder), CARD.id))
    next_one = FolderWatch(project, bench.jobs, lambda: (InstalledModel(CARD, "tiny"),))
    next_one.resume()
    settings, was_watching = next_one.settings, next_one.is_watching
    next_one.stop()
    after = FolderWatch(project, bench.jobs, tuple)
    after.resume()

    assert was_watching
    assert settings == WatchSettings(str(folder), CARD.id)
    assert not after.is_watching
    next_one.close()
    after.close()


def test_a_missing_folder_and_an_unknown_model_are_refused(
    watch: FolderWatch, folder: Path
) -> None:
    with pytest.raises(MissingFile, match="no folder"):
        watch.start(WatchSettings(str(folder / "gone")))
    with pytest.raises(InvalidParameter, match="no model 'other'"):
        watch.start(WatchSettings(str(folder), "other"))

    assert not watch.is_watching
