"""MetaMorph stacks (STK), written by hand: planes along either axis, facts, damaged copies."""

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foreign_checks import (
    require_pixels_or_sentence,
    require_refused_when_cut,
    require_regions_equal_planes,
)
from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, probe
from vendor_files.stk import NOON_MS, RATIONAL, Stack, time_series, write_stk, z_stack


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4000, shape, np.uint16)


@pytest.mark.parametrize("axis", ["Z", "T"])
def test_planes_lie_one_behind_the_other(tmp_path: Path, axis: str) -> None:
    planes = noise(4, 23, 30)
    stack = z_stack(4) if axis == "Z" else time_series(4)
    path = write_stk(tmp_path / "a.stk", planes, stack)

    with open_image(path) as image:
        assert image.info.format == "MetaMorph STK"
        assert image.info.scenes[0].size(axis) == 4
        for index in range(4):
            place = (0, 0, 0, index) if axis == "Z" else (0, index, 0, 0)
            np.testing.assert_array_equal(image.plane(*place), planes[index])
    require_regions_equal_planes(path)


def test_single_plane_is_read(tmp_path: Path) -> None:
    planes = noise(1, 23, 30)

    with open_image(write_stk(tmp_path / "a.stk", planes)) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), planes[0])


def test_sizes_channel_lens_and_moment_are_told(tmp_path: Path) -> None:
    scene = probe(write_stk(tmp_path / "a.stk", noise(3, 23, 30))).scenes[0]

    sizes = scene.pixel_sizes
    assert (sizes.z, sizes.y, sizes.x) == pytest.approx((0.3, 0.645, 0.645))
    assert sizes.origin is PixelSizeOrigin.REPORTED
    assert scene.channels[0].name == "Cy5"
    assert scene.channels[0].emission_nm == 675
    assert (scene.magnification, scene.numerical_aperture) == (20, 0.45)
    assert scene.acquired_at == "2010-03-05T12:00:00"
    assert scene.time_interval_s is None


def test_interval_is_that_between_the_planes(tmp_path: Path) -> None:
    scene = probe(write_stk(tmp_path / "a.stk", noise(5, 23, 30), time_series(5))).scenes[0]

    assert scene.time_interval_s == pytest.approx(2.5)
    assert scene.pixel_sizes.z is None


def test_planes_of_which_nothing_is_said_are_guessed_and_this_is_told(tmp_path: Path) -> None:
    stack = Stack(((0, 1),) * 3, (NOON_MS,) * 3)

    info = probe(write_stk(tmp_path / "a.stk", noise(3, 23, 30), stack))

    assert info.scenes[0].shape == (1, 1, 3, 23, 30)
    assert "3 pages are" in info.warnings[0]


@pytest.mark.parametrize(
    "stack",
    [
        Stack(((3, 10),) * 2, (0, 0), is_calibrated=False),
        Stack(((3, 10),) * 2, (0, 0), unit="pixels"),
        Stack(((3, 10),) * 2, (0, 0), calibration=(0, 1)),
    ],
    ids=["not calibrated", "in pixels", "of nothing"],
)
def test_sizes_that_nobody_measured_are_unknown(tmp_path: Path, stack: Stack) -> None:
    sizes = probe(write_stk(tmp_path / "a.stk", noise(2, 23, 30), stack)).scenes[0].pixel_sizes

    assert sizes.x is None
    assert sizes.origin is PixelSizeOrigin.UNKNOWN


def test_step_downwards_is_no_step_of_millions(tmp_path: Path) -> None:
    # Signed numbers in fields that are read as unsigned ones.
    stack = Stack((((1 << 32) - 3, 10),) * 3, (NOON_MS,) * 3)

    sizes = probe(write_stk(tmp_path / "a.stk", noise(3, 23, 30), stack)).scenes[0].pixel_sizes

    assert sizes.z in (None, pytest.approx(0.3))
    assert sizes.x == pytest.approx(0.645)


def test_strips_with_gaps_are_never_read_as_other_pixels(tmp_path: Path) -> None:
    single, several = noise(1, 20, 30), noise(3, 20, 30)
    one = write_stk(tmp_path / "1.stk", single, replace(z_stack(1), gap=4))
    three = write_stk(tmp_path / "3.stk", several, replace(z_stack(3), gap=4))

    with open_image(one) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), single[0])
    with pytest.raises(UnsupportedImage, match="do not lie in a row"):
        probe(three)


def test_cut_and_damaged_copies(tmp_path: Path) -> None:
    source = write_stk(tmp_path / "a.stk", noise(4, 23, 30))

    require_refused_when_cut(source, tmp_path / "cut.stk", (0.05, 0.3, 0.6, 0.9))
    require_pixels_or_sentence(source, tmp_path / "damaged.stk", rounds=60)
    require_pixels_or_sentence(source, tmp_path / "damaged.stk", rounds=60, reach=40)


def test_more_planes_than_there_are_pixels_for_are_told(tmp_path: Path) -> None:
    path = write_stk(tmp_path / "a.stk", noise(4, 23, 30))
    whole = path.read_bytes()
    entry = whole.index(struct.pack("<HH", 33629, RATIONAL))
    path.write_bytes(whole[: entry + 4] + struct.pack("<I", 40) + whole[entry + 8 :])

    with pytest.raises(UnreadableFile, match=r"planes are there|damaged"):
        probe(path)
