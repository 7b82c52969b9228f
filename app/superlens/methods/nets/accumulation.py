"""Gradients of a batch in parts, as small as the memory of the device asks for."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

ResultT = TypeVar("ResultT")

_MEMORY_PHRASES = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "unable to find an engine",
)
"""What torch says when memory ends; cuDNN finds no engine without workspace."""


class Accumulation:
    """Cuts every batch into equal parts, and into twice as many whenever memory ends.

    The gradients of all parts add up to those of the batch, so that its effective size stays.
    """

    def __init__(self, note: Callable[[str], None], parts: int = 1) -> None:
        """Begin with a number of parts; `note` is told in a sentence when it grows."""
        self.parts = parts
        self._note = note

    def over(
        self, size: int, begin: Callable[[], None], work: Callable[[slice], ResultT]
    ) -> list[ResultT]:
        """Do the work part by part, all over again in smaller parts when memory ends.

        Args:
            size: pictures in the batch.
            begin: called before the first part: forgets gradients.
            work: computes one part and adds its gradients.

        Returns:
            What `work` gave, in order.

        Raises:
            MemoryError, RuntimeError: memory ends even for a single picture.
        """
        while True:
            begin()
            try:
                return [work(part) for part in self._slices(size)]
            except (MemoryError, RuntimeError) as error:
                if self.parts >= size or not _is_about_memory(error):
                    raise
            # Outside of the handler, so that the failed part's tensors are no longer referred to.
            self._halve(size)

    def _slices(self, size: int) -> Iterator[slice]:
        side = -(-size // self.parts)
        return (slice(start, min(start + side, size)) for start in range(0, size, side))

    def _halve(self, size: int) -> None:
        self.parts = min(2 * self.parts, size)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self._note(
            f"The memory does not hold a batch of {size} at once, so each step computes it in "
            f"{self.parts} parts; the result is the same, the steps take longer"
        )


def _is_about_memory(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(phrase in text for phrase in _MEMORY_PHRASES)
