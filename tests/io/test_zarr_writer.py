import json
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import zarr

from superlens.core.errors import InvalidInput, JobCancelled
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.io import pyramid, zarr_writer
from superlens.io.image_metadata import Acquisition, ImageMetadata, acquisition_of
from superlens.io.images import open_image, probe
from superlens.io.zarr_writer import ZarrLayout, ZarrVersion, write_zarr

SIZES = PixelSizes(0.3, 0.05, 0.04, PixelSizeOrigin.REPORTED, "OME-XML PhysicalSizeX")
METADATA = ImageMetadata(
    SIZES,
    (ChannelInfo("DAPI", 461.0, 358.0, "#0000FF"), ChannelInfo("GFP µ", colour="#00FF80")),
    "computationally super-resolved, 2×",
    "spread: 8 flips",
    Acquisition("Plan-Apo 63x/1.4", 63.0, 1.4, 2.5, "2026-03-01T10:20:30+01:00"),
    (("Model", "fine-x2"),),
    "Well A01",
)
ONE_CHANNEL = replace(METADATA, channels=METADATA.channels[:1])
LAYOUTS = [
    pytest.param(ZarrLayout(), id="0.5-sharded"),
    pytest.param(ZarrLayout(is_sharded=False), id="0.5"),
    pytest.param(ZarrLayout(ZarrVersion.V04), id="0.4"),
]


