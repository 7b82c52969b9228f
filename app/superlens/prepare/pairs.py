"""Low and high pictures of the same field in files: which belong together, and how they are read.

Files are read through `io.images`; a hash that a recipe states is checked.
"""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from superlens.core.errors import InvalidInput, MissingFile, UnsupportedImage
from superlens.core.jobs import PairFile
from superlens.core.method import Array
from superlens.io.image_names import IMAGE_SUFFIXES, without_ending

_LOW_WORDS = frozenset({"low", "lr", "lowres", "lowsnr", "input", "raw"})
_HIGH_WORDS = frozenset({"high", "hr", "gt", "highres", "highsnr", "target", "truth"})


def match_by_name(low: Path, high: Path) -> tuple[PairFile, ...]:
    """Pair the images of two folders by their names.

    Names that differ only in words such as `low`, `high`, `lr`, `gt` belong together.

    Args:
        low: folder of low-resolution images.
        high: folder of high-resolution images; may be the same folder.

    Returns:
        Pairs with absolute paths, sorted by name; the field is the name without those words.

    Raises:
        MissingFile: a folder is not there.
        InvalidInput: no pairs, an image without a partner, or two that could be the same field.
    """
    lows, highs = _images_by_field(low, "low"), _images_by_field(high, "high")
    lonely = sorted(lows.keys() ^ highs.keys())
    if lonely:
        images = lows | highs
        raise InvalidInput(
            f"{images[lonely[0]].name!r} has no partner of the same name",
            f"{len(lonely)} of {len(lows.keys() | highs.keys())} fields lack one of their two "
            "images; name them alike or move them away",
        )
    if not lows:
        raise InvalidInput(f"There are no images in {str(low)!r}", "Choose a folder with images")
    return tuple(
        PairFile(str(lows[name]), str(highs[name]), field_id=name) for name in sorted(lows)
    )


def read_pair(pair: PairFile, folder: Path | None, scale: int) -> tuple[Array, Array]:
    """Read both pictures of a pair.

    Args:
        pair: names relative to `folder`, or absolute.
        folder: the data folder of a recipe.
        scale: high-resolution pixels per low-resolution pixel.

    Returns:
        Low (Y, X) and high (Y * scale, X * scale), float32, in the units of their files.

    Raises:
        InvalidInput: a file is missing, changed, no single-channel picture, or of the wrong size.
    """
    low = read_picture(_resolved(pair.low, folder), pair.low_sha256)
    high = read_picture(_resolved(pair.high, folder), pair.high_sha256)
    wanted = (low.shape[0] * scale, low.shape[1] * scale)
    if high.shape != wanted:
        raise InvalidInput(
            f"{pair.high!r} has {high.shape[0]} x {high.shape[1]} pixels, but {wanted[0]} x "
            f"{wanted[1]} belong to {pair.low!r} at x{scale}",
            "Crop or bin one of the two",
        )
    return low, high


def read_picture(path: Path, sha256: str | None = None) -> Array:
    """Read a file that holds one single-channel plane as (Y, X) float32.

    Raises:
        InvalidInput: missing, changed since its hash was taken, or more than one plane.
    """
    from superlens.io.hashing import sha256_of
    from superlens.io.images import open_image

    if not path.is_file():
        raise MissingFile(f"The image {str(path)!r} is not there")
    if sha256 is not None and sha256_of(path) != sha256:
        raise InvalidInput(
            f"{path.name!r} is not the file that the recipe was written for",
            "Its SHA-256 differs: fetch the original, or write the recipe anew",
        )
    with open_image(path) as source:
        scene = source.info.scenes[0]
        planes = int(np.prod([scene.size(axis) for axis in "TCZ"]))
        if scene.is_rgb or planes != 1:
            raise UnsupportedImage(
                f"{path.name!r} holds {'colour' if scene.is_rgb else f'{planes} planes'}",
                "Training and judging take single-channel planes, one per file",
            )
        return source.plane(0, 0, 0, 0).astype(np.float32)


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


def _images_by_field(folder: Path, side: str) -> dict[str, Path]:
    if not folder.is_dir():
        raise MissingFile(f"The folder {str(folder)!r} is not there")
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES]
    foreign = _HIGH_WORDS if side == "low" else _LOW_WORDS
    ours = [path for path in files if foreign.isdisjoint(_words(path))]
    twice = [name for name, count in Counter(map(_field, ours)).items() if count > 1]
    if twice:
        same = ", ".join(repr(path.name) for path in ours if _field(path) == twice[0])
        raise InvalidInput(
            f"These could all be the field {twice[0]!r}: {same}", "Rename all but one"
        )
    return {_field(path): path.resolve() for path in ours}


def _words(path: Path) -> list[str]:
    name = without_ending(path.name.lower())
    return [word for word in re.split(r"[_\-. ]+", name) if word]


def _field(path: Path) -> str:
    return (
        "_".join(word for word in _words(path) if word not in _LOW_WORDS | _HIGH_WORDS) or path.stem
    )
