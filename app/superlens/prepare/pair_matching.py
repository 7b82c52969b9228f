"""Which low and high pictures belong together: by their names, by a table, by a pattern.

What cannot be paired is named, one by one, and the rest goes on.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from superlens.core.errors import InvalidInput, InvalidParameter, MissingFile
from superlens.core.jobs import PairFile
from superlens.io.image_names import IMAGE_SUFFIXES, without_ending
from superlens.io.tables import read_table
from superlens.prepare.exposures import Exposure, FieldFiles, pairs_of

LOW_WORDS = frozenset({"low", "lr", "lowres", "lowsnr", "input", "raw"})
HIGH_WORDS = frozenset({"high", "hr", "gt", "highres", "highsnr", "target", "truth"})
TABLE_COLUMNS = ("low", "high", "field", "well", "frame")
"""Of a table of pairs; the first two must be there."""
_FRAME_WORD = re.compile(r"(t|frame|f|rep|n)?\d+")
_NATURAL = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class PairProposal:
    """Which pairs there are, for a preview, and what is left over."""

    pairs: tuple[PairFile, ...]
    """With absolute paths; those of one high picture follow each other."""
    unmatched_low: tuple[str, ...] = ()
    """File names without a partner."""
    unmatched_high: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    """One sentence for everything that was left out."""

    @property
    def fields(self) -> int:
        """How many fields of view there are."""
        return len({(pair.well, pair.field_id) for pair in self.pairs})


def propose_by_name(low: Path, high: Path, average: int = 1) -> PairProposal:
    """Pair the images of two folders by their names.

    Names that differ only in words such as `low`, `high`, `lr`, `gt` belong together; so do
    `cell1_t000`, `cell1_t001` and `cell1`.

    Args:
        low: folder of low-resolution images.
        high: folder of high-resolution images; may be the same folder.
        average: how many exposures of a field are averaged.

    Raises:
        MissingFile: a folder is not there.
    """
    left = _LeftOver()
    highs = _single(_named(high, LOW_WORDS), left.high)
    lows_by_name = _single(_named(low, HIGH_WORDS), left.low)
    for name in [name for name, path in lows_by_name.items() if highs.get(name) == path]:
        path = lows_by_name.pop(name)
        left.low(f"The name of {path.name!r} does not say whether it is low or high", path)
        del highs[name]
    fields: dict[str, list[Path]] = {name: [] for name in highs}
    for name, path in lows_by_name.items():
        field = _field_of(name, highs)
        if field is None:
            left.low(f"{path.name!r} has no partner of the same name", path)
        else:
            fields[field].append(path)
    found = [
        FieldFiles(name, highs[name], tuple(Exposure(p) for p in sorted(lows, key=_natural)))
        for name, lows in fields.items()
    ]
    return _proposal(found, average, left)


def propose_by_table(table: Path, low: Path, high: Path, average: int = 1) -> PairProposal:
    """Pair the images that the rows of a table name.

    Args:
        table: CSV with the columns `low` and `high`, and if wanted `field`, `well` and `frame` (a
            number along T, from 0). Without `field` the high picture is the field.
        low: folder that the names under `low` are relative to.
        high: folder that the names under `high` are relative to.
        average: how many exposures of a field are averaged.

    Raises:
        MissingFile: the table or a folder is not there.
        InvalidInput: a column is missing or the table is damaged.
    """
    rows = _rows(table)
    left = _LeftOver()
    fields: dict[Path, FieldFiles] = {}
    for number, row in enumerate(rows, start=2):
        ours, theirs = (low / row["low"]).resolve(), (high / row["high"]).resolve()
        gone = next((path for path in (ours, theirs) if not path.exists()), None)
        if gone is not None:
            left.reasons.append(f"Line {number} of {table.name} names {gone.name!r}: not there")
            continue
        if not (row["frame"].isdecimal() or not row["frame"]):
            left.reasons.append(f"Line {number} of {table.name}: no frame {row['frame']!r}")
            continue
        exposure = Exposure(ours, int(row["frame"]) if row["frame"] else None)
        name = row["field"] or without_ending(theirs.name)
        known = fields.get(theirs, FieldFiles(name, theirs, (), row["well"]))
        fields[theirs] = FieldFiles(name, theirs, (*known.lows, exposure), known.well)
    used = {exposure.path for field in fields.values() for exposure in field.lows}
    for path in _images(low):
        if path not in used and path not in fields:
            left.low(f"{path.name!r} is not in {table.name}", path)
    return _proposal(fields.values(), average, left)


def propose_by_regex(pattern: str, low: Path, high: Path, average: int = 1) -> PairProposal:
    r"""Pair the images whose names agree in the named groups of a pattern.

    The group `field` names the field of view, `well` its well, `frame` orders exposures of one
    field, and `role` tells low from high by a word such as `lr` or `gt`; without it the folder
    does. Any further group, such as `channel`, must agree within a pair.

    Args:
        pattern: searched in file names, such as `(?P<field>\d+)_t(?P<frame>\d+)`.
        low: folder of low-resolution images.
        high: folder of high-resolution images; may be the same with a `role`.
        average: how many exposures of a field are averaged.

    Raises:
        InvalidParameter: no pattern, no group `field`, or no way to tell low from high.
        MissingFile: a folder is not there.
    """
    compiled = _compiled(pattern, needs_role=low.resolve() == high.resolve())
    left = _LeftOver()
    lows: dict[_Key, list[tuple[str, Path]]] = {}
    highs: dict[_Key, list[Path]] = {}
    for path, role in _roles(compiled, low, high, left):
        groups = _groups(compiled, path)
        frame = groups.pop("frame", "")
        groups.pop("role", "")
        key = tuple(sorted(groups.items()))
        if role == "low":
            lows.setdefault(key, []).append((frame, path))
        else:
            highs.setdefault(key, []).append(path)
    return _proposal(list(_keyed_fields(lows, highs, left)), average, left)


def match_by_name(low: Path, high: Path) -> tuple[PairFile, ...]:
    """Pair all images of two folders by their names, as `propose_by_name`; none may be left over.

    Raises:
        MissingFile: a folder is not there.
        InvalidInput: no pairs, an image without a partner, or two that could be the same field.
    """
    found = propose_by_name(low, high)
    if found.reasons:
        raise InvalidInput(
            found.reasons[0],
            f"{len(found.reasons)} of the images cannot be paired; name them alike or move them "
            "away",
        )
    if not found.pairs:
        raise InvalidInput(f"There are no images in {str(low)!r}", "Choose a folder with images")
    return found.pairs


_Key = tuple[tuple[str, str], ...]
"""Values of the groups that must agree within a pair."""


class _LeftOver:
    """Gathers what could not be paired."""

    def __init__(self) -> None:
        self.lows: list[str] = []
        self.highs: list[str] = []
        self.reasons: list[str] = []

    def low(self, reason: str, *paths: Path) -> None:
        """Note low pictures without a partner."""
        self.lows += [path.name for path in paths]
        self.reasons.append(reason)

    def high(self, reason: str, *paths: Path) -> None:
        """Note high pictures without a partner."""
        self.highs += [path.name for path in paths]
        self.reasons.append(reason)


def _proposal(fields: Iterable[FieldFiles], average: int, left: _LeftOver) -> PairProposal:
    pairs: list[PairFile] = []
    for field in fields:
        ours = pairs_of(field, average)
        if not field.lows:
            left.high(f"{field.high.name!r} has no low-resolution picture", field.high)
        elif not ours:
            reason = f"{field.high.name!r} has fewer than {average} frames to average"
            left.high(reason, field.high)
        pairs += ours
    return PairProposal(tuple(pairs), tuple(left.lows), tuple(left.highs), tuple(left.reasons))


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise MissingFile(f"The folder {str(folder)!r} is not there")
    return [
        path.resolve() for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES
    ]


def _named(folder: Path, foreign: frozenset[str]) -> list[tuple[str, Path]]:
    """Give the images of one side and the field in their names."""
    return [(_field(path), path) for path in _images(folder) if foreign.isdisjoint(_words(path))]


def _single(named: list[tuple[str, Path]], leave: Callable[..., None]) -> dict[str, Path]:
    """Give the image of each name, leaving out all that share one."""
    by_name: dict[str, list[Path]] = {}
    for name, path in named:
        by_name.setdefault(name, []).append(path)
    for name, paths in by_name.items():
        if len(paths) > 1:
            same = ", ".join(repr(path.name) for path in paths)
            leave(f"These could all be the field {name!r}: {same}", *paths)
    return {name: paths[0] for name, paths in by_name.items() if len(paths) == 1}


def _field_of(name: str, highs: Mapping[str, Path]) -> str | None:
    """Give the field that a low name is of: its own, or that of which it is a frame."""
    if name in highs:
        return name
    stem, _, last = name.rpartition("_")
    return stem if stem in highs and _FRAME_WORD.fullmatch(last) else None


def _rows(table: Path) -> list[dict[str, str]]:
    columns, rows = read_table(table)
    names = [column.lower() for column in columns]
    missing = [name for name in ("low", "high") if name not in names]
    if missing:
        raise InvalidInput(
            f"{table.name} has no column {missing[0]!r}",
            f"Its first line may name {', '.join(TABLE_COLUMNS)}; the first two are needed",
        )
    empty = dict.fromkeys(TABLE_COLUMNS, "")
    return [empty | dict(zip(names, row, strict=True)) for row in rows]


def _compiled(pattern: str, *, needs_role: bool) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise InvalidParameter(
            f"{pattern!r} is not a pattern ({error})", r"Try (?P<field>\d+)_t(?P<frame>\d+)"
        ) from error
    wanted = ("field", "role") if needs_role else ("field",)
    missing = [name for name in wanted if name not in compiled.groupindex]
    if missing:
        raise InvalidParameter(
            f"The pattern {pattern!r} has no group {missing[0]!r}",
            "Both folders are the same: only a role tells low from high"
            if missing[0] == "role"
            else "Name the part that tells one field from another (?P<field>...)",
        )
    return compiled


def _roles(
    compiled: re.Pattern[str], low: Path, high: Path, left: _LeftOver
) -> list[tuple[Path, str]]:
    """Give the images that the pattern fits, and on which side each is."""
    found: list[tuple[Path, str]] = []
    sides = (("low", low, left.low), ("high", high, left.high))
    for side, folder, leave in sides[: 1 if low.resolve() == high.resolve() else 2]:
        for path in _images(folder):
            if compiled.search(path.name) is None:
                leave(f"{path.name!r} does not fit the pattern", path)
                continue
            role = _groups(compiled, path).get("role")
            known = side if role is None else _side_of(role)
            if known is None:
                leave(f"{path.name!r}: its role {role!r} is neither low nor high", path)
            else:
                found.append((path, known))
    return found


def _groups(compiled: re.Pattern[str], path: Path) -> dict[str, str]:
    match = compiled.search(path.name)
    groups = match.groupdict() if match else {}
    return {name: value for name, value in groups.items() if value is not None}


def _side_of(role: str) -> str | None:
    word = role.lower()
    return "low" if word in LOW_WORDS else "high" if word in HIGH_WORDS else None


def _keyed_fields(
    lows: dict[_Key, list[tuple[str, Path]]], highs: dict[_Key, list[Path]], left: _LeftOver
) -> Iterable[FieldFiles]:
    for key, exposures in lows.items():
        frames = [frame for frame, _ in exposures]
        same = next((frame for frame in frames if frames.count(frame) > 1), None)
        if key not in highs:
            for _, path in exposures:
                left.low(f"{path.name!r} has no partner of the same groups", path)
        elif same is not None:
            twins = [path for frame, path in exposures if frame == same]
            names = ", ".join(repr(path.name) for path in twins)
            left.low(f"These could all be the same exposure: {names}", *twins)
            exposures.clear()
    for key, paths in highs.items():
        if len(paths) > 1:
            names = ", ".join(repr(path.name) for path in paths)
            left.high(f"These could all be the same field: {names}", *paths)
            continue
        groups = dict(key)
        ours = sorted(lows.get(key, []), key=lambda one: _natural_text(one[0]))
        yield FieldFiles(
            groups["field"],
            paths[0],
            tuple(Exposure(path) for _, path in ours),
            groups.get("well", ""),
        )


def _words(path: Path) -> list[str]:
    name = without_ending(path.name.lower())
    return [word for word in re.split(r"[_\-. ]+", name) if word]


def _field(path: Path) -> str:
    words = [word for word in _words(path) if word not in LOW_WORDS | HIGH_WORDS]
    return "_".join(words) or path.stem


def _natural(path: Path) -> tuple[tuple[int, int, str], ...]:
    return _natural_text(path.name)


def _natural_text(text: str) -> tuple[tuple[int, int, str], ...]:
    """Give a sorting key that counts: `t2` comes before `t10`."""
    parts = _NATURAL.split(text)
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
