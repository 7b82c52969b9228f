"""Writes DeltaVision files, by hand."""

import struct
from pathlib import Path

import numpy as np

ORDERS = {0: "CTZ", 1: "TZC", 2: "TCZ"}
"""Slowest axis first, by the number in the header."""


def write_dv(
    path: Path, data: np.ndarray, sequence: int = 0, order: str = "<", um: float = 0.1
) -> Path:
    """Write planes of 16 bits, (T, C, Z, Y, X), with the header of 1024 bytes of the format."""
    t, c, z, y, x = data.shape
    head = bytearray(1024)
    struct.pack_into(f"{order}4i", head, 0, x, y, t * c * z, 6)
    struct.pack_into(f"{order}3f", head, 40, um, um, 0.3)
    struct.pack_into(f"{order}h", head, 96, -16224)
    struct.pack_into(f"{order}2h", head, 180, t, sequence)
    struct.pack_into(f"{order}6h", head, 196, c, 450, 525, 0, 0, 0)
    stored = data.transpose([*("TCZ".index(axis) for axis in ORDERS[sequence]), 3, 4])
    path.write_bytes(bytes(head) + stored.astype(f"{order}u2").tobytes())
    return path
