"""Writes Olympus OIF folders and OIB containers, by hand after their documented structure."""

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

SECTOR, SMALL_SECTOR = 512, 64
CUTOFF = 4096
"""Shorter streams lie in small sectors."""
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD

MAIN = """[ProfileSaveInfo]
Name=OLYMPUS FV1000
Version=1.2.6.0
{listed}[Axis Parameter Common]
AxisCount=9
AxisOrder="{order}"
{axes}[Acquisition Parameters Common]
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
ImageDepth=2
ValidBitCounts=12
WidthConvertValue={width}
WidthUnit="um"
HeightConvertValue=0.207
HeightUnit="um"
"""
AXIS = """[Axis {number} Parameters Common]
AxisCode="{code}"
StartPosition={start}
EndPosition={end}
Interval={step}
PixUnit="{unit}"
MaxSize={size}
"""
PLANE = """[File Info]
DataName="{stem}.tif"
[Axis 2 Parameters]
Number={c}
AbsPositionValue=0.0
[Axis 3 Parameters]
Number={z}
AbsPositionValue=0.0
[Axis 4 Parameters]
Number={t}
AbsPositionValue=0.0
[Acquisition Parameters Common]
Magnification=60.0
ObjectiveLens NAValue=1.35
ObjectiveLens Name="UPLSAPO   60X O  NA:1.35"
"""


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
        files[f"{stem}.pty"] = settings(PLANE.format(stem=stem, t=t + 1, c=c + 1, z=z + 1))
    stream = BytesIO()
    tifffile.imwrite(stream, np.zeros((8, 8), np.uint16))
    files["s_C001-R001.tif"] = stream.getvalue()
    stream = BytesIO()
    Image.new("L", (8, 8)).save(stream, "BMP")
    files["s-Thumb.bmp"] = stream.getvalue()
    return files


def main_text(data: np.ndarray, order: str = "XYCZT", width: str = "0,207.0") -> str:
    """Give the main settings; a decimal comma stands in a width as the microscope wrote some."""
    t, c, z, rows, columns = data.shape
    names = [name for name in members(data) if name.endswith(".pty")]
    listed = "".join(
        f'IniFileName{index}="picture.oif.files\\{name}"\n' for index, name in enumerate(names)
    )
    listed += 'IniFileNameThumb="picture.oif.files\\s-Thumb.pty"\n'
    axes = (("X", columns, 1, ""), ("Y", rows, 1, ""), ("C", c, 1, ""), ("Z", z, -1500, "nm"))
    axes += (("T", t, 2500, "ms"), *((code, 0, 1, "") for code in "ALPQ"))
    described = "".join(
        AXIS.format(
            number=number,
            code=code,
            start=0.0,
            end=float(step * max(0, size - 1)),
            step=step,
            unit=unit,
            size=size,
        )
        for number, (code, size, step, unit) in enumerate(axes)
    )
    return MAIN.format(order=order, listed=listed, axes=described, width=width)


def write_oif(path: Path, data: np.ndarray, order: str = "XYCZT", width: str = "0,207.0") -> Path:
    path.write_bytes(settings(main_text(data, order, width)))
    folder = path.with_name(f"{path.name}.files")
    folder.mkdir()
    for name, content in members(data).items():
        (folder / name).write_bytes(content)
    return path


def write_oib(path: Path, data: np.ndarray, width: str = "0,207.0") -> Path:
    """Write an OLE container of one storage, as the microscope does."""
    listed = ["[OibSaveInfo]", "Name=picture.oib", "Version=2.0.0.0", "MainFileName=Stream00000"]
    listed += ["Stream00000=picture.oif", "Storage00001=picture.oif.files"]
    streams = {}
    for index, (name, content) in enumerate(members(data).items(), start=1):
        listed.append(f"Stream{index:05d}=Storage00001/{name}")
        streams[f"Stream{index:05d}"] = content
    info = settings("\n".join(listed) + "\n")
    files = {"OibInfo.txt": info, "Stream00000": settings(main_text(data, width=width))}
    path.write_bytes(container(files, {"Storage00001": streams}))
    return path


def container(files: dict[str, bytes], storages: dict[str, dict[str, bytes]]) -> bytes:
    """Give an OLE container of version 3; short streams lie in small sectors, as the rule is."""
    large, small = _Sectors(SECTOR), _Sectors(SMALL_SECTOR)
    entries: list[bytes] = []

    def siblings(items: list[tuple[str, bytes | dict[str, bytes]]]) -> int:
        """List entries as a chain of right siblings; give the first."""
        first = FREE
        for name, item in reversed(items):
            if isinstance(item, dict):
                listed = entry(name, 1, first, siblings(list(item.items())), 0, 0)
            else:
                place = (small if len(item) < CUTOFF else large).put(item)
                listed = entry(name, 2, first, FREE, place, len(item))
            entries.append(listed)
            first = len(entries)  # entry 0 is the root
        return first

    top = siblings([*files.items(), *storages.items()])
    start = large.put(small.content)
    root = entry("Root Entry", 5, FREE, top, start, len(small.content))
    blank = entry("", 0, FREE, FREE, 0, 0)
    listed = root + b"".join(entries)
    directory = large.put(listed + blank * (-len(listed) // 128 % (SECTOR // 128)))
    small_table = large.put(small.table(), filler=b"\xff")
    small_tables = -(-len(small.table()) // SECTOR)
    tables = 1
    while (len(large.chains) + tables) * 4 > tables * SECTOR:
        tables += 1
    places = [len(large.chains) + index for index in range(tables)]
    large.chains += [FAT] * tables
    header = struct.pack(
        "<8s16sHHHHHHIIIIIIIIII",
        *(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0),
        *(tables, directory, 0, CUTOFF, small_table, small_tables, END, 0),
    )
    header += struct.pack("<109I", *places, *[FREE] * (109 - tables))
    return header + large.content + large.table().ljust(tables * SECTOR, b"\xff")


class _Sectors:
    """Sectors of one size, and which one follows each."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.content = b""
        self.chains: list[int] = []

    def put(self, content: bytes, filler: bytes = b"\0") -> int:
        start, count = len(self.chains), max(1, -(-len(content) // self._size))
        self.content += content.ljust(count * self._size, filler)
        self.chains += [*range(start + 1, start + count), END]
        return start

    def table(self) -> bytes:
        return struct.pack(f"<{len(self.chains)}I", *self.chains)


def entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    coded = name.encode("utf-16-le") + b"\0\0" if name else b""
    return struct.pack(
        "<64sHBBIII16sIQQIQ",
        *(coded, len(coded) or 2, kind, 1, FREE, right, child),
        *(bytes(16), 0, 0, 0, start, size),
    )
