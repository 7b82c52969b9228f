"""The door to foreign files: the same pixels and facts as in-process, our own files without it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile

from shared_data import require_shared_data
from superlens.core.jobs import Roi
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes
from superlens.io.image_metadata import ImageMetadata
from superlens.io.image_writer import write_image
from superlens.io.images import open_image
from superlens.io.reading import Limits, ReaderPool, open_safely, probe_safely
from superlens.io.reading.own_files import is_own_image
from superlens.io.reading.safe_image import SafeImage

REAL = (
    "formats/czi/neubias_xyz_multiple_images.czi",
    "formats/dv/mrc_toxo.dv",
    "formats/ims/imariswriter_minimal.ims",
    "formats/lif/fluorseg_PR2729_frameOrderCombinedScanTypes.lif",
    "formats/mrc/EMD-3197.map",
    "formats/nd2/arcadia_zstack.nd2",
    "formats/ome_tiff/sktracker_CZT_peaks.ome.tif",
    "formats/tiff_vendor/svs_CMU-1-Small-Region.svs",
)


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    shared = ReaderPool()
    yield shared
    shared.close()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "mean.ome.tif"
    data = np.arange(600, dtype=np.float32).reshape(1, 1, 1, 20, 30)
    metadata = ImageMetadata(PixelSizes(), (ChannelInfo("DNA"),), "")
    write_image(path, data, metadata)
    return path


@pytest.mark.parametrize("name", REAL)
def test_facts_and_pixels_are_those_of_the_reader(pool: ReaderPool, name: str) -> None:
    path = require_shared_data(name)

    with pool.open(path) as safe, open_image(path) as direct:
        assert safe.info == direct.info
        last = len(direct.info.scenes) - 1
        scene = direct.info.scenes[last]
        t, c, z = (size - 1 for size in scene.shape[:3])
        roi = Roi(1, 2, scene.size("X") // 2, scene.size("Y") // 2)
        region = safe.region(last, t, c, z, roi)
        np.testing.assert_array_equal(region, direct.region(last, t, c, z, roi))
        assert region.dtype == direct.region(last, t, c, z, roi).dtype


def test_plane_larger_than_the_shared_memory_comes_in_pieces(
    pool: ReaderPool, tmp_path: Path
) -> None:
    path = tmp_path / "large.tif"
    data = np.random.default_rng(0).integers(0, 255, (2999, 2000, 3), np.uint8)
    tifffile.imwrite(path, data, photometric="rgb")

    with pool.open(path) as source:
        np.testing.assert_array_equal(source.plane(0, 0, 0, 0), data)


def test_pixels_of_one_plane_stay_when_the_next_is_read(pool: ReaderPool, tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    data = np.arange(1200, dtype=">u2").reshape(2, 20, 30)
    tifffile.imwrite(path, data, metadata=None, photometric="minisblack")

    with pool.open(path) as source:
        first, second = source.plane(0, 0, 0, 0), source.plane(0, 0, 0, 1)

    np.testing.assert_array_equal(first, data[0])
    np.testing.assert_array_equal(second, data[1])


def test_name_that_is_no_unicode_is_opened(pool: ReaderPool, tmp_path: Path) -> None:
    path = tmp_path / "gr\udcf6\udcdfe µ漢.tif"
    try:
        tifffile.imwrite(path, np.ones((20, 30), np.uint8))
    except (OSError, UnicodeError):
        pytest.skip("this disk takes no such name")

    with pool.open(path) as source:
        assert source.plane(0, 0, 0, 0).sum() == 600
        assert source.info.path == str(path)


def test_own_files_are_read_in_the_process_that_asks(own: Path) -> None:
    assert is_own_image(own)
    with open_safely(own) as source:
        assert not isinstance(source, SafeImage)
        assert source.plane(0, 0, 0, 0)[19, 29] == 599


def test_foreign_files_are_read_in_another_process(tmp_path: Path) -> None:
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, np.full((20, 30), 7, np.uint8))

    assert not is_own_image(path)
    with open_safely(path) as source:
        assert isinstance(source, SafeImage)
        assert source.plane(0, 0, 0, 0)[0, 0] == 7
    assert probe_safely(path).scenes[0].size("X") == 30


@pytest.mark.parametrize("content", [b"", b'text with Creator="Superlens 1"'])
def test_other_files_are_not_our_own(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)

    assert not is_own_image(path)
    assert not is_own_image(tmp_path)
    assert not is_own_image(tmp_path / "nowhere")


def test_memory_and_time_grow_with_the_plane_that_is_read() -> None:
    limits = Limits()

    small, large = limits.for_reading(8 << 20), limits.for_reading(2 << 30)

    assert small.memory_bytes == limits.for_opening.memory_bytes == 1536 << 20
    assert small.seconds == pytest.approx(17)  # 15 s, and 8 MiB at 4 MiB/s
    assert large.memory_bytes == (3 * 2048 + 512) << 20
    assert large.seconds == pytest.approx(527)
