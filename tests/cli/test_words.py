import pytest

from superlens.cli.main import DONE, WRONG_USAGE, run
from superlens.cli.parser import COMMANDS, RESERVED, build_parser


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run([command, "--help"])

    assert left.value.code == DONE
    assert f"superlens {command}" in capsys.readouterr().out


@pytest.mark.parametrize("name", RESERVED)
def test_reserved_names_are_refused_plainly(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name]) == WRONG_USAGE
    assert "not available" in capsys.readouterr().err


def test_a_near_miss_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run(["restor", "x.tif"])

    assert left.value.code == WRONG_USAGE
    assert "did you mean 'restore'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["restore", "x.tif"],
        ["restore", "x.tif", "--model", "m", "--out", "o", "--roi", "1,2,3"],
        ["restore", "x.tif", "--model", "m", "--out", "o", "--roi", "0,0,0,5"],
        ["restore", "x.tif", "--model", "m", "--out", "o", "--samples", "-1"],
        ["restore", "x.tif", "--model", "m", "--out", "o", "--pixel-size-um", "0"],
        ["restore", "x.tif", "--model", "m", "--out", "o", "--keep-samples", "some"],
        ["restore", "x.tif", "--model", "m", "--out", "o", "--device", "tpu"],
        ["measure", "translocation", "--images", ".", "--out", "o", "--set", "novalue"],
    ],
)
def test_wrong_usage_exits_with_status_two(words: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run(words)

    assert left.value.code == WRONG_USAGE


def test_every_option_of_restore_is_understood() -> None:
    words = "restore a.tif b.tif --model m --out d --samples 4 --keep-samples all --seed 3"
    words += " --device cpu --scene 1 --channel 0 --roi 1,2,3,4 --pixel-size-um 0.1 --set a=1"

    arguments = build_parser().parse_args([*words.split(), "--json"])

    assert [str(path) for path in arguments.files] == ["a.tif", "b.tif"]
    assert (arguments.samples, arguments.keep_samples, arguments.seed) == (4, "all", 3)
    assert (arguments.roi.width, arguments.pixel_size_um) == (3, 0.1)
    assert arguments.settings == [("a", "1")]
