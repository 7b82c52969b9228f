"""The option `--axes` of the commands that read images."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from superlens.cli.main import DONE, WRONG_USAGE, run
from superlens.cli.parser import build_parser
from superlens.core.jobs import FieldInput, InputImage
from superlens.io.images import probe
from superlens.io.plate_channels import Plate


@pytest.fixture
def movie(tmp_path: Path) -> Path:
    """Five pages of which the file says nothing."""
    path = tmp_path / "movie.tif"
    data = np.zeros((5, 24, 32), np.uint16)
    tifffile.imwrite(path, data, metadata=None, photometric="minisblack")
    return path


def test_info_tells_a_file_as_the_user_names_its_axes(
    movie: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["info", str(movie), "--axes", "TYX", "--json"]) == DONE

    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert file["scenes"][0]["shape"] == [5, 1, 1, 24, 32]
    assert file["warnings"] == []


def test_letters_that_do_not_fit_say_which_would(
    movie: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["info", str(movie), "--axes", "TZYX"]) != DONE

    assert "read as ZYX" in capsys.readouterr().err


def test_export_writes_the_named_axes(movie: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    assert run(["export", str(movie), "--axes", "CYX", "--out", str(out)]) == DONE

    assert probe(out / "movie.ome.tif").scenes[0].size("C") == 5


def test_fields_of_a_measurement_take_them() -> None:
    channels = {"dna": InputImage("a.tif"), "protein": InputImage("b.tif")}
    plate = Plate((), (FieldInput("A01", "1", channels),))

    named = plate.with_axes("TYX").fields[0].channels

    assert [image.axes for image in named.values()] == ["TYX", "TYX"]
    assert plate.with_axes("") is plate
    words = ["measure", "golgi", "--images", "d", "--out", "o", "--axes", "TYX"]
    assert build_parser().parse_args(words).axes == "TYX"


@pytest.mark.parametrize("command", ["restore", "watch"])
def test_other_commands_take_them_too(command: str) -> None:
    words = [command, "somewhere", "--model", "m", "--out", "o", "--axes", "TYX"]

    assert build_parser().parse_args(words).axes == "TYX"


def test_contrast_limits_are_two_numbers_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["export", "a.tif", "--out", "o", "--contrast", "5,10", "--contrast", "0.5,1e3"]
    assert build_parser().parse_args(words).limits == [(5.0, 10.0), (0.5, 1000.0)]

    with pytest.raises(SystemExit) as caught:
        build_parser().parse_args([*words, "--contrast", "10,5"])

    assert caught.value.code == WRONG_USAGE
    assert "LOW below HIGH" in capsys.readouterr().err
