"""Parting pairs into training and validation by specimen, never by crop or by frame.

Pure functions on records: no files, no pixels.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from superlens.core.errors import InvalidInput
from superlens.core.jobs import HighFile, PairFile

VALIDATION_SHARE = 0.15

Pairs = tuple[PairFile, ...]
Material = PairFile | HighFile


def split_by_field(pairs: Pairs, seed: int, share: float = VALIDATION_SHARE) -> tuple[Pairs, Pairs]:
    """Part pairs into training and validation so that no field of view is in both.

    Pairs that state a well are parted by well. Pairs that share a file, by its name or by its
    hash, stay together whatever their fields are called.

    Args:
        pairs: what to part; see `fields_of` for what is kept together.
        seed: which fields go where; adding pairs moves no old field by more than its rank.
        share: of the fields that is held out, but at least one field; below 1. 0 holds out none.

    Returns:
        Training and validation pairs. With a single field there is nothing to validate with.
    """
    names = fields_of(pairs)
    fields = sorted(set(names), key=lambda name: _rank(name, seed))
    held = min(max(round(len(fields) * share), 1), len(fields) - 1) if fields and share else 0
    held_out = set(fields[:held])
    named = list(zip(pairs, names, strict=True))
    return (
        tuple(pair for pair, name in named if name not in held_out),
        tuple(pair for pair, name in named if name in held_out),
    )


def fields_of(pairs: Sequence[PairFile]) -> tuple[str, ...]:
    """Name what must stay together, for each pair: its well, else its field of view.

    A pair that states neither is of the field of its high picture. Where pairs of differently
    named fields share a file, all of them get the first of the names.
    """
    name_of: dict[str, str] = {}
    for pair in pairs:
        own = _unit(pair)
        marks = (f"unit {own}", *_file_marks(pair))
        joined = {name_of[mark] for mark in marks if mark in name_of} | {own}
        first = min(joined)
        if joined != {first}:
            name_of = {m: first if name in joined else name for m, name in name_of.items()}
        name_of |= dict.fromkeys(marks, first)
    return tuple(name_of[f"unit {_unit(pair)}"] for pair in pairs)


def check_no_leak(training: Sequence[Material], validation: Sequence[Material]) -> None:
    """Make sure that nothing is trained on and judged with.

    Raises:
        InvalidInput: a well, a field, a file or the hash of a file is in both; it is named.
    """
    for kind, marks in _KINDS:
        trained = {mark: item for item in training for mark in marks(item)}
        for item in validation:
            shared = next((mark for mark in marks(item) if mark in trained), None)
            if shared is not None:
                raise InvalidInput(
                    f"{kind} {shared!r} is both trained on ({_name(trained[shared])!r}) and "
                    f"judged with ({_name(item)!r})",
                    "Give all pairs of one field the same field id, and split again",
                )


def _wells(item: Material) -> Iterator[str]:
    if isinstance(item, PairFile) and item.well:
        yield item.well


def _fields(item: Material) -> Iterator[str]:
    # Fields are often numbered anew in each well.
    if item.field_id and not (isinstance(item, PairFile) and item.well):
        yield item.field_id


def _files(item: Material) -> Iterator[str]:
    yield item.high
    if isinstance(item, PairFile):
        yield item.low
        yield from (other.name for other in item.low_others)


def _hashes(item: Material) -> Iterator[str]:
    hashes = [item.sha256] if isinstance(item, HighFile) else [item.low_sha256, item.high_sha256]
    if isinstance(item, PairFile):
        hashes += [other.sha256 for other in item.low_others]
    yield from (sha256 for sha256 in hashes if sha256 is not None)


_KINDS: tuple[tuple[str, Callable[[Material], Iterator[str]]], ...] = (
    ("The well", _wells),
    ("The field", _fields),
    ("The file", _files),
    ("The picture with the SHA-256", _hashes),
)


def _name(item: Material) -> str:
    return item.low if isinstance(item, PairFile) else item.high


def _unit(pair: PairFile) -> str:
    return pair.well or pair.field_id or pair.high


def _file_marks(pair: PairFile) -> tuple[str, ...]:
    names = (f"file {name}" for name in _files(pair))
    return (*names, *(f"hash {sha256}" for sha256 in _hashes(pair)))


def _rank(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()
