"""What the file of a restored picture says: all that the input said, and what made its pixels."""

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile

from fakes.method import install_fake_model, known_here
from superlens import __version__
from superlens.core.jobs import ComputePolicy, DeviceChoice, InputImage, RestoreRequest
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.engine.context import JobContext
from superlens.engine.execute import execute
from superlens.engine.provenance import Making, describe_picture
from superlens.io.hashing import sha256_of
from superlens.io.image_metadata import Acquisition, ImageMetadata, acquisition_of
from superlens.io.image_writer import write_image
from superlens.io.images import probe

LENS = Acquisition("Plan Apo 60x/1.42", 60.0, 1.42, 0.5, "2026-03-01T10:20:30+01:00")
CHANNELS = (ChannelInfo("DAPI", 461.0, 405.0, "#0000FF"), ChannelInfo("GFP", 525.0, 488.0))
SIZES = PixelSizes(0.3, 0.1, 0.1, PixelSizeOrigin.REPORTED, "test")


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    card = install_fake_model(tmp_path / "home" / "models")
    with known_here():
        yield card


@pytest.fixture
def restored(tmp_path, model):
    """A run over two channels, of which the second is chosen, with spread and residual."""
    path = tmp_path / "private folder" / "cell.ome.tif"
    pixels = np.random.default_rng(0).integers(90, 900, (1, 2, 1, 96, 96), np.uint16)
    metadata = ImageMetadata(SIZES, CHANNELS, "raw", acquisition=LENS)
    write_image(path, pixels, metadata)
    request = RestoreRequest(
        InputImage(str(path), channel=1),
        model.ref,
        str(tmp_path / "run"),
        samples=2,
        seed=7,
        compute=ComputePolicy(DeviceChoice.CPU, 1),
    )
    execute("job", request, JobContext("job", lambda event: None))
    return path, tmp_path / "run"


@pytest.mark.parametrize(("picture", "pixel_um"), [("mean", 0.05), ("spread", 0.05)])
def test_all_that_the_input_stated_stands_in_the_results(restored, picture, pixel_um) -> None:
    (scene,) = probe(restored[1] / f"{picture}.ome.tif").scenes

    assert scene.channels == CHANNELS[1:]
    assert acquisition_of(scene) == LENS
    sizes = scene.pixel_sizes
    assert (sizes.z, sizes.y, sizes.x) == (0.3, pixel_um, pixel_um)


def test_results_say_what_made_them_but_not_where_the_input_lay(restored, model) -> None:
    path, run = restored

    with tifffile.TiffFile(run / "spread.ome.tif") as tif:
        xml = tif.ome_metadata
    assert xml is not None

    found = {
        item.get("K"): item.text
        for item in ElementTree.fromstring(xml).iter()
        if "K" in item.attrib
    }
    assert found["Model"] == model.id
    assert found["Model SHA-256"] == model.sha256
    assert found["Input"] == "cell.ome.tif"
    assert found["Input SHA-256"] == sha256_of(path)
    assert (found["Seed"], found["Samples"], found["Scale"]) == ("7", "2", "2")
    assert found["Picture"] == "spread"
    assert found["Software"] == f"Superlens {__version__}"
    assert "computationally super-resolved" in found["Statement"]
    assert "private folder" not in xml


def test_name_of_an_input_from_windows_comes_without_its_folder() -> None:
    making = Making("m", "ab" * 32, "resrgan", 2, 0, 0, r"C:\Users\me\cell.czi", "cd" * 32)

    assert dict(making.facts("mean"))["Input"] == "cell.czi"
    assert replace(making, version="9").statement.startswith(
        "computationally super-resolved by Superlens 9, model m (abababababab), 2x"
    )


def test_every_picture_is_described_by_what_it_is() -> None:
    described = [describe_picture(role, "3", "8 flips", "made") for role in ROLES]

    assert described == [
        "Image, made",
        "Spread: 8 flips, made",
        "Residual in sigmas of the expected noise of an image made",
        "Sample 3, made",
    ]


ROLES = ("mean", "spread", "residual", "sample")
