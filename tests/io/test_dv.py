"""DeltaVision files: what is read of a real one and of written ones, damaged copies."""

from pathlib import Path

import numpy as np
import pytest

from foreign_checks import (
    require_pixels_or_sentence,
    require_refused_when_cut,
    require_regions_equal_planes,
)
from shared_data import require_shared_data
from superlens.core.errors import UnreadableFile
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import dv_file, open_image, probe
from vendor_files.dv import ORDERS, write_dv


def sample() -> Path:
    return require_shared_data("formats/dv/mrc_toxo.dv")


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 60_000, shape, np.uint16)


def test_shape_sizes_and_optics_of_a_real_file() -> None:
    info = probe(sample())

    scene = info.scenes[0]
    assert (info.format, len(info.scenes)) == ("DeltaVision DV", 1)
    assert (scene.shape, scene.dtype) == ((1, 2, 17, 128, 128), "uint16")
    assert scene.pixel_sizes.x == pytest.approx(0.13262, rel=1e-6)
    assert scene.pixel_sizes.z == pytest.approx(0.3, rel=1e-6)
    assert scene.pixel_sizes.origin is PixelSizeOrigin.REPORTED
    assert [channel.emission_nm for channel in scene.channels] == [525, 632]
    assert scene.numerical_aperture == 1.35


def test_planes_of_a_real_file_equal_its_last_bytes() -> None:
    pixels = np.frombuffer(sample().read_bytes()[-2 * 17 * 128 * 128 * 2 :], "<u2")
    expected = pixels.reshape(2, 17, 128, 128)

    with open_image(sample()) as image:
        for c, z in np.ndindex(2, 17):
            np.testing.assert_array_equal(image.plane(0, 0, c, z), expected[c, z])


def test_regions_are_cut_out_of_planes() -> None:
    require_regions_equal_planes(sample())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("sequence", ORDERS)
def test_every_sequence_and_byte_order_is_read(tmp_path: Path, sequence: int, order: str) -> None:
    data = noise(2, 2, 3, 12, 10)
    path = write_dv(tmp_path / "a.dv", data, sequence, order)

    with open_image(path) as image:
        assert image.info.scenes[0].shape == data.shape
        assert image.info.scenes[0].pixel_sizes.x == pytest.approx(0.1)
        for t, c, z in np.ndindex(2, 2, 3):
            np.testing.assert_array_equal(image.plane(0, t, c, z), data[t, c, z])


@pytest.mark.parametrize(
    ("um", "origin"), [(0.0, PixelSizeOrigin.UNKNOWN), (1.0, PixelSizeOrigin.DEFAULT)]
)
def test_sizes_that_nobody_measured_are_not_reported(
    tmp_path: Path, um: float, origin: PixelSizeOrigin
) -> None:
    path = write_dv(tmp_path / "a.dv", noise(1, 1, 1, 12, 10), um=um)

    sizes = probe(path).scenes[0].pixel_sizes

    assert (sizes.origin, sizes.lateral_um) == (origin, None)


def test_truncated_copies_are_refused(tmp_path: Path) -> None:
    require_refused_when_cut(sample(), tmp_path / "cut.dv", (0.0005, 0.01, 0.5, 0.999))


@pytest.mark.parametrize("reach", [None, 256])
def test_damaged_copies_give_pixels_or_a_sentence(tmp_path: Path, reach: int | None) -> None:
    source = write_dv(tmp_path / "a.dv", noise(2, 2, 3, 12, 10))

    require_pixels_or_sentence(source, tmp_path / "damaged.dv", rounds=150, reach=reach)


def test_a_file_is_closed_when_its_header_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mrc

    opened = []
    real = mrc.DVFile

    def remember(path: Path) -> object:
        opened.append(real(path))
        return opened[-1]

    def fail(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(mrc, "DVFile", remember)
    monkeypatch.setattr(dv_file, "_channels", fail)

    with pytest.raises(UnreadableFile, match="is damaged"):
        open_image(write_dv(tmp_path / "a.dv", noise(1, 1, 1, 12, 10)))

    assert opened[0].closed
