"""OME-Zarr folders of every version: planes, levels, metadata, and what must be refused."""

import json
import logging
import random
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from foreign_checks import require_one_sentence, require_regions_equal_planes
from superlens.core.errors import SuperlensError, UnreadableFile, UnsupportedImage
from superlens.core.jobs import Roi
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, probe

AXES = [
    {"name": "t", "type": "time", "unit": "second"},
    {"name": "c", "type": "channel"},
    {"name": "z", "type": "space", "unit": "micrometer"},
    {"name": "y", "type": "space", "unit": "micrometer"},
    {"name": "x", "type": "space", "unit": "micrometer"},
]
OMERO = {"channels": [{"label": "DAPI", "color": "0000FF"}, {"label": "GFP", "color": "00FF00"}]}
LAYOUTS = {
    "0.4": {"version": "0.4"},
    "0.5": {"version": "0.5"},
    "0.5 sharded": {"version": "0.5", "shards": (1, 1, 1, 32, 64)},
}


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 60_000, shape, np.uint16)


def image_facts(version: str, count: int, axes: list[Any] | None = None) -> dict[str, Any]:
    axes = AXES if axes is None else axes
    scale = [2.5, 1, 0.5, 0.1, 0.1][-len(axes) :]
    datasets = [
        {
            "path": str(level),
            "coordinateTransformations": [
                {"type": "scale", "scale": [*scale[:-2], *(s * 2**level for s in scale[-2:])]}
            ],
        }
        for level in range(count)
    ]
    image = {"version": version, "name": "cells", "axes": axes, "datasets": datasets}
    return {"multiscales": [image], "omero": OMERO}


def put_facts(folder: Path, facts: dict[str, Any], version: str = "0.4") -> None:
    """Write the JSON of a group."""
    folder.mkdir(parents=True, exist_ok=True)
    if version == "0.5":
        whole = {"zarr_format": 3, "node_type": "group"}
        whole["attributes"] = {"ome": {"version": "0.5", **facts}}
        (folder / "zarr.json").write_text(json.dumps(whole))
    else:
        (folder / ".zgroup").write_text('{"zarr_format": 2}')
        (folder / ".zattrs").write_text(json.dumps(facts))


def write_zarr(
    folder: Path, levels: list[np.ndarray], version: str = "0.4", axes: Any = None, **options: Any
) -> Path:
    zarr_format = 3 if version == "0.5" else 2
    for level, data in enumerate(levels):
        array = zarr.create_array(
            store=str(folder / str(level)),
            shape=data.shape,
            dtype=data.dtype,
            chunks=(1,) * (data.ndim - 2) + (16, 32),
            zarr_format=zarr_format,
            fill_value=0,
            **options,
        )
        array[...] = data
    put_facts(folder, image_facts(version, len(levels), axes), version)
    return folder


def pyramid(*shape: int) -> list[np.ndarray]:
    full = noise(*shape)
    return [full, full[..., ::2, ::2], full[..., ::4, ::4]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "Zellen [1] ü.zarr"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_planes_and_levels_of_every_layout(folder: Path, layout: str) -> None:
    levels = pyramid(2, 2, 3, 64, 128)
    write_zarr(folder, levels, **LAYOUTS[layout])

    with open_image(folder) as image:
        scene = image.info.scenes[0]
        assert image.info.format == f"OME-Zarr {layout[:3]}"
        assert scene.shape == levels[0].shape
        assert scene.levels == ((64, 128), (32, 64), (16, 32))
        for level, data in enumerate(levels):
            np.testing.assert_array_equal(image.plane(0, 1, 1, 2, level), data[1, 1, 2])
        region = image.region(0, 0, 1, 0, Roi(5, 3, 20, 10), level=1)
        np.testing.assert_array_equal(region, levels[1][0, 1, 0, 3:13, 5:25])
    require_regions_equal_planes(folder)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_sizes_channels_and_interval_are_told(folder: Path, version: str) -> None:
    write_zarr(folder, pyramid(2, 2, 3, 64, 128), version)

    scene = probe(folder).scenes[0]

    sizes = scene.pixel_sizes
    assert (sizes.z, sizes.y, sizes.x) == pytest.approx((0.5, 0.1, 0.1))
    assert sizes.origin is PixelSizeOrigin.REPORTED
    assert [channel.name for channel in scene.channels] == ["DAPI", "GFP"]
    assert [channel.colour for channel in scene.channels] == ["#0000FF", "#00FF00"]
    assert (scene.name, scene.time_interval_s) == ("cells", 2.5)


@pytest.mark.parametrize(
    ("axes", "shape"), [("yx", (1, 1, 1, 64, 128)), ("zyx", (1, 1, 3, 64, 128))]
)
def test_fewer_axes_are_taken_for_what_they_are_called(
    folder: Path, axes: str, shape: tuple[int, ...]
) -> None:
    data = noise(*shape[-len(axes) :])
    write_zarr(folder, [data], axes=[axis for axis in AXES if axis["name"] in axes])

    with open_image(folder) as image:
        assert image.info.scenes[0].shape == shape
        last = shape[2] - 1
        np.testing.assert_array_equal(image.plane(0, 0, 0, last), data.reshape(shape)[0, 0, last])


def test_sizes_without_a_unit_are_unknown(folder: Path) -> None:
    axes = [{name: text for name, text in axis.items() if name != "unit"} for axis in AXES]
    write_zarr(folder, pyramid(1, 2, 1, 64, 128), axes=axes)

    assert probe(folder).scenes[0].pixel_sizes.origin is PixelSizeOrigin.UNKNOWN


def test_axes_of_version_0_3_are_letters(folder: Path) -> None:
    write_zarr(folder, [noise(3, 64, 128)], axes=["z", "y", "x"])

    assert probe(folder).scenes[0].shape == (1, 1, 3, 64, 128)


def test_level_with_fewer_slices_gives_the_one_that_covers(folder: Path) -> None:
    full, half = noise(1, 1, 4, 64, 128), noise(1, 1, 2, 32, 64)
    write_zarr(folder, [full, half])

    with open_image(folder) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 3, level=1), half[0, 0, 1])


