"""What a prior learns from: crops of single cells, centred alike, all of one side."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from superlens.core.errors import InvalidInput
from superlens.core.method import Array

_PART = 1024


class Crops(Protocol):
    """Where the training of a prior gets its crops from."""

    @property
    def side(self) -> int:
        """Pixels of a side, a power of two."""
        ...

    @property
    def channels(self) -> int:
        """Channels of a crop."""
        ...

    def batch(self, step: int, size: int) -> Array:
        """Give (N, C, side, side) around -1..1: the same step always gives the same crops."""
        ...

    def held_out(self) -> Array:
        """Give crops (M, C, side, side) of wells that no batch is from; may be empty."""
        ...

    def parts(self) -> Iterator[Array]:
        """Give all training crops, some at a time."""
        ...


@dataclass(frozen=True, slots=True)
class CropsInMemory:
    """Crops that fit into memory."""

    training: Array
    """(N, C, side, side), around -1..1."""
    kept_back: Array
    """(M, C, side, side), of other wells."""
    seed: int = 0

    def __post_init__(self) -> None:
        shape = self.training.shape
        if len(shape) != 4 or shape[2] != shape[3] or shape[0] < 1:
            raise InvalidInput(
                f"Crops of shape {shape} are no training set", "Give (N, C, side, side)"
            )
        if self.kept_back.shape[1:] != shape[1:]:
            raise InvalidInput(
                f"Held-out crops of shape {self.kept_back.shape[1:]} do not match the training "
                f"crops of {shape[1:]}",
                "Cut both alike",
            )

    @property
    def side(self) -> int:
        """Pixels of a side."""
        return self.training.shape[-1]

    @property
    def channels(self) -> int:
        """Channels of a crop."""
        return self.training.shape[1]

    def batch(self, step: int, size: int) -> Array:
        """Give crops drawn with replacement by seed and step."""
        rng = np.random.default_rng((self.seed, step))
        return self.training[rng.integers(len(self.training), size=size)]

    def held_out(self) -> Array:
        """Give the crops that were kept back."""
        return self.kept_back

    def parts(self) -> Iterator[Array]:
        """Give all training crops, some at a time."""
        return (self.training[at : at + _PART] for at in range(0, len(self.training), _PART))
