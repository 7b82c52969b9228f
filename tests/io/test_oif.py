"""Olympus OIF folders and OIB containers, made by hand after their documented structure."""

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile

from foreign_checks import (
    require_one_sentence,
    require_pixels_or_sentence,
    require_refused_when_cut,
    require_regions_equal_planes,
)
from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, probe

SECTOR = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD

MAIN = """[ProfileSaveInfo]
Name=OLYMPUS FV1000
Version=1.2.6.0
[Axis Parameter Common]
AxisCount=8
AxisOrder="{order}"
[Axis 0 Parameters Common]
AxisCode="X"
MaxSize=30
[Axis 1 Parameters Common]
AxisCode="Y"
MaxSize=20
[Axis 2 Parameters Common]
AxisCode="C"
MaxSize={c}
[Axis 3 Parameters Common]
AxisCode="Z"
Interval=-1500
PixUnit="nm"
MaxSize={z}
[Axis 4 Parameters Common]
AxisCode="T"
Interval=2500
PixUnit="ms"
MaxSize={t}
[Acquisition Parameters Common]
ImageCaputreDate='2024-09-28 12:53:12'
[Channel 1 Parameters]
CH Name="CH1"
DyeName="DAPI"
EmissionWavelength=461
ExcitationWavelength=405
[Channel 2 Parameters]
CH Name="CH2"
DyeName="None"
EmissionWavelength=0
ExcitationWavelength=559
[Reference Image Parameter]
WidthConvertValue=0,207.0
WidthUnit="um"
HeightConvertValue=0.207
HeightUnit="um"
"""
PLANE = """[Acquisition Parameters Common]
Magnification=60.0
ObjectiveLens NAValue=1.35
ObjectiveLens Name="UPLSAPO   60X O  NA:1.35"
"""


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4096, shape, np.uint16)


def settings(text: str) -> bytes:
    return b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le")


def members(data: np.ndarray) -> dict[str, bytes]:
    """Give the files of (T, C, Z, Y, X) by name, with a small picture for reference."""
    files: dict[str, bytes] = {}
    for t, c, z in np.ndindex(*data.shape[:3]):
        stem = f"s_C{c + 1:03d}Z{z + 1:03d}T{t + 1:03d}"
        stream = BytesIO()
        tifffile.imwrite(stream, data[t, c, z])
        files[f"{stem}.tif"] = stream.getvalue()
        files[f"{stem}.pty"] = settings(PLANE)
    stream = BytesIO()
    tifffile.imwrite(stream, np.zeros((8, 8), np.uint16))
    files["s_C001-R001.tif"] = stream.getvalue()
    return files


def main_text(data: np.ndarray, order: str = "XYCZT") -> str:
    t, c, z = data.shape[:3]
    return MAIN.format(order=order, t=t, c=c, z=z)


def write_oif(path: Path, data: np.ndarray, order: str = "XYCZT") -> Path:
    path.write_bytes(settings(main_text(data, order)))
    folder = path.with_name(f"{path.name}.files")
    folder.mkdir()
    for name, content in members(data).items():
        (folder / name).write_bytes(content)
    return path


def write_oib(path: Path, data: np.ndarray) -> Path:
    """Write an OLE container of one storage, as the microscope does."""
    files = {"picture.oif": settings(main_text(data)), **members(data)}
    listed = ["[OibSaveInfo]", "Name=picture.oib", "Version=2.0.0.0", "MainFileName=Stream00000"]
    listed.append("Storage00001=picture.oif.files")
    streams = {}
    for index, (name, content) in enumerate(files.items()):
        place = name if name.endswith(".oif") else f"Storage00001/{name}"
        listed.append(f"Stream{index:05d}={place}")
        streams[f"Stream{index:05d}"] = content
    info = settings("\n".join(listed) + "\n")
    path.write_bytes(container({"OibInfo.txt": info}, {"Storage00001": streams}))
    return path


def container(files: dict[str, bytes], storages: dict[str, dict[str, bytes]]) -> bytes:
    """Give an OLE container of version 3; every stream lies in whole sectors."""
    sectors: list[bytes] = []
    chains: list[int] = []

    def put(content: bytes) -> int:
        start = len(sectors)
        count = max(1, -(-len(content) // SECTOR))
        padded = content.ljust(count * SECTOR, b"\0")
        for index in range(count):
            sectors.append(padded[index * SECTOR : (index + 1) * SECTOR])
            chains.append(len(sectors) if index + 1 < count else END)
        return start

    entries: list[tuple[str, int, int, int, int, int]] = []

    def siblings(items: list[tuple[str, bytes | dict[str, bytes]]]) -> int:
        """List entries as a chain of right siblings; give the first."""
        first = FREE
        for name, item in reversed(items):
            if isinstance(item, dict):
                child = siblings(list(item.items()))
                entries.append((name, 1, first, child, 0, 0))
            else:
                entries.append((name, 2, first, FREE, put(item), len(item)))
            first = len(entries)  # entry 0 is the root
        return first

    top = siblings([*files.items(), *storages.items()])
    root = entry("Root Entry", 5, FREE, top, END, 0)
    listed = root + b"".join(entry(*item) for item in entries)
    blank = entry("", 0, FREE, FREE, 0, 0)
    listed += blank * (-len(listed) // 128 % (SECTOR // 128))
    directory = put(listed)
    tables = 1
    while (len(sectors) + tables) * 4 > tables * SECTOR:
        tables += 1
    table_start = len(sectors)
    chains += [FAT] * tables
    table = struct.pack(f"<{len(chains)}I", *chains).ljust(tables * SECTOR, b"\xff")
    sectors += [table[index * SECTOR : (index + 1) * SECTOR] for index in range(tables)]
    header = struct.pack(
        "<8s16sHHHHHHIIIIIIIIII",
        *(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0),
        # Streams below the cut-off would lie in a container inside: none here.
        *(tables, directory, 0, 0, END, 0, END, 0),
    )
    places = [table_start + index for index in range(tables)]
    header += struct.pack("<109I", *places, *[FREE] * (109 - tables))
    return header + b"".join(sectors)


def entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    coded = name.encode("utf-16-le") + b"\0\0" if name else b""
    return struct.pack(
        "<64sHBBIII16sIQQIQ",
        *(coded, len(coded) or 2, kind, 1, FREE, right, child),
        *(bytes(16), 0, 0, 0, start, size),
    )


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