def stack(shape: tuple[int, ...] = (2, 2, 3, 70, 90), dtype: str = "uint16") -> np.ndarray:
    rng = np.random.default_rng(0)
    if np.dtype(dtype).kind == "f":
        return rng.normal(100, 30, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


def attributes(folder: Path, version: str) -> dict[str, Any]:
    if version == "0.4":
        return json.loads((folder / ".zattrs").read_text("utf-8"))
    group = json.loads((folder / "zarr.json").read_text("utf-8"))
    assert (group["zarr_format"], group["node_type"]) == (3, "group")
    return group["attributes"]["ome"] | {"superlens": group["attributes"]["superlens"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mean.ome.zarr"


# ---- pixels -------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float32", "float64"])
def test_an_independent_reader_finds_every_pixel(
    folder: Path, layout: ZarrLayout, dtype: str
) -> None:
    data = stack(dtype=dtype)

    write_zarr(folder, data, METADATA, layout)

    found: Any = zarr.open_group(str(folder), mode="r")
    assert found.metadata.zarr_format == (2 if layout.version is ZarrVersion.V04 else 3)
    assert found["0"].dtype == dtype
    np.testing.assert_array_equal(found["0"][:], data)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pyramid_halves_and_is_read_level_by_level(folder: Path, layout: ZarrLayout) -> None:
    data = stack((1, 1, 2, 1301, 1100), "uint8")

    write_zarr(folder, data, ONE_CHANNEL, layout)

    with open_image(folder) as image:
        (scene,) = image.info.scenes
        assert scene.levels == ((1301, 1100), (651, 550), (326, 275))
        np.testing.assert_array_equal(image.plane(0, 0, 0, 1), data[0, 0, 1])
        half = image.plane(0, 0, 0, 0, level=1)
    expected = data[0, 0, 0, :1300].astype(float).reshape(650, 2, 550, 2).mean((1, 3))
    np.testing.assert_array_equal(half[:650], np.rint(expected).astype(np.uint8))


def test_shards_keep_the_number_of_files_small(tmp_path: Path) -> None:
    data = np.zeros((1, 1, 4, 1030, 1030), np.uint8)
    counts: list[int] = []

    for layout in (ZarrLayout(), ZarrLayout(is_sharded=False)):
        folder = tmp_path / f"{layout.is_sharded}.ome.zarr"
        write_zarr(folder, data, ONE_CHANNEL, layout)
        counts.append(sum(1 for path in (folder / "0").rglob("*") if path.is_file()))

    # Chunks of 512: 3 x 3 for each of four slices; one shard holds them all. One file describes.
    assert counts == [2, 37]


def test_picture_of_zeros_is_a_whole_picture(folder: Path) -> None:
    """Chunks that are absent would look like a copy that was cut off."""
    write_zarr(folder, np.zeros((1, 1, 1, 20, 20), np.uint16), ONE_CHANNEL)

    with open_image(folder) as image:
        assert not image.plane(0, 0, 0, 0).any()


def test_memory_stays_bounded_for_a_mapped_stack(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapped = np.memmap(tmp_path / "scratch", np.float32, "w+", shape=(1, 1, 8, 2048, 2048))
    monkeypatch.setattr(pyramid, "_IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(zarr_writer, "_SHARD_BYTES", 16 << 20)

    tracemalloc.start()
    write_zarr(folder, mapped, ONE_CHANNEL)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    # The stack has 128 MiB; a block 16 MiB, held a few times over on its way.
    assert peak < 80 << 20


# ---- metadata -----------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_names_wavelengths_and_colours_come_back(folder: Path, layout: ZarrLayout) -> None:
    write_zarr(folder, stack(), METADATA, layout)

    info = probe(folder)

    (scene,) = info.scenes
    assert info.format == f"OME-Zarr {layout.version}"
    assert scene.name == "Well A01"
    assert scene.channels == METADATA.channels
    sizes = scene.pixel_sizes
    assert (sizes.z, sizes.y, sizes.x, sizes.origin) == (0.3, 0.05, 0.04, PixelSizeOrigin.REPORTED)
    assert scene.time_interval_s == 2.5
    assert acquisition_of(scene) == METADATA.acquisition


@pytest.mark.parametrize("layout", LAYOUTS)
def test_metadata_follow_the_specification(folder: Path, layout: ZarrLayout) -> None:
    write_zarr(folder, stack((1, 2, 3, 600, 90)), METADATA, layout)

    said = attributes(folder, layout.version.value)
    (image,) = said["multiscales"]
    # 0.4 states its version in each part, 0.5 once for all.
    holder = image if layout.version is ZarrVersion.V04 else said
    assert holder["version"] == layout.version.value
    assert [axis["name"] for axis in image["axes"]] == ["t", "c", "z", "y", "x"]
    assert [axis.get("unit") for axis in image["axes"]] == [
        *("second", None, "micrometer", "micrometer", "micrometer")
    ]
    full, half = image["datasets"]
    assert full == {
        "path": "0",
        "coordinateTransformations": [{"type": "scale", "scale": [2.5, 1.0, 0.3, 0.05, 0.04]}],
    }
    # A mean of two pixels stands for the edge between them: half a pixel from the first one.
    assert half["coordinateTransformations"] == [
        {"type": "scale", "scale": [2.5, 1.0, 0.3, 0.1, 0.08]},
        {"type": "translation", "translation": [0.0, 0.0, 0.0, 0.025, 0.02]},
    ]
    channel = said["omero"]["channels"][0]
    assert (channel["label"], channel["color"], channel["active"]) == ("DAPI", "0000FF", True)
    window = channel["window"]
    assert window["min"] <= window["start"] < window["end"] <= window["max"]
    if layout.version is ZarrVersion.V05:
        array = json.loads((folder / "0" / "zarr.json").read_text("utf-8"))
        assert array["dimension_names"] == ["t", "c", "z", "y", "x"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_the_specification_has_no_place_for_is_kept(folder: Path, layout: ZarrLayout) -> None:
    write_zarr(folder, stack(), METADATA, layout)

    own = attributes(folder, layout.version.value)["superlens"]
    assert own["provenance"] == {"Model": "fine-x2"}
    assert own["acquisition"]["numerical_aperture"] == 1.4
    assert "computationally super-resolved" in own["description"]
    root = ElementTree.parse(folder / "OME" / "METADATA.ome.xml").getroot()
    tags = [item.tag.rpartition("}")[2] for item in root.iter()]
    assert {"Objective", "AcquisitionDate", "MapAnnotation", "MetadataOnly"} <= set(tags)
    assert "TiffData" not in tags


def test_unknown_sizes_have_no_unit(folder: Path) -> None:
    unknown = replace(METADATA, pixel_sizes=PixelSizes(), acquisition=Acquisition())

    write_zarr(folder, stack(), unknown)

    axes = attributes(folder, "0.5")["multiscales"][0]["axes"]
    assert all("unit" not in axis for axis in axes)
    assert probe(folder).scenes[0].pixel_sizes.origin is PixelSizeOrigin.UNKNOWN


def test_numbers_that_are_not_finite_are_kept_but_not_shown(folder: Path) -> None:
    data = np.full((1, 1, 1, 20, 20), np.nan, np.float32)

    write_zarr(folder, data, ONE_CHANNEL)

    window = attributes(folder, "0.5")["omero"]["channels"][0]["window"]
    assert window == {"min": 0.0, "max": 1.0, "start": 0.0, "end": 1.0}
    with open_image(folder) as image:
        assert np.isnan(image.plane(0, 0, 0, 0)).all()


# ---- whole or not at all ------------------------------------------------------------------------


def test_new_folder_replaces_the_old_one_with_all_its_files(folder: Path, names_in) -> None:
    write_zarr(folder, stack((1, 2, 1, 600, 600)), METADATA, ZarrLayout(ZarrVersion.V04))

    write_zarr(folder, stack((1, 2, 1, 40, 40)), METADATA)

    assert names_in(folder) == ["0", "OME", "zarr.json"]
    assert names_in(folder.parent) == ["mean.ome.zarr"]


def test_write_that_is_stopped_keeps_the_old_folder(folder: Path, names_in) -> None:
    folder.mkdir()
    (folder / "old").write_text("old")
    calls: list[int] = []

    def stop() -> None:
        calls.append(1)
        if len(calls) == 9:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        write_zarr(folder, stack((4, 2, 1, 700, 700)), METADATA, check=stop)

    assert names_in(folder.parent) == ["mean.ome.zarr"]
    assert names_in(folder) == ["old"]


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(InvalidInput, match="cannot be written"):
        write_zarr(tmp_path / "file" / "a.ome.zarr", stack(), METADATA)


def test_stack_that_does_not_fit_is_our_mistake(folder: Path) -> None:
    with pytest.raises(ValueError, match="five axes"):
        write_zarr(folder, np.zeros((4, 4), np.uint8), METADATA)
