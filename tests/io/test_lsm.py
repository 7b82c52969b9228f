"""Zeiss LSM files, written by hand: planes, facts, damaged copies."""

from pathlib import Path

import numpy as np
import pytest

from foreign_checks import require_pixels_or_sentence, require_refused_when_cut
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, probe
from vendor_files.lsm import write_lsm


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4000, shape, np.uint16)


def require_planes(path: Path, data: np.ndarray) -> None:
    with open_image(path) as image:
        assert image.info.scenes[0].shape == tuple(data.shape[axis] for axis in (0, 2, 1, 3, 4))
        for t, z, c in np.ndindex(*data.shape[:3]):
            np.testing.assert_array_equal(image.plane(0, t, c, z), data[t, z, c])


def test_planes_are_read_without_the_thumbnails(tmp_path: Path) -> None:
    data = noise(2, 4, 3, 20, 30)
    path = write_lsm(tmp_path / "a.lsm", data)

    with open_image(path) as image:
        assert image.info.format == "Zeiss LSM"
        assert [scene.shape for scene in image.info.scenes] == [(2, 3, 4, 20, 30)]
        for t, c, z in np.ndindex(2, 3, 4):
            np.testing.assert_array_equal(image.plane(0, t, c, z), data[t, z, c])


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_any_number_of_channels_is_read(tmp_path: Path, channels: int) -> None:
    data = noise(1, 3, channels, 20, 30)

    require_planes(write_lsm(tmp_path / "a.lsm", data), data)


@pytest.mark.parametrize("side", [20, 600])
def test_bits_of_two_channels_may_stand_in_the_tag_itself(tmp_path: Path, side: int) -> None:
    # Taken for the place of the bits, they would point outside of the small file and to pixels of
    # the large one.
    data = noise(1, 2, 2, side, 300)

    require_planes(write_lsm(tmp_path / "a.lsm", data, is_inline=True), data)


@pytest.mark.parametrize("channels", [1, 3])
def test_packed_planes_whose_lengths_are_those_of_unpacked_ones(
    tmp_path: Path, channels: int
) -> None:
    data = noise(1, 3, channels, 40, 50) // 1000

    require_planes(write_lsm(tmp_path / "a.lsm", data, is_packed=True), data)


def test_sizes_colours_lens_and_time_are_told(tmp_path: Path) -> None:
    scene = probe(write_lsm(tmp_path / "a.lsm", noise(2, 4, 3, 20, 30))).scenes[0]

    sizes = scene.pixel_sizes
    assert (sizes.z, sizes.y, sizes.x) == pytest.approx((0.3, 0.1, 0.1))
    assert sizes.origin is PixelSizeOrigin.REPORTED
    assert [channel.name for channel in scene.channels] == ["Ch1-T1", "Ch2-T2", "ChD"]
    assert [channel.colour for channel in scene.channels] == ["#FF0000", "#00FF00", "#FFFFFF"]
    assert scene.objective == "Plan-Apochromat 63x/1.40 Oil DIC M27"
    assert (scene.magnification, scene.numerical_aperture) == (63, 1.4)
    assert (scene.time_interval_s, scene.acquired_at) == (12.5, "2008-01-01T12:00:00")


def test_step_of_nothing_is_unknown(tmp_path: Path) -> None:
    scene = probe(write_lsm(tmp_path / "a.lsm", noise(1, 1, 3, 20, 30), step_m=1e-19)).scenes[0]

    assert scene.pixel_sizes.z is None
    assert scene.pixel_sizes.x == pytest.approx(0.1)


def test_truncated_and_damaged_copies(tmp_path: Path) -> None:
    source = write_lsm(tmp_path / "a.lsm", noise(1, 2, 3, 20, 30))

    require_refused_when_cut(source, tmp_path / "cut.lsm", (0.05, 0.5, 0.7))
    require_pixels_or_sentence(source, tmp_path / "damaged.lsm", rounds=60)
