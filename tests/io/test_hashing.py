"""What tells one image from another, be it a file or a folder."""

import hashlib
import shutil
from pathlib import Path

import pytest

from superlens.core.errors import MissingFile
from superlens.io.hashing import quick_identity, sha256_of, stamp_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "a.zarr"
    (folder / "0/c").mkdir(parents=True)
    (folder / "zarr.json").write_text("{}")
    (folder / "0/c/0").write_bytes(b"some pixels")
    (folder / "0/c/1").write_bytes(b"more pixels")
    return folder


def test_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 5_000_000)

    assert sha256_of(path) == hashlib.sha256(b"x" * 5_000_000).hexdigest()


@pytest.mark.parametrize("size", [0, 5, 1 << 20, (1 << 20) + 7, (2 << 20) - 1])
def test_small_file_is_identified_by_each_byte_once(tmp_path: Path, size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    path = tmp_path / "a.bin"
    path.write_bytes(data)

    assert quick_identity(path).quick_sha256 == hashlib.sha256(b"%d" % size + data).hexdigest()


def test_large_file_is_identified_by_its_ends(tmp_path: Path) -> None:
    mib = 1 << 20
    data = b"a" * mib + b"b" * 5 + b"c" * mib
    path = tmp_path / "a.bin"
    path.write_bytes(data)

    ends = b"%d" % len(data) + data[:mib] + data[-mib:]
    assert quick_identity(path).quick_sha256 == hashlib.sha256(ends).hexdigest()


def test_copy_of_a_folder_has_its_identity_and_hash(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "b.zarr"
    shutil.copytree(folder, copy)

    assert quick_identity(copy).quick_sha256 == quick_identity(folder).quick_sha256
    assert quick_identity(copy).size_bytes == 24
    assert sha256_of(copy) == sha256_of(folder)


@pytest.mark.parametrize("change", ["pixels", "name", "description", "missing"])
def test_changed_folder_is_another_image(folder: Path, change: str) -> None:
    identity, digest = quick_identity(folder), sha256_of(folder)
    match change:
        case "pixels":
            (folder / "0/c/0").write_bytes(b"other stuff")
        case "name":
            (folder / "0/c/1").rename(folder / "0/c/2")
        case "description":
            (folder / "zarr.json").write_text("[]")
        case _:
            (folder / "0/c/1").unlink()

    assert sha256_of(folder) != digest
    if change != "pixels":  # of which only names and sizes are looked at
        assert quick_identity(folder).quick_sha256 != identity.quick_sha256


def test_stamp_of_a_folder_is_that_of_its_files(folder: Path) -> None:
    newest = max(path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file())

    stamp = stamp_of(folder)

    assert (stamp.size_bytes, stamp.modified_ns) == (24, newest)
    identity = quick_identity(folder)
    assert (identity.size_bytes, identity.modified_ns) == (24, newest)


def test_hashing_can_be_stopped(folder: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        sha256_of(folder, stop)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        quick_identity(tmp_path / "gone.tif")
