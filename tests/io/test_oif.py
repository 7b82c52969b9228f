"""Olympus OIF folders and OIB containers, made by hand after their documented structure."""

import struct
from pathlib import Path

import numpy as np
import pytest

from foreign_checks import (
    require_one_sentence,
    require_pixels_or_sentence,
    require_refused_when_cut,
    require_regions_equal_planes,
)
from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, probe
from vendor_files.oif import SECTOR, write_oib, write_oif


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4096, shape, np.uint16)


@pytest.fixture(params=["oif", "oib"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, np.ndarray]:
    data = noise(2, 2, 3, 20, 30)
    write = {"oif": write_oif, "oib": write_oib}[request.param]
    return write(tmp_path / f"Zelle 1 [µ].{request.param}", data), data


def test_planes_lie_where_their_names_say(written: tuple[Path, np.ndarray]) -> None:
    path, data = written

    with open_image(path) as image:
        assert image.info.format == f"Olympus {path.suffix[1:].upper()}"
        assert image.info.scenes[0].shape == data.shape
        assert image.info.warnings == ()
        for t, c, z in np.ndindex(2, 2, 3):
            np.testing.assert_array_equal(image.plane(0, t, c, z), data[t, c, z])
    require_regions_equal_planes(path)


def test_sizes_channels_and_optics_are_told(written: tuple[Path, np.ndarray]) -> None:
    scene = probe(written[0]).scenes[0]

    sizes, (first, second) = scene.pixel_sizes, scene.channels
    assert (sizes.z, sizes.y, sizes.x) == pytest.approx((1.5, 0.207, 0.207))
    assert sizes.origin is PixelSizeOrigin.REPORTED
    assert (first.name, first.emission_nm, first.excitation_nm) == ("CH1 (DAPI)", 461, 405)
    assert (second.name, second.emission_nm, second.excitation_nm) == ("CH2", None, 559)
    assert scene.objective == "UPLSAPO 60X O NA:1.35"
    assert (scene.magnification, scene.numerical_aperture) == (60, 1.35)
    assert (scene.time_interval_s, scene.acquired_at) == (2.5, "2024-09-28T12:53:12")


def test_content_decides_and_not_the_ending(tmp_path: Path) -> None:
    path = write_oib(tmp_path / "a.oib", noise(1, 1, 1, 20, 30))

    assert probe(path.rename(tmp_path / "a.tif")).format == "Olympus OIB"


def test_missing_folder_is_named(tmp_path: Path) -> None:
    path = write_oif(tmp_path / "cell.oif", noise(1, 1, 1, 20, 30))
    (tmp_path / "cell.oif.files").rename(tmp_path / "elsewhere")

    with pytest.raises(UnreadableFile, match=r"needs the folder 'cell\.oif\.files'") as caught:
        probe(path)
    require_one_sentence(caught.value)


def test_planes_that_were_never_written_are_told_and_never_read_as_black(tmp_path: Path) -> None:
    path = write_oif(tmp_path / "cell.oif", noise(1, 2, 3, 20, 30))
    (tmp_path / "cell.oif.files" / "s_C002Z003T001.tif").unlink()

    with open_image(path) as image:
        assert image.info.warnings == ("1 of 6 planes were never written",)
        assert image.plane(0, 0, 1, 1).any()
        with pytest.raises(UnreadableFile, match="5 of 6 planes"):
            image.plane(0, 0, 1, 2)


@pytest.mark.parametrize("order", ["XTC", "XZC"])
def test_line_scans_are_refused(tmp_path: Path, order: str) -> None:
    path = write_oif(tmp_path / "cell.oif", noise(1, 1, 1, 20, 30), order)

    with pytest.raises(UnsupportedImage, match=order[:2]):
        probe(path)


def test_wavelength_scans_are_refused(tmp_path: Path) -> None:
    path = write_oif(tmp_path / "cell.oif", noise(1, 1, 2, 20, 30))
    for file in (tmp_path / "cell.oif.files").glob("*Z*"):
        file.rename(file.with_name(file.name.replace("Z", "L")))

    with pytest.raises(UnsupportedImage, match="wavelengths"):
        probe(path)


def test_circle_of_sectors_ends(tmp_path: Path) -> None:
    path = write_oib(tmp_path / "a.oib", noise(1, 1, 1, 20, 30))
    whole = bytearray(path.read_bytes())
    (table,) = struct.unpack_from("<I", whole, 76)
    (directory,) = struct.unpack_from("<I", whole, 48)
    struct.pack_into("<I", whole, (table + 1) * SECTOR + directory * 4, directory)
    path.write_bytes(whole)

    with pytest.raises(UnreadableFile):
        probe(path)


def test_declared_tables_beyond_the_file_are_refused(tmp_path: Path) -> None:
    path = write_oib(tmp_path / "a.oib", noise(1, 1, 1, 20, 30))
    whole = bytearray(path.read_bytes())
    struct.pack_into("<I", whole, 72, 0x0FFFFFFF)
    path.write_bytes(whole)

    with pytest.raises(UnreadableFile, match="sectors are missing"):
        probe(path)


def test_truncated_containers_are_refused(tmp_path: Path) -> None:
    source = write_oib(tmp_path / "a.oib", noise(1, 1, 2, 20, 30))

    require_refused_when_cut(source, tmp_path / "cut.oib", (0.01, 0.3, 0.7, 0.95))


@pytest.mark.parametrize("reach", [None, 2000])
def test_damaged_containers_give_pixels_or_a_sentence(tmp_path: Path, reach: int | None) -> None:
    source = write_oib(tmp_path / "a.oib", noise(1, 1, 2, 20, 30))

    require_pixels_or_sentence(source, tmp_path / "damaged.oib", rounds=60, reach=reach)


def test_settings_that_are_damaged_get_a_sentence(tmp_path: Path) -> None:
    path = write_oif(tmp_path / "cell.oif", noise(1, 1, 1, 20, 30))

    require_pixels_or_sentence(path, path, rounds=60)
