"""MRC files: what is read of real and of written ones, axes and units, damaged copies."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from foreign_checks import (
    require_pixels_or_sentence,
    require_refused_when_cut,
    require_regions_equal_planes,
)
from shared_data import require_shared_data
from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import mrc_file, open_image, probe


def sample(name: str) -> Path:
    return require_shared_data(f"formats/mrc/{name}")


def write_mrc(path: Path, data: np.ndarray, angstrom: float = 50.0, kind: str = "") -> Path:
    """Write a file by the library; `kind` is what it is told to be, such as `image_stack`."""
    import mrcfile

    with mrcfile.new(path) as file:
        file.set_data(data)
        if kind:
            getattr(file, f"set_{kind}")()
        file.voxel_size = angstrom
    return path


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 60_000, shape, np.uint16)


def test_real_map_of_even_voxels() -> None:
    info = probe(sample("EMD-3197.map"))

    scene = info.scenes[0]
    assert (info.format, len(info.scenes), info.warnings) == ("MRC", 1, ())
    assert (scene.shape, scene.dtype) == ((1, 1, 20, 20, 20), "float32")
    sizes = scene.pixel_sizes
    assert (sizes.z, sizes.y, sizes.x) == pytest.approx((11.4e-4,) * 3, rel=1e-6)
    assert sizes.origin is PixelSizeOrigin.REPORTED


def test_real_map_whose_columns_run_along_z() -> None:
    path = sample("EMD-3001.map")
    # Columns Z, rows X, sections Y: header of 1024 bytes, 160 bytes of symmetry, then the map.
    stored = np.frombuffer(path.read_bytes()[1184:], "<f4").reshape(25, 43, 73)

    with open_image(path) as image:
        scene = image.info.scenes[0]
        assert scene.shape == (1, 1, 73, 25, 43)
        sizes = scene.pixel_sizes
        expected = (0.45875e-4, 0.3925e-4, 0.44825e-4)
        assert (sizes.z, sizes.y, sizes.x) == pytest.approx(expected, rel=1e-6)
        for z in range(73):
            np.testing.assert_array_equal(image.plane(0, 0, 0, z), stored[:, :, z])


@pytest.mark.parametrize("name", ["EMD-3197.map", "EMD-3001.map"])
def test_regions_are_cut_out_of_planes(name: str) -> None:
    require_regions_equal_planes(sample(name))


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint16", "float32", "float16"])
def test_types_are_read_as_stored(tmp_path: Path, dtype: str) -> None:
    data = noise(3, 12, 10).astype(dtype)
    path = write_mrc(tmp_path / "a.mrc", data)

    with open_image(path) as image:
        assert image.info.scenes[0].dtype == dtype
        for z in range(3):
            np.testing.assert_array_equal(image.plane(0, 0, 0, z), data[z])


def test_ångströms_become_micrometres(tmp_path: Path) -> None:
    sizes = probe(write_mrc(tmp_path / "a.mrc", noise(3, 12, 10), 650.0)).scenes[0].pixel_sizes

    assert (sizes.z, sizes.y, sizes.x) == pytest.approx((0.065, 0.065, 0.065))
    assert sizes.origin is PixelSizeOrigin.REPORTED


@pytest.mark.parametrize(
    ("angstrom", "origin"), [(0.0, PixelSizeOrigin.UNKNOWN), (1.0, PixelSizeOrigin.DEFAULT)]
)
def test_sizes_that_nobody_measured_are_not_reported(
    tmp_path: Path, angstrom: float, origin: PixelSizeOrigin
) -> None:
    sizes = probe(write_mrc(tmp_path / "a.mrc", noise(3, 12, 10), angstrom)).scenes[0].pixel_sizes

    assert (sizes.origin, sizes.lateral_um) == (origin, None)


def test_single_image_is_one_plane_without_a_z_step(tmp_path: Path) -> None:
    data = noise(12, 10)
    path = write_mrc(tmp_path / "a.mrc", data)

    with open_image(path) as image:
        scene = image.info.scenes[0]
        assert (scene.shape, scene.pixel_sizes.z) == ((1, 1, 1, 12, 10), None)
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), data)


def test_stack_of_images_is_read_as_z_and_says_so(tmp_path: Path) -> None:
    info = probe(write_mrc(tmp_path / "a.mrc", noise(3, 12, 10), kind="image_stack"))

    assert info.scenes[0].shape == (1, 1, 3, 12, 10)
    assert "its 3 images" in info.warnings[0]


def test_volumes_of_a_stack_are_scenes(tmp_path: Path) -> None:
    data = noise(2, 3, 12, 10)
    path = write_mrc(tmp_path / "a.mrc", data)

    with open_image(path) as image:
        assert [scene.shape for scene in image.info.scenes] == [(1, 1, 3, 12, 10)] * 2
        for scene, z in np.ndindex(2, 3):
            np.testing.assert_array_equal(image.plane(scene, 0, 0, z), data[scene, z])


@pytest.mark.parametrize("size", [b"\0\0\0\x7f", b"\xff\xff\xff\x7f"])
def test_extended_header_that_is_not_there_makes_no_room(tmp_path: Path, size: bytes) -> None:
    data = bytearray(write_mrc(tmp_path / "a.mrc", noise(3, 12, 10)).read_bytes())
    data[92:96] = size
    path = tmp_path / "b.mrc"
    path.write_bytes(data)

    tracemalloc.start()
    with pytest.raises(UnreadableFile):
        probe(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 50 << 20


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", noise(3, 12, 10).astype(np.complex64))

    with pytest.raises(UnsupportedImage, match="complex64"):
        probe(path)


def test_truncated_copies_are_refused(tmp_path: Path) -> None:
    source = write_mrc(tmp_path / "a.mrc", noise(3, 60, 50))

    require_refused_when_cut(source, tmp_path / "cut.mrc", (0.015, 0.05, 0.5, 0.999))


@pytest.mark.parametrize("reach", [None, 256])
def test_damaged_copies_give_pixels_or_a_sentence(tmp_path: Path, reach: int | None) -> None:
    source = write_mrc(tmp_path / "a.mrc", noise(3, 12, 10))

    require_pixels_or_sentence(source, tmp_path / "damaged.mrc", rounds=150, reach=reach)


def test_a_file_is_closed_when_its_header_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mrcfile

    opened = []
    real = mrcfile.mmap

    def remember(path: Path, mode: str) -> object:
        opened.append(real(path, mode))
        return opened[-1]

    def fail(*_: object) -> None:
        raise ValueError("odd")

    path = write_mrc(tmp_path / "a.mrc", noise(3, 12, 10))
    monkeypatch.setattr(mrcfile, "mmap", remember)
    monkeypatch.setattr(mrc_file, "_order", fail)

    with pytest.raises(UnreadableFile, match="is damaged"):
        open_image(path)

    assert opened[0]._iostream is None or opened[0]._iostream.closed
