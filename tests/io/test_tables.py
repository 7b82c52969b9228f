import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superlens.core.errors import InvalidInput, MissingFile, UnreadableFile
from superlens.io.tables import read_table, write_table


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def test_table_comes_back_as_text(path: Path) -> None:
    write_table(path, ("well", "value", "note"), [("A01", 1.5, ""), ("A02", None, 'a "b", c')])

    columns, rows = read_table(path)

    assert columns == ("well", "value", "note")
    assert rows == (("A01", "1.5", ""), ("A02", "", 'a "b", c'))


def test_table_is_utf8_with_points_and_plain_line_ends(path: Path) -> None:
    write_table(path, ("length µm",), [(0.5,)])

    assert path.read_bytes() == "length µm\n0.5\n".encode()


@settings(max_examples=50, deadline=None, database=None)
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=5))
def test_floats_read_back_exactly(tmp_path_factory: pytest.TempPathFactory, values) -> None:
    path = tmp_path_factory.mktemp("table") / "t.csv"

    write_table(path, ("x",), [(value,) for value in values])

    assert [float(row[0]) for row in read_table(path)[1]] == values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(0.1), "0.1"),
        (np.float32(0.1), "0.1"),
        (np.int64(7), "7"),
        (np.True_, "true"),
        (False, "false"),
        (1e-12, "1e-12"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_values_are_written_plainly(path: Path, value: object, text: str) -> None:
    write_table(path, ("x", "y"), [(value, 1)])

    assert read_table(path)[1] == ((text, "1"),)


def test_row_of_another_length_is_our_mistake_and_leaves_no_file(path: Path) -> None:
    with pytest.raises(ValueError, match="3 cells for 2"):
        write_table(path, ("a", "b"), [(1, 2), (1, 2, 3)])

    assert not path.exists()


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,2\n", "a;b\r\n1;2\r\n", "a\tb\n1\t2", "\ufeffa, b\n 1 ,2\n\n,\n"],
    ids=["commas", "semicolons", "tabs", "byte order mark, spaces, empty lines"],
)
def test_tables_of_spreadsheets_are_read(path: Path, text: str) -> None:
    path.write_bytes(text.encode())

    assert read_table(path) == (("a", "b"), (("1", "2"),))


def test_cell_may_hold_a_line_break(path: Path) -> None:
    write_table(path, ("a", "b"), [("one\ntwo", "x")])

    assert read_table(path)[1] == (("one\ntwo", "x"),)


def test_row_of_another_length_is_named_by_its_line(path: Path) -> None:
    path.write_text("a,b\n1,2\n\n1,2,3\n")

    with pytest.raises(InvalidInput, match=r"Line 4 of table\.csv has 3 cells"):
        read_table(path)


def test_empty_table_is_told(path: Path) -> None:
    path.write_text("\n\n")

    with pytest.raises(InvalidInput, match="is empty"):
        read_table(path)


def test_table_with_only_a_header_has_no_rows(path: Path) -> None:
    path.write_text("a,b")

    assert read_table(path) == (("a", "b"), ())


def test_table_in_another_encoding_is_told(path: Path) -> None:
    path.write_bytes("größe\n1\n".encode("latin-1"))

    with pytest.raises(UnreadableFile, match="UTF-8"):
        read_table(path)


def test_absent_table_is_told(path: Path) -> None:
    with pytest.raises(MissingFile):
        read_table(path)


def test_endless_cell_is_told(path: Path) -> None:
    path.write_text('a,b\n1,"' + "x" * 200_000)

    with pytest.raises(InvalidInput, match="cannot be read"):
        read_table(path)
