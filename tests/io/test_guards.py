"""Guards against malformed and awkward files that are no matter of one reader alone."""

import shutil
import stat
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from shared_data import require_shared_data
from superlens.core.errors import UnreadableFile
from superlens.io.images import open_image, probe
from superlens.io.reading import Limits, ReaderPool

SAMPLES = (
    "czi/neubias_xyz_multiple_images.czi",
    "dv/mrc_toxo.dv",
    "ims/imariswriter_minimal.ims",
    "lif/fluorseg_PR2729_frameOrderCombinedScanTypes.lif",
    "mrc/EMD-3197.map",
    "nd2/arcadia_zstack.nd2",
    "ome_tiff/sktracker_CZT_peaks.ome.tif",
    "tiff_vendor/faim_metaxpress_s1_w1.tif",
)
NAMES = (
    "with  spaces .tif",
    "Zellen µm 漢字 Яд 🔬",
    "a[1]#%20&'!;$.dat",
    *(('q?"*<>|:: .x', "line\nbreak") if sys.platform != "win32" else ()),
)
"""Windows takes none of the last two."""


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_reader_takes_any_name(tmp_path: Path, sample: str) -> None:
    original = require_shared_data(f"formats/{sample}")
    expected = probe(original).scenes[0].shape

    for name in NAMES:
        path = tmp_path / name
        shutil.copyfile(original, path)
        with open_image(path) as image:
            assert image.info.scenes[0].shape == expected
            assert image.plane(0, 0, 0, 0).size


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_reader_leaves_a_protected_file_as_it_is(tmp_path: Path, sample: str) -> None:
    path = tmp_path / "a"
    shutil.copyfile(require_shared_data(f"formats/{sample}"), path)
    path.chmod(stat.S_IREAD)
    before = (path.stat().st_mtime_ns, path.read_bytes())

    with open_image(path) as image:
        assert image.plane(0, 0, 0, 0).size

    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    path.chmod(stat.S_IREAD | stat.S_IWRITE)


@pytest.mark.skipif(sys.platform == "win32", reason="locks of Windows keep every reader out")
def test_imaris_file_that_another_program_locks_is_read(tmp_path: Path) -> None:
    # As on network shares, where the library could not lock the file itself.
    import fcntl

    path = tmp_path / "a.ims"
    shutil.copyfile(require_shared_data("formats/ims/imariswriter_minimal.ims"), path)

    with path.open("rb+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert probe(path).scenes


@pytest.mark.parametrize("compression", [8, 50000], ids=["deflate", "zstd"])
def test_strip_that_unpacks_to_far_more_than_declared_takes_no_memory(
    tmp_path: Path, compression: int
) -> None:
    path = tmp_path / "bomb.tif"
    path.write_bytes(_tiff_of_one_strip(100, _packed_zeros(256, compression), compression))
    pool = ReaderPool(Limits(memory_bytes=128 << 20))

    assert "memory" not in _outcome(pool, path)

    pool.close()


def _outcome(pool: ReaderPool, path: Path) -> str:
    try:
        with pool.open(path) as source:
            return f"{source.plane(0, 0, 0, 0).size} pixels"
    except UnreadableFile as error:
        return error.title


def _packed_zeros(mebibytes: int, compression: int) -> bytes:
    if compression == 8:
        packer = zlib.compressobj(1)
        pieces = [packer.compress(bytes(1 << 20)) for _ in range(mebibytes)]
        return b"".join([*pieces, packer.flush()])
    from imagecodecs import zstd_encode

    return bytes(zstd_encode(np.zeros(mebibytes << 20, np.uint8)))


def _tiff_of_one_strip(side: int, strip: bytes, compression: int) -> bytes:
    tags = (
        (256, side),
        (257, side),
        (258, 8),
        (259, compression),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, side),
        (279, len(strip)),
    )
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + directory
