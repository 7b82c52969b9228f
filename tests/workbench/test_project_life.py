"""A project moves, finds its files again, is blinded, and gives removed results back."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.engine import FakeEngines
from superlens.core.assay import WellInfo, WellRole
from superlens.core.errors import InvalidInput, MissingFile
from superlens.core.jobs import InputImage, RestoreRequest
from superlens.core.plate import PlateSize
from superlens.core.records import ImageRecord, ImageRole, ModelRef, ResultRecord
from superlens.io.plate_names import ParsedName, parse_names, preset
from superlens.io.store import ProjectStore
from superlens.io.trash import TrashFolder
from superlens.workbench import project as project_module
from superlens.workbench.links import LinkState
from superlens.workbench.project import Project
from superlens.workbench.workbench import Workbench


@pytest.fixture
def project(bench: Workbench, tmp_path: Path) -> Project:
    """A new project in a folder that holds its images too."""
    return bench.new_project(tmp_path / "experiment" / "project")


@pytest.fixture
def add(qtbot: Any, project: Project, tmp_path: Path) -> Callable[..., list[ImageRecord]]:
    def take(*names: str) -> list[ImageRecord]:
        paths = [tmp_path / "experiment" / "raw" / name for name in names]
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(path.name.encode())
        with qtbot.waitSignal(project.imports_finished, timeout=10000):
            project.add_files(paths)
        return list(project.images())

    return take


def opened(qtbot: Any, bench: Workbench, folder: Path) -> Project:
    """Open a project and wait until all its links were looked at."""
    project = bench.open_project(folder)
    with qtbot.waitSignal(project.links.all_seen, timeout=10000):
        pass
    return project


def result_of(project: Project, image: ImageRecord, name: str = "a-1") -> ResultRecord:
    folder = project.folder / "results" / name
    folder.mkdir(parents=True)
    (folder / "mean.ome.tif").write_bytes(b"pixels")
    result = ResultRecord(f"job of {name}", "restore", str(folder))
    project.attach(result, (image.id,))
    return result


def test_links_survive_moving_project_and_images_together(
    qtbot: Any, bench: Workbench, project: Project, add: Any, tmp_path: Path
) -> None:
    add("a.tif", "b.tif")
    bench.close_project()
    (tmp_path / "experiment").rename(tmp_path / "moved")

    again = opened(qtbot, bench, tmp_path / "moved" / "project")

    raw = tmp_path / "moved" / "raw"
    assert [again.path_of(image) for image in again.images()] == [raw / "a.tif", raw / "b.tif"]
    assert again.links.missing() == ()
    assert [image.seen_at for image in again.images()] == [str(raw / "a.tif"), str(raw / "b.tif")]


def test_links_survive_moving_the_project_alone(
    qtbot: Any, bench: Workbench, project: Project, add: Any, tmp_path: Path
) -> None:
    add("a.tif")
    bench.close_project()
    (tmp_path / "far" / "away").mkdir(parents=True)
    project.folder.rename(tmp_path / "far" / "away" / "project")

    again = opened(qtbot, bench, tmp_path / "far" / "away" / "project")

    assert again.path_of(again.images()[0]) == tmp_path / "experiment" / "raw" / "a.tif"
    assert again.images()[0].path == "../../../experiment/raw/a.tif"
    assert again.link_state(again.images()[0].id) is LinkState.PRESENT


def test_copied_file_with_another_time_is_the_same_file(
    qtbot: Any, bench: Workbench, project: Project, add: Any
) -> None:
    (image,) = add("a.tif")
    path = project.path_of(image)
    bench.close_project()
    os.utime(path, (1, 1))

    again = opened(qtbot, bench, project.folder)

    assert again.link_state(image.id) is LinkState.PRESENT
    assert again.images()[0].identity.modified_ns == path.stat().st_mtime_ns


def test_missing_files_are_found_proposed_and_linked_in_one_step(
    qtbot: Any, bench: Workbench, project: Project, add: Any, tmp_path: Path
) -> None:
    first, second = add("a.tif", "b.tif")
    bench.close_project()
    shutil.copytree(tmp_path / "experiment" / "raw", tmp_path / "archive" / "2026")
    shutil.rmtree(tmp_path / "experiment" / "raw")
    (tmp_path / "archive" / "2026" / "b.tif").write_bytes(b"?????")
    again = opened(qtbot, bench, project.folder)
    changed: list[str] = []
    again.image_changed.connect(lambda image: changed.append(image.id))

    with qtbot.waitSignal(again.links.searched, timeout=5000) as searched:
        again.links.find_missing(tmp_path / "archive")
    missing_before = again.links.missing()
    again.links.relink(searched.args[0].found)

    assert set(missing_before) == {first.id, second.id}
    assert searched.args[0].changed == (tmp_path / "archive" / "2026" / "b.tif",)
    assert again.links.missing() == (second.id,)
    assert again.path_of(again.image(first.id)) == tmp_path / "archive" / "2026" / "a.tif"
    assert changed == [first.id]


def test_file_that_changed_or_is_gone_is_no_input_of_a_job(project: Project, add: Any) -> None:
    (image,) = add("a.tif")
    assert project.input_of(image.id).path == str(project.path_of(image))

    project.path_of(image).write_bytes(b"other")
    with pytest.raises(InvalidInput, match="changed since it was imported"):
        project.input_of(image.id)
    project.path_of(image).unlink()
    with pytest.raises(MissingFile, match="is not there"):
        project.input_of(image.id)


def test_hash_that_the_first_job_found_is_kept_and_asked_of_the_next(
    qtbot: Any,
    bench: Workbench,
    project: Project,
    add: Any,
    engines: FakeEngines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (image,) = add("a.tif")
    path = str(project.path_of(image))
    monkeypatch.setattr(project_module, "input_hashes", lambda _: {path: "5" * 64})
    out = project.new_run_folder("a_SR_m_2x")
    request = RestoreRequest(InputImage(path), ModelRef("m", "0" * 64), str(out))

    with qtbot.waitSignal(project.result_added, timeout=5000):
        bench.jobs.submit(request, "Super-resolve a.tif", (image.id,))

    assert project.image(image.id).sha256 == "5" * 64
    assert project.input_of(image.id).sha256 == "5" * 64


def test_roles_tags_and_notes_of_several_images_are_saved_together(
    qtbot: Any, bench: Workbench, project: Project, add: Any
) -> None:
    images = add("a.tif", "b.tif")
    changed = [
        replace(one, role=ImageRole.CONTROL, tags=("good", "day 1"), note="Grüße") for one in images
    ]

    with pytest.raises(KeyError):
        project.update_image(*changed, replace(changed[0], id="nobody"))
    before = project.images()
    project.update_image(*changed)
    bench.close_project()

    assert list(before) == images
    assert list(bench.open_project(project.folder).images()) == changed


def test_removed_result_is_gone_for_good_until_it_is_restored(
    qtbot: Any, bench: Workbench, project: Project, add: Any
) -> None:
    (image,) = add("a.tif")
    result = result_of(project, image)

    with qtbot.waitSignal(project.result_removed, timeout=1000):
        project.remove_result(result.job_id)
    was_shown = project.results() or project.results_of(image.id)
    bench.close_project()
    again = bench.open_project(project.folder)
    after = again.results()
    with qtbot.waitSignal(again.result_added, timeout=1000):
        again.trash.restore(again.trash.contents()[0])

    assert not was_shown
    assert after == ()
    assert not again.trash.contents()
    assert [one.job_id for one in again.results_of(image.id)] == [result.job_id]
    assert (Path(result.folder) / "mean.ome.tif").is_file()


def test_removed_result_of_a_job_does_not_come_back_with_its_job(
    qtbot: Any, bench: Workbench, project: Project, add: Any
) -> None:
    (image,) = add("a.tif")
    out = project.new_run_folder("a_SR_m_2x")
    request = RestoreRequest(
        InputImage(str(project.path_of(image))), ModelRef("m", "0" * 64), str(out)
    )
    with qtbot.waitSignal(project.result_added, timeout=5000):
        job_id = bench.jobs.submit(request, "Super-resolve a.tif")

    project.remove_result(job_id)
    project.trash.empty()
    left = [job.id for job in bench.jobs.jobs()]
    bench.close_project()
    again = bench.open_project(project.folder)

    assert job_id not in left
    assert again.results() == ()


def test_crash_between_trash_and_database_is_finished_at_the_next_opening(
    bench: Workbench, project: Project, add: Any
) -> None:
    (image,) = add("a.tif")
    result = result_of(project, image)
    bench.close_project()
    saved = replace(result, folder="results/a-1")
    TrashFolder(project.folder).take_in(saved, (image.id,), "2026")

    again = bench.open_project(project.folder)

    assert again.results() == ()
    assert [item.result.job_id for item in again.trash.contents()] == [result.job_id]


def test_crash_while_a_result_came_back_is_finished_at_the_next_opening(
    bench: Workbench, project: Project, add: Any
) -> None:
    (image,) = add("a.tif")
    result = result_of(project, image)
    project.remove_result(result.job_id)
    trash = TrashFolder(project.folder)
    bench.close_project()
    trash.give_back(trash.contents()[0])

    again = bench.open_project(project.folder)

    assert [one.job_id for one in again.results_of(image.id)] == [result.job_id]
    assert trash.without_files() == ()


def test_blinded_names_stay_the_same_until_somebody_unblinds_and_says_why(
    qtbot: Any, bench: Workbench, project: Project, add: Any
) -> None:
    first, second = add("treated.tif", "control.tif")
    project.names.blind(seed=5)
    codes = [project.names.of_image(image) for image in (first, second)]
    bench.close_project()
    again = bench.open_project(project.folder)

    kept = [again.names.of_image(image) for image in (first, second)]
    with pytest.raises(InvalidInput, match="No reason"):
        again.names.unblind("  ")
    with pytest.raises(InvalidInput, match="blinded"):
        again.names.key()
    well = again.names.label("B03")
    with qtbot.waitSignal(again.names.changed, timeout=1000):
        again.names.unblind("Scoring is done")

    assert kept == codes
    assert len(set(codes)) == 2
    assert not {"treated", "control"} & set(codes)
    assert well != "B03"
    assert again.names.label("B03") == "B03"
    assert [again.names.of_image(image) for image in (first, second)] == ["treated", "control"]
    assert dict(again.names.key()) == dict(zip(codes, ("treated", "control"), strict=True))
    assert [(item.action, item.detail) for item in again.names.audit()] == [
        ("blinded", "2 images"),
        ("unblinded", "Scoring is done"),
    ]
    assert all(item.who and item.at for item in again.names.audit())


def test_audit_cannot_be_rewritten(project: Project) -> None:
    project.names.blind()
    store = project._store

    for statement in ("DELETE FROM audit", "UPDATE audit SET record = '{}'"):
        with pytest.raises(ValueError, match="audit is not"), store._database.change("x") as rows:
            rows.execute(statement)


def test_images_are_placed_on_a_plate_by_their_names(
    qtbot: Any, bench: Workbench, project: Project, add: Any, tmp_path: Path
) -> None:
    images = add("Screen_B02_s1_w1.tif", "Screen_C03_s2_w1.tif")
    names = [Path(image.path).name for image in images]
    plate = project.plates.new("Screen", PlateSize.WELLS_96)
    project.plates.save(
        plate.with_wells(
            WellInfo("B02", "DMSO", role=WellRole.NEGATIVE), WellInfo("C03", "drug", 0.5, "µM")
        )
    )

    parsed = parse_names(names, preset("imagexpress").pattern)
    project.plates.place_images(
        {image.id: item for image, item in zip(images, parsed, strict=True)}, plate.id
    )
    bench.close_project()
    again = bench.open_project(project.folder)

    (second,) = again.plates.images_in(plate.id, "C03")
    assert (second.id, second.field) == (images[1].id, "2")
    assert again.plates.condition_of(second) == WellInfo("C03", "drug", 0.5, "µM")
    again.plates.write_csv(tmp_path / "out.csv")
    assert again.plates.read_csv(tmp_path / "out.csv") == ()
    assert again.plates.all()[0].id == plate.id


def test_well_that_a_plate_has_not_is_refused_and_nothing_moves(project: Project, add: Any) -> None:
    images = add("a.tif", "b.tif")
    plate = project.plates.new("Small", PlateSize.WELLS_6)
    places = {
        images[0].id: ParsedName("a", well="A01"),
        images[1].id: ParsedName("b", well="H12"),
    }

    with pytest.raises(InvalidInput, match="b is in well 'H12', and Small has 6 wells"):
        project.plates.place_images(places, plate.id)

    assert project.plates.images_in(plate.id) == ()


def test_removed_plate_leaves_its_images(qtbot: Any, project: Project, add: Any) -> None:
    (image,) = add("a.tif")
    plate = project.plates.new("P", PlateSize.WELLS_6)
    project.plates.place_images({image.id: ParsedName("a", well="A01")}, plate.id)
    with pytest.raises(InvalidInput, match="There is a plate 'P' already"):
        project.plates.new("P ", PlateSize.WELLS_96)

    project.plates.remove(plate.id)

    assert project.plates.all() == ()
    assert (project.image(image.id).plate, project.image(image.id).well) == ("", "A01")


def test_opening_many_images_reads_the_records_of_few(
    qtbot: Any, bench: Workbench, project: Project, add: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (image,) = add("a.tif")
    bench.close_project()
    with ProjectStore.open(project.folder) as store:
        store.catalogue.add(*(replace(image, id=f"copy {number}") for number in range(1000)))
    monkeypatch.setattr("superlens.workbench.project_links._SLICE", 10)

    again = bench.open_project(project.folder)

    assert len(again.image_ids()) == 1001
    assert len(again._images._records) == 0
    assert again.image("copy 500").id == "copy 500"
    assert len(again._images._records) <= 64
    assert len(again.images()) == 1001
