"""Which files of a recipe can be trained on: looked at one by one before the training begins.

One bad picture among thousands must not end a training after hours: it is named and left out.
What the pair doctor advises against but can be trained on, such as a saturated picture, stays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from superlens.core.errors import InvalidInput, MissingFile
from superlens.core.jobs import HighFile, PairFile
from superlens.core.method import Array
from superlens.prepare.file_training import OnFile
from superlens.prepare.pair_doctor.looks import fault_of
from superlens.prepare.pairs import read_pair, read_picture

ItemT = TypeVar("ItemT", PairFile, HighFile)


@dataclass(frozen=True, slots=True)
class Examined(Generic[ItemT]):
    """Files of a recipe, parted by whether they can be used."""

    usable: tuple[ItemT, ...]
    refused: tuple[str, ...]
    """One sentence for each that cannot, naming it and the reason."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What pictures must be like."""

    folder: Path | None
    """What names are relative to; None where they are absolute."""
    scale: int
    patch: int
    """Side of the patches in low-resolution pixels, which must fit."""


def examine_pairs(
    pairs: tuple[PairFile, ...], wanted: Wanted, on_file: OnFile
) -> Examined[PairFile]:
    """Look at every pair: readable, of one channel and of fitting sizes, finite, not constant.

    Raises:
        MissingFile: a file is not there.
    """

    def look(pair: PairFile) -> None:
        # What the recipe states of the files was checked before.
        stated = replace(pair, low_sha256=None, high_sha256=None)
        low, high = read_pair(stated, wanted.folder, wanted.scale)
        _require_sight(low, pair.low)
        _require_sight(high, pair.high)
        _require_room(low, wanted.patch, pair.low)

    return _examined(pairs, look, on_file)


def examine_highs(
    highs: tuple[HighFile, ...], wanted: Wanted, on_file: OnFile
) -> Examined[HighFile]:
    """Look at every high-resolution picture, as `examine_pairs` does.

    Raises:
        MissingFile: a file is not there.
    """

    def look(item: HighFile) -> None:
        folder = wanted.folder
        high = read_picture(Path(item.high) if folder is None else folder / item.high)
        _require_sight(high, item.high)
        _require_room(high, wanted.patch * wanted.scale, item.high)

    return _examined(highs, look, on_file)


def _examined(
    items: Sequence[ItemT], look: Callable[[ItemT], None], on_file: OnFile
) -> Examined[ItemT]:
    usable: list[ItemT] = []
    refused: list[str] = []
    for done, item in enumerate(items):
        on_file("Looking at the pictures", done, len(items))
        try:
            look(item)
        except MissingFile:
            raise
        except InvalidInput as error:
            refused.append(error.title)
        else:
            usable.append(item)
    if not usable and refused:
        raise InvalidInput(
            f"None of the {len(items)} pictures or pairs can be used: {refused[0]}",
            "Look at the files that the recipe names",
        )
    return Examined(tuple(usable), tuple(refused))


def _require_sight(picture: Array, name: str) -> None:
    fault = fault_of(picture, "it")
    if fault is not None:
        raise InvalidInput(
            f"{name!r} shows nothing: {fault.sentence}",
            "Leave it out, or export it again from the program that made it",
        )


def _require_room(picture: Array, side: int, name: str) -> None:
    if min(picture.shape) < side:
        raise InvalidInput(
            f"{name!r} has {picture.shape[0]} x {picture.shape[1]} pixels: "
            f"a patch of {side} does not fit",
            "Set a smaller `patch` in the recipe",
        )
