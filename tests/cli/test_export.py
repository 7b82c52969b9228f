"""The command `export`: words to requests, what it prints, and the question on a terminal."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from superlens.cli import export as command
from superlens.cli.main import DONE, FAILED, INTERRUPTED, WRONG_USAGE, run
from superlens.cli.parser import build_parser
from superlens.core.jobs import ExportFormat, WhenTaken
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes
from superlens.io.image_writer import ImageMetadata, write_image
from superlens.io.images import probe


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "raw" / "cell.ome.tif"
    write_image(
        path,
        np.arange(600, dtype=np.uint16).reshape(1, 1, 1, 20, 30),
        ImageMetadata(PixelSizes(), (ChannelInfo("DAPI"),), ""),
    )
    return path


class Terminal(io.StringIO):
    """A standard input at which a person sits."""

    def isatty(self) -> bool:
        return True


def test_every_option_is_understood() -> None:
    words = "export run1 a.tif --format ome-zarr-0.5 --out d --overwrite rename --role mean"
    words += " --role spread --scene 2 --mirror raw --16-bit --no-shards --labels l.tif"
    words += " --pixel-size-um 0.1 --json"

    request = command.export_request(build_parser().parse_args(words.split()), Path("run1"))

    assert request.source == str(Path("run1").absolute())
    assert request.file_format is ExportFormat.OME_ZARR_05
    assert request.when_taken is WhenTaken.RENAME
    assert (request.roles, request.scene) == (("mean", "spread"), 2)
    assert (request.is_16_bit, request.is_sharded) == (True, False)
    assert request.mirrored == str(Path("raw").absolute())
    assert request.labels == str(Path("l.tif").absolute())
    assert request.pixel_size_um == 0.1


@pytest.mark.parametrize("words", [["--format", "bmp"], ["--overwrite", "maybe"]])
def test_unknown_words_are_wrong_usage(words: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run(["export", "a.tif", "--out", "d", *words])

    assert left.value.code == WRONG_USAGE


def test_files_are_written_and_named(image: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"

    status = run(["export", str(image), "--format", "imagej", "--out", str(out)])

    assert status == DONE
    assert capsys.readouterr().out == f"{out / 'cell.tif'}\n"
    assert probe(out / "cell.tif").format == "ImageJ TIFF"


def test_failing_source_does_not_stop_the_others(image: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"

    status = run(["export", str(tmp_path / "gone"), str(image), "--out", str(out), "--json"])

    said = capsys.readouterr()
    assert status == FAILED
    assert "There is no run and no image" in said.err
    assert json.loads(said.out) == {"files": [str(out / "cell.ome.tif")], "warnings": []}


def test_without_a_terminal_taken_names_are_an_error(
    image: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    words = ["export", str(image), "--out", str(tmp_path / "out")]
    run(words)

    assert run(words) == FAILED
    assert "cell.ome.tif in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answers", "status", "names"),
    [
        ("?\ns\n", DONE, ["cell.ome.tif"]),
        ("n\n", DONE, ["cell-2.ome.tif", "cell.ome.tif"]),
        ("r\n", DONE, ["cell.ome.tif"]),
        ("q\n", INTERRUPTED, ["cell.ome.tif"]),
        ("", INTERRUPTED, ["cell.ome.tif"]),
    ],
)
def test_on_a_terminal_the_user_is_asked(
    image: Path,
    tmp_path: Path,
    capsys,
    monkeypatch: pytest.MonkeyPatch,
    answers: str,
    status: int,
    names: list[str],
) -> None:
    out = tmp_path / "out"
    words = ["export", str(image), "--out", str(out)]
    run(words)
    monkeypatch.setattr("sys.stdin", Terminal(answers))

    assert run(words) == status

    assert "[s]kip, [r]eplace" in capsys.readouterr().err
    assert sorted(path.name for path in out.iterdir()) == names
