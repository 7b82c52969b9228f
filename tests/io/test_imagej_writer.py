from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from superlens.core.errors import InvalidInput, JobCancelled
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.io import imagej_writer
from superlens.io.image_metadata import Acquisition, ImageMetadata
from superlens.io.imagej_writer import write_imagej
from superlens.io.images import open_image, probe

SIZES = PixelSizes(0.3, 0.05, 0.04, PixelSizeOrigin.REPORTED, "OME-XML PhysicalSizeX")
METADATA = ImageMetadata(
    SIZES,
    (ChannelInfo("DAPI", 461.0, 358.0, "#0000FF"), ChannelInfo("GFP", colour="#00FF80")),
    "computationally super-resolved, 2×",
    "spread: 8 flips",
    Acquisition("Plan-Apo 63x/1.4", 63.0, 1.4, 2.5, "2026-03-01T10:20:30+01:00"),
    (("Model", "fine-x2"),),
)
ONE_CHANNEL = replace(METADATA, channels=(ChannelInfo("DAPI"),))


def stack(shape: tuple[int, ...] = (3, 2, 4, 30, 50), dtype: str = "uint16") -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.random(shape) * 200).astype(dtype)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mean.tif"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_an_independent_reader_finds_every_plane_in_the_order_of_imagej(
    path: Path, dtype: str
) -> None:
    data = stack(dtype=dtype)

    write_imagej(path, data, METADATA)

    with tifffile.TiffFile(path) as tif:
        assert tif.is_imagej
        (series,) = tif.series
        assert series.axes == "TZCYX"
        np.testing.assert_array_equal(series.asarray(), data.transpose(0, 2, 1, 3, 4))
    with open_image(path) as image:
        np.testing.assert_array_equal(image.plane(0, 2, 1, 3), data[2, 1, 3])


def test_sizes_and_times_come_back(path: Path) -> None:
    write_imagej(path, stack(), METADATA)

    (scene,) = probe(path).scenes
    sizes = scene.pixel_sizes
    assert (sizes.z, sizes.origin) == (0.3, PixelSizeOrigin.REPORTED)
    # TIFF holds a resolution as a fraction of two 32-bit numbers.
    assert (sizes.y, sizes.x) == pytest.approx((0.05, 0.04), rel=1e-8)
    assert scene.time_interval_s == 2.5


def test_unknown_sizes_are_not_written_as_facts(path: Path) -> None:
    write_imagej(path, stack(), replace(METADATA, pixel_sizes=PixelSizes()))

    assert probe(path).scenes[0].pixel_sizes.origin is PixelSizeOrigin.UNKNOWN
    with tifffile.TiffFile(path) as tif:
        assert "unit" not in (tif.imagej_metadata or {})


def test_channels_have_names_colours_and_contrast(path: Path) -> None:
    write_imagej(path, stack((1, 2, 1, 30, 50)), METADATA)

    assert [c.name for c in probe(path).scenes[0].channels] == ["DAPI", "GFP"]
    assert [c.colour for c in probe(path).scenes[0].channels] == ["#0000FF", "#00FF80"]
    with tifffile.TiffFile(path) as tif:
        found = tif.imagej_metadata
    assert found is not None
    assert found["mode"] == "composite"
    low, high = found["Ranges"][:2]
    assert 0 <= low < 5
    assert 195 < high <= 200


def test_every_plane_is_labelled_by_channel_slice_and_time(path: Path) -> None:
    write_imagej(path, stack(), METADATA)

    with tifffile.TiffFile(path) as tif:
        labels = (tif.imagej_metadata or {})["Labels"]
    assert len(labels) == 24
    assert labels[:3] == ["DAPI z1/4 t1/3", "GFP z1/4 t1/3", "DAPI z2/4 t1/3"]


def test_show_info_tells_everything_else(path: Path) -> None:
    write_imagej(path, stack(), METADATA)

    with tifffile.TiffFile(path) as tif:
        info = (tif.imagej_metadata or {})["Info"].splitlines()
    assert info[0] == "computationally super-resolved, 2×"
    assert {"Model: fine-x2", "Numerical aperture: 1.4", "DAPI emission: 461 nm"} <= set(info)


def test_stored_integers_are_calibrated_by_a_straight_line(path: Path) -> None:
    write_imagej(path, stack((1, 1, 1, 30, 50)), ONE_CHANNEL, value_map=(0.25, -3.5))

    with tifffile.TiffFile(path) as tif:
        found = tif.imagej_metadata
    assert found is not None
    assert (found["cf"], found["c0"], found["c1"]) == (0, -3.5, 0.25)


def test_file_above_four_gigabytes_is_refused_with_advice(
    path: Path, monkeypatch: pytest.MonkeyPatch, names_in
) -> None:
    monkeypatch.setattr(imagej_writer, "_MOST_BYTES", 1000)

    with pytest.raises(InvalidInput, match=r"would hold .*, and an ImageJ TIFF") as caught:
        write_imagej(path, stack(), METADATA)

    assert "OME-TIFF" in caught.value.advice
    assert names_in(path.parent) == []


def test_type_that_imagej_lacks_is_our_mistake(path: Path) -> None:
    with pytest.raises(ValueError, match="int16"):
        write_imagej(path, stack(dtype="int16"), METADATA)


def test_picture_without_numbers_is_written(path: Path) -> None:
    data = np.full((1, 1, 1, 4, 4), np.nan, np.float32)

    write_imagej(path, data, ONE_CHANNEL)

    assert np.isnan(tifffile.imread(path)).all()


def test_write_that_is_stopped_leaves_nothing(path: Path, names_in) -> None:
    calls: list[int] = []

    def stop() -> None:
        calls.append(1)
        if len(calls) == 5:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        write_imagej(path, stack(), METADATA, check=stop)

    assert names_in(path.parent) == []


def test_single_channel_with_a_colour_comes_back(path: Path) -> None:
    """tifffile gives a single look-up table and a single label as themselves, not as lists."""
    coloured = replace(METADATA, channels=METADATA.channels[1:])

    write_imagej(path, stack((1, 1, 1, 30, 50)), coloured)

    (channel,) = probe(path).scenes[0].channels
    assert channel.colour == "#00FF80"
