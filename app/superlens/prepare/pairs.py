"""Low and high pictures of the same field in files: how they are read.

Files are decoded in a reader process, one for each process that reads pairs; a hash that a recipe
states is checked.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from superlens.core.errors import InvalidInput, MissingFile, UnsupportedImage
from superlens.core.jobs import FrameFile, PairFile
from superlens.core.method import Array
from superlens.prepare.alignment import aligned


def read_pair(pair: PairFile, folder: Path | None, scale: int) -> tuple[Array, Array]:
    """Read both pictures of a pair, averaged and aligned as it says.

    Args:
        pair: names relative to `folder`, or absolute.
        folder: the data folder of a recipe.
        scale: high-resolution pixels per low-resolution pixel.

    Returns:
        Low (Y, X) and high (Y * scale, X * scale), float32, in the units of their files.

    Raises:
        InvalidInput: a file is missing, changed, no single-channel picture, or of the wrong size.
    """
    low, high = read_low(pair, folder), read_high(pair, folder)
    if pair.alignment is not None:
        return aligned(low, high, pair.alignment, scale)
    wanted = (low.shape[0] * scale, low.shape[1] * scale)
    if high.shape != wanted:
        raise InvalidInput(
            f"{pair.high!r} has {high.shape[0]} x {high.shape[1]} pixels, but {wanted[0]} x "
            f"{wanted[1]} belong to {pair.low!r} at x{scale}",
            "Crop or bin one of the two",
        )
    return low, high


def read_low(pair: PairFile, folder: Path | None) -> Array:
    """Read the low picture of a pair as (Y, X) float32: the mean of its frames and files.

    Raises:
        InvalidInput: as `read_picture`, or its files differ in size.
    """
    files = (FrameFile(pair.low, pair.low_sha256), *pair.low_others)
    pictures = [
        read_picture(_resolved(file.name, folder), file.sha256, pair.low_frames) for file in files
    ]
    if len(pictures) == 1:
        return pictures[0]
    for file, picture in zip(files, pictures, strict=True):
        if picture.shape != pictures[0].shape:
            raise InvalidInput(
                f"{file.name!r} and {pair.low!r} cannot be averaged: they differ in size",
                "Average exposures of one field only",
            )
    return np.asarray(np.mean(pictures, axis=0, dtype=np.float64), np.float32)


def read_high(pair: PairFile, folder: Path | None) -> Array:
    """Read the high picture of a pair as (Y, X) float32, not aligned; errors as `read_picture`."""
    return read_picture(_resolved(pair.high, folder), pair.high_sha256)


def read_picture(path: Path, sha256: str | None = None, frames: tuple[int, ...] = ()) -> Array:
    """Read a single-channel plane, or the mean of some frames, as (Y, X) float32.

    Args:
        path: the file.
        sha256: of the whole file; None reads whatever is there.
        frames: along T; empty takes the only plane of the file.

    Raises:
        MissingFile: it is not there.
        InvalidInput: changed since its hash was taken, or there is no such frame.
        UnsupportedImage: colour, or more planes than were asked for.
    """
    from superlens.io.hashing import sha256_of
    from superlens.io.reading import open_safely

    if not path.exists():
        raise MissingFile(f"The image {str(path)!r} is not there")
    if sha256 is not None and sha256_of(path) != sha256:
        raise InvalidInput(
            f"{path.name!r} is not the file that the recipe was written for",
            "Its SHA-256 differs: fetch the original, or write the recipe anew",
        )
    with open_safely(path) as source:
        scene = source.info.scenes[0]
        planes = math.prod(scene.size(axis) for axis in ("CZ" if frames else "TCZ"))
        if scene.is_rgb or planes != 1:
            raise UnsupportedImage(
                f"{path.name!r} holds {'colour' if scene.is_rgb else f'{planes} planes'}",
                "Training and judging take single-channel planes, one per file",
            )
        total = np.zeros((scene.size("Y"), scene.size("X")))
        for frame in frames or (0,):
            total += source.plane(0, frame, 0, 0)
        return (total / max(1, len(frames))).astype(np.float32)


def with_hashes(
    pairs: Sequence[PairFile], folder: Path | None, check: Callable[[], None] | None = None
) -> tuple[PairFile, ...]:
    """Give pairs that state the SHA-256 of each of their files; every file is read once.

    Args:
        pairs: whose hashes, if any, are taken anew.
        folder: what their names are relative to; None where they are absolute.
        check: called every few MiB; may raise to stop.

    Raises:
        MissingFile: a file is not there.
    """
    from superlens.io.hashing import sha256_of

    @functools.cache
    def hashed(name: str) -> str:
        return sha256_of(_resolved(name, folder), check)

    return tuple(
        replace(
            pair,
            low_sha256=hashed(pair.low),
            high_sha256=hashed(pair.high),
            low_others=tuple(FrameFile(o.name, hashed(o.name)) for o in pair.low_others),
        )
        for pair in pairs
    )


def in_units_of(high: Array, low: Array) -> Array:
    """Give the high picture in the units of the low one, by a straight line between the two.

    Two exposures, or two copies stretched to 8 bit each for itself, differ by gain and offset. The
    line is fitted from the block means of the high picture (nearly noise-free) to the low one.
    """
    scale = high.shape[0] // low.shape[0]
    height, width = low.shape
    binned = high.reshape(height, scale, width, scale).mean(axis=(1, 3), dtype=np.float64)
    spread = float(binned.var())
    if spread == 0:
        return high
    gain = float(((binned - binned.mean()) * (low - low.mean(dtype=np.float64))).mean()) / spread
    offset = float(low.mean(dtype=np.float64)) - gain * float(binned.mean())
    return (high * np.float32(gain) + np.float32(offset)).astype(np.float32)


def _resolved(name: str, folder: Path | None) -> Path:
    return Path(name) if folder is None else folder / name
