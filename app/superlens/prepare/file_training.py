"""Training pairs from files: split by field of view, read once, cut into patches by step."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from superlens.core.cards import NormalisationRule
from superlens.core.errors import InvalidInput
from superlens.core.jobs import PairFile
from superlens.core.method import Array, Batch
from superlens.prepare.fields import FieldMemory, NormalisedPair, normalised_pair
from superlens.prepare.pairs import in_units_of, read_pair
from superlens.prepare.patches import random_patch, stacked
from superlens.prepare.splits import split_by_field

_BATCH_DOMAIN = 0x66696C65
_FIELDS_IN_MEMORY = 64
_VALIDATION_PATCHES = 16
_VALIDATION_STEP = 1 << 40


@dataclass(frozen=True, slots=True)
class FilePairs:
    """Pairs of files, where they lie, and how they are parted."""

    pairs: tuple[PairFile, ...]
    folder: Path | None
    """What their names are relative to; None where they are absolute."""
    seed: int


class FileTrainingData:
    """Patches of pairs of files; `batch` is a pure function of the files, the seed and the step."""

    def __init__(self, source: FilePairs, scale: int, patch: int, rule: NormalisationRule) -> None:
        self.scale = scale
        self._source = source
        self._patch = patch
        self._rule = rule
        self._training, self._validation = split_by_field(source.pairs, source.seed)
        self._fields = FieldMemory(self._trained_on, _FIELDS_IN_MEMORY)

    def batch(self, step: int, size: int) -> Batch:
        """Give the training batch of a step."""
        rng = self._generator(step)
        numbers = rng.integers(len(self._training), size=size)
        return stacked([self._drawn(self._fields.field(int(n)), rng) for n in numbers])

    def validation(self) -> tuple[Batch, ...]:
        """Give fixed patches of the fields that training never sees, one batch per pair."""
        rng = self._generator(_VALIDATION_STEP)
        chosen = self._validation[:_VALIDATION_PATCHES]
        return tuple(stacked([self._drawn(self._read(pair), rng)]) for pair in chosen)

    def _generator(self, step: int) -> np.random.Generator:
        return np.random.default_rng(
            np.random.SeedSequence(self._source.seed, spawn_key=(_BATCH_DOMAIN, step))
        )

    def _drawn(self, pair: NormalisedPair, rng: np.random.Generator) -> tuple[Array, Array]:
        if min(pair.low.shape) < self._patch:
            raise InvalidInput(
                f"A patch of {self._patch} pixels does not fit into {pair.low.shape[0]} x "
                f"{pair.low.shape[1]}",
                "Set a smaller `patch` in the recipe",
            )
        return random_patch(pair, self._patch, rng)

    def _trained_on(self, number: int) -> NormalisedPair:
        return self._read(self._training[number])

    def _read(self, pair: PairFile) -> NormalisedPair:
        low, high = read_pair(pair, self._source.folder, self.scale)
        return normalised_pair(low, in_units_of(high, low), self._rule)
