"""Writes Imaris files."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

FULL = "DataSet/ResolutionLevel 0"


def put(group: Any, **facts: str) -> None:
    """Write attributes as Imaris does: arrays of characters, here with a NUL at the end."""
    for name, text in facts.items():
        group.attrs[name] = np.frombuffer(text.encode() + b"\0", "S1")


def write_ims(path: Path, data: np.ndarray, pad: int = 0, extent: float = 0.2) -> Path:
    """Write (T, C, Z, Y, X) with a smaller level, `extent` µm per pixel, padded rows."""
    with h5py.File(path, "w") as file:
        image = file.create_group("DataSetInfo/Image")
        z, y, x = data.shape[2:]
        put(image, ExtMin0="-5.0", ExtMin1="0.0", ExtMin2="9.0", NumericalAperture="1.2")
        put(image, ExtMax0=str(x * extent - 5.0), ExtMax1=str(y * extent), ExtMax2=str(9.0 - z))
        put(image, Unit="um", X=str(x), Y=str(y), Z=str(z), Noc=str(data.shape[1]))
        times = file.create_group("DataSetInfo/TimeInfo")
        put(times, DatasetTimePoints=str(len(data)), FileTimePoints=str(len(data)))
        for t in range(len(data)):
            put(times, **{f"TimePoint{t + 1}": f"2020-01-01 00:00:{10 + 5 * t}.000"})
        for t, c in np.ndindex(*data.shape[:2]):
            facts = file.require_group(f"DataSetInfo/Channel {c}")
            put(facts, Name=f"Dye {c}", LSMEmissionWavelength=str(500 + c))
            group = file.create_group(f"{FULL}/TimePoint {t}/Channel {c}")
            put(group, ImageSizeZ=str(z), ImageSizeY=str(y), ImageSizeX=str(x))
            padded = np.pad(data[t, c], ((0, 0), (0, pad), (0, pad)))
            group.create_dataset("Data", data=padded, chunks=(1, 8, 8), compression="gzip")
            smaller = f"DataSet/ResolutionLevel 1/TimePoint {t}/Channel {c}/Data"
            file.create_dataset(smaller, data=padded[:, ::2, ::2])
    return path
