"""Restoring planes with a loaded model: tiles, samples, memory; no files are written here.

The restore runner streams planes to disk with `restore_plane`; whoever needs one plane in memory,
such as the measure runner, calls `restore_plane_samples`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import OutOfMemory
from superlens.core.jobs import Roi
from superlens.core.method import Array, MethodSpec
from superlens.engine.image_reading import PlaneIndex, open_plane
from superlens.engine.image_sampling import sample_plane
from superlens.engine.plane_job import Plane, PlaneJob, PlaneSink, TileTick, image_key
from superlens.engine.restorer import Restorer
from superlens.engine.sample_statistics import SampleStatistics
from superlens.engine.scratch import Canvases
from superlens.engine.tiling import Block, Tile, TileBlender, TilePlan, plan_tiles, read_reflected
from superlens.prepare.normalisation import PlaneSource, measure_normalisation, sample_stack

ONE_SAMPLE = (
    "What is shown is one sample of many possible ones, without a spread: detail in it may be "
    "missing from others; ask for 2 samples or more to see where they differ"
)
"""Said where fewer than two samples of a posterior are drawn."""
_ALL = (slice(None), slice(None))


@dataclass(frozen=True, slots=True)
class PlaneAnswer:
    """One restored plane in memory, in the units of the input."""

    mean: NDArray[np.float32]
    """(Y * scale, X * scale): mean over the samples, or the single answer without any."""
    spread: NDArray[np.float32] | None
    """Standard deviation over the samples (ddof 1), of the same shape; None with fewer than two."""
    samples: tuple[NDArray[np.float32], ...]
    """In the order of their index, each of the shape of the mean."""


def restore_plane_samples(
    restorer: Restorer, source: PlaneSource, where: PlaneIndex, samples: int = 0
) -> PlaneAnswer:
    """Restore one whole plane in memory: mean, spread and every sample.

    Exactly what the restore runner writes to disk for this plane: the same normalisation over the
    whole stack of the channel, the same tiles and samples, the same conserved local mean::

        with open_restorer(model, params, compute, seed, context) as restorer:
            answer = restore_plane_samples(restorer, source, PlaneIndex(scene=0, c=1), samples=8)

    Args:
        restorer: the loaded model.
        source: the opened image.
        where: scene, time, channel and depth of the plane.
        samples: how many; 0 gives the single answer and no spread. More than the method has are
            lowered to what it has (`allowed_samples`).

    Returns:
        float32 arrays of (Y * scale, X * scale), in the units of the input.

    Raises:
        InvalidInput: the image is constant or holds values that are not numbers.
        JobCancelled: the user asked to stop.
        OutOfMemory: not even the smallest tile fits on the device.
    """
    info = source.info.scenes[where.scene]
    whole = Roi(0, 0, info.size("X"), info.size("Y"))
    pixels = sample_stack(source, where.scene, where.c)
    normalisation = measure_normalisation(restorer.card.normalisation, pixels)
    count = allowed_samples(restorer.spec, samples)
    sink = _MemorySink(restorer.card.scale * whole.height, restorer.card.scale * whole.width)
    job = PlaneJob(whole, normalisation, count, image=image_key(pixels))
    restore_plane(restorer, open_plane(source, where), job, sink)
    kept = tuple(sink.planes[str(index)] for index in range(count))
    return PlaneAnswer(sink.planes["mean"], sink.planes.get("spread"), kept)


def allowed_samples(spec: MethodSpec, wanted: int) -> int:
    """Give how many samples a method really gives when so many are wanted."""
    if spec.sampling is None:
        return 0
    return wanted if spec.sampling.limit is None else min(wanted, spec.sampling.limit)


def restore_plane(
    restorer: Restorer,
    plane: Plane,
    job: PlaneJob,
    sink: PlaneSink,
    on_tile: TileTick = lambda done, total: None,
) -> None:
    """Restore one plane; memory is bounded for any size.

    It goes tile by tile, unless the method samples images as a whole. When memory ends, the plane
    is begun again with tiles of half the side, down to 64.

    Args:
        restorer: the loaded model; its `tile` shrinks when memory ends.
        plane: reader of rectangles and shape (Y, X) of the whole plane.
        job: what to restore.
        sink: takes `mean`, with two samples or more `spread`, every sample, and what else the job
            wants.
        on_tile: told at the beginning and after every tile.

    Raises:
        JobCancelled: the user asked to stop.
        OutOfMemory: not even the smallest tile fits on the device.
    """
    if restorer.samples_images:
        sample_plane(restorer, plane, job, sink, on_tile)
        return
    while True:
        shortage = _try_plane(restorer, plane, job, sink, on_tile)
        if shortage is None:
            return
        restorer.shrink(max(job.roi.width, job.roi.height), shortage)


def _try_plane(
    restorer: Restorer,
    plane: Plane,
    job: PlaneJob,
    sink: PlaneSink,
    on_tile: TileTick,
) -> str | None:
    """Restore a plane; give what the device said when memory ended, or None."""
    work = _PlaneWork(restorer, plane, job, sink, on_tile)
    try:
        work.do()
    except OutOfMemory as error:
        # Only text leaves: the error itself would keep the tensors of the failed tile alive.
        return error.detail or error.title
    return None


class _PlaneWork:
    """One attempt at one plane."""

    def __init__(
        self,
        restorer: Restorer,
        plane: Plane,
        job: PlaneJob,
        sink: PlaneSink,
        on_tile: TileTick,
    ) -> None:
        self._restorer = restorer
        self._read, self._shape = plane
        self._job = job
        self._sink = sink
        self._on_tile = on_tile
        self._plan: TilePlan = plan_tiles(job.roi, self._shape, restorer.grid)
        self._indices = tuple(range(job.samples)) or (None,)
        self._done = 0

    def do(self) -> None:
        plan = self._plan
        self._on_tile(0, plan.tile_count * len(self._indices))
        blenders = [
            TileBlender(plan, np.zeros((plan.carry_height, plan.out_shape[1]), np.float32))
            for _ in self._indices
        ]
        for row in range(len(plan.rows)):
            for column in range(len(plan.columns)):
                self._do_tile(row, column, blenders)

    def _do_tile(self, row: int, column: int, blenders: list[TileBlender]) -> None:
        tile = Tile(self._plan.rows[row], self._plan.columns[column])
        self._restorer.context.check()
        pixels = read_reflected(self._read, self._shape, tile)
        low = self._job.normalisation.apply(pixels)
        self._restorer.try_precision(low)
        found, block = None, None
        for number, (index, blender) in enumerate(zip(self._indices, blenders, strict=True)):
            block = blender.blend(row, column, self._restored(low, index))
            found = found or self._statistics(block)
            found.add(number, _ALL, block.pixels)
            if index is not None:
                self._put(str(index), block, self._job.normalisation.invert(block.pixels))
        assert block is not None
        assert found is not None
        self._put("mean", block, self._job.normalisation.invert(found.mean(_ALL)))
        if len(self._indices) > 1:
            self._put_spread(block, found)

    def _statistics(self, block: Block) -> SampleStatistics:
        height, width = block.pixels.shape
        arrays = Canvases().array
        return SampleStatistics(
            (height, width),
            len(self._indices),
            arrays,
            self._job.has_maps and self._restorer.has_posterior,
        )

    def _put_spread(self, block: Block, found: SampleStatistics) -> None:
        normalisation, factor = self._job.normalisation, self._restorer.spread_factor
        spread = np.multiply(factor, found.spread(_ALL), dtype=np.float32)
        self._put("spread", block, normalisation.invert_spread(spread))
        if self._job.has_maps and self._restorer.has_posterior:
            low, high = found.interval(_ALL, factor)
            self._put("interval_low", block, normalisation.invert(low))
            self._put("interval_high", block, normalisation.invert(high))

    def _put(self, kind: str, block: Block, pixels: NDArray[np.float32]) -> None:
        self._sink.put(kind, Block(block.top, block.left, pixels))

    def _restored(self, low: Array, index: int | None) -> Array:
        self._restorer.context.check()
        high = self._restorer.answer(low, index)
        self._done += 1
        self._on_tile(self._done, self._plan.tile_count * len(self._indices))
        return high


class _MemorySink:
    """Keeps everything of one plane."""

    def __init__(self, height: int, width: int) -> None:
        self._shape = (height, width)
        self.planes: dict[str, NDArray[np.float32]] = {}

    def put(self, kind: str, block: Block) -> None:
        if kind not in self.planes:
            self.planes[kind] = np.zeros(self._shape, np.float32)
        self.planes[kind][block.place] = block.pixels
