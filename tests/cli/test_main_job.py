"""The main job through the command line, on phantoms and the shipped model."""

import json
from pathlib import Path

import numpy as np
import pytest

from superlens.cli.main import DONE, FAILED, WRONG_USAGE, run
from superlens.cli.phantom_files import write_phantoms, write_plate
from superlens.core.errors import InvalidParameter
from superlens.io.images import open_image

MODEL = "resrgan-phantom-x2"


def answer(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def restored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict:
    image = write_phantoms("puncta", 1, 4, tmp_path / "made")[0]["low"]
    words = ["restore", image, "--model", MODEL, "--out", str(tmp_path / "out"), "--samples", "2"]
    status = run([*words, "--keep-samples", "roi", "--roi", "8,16,48,40", "--json"])
    assert status == DONE
    return answer(capsys)["results"][0]


def test_restore_answers_with_paths_that_are_there(restored: dict) -> None:
    assert all(Path(restored[key]).is_file() for key in ("mean", "spread", "residual", "input"))
    assert len(restored["samples"]) == 2
    with open_image(Path(restored["mean"])) as mean:
        scene = mean.info.scenes[0]
        assert (scene.size("Y"), scene.size("X")) == (80, 96)
        assert scene.pixel_sizes.x == pytest.approx(0.055)
        with (
            open_image(Path(restored["samples"][0])) as one,
            open_image(Path(restored["samples"][1])) as two,
        ):
            planes = [source.plane(0, 0, 0, 0) for source in (mean, one, two)]
    # The mean is the mean of the samples, up to float32 rounding.
    np.testing.assert_allclose(planes[0], (planes[1] + planes[2]) / 2, rtol=1e-5)


def test_a_saved_job_gives_the_same_pixels_again(
    restored: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = str(Path(restored["folder"]) / "job.json")

    assert run(["run", job, "--out", str(tmp_path / "again"), "--json"]) == DONE

    assert answer(capsys)["folder"] == str(tmp_path / "again")
    with (
        open_image(Path(restored["mean"])) as first,
        open_image(tmp_path / "again" / "mean.ome.tif") as second,
    ):
        assert np.array_equal(first.plane(0, 0, 0, 0), second.plane(0, 0, 0, 0))


def test_one_unreadable_file_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.tif"
    empty.touch()
    sound = write_phantoms("puncta", 1, 4, tmp_path / "made")[0]["low"]
    words = ["restore", str(empty), sound, "--model", MODEL, "--out", str(tmp_path / "out")]

    status = run([*words, "--samples", "0", "--roi", "0,0,32,32", "--json"])

    said = capsys.readouterr()
    assert status == FAILED
    assert [item["input"] for item in json.loads(said.out)["results"]] == [sound]
    assert "empty.tif is empty" in said.err
    assert not list((tmp_path / "out").glob("*.partial"))


def test_evaluate_ranks_the_model_beside_input_and_bicubic(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_phantoms("membranes", 1, 5, tmp_path)
    folders = ["--low", str(tmp_path / "low"), "--high", str(tmp_path / "high")]

    status = run(["evaluate", "--model", MODEL, *folders, "--out", str(tmp_path / "o"), "--json"])

    found = answer(capsys)
    psnr = {row["method"]: row["measures"]["psnr_affine"]["value"] for row in found["rows"]}
    assert status == DONE
    assert list(psnr) == ["input", "bicubic", MODEL]
    assert psnr[MODEL] > psnr["bicubic"] + 2
    assert (tmp_path / "o" / "figure.png").is_file()


def test_measure_then_report_from_a_plate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plate = write_plate(tmp_path / "plate", seed=3, wells=8)
    words = ["measure", "translocation", "--images", str(plate.parent), "--plate", str(plate)]

    assert run([*words, "--out", str(tmp_path / "run"), "--json"]) == DONE

    found = answer(capsys)
    keys = {"well", "value", "lo", "hi", "unit", "n_objects"}
    assert [well["well"] for well in found["wells"]] == [f"A0{n}" for n in range(1, 9)]
    assert all(keys <= set(well) for well in found["wells"])
    assert found["interval"]["level"] == 0.9
    assert "reconstruction" not in found["interval"]["sources"]
    assert found["wells"][7]["value"] > 2 * found["wells"][0]["value"]

    report = tmp_path / "report.pdf"
    assert run(["report", str(tmp_path / "run"), "--out", str(report)]) == DONE
    assert report.read_bytes().startswith(b"%PDF")
    assert report.with_suffix(".html").is_file()


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (
            ["restore", "x.tif", "--model", "resrgan-phantom-x3", "--out", "o"],
            WRONG_USAGE,
            "Did you mean",
        ),
        (["info", "nothing.tif"], FAILED, "There is no file"),
        (["measure", "nothing", "--images", ".", "--out", "o"], WRONG_USAGE, "translocation"),
        (
            ["measure", "translocation", "--images", ".", "--out", "o", "--samples", "4"],
            WRONG_USAGE,
            "--samples needs --model",
        ),
        (["report", "nowhere", "--out", "r.pdf"], FAILED, "nowhere"),
        (["run", "nothing.json"], FAILED, "nothing.json"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    words: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == status

    error = capsys.readouterr().err.strip()
    assert said in error
    assert "Traceback" not in error
    assert len(error.splitlines()) == 1


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="no assay"):
        run(["--debug", "measure", "nothing", "--images", str(tmp_path), "--out", "o"])
