"""Findings are there as soon as they are written, and a torn line is none."""

from pathlib import Path

import pytest

from superlens.core.errors import ErrorInfo, InvalidInput
from superlens.core.jobs import FileFinding
from superlens.core.records import ImageInfo
from superlens.io.findings import findings_file, read_findings

GOOD = FileFinding(ImageInfo("a line\nbreak.tif", "TIFF", ()))
BAD = FileFinding(error=ErrorInfo("unreadable_file", "It is empty"))


def test_findings_are_read_while_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.findings"

    with findings_file(path) as add:
        before = read_findings(path)
        add(GOOD)
        after = read_findings(path)
        add(BAD)

    assert (before, after) == ((), (GOOD,))
    assert read_findings(path) == (GOOD, BAD)


def test_a_torn_line_is_no_finding(tmp_path: Path) -> None:
    path = tmp_path / "x.findings"
    with findings_file(path) as add:
        add(GOOD)
        add(BAD)
    whole = path.read_bytes()

    kept = set()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        kept.add(read_findings(path))

    assert kept == {(), (GOOD,), (GOOD, BAD)}


def test_without_a_file_nothing_was_found(tmp_path: Path) -> None:
    assert read_findings(tmp_path / "x.findings") == ()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(InvalidInput, match="cannot be written"),
        findings_file(tmp_path / "file" / "x"),
    ):
        pass
