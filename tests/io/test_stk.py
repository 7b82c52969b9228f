"""MetaMorph stacks (STK): one page, the planes behind it and the tags of Universal Imaging.

Written by hand after the layout of a real file of one plane; no real one of many was at hand.
"""

import struct
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from foreign_checks import (
    require_pixels_or_sentence,
    require_refused_when_cut,
    require_regions_equal_planes,
)
from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, probe

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


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4000, shape, np.uint16)


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


@pytest.mark.parametrize("axis", ["Z", "T"])
def test_planes_lie_one_behind_the_other(tmp_path: Path, axis: str) -> None:
    planes = noise(4, 23, 30)
    stack = z_stack(4) if axis == "Z" else time_series(4)
    path = write_stk(tmp_path / "a.stk", planes, stack)

    with open_image(path) as image:
        assert image.info.format == "MetaMorph STK"
        assert image.info.scenes[0].size(axis) == 4
        for index in range(4):
            place = (0, 0, 0, index) if axis == "Z" else (0, index, 0, 0)
            np.testing.assert_array_equal(image.plane(*place), planes[index])
    require_regions_equal_planes(path)


def test_single_plane_is_read(tmp_path: Path) -> None:
    planes = noise(1, 23, 30)

    with open_image(write_stk(tmp_path / "a.stk", planes)) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), planes[0])


def test_sizes_channel_lens_and_moment_are_told(tmp_path: Path) -> None:
    scene = probe(write_stk(tmp_path / "a.stk", noise(3, 23, 30))).scenes[0]

    sizes = scene.pixel_sizes
    assert (sizes.z, sizes.y, sizes.x) == pytest.approx((0.3, 0.645, 0.645))
    assert sizes.origin is PixelSizeOrigin.REPORTED
    assert scene.channels[0].name == "Cy5"
    assert scene.channels[0].emission_nm == 675
    assert (scene.magnification, scene.numerical_aperture) == (20, 0.45)
    assert scene.acquired_at == "2010-03-05T12:00:00"
    assert scene.time_interval_s is None


def test_interval_is_that_between_the_planes(tmp_path: Path) -> None:
    scene = probe(write_stk(tmp_path / "a.stk", noise(5, 23, 30), time_series(5))).scenes[0]

    assert scene.time_interval_s == pytest.approx(2.5)
    assert scene.pixel_sizes.z is None


def test_planes_of_which_nothing_is_said_are_guessed_and_this_is_told(tmp_path: Path) -> None:
    stack = Stack(((0, 1),) * 3, (NOON_MS,) * 3)

    info = probe(write_stk(tmp_path / "a.stk", noise(3, 23, 30), stack))

    assert info.scenes[0].shape == (1, 1, 3, 23, 30)
    assert "3 pages are" in info.warnings[0]


@pytest.mark.parametrize(
    "stack",
    [
        Stack(((3, 10),) * 2, (0, 0), is_calibrated=False),
        Stack(((3, 10),) * 2, (0, 0), unit="pixels"),
        Stack(((3, 10),) * 2, (0, 0), calibration=(0, 1)),
    ],
    ids=["not calibrated", "in pixels", "of nothing"],
)
def test_sizes_that_nobody_measured_are_unknown(tmp_path: Path, stack: Stack) -> None:
    sizes = probe(write_stk(tmp_path / "a.stk", noise(2, 23, 30), stack)).scenes[0].pixel_sizes

    assert sizes.x is None
    assert sizes.origin is PixelSizeOrigin.UNKNOWN


def test_step_downwards_is_no_step_of_millions(tmp_path: Path) -> None:
    # Signed numbers in fields that are read as unsigned ones.
    stack = Stack((((1 << 32) - 3, 10),) * 3, (NOON_MS,) * 3)

    sizes = probe(write_stk(tmp_path / "a.stk", noise(3, 23, 30), stack)).scenes[0].pixel_sizes

    assert sizes.z in (None, pytest.approx(0.3))
    assert sizes.x == pytest.approx(0.645)


def test_strips_with_gaps_are_never_read_as_other_pixels(tmp_path: Path) -> None:
    single, several = noise(1, 20, 30), noise(3, 20, 30)
    one = write_stk(tmp_path / "1.stk", single, replace(z_stack(1), gap=4))
    three = write_stk(tmp_path / "3.stk", several, replace(z_stack(3), gap=4))

    with open_image(one) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), single[0])
    with pytest.raises(UnsupportedImage, match="do not lie in a row"):
        probe(three)


def test_cut_and_damaged_copies(tmp_path: Path) -> None:
    source = write_stk(tmp_path / "a.stk", noise(4, 23, 30))

    require_refused_when_cut(source, tmp_path / "cut.stk", (0.05, 0.3, 0.6, 0.9))
    require_pixels_or_sentence(source, tmp_path / "damaged.stk", rounds=60)
    require_pixels_or_sentence(source, tmp_path / "damaged.stk", rounds=60, reach=40)


def test_more_planes_than_there_are_pixels_for_are_told(tmp_path: Path) -> None:
    path = write_stk(tmp_path / "a.stk", noise(4, 23, 30))
    whole = path.read_bytes()
    entry = whole.index(struct.pack("<HH", 33629, RATIONAL))
    path.write_bytes(whole[: entry + 4] + struct.pack("<I", 40) + whole[entry + 8 :])

    with pytest.raises(UnreadableFile, match=r"planes are there|damaged"):
        probe(path)
