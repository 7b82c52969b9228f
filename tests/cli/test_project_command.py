"""`superlens project`: what it leaves in a project, and what it prints."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from superlens.cli.main import DONE, FAILED, WRONG_USAGE, run
from superlens.core.jobs import FieldInput, InputImage, JobKind, MeasureRequest
from superlens.core.records import ChannelInfo, ImageRole, ResultRecord
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.engine.run_record import Beginning, finished_run
from superlens.io.image_writer import ImageMetadata, write_image
from superlens.io.images import probe
from superlens.io.runs import create_run
from superlens.io.store import ProjectStore


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "my project"
    assert run(["project", "create", str(folder)]) == DONE
    return folder


@pytest.fixture
def screen(tmp_path: Path) -> Path:
    """Three wells, a stack that says nothing of its axes, and a broken file."""
    folder = tmp_path / "Screen 4"
    folder.mkdir()
    for number, well in enumerate(("A01", "A02", "B01")):
        stack = np.full((1, 1, 1, 16, 16), number, np.uint16)
        metadata = ImageMetadata(PixelSizes(), (ChannelInfo("DAPI"),), "")
        write_image(folder / f"{well}_s1.ome.tif", stack, metadata)
    return folder


def images_in(folder: Path) -> dict[str, Any]:
    with ProjectStore.open(folder, read_only=True) as store:
        return {Path(image.path).name: image for image in store.images()}


def test_files_are_linked_with_wells_roles_tags_and_sizes(
    project: Path, screen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["project", "add", str(project), str(screen), "--pattern", "plain", "--role", "control"]
    words += ["--tag", "day 1", "--pixel-size-um", "0.1"]

    assert run(words) == DONE

    images = images_in(project)
    image = images["B01_s1.ome.tif"]
    sizes = image.info.scenes[0].pixel_sizes
    assert len(images) == 3
    assert (image.well, image.field, image.role, image.tags) == (
        "B01", "1", ImageRole.CONTROL, ("day 1",)
    )  # fmt: skip
    assert (sizes.x, sizes.origin) == (0.1, PixelSizeOrigin.VERIFIED)
    assert image.path == "../Screen 4/B01_s1.ome.tif"
    with ProjectStore.open(project, read_only=True) as store:
        (plate,) = store.plates.all()
    assert (plate.name, image.plate) == ("Screen 4", plate.id)
    assert "3 added, 0 there already, 0 refused" in capsys.readouterr().out


def test_file_that_is_there_is_told_and_a_broken_one_stops_none(
    project: Path, screen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["project", "add", str(project), str(screen / "A01_s1.ome.tif")])
    (screen / "broken.tif").write_bytes(b"II*\x00\x08\x00\x00\x00")
    capsys.readouterr()

    status = run(["project", "add", str(project), str(screen), "--json"])

    said = capsys.readouterr()
    assert status == FAILED
    assert json.loads(said.out) == {"added": 2, "known": 1, "refused": 1}
    assert "broken.tif" in said.err
    assert len(images_in(project)) == 3


def test_axes_that_are_named_stay_with_the_image(project: Path, tmp_path: Path) -> None:
    path = tmp_path / "movie.tif"
    data = np.zeros((5, 24, 32), np.uint16)
    tifffile.imwrite(path, data, metadata=None, photometric="minisblack")

    assert run(["project", "add", str(project), str(path), "--axes", "TYX"]) == DONE

    image = images_in(project)["movie.tif"]
    assert image.axes == "ZCTYX"
    assert image.info.scenes[0].size("T") == 5
    out = tmp_path / "out"
    run(["project", "export", str(project), "--what", "images", "--out", str(out)])
    assert probe(out / "movie.ome.tif").scenes[0].size("T") == 5


def test_name_that_the_pattern_does_not_fit_is_refused_with_the_reason(
    project: Path, screen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["project", "add", str(project), str(screen), "--pattern", "(?P<well>[A-P]99)"]

    assert run(words) == FAILED

    assert "the pattern does not fit this name" in capsys.readouterr().err
    assert images_in(project) == {}


def test_scene_that_is_not_there_is_refused(
    project: Path, screen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(screen / "A01_s1.ome.tif")

    assert run(["project", "add", str(project), path, "--scene", "3"]) == FAILED

    assert "There is no scene 3" in capsys.readouterr().err


def test_plates_are_read_from_a_table_and_written_as_one(
    project: Path, screen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["project", "add", str(project), str(screen), "--pattern", "plain"])
    table = tmp_path / "map.csv"
    table.write_text("well,compound,dose,unit,role\nA01,DMSO,,,negative\nB02,drug,1,nM,dose\n")
    capsys.readouterr()
    words = ["project", "plate", str(project), "--read", str(table), "--name", "Screen 4"]

    assert run([*words, "--write", str(tmp_path / "out.csv"), "--json"]) == DONE

    (plate,) = json.loads(capsys.readouterr().out)["plates"]
    assert plate == {"name": "Screen 4", "wells": 6, "described": 2, "images": 3}
    assert "drug" in (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_blinded_project_lists_and_exports_codes_until_a_reason_is_given(
    project: Path, screen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["project", "add", str(project), str(screen), "--pattern", "plain"])
    run(["project", "blind", str(project)])
    out = tmp_path / "blinded"
    capsys.readouterr()
    run(["project", "list", str(project), "--json"])
    run(["project", "plate", str(project)])
    run(["project", "export", str(project), "--what", "images", "--out", str(out)])
    said = capsys.readouterr().out
    codes = [image["name"] for image in json.loads(said[: said.index("\n}") + 2])["images"]]
    status = run(["project", "plate", str(project), "--write", str(tmp_path / "plates.csv")])
    capsys.readouterr()
    run(["project", "unblind", str(project), "--reason", "Scored"])

    assert codes == sorted(codes)
    assert "A01" not in said
    assert "Screen" not in said
    assert len(list(out.iterdir())) == 3
    assert status == FAILED
    assert not (tmp_path / "plates.csv").exists()
    key = dict(line.split("  ") for line in capsys.readouterr().out.splitlines())
    assert {path.name.removesuffix(".ome.tif") for path in out.iterdir()} == set(key)
    assert set(key.values()) == {"A01_s1", "A02_s1", "B01_s1"}


def test_labels_of_all_measurements_are_exported(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = (FieldInput("A01", "f", {"dna": InputImage("/raw/f.tif")}),)
    request = MeasureRequest("translocation", fields, str(project / "results" / "m"))
    with create_run(project / "results" / "m") as folder:
        labels = np.eye(8, dtype=np.int32)
        Image.fromarray(labels, mode="I").save(folder.file("labels", "labels/A01_f.tif"))
        result = ResultRecord("m", JobKind.MEASURE.value, str(folder.out), folder.files)
        folder.publish(finished_run(request, result, Beginning(), {}))
    with ProjectStore.open(project) as store:
        store.add_result((), result)
    out = tmp_path / "for qupath"
    capsys.readouterr()
    words = ["project", "export", str(project), "--what", "measured", "--format", "geojson"]

    assert run([*words, "--out", str(out)]) == DONE

    assert [path.name for path in out.iterdir()] == ["A01_f.geojson"]
    assert run(["project", "export", str(project), "--out", str(out)]) == FAILED
    assert "nothing that is restored" in capsys.readouterr().err


def test_project_that_is_open_elsewhere_is_told(
    project: Path, screen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ProjectStore.open(project):
        status = run(["project", "add", str(project), str(screen)])
        listed = run(["project", "list", str(project)])

    assert (status, listed) == (FAILED, DONE)
    assert "my project" in capsys.readouterr().err


def test_action_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(["project"])

    assert caught.value.code == WRONG_USAGE
    assert "ACTION" in capsys.readouterr().err
