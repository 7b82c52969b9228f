"""Writes MetaMorph stacks (STK): one page, the planes behind it, tags of Universal Imaging.

By hand, after the layout of a real file of one plane; no real one of many was at hand.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ASCII, SHORT, LONG, RATIONAL = 2, 3, 4, 5
ROWS_PER_STRIP = 5
DAY = 2455260  # 5 March 2010, in Julian days that begin at midnight, rounded down
NOON_MS = 12 * 3600 * 1000


@dataclass(frozen=True)
class Stack:
    """What the tags say; times in ms since midnight, one for each plane."""

    steps: tuple[tuple[int, int], ...]
    times_ms: tuple[int, ...]
    calibration: tuple[int, int] = (645, 1000)
    unit: str = "um"
    is_calibrated: bool = True
    gap: int = 0
    """Bytes between the strips."""


def z_stack(count: int) -> Stack:
    return Stack(((3, 10),) * count, (NOON_MS,) * count)


def time_series(count: int) -> Stack:
    return Stack(((0, 1),) * count, tuple(NOON_MS + 2500 * index for index in range(count)))


def write_stk(path: Path, planes: np.ndarray, stack: Stack | None = None) -> Path:
    """Write (planes, Y, X) uint16; a stack of slices where nothing is said of them."""
    count, rows, columns = planes.shape
    stack = stack or z_stack(count)
    strip = ROWS_PER_STRIP * columns * 2
    data, offsets = bytearray(), []
    for plane in planes:
        for first in range(0, rows, ROWS_PER_STRIP):
            offsets.append(8 + len(data))
            data += plane[first : first + ROWS_PER_STRIP].astype("<u2").tobytes() + bytes(stack.gap)
    per_plane = -(-rows // ROWS_PER_STRIP)
    lengths = [min(strip, rows * columns * 2 - index * strip) for index in range(per_plane)]
    tail = _Tail(8 + len(data))
    entries = [
        (254, LONG, 1, 0),
        (256, LONG, 1, columns),
        (257, LONG, 1, rows),
        (258, SHORT, 1, 16),
        (259, SHORT, 1, 1),
        (262, SHORT, 1, 1),
        (273, LONG, per_plane, tail.put(struct.pack(f"<{per_plane}I", *offsets[:per_plane]))),
        (277, SHORT, 1, 1),
        (278, LONG, 1, ROWS_PER_STRIP),
        (279, LONG, per_plane, tail.put(struct.pack(f"<{per_plane}I", *lengths))),
        (282, RATIONAL, 1, tail.put(struct.pack("<2I", 72, 1))),
        (283, RATIONAL, 1, tail.put(struct.pack("<2I", 72, 1))),
        (284, SHORT, 1, 1),
        (296, SHORT, 1, 2),
        (305, ASCII, 19, tail.put(b"MetaMorph 7.8.0.0\0\0")),
        _first_tag(tail, stack),
        (33629, RATIONAL, count, tail.put(_moments(stack))),
        (33630, RATIONAL, count, tail.put(struct.pack("<2I", 675, 1) * count)),
        (33631, LONG, count, tail.put(_labels(count))),
    ]
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    start = 8 + len(data) + len(tail.data)
    path.write_bytes(b"II*\0" + struct.pack("<I", start) + data + tail.data + directory)
    return path


class _Tail:
    """What lies behind the pixels, and where."""

    def __init__(self, start: int) -> None:
        self._start = start
        self.data = bytearray()

    def put(self, item: bytes) -> int:
        place = self._start + len(self.data)
        self.data += item
        return place


def _first_tag(tail: _Tail, stack: Stack) -> tuple[int, int, int, int]:
    """Put pairs of a number and a value; what is longer than a value lies elsewhere."""
    fraction = struct.pack("<2I", *stack.calibration)
    aperture = struct.pack("<IB2I", 2, 1, 45, 100)
    facts = (
        (3, int(stack.is_calibrated)),
        (4, tail.put(fraction)),
        (5, tail.put(fraction)),
        (6, tail.put(_text(stack.unit))),
        (7, tail.put(_text("Cy5"))),
        (16, tail.put(struct.pack("<2I", DAY, NOON_MS))),
        (27, 675),
        (49, tail.put(bytes(4) + b"\x07_MagNA_" + aperture)),
        (49, tail.put(bytes(4) + b"\x0c_MagSetting_" + struct.pack("<IB", 2, 2) + b"\x0320x")),
    )
    # Single planes alone have the wavelength there.
    kept = [fact for fact in facts if fact[0] != 27 or len(stack.steps) == 1]
    return 33628, LONG, len(kept), tail.put(b"".join(struct.pack("<2I", *fact) for fact in kept))


def _text(text: str) -> bytes:
    return struct.pack("<I", len(text) + 1) + text.encode() + b"\0"


def _moments(stack: Stack) -> bytes:
    """Give step, day and time of creation, day and time of the last change of each plane."""
    return b"".join(
        struct.pack("<6I", *step, DAY, time, DAY, time)
        for step, time in zip(stack.steps, stack.times_ms, strict=True)
    )


def _labels(count: int) -> bytes:
    stage = struct.pack("<H", 37) + b"".join(_text(f"P24 : {index}") for index in range(count))
    return stage + struct.pack("<H", 0)
