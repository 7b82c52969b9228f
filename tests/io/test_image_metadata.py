"""Pixel sizes, channels and optics as files state them, and what does not count as a size."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from superlens.core.records import ChannelInfo, SceneInfo
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import probe, tiff_metadata
from superlens.io.images.ome_xml import parse_ome
from superlens.io.images.pixel_sizes import (
    sizes_from_lsm,
    sizes_from_metaseries,
    sizes_from_stk,
    sizes_from_svs,
    to_micrometres,
)

REPORTED, DEFAULT, UNKNOWN = (
    PixelSizeOrigin.REPORTED,
    PixelSizeOrigin.DEFAULT,
    PixelSizeOrigin.UNKNOWN,
)
OME = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">{before}'
    '<Image ID="Image:0" Name="{name}">{inside}<Pixels ID="Pixels:0" DimensionOrder="XYZCT" '
    'Type="uint8" SizeX="30" SizeY="20" SizeZ="1" SizeC="{channels}" SizeT="1" {sizes}>{channel}'
    '<TiffData IFD="0" PlaneCount="{channels}"/></Pixels></Image></OME>'
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "image.tif"


def scene_of(path: Path, planes: int = 1, **options: Any) -> SceneInfo:
    """Write a small TIFF with options of tifffile and give what a probe finds."""
    options.setdefault("metadata", None)
    data = np.zeros((planes, 20, 30), np.uint8)
    tifffile.imwrite(path, data, photometric="minisblack", **options)
    return probe(path).scenes[0]


def ome_scene(path: Path, **parts: Any) -> SceneInfo:
    """Write a small OME-TIFF with parts of XML and give what a probe finds."""
    given = {"before": "", "inside": "", "sizes": "", "channel": "", "channels": 1, "name": "S"}
    xml = OME.format(**(given | parts)).encode()
    return scene_of(path, planes=parts.get("channels", 1), description=xml)


# ---- pixel sizes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('PhysicalSizeX="0.1" PhysicalSizeY="0.2" PhysicalSizeZ="0.5"', (0.5, 0.2, 0.1)),
        ('PhysicalSizeX="65" PhysicalSizeXUnit="nm"', (None, 0.065, 0.065)),
        ('PhysicalSizeX="1e-4" PhysicalSizeXUnit="mm"', (None, 0.1, 0.1)),
        ('PhysicalSizeX="0.1" PhysicalSizeXUnit="µm"', (None, 0.1, 0.1)),
        ('PhysicalSizeX="0.1" PhysicalSizeXUnit="μm"', (None, 0.1, 0.1)),
        ('PhysicalSizeX="650" PhysicalSizeXUnit="Å"', (None, 0.065, 0.065)),
    ],
    ids=["default unit is µm", "nm", "mm", "micro sign", "Greek letter", "ångström"],
)
def test_ome_sizes_are_reported_in_micrometres(path: Path, attributes: str, expected) -> None:
    sizes = ome_scene(path, sizes=attributes).pixel_sizes

    assert (sizes.z, sizes.y, sizes.x) == pytest.approx(expected)
    assert sizes.origin is REPORTED
    assert sizes.source == "OME-XML PhysicalSizeX"
    assert sizes.lateral_um == pytest.approx(expected[2])


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        'PhysicalSizeX="0"',
        'PhysicalSizeX="-0.1"',
        'PhysicalSizeX="NaN"',
        'PhysicalSizeX="inf"',
        'PhysicalSizeX="small"',
        'PhysicalSizeX="1e-19"',
        'PhysicalSizeX="25400"',
        'PhysicalSizeX="0.1" PhysicalSizeXUnit="pixel"',
        'PhysicalSizeX="0.1" PhysicalSizeXUnit="reference frame"',
    ],
)
def test_absurd_ome_sizes_are_unknown(path: Path, attributes: str) -> None:
    sizes = ome_scene(path, sizes=attributes).pixel_sizes

    assert sizes.x is None
    assert sizes.origin is UNKNOWN
    assert sizes.lateral_um is None


def test_size_of_exactly_one_is_a_default_and_not_trusted(path: Path) -> None:
    sizes = ome_scene(path, sizes='PhysicalSizeX="1.0" PhysicalSizeY="1.0"').pixel_sizes

    assert (sizes.x, sizes.origin) == (1.0, DEFAULT)
    assert sizes.lateral_um is None


@pytest.mark.parametrize("unit", ["micron", "um", "\\u00B5m", "microns"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_imagej_unit_and_resolution_are_reported(path: Path, unit: str, byteorder: str) -> None:
    data = np.zeros((3, 20, 30), np.uint8)
    metadata = {"axes": "ZYX", "unit": unit, "spacing": 0.5}
    tifffile.imwrite(
        path, data, imagej=True, byteorder=byteorder, resolution=(8.0, 4.0), metadata=metadata
    )

    sizes = probe(path).scenes[0].pixel_sizes

    assert (sizes.z, sizes.y, sizes.x) == pytest.approx((0.5, 0.25, 0.125))
    assert (sizes.origin, sizes.source) == (REPORTED, "ImageJ unit and resolution")


@pytest.mark.parametrize(
    ("unit", "per_unit", "x_um", "origin"),
    [
        ("nm", 0.01, 0.1, REPORTED),
        ("cm", 100_000, 0.1, REPORTED),
        ("inch", 254_000, None, UNKNOWN),
        ("pixel", 10, None, UNKNOWN),
        (None, 10, None, UNKNOWN),
        ("um", 1, 1.0, DEFAULT),
    ],
)
def test_imagej_units_that_are_lengths_count(path: Path, unit, per_unit, x_um, origin) -> None:
    metadata = {"axes": "YX"} | ({"unit": unit} if unit else {})
    data = np.zeros((20, 30), np.uint8)
    tifffile.imwrite(path, data, imagej=True, resolution=(per_unit, per_unit), metadata=metadata)

    sizes = probe(path).scenes[0].pixel_sizes

    assert sizes.x == (None if x_um is None else pytest.approx(x_um))
    assert sizes.origin is origin


def test_resolution_in_centimetres_is_reported(path: Path) -> None:
    sizes = scene_of(path, resolution=(100_000, 50_000), resolutionunit="CENTIMETER").pixel_sizes

    assert (sizes.z, sizes.y, sizes.x) == (None, pytest.approx(0.2), pytest.approx(0.1))
    assert (sizes.origin, sizes.source) == (REPORTED, "TIFF resolution in centimetres")


@pytest.mark.parametrize(
    ("resolution", "unit"),
    [
        ((72, 72), "INCH"),
        ((96, 96), "INCH"),
        ((300, 300), "INCH"),
        ((254_000, 254_000), "INCH"),
        ((28.35, 28.35), "CENTIMETER"),  # 72 dots per inch in centimetres
        ((499, 499), "CENTIMETER"),  # 20.04 µm: beyond the largest
        ((10_100_000, 10_100_000), "CENTIMETER"),  # 0.99 nm: below the smallest
        ((1, 1), "NONE"),
    ],
)
def test_resolutions_for_printing_never_count(path: Path, resolution, unit: str) -> None:
    sizes = scene_of(path, resolution=resolution, resolutionunit=unit).pixel_sizes

    assert sizes.x is None
    assert sizes.origin is UNKNOWN


@pytest.mark.parametrize(("per_cm", "um"), [(10_000_000, 0.001), (500, 20.0)])
def test_limits_of_plausible_resolutions_count(path: Path, per_cm: int, um: float) -> None:
    sizes = scene_of(path, resolution=(per_cm, per_cm), resolutionunit="CENTIMETER").pixel_sizes

    assert sizes.x == pytest.approx(um)


def test_metamorph_sizes_are_taken_when_calibrated() -> None:
    metadata = {
        "SpatialCalibration": 1,
        "XCalibration": 0.645,
        "YCalibration": 0.645,
        "CalibrationUnits": "um",
        "ZDistance": np.array([0.0, -0.3, -0.3]),
    }

    sizes = sizes_from_stk(metadata)

    assert (sizes.z, sizes.x, sizes.origin) == (pytest.approx(0.3), 0.645, REPORTED)
    assert sizes_from_stk(metadata | {"SpatialCalibration": 0}).origin is UNKNOWN
    assert sizes_from_stk(metadata | {"CalibrationUnits": "pixel"}).origin is UNKNOWN
    assert sizes_from_stk(metadata | {"ZDistance": np.array([0.0])}).z is None


def test_metaseries_sizes_are_taken_when_calibrated() -> None:
    plane = {
        "spatial-calibration-state": True,
        "spatial-calibration-x": 1.3668,
        "spatial-calibration-y": 1.3668,
        "spatial-calibration-units": "um",
    }

    assert sizes_from_metaseries(plane).x == 1.3668
    assert sizes_from_metaseries(plane | {"spatial-calibration-state": False}).x is None


def test_lsm_sizes_are_metres_and_a_vanishing_step_is_unknown() -> None:
    sizes = sizes_from_lsm({"VoxelSizeX": 1e-7, "VoxelSizeY": 1e-7, "VoxelSizeZ": 1e-19})

    assert (sizes.z, sizes.x) == (None, pytest.approx(0.1))


def test_lsm_channels_are_named_by_their_colours() -> None:
    metadata = {"VoxelSizeX": 1e-7, "ChannelColors": {"ColorNames": ["Ch1-T1", "Ch2-T2"]}}

    facts = tiff_metadata._from_lsm(metadata, "field")

    assert [channel.name for channel in facts.channels] == ["Ch1-T1", "Ch2-T2"]
    assert facts.pixel_sizes.x == pytest.approx(0.1)


def test_file_without_resolution_fields_has_no_size(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((20, 30), np.uint8), imagej=True, metadata={"unit": "um"})
    with tifffile.TiffFile(path, mode="r+") as tif:
        page = tif.pages.first
        for name in ("XResolution", "YResolution"):
            # A tag number that means nothing hides the field.
            tag = page.tags[name]
            tif.filehandle.seek(tag.offset)
            tif.filehandle.write(
                (65100 + tag.code).to_bytes(2, "little" if tif.byteorder == "<" else "big")
            )

    assert probe(path).scenes[0].pixel_sizes.x is None


def test_slide_scale_is_taken_from_its_description() -> None:
    assert sizes_from_svs("Aperio|AppMag = 20|MPP = 0.4990|Left = 25").x == 0.499
    assert sizes_from_svs("Aperio|AppMag = 20").x is None


@pytest.mark.parametrize("unit", [None, "", "furlong", "pixels"])
def test_units_that_are_no_lengths_give_nothing(unit: str | None) -> None:
    assert to_micrometres(2.0, unit) is None


# ---- channels, optics, names --------------------------------------------------------------------


def test_ome_channels_have_names_and_wavelengths_in_nanometres(path: Path) -> None:
    scene = ome_scene(
        path,
        channels=3,
        channel='<Channel ID="C:0" Name="DAPI" EmissionWavelength="461" '
        'ExcitationWavelength="358"/>'
        '<Channel ID="C:1" EmissionWavelength="0.52" EmissionWavelengthUnit="µm"/>'
        '<Channel ID="C:2" Name="Cy5" EmissionWavelength="0" ExcitationWavelength="soon"/>',
    )

    assert scene.channels == (
        ChannelInfo("DAPI", 461.0, 358.0),
        ChannelInfo("Channel 2", 520.0),
        ChannelInfo("Cy5"),
    )


def test_channels_that_are_not_described_get_plain_names(path: Path) -> None:
    scene = ome_scene(path, channels=2, channel='<Channel ID="C:0" Name="DAPI"/>')

    assert [channel.name for channel in scene.channels] == ["DAPI", "Channel 2"]


INSTRUMENT = (
    '<Instrument ID="I:0"><Objective ID="O:0" LensNA="0.8"/><Objective ID="O:1" LensNA="1.4"/>'
    "</Instrument>"
)


@pytest.mark.parametrize(
    ("before", "inside", "aperture"),
    [
        (INSTRUMENT, '<ObjectiveSettings ID="O:1"/>', 1.4),
        (INSTRUMENT, '<ObjectiveRef ID="O:0"/>', 0.8),
        (INSTRUMENT, "", None),
        (INSTRUMENT, '<ObjectiveSettings ID="O:7"/>', None),
        ('<Instrument ID="I:0"><Objective ID="O:0" LensNA="0.8"/></Instrument>', "", 0.8),
        ('<Instrument ID="I:0"><Objective ID="O:0" LensNA="80"/></Instrument>', "", None),
        ('<Instrument ID="I:0"><Objective ID="O:0"/></Instrument>', "", None),
        ("", "", None),
    ],
)
def test_aperture_is_that_of_the_objective_in_use(path: Path, before, inside, aperture) -> None:
    assert ome_scene(path, before=before, inside=inside).numerical_aperture == aperture


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        ('TimeIncrement="10.0"', 10.0),
        ('TimeIncrement="250" TimeIncrementUnit="ms"', 0.25),
        ('TimeIncrement="0"', None),
        ('TimeIncrement="5" TimeIncrementUnit="frames"', None),
    ],
)
def test_time_interval_is_in_seconds(path: Path, attributes: str, seconds: float | None) -> None:
    assert ome_scene(path, sizes=attributes).time_interval_s == seconds


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Position 1", "Position 1"),
        ("A/B mix", "A/B mix"),
        ("D:\\Data\\Screen 4\\a.tif", "a.tif"),
        ("/home/lab/a.tif", "a.tif"),
        ("\\\\server\\share\\a.tif", "a.tif"),
        ("", "Scene 1"),
    ],
)
def test_scene_is_named_without_the_folders_of_the_microscope(path, name: str, shown: str) -> None:
    assert ome_scene(path, name=name).name == shown


def test_labels_name_the_channels_of_an_imagej_picture(path: Path) -> None:
    data = np.zeros((2, 20, 30), np.uint8)
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": "CYX", "Labels": ["DAPI", " "]})

    channels = probe(path).scenes[0].channels

    assert [channel.name for channel in channels] == ["DAPI", "Channel 2"]


def test_labels_of_slices_name_no_channels(path: Path) -> None:
    data = np.zeros((2, 20, 30), np.uint8)
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": "ZYX", "Labels": ["a", "b"]})

    assert [channel.name for channel in probe(path).scenes[0].channels] == ["Channel 1"]


def test_imagej_frame_interval_is_taken(path: Path) -> None:
    data = np.zeros((2, 20, 30), np.uint8)
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": "TYX", "finterval": 2.5})

    assert probe(path).scenes[0].time_interval_s == 2.5


def test_format_is_named_for_people(path: Path) -> None:
    data = np.zeros((20, 30), np.uint8)
    found = []
    for options in ({}, {"bigtiff": True}, {"imagej": True}, {"ome": True}):
        tifffile.imwrite(path, data, **options)
        found.append(probe(path).format)

    assert found == ["TIFF", "BigTIFF", "ImageJ TIFF", "OME-TIFF"]


def test_part_of_a_set_says_so(path: Path) -> None:
    xml = '<OME><BinaryOnly MetadataFile="set.companion.ome" UUID="urn:uuid:1"/></OME>'

    tifffile.imwrite(path, np.zeros((20, 30), np.uint8), description=xml, metadata=None)

    assert "'set.companion.ome'" in probe(path).warnings[0]


def test_ome_text_that_is_no_xml_gives_nothing() -> None:
    assert parse_ome("<OME><Image></OME>") is None


def test_image_without_pixels_is_no_scene(path: Path) -> None:
    xml = OME.format(
        before='<Image ID="Image:9" Name="Empty"/>',
        inside="",
        sizes='PhysicalSizeX="0.1"',
        channel="",
        channels=1,
        name="Full",
    )

    scene = scene_of(path, description=xml)

    assert (scene.name, scene.pixel_sizes.x) == ("Full", 0.1)


def test_scene_that_no_image_describes_has_no_size(path: Path) -> None:
    twice = '<Image ID="Image:9" Name="S"/>'
    xml = OME.format(
        before=twice, inside="", sizes='PhysicalSizeX="0.1"', channel="", channels=1, name="S"
    )

    scene = scene_of(path, planes=2, description=xml)

    assert scene.pixel_sizes.origin is UNKNOWN


def test_ome_xml_that_lacks_sizes_leaves_the_pixels_readable(path: Path) -> None:
    xml = '<OME><Image ID="Image:0" Name="S"><Pixels/></Image></OME>'

    scene = scene_of(path, description=xml)

    assert scene.shape == (1, 1, 1, 20, 30)
    assert "OME-XML of this file is damaged" in probe(path).warnings[0]
