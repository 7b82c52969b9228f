"""`superlens info`: what it says of files and folders, to people and to programs."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from superlens.cli.main import run

XML = (
    '<OME><Instrument ID="Instrument:0"><Objective ID="Objective:0" Model="Plan 40x/1.3 Oil"/>'
    '</Instrument><Image ID="Image:0" Name="cells"><AcquisitionDate>2020-05-06T07:08:09'
    '</AcquisitionDate><ObjectiveSettings ID="Objective:0"/><Pixels DimensionOrder="XYZCT" '
    'Type="uint16" SizeX="128" SizeY="96" SizeZ="1" SizeC="1" SizeT="1" PhysicalSizeX="0.1" '
    'PhysicalSizeY="0.1" TimeIncrement="2.5"><Channel Name="GFP" EmissionWavelength="520" '
    'ExcitationWavelength="488" Color="16711935"/><TiffData IFD="0" PlaneCount="1"/></Pixels>'
    "</Image></OME>"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.ome.tif"
    with tifffile.TiffWriter(path) as tif:
        full = np.zeros((96, 128), np.uint16)
        tif.write(full, description=XML, metadata=None, subifds=1, tile=(32, 32))
        tif.write(full[::2, ::2], subfiletype=1, metadata=None, tile=(32, 32))
    return path


def test_programs_are_told_everything(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(path), "--json"]) == 0

    (file,) = json.loads(capsys.readouterr().out)["files"]
    (scene,) = file["scenes"]
    assert scene["channels"] == [
        {"name": "GFP", "emission_nm": 520.0, "excitation_nm": 488.0, "colour": "#00FF00"}
    ]
    assert (scene["pixel_size_origin"], scene["physical_pixel_sizes"]["x"]) == ("reported", 0.1)
    assert (scene["objective"], scene["magnification"]) == ("Plan 40x/1.3 Oil", 40)
    assert (scene["numerical_aperture"], scene["time_interval_s"]) == (1.3, 2.5)
    assert scene["acquired_at"] == "2020-05-06T07:08:09"
    assert scene["levels"] == [{"y": 96, "x": 128}, {"y": 48, "x": 64}]


def test_people_are_told_what_matters(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(path)]) == 0

    text = capsys.readouterr().out
    assert "pixel size 0.1 µm (reported)" in text
    assert "objective Plan 40x/1.3 Oil, NA 1.3" in text
    assert "pyramid of 2 levels" in text


def test_folder_that_is_one_image_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import zarr

    folder = tmp_path / "a.zarr"
    array = zarr.create_array(str(folder / "0"), shape=(20, 30), dtype="uint8", zarr_format=2)
    array[...] = 1
    image = {"version": "0.4", "axes": ["y", "x"], "datasets": [{"path": "0"}]}
    (folder / ".zattrs").write_text(json.dumps({"multiscales": [image]}))

    assert run(["info", str(folder), "--json"]) == 0

    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert (file["format"], file["scenes"][0]["shape"]) == ("OME-Zarr 0.4", [1, 1, 1, 20, 30])


def test_plain_folder_is_refused_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["info", str(tmp_path)]) == 1

    assert "is a folder, not a file" in capsys.readouterr().err
