"""Training pairs from high-resolution pictures alone: the low ones are made anew for every step.

Validated on real low-resolution pictures, which the degradation has never seen.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from superlens.core.cards import NormalisationRule
from superlens.core.errors import InvalidInput, MissingFile
from superlens.core.jobs import Degradation, HighFile, PairFile, TargetStatistics
from superlens.core.method import Array, Batch
from superlens.prepare.degradations.catalogue import degradation, unit_normalisation
from superlens.prepare.field_levels import (
    FieldLevels,
    brightness,
    field_levels,
    whole_field_samples,
)
from superlens.prepare.fields import FieldMemory, NormalisedPair
from superlens.prepare.file_training import normalised_field, spread_over_fields
from superlens.prepare.normalisation import Normalisation, measure_normalisation
from superlens.prepare.pairs import read_pair, read_picture
from superlens.prepare.patches import random_corner, random_patch, stacked
from superlens.prepare.splits import VALIDATION_SHARE, check_no_leak, split_by_field
from superlens.prepare.target_statistics import naturalised_target, with_regular_target

logger = logging.getLogger(__name__)

_BATCH_DOMAIN = 0x68696768
_VALIDATION_STEP = 1 << 40
_MEMORY_BYTES = 512 << 20
_FIELDS_IN_MEMORY = 1 << 20
_VALIDATION_PATCHES = 16
_VALIDATION_SIDE = 128
_AREA_OF_ONE = 0.999
"""A crop that covers this share of its field needs no mosaic beside it."""


@dataclass(frozen=True, slots=True)
class HighOnlySource:
    """High-resolution files, how they are degraded, and the real pairs to validate on."""

    highs: tuple[HighFile, ...]
    degradation: Degradation
    pairs: tuple[PairFile, ...]
    """Real ones; empty: some fields of `highs` are held out and degraded instead."""
    folder: Path | None
    """What all names are relative to; None where they are absolute."""
    seed: int
    validation_share: float = VALIDATION_SHARE
    """Of the fields, where there are no real pairs; 0 holds nothing out."""
    target_statistics: TargetStatistics | None = None
    """How the gradients of what is to be learnt are regularised; what is degraded stays."""
    left_out: tuple[HighFile, ...] = ()
    """Of `highs`: parted like the others, but then not used."""

    def parted(self) -> tuple[tuple[HighFile, ...], tuple[HighFile, ...]]:
        """Give the files to train on, and those held out where there are no real pairs.

        Raises:
            InvalidInput: a field or a file is both trained on and validated with, or nothing is
                left to train on.
        """
        training, held_out = self._all_parted()
        left_out = set(self.left_out)
        kept = tuple(item for item in training if item not in left_out)
        if training and not kept:
            raise InvalidInput(
                "Every picture to train on was left out", "See what is wrong with each in the log"
            )
        return kept, tuple(item for item in held_out if item not in left_out)

    def _all_parted(self) -> tuple[tuple[HighFile, ...], tuple[HighFile, ...]]:
        if self.pairs:
            check_no_leak(self.highs, self.pairs)
            return self.highs, ()
        as_pairs = {
            PairFile(item.high, item.high, item.sha256, item.sha256, item.field_id): item
            for item in self.highs
        }
        parts = split_by_field(tuple(as_pairs), self.seed, self.validation_share)
        training, held_out = (tuple(as_pairs[pair] for pair in part) for part in parts)
        return training, held_out


@dataclass(frozen=True, slots=True)
class HighField:
    """One high-resolution field, ready to be degraded."""

    picture: Array
    """(Y, X), background near 0 and bright structures near 1: what is degraded."""
    target: Array
    """What is to be learnt: the same picture, or that with regularised gradients."""
    unit: Normalisation
    """From the counts of the file to those values."""
    levels: FieldLevels

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        mosaic = self.levels.mosaic
        target = 0 if self.target is self.picture else self.target.nbytes
        return self.picture.nbytes + target + (0 if mosaic is None else mosaic.nbytes)


class HighOnlyTrainingData:
    """Patches of high-resolution files and degraded copies of them.

    `batch` is a pure function of the files, the settings, the seed and the step. What a network
    sees is normalised as the engine does it: by the rule, measured on the low-resolution picture
    of the whole field (see `field_levels`), in the units of the high-resolution file.
    """

    def __init__(
        self, source: HighOnlySource, scale: int, patch: int, rule: NormalisationRule
    ) -> None:
        """Begin; no file is read yet.

        Args:
            source: the files.
            scale: high-resolution pixels per low-resolution pixel.
            patch: side of the patches in low-resolution pixels.
            rule: how intensities are normalised.

        Raises:
            MissingFile: a high-resolution file is not there.
            InvalidInput: something is both trained on and validated with.
            InvalidParameter: an unknown degradation, or settings that mean nothing.
        """
        self.scale = scale
        self._source = source
        self._patch = patch
        self._rule = rule
        self._pipeline = degradation(source.degradation.pipeline, source.degradation.settings)
        self.training, self.held_out = source.parted()
        self._require_files()
        self._fields = FieldMemory(self._trained_on, _FIELDS_IN_MEMORY, _MEMORY_BYTES)
        self._smallest_crop = self._pipeline.physics.crop_px(patch * scale, scale)

    def batch(self, step: int, size: int) -> Batch:
        """Give the training batch of a step."""
        generators = [self._generator(step, number) for number in range(size)]
        draws = self._pipeline.physics.draws(generators)
        drawn: list[tuple[Array, Array]] = []
        for draw, rng in zip(draws, generators, strict=True):
            field = self._fields.field(int(rng.integers(len(self.training))))
            drawn.append(self._degraded(field, self._patch, draw, rng))
        return stacked(drawn)

    def validation(self) -> tuple[Batch, ...]:
        """Give fixed patches of real pairs, one batch per pair, of as many fields as possible.

        Without real pairs: of held-out high-resolution fields and their degraded copies.
        """
        if not self._source.pairs:
            return self._validation_of_degraded()
        rng = self._generator(_VALIDATION_STEP, 0)
        batches: list[Batch] = []
        for pair in spread_over_fields(self._source.pairs, _VALIDATION_PATCHES):
            read = self._real(pair)
            batches.append(stacked([random_patch(read, self._validation_side(read.low), rng)]))
        return tuple(batches)

    def _validation_of_degraded(self) -> tuple[Batch, ...]:
        chosen = self.held_out[:_VALIDATION_PATCHES]
        generators = [self._generator(_VALIDATION_STEP, number) for number in range(len(chosen))]
        draws = self._pipeline.physics.draws(generators) if chosen else ()
        batches: list[Batch] = []
        for item, draw, rng in zip(chosen, draws, generators, strict=True):
            field = self._read(item)
            side = self._validation_side(field.picture[:: self.scale, :: self.scale])
            batches.append(stacked([self._degraded(field, side, draw, rng)]))
        return tuple(batches)

    def _validation_side(self, low: Array) -> int:
        return max(self._patch, min(*low.shape, _VALIDATION_SIDE))

    def _degraded(
        self, field: HighField, patch: int, draw: Any, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Cut a piece around a patch out of a field, degrade it, and give the patch of both."""
        scale, side = self.scale, patch * self.scale
        y, x = random_corner(NormalisedPair(field.picture, field.picture), side, rng)
        rows, top = self._around(y, side, field.picture.shape[0], rng)
        columns, left = self._around(x, side, field.picture.shape[1], rng)
        high = field.picture[rows, columns]
        low = self._pipeline.low(high, scale, draw, rng)
        samples = self._whole_field(field, (brightness(high, scale), low), draw, rng)
        measured = measure_normalisation(self._rule, field.unit.invert(samples))
        low_patch = low[top : top + patch, left : left + patch]
        high_patch = field.target[rows, columns][top * scale :, left * scale :][:side, :side]
        return (
            measured.apply(field.unit.invert(low_patch)),
            measured.apply_to_truth(field.unit.invert(high_patch)),
        )

    def _around(
        self, start: int, side: int, length: int, rng: np.random.Generator
    ) -> tuple[slice, int]:
        """Choose where the piece around a patch lies, along one axis of a field.

        Returns:
            The piece in the field, and where the patch begins in it in low-resolution pixels: it
            is moved by less than one of these where it must be to lie on their grid.
        """
        wanted = self._pipeline.physics.crop_px(side, self.scale)
        whole = min(wanted, length // self.scale * self.scale)
        room = int(rng.integers(0, whole - side + 1))
        first = min(max(start - room, 0), length - whole)
        return slice(first, first + whole), (start - first) // self.scale

    def _whole_field(
        self, field: HighField, piece: tuple[Array, Array], draw: Any, rng: np.random.Generator
    ) -> Array:
        mosaic = field.levels.mosaic
        covered = piece[1].size * self.scale**2 / field.picture.size
        if mosaic is None or covered > _AREA_OF_ONE:
            return whole_field_samples(field.levels, (piece,))
        beside = self._pipeline.low(mosaic, self.scale, draw, rng)
        return whole_field_samples(field.levels, (piece, (brightness(mosaic, self.scale), beside)))

    def _generator(self, step: int, number: int) -> np.random.Generator:
        return np.random.default_rng(
            np.random.SeedSequence(self._source.seed, spawn_key=(_BATCH_DOMAIN, step, number))
        )

    def _trained_on(self, number: int) -> HighField:
        return self._read(self.training[number])

    def _read(self, item: HighFile) -> HighField:
        counts = read_picture(self._path(item), item.sha256)
        smallest = min(counts.shape)
        if smallest < self._patch * self.scale:
            raise InvalidInput(
                f"A patch of {self._patch * self.scale} high-resolution pixels does not fit into "
                f"{item.high!r}, which has {counts.shape[0]} x {counts.shape[1]}",
                "Set a smaller `patch` in the recipe, or leave the picture out",
            )
        if smallest < self._smallest_crop:
            self._smallest_crop = smallest // self.scale * self.scale
            logger.info(
                "Pictures of %s are smaller than the crop to degrade: %s pixels instead",
                item.high,
                self._smallest_crop,
            )
        try:
            unit = unit_normalisation(counts)
        except InvalidInput as error:
            raise InvalidInput(
                f"{item.high!r} cannot be trained on: {error.title}", error.advice
            ) from error
        picture = self._pipeline.physics.recordable(unit.apply(counts))
        statistics = self._source.target_statistics
        target = picture if statistics is None else naturalised_target(picture, statistics).picture
        return HighField(picture, target, unit, field_levels(picture, self.scale))

    def _real(self, pair: PairFile) -> NormalisedPair:
        low, high = read_pair(pair, self._source.folder, self.scale)
        field = normalised_field(low, high, self._rule)
        return with_regular_target(field, self._source.target_statistics)

    def _path(self, item: HighFile) -> Path:
        folder = self._source.folder
        return Path(item.high) if folder is None else folder / item.high

    def _require_files(self) -> None:
        absent = [item.high for item in self._source.highs if not self._path(item).exists()]
        if absent:
            raise MissingFile(
                f"The image {absent[0]!r} is not there",
                f"{len(absent)} of {len(self._source.highs)} high-resolution images are missing",
            )
