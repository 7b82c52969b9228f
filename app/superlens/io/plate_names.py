"""What file names of plates say: plate, well, field, channel, z and time, by a pattern.

Pure functions on names: nothing is opened. A pattern is a regular expression with named groups,
taken from a preset of a microscope's software or written by the user.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from superlens.core.plate import well_at, well_name
from superlens.io.image_names import without_ending

GROUPS = ("plate", "well", "row", "column", "field", "channel", "z", "t")
"""What a pattern may name; `row` and `column` together stand for `well`."""

_NUMBERS = ("z", "t")
_LONGEST_PATTERN = 500
_NESTED = re.compile(r"\((?:[^()\\]|\\.)*(?:[+*]|\{\d*,\d*\})(?:[^()\\]|\\.)*\)(?:[+*]|\{\d*,)")
"""A repeat of a group that repeats inside, such as `(a+)+`: it may take hours on one name."""


@dataclass(frozen=True, slots=True)
class NamePreset:
    """How the software of one microscope names its files."""

    id: str
    title: str
    example: str
    pattern: str
    """Searched in the path relative to the imported folder, with `/`, without the ending."""


@dataclass(frozen=True, slots=True)
class ParsedName:
    """What one name says, or why it says nothing; empty or None where it has no such part."""

    name: str
    plate: str = ""
    well: str = ""
    """Such as `A01`."""
    field: str = ""
    channel: str = ""
    z: int | None = None
    t: int | None = None
    problem: str = ""
    """Why nothing was understood, as a sentence; empty when all is well."""


_GUID = r"[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}"
_START = r"(?:^|[/_\-\s.])"
_END = r"(?=$|[/_\-\s.])"

PRESETS = (
    NamePreset(
        "imagexpress",
        "ImageXpress, MetaXpress",
        "TimePoint_1/Screen4_B02_s3_w2.TIF",
        r"(?:TimePoint_(?P<t>\d+)/)?(?:ZStep_(?P<z>\d+)/)?"
        r"(?<![^/])(?:(?P<plate>[^/]+)_)?(?P<well>[A-P]\d\d)(?:_s(?P<field>\d+))?"
        rf"(?:_w(?P<channel>\d)(?:{_GUID})?)?$",
    ),
    NamePreset(
        "operetta",
        "Operetta, Opera Phenix (Harmony)",
        "r02c03f01p01-ch1sk1fk1fl1.tiff",
        r"(?:(?P<plate>[^/]+)/Images/)?r(?P<row>\d\d)c(?P<column>\d\d)f(?P<field>\d+)"
        r"p(?P<z>\d+)-ch(?P<channel>\d+)(?:sk(?P<t>\d+))?(?:fk\d+)?(?:fl\d+)?$",
    ),
    NamePreset(
        "cellvoyager",
        "CellVoyager (Yokogawa)",
        "Plate_B02_T0001F001L01A01Z01C01.tif",
        r"(?<![^/])(?:(?P<plate>[^/]+)_)?(?P<well>[A-P]\d\d)_T(?P<t>\d{4})F(?P<field>\d{3})"
        r"L\d\dA\d\dZ(?P<z>\d\d)C(?P<channel>\d\d)$",
    ),
    NamePreset(
        "opera",
        "Opera (Flex)",
        "002003001.flex",
        r"(?:^|/)(?P<row>\d{3})(?P<column>\d{3})(?P<field>\d{3})$",
    ),
    NamePreset(
        "plain",
        "Well in the name, such as A01",
        "A01_field2_ch1.tif",
        rf"{_START}(?P<well>[A-P]-?(?:0?[1-9]|1\d|2[0-4])){_END}"
        rf"(?:.*?{_START}(?:field|site|pos|xy|f|s)_?(?P<field>\d+){_END})?"
        rf"(?:.*?{_START}(?:channel|ch|c|w)_?(?P<channel>\d+){_END})?",
    ),
)
"""In the order in which they are tried: the more a name must say, the earlier."""


def preset(preset_id: str) -> NamePreset:
    """Give a preset by its id; `KeyError` if there is none."""
    found = next((item for item in PRESETS if item.id == preset_id), None)
    if found is None:
        raise KeyError(preset_id)
    return found


def problem_of_pattern(pattern: str) -> str:
    """Say as a sentence what is wrong with a pattern; empty when it can be used."""
    if len(pattern) > _LONGEST_PATTERN:
        return f"The pattern has {len(pattern)} characters, at most {_LONGEST_PATTERN} are taken"
    try:
        groups = set(re.compile(pattern).groupindex)
    except (re.error, RecursionError, OverflowError) as error:
        return f"The pattern is not a regular expression: {error}"
    odd = groups - set(GROUPS)
    if odd:
        return f"There is no part {min(odd)!r}: name the parts {', '.join(GROUPS)}"
    if "well" not in groups and not {"row", "column"} <= groups:
        return "The pattern names no well: write (?P<well>[A-P][0-9]+) where it stands"
    if _NESTED.search(pattern):
        return "A repeated part repeats inside itself, which can take for ever: take one away"
    return ""


def parse_names(names: Sequence[str], pattern: str) -> tuple[ParsedName, ...]:
    """Say of each name what a pattern finds in it.

    Case does not matter. A preview of the first hundred names takes about a millisecond.

    Args:
        names: of files, with or without folders and ending, separated by `/` or a backslash.
        pattern: of a preset, or the user's.

    Returns:
        One for each name, in their order, with a `problem` where the pattern does not fit, and with
        that of the pattern itself where it cannot be used.
    """
    problem = problem_of_pattern(pattern)
    if problem:
        return tuple(ParsedName(name, problem=problem) for name in names)
    search = re.compile(pattern, re.IGNORECASE)
    return tuple(_parsed(name, search) for name in names)


def guessed_preset(names: Sequence[str]) -> NamePreset | None:
    """Give the preset that understands the most names, more than half; None where none does."""
    best, most = None, len(names) / 2
    for item in PRESETS:
        understood = sum(not parsed.problem for parsed in parse_names(names, item.pattern))
        if understood > most:
            best, most = item, understood
    return best


def wells_of_scenes(names: Sequence[str]) -> tuple[str, ...]:
    """Give the wells that the names of a file's scenes say; none unless each says one.

    `P1`, `P2`, ... are more often positions than wells of the last row, so they say none.
    """
    pattern = preset("plain").pattern
    wells = tuple(_scene_well(name, pattern) for name in names)
    is_counted = all(well.startswith("P") for well in wells)
    return () if not wells or is_counted or not all(wells) else wells


def doubles(parsed: Sequence[ParsedName]) -> tuple[tuple[str, str], ...]:
    """Give pairs of names that say the same place, so that one of them would be lost."""
    first: dict[tuple[object, ...], str] = {}
    found: list[tuple[str, str]] = []
    for item in parsed:
        if item.problem:
            continue
        place = (item.plate, item.well, item.field, item.channel, item.z, item.t)
        if place in first:
            found.append((first[place], item.name))
        else:
            first[place] = item.name
    return tuple(found)


def _scene_well(name: str, pattern: str) -> str:
    """Give the well in the name of a scene, such as `B02`, `B02-0001` or `B/2/Region 1`."""
    parts = name.replace("\\", "/").split("/")
    apart = well_at(parts[0].strip(), parts[1].strip()) if len(parts) > 1 else None
    if apart is not None and parts[0].strip().isalpha():
        return apart
    return parse_names((name,), pattern)[0].well


def _parsed(name: str, search: re.Pattern[str]) -> ParsedName:
    folder, slash, last = name.replace("\\", "/").rpartition("/")
    match = search.search(f"{folder}{slash}{without_ending(_without_flex(last))}")
    if match is None:
        return ParsedName(name, problem="The pattern does not fit this name")
    parts = {group: text or "" for group, text in match.groupdict().items()}
    written = parts.get("well", "")
    well = well_name(written) if written else well_at(parts.get("row", ""), _column(parts))
    if well is None:
        where = written or f"row {parts.get('row')!r}, column {parts.get('column')!r}"
        return ParsedName(name, problem=f"{where} is not a well")
    odd = next((key for key in _NUMBERS if parts.get(key) and not parts[key].isdecimal()), None)
    if odd is not None:
        return ParsedName(name, problem=f"{odd} is {parts[odd]!r}, not a number")
    return ParsedName(
        name,
        parts.get("plate", ""),
        well,
        _short(parts.get("field", "")),
        _short(parts.get("channel", "")),
        _number(parts.get("z", "")),
        _number(parts.get("t", "")),
    )


def _column(parts: dict[str, str]) -> str:
    return _short(parts.get("column", ""))


def _short(text: str) -> str:
    """Give a number without leading zeros, any other text as it is."""
    return str(int(text)) if text.isdecimal() else text


def _number(text: str) -> int | None:
    return int(text) if text else None


def _without_flex(name: str) -> str:
    return name[:-5] if name.lower().endswith(".flex") else name
