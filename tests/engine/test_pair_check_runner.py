"""The pair doctor as a job."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from prepare.made_pairs import MadePair
from superlens.core.errors import InvalidInput, JobCancelled
from superlens.core.jobs import JobKind, PairCheckRequest, PairFile
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.execute import execute
from superlens.io.codec import read_json
from superlens.io.hashing import sha256_of
from superlens.io.runs import read_run, request_of
from superlens.io.tables import read_table
from superlens.prepare.pair_doctor.records import PairReport

GOOD = 2


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> tuple[PairFile, ...]:
    folder = tmp_path_factory.mktemp("pairs")
    found: list[PairFile] = []
    for number in range(GOOD + 1):
        shift = (2.0, -1.5) if number == 1 else (0.0, 0.0)
        pair = MadePair(seed=number, noise_seed=number, side=96, shift=shift)
        high = pair.high() if number < GOOD else np.zeros((192, 192), np.uint16)
        paths = [folder / f"{side} {number}.tif" for side in ("low", "high")]
        for path, picture in zip(paths, (pair.low(), high), strict=True):
            tifffile.imwrite(path, picture)
        found.append(PairFile(str(paths[0]), str(paths[1]), field_id=f"field {number}"))
    return tuple(found)


def check(pairs: tuple[PairFile, ...], out: Path, control: JobControl | None = None):
    request = PairCheckRequest(pairs, str(out))
    return execute("job-1", request, JobContext("job-1", lambda event: None, control))


def test_a_check_leaves_table_report_histogram_and_overlays(pairs, tmp_path):
    result = check(pairs, tmp_path / "run")

    columns, rows = read_table(tmp_path / "run" / "pairs.csv")
    table = [dict(zip(columns, row, strict=True)) for row in rows]
    assert [row["use"] for row in table] == ["true", "true", "false"]
    assert table[2]["flags"] == "constant"
    assert "same value, 0" in table[2]["reasons"]
    assert float(table[1]["shift_y_px"]) == pytest.approx(2.0, abs=0.06)
    assert table[1]["correction"] == "cropped"
    overlays = [file.path for file in result.files if file.role == "overlay"]
    assert overlays == ["overlays/0001-field-0.png", "overlays/0002-field-1.png"]
    assert all((tmp_path / "run" / path).stat().st_size > 1000 for path in overlays)
    assert (tmp_path / "run" / "shifts.svg").read_text().startswith("<svg")
    assert "1 pair is cut" in (tmp_path / "run" / "log.txt").read_text()


def test_the_report_states_the_hashes_of_good_pairs(pairs, tmp_path):
    check(pairs, tmp_path / "run")

    report = read_json(PairReport, tmp_path / "run" / "report.json")

    assert report.scale == 2
    assert [pair.field_id for pair in report.good_pairs] == ["field 0", "field 1"]
    first = report.good_pairs[0]
    assert first.low_sha256 == sha256_of(Path(first.low))
    assert first.high_sha256 == sha256_of(Path(first.high))
    assert report.findings[2].pair.low_sha256 is None
    assert report.good_pairs[1].alignment is not None


def test_the_run_can_be_read_and_done_again(pairs, tmp_path):
    result = check(pairs, tmp_path / "run")

    run = read_run(tmp_path / "run")

    assert run.kind is JobKind.PAIR_CHECK
    assert request_of(run) == PairCheckRequest(pairs, str(tmp_path / "run"))
    assert run.notes["good_pairs"] == GOOD
    assert [number.value for number in result.numbers] == [GOOD, GOOD, GOOD + 1]


def test_a_cancelled_check_leaves_nothing(pairs, tmp_path):
    control = JobControl()
    control.cancel()

    with pytest.raises(JobCancelled):
        check(pairs, tmp_path / "run", control)

    assert not list(tmp_path.iterdir())


def test_a_check_without_pairs_is_refused(tmp_path):
    with pytest.raises(InvalidInput):
        check((), tmp_path / "run")

    assert not (tmp_path / "run").exists()
