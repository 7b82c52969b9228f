"""A plate map as CSV: what was done to each well, and which files show its fields.

Columns (any case, any order): `well` or `row` and `column`; `condition`, `compound`, `dose`,
`unit`, `role`; `field` where a well has several; `pixel_size_um`; and the files, relative to the
folder of images: one column `<channel>_file` per channel, or one column `file` for files that hold
all channels.
Commas, semicolons or tabs; decimal points or commas.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from superlens.core.assay import ChannelRole, WellInfo
from superlens.core.errors import InvalidInput, MissingFile
from superlens.core.jobs import FieldInput, InputImage
from superlens.io.plate_channels import ChannelFinder, Plate, require_known_roles
from superlens.io.plate_folder import fields_from_folder
from superlens.io.plate_rows import ALIASES, NOTHING, Row, number_in, table_rows, well_of

__all__ = ["Plate", "fields_from_folder", "read_plate_map"]

_INSIDE = ""
"""Stands for the role while a file that holds all channels is not yet opened."""


@dataclass(slots=True)
class _Findings:
    """What is gathered while the rows are read."""

    wells: dict[str, WellInfo] = field(default_factory=dict[str, WellInfo])
    fields: dict[tuple[str, str], dict[str, InputImage]] = field(
        default_factory=dict[tuple[str, str], dict[str, InputImage]]
    )
    """Well and field name to role and image."""
    odd_roles: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Text of an unknown role to the wells that have it."""
    without_files: list[str] = field(default_factory=list[str])


def read_plate_map(
    csv: Path,
    images: Path,
    roles: Sequence[ChannelRole],
    channel_names: Mapping[str, str] | None = None,
) -> Plate:
    """Read a plate map and find the files it names.

    Args:
        csv: the table.
        images: the folder that its file names are relative to.
        roles: what the assay needs; a role is looked for in the column `<role>_file`, then in
            columns named by its aliases, then inside the files of the column `file`.
        channel_names: role id to the beginning of another column's name, or to name or number of
            a channel inside the files.

    Raises:
        MissingFile: table, folder or files are not there; the message counts the files and names
            the first.
        InvalidInput: the table is malformed; the message names the row.
        InvalidParameter: a channel name for a role that the assay has not.
    """
    names = channel_names or {}
    require_known_roles(roles, names)
    columns, rows = table_rows(csv)
    if not images.is_dir():
        raise MissingFile(f"There is no folder {images}", "Check the name of the images' folder")
    file_columns = _file_columns(csv.name, columns, roles, names)
    found = _Findings()
    for row in rows:
        well = _read_well(row, found)
        _read_files(row, well, (images, file_columns), found)
    _require_files(found, images, csv.name)
    finder = ChannelFinder(roles, names)
    fields = tuple(
        FieldInput(well, name, _opened(channels, finder))
        for (well, name), channels in found.fields.items()
    )
    return Plate(tuple(found.wells.values()), fields, _warnings(found))


def _file_columns(
    name: str, columns: Sequence[str], roles: Sequence[ChannelRole], names: Mapping[str, str]
) -> dict[str, str]:
    """Give the column of each role's files, or one column for files that hold all channels."""
    found = {role.id: _column_of(role, columns, names) for role in roles}
    missing = [role for role in roles if not found[role.id]]
    if not missing:
        return found
    inside = next((alias for alias in ALIASES["file"] if alias in columns), None)
    if inside is not None:
        return {_INSIDE: inside}
    wanted = names.get(missing[0].id, missing[0].id)
    raise InvalidInput(
        f"{name} has no column '{wanted}_file' for the {missing[0].title}",
        f"Its columns are: {', '.join(columns)}; say which one with --channel {missing[0].id}=NAME",
    )


def _column_of(role: ChannelRole, columns: Sequence[str], names: Mapping[str, str]) -> str:
    if role.id in names:
        name = names[role.id].lower()
        return next((one for one in (f"{name}_file", name) if one in columns), "")
    if f"{role.id}_file" in columns:
        return f"{role.id}_file"
    likely = [
        column
        for column in columns
        if column.endswith("_file") and any(word in column for word in role.aliases)
    ]
    return likely[0] if len(likely) == 1 else ""


def _read_well(row: Row, found: _Findings) -> str:
    info, knows_role = well_of(row)
    if not knows_role:
        found.odd_roles.setdefault(row.get("role"), []).append(info.well)
    if found.wells.setdefault(info.well, info) != info:
        raise row.wrong(
            f"well {info.well} is described in another way than before",
            "Give all rows of one well the same condition, compound, dose, unit and role",
        )
    return info.well


def _read_files(
    row: Row, well: str, place: tuple[Path, Mapping[str, str]], found: _Findings
) -> None:
    images, file_columns = place
    cells = {role: row.cells[column] for role, column in file_columns.items()}
    if not any(cells.values()):
        found.without_files.append(well)
        return
    empty = [file_columns[role] for role, cell in cells.items() if not cell]
    if empty:
        raise row.wrong(f"well {well} has no file in {empty[0]!r}", "Name it, or remove the row")
    size = _pixel_size(row)
    name = row.get("field") or str(1 + sum(known == well for known, _ in found.fields))
    if (well, name) in found.fields:
        raise row.wrong(f"well {well} has a field {name!r} already", "Number the fields of a well")
    found.fields[well, name] = {
        role: InputImage(str(images / cell.replace("\\", "/")), pixel_size_um=size)
        for role, cell in cells.items()
    }


def _pixel_size(row: Row) -> float | None:
    text = row.get("pixel_size_um")
    if text.lower() in NOTHING:
        return None
    size = number_in(text)
    if size is None or size <= 0:
        raise row.wrong(f"{text!r} is not a pixel size", "Give micrometres, such as 0.325")
    return size


def _require_files(found: _Findings, images: Path, name: str) -> None:
    if not found.fields:
        raise InvalidInput(f"{name} names no image file", "Fill in the file columns")
    paths = [image.path for channels in found.fields.values() for image in channels.values()]
    missing = [path for path in paths if not Path(path).exists()]
    if missing:
        first = missing[0].removeprefix(str(images)).lstrip("/\\")
        are = "is" if len(missing) == 1 else "are"
        raise MissingFile(
            f"{len(missing)} of {len(paths)} files that {name} names {are} not in {images}, "
            f"the first is {first}",
            "Choose the folder that holds them, or correct the plate map",
        )


def _opened(channels: Mapping[str, InputImage], finder: ChannelFinder) -> dict[str, InputImage]:
    """Give the channels of a field; a file that holds all of them is looked into."""
    if _INSIDE not in channels:
        return dict(channels)
    whole = channels[_INSIDE]
    return {
        role: replace(image, pixel_size_um=whole.pixel_size_um)
        for role, image in finder.images(Path(whole.path)).items()
    }


def _warnings(found: _Findings) -> tuple[str, ...]:
    odd = [
        f"The role {text!r} of {_listed(wells)} is not known: taken as a dose well"
        for text, wells in found.odd_roles.items()
    ]
    if found.without_files:
        odd.append(f"No files are named for {_listed(found.without_files)}")
    return tuple(odd)


def _listed(wells: Sequence[str]) -> str:
    """Name up to three wells."""
    names = list(dict.fromkeys(wells))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ("well " if len(names) == 1 else "wells ") + ", ".join(names[:3]) + more
