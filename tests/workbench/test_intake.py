"""Folders are walked without what does not belong, and closing stops the walk."""

from pathlib import Path
from typing import Any

import pytest

from superlens.io.hashing import quick_identity
from superlens.workbench.intake import FileIntake, image_files_in
from superlens.workbench.links import LinkState, link_state


@pytest.fixture
def intake(qtbot: Any) -> Any:
    intake = FileIntake()
    yield intake
    intake.close()


def test_images_are_found_below_a_folder_and_the_rest_is_left_out(tmp_path: Path) -> None:
    for name in (
        "b.tif",
        "a.TIFF",
        "deep/er/c.png",
        "notes.txt",
        ".hidden.tif",
        ".trash/d.tif",
        "half.partial/e.tif",
        "run/job.json",
        "run/mean.ome.tif",
        "run/samples/000.ome.tif",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    found = [str(path.relative_to(tmp_path).as_posix()) for path in image_files_in(tmp_path)]

    assert found == ["a.TIFF", "b.tif", "deep/er/c.png"]


def test_folder_that_is_one_image_is_listed_as_such(tmp_path: Path) -> None:
    for name in ("a.tif", "b.zarr/zarr.json", "b.zarr/0/c/0", "c/.zattrs", "c/0/.zarray"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    assert [path.name for path in image_files_in(tmp_path)] == ["a.tif", "b.zarr", "c"]


def test_parts_of_images_in_several_files_are_not_listed(tmp_path: Path) -> None:
    named = '<OME><UUID FileName="p1.ome.tif">u</UUID><UUID FileName="p2.ome.tif">v</UUID></OME>'
    experiment = '<Reference File="Metadata\\cells%201.xlif"/>'
    files = {
        "other.tif": "",
        "p1.ome.tif": "",
        "p2.ome.tif": "",
        "set.companion.ome": named,
        "cell.oif": "",
        "cell.oif.files/s_C001.tif": "",
        "leica/run.xlef": experiment,
        "leica/cells.lof": "",
        "leica/stray.lof": "",
        "leica/Metadata/cells 1.xlif": '<Frame File="..\\cells.lof"/>',
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    found = [path.name for path in image_files_in(tmp_path)]

    assert found == ["cell.oif", "other.tif", "set.companion.ome", "run.xlef", "stray.lof"]


def test_dropped_zarr_folder_is_identified_and_known_again(
    qtbot: Any, intake: FileIntake, tmp_path: Path
) -> None:
    folder = tmp_path / "a.zarr"
    (folder / "0").mkdir(parents=True)
    (folder / "zarr.json").write_text("{}")
    (folder / "0/c").write_bytes(b"pixels")

    with qtbot.waitSignal(intake.identified, timeout=5000) as identified:
        intake.take([folder])

    path, identity = identified.args
    assert (path, identity.size_bytes) == (folder, 8)
    assert link_state(folder, identity) is LinkState.PRESENT
    (folder / "0/c").write_bytes(b"others")
    (folder / "zarr.json").write_text("[]")
    assert link_state(folder, identity) is LinkState.CHANGED


def test_folder_without_image_is_refused(qtbot: Any, intake: FileIntake, tmp_path: Path) -> None:
    with qtbot.waitSignal(intake.refused, timeout=5000) as refused:
        intake.take([tmp_path])

    assert "holds no image" in refused.args[1].title


def test_missing_file_is_refused_and_the_next_one_taken(
    qtbot: Any, intake: FileIntake, tmp_path: Path
) -> None:
    (tmp_path / "a.tif").write_bytes(b"a")
    refused: list[Any] = []
    identified: list[Path] = []
    intake.refused.connect(lambda path, error: refused.append(error.code))
    intake.identified.connect(lambda path, identity: identified.append(path))

    with qtbot.waitSignal(intake.emptied, timeout=5000):
        intake.take([tmp_path / "gone.tif", tmp_path / "a.tif"])

    assert refused == ["missing_file"]
    assert identified == [tmp_path / "a.tif"]


def test_file_dropped_by_itself_is_tried_whatever_its_ending(
    qtbot: Any, intake: FileIntake, tmp_path: Path
) -> None:
    (tmp_path / "a.lsm").write_bytes(b"a")

    with qtbot.waitSignal(intake.identified, timeout=5000) as identified:
        intake.take([tmp_path / "a.lsm"])

    assert identified.args[0] == tmp_path / "a.lsm"


def test_link_tells_present_changed_and_missing_files_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"a")
    identity = quick_identity(path)

    assert link_state(path, identity) is LinkState.PRESENT
    path.write_bytes(b"another")
    assert link_state(path, identity) is LinkState.CHANGED
    path.unlink()
    assert link_state(path, identity) is LinkState.MISSING


def test_closing_stops_a_long_walk(qtbot: Any, tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number:04}.tif").write_bytes(b"a")
    intake = FileIntake()
    seen: list[Path] = []
    intake.identified.connect(lambda path, identity: seen.append(path))
    with qtbot.waitSignal(intake.listed, timeout=5000):
        intake.take([tmp_path])

    intake.close()

    # close() waits for the thread, so nothing new can come afterwards.
    count = len(seen)
    assert intake.is_busy
    qtbot.wait_until(lambda: len(seen) >= count, timeout=1000)
    assert len(seen) <= 300
