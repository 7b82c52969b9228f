"""A folder of images without a plate map: wells, fields and channels read from the file names."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from superlens.core.assay import ChannelRole, WellInfo
from superlens.core.errors import InvalidInput, MissingFile
from superlens.core.jobs import FieldInput, InputImage
from superlens.io.image_names import IMAGE_SUFFIXES, without_ending
from superlens.io.plate_channels import (
    ChannelFinder,
    Plate,
    require_known_roles,
    words_of,
)
from superlens.io.system_errors import reading

_WELL = re.compile(r"(?:^|[_\-\s.])([a-p])(0?[1-9]|1[0-9]|2[0-4])(?=$|[_\-\s.]|f\d|s\d)")
_OPERA = re.compile(r"(?:^|[_\-\s])r(\d\d)c(\d\d)f(\d+)")
_FIELD = re.compile(r"(?:^|[_\-\s\d])(?:field|site|pos|xy|f|s)_?0*(\d+)(?=$|[_\-\s.])")
_CHANNEL_TOKEN = re.compile(r"(?:^|(?<=[_\-\s.]))(?:ch|c|w)\d+(?=$|[_\-\s.])")
_SEPARATORS = re.compile(r"[_\-\s.]+")


@dataclass(frozen=True, slots=True)
class _Named:
    """What the name of a file says."""

    path: Path
    well: str
    """Empty where the name has none."""
    field: str
    role: str
    """Empty where the name has no word of a channel."""
    rest: str
    """The name without well, field and channel: what two channels of one field share."""


def fields_from_folder(
    images: Path, roles: Sequence[ChannelRole], channel_names: Mapping[str, str] | None = None
) -> Plate:
    """Find the fields of view in a folder from the names of its files.

    A file belongs to a channel when its name holds the role's name, one of its aliases, or the
    name given in `channel_names`. Files of one well and field make one field of view. A file
    without such a word, or without its fellows, counts when it holds all channels itself.
    Without a well in the names, every field is a well of its own.

    Args:
        images: the folder; folders inside it are not looked into.
        roles: what the assay needs.
        channel_names: role id to a part of the file names, or to name or number of a channel
            inside the files.

    Raises:
        MissingFile: there is no such folder.
        InvalidInput: no field with all channels is in it.
        InvalidParameter: a channel name for a role that the assay has not.
    """
    names = channel_names or {}
    require_known_roles(roles, names)
    files = _image_files(images)
    named = [_parsed(path, roles, names) for path in files]
    fields, unpaired = _paired([item for item in named if item.role], roles)
    finder = ChannelFinder(roles, names)
    leftover: list[Path] = []
    for path in (*unpaired, *(item.path for item in named if not item.role)):
        if finder.fits(path):
            # Whatever its name says, it holds all channels.
            fields.append(FieldInput(*_place(_parsed(path, (), {})), finder.images(path)))
        else:
            leftover.append(path)
    if not fields:
        raise InvalidInput(
            f"No field with all channels ({', '.join(role.id for role in roles)}) is in {images}",
            f"Name the files like {' and '.join(f'A01_{role.id}.tif' for role in roles)}, or say "
            "which word means which channel with --channel ROLE=NAME",
        )
    fields.sort(key=lambda field: (field.well, field.name))
    wells = dict.fromkeys(field.well for field in fields)
    return Plate(tuple(WellInfo(well) for well in wells), tuple(fields), _warnings(leftover))


def _image_files(images: Path) -> list[Path]:
    if not images.is_dir():
        raise MissingFile(f"There is no folder {images}", "Check the name of the images' folder")
    with reading(images):
        return sorted(path for path in images.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def _parsed(path: Path, roles: Sequence[ChannelRole], names: Mapping[str, str]) -> _Named:
    stem = without_ending(path.name.lower())
    well, field, stem = _position(stem)
    role, stem = _role(stem, roles, names)
    rest = _SEPARATORS.sub("_", _CHANNEL_TOKEN.sub("", stem)).strip("_")
    return _Named(path, well, field, role, rest)


def _position(stem: str) -> tuple[str, str, str]:
    """Give well, field and what is left of a name."""
    found = _OPERA.search(stem)
    if found:
        row, column, field = (int(part) for part in found.groups())
        return f"{chr(ord('A') + row - 1)}{column:02d}", str(field), _without(stem, found)
    well, field = "", "1"
    found = _WELL.search(stem)
    if found:
        well = f"{found[1].upper()}{int(found[2]):02d}"
        stem = _without(stem, found)
    found = _FIELD.search(stem)
    if found:
        field = found[1]
        stem = _without(stem, found)
    return well, field, stem


def _without(stem: str, found: re.Match[str]) -> str:
    return f"{stem[: found.start()]}_{stem[found.end() :]}"


def _role(stem: str, roles: Sequence[ChannelRole], names: Mapping[str, str]) -> tuple[str, str]:
    """Give the role with the longest word in a name, and the name without that role's words."""
    matches = [
        (len(word), role)
        for role in roles
        for word in words_of(role, names)
        if word in stem and not word.isdecimal()
    ]
    if not matches:
        return "", stem
    best = max(matches, key=lambda match: match[0])[1]
    for word in sorted(words_of(best, names), key=len, reverse=True):
        stem = stem.replace(word, "")
    return best.id, stem


def _paired(
    named: Sequence[_Named], roles: Sequence[ChannelRole]
) -> tuple[list[FieldInput], list[Path]]:
    """Put the channels of each field together, where need be by what else the names say."""
    places: dict[tuple[str, str], list[_Named]] = defaultdict(list)
    for item in named:
        places[item.well, item.field].append(item)
    fields: list[FieldInput] = []
    leftover: list[Path] = []
    for group in places.values():
        is_simple = len({item.role for item in group}) == len(group) and group[0].well
        parts: dict[str, list[_Named]] = defaultdict(list)
        for item in group:
            parts["" if is_simple else item.rest].append(item)
        for part in parts.values():
            by_role = {item.role: item for item in part}
            if len(part) == len(by_role) == len(roles):
                fields.append(_field(part, is_only=len(parts) == 1))
            else:
                leftover += [item.path for item in part]
    return fields, leftover


def _field(part: Sequence[_Named], is_only: bool) -> FieldInput:
    well, name = _place(part[0])
    if not is_only and part[0].well:
        name = f"{name} {part[0].rest}"
    return FieldInput(well, name, {item.role: InputImage(str(item.path)) for item in part})


def _place(item: _Named) -> tuple[str, str]:
    """Give well and field; without a well the name itself stands for it."""
    return item.well or item.rest or item.path.stem, item.field


def _warnings(leftover: Sequence[Path]) -> tuple[str, ...]:
    if not leftover:
        return ()
    first = min(leftover)
    files = "1 file was" if len(leftover) == 1 else f"{len(leftover)} files were"
    return (f"{files} left out, because no complete field needs them: {first.name} first",)
