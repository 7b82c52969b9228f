from pathlib import Path

import pytest

from superlens.core.errors import InvalidInput, MissingFile
from superlens.core.records import ResultRecord
from superlens.io import trash as trash_module
from superlens.io.trash import MANIFEST_FILE, TrashFolder


def run(project: Path, name: str = "a-1") -> ResultRecord:
    folder = project / "results" / name
    folder.mkdir(parents=True)
    (folder / "mean.ome.tif").write_bytes(b"x" * 2000)
    return ResultRecord(f"job of {name}", "restore", f"results/{name}")


@pytest.fixture
def trash(tmp_path: Path) -> TrashFolder:
    return TrashFolder(tmp_path)


def test_removed_run_is_in_the_trash_with_a_note_and_comes_back(
    tmp_path: Path, trash: TrashFolder
) -> None:
    result = run(tmp_path)

    removed = trash.take_in(result, ("i1", "i2"), "2026-01-01T00:00:00+00:00")
    was_there = (tmp_path / "results" / "a-1").exists()
    listed = trash.contents()
    trash.give_back(removed)
    trash.forget(removed)

    assert not was_there
    assert listed == (removed,)
    assert (removed.result, removed.image_ids, removed.holds_files) == (result, ("i1", "i2"), True)
    assert (tmp_path / "results" / "a-1" / "mean.ome.tif").stat().st_size == 2000
    assert trash.contents() == ()


def test_run_outside_the_project_is_left_alone(tmp_path: Path) -> None:
    result = run(tmp_path / "elsewhere")
    trash = TrashFolder(tmp_path / "project")
    outside = ResultRecord("j", "restore", str(tmp_path / "elsewhere" / result.folder))

    removed = trash.take_in(outside, (), "2026")
    trash.give_back(removed)

    assert not removed.holds_files
    assert Path(outside.folder).is_dir()


def test_emptying_says_what_it_freed(tmp_path: Path, trash: TrashFolder) -> None:
    assert trash.empty() == "0 bytes"
    trash.take_in(run(tmp_path), (), "2026")

    freed = trash.empty()

    assert freed.endswith("kB")
    assert not (tmp_path / "trash").exists()


def test_run_whose_place_is_taken_stays_in_the_trash(tmp_path: Path, trash: TrashFolder) -> None:
    removed = trash.take_in(run(tmp_path), (), "2026")
    run(tmp_path)

    with pytest.raises(InvalidInput, match="taken by something else"):
        trash.give_back(removed)

    assert trash.contents() == (removed,)


def test_run_that_was_emptied_away_is_told(tmp_path: Path, trash: TrashFolder) -> None:
    removed = trash.take_in(run(tmp_path), (), "2026")
    trash.empty()

    with pytest.raises(MissingFile, match="not in the trash any more"):
        trash.give_back(removed)


def test_run_that_cannot_be_moved_leaves_no_note(
    tmp_path: Path, trash: TrashFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "The file is open in a viewer")

    monkeypatch.setattr(trash_module, "rename_over", refuse)

    with pytest.raises(InvalidInput, match="open in a viewer"):
        trash.take_in(run(tmp_path), (), "2026")

    assert (tmp_path / "results" / "a-1").is_dir()
    assert list((tmp_path / "trash").iterdir()) == []


def test_note_of_a_crash_before_the_move_is_no_entry(tmp_path: Path, trash: TrashFolder) -> None:
    removed = trash.take_in(run(tmp_path), (), "2026")
    (tmp_path / "trash" / removed.name / "run").rename(tmp_path / "results" / "a-1")
    (tmp_path / "trash" / "stray").mkdir()
    (tmp_path / "trash" / "stray" / MANIFEST_FILE).write_text("{half")

    assert trash.contents() == ()
    assert trash.without_files() == (removed,)
    assert trash.is_back(removed)
