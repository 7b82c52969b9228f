"""Zeiss LSM files: a TIFF whose first page carries the structure CZ_LSMINFO, written by hand.

Three channels: of two, tifffile expects an old form of BitsPerSample that it does not write.
"""

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile

from foreign_checks import require_pixels_or_sentence, require_refused_when_cut
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, probe

TAG = 34412
MAGIC = 67127628
TIME_SERIES_OF_STACKS = 6


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4000, shape, np.uint16)


def colours(names: list[str], values: list[tuple[int, int, int]]) -> bytes:
    coded = b"".join(struct.pack("<I", len(name) + 1) + name.encode() + b"\0" for name in names)
    table = b"".join(struct.pack("4B", *value, 0) for value in values)
    start = 24 + len(table)
    size = start + len(coded)
    return struct.pack("<6I", size, len(values), len(names), 24, start, 0) + table + coded


def recording(objective: str, taken: float) -> bytes:
    """Give the tree of a recording: its lens, when it began, and its end."""
    text = objective.encode() + b"\0"
    whole = struct.pack("<3I", 0x10000000, 0, 0)
    whole += struct.pack("<3I", 0x10000004, 2, len(text)) + text
    whole += struct.pack("<3Id", 0x10000036, 5, 8, taken)
    return whole + struct.pack("<3I", 0xFFFFFFFF, 0, 0)


def write_lsm(path: Path, data: np.ndarray, step_m: float = 3e-7) -> Path:
    """Write (T, Z, C, Y, X), each page followed by its thumbnail."""
    times, slices, channels, rows, columns = data.shape
    layout = np.dtype([(name or "Reserved", kind) for name, kind in tifffile.TIFF.CZ_LSMINFO])
    info = np.zeros((), layout.newbyteorder("<"))
    facts = {
        "MagicNumber": MAGIC,
        "StructureSize": layout.itemsize,
        "DimensionX": columns,
        "DimensionY": rows,
        "DimensionZ": slices,
        "DimensionChannels": channels,
        "DimensionTime": times,
        "DataType": 2,
        "VoxelSizeX": 1e-7,
        "VoxelSizeY": 1e-7,
        "VoxelSizeZ": step_m,
        "ScanType": TIME_SERIES_OF_STACKS,
        "TimeIntervall": 12.5,
    }
    for name, value in facts.items():
        info[name] = value
    with tifffile.TiffWriter(path, byteorder="<") as tif:
        for index, (t, z) in enumerate(np.ndindex(times, slices)):
            tags = [(TAG, 1, layout.itemsize, info.tobytes(), True)] if index == 0 else ()
            plane = {"planarconfig": "separate", "photometric": "minisblack", "metadata": None}
            tif.write(data[t, z], extratags=tags, **plane)
            tif.write(np.zeros((8, 8), np.uint8), subfiletype=1, metadata=None)
    names = colours(["Ch1-T1", "Ch2-T2", "ChD"], [(255, 0, 0), (0, 255, 0), (255, 255, 255)])
    lens = recording("Plan-Apochromat 63x/1.40 Oil DIC M27", 39448.5)
    with tifffile.TiffFile(path) as tif:
        place = tif.pages.first.tags[TAG].valueoffset
    with path.open("r+b") as stream:
        end = stream.seek(0, 2)
        stream.write(names + lens)
        for name, offset in (
            ("OffsetChannelColors", end),
            ("OffsetScanInformation", end + len(names)),
        ):
            stream.seek(place + layout.fields[name][1])
            stream.write(struct.pack("<I", offset))
    return path


def test_planes_are_read_without_the_thumbnails(tmp_path: Path) -> None:
    data = noise(2, 4, 3, 20, 30)
    path = write_lsm(tmp_path / "a.lsm", data)

    with open_image(path) as image:
        assert image.info.format == "Zeiss LSM"
        assert [scene.shape for scene in image.info.scenes] == [(2, 3, 4, 20, 30)]
        for t, c, z in np.ndindex(2, 3, 4):
            np.testing.assert_array_equal(image.plane(0, t, c, z), data[t, z, c])


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
