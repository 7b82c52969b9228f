"""Training pairs from files: parted by field of view, cut into patches by step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from superlens.core.cards import NormalisationKind, NormalisationRule
from superlens.core.errors import InvalidInput
from superlens.core.jobs import PairFile, TargetStatistics
from superlens.core.method import Array, Batch
from superlens.prepare.fields import FieldMemory, NormalisedPair, normalised_pair
from superlens.prepare.pairs import in_units_of, read_pair
from superlens.prepare.patches import patch_at, random_corner, random_patch, stacked
from superlens.prepare.splits import (
    VALIDATION_SHARE,
    Pairs,
    check_no_leak,
    fields_of,
    split_by_field,
)
from superlens.prepare.target_statistics import with_regular_target

DATASET_PERCENTILES = (0.1, 99.9)
"""Of all low, and apart from them of all high training pictures, where a model fixes its units."""

OnFile = Callable[[str, int, int], None]
"""Told what is read, how much of it, and of how much; may raise to stop."""

_BATCH_DOMAIN = 0x66696C65
_PLACE_DOMAIN = 0x706C6163
_MEMORY_BYTES = 512 << 20
_FIELDS_IN_MEMORY = 1 << 20
_VALIDATION_PATCHES = 16
_VALIDATION_STEP = 1 << 40
_VALIDATION_SIDE = 128
_MEASURED_PAIRS = 256
_MEASURED_PIXELS = 1 << 16
"""Of each picture: with so many pictures, percentiles are steady to a few parts in 10,000."""


@dataclass(frozen=True, slots=True)
class FilePairs:
    """Pairs of files, where they lie, and how they are parted."""

    pairs: Pairs
    folder: Path | None
    """What their names are relative to; None where they are absolute."""
    seed: int
    validation_fields: tuple[str, ...] = ()
    """Wells or fields to validate on; empty: some are drawn by the seed."""
    validation_share: float = VALIDATION_SHARE
    """Of the fields, where none are named; 0 holds nothing out."""
    target_statistics: TargetStatistics | None = None
    """How the gradients of the high pictures are regularised, all but those left out."""
    left_out: Pairs = ()
    """Of `pairs`: parted like the others, so that no field changes sides, but then not used."""

    def parted(self) -> tuple[Pairs, Pairs]:
        """Give training and validation pairs, which share no well, field or file.

        Raises:
            InvalidInput: a field to validate on does not exist, or is trained on as well under
                another name, or nothing is left to train on.
        """
        training, validation = self._all_parted()
        left_out = set(self.left_out)
        kept = tuple(pair for pair in training if pair not in left_out)
        if training and not kept:
            raise InvalidInput(
                "Every pair to train on was left out", "See what is wrong with each in the log"
            )
        return kept, tuple(pair for pair in validation if pair not in left_out)

    def _all_parted(self) -> tuple[Pairs, Pairs]:
        if not self.validation_fields:
            return split_by_field(self.pairs, self.seed, self.validation_share)
        held_out = set(self.validation_fields)
        unknown = sorted(held_out - {name for pair in self.pairs for name in _names(pair)})
        if unknown:
            raise InvalidInput(
                f"No pair is of the field {unknown[0]!r}, which the recipe validates on",
                "Name fields or wells as the pairs do",
            )
        training = tuple(pair for pair in self.pairs if held_out.isdisjoint(_names(pair)))
        validation = tuple(pair for pair in self.pairs if not held_out.isdisjoint(_names(pair)))
        if not training:
            raise InvalidInput(
                "The recipe validates on every field, so that nothing is left to train on",
                "Leave most fields out of `validation_fields`",
            )
        check_no_leak(training, validation)
        return training, validation


@dataclass(frozen=True, slots=True)
class PatchPlace:
    """Where one patch of a few-shot training lies."""

    pair: int
    """Index among the training pairs."""
    low: str
    """Low-resolution file of that pair."""
    field: str
    """Field of view, or well, of that pair."""
    y: int
    """Upper edge in low-resolution pixels."""
    x: int


class FileTrainingData:
    """Patches of pairs of files; `batch` is a pure function of the files, the seed and the step."""

    def __init__(
        self,
        source: FilePairs,
        scale: int,
        patch: int,
        rule: NormalisationRule,
        places: tuple[PatchPlace, ...] | None = None,
    ) -> None:
        """Begin; no file is read yet.

        Args:
            source: the pairs.
            scale: high-resolution pixels per low-resolution pixel.
            patch: side of the patches in low-resolution pixels.
            rule: how intensities are normalised.
            places: the only patches to train on; None takes all there are.
        """
        self.scale = scale
        self._source = source
        self._patch = patch
        self._rule = rule
        self._places = places
        self.training, self.validated = source.parted()
        self._fields = FieldMemory(self._trained_on, _FIELDS_IN_MEMORY, _MEMORY_BYTES)
        self._cut: dict[int, tuple[Array, Array]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Travel to another process without pictures: they can be read again there."""
        return {**self.__dict__, "_cut": {}}

    def batch(self, step: int, size: int) -> Batch:
        """Give the training batch of a step."""
        rng = self._generator(_BATCH_DOMAIN, step)
        if self._places is not None:
            numbers = rng.integers(len(self._places), size=size)
            return stacked([self._few(int(n), self._places) for n in numbers])
        numbers = rng.integers(len(self.training), size=size)
        return stacked(
            [random_patch(self._fields.field(int(n)), self._patch, rng) for n in numbers]
        )

    def validation(self) -> tuple[Batch, ...]:
        """Give fixed patches of the fields that training never sees, one batch per pair.

        As many fields as possible are shown; the patches are larger than those of the training
        where the pictures are.
        """
        rng = self._generator(_BATCH_DOMAIN, _VALIDATION_STEP)
        batches: list[Batch] = []
        for pair in spread_over_fields(self.validated, _VALIDATION_PATCHES):
            read = self._read(pair)
            side = max(self._patch, min(*read.low.shape, _VALIDATION_SIDE))
            batches.append(stacked([random_patch(read, side, rng)]))
        return tuple(batches)

    def draw_places(self, count: int, on_file: OnFile) -> tuple[PatchPlace, ...]:
        """Draw the patches of a few-shot training; a smaller draw is the beginning of a larger.

        Args:
            count: how many patches.
            on_file: told of every pair that is read.
        """
        generators = [self._generator(_PLACE_DOMAIN, number) for number in range(count)]
        drawn = [int(rng.integers(len(self.training))) for rng in generators]
        corners: dict[int, tuple[int, int]] = {}
        pairs = sorted(set(drawn))
        for done, pair in enumerate(pairs):
            on_file("Drawing the patches", done, len(pairs))
            field = self._fields.field(pair)
            for number in (number for number in range(count) if drawn[number] == pair):
                corners[number] = random_corner(field, self._patch, generators[number])
        names = fields_of(self.training)
        return tuple(
            PatchPlace(p, self.training[p].low, names[p], *corners[n]) for n, p in enumerate(drawn)
        )

    def _few(self, number: int, places: Sequence[PatchPlace]) -> tuple[Array, Array]:
        if number not in self._cut:
            place = places[number]
            field = self._fields.field(place.pair)
            low, high = patch_at(field, (place.y, place.x), self._patch)
            self._cut[number] = low.copy(), high.copy()
        return self._cut[number]

    def _generator(self, domain: int, number: int) -> np.random.Generator:
        return np.random.default_rng(
            np.random.SeedSequence(self._source.seed, spawn_key=(domain, number))
        )

    def _trained_on(self, number: int) -> NormalisedPair:
        return self._read(self.training[number])

    def _read(self, pair: PairFile) -> NormalisedPair:
        low, high = read_pair(pair, self._source.folder, self.scale)
        field = normalised_field(low, high, self._rule)
        return with_regular_target(field, self._source.target_statistics)


