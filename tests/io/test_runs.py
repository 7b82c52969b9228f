import errno
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from superlens.core.errors import (
    DiskFull,
    IncompatibleVersion,
    InvalidInput,
    MissingFile,
    ProjectLocked,
)
from superlens.core.jobs import JobKind, JobState, ReportRequest
from superlens.core.records import Number, ResultFile, ResultRecord, Versions
from superlens.io import atomic, runs
from superlens.io.codec import encode, read_request
from superlens.io.runs import RunDocument, RunFolder, create_run, read_run, request_of

REQUEST = ReportRequest(("a", "b"), "out.pdf", "Title")


def document_of(run: RunFolder) -> RunDocument:
    result = ResultRecord(
        "j1", "report", str(run.out), run.files, (Number("n", 1.5, unit="µm"),), ("careful",)
    )
    return RunDocument(
        request_json=encode(REQUEST).decode(),
        kind=JobKind.REPORT,
        job_id="j1",
        versions=Versions("0.1.0", "3.11", "linux", {"numpy": "2.4.6"}),
        device="cpu",
        started="2026-01-01T00:00:00+00:00",
        ended="2026-01-01T00:01:00+00:00",
        result=result,
        notes={"seed": 3, "psnr": 31.5, "claim": "single_answer", "tile": None, "ok": True},
    )


def finished(out: Path) -> RunDocument:
    run = create_run(out)
    run.file("mean", "mean.ome.tif").write_bytes(b"pixels")
    document = document_of(run)
    run.publish(document)
    return document


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "first"


def test_run_is_invisible_until_it_is_published(out: Path) -> None:
    run = create_run(out)
    run.file("mean", "mean.ome.tif").write_bytes(b"pixels")

    assert not out.exists()
    assert (out.parent / "first.partial" / "mean.ome.tif").exists()

    run.discard()


def test_published_run_holds_its_files_and_nothing_else(out: Path, names_in) -> None:
    run = create_run(out)
    run.log("began")
    run.file("sample", "samples/000.ome.tif").write_bytes(b"pixels")
    run.scratch("accumulator.dat").write_bytes(b"temporary")

    folder = run.publish(document_of(run))

    assert folder == out
    assert names_in(out) == ["job.json", "log.txt", "samples"]
    assert names_in(out.parent) == ["first"]


def test_document_comes_back_equal(out: Path) -> None:
    written = finished(out)

    read = read_run(out)

    assert read.result == written.result
    assert read.notes == written.notes
    assert read.ending is JobState.DONE
    assert json.loads(read.request_json) == json.loads(written.request_json)
    for name in ("kind", "job_id", "versions", "device", "started", "ended"):
        assert getattr(read, name) == getattr(written, name)


def test_request_of_a_run_can_be_run_again(out: Path) -> None:
    finished(out)

    assert request_of(read_run(out)) == REQUEST
    assert read_request(out / "job.json") == REQUEST


def test_job_file_holds_the_complete_request_as_json(out: Path) -> None:
    finished(out)

    saved = json.loads((out / "job.json").read_text(encoding="utf-8"))

    assert saved["request"] == json.loads(encode(REQUEST))
    assert saved["format"] == 1


def test_moved_run_knows_where_it_lies_now(out: Path, tmp_path: Path) -> None:
    finished(out)
    out.rename(tmp_path / "moved")

    assert read_run(tmp_path / "moved").result.folder == str(tmp_path / "moved")


def test_files_are_named_with_their_roles_in_order(out: Path) -> None:
    run = create_run(out)
    run.file("mean", "mean.ome.tif")
    run.file("sample", "samples/000.ome.tif")
    run.file("mean", "mean.ome.tif")
    files = run.files
    run.discard()

    assert files == (
        ResultFile("mean", "mean.ome.tif"),
        ResultFile("sample", "samples/000.ome.tif"),
    )


@pytest.mark.parametrize("relative", ["../outside", "/etc/passwd", "", "a/../../b"])
def test_files_outside_the_run_are_refused(out: Path, relative: str) -> None:
    run = create_run(out)

    with pytest.raises(ValueError, match="does not lie"):
        run.file("mean", relative)

    run.discard()


def test_log_lines_carry_the_time(out: Path) -> None:
    run = create_run(out)
    run.log("one")
    run.log("two µm")
    lines = (run.root / "log.txt").read_text(encoding="utf-8").splitlines()
    run.discard()

    assert [line.split(" ", 1)[1] for line in lines] == ["one", "two µm"]
    assert lines[0].startswith("20")


def test_discarded_run_leaves_nothing(out: Path, names_in) -> None:
    run = create_run(out)
    run.file("mean", "deep/mean.ome.tif").write_bytes(b"pixels")

    run.discard()
    run.discard()

    assert names_in(out.parent) == []


