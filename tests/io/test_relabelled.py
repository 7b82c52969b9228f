"""Axes that the user names: which planes are given, and what is said of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from superlens.core.errors import InvalidParameter
from superlens.core.jobs import Roi
from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.io.images import open_image
from superlens.io.images.relabelled import axis_names, full_axes, relabelled, relabelled_info
from superlens.io.reading import open_safely, probe_safely

PIXELS = np.arange(4 * 20 * 30, dtype=np.uint16).reshape(4, 20, 30)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """Four pages of which the file says nothing; read as Z."""
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, PIXELS, metadata=None, photometric="minisblack")
    return path


def scene(t: int = 1, c: int = 1, z: int = 1) -> SceneInfo:
    sizes = PixelSizes(0.5, 0.1, 0.1, PixelSizeOrigin.REPORTED)
    names = tuple(ChannelInfo(f"Dye {n}") for n in range(c))
    return SceneInfo("A", (t, c, z, 20, 30), "uint16", sizes, names, time_interval_s=2.0)


def named(whole: SceneInfo, axes: str) -> SceneInfo:
    return relabelled_info(ImageInfo("a.tif", "TIFF", (whole,)), axes).scenes[0]


@pytest.mark.parametrize(("axes", "axis"), [("TYX", "T"), ("CYX", "C"), ("zyx", "Z"), ("", "Z")])
def test_third_axis_is_what_the_user_says(stack: Path, axes: str, axis: str) -> None:
    with open_safely(stack, axes) as image:
        info = image.info.scenes[0]
        place = {"T": 0, "C": 0, "Z": 0} | {axis: 3}
        plane = image.plane(0, place["T"], place["C"], place["Z"])

    assert info.size(axis) == 4
    assert sum(info.size(other) for other in "TCZ") == 6
    np.testing.assert_array_equal(plane, PIXELS[3])


def test_region_is_read_under_the_new_letters(stack: Path) -> None:
    with relabelled(open_image(stack), "TYX") as image:
        part = image.region(0, 2, 0, 0, Roi(5, 6, 7, 8))

    np.testing.assert_array_equal(part, PIXELS[2, 6:14, 5:12])


def test_guess_of_the_reader_is_not_told_any_more(stack: Path) -> None:
    assert "Z slices" in probe_safely(stack).warnings[0]
    assert probe_safely(stack, "TYX").warnings == ()
    assert "Z slices" in probe_safely(stack, "ZYX").warnings[0]


def test_channel_keeps_its_name_where_it_stays_a_channel() -> None:
    assert named(scene(z=4), "TYX").channels == scene().channels
    assert full_axes(axis_names(scene(z=4), "TYX")) == "ZCTYX"
    assert full_axes(axis_names(scene(t=4), "CYX")) == "CTZYX"


def test_named_channels_get_plain_names(stack: Path) -> None:
    info = probe_safely(stack, "CYX").scenes[0]

    assert [channel.name for channel in info.channels] == [f"Channel {n}" for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("size", range(1, 4))
def test_all_letters_mean_the_same_as_the_long_ones(size: int) -> None:
    whole = scene(t=size + 1, z=5)

    assert axis_names(whole, "ZTYX") == axis_names(whole, "ZCTYX")
    assert full_axes(axis_names(whole, "ZTYX")) == "ZCTYX"
    assert full_axes(axis_names(whole, "TZYX")) == ""


def test_axes_that_change_places_lose_what_was_said_of_them() -> None:
    swapped = named(scene(t=3, c=2, z=5), "CTZYX")

    assert swapped.shape == (2, 3, 5, 20, 30)
    assert swapped.time_interval_s is None
    assert [channel.name for channel in swapped.channels] == ["Channel 1", "Channel 2", "Channel 3"]
    assert swapped.pixel_sizes.z == 0.5
    assert named(scene(t=3, z=5), "ZTYX").pixel_sizes == replace(scene().pixel_sizes, z=None)


@pytest.mark.parametrize("axes", ["YX", "TZYX", "TTYX", "XYT", "QYX", "TXY", "T", "TCZYXS"])
def test_letters_that_do_not_fit_are_refused_with_those_that_would(axes: str) -> None:
    with pytest.raises(InvalidParameter, match="read as ZYX") as caught:
        axis_names(scene(z=4), axes)

    assert "end with YX" in caught.value.advice


def test_scene_of_one_plane_needs_no_names(tmp_path: Path) -> None:
    path = tmp_path / "plane.tif"
    tifffile.imwrite(path, PIXELS[0])

    assert probe_safely(path, "TYX") == probe_safely(path)