def normalised_field(low: Array, high: Array, rule: NormalisationRule) -> NormalisedPair:
    """Normalise a pair as it was read; the high picture first gets the units of the low one.

    Where the rule has units for the answers, the high picture keeps its own.
    """
    return normalised_pair(low, in_units_of(high, low) if rule.output is None else high, rule)


def measure_dataset(source: FilePairs, scale: int, on_file: OnFile) -> NormalisationRule:
    """Give the fixed rule of a set of pairs: percentiles over all its training pictures.

    Low and high pictures are measured apart, so that the model answers in the units of the high
    ones. Of many pairs, evenly chosen ones of every field stand for all.

    Raises:
        InvalidInput: all low or all high pictures are empty.
    """
    chosen = spread_over_fields(source.parted()[0], _MEASURED_PAIRS)
    lows: list[Array] = []
    highs: list[Array] = []
    for done, pair in enumerate(chosen):
        on_file("Measuring the intensities", done, len(chosen))
        low, high = read_pair(pair, source.folder, scale)
        lows.append(_thinned(low))
        highs.append(_thinned(high))
    low_ends, high_ends = _percentiles(lows, "low"), _percentiles(highs, "high")
    return NormalisationRule(NormalisationKind.FIXED, *low_ends, high_ends)


def spread_over_fields(pairs: Pairs, count: int) -> Pairs:
    """Choose so many pairs of as many fields as possible: one of each first, then a second."""
    by_field: dict[str, list[PairFile]] = {}
    for pair, name in zip(pairs, fields_of(pairs), strict=True):
        by_field.setdefault(name, []).append(pair)
    deepest = max((len(group) for group in by_field.values()), default=0)
    turns = (
        group[turn] for turn in range(deepest) for group in by_field.values() if turn < len(group)
    )
    return tuple(pair for pair, _ in zip(turns, range(count), strict=False))


def _names(pair: PairFile) -> set[str]:
    return {name for name in (pair.well, pair.field_id) if name}


def _thinned(picture: Array) -> Array:
    step = max(1, int(np.ceil(np.sqrt(picture.size / _MEASURED_PIXELS))))
    return picture[::step, ::step].ravel()


def _percentiles(pictures: list[Array], side: str) -> tuple[float, float]:
    low, high = (float(v) for v in np.percentile(np.concatenate(pictures), DATASET_PERCENTILES))
    if not low < high:
        raise InvalidInput(
            f"The {side}-resolution pictures of the training set show nothing: "
            f"99.8 % of their pixels have the value {low:g}",
            "Check that the right files were chosen",
        )
    return low, high