def test_fields_of_a_plate_are_scenes(folder: Path) -> None:
    wells = [{"path": "A/1", "rowIndex": 0, "columnIndex": 0}, {"path": "B/12"}]
    put_facts(folder, {"plate": {"version": "0.4", "wells": wells}})
    data = noise(4, 1, 2, 1, 64, 128)
    for index, well in enumerate(("A/1", "B/12")):
        put_facts(folder / well, {"well": {"images": [{"path": "0"}, {"path": "1"}]}})
        for field in range(2):
            write_zarr(folder / well / str(field), [data[2 * index + field]])

    with open_image(folder) as image:
        names = [scene.name for scene in image.info.scenes]
        assert names == ["A1 field 0", "A1 field 1", "B12 field 0", "B12 field 1"]
        np.testing.assert_array_equal(image.plane(3, 0, 1, 0), data[3, 0, 1, 0])


def test_converted_files_are_described_by_their_xml(folder: Path) -> None:
    put_facts(folder, {"bioformats2raw.layout": 3})
    for series in range(2):
        write_zarr(folder / str(series), [noise(1, 2, 1, 64, 128)])
    (folder / "OME").mkdir()
    channels = "".join(f'<Channel Name="dye {c}" EmissionWavelength="52{c}"/>' for c in range(2))
    image = (
        '<Image Name="slide {0}"><ObjectiveSettings ID="Objective:0"/><Pixels SizeC="2" '
        f'PhysicalSizeX="0.2" PhysicalSizeY="0.2">{channels}</Pixels></Image>'
    )
    lens = '<Instrument><Objective ID="Objective:0" LensNA="1.3" Model="40x Oil"/></Instrument>'
    text = f"<OME>{lens}{image.format(1)}{image.format(2)}</OME>"
    (folder / "OME/METADATA.ome.xml").write_text(text)

    scenes = probe(folder).scenes

    assert [scene.name for scene in scenes] == ["slide 1", "slide 2"]
    assert scenes[1].pixel_sizes.x == 0.2
    assert [channel.emission_nm for channel in scenes[1].channels] == [520, 521]
    assert (scenes[0].numerical_aperture, scenes[0].magnification) == (1.3, 40)


def test_only_the_chunks_of_a_region_are_read(folder: Path) -> None:
    write_zarr(folder, [noise(1, 1, 1, 64, 128)])
    for chunk in (folder / "0").iterdir():
        if chunk.name not in (".zarray", ".zattrs", "0.0.0.1.2"):
            chunk.write_bytes(b"damaged")

    with open_image(folder) as image:
        assert image.region(0, 0, 0, 0, Roi(70, 20, 20, 10)).any()
        with pytest.raises(UnreadableFile):
            image.plane(0, 0, 0, 0)


def refused(folder: Path) -> UnreadableFile | UnsupportedImage:
    with pytest.raises((UnreadableFile, UnsupportedImage)) as caught:
        probe(folder)
    require_one_sentence(caught.value)
    return caught.value


@pytest.mark.parametrize("place", ["../other.zarr/0", "/etc", "0/../../other.zarr/0"])
def test_arrays_outside_the_folder_are_never_opened(tmp_path: Path, place: str) -> None:
    write_zarr(tmp_path / "other.zarr", [noise(1, 1, 1, 64, 128)])
    folder = write_zarr(tmp_path / "a.zarr", [noise(1, 1, 1, 64, 128)])
    facts = json.loads((folder / ".zattrs").read_text())
    facts["multiscales"][0]["datasets"][0]["path"] = place
    put_facts(folder, facts)

    assert "outside itself" in refused(folder).title


