"""Many low-resolution exposures of one high-resolution field: found, averaged, made into pairs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from superlens.core.errors import SuperlensError
from superlens.core.jobs import FrameFile, PairFile


@dataclass(frozen=True, slots=True)
class Exposure:
    """One low-resolution picture in a file."""

    path: Path
    frame: int | None = None
    """Along T; None is all that the file holds."""


@dataclass(frozen=True, slots=True)
class FieldFiles:
    """The files of one field of view."""

    field: str
    high: Path
    lows: tuple[Exposure, ...]
    """In the order in which they were taken."""
    well: str = ""


def pairs_of(field: FieldFiles, average: int) -> tuple[PairFile, ...]:
    """Give the pairs of a field: its high picture with each of its exposures, or means of some.

    Args:
        field: files of several frames count as that many exposures.
        average: how many exposures in a row are averaged; what is left over is not used.

    Returns:
        Pairs with absolute paths; none where there are fewer than `average` exposures.
    """
    exposures = [exposure for low in field.lows for exposure in _frames(low)]
    return tuple(_pair(field, chunk) for chunk in _chunks(exposures, average))


def _frames(low: Exposure) -> tuple[Exposure, ...]:
    """Give the frames of a file; an unreadable one stays whole and is judged later, by name."""
    from superlens.io.reading import probe_safely

    if low.frame is not None:
        return (low,)
    try:
        count = probe_safely(low.path).scenes[0].size("T")
    except SuperlensError:
        return (low,)
    return (low,) if count == 1 else tuple(Exposure(low.path, frame) for frame in range(count))


def _chunks(exposures: Sequence[Exposure], size: int) -> Iterator[Sequence[Exposure]]:
    """Give runs of exposures that are averaged; frames are averaged within their file only."""
    files: dict[Path | None, list[Exposure]] = {}
    for exposure in exposures:
        key = None if exposure.frame is None else exposure.path
        files.setdefault(key, []).append(exposure)
    for ours in files.values():
        for start in range(0, len(ours) - size + 1, size):
            yield ours[start : start + size]


def _pair(field: FieldFiles, chunk: Sequence[Exposure]) -> PairFile:
    frames = tuple(one.frame for one in chunk if one.frame is not None)
    others = () if frames else tuple(FrameFile(str(one.path)) for one in chunk[1:])
    return PairFile(
        str(chunk[0].path),
        str(field.high),
        field_id=field.field,
        well=field.well,
        low_frames=frames,
        low_others=others,
    )
