"""Restoring planes with a method that samples images as a whole and cuts its tiles by itself.

Samples come one after the other into an array on disk; what they say together is streamed. Noise
and borders are the method's, context, brightness, statistics and memory are settled here.
"""

from collections.abc import Iterator

import numpy as np

from superlens.core.errors import OutOfMemory
from superlens.core.jobs import Roi
from superlens.core.method import Array
from superlens.engine.conservation import REACH_PX, conserve_local_mean
from superlens.engine.hint import put_hint
from superlens.engine.image_access import (
    CanvasReader,
    SampleIntake,
    SamplingRun,
    image_seed,
)
from superlens.engine.plane_job import Plane, PlaneJob, PlaneSink, TileTick
from superlens.engine.restorer import Restorer
from superlens.engine.sample_statistics import (
    Place,
    SampleStatistics,
    foreground_threshold,
)
from superlens.engine.scratch import Canvases
from superlens.engine.tiling import Block, Grid

TICKS_PER_SAMPLE = 100
_FIRST_TOGETHER = 2
"""Samples that are drawn together at first, so that there is soon a mean to look at."""
_MOST_TOGETHER = 8
"""Samples that are drawn together later, where so many fit into a tile."""
_BAND_PX = 1 << 20
"""High-resolution pixels that are worked on at a time."""
_MOST_FOR_THRESHOLD = 1 << 20
"""Pixels of a sample that its threshold is taken from."""


def canvas_of(roi: Roi, shape: tuple[int, int], grid: Grid) -> Roi:
    """Give what a method samples so that a region comes out as it does in the whole image.

    Args:
        roi: what is wanted.
        shape: (Y, X) of the image.
        grid: what the method needs.

    Returns:
        The region and the context around it, out to the border of the image at most; its corner
        and sides are divisible by `grid.multiple`, for which it may reach beyond the border.
    """
    top, height = _with_context((roi.y, roi.height), shape[0], grid)
    left, width = _with_context((roi.x, roi.width), shape[1], grid)
    return Roi(left, top, width, height)


def sample_plane(
    restorer: Restorer, plane: Plane, job: PlaneJob, sink: PlaneSink, on_tile: TileTick
) -> None:
    """Draw the samples of one plane; see `engine.restoration.restore_plane`.

    Without any wanted sample the first one is the answer. When memory ends, the sample that was
    being drawn is begun again with tiles of half the side; the finished ones are kept.
    """
    if job.has_maps:
        put_hint(restorer, plane, job, sink)
    _PlaneSampling(restorer, plane, job, sink, on_tile).do()


