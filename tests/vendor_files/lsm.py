"""Writes Zeiss LSM files: a TIFF whose first page carries the structure CZ_LSMINFO, by hand."""

import struct
from pathlib import Path

import numpy as np
import tifffile

TAG = 34412
MAGIC = 67127628
TIME_SERIES_OF_STACKS = 6


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


def write_lsm(
    path: Path,
    data: np.ndarray,
    step_m: float = 3e-7,
    is_inline: bool = False,
    is_packed: bool = False,
) -> Path:
    """Write (T, Z, C, Y, X), each page followed by its thumbnail.

    Args:
        path: the file.
        data: of any number of channels.
        step_m: between slices, in metres.
        is_inline: of two channels the bits stand in the tag itself, as the rule of TIFF is; else
            where the tag points to, as some microscopes write them.
        is_packed: by LZW; the tag then has the lengths of what was not packed yet, as Zeiss has it.
    """
    info = _info(data.shape, step_m)
    with tifffile.TiffWriter(path, byteorder="<") as tif:
        for index, place in enumerate(np.ndindex(*data.shape[:2])):
            # Under another number until all is in place.
            tags = [(TAG - 1, 1, info.nbytes, info.tobytes(), True)] if index == 0 else ()
            plane = {"photometric": "minisblack", "metadata": None, "extratags": tags}
            if data.shape[2] > 1:
                plane["planarconfig"] = "separate"
            if is_packed:
                plane |= {"compression": "lzw", "predictor": True, "rowsperstrip": data.shape[3]}
            tif.write(data[place], **plane)
            tif.write(np.zeros((8, 8), np.uint8), subfiletype=1, metadata=None)
    names = colours(["Ch1-T1", "Ch2-T2", "ChD"], [(255, 0, 0), (0, 255, 0), (255, 255, 255)])
    lens = recording("Plan-Apochromat 63x/1.40 Oil DIC M27", 39448.5)
    with tifffile.TiffFile(path) as tif:
        tag = tif.pages.first.tags[TAG - 1]
        bits = [page.tags[258].valueoffset for page in tif.pages if page.tags[258].count == 2]
        lengths = [page.tags[279].valueoffset for page in list(tif.pages)[::2]]
    end = path.stat().st_size
    patches = {tag.offset: struct.pack("<H", TAG)}
    if is_packed:
        counts = [data[0, 0, 0].nbytes] * data.shape[2]
        patches |= {at: struct.pack(f"<{len(counts)}I", *counts) for at in lengths}
    for name, offset in (
        ("OffsetChannelColors", end),
        ("OffsetScanInformation", end + len(names)),
    ):
        patches[tag.valueoffset + info.dtype.fields[name][1]] = struct.pack("<I", offset)
    if not is_inline:
        patches |= {at: struct.pack("<I", end + len(names + lens)) for at in bits}
    with path.open("r+b") as stream:
        stream.seek(end)
        stream.write(names + lens + struct.pack("<2H", 16, 16))
        for at, value in patches.items():
            stream.seek(at)
            stream.write(value)
    return path


def _info(shape: tuple[int, ...], step_m: float) -> np.ndarray:
    times, slices, channels, rows, columns = shape
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
    return info
