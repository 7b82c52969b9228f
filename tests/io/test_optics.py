"""Objectives, colours and moments out of what headers hold; and what real files say of them."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import tifffile

from shared_data import require_shared_data
from superlens.io.images import probe
from superlens.io.images.optics import (
    Objective,
    colour_from_hex,
    colour_from_name,
    colour_of,
    moment,
    moment_of_julian_day,
    objective,
)

KNOWN = {
    "czi/pycziutils_tile1_c3.czi": (
        "Plan-Apochromat 10x/0.45 Ph 1 M27",
        (10, 0.45),
        "2021-04-12T02:15:13",
        ["#FFFFFF", "#00FF5B", "#FFAD00"],
    ),
    "lif/fluorseg_PR2729_frameOrderCombinedScanTypes.lif": (
        "C PLAN 10.0x0.22 POL",
        (10, 0.22),
        "2017-01-30T07:56:07",
        ["#00FF00", "#FF0000"],
    ),
    "nd2/arcadia_cerevisiae.nd2": (
        "PLAN APO λD 40x OFN25 DIC N2",
        (40, 0.95),
        "2025-11-26T00:13:35+00:00",
        ["#FFFFFF", "#07FF00"],
    ),
    "dv/mrc_toxo.dv": ("Olympus 100X/1.35, U Plan Apo, IX70", (100, 1.35), None, [None, None]),
    "ome_tiff/bioio_s1_t1_c1_z1.ome.tiff": (
        "Plan-Apochromat 20x/0.8 M27",
        (20, 0.8),
        "2019-06-27T18:33:40",
        ["#FFFFFF"],
    ),
    "tiff_vendor/cellprofiler_MetamorphImage.tif": (
        "20x Plan Fluor ELWD",
        (20, 0.45),
        "2010-03-05T12:08:52",
        [None],
    ),
    "tiff_vendor/faim_metaxpress_s1_w1.tif": (
        "20X Plan Apo Lambda",
        (20, 0.75),
        "2023-02-21T10:42:11",
        [None],
    ),
    "tiff_vendor/svs_CMU-1-Small-Region.svs": ("", (20, None), "2009-12-29T09:59:15", [None]),
}


@pytest.mark.parametrize("name", KNOWN)
def test_lens_moment_and_colours_of_real_files(name: str) -> None:
    lens, (magnification, aperture), taken, colours = KNOWN[name]

    scene = probe(require_shared_data(f"formats/{name}")).scenes[0]

    assert scene.objective == lens
    assert (scene.magnification, scene.numerical_aperture) == (magnification, aperture)
    assert (scene.acquired_at or "").startswith(taken or "")
    assert (scene.acquired_at is None) == (taken is None)
    assert [channel.colour for channel in scene.channels] == colours


@pytest.mark.parametrize(
    ("text", "magnification", "aperture"),
    [
        ("Plan-Apochromat 63x/1.40 Oil DIC M27", 63, 1.4),
        ("Plan-Neofluar 2,5x/0,075", 2.5, 0.075),
        ("  20X   Plan Apo \0", 20, None),
        ("HC PL APO CS", None, None),
        ("0x/0.0", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_numbers_are_found_in_the_name_of_a_lens(text, magnification, aperture) -> None:
    found = objective(text)

    assert (found.magnification, found.numerical_aperture) == (magnification, aperture)
    assert "\0" not in found.name


def test_numbers_given_apart_count_more_than_the_name() -> None:
    assert objective("40x/1.3", "60", 1.2) == Objective("40x/1.3", 60, 1.2)
    assert objective("40x/1.3", -1, 9999) == Objective("40x/1.3", 40, 1.3)


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("#FF00FF5B", "#00FF5B"),
        ("#ffad00", "#FFAD00"),
        ("00FF00", "#00FF00"),
        ("#000000", None),
        ("#12", None),
        ("green", None),
        ("", None),
        (None, None),
    ],
)
def test_colours_in_hexadecimal(text: str | None, colour: str | None) -> None:
    assert colour_from_hex(text) == colour


def test_colours_that_are_none() -> None:
    assert colour_of((1, 2, 3)) == "#010203"
    assert colour_of((0, 0, 0)) is None
    assert colour_of((1, 2)) is None
    assert colour_of((300, 0, 0)) is None
    assert colour_of(("a", 0, 0)) is None
    assert colour_of(None) is None
    assert colour_from_name(" Magenta ") == "#FF00FF"
    assert colour_from_name("Glow (O&U)") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2019-06-27T18:33:40.6193710Z", "2019-06-27T18:33:40.619371+00:00"),
        ("2024-09-28 12:53:12", "2024-09-28T12:53:12"),
        (datetime(2020, 1, 2, 3, 4, 5), "2020-01-02T03:04:05"),
        (np.datetime64("2017-01-30T07:56:07.817"), "2017-01-30T07:56:07.817000"),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_moments_are_iso_8601(value: object, text: str | None) -> None:
    assert moment(value) == text


def test_julian_days_are_counted_from_noon() -> None:
    assert moment_of_julian_day(2451545.0) == "2000-01-01T12:00:00+00:00"
    assert moment_of_julian_day(0) is None
    assert moment_of_julian_day(1e12) is None


def test_imagej_tables_colour_the_channels(tmp_path: Path) -> None:
    ramp = np.arange(256, dtype=np.uint8)
    tables = [np.zeros((3, 256), np.uint8) for _ in range(2)]
    tables[0][1] = ramp
    tables[1][0] = tables[1][2] = ramp
    path = tmp_path / "a.tif"
    data = np.zeros((3, 2, 20, 30), np.uint8)
    metadata = {"axes": "ZCYX", "LUTs": tables, "mode": "composite", "finterval": 1.0}
    tifffile.imwrite(path, data, imagej=True, metadata=metadata)

    scene = probe(path).scenes[0]

    assert [channel.colour for channel in scene.channels] == ["#00FF00", "#FF00FF"]
    assert [channel.name for channel in scene.channels] == ["Channel 1", "Channel 2"]
    assert scene.time_interval_s is None


@pytest.mark.parametrize(
    ("number", "colour"),
    [
        ("16711935", "#00FF00"),  # 0x00FF00FF
        ("-16776961", "#FF0000"),  # 0xFF0000FF
        ("-1", "#FFFFFF"),
        ("-2147483648", None),
        ("99999999999", None),
        ("red", None),
    ],
)
def test_ome_colours_are_one_signed_number(tmp_path: Path, number: str, colour: str) -> None:
    xml = (
        '<OME><Image ID="Image:0"><Pixels DimensionOrder="XYZCT" Type="uint8" SizeX="30" '
        f'SizeY="20" SizeZ="1" SizeC="1" SizeT="1"><Channel Color="{number}"/>'
        '<TiffData IFD="0" PlaneCount="1"/></Pixels></Image></OME>'
    )
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, np.zeros((20, 30), np.uint8), description=xml, metadata=None)

    assert probe(path).scenes[0].channels[0].colour == colour
