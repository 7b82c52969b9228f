"""Tables as CSV: UTF-8, commas, decimal points, and every float written so that it reads back."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from superlens.core.errors import InvalidInput, UnreadableFile
from superlens.io.atomic import replace_file
from superlens.io.system_errors import reading

Rows = tuple[tuple[str, ...], ...]


def write_table(path: Path, columns: tuple[str, ...], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table, whole or not at all.

    None becomes an empty cell, a float its shortest exact decimal form, NaN `nan`.

    Raises:
        DiskFull: there is no room.
        InvalidInput: the folder cannot be written.
    """
    with replace_file(path) as part, part.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            if len(row) != len(columns):
                raise ValueError(f"A row has {len(row)} cells for {len(columns)} columns")
            writer.writerow([_cell(value) for value in row])


def read_table(path: Path) -> tuple[tuple[str, ...], Rows]:
    """Read a table: its column names and its rows of text, all of one length.

    Semicolons or tabs are taken where the first line has no comma, as some spreadsheets write.
    Empty lines are left out, spaces around cells too.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: it may not be read, or is not text in UTF-8.
        InvalidInput: it has no header, or a row of another length; the message names the line.
    """
    try:
        with reading(path):
            text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"{path.name} is not a text table in UTF-8", "Save it as CSV (UTF-8) and try again"
        ) from error
    lines = _lines(path.name, text)
    if not lines:
        raise InvalidInput(f"{path.name} is empty", "Its first line must name the columns")
    columns = lines[0][1]
    for number, cells in lines[1:]:
        if len(cells) != len(columns):
            raise InvalidInput(
                f"Line {number} of {path.name} has {len(cells)} cells, "
                f"and its header names {len(columns)} columns",
                "Correct that line",
            )
    return columns, tuple(cells for _, cells in lines[1:])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float) and not isinstance(value, np.generic):
        return repr(value)
    return str(value)


def _lines(name: str, text: str) -> list[tuple[int, tuple[str, ...]]]:
    header = text.partition("\n")[0]
    delimiter = next((mark for mark in ",;\t" if mark in header), ",")
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    try:
        rows = [(reader.line_num, tuple(cell.strip() for cell in cells)) for cells in reader]
    except csv.Error as error:
        raise InvalidInput(
            f"Line {reader.line_num} of {name} cannot be read ({error})", "Save it as CSV (UTF-8)"
        ) from error
    return [(number, cells) for number, cells in rows if any(cells)]
