"""Leica LIF files: what is read of a real one, pixels against the library, damaged copies."""

import re
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
from superlens.io.images import open_image, probe
from superlens.io.images.lif_file import LifImage

NAME = "formats/lif/fluorseg_PR2729_frameOrderCombinedScanTypes.lif"


def sample() -> Path:
    return require_shared_data(NAME)


def with_header(path: Path, old: str, new: str) -> Path:
    """Give a copy of the real file in which a text of its XML is another of the same length."""
    assert len(old) == len(new)
    data = sample().read_bytes()
    before, after = old.encode("utf-16-le"), new.encode("utf-16-le")
    assert before in data
    path.write_bytes(data.replace(before, after))
    return path


def test_each_tile_of_a_mosaic_is_a_scene() -> None:
    info = probe(sample())

    assert (info.format, info.warnings) == ("Leica LIF", ())
    assert [scene.name for scene in info.scenes] == [
        f"TileScan_001 tile {number}" for number in (1, 2, 3, 4)
    ]
    assert {scene.shape for scene in info.scenes} == {(2, 2, 3, 64, 64)}
    assert {scene.dtype for scene in info.scenes} == {"uint8"}


def test_sizes_and_optics() -> None:
    scene = probe(sample()).scenes[0]

    sizes = scene.pixel_sizes
    assert (sizes.x, sizes.y) == (pytest.approx(250 / 63), pytest.approx(250 / 63))
    assert sizes.origin is PixelSizeOrigin.REPORTED
    assert scene.numerical_aperture == 0.22
    assert scene.time_interval_s == pytest.approx(8.271)
    assert [channel.name for channel in scene.channels] == ["Green", "Red"]


def test_z_step_of_a_descending_stage_is_positive() -> None:
    assert probe(sample()).scenes[0].pixel_sizes.z == pytest.approx(6.2276, abs=1e-4)


def test_length_without_the_unit_metre_is_no_pixel_size(tmp_path: Path) -> None:
    path = with_header(tmp_path / "a.lif", 'Unit="m"', 'Unit="s"')

    sizes = probe(path).scenes[0].pixel_sizes

    assert (sizes.x, sizes.z, sizes.origin) == (None, None, PixelSizeOrigin.UNKNOWN)


def test_planes_equal_what_the_library_reads_whole() -> None:
    liffile = pytest.importorskip("liffile")
    with liffile.LifFile(sample()) as file:
        image = file.images[0]
        assert image.dims == ("T", "M", "Z", "C", "Y", "X")
        whole = image.asarray()

    with open_image(sample()) as image:
        for t, tile, z, c in np.ndindex(*whole.shape[:4]):
            np.testing.assert_array_equal(image.plane(tile, t, c, z), whole[t, tile, z, c])


def test_regions_are_cut_out_of_planes() -> None:
    require_regions_equal_planes(sample())


def test_image_of_other_axes_is_refused_with_their_name(tmp_path: Path) -> None:
    path = with_header(tmp_path / "a.lif", 'DimID="3"', 'DimID="5"')

    with pytest.raises(UnsupportedImage, match="an axis of emission wavelengths"):
        probe(path)


def test_truncated_copies_are_refused(tmp_path: Path) -> None:
    require_refused_when_cut(sample(), tmp_path / "cut.lif", (0.001, 0.01, 0.1, 0.5, 0.999))


def test_pixels_that_are_missing_are_told(tmp_path: Path) -> None:
    path = tmp_path / "cut.lif"
    path.write_bytes(sample().read_bytes()[:-1000])

    with pytest.raises(UnreadableFile, match=re.escape("cut off or damaged")):
        probe(path)


@pytest.mark.parametrize("reach", [None, 30_000])
def test_damaged_copies_give_pixels_or_a_sentence(tmp_path: Path, reach: int | None) -> None:
    require_pixels_or_sentence(sample(), tmp_path / "damaged.lif", reach=reach)


def test_a_file_is_closed_when_its_header_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    liffile = pytest.importorskip("liffile")
    opened = []
    real = liffile.LifFile

    def remember(path: Path) -> object:
        opened.append(real(path))
        return opened[-1]

    def fail(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(liffile, "LifFile", remember)
    monkeypatch.setattr(LifImage, "_scenes", fail)

    with pytest.raises(UnreadableFile, match="is damaged"):
        open_image(sample())

    assert opened[0].filehandle.closed
