"""Which targets can be regularised, and what is done to each: looked at before the training begins.

A target that regularising makes worse is named and left out; the rest is trained on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from superlens.core.cards import NormalisationRule
from superlens.core.errors import InvalidInput, MissingFile
from superlens.core.jobs import HighFile, PairFile, TargetStatistics
from superlens.prepare.degradations.catalogue import unit_normalisation
from superlens.prepare.file_training import OnFile, normalised_field
from superlens.prepare.pairs import read_pair, read_picture
from superlens.prepare.phantom_training import PhantomTrainingData
from superlens.prepare.target_statistics import (
    TargetCollection,
    TargetReport,
    naturalised_target,
)

PROBED_FIELDS = 8
"""Simulated fields of each specimen that are looked at before a training."""
LEAST_FIT = 2
"""Of these, so many must take regularising, or a training would mostly make fields in vain."""

ItemT = TypeVar("ItemT", PairFile, HighFile)


@dataclass(frozen=True, slots=True)
class ExaminedTargets(Generic[ItemT]):
    """Targets, parted by whether they can be regularised."""

    left_out: tuple[ItemT, ...]
    refused: tuple[str, ...]
    """One sentence for each that is left out."""
    report: TargetReport | None
    """What is done to the others; None where there are none."""


@dataclass(frozen=True, slots=True)
class TargetSource:
    """What is needed to read targets as a training does."""

    folder: Path | None
    """What names are relative to; None where they are absolute."""
    scale: int
    rule: NormalisationRule
    statistics: TargetStatistics


def examine_pair_targets(
    pairs: Sequence[PairFile], source: TargetSource, on_file: OnFile
) -> ExaminedTargets[PairFile]:
    """Look at the target of every pair.

    Args:
        pairs: each readable, as `examine_pairs` found.
        source: how they are read.
        on_file: told of every pair; may raise to stop.
    """
    collection = TargetCollection(source.statistics.form)

    def look(pair: PairFile) -> None:
        # What the recipe states of the files was checked before.
        stated = replace(pair, low_sha256=None, high_sha256=None)
        low, high = read_pair(stated, source.folder, source.scale)
        target = normalised_field(low, high, source.rule).high
        done = naturalised_target(target, source.statistics)
        collection.add(pair.high, pair.low, float(high.mean()), done)

    left_out, refused = _parted(pairs, look, on_file)
    return ExaminedTargets(left_out, refused, collection.report())


def examine_high_targets(
    highs: Sequence[HighFile], source: TargetSource, on_file: OnFile
) -> ExaminedTargets[HighFile]:
    """Look at every high-resolution picture of a training without low ones."""
    collection = TargetCollection(source.statistics.form)

    def look(item: HighFile) -> None:
        folder = source.folder
        counts = read_picture(Path(item.high) if folder is None else folder / item.high)
        target = unit_normalisation(counts).apply(counts)
        done = naturalised_target(target, source.statistics)
        collection.add(item.high, "", float(counts.mean()), done)

    left_out, refused = _parted(highs, look, on_file)
    return ExaminedTargets(left_out, refused, collection.report())


def examine_phantom_targets(
    data: PhantomTrainingData, statistics: TargetStatistics, on_file: OnFile
) -> TargetReport | None:
    """Look at the targets of the first simulated fields of each specimen.

    Fields that do not take regularising are replaced by others when a training asks for them.

    Returns:
        What is done to the fields that were looked at and take it.

    Raises:
        InvalidInput: a specimen whose fields hardly ever take it; it is named.
    """
    collection = TargetCollection(statistics.form)
    specimens = data.specimens
    total = len(specimens) * PROBED_FIELDS
    for place, specimen in enumerate(specimens):
        reasons: list[str] = []
        for turn in range(PROBED_FIELDS):
            on_file("Looking at simulated targets", place * PROBED_FIELDS + turn, total)
            number = place + turn * len(specimens)
            target = data.first_drawn(number).high
            done = naturalised_target(target, statistics)
            try:
                collection.add(f"{specimen} {number}", "", float(target.mean()), done)
            except InvalidInput:
                reasons.append(done.objection)
        if PROBED_FIELDS - len(reasons) < LEAST_FIT:
            raise InvalidInput(
                f"The gradient statistics of simulated {specimen!r} cannot be regularised: of "
                f"{len(reasons)} in {PROBED_FIELDS} fields it is no use. Of the first, "
                f"{reasons[0]}",
                f"Leave {specimen!r} out of the recipe, or train without `target_statistics`",
            )
    return collection.report()


def _parted(
    items: Sequence[ItemT], look: Callable[[ItemT], None], on_file: OnFile
) -> tuple[tuple[ItemT, ...], tuple[str, ...]]:
    left_out: list[ItemT] = []
    refused: list[str] = []
    for done, item in enumerate(items):
        on_file("Looking at the targets", done, len(items))
        try:
            look(item)
        except MissingFile:
            raise
        except InvalidInput as error:
            left_out.append(item)
            refused.append(error.title)
    if items and len(left_out) == len(items):
        raise InvalidInput(
            f"None of the targets can be regularised: {refused[0]}",
            "Train without `target_statistics`",
        )
    return tuple(left_out), tuple(refused)
