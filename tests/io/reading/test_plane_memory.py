"""Shared memory for pixels: what is stored comes back, what is stale does not."""

import errno
import os
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
import pytest

from superlens.io.reading.plane_memory import PlaneMemory


def test_piece_comes_back_to_another_view_of_the_memory() -> None:
    ours = PlaneMemory.create()
    theirs = PlaneMemory.attach(ours.name)
    piece = np.arange(1000, dtype=np.uint8)
    found = np.empty_like(piece)

    theirs.write(piece, 7)

    assert ours.read(found, 7)
    np.testing.assert_array_equal(found, piece)
    theirs.close()
    ours.close()


def test_piece_of_another_question_is_not_read() -> None:
    memory = PlaneMemory.create()
    memory.write(np.ones(10, np.uint8), 7)

    assert not memory.read(np.empty(10, np.uint8), 8)

    memory.close()


def test_plane_of_2048_fits_in_one_piece() -> None:
    memory = PlaneMemory.create()

    assert memory.room >= 2048 * 2048 * 4

    memory.close()


def test_closed_memory_is_gone() -> None:
    memory = PlaneMemory.create()
    name = memory.name

    memory.close()
    memory.close()

    with pytest.raises(FileNotFoundError):
        SharedMemory(name=name)


@pytest.mark.skipif(not Path("/dev/shm").exists(), reason="the system keeps it elsewhere")
def test_smaller_memory_is_taken_where_there_is_little_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = os.posix_fallocate

    def little(handle: int, start: int, size: int) -> None:
        if size > 2 << 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle, start, size)

    monkeypatch.setattr(os, "posix_fallocate", little)
    before = set(Path("/dev/shm").iterdir())

    memory = PlaneMemory.create()

    assert memory.room == 1 << 20
    memory.close()
    assert set(Path("/dev/shm").iterdir()) <= before


def test_no_room_at_all_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", none, raising=False)

    if Path("/dev/shm").exists():
        with pytest.raises(OSError, match="No space left"):
            PlaneMemory.create()