def test_link_to_an_array_elsewhere_is_not_followed(tmp_path: Path) -> None:
    other = write_zarr(tmp_path / "other.zarr", [noise(1, 1, 1, 64, 128)])
    folder = write_zarr(tmp_path / "a.zarr", [noise(1, 1, 1, 64, 128)])
    shutil.rmtree(folder / "0")
    try:
        (folder / "0").symlink_to(other / "0", target_is_directory=True)
    except OSError:
        pytest.skip("this system lets nobody make links")

    assert "outside itself" in refused(folder).title


@pytest.mark.parametrize("place", ["filters", "compressor"])
def test_codec_that_runs_programs_is_refused_before_zarr_sees_it(folder: Path, place: str) -> None:
    write_zarr(folder, [noise(1, 1, 1, 64, 128)])
    described = json.loads((folder / "0/.zarray").read_text())
    described[place] = [{"id": "pickle"}] if place == "filters" else {"id": "pickle"}
    (folder / "0/.zarray").write_text(json.dumps(described))

    assert "'pickle'" in refused(folder).title


def test_unknown_codec_inside_a_shard_is_refused(folder: Path) -> None:
    write_zarr(folder, [noise(1, 1, 1, 64, 128)], **LAYOUTS["0.5 sharded"])
    described = json.loads((folder / "0/zarr.json").read_text())
    described["codecs"][0]["configuration"]["codecs"].append({"name": "numcodecs.pickle"})
    (folder / "0/zarr.json").write_text(json.dumps(described))

    assert "numcodecs.pickle" in refused(folder).title


def test_folder_without_any_chunk_is_cut_off(folder: Path) -> None:
    write_zarr(folder, [noise(1, 2, 3, 64, 128)])
    for chunk in (folder / "0").iterdir():
        if chunk.name not in (".zarray", ".zattrs"):
            chunk.unlink()

    assert "0 of 6 planes" in refused(folder).title


def test_huge_chunk_is_refused_without_allocating(folder: Path) -> None:
    write_zarr(folder, [noise(1, 1, 1, 64, 128)])
    described = json.loads((folder / "0/.zarray").read_text())
    described |= {"chunks": [1, 1, 1, 10**7, 10**7], "shape": [1, 1, 1, 10**7, 10**7]}
    (folder / "0/.zarray").write_text(json.dumps(described))

    assert "of memory for one piece" in refused(folder).title


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "says nothing of an image"),
        ({"labels": ["nuclei"]}, "says nothing of an image"),
        ({"multiscales": []}, "says nothing of an image"),
        ({"multiscales": [{"datasets": []}]}, "lists no levels"),
        ({"multiscales": [{"datasets": [{"path": "0"}]}]}, "'0' is missing"),
        ({"multiscales": [{"axes": ["q", "y", "x"], "datasets": [{}]}]}, "named 'q'"),
        ({"multiscales": [{"axes": ["z", "x"], "datasets": [{}]}]}, "the axes z x"),
        ({"plate": {"wells": []}}, "holds no image"),
        ({"plate": {"wells": [{"path": "A/1"}]}}, "'A/1' is missing"),
    ],
)
def test_odd_metadata_get_a_sentence(folder: Path, facts: dict[str, Any], words: str) -> None:
    put_facts(folder, facts)

    assert words in refused(folder).title


def test_damaged_json_is_told(folder: Path) -> None:
    put_facts(folder, {})
    (folder / ".zattrs").write_text('{"multiscales": [')

    assert "no JSON" in refused(folder).title


def test_axes_that_do_not_fit_the_array_are_told(folder: Path) -> None:
    write_zarr(folder, [noise(3, 64, 128)])

    assert "3 axes, not 5" in refused(folder).title


def test_library_stays_silent(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_zarr(folder, pyramid(1, 1, 1, 64, 128))

    with caplog.at_level(logging.INFO):
        probe(folder)

    assert not caplog.records


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("part", ["description", "array", "pixels"])
def test_damaged_parts_give_pixels_or_a_sentence(folder: Path, layout: str, part: str) -> None:
    write_zarr(folder, [noise(1, 1, 2, 64, 128)], **LAYOUTS[layout])
    is_new = layout.startswith("0.5")
    named = {"description": ".zattrs", "array": "0/.zarray", "pixels": "0/0.0.0.0.0"}
    if is_new:
        named = {"description": "zarr.json", "array": "0/zarr.json", "pixels": "0/c/0/0/0/0/0"}
    file = folder / named[part]
    whole, chance = file.read_bytes(), random.Random(3)

    for _ in range(25):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(whole))] = chance.randrange(256)
        file.write_bytes(damaged)
        # Anything else than pixels or our own errors fails the test by itself.
        with suppress(SuperlensError), open_image(folder) as image:
            image.plane(0, 0, 0, 1)
