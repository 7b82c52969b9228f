"""MetaXpress images: TIFFs whose description is the MetaSeries XML; made after a real one."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from foreign_checks import require_pixels_or_sentence, require_refused_when_cut
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, probe

PLANE = {
    ("plane-type", "string"): "plane",
    ("pixel-size-x", "int"): "30",
    ("pixel-size-y", "int"): "20",
    ("spatial-calibration-state", "bool"): "on",
    ("spatial-calibration-x", "float"): "1.3668",
    ("spatial-calibration-y", "float"): "1.3668",
    ("spatial-calibration-units", "string"): "um",
    ("image-name", "string"): "FITC_05",
    ("acquisition-time-local", "time"): "20230221 13:37:23.451",
    ("_MagNA_", "float"): "0.75",
    ("_MagSetting_", "string"): "20X Plan Apo Lambda",
    ("wavelength", "float"): "536",
}


def description(**changed: str) -> str:
    said = {kind: changed.get(kind[0].replace("-", "_"), value) for kind, value in PLANE.items()}
    listed = "".join(
        f'<prop id="{name}" type="{kind}" value="{value}"/>\r\n'
        for (name, kind), value in said.items()
    )
    return (
        '<MetaData>\r\n<prop id="Description" type="string" value="Exposure: 15 ms"/>\r\n'
        '<prop id="ApplicationName" type="string" value="MetaMorph"/>\r\n'
        f"<PlaneInfo>\r\n{listed}</PlaneInfo>\r\n<SetInfo>\r\n"
        '<prop id="number-of-planes" type="int" value="1"/>\r\n</SetInfo>\r\n</MetaData>'
    )


def write_metaxpress(path: Path, planes: np.ndarray, **changed: str) -> Path:
    """Write (planes, Y, X); the resolution of the TIFF is one per inch, as MetaXpress has it."""
    with tifffile.TiffWriter(path, byteorder="<") as tif:
        for plane in planes:
            tif.write(
                plane,
                description=description(**changed),
                metadata=None,
                resolution=(1, 1),
                resolutionunit="INCH",
                software="MetaSeries",
            )
    return path


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4000, shape, np.uint16)


def test_size_channel_lens_and_moment_are_those_of_the_xml(tmp_path: Path) -> None:
    info = probe(write_metaxpress(tmp_path / "a.tif", noise(1, 20, 30)))

    scene = info.scenes[0]
    assert info.format == "MetaSeries TIFF"
    assert (scene.pixel_sizes.y, scene.pixel_sizes.x) == (1.3668, 1.3668)
    assert scene.pixel_sizes.origin is PixelSizeOrigin.REPORTED
    assert (scene.channels[0].name, scene.channels[0].emission_nm) == ("FITC_05", 536)
    assert (scene.magnification, scene.numerical_aperture) == (20, 0.75)
    assert scene.acquired_at == "2023-02-21T13:37:23.451000"


@pytest.mark.parametrize(
    "changed", [{"spatial_calibration_state": "off"}, {"spatial_calibration_units": "pixel"}]
)
def test_size_that_nobody_measured_is_unknown(tmp_path: Path, changed: dict[str, str]) -> None:
    path = write_metaxpress(tmp_path / "a.tif", noise(1, 20, 30), **changed)

    assert probe(path).scenes[0].pixel_sizes.origin is PixelSizeOrigin.UNKNOWN


def test_several_planes_are_read_as_slices_and_this_is_told(tmp_path: Path) -> None:
    planes = noise(3, 20, 30)
    path = write_metaxpress(tmp_path / "a.tif", planes)

    with open_image(path) as image:
        assert "3 pages are" in image.info.warnings[0]
        for z in range(3):
            np.testing.assert_array_equal(image.plane(0, 0, 0, z), planes[z])


def test_cut_and_damaged_copies(tmp_path: Path) -> None:
    source = write_metaxpress(tmp_path / "a.tif", noise(2, 20, 30))

    require_refused_when_cut(source, tmp_path / "cut.tif", (0.05, 0.3, 0.6, 0.95))
    require_pixels_or_sentence(source, tmp_path / "damaged.tif", rounds=60)
