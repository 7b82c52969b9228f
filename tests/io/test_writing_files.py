"""Atomic files, hashes, room on the disk, and what the system's refusals become."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from superlens.core.errors import (
    DiskFull,
    InvalidInput,
    JobCancelled,
    MissingFile,
    UnreadableFile,
)
from superlens.io import atomic, disk
from superlens.io.atomic import rename_over, replace_file, replace_folder
from superlens.io.disk import readable_bytes, require_free_space
from superlens.io.hashing import quick_identity, sha256_of
from superlens.io.system_errors import reading

MIB = 1 << 20


def refuse_to_open(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Path, "open", refuse)


def write_half_and_fail(path: Path, error: Exception) -> None:
    with replace_file(path) as part:
        part.write_text("half")
        raise error


def test_replaced_file_holds_the_new_content_and_leaves_nothing_else(
    tmp_path: Path, names_in
) -> None:
    target = tmp_path / "deep" / "a.txt"

    with replace_file(target) as part:
        part.write_text("new")

    assert target.read_text() == "new"
    assert names_in(target.parent) == ["a.txt"]


def test_failed_writing_keeps_the_old_file_and_leaves_nothing_else(
    tmp_path: Path, names_in
) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    with pytest.raises(RuntimeError, match="broken"):
        write_half_and_fail(target, RuntimeError("broken"))

    assert target.read_text() == "old"
    assert names_in(tmp_path) == ["a.txt"]


def test_old_file_stands_until_the_end_of_writing(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    with replace_file(target) as part:
        part.write_text("new")
        seen_meanwhile = target.read_text()

    assert seen_meanwhile == "old"


def test_cancelled_writing_stays_a_cancellation(tmp_path: Path) -> None:
    with pytest.raises(JobCancelled), replace_file(tmp_path / "a.txt"):
        raise JobCancelled


def test_full_disk_is_told_and_leaves_nothing(tmp_path: Path, names_in) -> None:
    with pytest.raises(DiskFull, match=r"a\.txt"):
        write_half_and_fail(tmp_path / "a.txt", OSError(errno.ENOSPC, "No space left on device"))

    assert names_in(tmp_path) == []


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with (
        pytest.raises(InvalidInput, match="cannot be written"),
        replace_file(tmp_path / "file" / "a.txt"),
    ):
        pass


def test_rename_waits_for_a_target_that_is_held_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").write_text("new")
    real, refusals = Path.replace, [PermissionError(13, "held"), PermissionError(13, "held")]

    def held_twice(self: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return real(self, target)

    monkeypatch.setattr(Path, "replace", held_twice)
    monkeypatch.setattr(atomic, "_RETRY_DELAYS_S", (0.0, 0.0, 0.0))

    rename_over(tmp_path / "new", tmp_path / "old")

    assert (tmp_path / "old").read_text() == "new"


def test_rename_gives_up_on_a_target_that_stays_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(self: Path, target: Path) -> Path:
        raise PermissionError(13, "held")

    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr(atomic, "_RETRY_DELAYS_S", (0.0,))

    with pytest.raises(PermissionError):
        rename_over(tmp_path / "new", tmp_path / "old")


def test_quick_identity_hashes_size_and_both_ends(tmp_path: Path) -> None:
    data = os.urandom(3 * MIB)
    path = tmp_path / "a.bin"
    path.write_bytes(data)

    found = quick_identity(path)

    expected = hashlib.sha256(str(len(data)).encode() + data[:MIB] + data[-MIB:])
    assert found.quick_sha256 == expected.hexdigest()
    assert found.size_bytes == len(data)
    assert found.modified_ns == path.stat().st_mtime_ns


def test_quick_identity_sees_the_ends_but_not_the_middle(tmp_path: Path) -> None:
    data = bytearray(3 * MIB)
    path = tmp_path / "a.bin"
    hashes = []
    for place in (None, MIB + 5, 5, len(data) - 5):
        changed = bytearray(data)
        if place is not None:
            changed[place] = 1
        path.write_bytes(changed)
        hashes.append(quick_identity(path).quick_sha256)

    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_quick_identity_of_short_and_empty_files_differs(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "short").write_bytes(b"a")

    assert (
        quick_identity(tmp_path / "empty").quick_sha256
        != quick_identity(tmp_path / "short").quick_sha256
    )


def test_full_hash_is_that_of_all_bytes(tmp_path: Path) -> None:
    data = os.urandom(5 * MIB)
    (tmp_path / "a.bin").write_bytes(data)

    assert sha256_of(tmp_path / "a.bin") == hashlib.sha256(data).hexdigest()


def test_hashing_a_large_file_can_be_cancelled(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(9 * MIB))
    calls = []

    def cancel_at_the_second() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        sha256_of(tmp_path / "a.bin", cancel_at_the_second)

    assert len(calls) == 2


@pytest.mark.parametrize("identify", [quick_identity, sha256_of])
def test_absent_file_has_no_identity(identify, tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="nothing"):
        identify(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), UnreadableFile, "may not be read"),
        (OSError(errno.EIO, "Input/output error"), UnreadableFile, "input/output error"),
        (FileNotFoundError(errno.ENOENT, "No such file"), MissingFile, "There is no file"),
        (IsADirectoryError(errno.EISDIR, "Is a directory"), UnreadableFile, "is a folder"),
        (OSError("odd"), UnreadableFile, "odd"),
    ],
)
def test_refusals_to_read_are_told_in_plain_words(error, kind, words) -> None:
    with pytest.raises(kind, match=words), reading(Path("a.tif")):
        raise error


def test_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_to_open(monkeypatch, PermissionError(errno.EACCES, "Permission denied"))

    with pytest.raises(UnreadableFile, match="may not be read"):
        sha256_of(tmp_path / "a.tif")


def test_room_is_measured_where_a_new_folder_will_be(tmp_path: Path) -> None:
    require_free_space(tmp_path / "not" / "yet" / "there", 1000, "The image")


def test_missing_room_is_told_with_both_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1_500_000_000})()
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: usage)

    with pytest.raises(DiskFull) as caught:
        require_free_space(tmp_path, 3_200_000_000, "The restored image")

    assert "The restored image needs 3.2 GB" in caught.value.title
    assert "1.4 GB are free" in caught.value.title


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (3.2e9, "3.2 GB"), (5e15, "5000.0 TB")],
)
def test_bytes_are_written_as_people_read_them(count, text) -> None:
    assert readable_bytes(int(count)) == text


def write_half_a_folder_and_fail(path: Path, error: Exception) -> None:
    with replace_folder(path) as part:
        (part / "new").write_text("half")
        raise error


def test_failed_folder_keeps_the_old_one(tmp_path: Path, names_in) -> None:
    target = tmp_path / "a.zarr"
    target.mkdir()
    (target / "old").write_text("old")

    with pytest.raises(RuntimeError, match="broken"):
        write_half_a_folder_and_fail(target, RuntimeError("broken"))

    assert names_in(target) == ["old"]
    assert names_in(tmp_path) == ["a.zarr"]


def test_folder_comes_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names_in
) -> None:
    target = tmp_path / "a.zarr"
    target.mkdir()
    (target / "old").write_text("old")
    real = atomic.rename_over

    def refuse(source: Path, to: Path) -> None:
        if source.name.endswith(".partial"):
            raise PermissionError(errno.EACCES, "held by a viewer")
        real(source, to)

    monkeypatch.setattr(atomic, "rename_over", refuse)

    with pytest.raises(InvalidInput, match="cannot be written"), replace_folder(target) as part:
        (part / "new").write_text("new")

    assert names_in(target) == ["old"]
    assert names_in(tmp_path) == ["a.zarr"]


def test_folder_takes_the_place_of_a_file(tmp_path: Path, names_in) -> None:
    target = tmp_path / "a.zarr"
    target.write_text("a file")

    with replace_folder(target) as part:
        (part / "new").write_text("new")

    assert names_in(target) == ["new"]
    assert names_in(tmp_path) == ["a.zarr"]
