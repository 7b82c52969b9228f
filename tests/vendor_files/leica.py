"""Writes Leica LOF files, and the sets of files that an XLEF names, by hand."""

import struct
from pathlib import Path

import numpy as np
import tifffile


def description(data: np.ndarray) -> str:
    """Describe (Z, C, Y, X) as Leica does: each axis by its step in bytes and its length."""
    slices, channels, rows, columns = data.shape
    row, plane = columns * 2, rows * columns * 2
    dimensions = "".join(
        f'<DimensionDescription DimID="{number}" NumberOfElements="{count}" Origin="0" '
        f'Length="{(count - 1) * step}" Unit="m" BytesInc="{bytes_}" BitInc="0"/>'
        for number, count, step, bytes_ in (
            (1, columns, 1e-7, 2),
            (2, rows, 1e-7, row),
            (3, slices, -5e-7, plane * channels),
        )
    )
    dyes = "".join(
        f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="16" '
        f'NameOfMeasuredQuantity="" Min="0" Max="65535" Unit="" LUTName="{name}" '
        f'IsLUTInverted="0" BytesInc="{index * plane}" BitInc="0"/>'
        for index, name in enumerate(("Green", "Magenta")[:channels])
    )
    lens = '<ATLConfocalSettingDefinition ObjectiveName="HC PL APO  63x/1.40 OIL" '
    lens += 'Magnification="63" NumericalAperture="1.4"/>'
    return (
        f"<Data><Image><ImageDescription><Channels>{dyes}</Channels>"
        f"<Dimensions>{dimensions}</Dimensions></ImageDescription>"
        f"<Attachment>{lens}</Attachment></Image></Data>"
    )


def header(element: str) -> str:
    kind = "LMSDataContainerHeader"
    return f'<?xml version="1.0"?><{kind} Version="2">{element}</{kind}>'


def write_lof(path: Path, data: np.ndarray) -> Path:
    name = "LMS_Object_File"
    memory = f'<Memory Size="{data.nbytes}" MemoryBlockID="MemBlock_1"/>'
    xml = header(f'<Element Name="cells">{description(data)}{memory}</Element>')
    path.write_bytes(
        struct.pack("<IIBI", 0x70, 2 * len(name) + 5, 0x2A, len(name))
        + name.encode("utf-16-le")
        + struct.pack("<BIBI", 0x2A, 1, 0x2A, 0)
        + struct.pack("<BQ", 0x2A, data.nbytes)
        + data.tobytes()
        + struct.pack("<IIBI", 0x70, 2 * len(xml) + 5, 0x2A, len(xml))
        + xml.encode("utf-16-le")
    )
    return path


def write_xlef(folder: Path, data: np.ndarray, pixels: str = "lof") -> Path:
    """Write an experiment, the text of its image in `Metadata`, and the pixels beside it."""
    (folder / "Metadata").mkdir(parents=True)
    frames = []
    if pixels == "lof":
        write_lof(folder / "cells.lof", data)
        frames.append(("..\\cells.lof", 0, data.nbytes))
    else:
        for z, c in np.ndindex(*data.shape[:2]):
            name = f"cells z{z}c{c}.tif"
            tifffile.imwrite(folder / name, data[z, c])
            offset = (z * data.shape[1] + c) * data[0, 0].nbytes
            frames.append((f"..\\{name}", offset, data[0, 0].nbytes))
    listed = "".join(
        f'<Frame File="{name}" Offset="{offset}" Size="{size}" UUID="u"/>'
        for name, offset, size in frames
    )
    memory = f'<Memory Size="{data.nbytes}" MemoryBlockID="MemBlock_1">{listed}</Memory>'
    (folder / "Metadata/cells.xlif").write_text(
        header(f'<Element Name="cells">{description(data)}{memory}</Element>')
    )
    return write_experiment(folder / "experiment.xlef", "Metadata\\cells.xlif")


def write_experiment(path: Path, *files: str) -> Path:
    listed = "".join(f'<Reference File="{file}" UUID="u"/>' for file in files)
    path.write_text(
        header(
            '<Element Name="experiment"><Data><Experiment/></Data>'
            f"<Children>{listed}</Children></Element>"
        )
    )
    return path
