"""A small ring of shared memory in which pictures of running work travel to the window.

The asker (the window) makes and removes the ring, so that an engine that dies leaves nothing.
Imports the standard library and NumPy alone: the window's process loads it.
"""

import weakref
from multiprocessing.shared_memory import SharedMemory
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

SIDE_PX = 512
"""Longest side of a stored picture; larger ones are reduced by averaging blocks."""
_SLOTS = 4
_HEADER_BYTES = 64
_SLOT_BYTES = _HEADER_BYTES + SIDE_PX * SIDE_PX * 4


class PreviewRing:
    """Slots of shared memory, each with a generation number; one writer, any readers."""

    def __init__(self, memory: SharedMemory, is_owner: bool) -> None:
        self._memory = memory
        self._generation = 0
        # Also when nobody calls close(): an engine that was lost is just dropped.
        self._let_go = weakref.finalize(self, _release, memory, is_owner)

    @classmethod
    def create(cls) -> Self:
        """Make a ring; `close` removes it."""
        memory = SharedMemory(create=True, size=_SLOTS * _SLOT_BYTES)
        return cls(memory, is_owner=True)

    @classmethod
    def attach(cls, name: str) -> Self:
        """Open the ring that another process made."""
        return cls(SharedMemory(name=name), is_owner=False)

    @property
    def name(self) -> str:
        """What `attach` takes in another process."""
        return self._memory.name

    def write(self, image: NDArray[np.floating[Any]]) -> tuple[int, tuple[int, int], int]:
        """Store a picture over the oldest one.

        Args:
            image: (Y, X), any range; a copy with sides of at most 512 px is stored as float32.

        Returns:
            The slot, the shape stored, and the generation that a reader must find there.
        """
        small = reduced(image, SIDE_PX)
        self._generation += 1
        slot = self._generation % _SLOTS
        stamp, pixels = self._views(slot, small.shape)
        stamp[0] = 0
        pixels[:] = small
        stamp[0] = self._generation
        return slot, (small.shape[0], small.shape[1]), self._generation

    def read(
        self, slot: int, shape: tuple[int, int], generation: int
    ) -> NDArray[np.float32] | None:
        """Give a copy of a stored picture, or None when a newer one took its place."""
        stamp, pixels = self._views(slot, shape)
        if stamp[0] != generation:
            return None
        copy = pixels.copy()
        return copy if stamp[0] == generation else None

    def close(self) -> None:
        """Let go of the memory; its maker removes it from the system too."""
        self._let_go()

    def _views(
        self, slot: int, shape: tuple[int, ...]
    ) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
        start = slot * _SLOT_BYTES
        whole: NDArray[np.uint8] = np.ndarray(
            (_SLOTS * _SLOT_BYTES,), np.uint8, buffer=self._memory.buf
        )
        stamp = whole[start : start + 8].view(np.uint64)
        first = start + _HEADER_BYTES
        pixels = whole[first : first + shape[0] * shape[1] * 4].view(np.float32)
        return stamp, pixels.reshape(shape)


def reduced(image: NDArray[Any], side_px: int) -> NDArray[np.float32]:
    """Give an image whose longer side is at most `side_px`, by averaging square blocks.

    Args:
        image: (Y, X), real.
        side_px: largest allowed side.

    Returns:
        (Y // k, X // k) float32, with the smallest whole k that fits; at least 1 x 1.
    """
    block = max(1, -(-max(image.shape) // side_px))
    height, width = max(1, image.shape[0] // block), max(1, image.shape[1] // block)
    cut = np.asarray(image[: height * block, : width * block], np.float32)
    rows, columns = min(block, cut.shape[0]), min(block, cut.shape[1])
    return cut.reshape(height, rows, width, columns).mean(axis=(1, 3), dtype=np.float32)


def _release(memory: SharedMemory, is_owner: bool) -> None:
    memory.close()
    if is_owner:
        memory.unlink()
