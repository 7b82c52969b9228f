"""What every reader of a foreign format must hold to: checks that its tests share."""

import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from superlens.core.errors import SuperlensError, UnreadableFile, UnsupportedImage
from superlens.core.jobs import Roi
from superlens.io.images import open_image


def require_regions_equal_planes(path: Path) -> None:
    """Make sure that regions of the last plane of every scene are cut out of that plane."""
    with open_image(path) as image:
        for index, scene in enumerate(image.info.scenes):
            t, c, z = (size - 1 for size in scene.shape[:3])
            height, width = scene.size("Y"), scene.size("X")
            plane = image.plane(index, t, c, z)
            assert plane.shape == scene.shape[3:]
            assert plane.dtype == scene.dtype
            roi = Roi(width // 3, height // 4, width // 2, height // 2)

            region = image.region(index, t, c, z, roi)

            expected = plane[roi.y : roi.y + roi.height, roi.x : roi.x + roi.width]
            np.testing.assert_array_equal(region, expected)


def require_refused_when_cut(source: Path, copy: Path, fractions: tuple[float, ...]) -> None:
    """Make sure that a file whose end is lost is never read to its last plane."""
    whole = source.read_bytes()
    for fraction in fractions:
        copy.write_bytes(whole[: int(len(whole) * fraction)])
        with pytest.raises((UnreadableFile, UnsupportedImage)) as caught:
            read_last_planes(copy)
        require_one_sentence(caught.value)


def require_pixels_or_sentence(
    source: Path, copy: Path, *, rounds: int = 40, reach: int | None = None
) -> None:
    """Make sure that a file with wrong bytes gives pixels or one of our own errors.

    Args:
        source: a sound file.
        copy: where the damaged copies are written.
        rounds: how many copies.
        reach: how many bytes from the beginning may change; all when None.
    """
    whole = source.read_bytes()
    chance = random.Random(7)
    for _ in range(rounds):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 40)):
            damaged[chance.randrange(min(reach or len(whole), len(whole)))] = chance.randrange(256)
        copy.write_bytes(damaged)
        # Anything else than pixels or our own errors fails the test by itself.
        with suppress(SuperlensError):
            read_last_planes(copy)


def require_one_sentence(error: SuperlensError) -> None:
    """Make sure that an error is said in one plain line, with advice."""
    assert "\n" not in error.title
    assert len(error.title) < 160
    assert error.advice


def read_last_planes(path: Path) -> None:
    """Read the last plane of every scene of a file."""
    with open_image(path) as image:
        for index, scene in enumerate(image.info.scenes):
            image.plane(index, *(size - 1 for size in scene.shape[:3]))
