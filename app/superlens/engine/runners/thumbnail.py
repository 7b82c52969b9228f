"""The thumbnail job: what files hold, and a small picture of each of their scenes.

Torch-free. What came of each file is a line of the findings; one that cannot be read stops none.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import JobCancelled, SuperlensError, describe_error
from superlens.core.jobs import FileFinding, FileToLookAt, Roi, ThumbnailRequest
from superlens.core.records import ResultRecord, SceneInfo
from superlens.engine.context import JobContext
from superlens.engine.device import describe_cpu
from superlens.io.atomic import replace_file
from superlens.io.findings import findings_file
from superlens.io.images import ImageSource
from superlens.io.reading import open_safely

MOST_SCENES = 8
TURN_S = 0.5
"""After so long no further file is begun: whoever waits for the lane is next."""

_BAND_PIXELS = 1 << 22
_CONTRAST = (0.5, 99.7)
"""Percentiles of a small picture that become black and full colour."""
_GREY = ((1.0, 1.0, 1.0),)
_COLOURS = ((0.0, 1.0, 0.0), (1.0, 0.0, 1.0), (0.0, 0.6, 1.0), (1.0, 0.7, 0.0))
"""Green and magenta first: told apart by nearly everyone; further channels in blue and orange."""


def run(job_id: str, request: ThumbnailRequest, context: JobContext) -> ResultRecord:
    """Look at files until the turn is over, at one at least; see `engine.execute.execute`.

    Raises:
        SuperlensError: the findings cannot be written.
    """
    over_s = time.monotonic() + TURN_S
    count = len(request.files)
    with findings_file(Path(request.findings)) as add:
        context.accept("")
        for number, file in enumerate(request.files, start=1):
            context.check()
            add(_finding(file, request, context))
            context.progress("Looking", number, count)
            if time.monotonic() > over_s:
                break
    return ResultRecord(job_id, request.kind.value, "", device=describe_cpu().name)


def _finding(file: FileToLookAt, request: ThumbnailRequest, context: JobContext) -> FileFinding:
    try:
        with open_safely(Path(file.path)) as source:
            if request.has_pictures:
                _write_pictures(source, file, request.side_px, context)
            return FileFinding(info=source.info)
    except JobCancelled:
        raise
    except SuperlensError as error:
        return FileFinding(error=describe_error(error))


def _write_pictures(
    source: ImageSource, file: FileToLookAt, side_px: int, context: JobContext
) -> None:
    for scene in range(min(len(source.info.scenes), MOST_SCENES)):
        picture = scene_picture(source, scene, side_px, context)
        _write_png(Path(file.out) / f"scene-{scene}.png", picture)


def scene_picture(
    source: ImageSource, scene: int, side_px: int, context: JobContext
) -> NDArray[np.uint8]:
    """Give a small picture of a scene: first time, middle depth, channels merged in colours.

    Args:
        source: the opened image.
        scene: index of the scene.
        side_px: longest side of the picture.
        context: asked between bands whether to go on.

    Returns:
        (Y, X, 3) uint8.
    """
    info = source.info.scenes[scene]
    if info.is_rgb:
        return _stretched_rgb(_reduced_plane(source, (scene, 0, 0, 0), side_px, context), info)
    channels = range(min(info.size("C"), len(_COLOURS)))
    colours = _GREY if len(channels) == 1 else _COLOURS
    grey = [
        _stretched(
            _reduced_plane(source, (scene, 0, channel, info.size("Z") // 2), side_px, context)
        )
        for channel in channels
    ]
    merged = np.stack(grey, axis=-1) @ np.asarray(colours[: len(channels)])  # (Y, X, 3)
    return (np.clip(merged, 0, 1) * 255).round().astype(np.uint8)


def _reduced_plane(
    source: ImageSource, place: tuple[int, int, int, int], side_px: int, context: JobContext
) -> NDArray[np.float32]:
    """Give a plane averaged over square blocks, read band by band: (y, x) or (y, x, 3).

    Where the file holds a pyramid, its smallest level that is large enough is read.
    """
    sizes = source.info.scenes[place[0]].levels
    level = max(index for index, size in enumerate(sizes) if index == 0 or max(size) >= side_px)
    height, width = sizes[level]
    block = max(1, -(-max(height, width) // side_px))
    band = max(1, _BAND_PIXELS // (width * block)) * block
    rows: list[NDArray[np.float32]] = []
    for top in range(0, height, band):
        context.check()
        roi = Roi(0, top, width, min(band, height - top))
        pixels = source.region(*place, roi, level=level)
        rows.append(_block_mean(pixels.astype(np.float32), block))
    return np.concatenate(rows)


def _block_mean(pixels: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Average blocks along the first two axes; those cut off by the border are averaged as well."""
    for axis in (0, 1):
        size = pixels.shape[axis]
        starts = list(range(0, size, block))
        sizes = [min(block, size - start) for start in starts]
        shape = [1] * pixels.ndim
        shape[axis] = len(sizes)
        sums = np.add.reduceat(pixels, starts, axis=axis)
        pixels = np.divide(sums, np.asarray(sizes, np.float32).reshape(shape), dtype=np.float32)
    return pixels


def _stretched(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map the bulk of the values to 0..1; values that are not numbers become black."""
    finite = small[np.isfinite(small)]
    if finite.size == 0:
        return np.zeros_like(small)
    low, high = (float(value) for value in np.percentile(finite, _CONTRAST))
    span = high - low if high > low else 1.0
    return np.nan_to_num(np.clip((small - low) / span, 0, 1), nan=0.0)


def _stretched_rgb(small: NDArray[np.float32], info: SceneInfo) -> NDArray[np.uint8]:
    dtype = np.dtype(info.dtype)
    full = float(np.iinfo(dtype).max) if dtype.kind in "ui" else float(small.max()) or 1.0
    return (np.clip(small / full, 0, 1) * 255).round().astype(np.uint8)


def _write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    image: Any
    from PIL import Image

    image = Image.fromarray(picture)
    with replace_file(path) as part:
        image.save(part, format="PNG")