def test_published_block_keeps_the_run(out: Path) -> None:
    with create_run(out) as run:
        run.publish(document_of(run))

    assert (out / "job.json").exists()


def test_block_that_publishes_nothing_leaves_nothing(out: Path, names_in) -> None:
    before = set(threading.enumerate())
    with create_run(out) as run:
        run.log("nothing came of it")

    assert names_in(out.parent) == []
    assert set(threading.enumerate()) <= before


def test_failing_block_discards_the_run(out: Path, names_in) -> None:
    with pytest.raises(RuntimeError), create_run(out):
        raise RuntimeError

    assert names_in(out.parent) == []


def test_finished_run_is_never_overwritten(out: Path) -> None:
    finished(out)
    before = (out / "job.json").read_bytes()

    with pytest.raises(InvalidInput, match="already holds a finished run"):
        create_run(out)

    assert (out / "job.json").read_bytes() == before


def test_two_jobs_cannot_write_one_run(out: Path) -> None:
    first = create_run(out)

    with pytest.raises(ProjectLocked, match="first"):
        create_run(out)

    first.discard()


def test_run_of_a_killed_process_makes_way(out: Path, child_environment, names_in) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from superlens.io.runs import create_run\n"
        "run = create_run(Path(sys.argv[1]))\n"
        "run.file('checkpoint', 'checkpoints/last.bin').write_bytes(b'state')\n"
        "run.log('began')\n"
        "os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(out)], env=child_environment, timeout=60)

    resumed = create_run(out, resume=True)
    state = (resumed.root / "checkpoints" / "last.bin").read_bytes()
    resumed.keep_for_resume()
    afresh = create_run(out)
    left = names_in(afresh.root)
    afresh.discard()

    assert state == b"state"
    assert left == [".writing"]


def test_folder_of_somebody_else_is_not_emptied(out: Path) -> None:
    foreign = out.with_name("first.partial")
    foreign.mkdir(parents=True)
    (foreign / "thesis.docx").write_text("years of work")

    with pytest.raises(InvalidInput, match="not left by an interrupted run"):
        create_run(out)

    assert (foreign / "thesis.docx").read_text() == "years of work"


def test_empty_folder_of_the_final_name_is_replaced(out: Path, names_in) -> None:
    out.mkdir(parents=True)

    finished(out)

    assert names_in(out) == ["job.json", "mean.ome.tif"]


def test_run_moves_in_beside_other_files(out: Path, names_in) -> None:
    out.mkdir(parents=True)
    (out / "notes.txt").write_text("mine")

    finished(out)

    assert names_in(out) == ["job.json", "mean.ome.tif", "notes.txt"]
    assert names_in(out.parent) == ["first"]


def test_run_does_not_move_in_over_files_of_the_same_name(out: Path, names_in) -> None:
    out.mkdir(parents=True)
    (out / "mean.ome.tif").write_text("mine")
    run = create_run(out)
    run.file("mean", "mean.ome.tif").write_bytes(b"pixels")

    with pytest.raises(InvalidInput, match=r"already holds mean\.ome\.tif"):
        run.publish(document_of(run))

    assert (out / "mean.ome.tif").read_text() == "mine"
    assert (out.parent / "first.partial" / "mean.ome.tif").read_bytes() == b"pixels"
    assert not (out / "job.json").exists()


def test_run_published_meanwhile_by_another_is_kept(out: Path) -> None:
    run = create_run(out)
    out.mkdir()
    (out / "job.json").write_text("theirs")

    with pytest.raises(InvalidInput, match="already holds a finished run"):
        run.publish(document_of(run))

    assert (out / "job.json").read_text() == "theirs"
    run.discard()


def test_file_of_the_final_name_is_in_the_way(out: Path) -> None:
    out.parent.mkdir(parents=True)
    out.write_text("a file")

    with pytest.raises(InvalidInput, match="is a file"):
        create_run(out)


def test_full_disk_while_publishing_leaves_no_finished_run(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run(out)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic, "flush_to_disk", full)

    with pytest.raises(DiskFull):
        run.publish(document_of(run))

    assert not out.exists()
    run.discard()


def test_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="no finished run"):
        read_run(tmp_path)


def test_run_of_a_newer_version_is_told(out: Path) -> None:
    finished(out)
    text = (out / "job.json").read_text().replace('"format": 1', '"format": 9')
    (out / "job.json").write_text(text)

    with pytest.raises(IncompatibleVersion):
        read_run(out)


def test_damaged_job_file_is_told(out: Path) -> None:
    finished(out)
    (out / runs.JOB_FILE).write_text("{}")

    with pytest.raises(InvalidInput, match=r"job\.json"):
        read_run(out)
