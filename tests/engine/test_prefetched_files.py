"""Batches of pictures in files: decoded in reader processes, also by the processes that make them.

The files are written by tifffile, so that they are foreign ones to the readers.
"""

import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile

from superlens.core.errors import UnreadableFile
from superlens.core.jobs import PairFile
from superlens.engine.prefetch import Prefetched
from superlens.prepare.file_training import FilePairs, FileTrainingData
from superlens.prepare.pairs import read_picture
from superlens.prepare.training_data import TRAINING_NORMALISATION


@pytest.fixture
def data(tmp_path: Path) -> FileTrainingData:
    rng = np.random.default_rng(0)
    pairs = []
    for number in range(4):
        high = rng.integers(0, 4000, (64, 64), np.uint16)
        tifffile.imwrite(tmp_path / f"high{number}.tif", high)
        tifffile.imwrite(tmp_path / f"low{number}.tif", high[::2, ::2])
        names = (f"low{number}.tif", f"high{number}.tif")
        pairs.append(PairFile(*names, field_id=f"field {number}"))
    return FileTrainingData(FilePairs(tuple(pairs), tmp_path, 5), 2, 16, TRAINING_NORMALISATION)


def _families() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def test_pictures_are_not_decoded_where_the_training_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def here(_: Path) -> None:
        raise AssertionError("opened in this process")

    monkeypatch.setattr("superlens.io.images.open_image", here)
    monkeypatch.setattr("superlens.io.reading.pool.open_image", here)
    tifffile.imwrite(tmp_path / "a.tif", np.full((8, 9), 7, np.uint16))

    assert read_picture(tmp_path / "a.tif").sum() == 8 * 9 * 7


def test_workers_make_the_same_batches_and_leave_no_reader_behind(data: FileTrainingData) -> None:
    before = _families()
    expected = [data.batch(step, 3) for step in range(3)]

    with Prefetched(data, workers=2) as prefetched:
        found = [prefetched.batch(step, 3) for step in range(3)]
        readers = _families() - before

    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours.low, theirs.low)
        np.testing.assert_array_equal(ours.high, theirs.high)
    assert len(readers) >= 3  # a worker and its reader, and those of this process
    deadline = time.monotonic() + 20
    own = {child.pid for child in psutil.Process().children()}
    while readers - own & _families() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not (readers - own) & _families()


def test_file_that_breaks_in_a_worker_is_told_by_name(
    data: FileTrainingData, tmp_path: Path
) -> None:
    for number in range(4):
        whole = (tmp_path / f"high{number}.tif").read_bytes()
        (tmp_path / f"high{number}.tif").write_bytes(whole[:-3000])

    with Prefetched(data, workers=1) as prefetched, pytest.raises(UnreadableFile, match=r"high\d"):
        prefetched.batch(0, 2)
