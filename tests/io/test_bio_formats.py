"""What Bio-Formats says of the files that we write: the reader behind Fiji, QuPath and OMERO.

Those for other programs, and those that stand for microscope files of which no real one is at hand.
It is GPL and needs Java, so it is no dependency and lies outside: the environment variable
`SUPERLENS_BIO_FORMATS_JAR` names its `bioformats_package.jar`; without it these tests skip.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile

from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.io.image_metadata import Acquisition, ImageMetadata
from superlens.io.image_writer import write_image
from superlens.io.imagej_writer import write_imagej
from superlens.io.images import open_image
from vendor_files import dv, ims, leica, lsm, oif, stk

JAR = os.environ.get("SUPERLENS_BIO_FORMATS_JAR", "")
_NAMESPACE = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path(JAR).is_file() or shutil.which("java") is None,
        reason="SUPERLENS_BIO_FORMATS_JAR names no file, or there is no Java",
    ),
]

METADATA = ImageMetadata(
    PixelSizes(0.3, 0.05, 0.04, PixelSizeOrigin.REPORTED, "test"),
    (ChannelInfo("DAPI", 461.0, 358.0, "#0000FF"), ChannelInfo("GFP", 525.0, 488.0, "#FF8000")),
    "computationally super-resolved",
    "a note",
    Acquisition("Plan-Apochromat 63x/1.4 Oil", 63.0, 1.4, 2.5, "2026-03-01T09:20:30"),
    (("Model", "fine-x2"), ("Seed", "7")),
    "Well A01",
)

VENDORS: dict[str, Callable[[Path, np.ndarray], Path]] = {
    "dv": lambda folder, data: Path(dv.write_dv(folder / "a.dv", data)),
    "ims": lambda folder, data: ims.write_ims(folder / "a.ims", data),
    "lof": lambda folder, data: leica.write_lof(folder / "a.lof", _zc(data)),
    "lsm": lambda folder, data: lsm.write_lsm(folder / "a.lsm", data.swapaxes(1, 2)),
    "lsm of two channels": lambda folder, data: lsm.write_lsm(
        folder / "a.lsm", data[:, :2].swapaxes(1, 2), is_inline=True
    ),
    "oib": lambda folder, data: oif.write_oib(folder / "a.oib", data[:, :2], "0.207"),
    "oif": lambda folder, data: oif.write_oif(folder / "picture.oif", data[:, :2], width="1"),
    "stk slices": lambda folder, data: stk.write_stk(folder / "a.stk", data[0, 0]),
    "stk times": lambda folder, data: stk.write_stk(
        folder / "a.stk", data[0, 0], stk.time_series(4)
    ),
    "xlef": lambda folder, data: leica.write_xlef(folder / "set", _zc(data)),
}
"""Write (T, C, Z, Y, X), or as much of it as the format holds, into a folder; it reads no decimal
comma in an OIF."""


def _zc(data: np.ndarray) -> np.ndarray:
    return data[0, :2].swapaxes(0, 1)


def tool(name: str, *words: str) -> str:
    done = subprocess.run(
        ["java", "-Xmx700m", "-cp", JAR, f"loci.formats.tools.{name}", *words],
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
        encoding="utf-8",
    )
    return done.stdout


def stack(dtype: str, shape: tuple[int, ...] = (2, 2, 3, 300, 290)) -> np.ndarray:
    return (np.random.default_rng(0).random(shape) * 250).astype(dtype)


def test_pyramid_and_every_item_of_the_metadata_are_found(tmp_path: Path) -> None:
    path = tmp_path / "image.ome.tif"
    write_image(path, stack("uint8", (1, 2, 1, 8192, 600)), METADATA)

    said = tool("ImageInfo", "-no-upgrade", "-nopix", "-noflat", "-omexml", str(path))

    assert "No validation errors found" in said
    assert "Resolutions = 5" in said
    widths = [int(size) for size in re.findall(r"sizeX\[\d\] = (\d+)", said)]
    assert widths == [600, 300, 150, 75, 38]
    root = ElementTree.fromstring(said[said.index("<OME ") : said.index("</OME>") + 6])
    pixels = next(root.iter(f"{_NAMESPACE}Pixels")).attrib
    sizes = [pixels[f"PhysicalSize{axis}"] for axis in "XYZ"]
    assert sizes == ["0.04", "0.05", "0.3"]
    assert pixels["TimeIncrement"] == "2.5"
    channels = [item.attrib for item in root.iter(f"{_NAMESPACE}Channel")]
    assert [item["Name"] for item in channels] == ["DAPI", "GFP"]
    assert [item["EmissionWavelength"] for item in channels] == ["461.0", "525.0"]
    assert [item["ExcitationWavelength"] for item in channels] == ["358.0", "488.0"]
    assert [int(item["Color"]) for item in channels] == [0x0000FFFF, 0xFF8000FF - 2**32]
    lens = next(root.iter(f"{_NAMESPACE}Objective")).attrib
    assert (lens["LensNA"], lens["NominalMagnification"]) == ("1.4", "63.0")
    assert next(root.iter(f"{_NAMESPACE}AcquisitionDate")).text == "2026-03-01T09:20:30"
    facts = {item.attrib["K"]: item.text for item in root.iter(f"{_NAMESPACE}M")}
    assert facts == {"Model": "fine-x2", "Seed": "7"}


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_pixels_of_ome_tiff_are_decoded_bit_for_bit(tmp_path: Path, dtype: str) -> None:
    data = stack(dtype)
    write_image(tmp_path / "image.ome.tif", data, METADATA)

    _convert(tmp_path / "image.ome.tif", tmp_path / "again.ome.tif")

    again = tifffile.TiffFile(tmp_path / "again.ome.tif").series[0]
    assert again.axes == "TCZYX"
    np.testing.assert_array_equal(again.asarray(), data)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_hyperstacks_of_imagej_are_decoded_bit_for_bit(tmp_path: Path, dtype: str) -> None:
    data = stack(dtype)
    write_imagej(tmp_path / "image.tif", data, METADATA)

    _convert(tmp_path / "image.tif", tmp_path / "again.ome.tif")

    again = tifffile.TiffFile(tmp_path / "again.ome.tif").series[0]
    assert again.axes == "TZCYX"
    np.testing.assert_array_equal(again.asarray(), data.transpose(0, 2, 1, 3, 4))


@pytest.mark.parametrize("name", list(VENDORS))
def test_files_made_in_the_place_of_real_ones_are_read_alike(tmp_path: Path, name: str) -> None:
    data = np.random.default_rng(0).integers(0, 4000, (2, 3, 4, 20, 30), np.uint16)
    path = VENDORS[name](tmp_path, data)

    _convert(path, tmp_path / "again.ome.tif")

    with open_image(path) as ours, open_image(tmp_path / "again.ome.tif") as theirs:
        shape = ours.info.scenes[0].shape
        assert theirs.info.scenes[0].shape == shape
        for t, c, z in np.ndindex(*shape[:3]):
            plane = theirs.plane(0, t, c, z)
            # Bio-Formats turns DeltaVision over.
            np.testing.assert_array_equal(
                ours.plane(0, t, c, z), plane[::-1] if name == "dv" else plane
            )


def _convert(source: Path, target: Path) -> None:
    tool("ImageConverter", "-no-upgrade", "-overwrite", "-series", "0", str(source), str(target))