class _PlaneSampling:
    """The samples of one plane."""

    def __init__(
        self,
        restorer: Restorer,
        plane: Plane,
        job: PlaneJob,
        sink: PlaneSink,
        on_tile: TileTick,
    ) -> None:
        self._restorer, self._job, self._sink, self._on_tile = restorer, job, sink, on_tile
        self._scale = restorer.card.scale
        self._canvas = canvas_of(job.roi, plane[1], restorer.grid)
        self._reader = CanvasReader(plane, self._canvas, job.normalisation)
        self._canvases = job.canvases or Canvases()
        self._count = max(1, job.samples)
        self._shape = (job.roi.height * self._scale, job.roi.width * self._scale)
        self._statistics = SampleStatistics(
            self._shape, self._count, self._canvases.array, job.has_maps
        )
        self._has_persistence = job.has_maps and self._count > 1
        if self._has_persistence:
            self._conserved = self._canvases.array("conserved", self._shape)
            self._foreground = self._canvases.array("foreground", self._shape)
        self._done = 0

    def do(self) -> None:
        tile = self._restorer.tile
        height, width = min(tile, self._canvas.height), min(tile, self._canvas.width)
        self._restorer.try_precision(self._reader.read(0, 0, height, width)[0])
        while self._done < self._count:
            self._draw(range(self._done, min(self._done + self._together(), self._count)))
        self._finish()

    def _together(self) -> int:
        """Give how many samples fill a tile."""
        room = self._restorer.tile**2 // (self._canvas.height * self._canvas.width)
        return min(max(1, room), _MOST_TOGETHER if self._done else _FIRST_TOGETHER)

    def _draw(self, samples: range) -> None:
        restorer, shortage = self._restorer, None
        intake = SampleIntake(
            (self._canvas.height * self._scale, self._canvas.width * self._scale),
            samples,
            self._canvases.array,
            self._take,
        )

        def tell(done: int, total: int) -> None:
            part = len(samples) * min(done, total) / max(1, total)
            ticks = round(TICKS_PER_SAMPLE * (samples.start + part))
            self._on_tile(ticks, TICKS_PER_SAMPLE * self._count)

        seed = image_seed(restorer.run.seed, self._job.image)
        run = SamplingRun(restorer.context, restorer.device.id, seed, tell)
        tell(0, 1)
        try:
            restorer.sample_image(self._reader, intake, samples, run)
        except OutOfMemory as error:
            if intake.is_handing_on:
                raise
            # Only text leaves: the error itself would keep the tensors of the tile alive.
            shortage = error.detail or error.title
        if shortage is None:
            intake.require_all()
        else:
            restorer.shrink(max(self._canvas.height, self._canvas.width), shortage)

    def _take(self, index: int, sample: Array) -> None:
        """Take a whole sample (Y, X) of the canvas, normalised."""
        for place in self._bands():
            self._restorer.context.check()
            band = self._conserved_band(place, sample)
            self._statistics.add(index, place, band)
            if self._has_persistence:
                self._conserved[place] = band
            if self._job.samples:
                self._put(str(index), place, self._job.normalisation.invert(band))
        if self._has_persistence:
            self._count_foreground()
        self._done = index + 1
        if self._done > 1:
            self._put_mean()
            self._job.on_mean(self._done)
        self._on_tile(TICKS_PER_SAMPLE * self._done, TICKS_PER_SAMPLE * self._count)

    def _conserved_band(self, place: Place, sample: Array) -> Array:
        """Cut a band out of a sample, with the local mean of the input unless units are its own."""
        scale, roi, canvas = self._scale, self._job.roi, self._canvas
        top, left = roi.y - canvas.y + place[0].start // scale, roi.x - canvas.x
        height, width = (place[0].stop - place[0].start) // scale, roi.width
        first_row, first_column = max(0, top - REACH_PX), max(0, left - REACH_PX)
        last_row = min(canvas.height, top + height + REACH_PX)
        last_column = min(canvas.width, left + width + REACH_PX)
        high = np.array(
            sample[first_row * scale : last_row * scale, first_column * scale : last_column * scale]
        )
        if self._restorer.card.normalisation.output is None:
            low = self._reader.read(
                first_row, first_column, last_row - first_row, last_column - first_column
            )
            high = conserve_local_mean(low[0], high, scale)
        row, column = (top - first_row) * scale, (left - first_column) * scale
        return high[row : row + height * scale, column : column + width * scale]

    def _count_foreground(self) -> None:
        step = max(1, int(np.ceil(np.sqrt(self._conserved.size / _MOST_FOR_THRESHOLD))))
        thin = [self._conserved[place][::step, ::step].copy() for place in self._bands()]
        threshold = foreground_threshold(np.concatenate([part.ravel() for part in thin]))
        for place in self._bands():
            self._restorer.context.check()
            self._foreground[place] += self._conserved[place] > threshold

    def _finish(self) -> None:
        self._put_mean()
        if self._count < 2:
            return
        normalisation, factor = self._job.normalisation, self._restorer.spread_factor
        for place in self._bands():
            self._restorer.context.check()
            spread = np.multiply(factor, self._statistics.spread(place), dtype=np.float32)
            self._put("spread", place, normalisation.invert_spread(spread))
            if not self._job.has_maps:
                continue
            ends = self._statistics.interval(place, factor)
            for kind, end in zip(("interval_low", "interval_high"), ends, strict=True):
                self._put(kind, place, normalisation.invert(end))
            share = np.divide(self._foreground[place], self._count, dtype=np.float32)
            self._put("persistence", place, share)

    def _put_mean(self) -> None:
        for place in self._bands():
            mean = self._job.normalisation.invert(self._statistics.mean(place))
            self._put("mean", place, mean)

    def _put(self, kind: str, place: Place, pixels: Array) -> None:
        self._sink.put(kind, Block(place[0].start, place[1].start, pixels))

    def _bands(self) -> Iterator[Place]:
        """Give the plane in bands of whole rows of low-resolution pixels."""
        height, width = self._shape
        rows = max(1, _BAND_PX // (width * self._scale)) * self._scale
        for top in range(0, height, rows):
            yield slice(top, min(top + rows, height)), slice(0, width)
            self._canvases.relieve()


def _with_context(part: tuple[int, int], size: int, grid: Grid) -> tuple[int, int]:
    """Give start and length of a part of one axis with its context."""
    start, length = part
    margin, multiple = max(grid.halo, REACH_PX), grid.multiple
    first = max(0, start - margin) // multiple * multiple
    last = -(-min(size, start + length + margin) // multiple) * multiple
    return first, last - first
