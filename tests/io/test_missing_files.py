import os
from pathlib import Path

import pytest

from superlens.core.errors import JobCancelled
from superlens.io.hashing import quick_identity
from superlens.io.missing_files import LostFile, find_files


def lost(path: Path) -> LostFile:
    """Note what a file is and take it away."""
    item = LostFile(f"id of {path.name}", path.name, quick_identity(path))
    path.unlink()
    return item


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_files_are_found_by_their_content_whatever_their_time(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a.tif", b"one"), written(tmp_path / "b.tif", b"two")
    items = [lost(first), lost(second)]
    there = written(tmp_path / "moved" / "deep" / "a.tif", b"one")
    os.utime(there, (1, 1))

    search = find_files(items, tmp_path)

    assert [(one.id, one.path, one.is_renamed) for one in search.found] == [
        ("id of a.tif", there, False)
    ]
    assert search.found[0].identity == quick_identity(there)
    assert search.not_found == ("id of b.tif",)
    assert search.changed == ()


def test_renamed_file_is_found_and_the_namesake_of_same_content_preferred(tmp_path: Path) -> None:
    item = lost(written(tmp_path / "a.tif", b"one"))
    written(tmp_path / "1" / "other.tif", b"one")
    only_renamed = find_files([item], tmp_path)
    named = written(tmp_path / "2" / "A.TIF", b"one")

    assert [(one.path.name, one.is_renamed) for one in only_renamed.found] == [("other.tif", True)]
    assert [one.path for one in find_files([item], tmp_path).found] == [named]


@pytest.mark.parametrize("content", [b"two", b"longer"], ids=["same size", "another size"])
def test_namesake_of_other_content_is_told_and_not_proposed(tmp_path: Path, content: bytes) -> None:
    item = lost(written(tmp_path / "a.tif", b"one"))
    namesake = written(tmp_path / "new" / "a.tif", content)

    search = find_files([item], tmp_path)

    assert search.found == ()
    assert search.changed == (namesake,)


def test_two_lost_files_of_one_content_are_both_found(tmp_path: Path) -> None:
    items = [lost(written(tmp_path / name, b"same")) for name in ("a.tif", "b.tif")]
    for name in ("a.tif", "b.tif"):
        written(tmp_path / "new" / name, b"same")

    search = find_files(items, tmp_path)

    assert [one.path.name for one in search.found] == ["a.tif", "b.tif"]


def test_hidden_folders_and_dangling_links_are_passed_by(tmp_path: Path) -> None:
    item = lost(written(tmp_path / "a.tif", b"one"))
    written(tmp_path / ".Trash" / "a.tif", b"one")
    (tmp_path / "link").mkdir()
    if os.name != "nt":
        (tmp_path / "link" / "a.tif").symlink_to(tmp_path / "nowhere")

    assert find_files([item], tmp_path).not_found == ("id of a.tif",)


def test_search_can_be_stopped(tmp_path: Path) -> None:
    def stop() -> None:
        raise JobCancelled

    with pytest.raises(JobCancelled):
        find_files([], tmp_path, stop)
