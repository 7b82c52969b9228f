"""The qualitative map that some methods give of an image: where it is hard for them."""

import numpy as np

from superlens.core.errors import Diverged, OutOfMemory
from superlens.core.method import Array, GivesHint
from superlens.engine.device import memory_errors_translated
from superlens.engine.plane_job import Plane, PlaneJob, PlaneSink
from superlens.engine.restorer import Restorer
from superlens.engine.tiling import Tile, TileBlender, plan_tiles, read_reflected

HINT = "schedule"
"""Kind of the map in a run folder."""


def put_hint(restorer: Restorer, plane: Plane, job: PlaneJob, sink: PlaneSink) -> None:
    """Put the map of one plane, tile by tile; nothing where the method gives none.

    When memory ends, it is begun again with tiles of half the side.

    Raises:
        Diverged: the map holds values that are not numbers.
        OutOfMemory: not even the smallest tile fits on the device.
    """
    if not isinstance(restorer.method, GivesHint):
        return
    while True:
        shortage = _try(restorer, restorer.method, (plane, job), sink)
        if shortage is None:
            return
        restorer.shrink(max(job.roi.width, job.roi.height), shortage)


def _try(
    restorer: Restorer, method: GivesHint, wanted: tuple[Plane, PlaneJob], sink: PlaneSink
) -> str | None:
    """Put the map; give what the device said when memory ended, or None."""
    (read, shape), job = wanted
    plan = plan_tiles(job.roi, shape, restorer.grid)
    blender = TileBlender(plan, np.zeros((plan.carry_height, plan.out_shape[1]), np.float32))
    for row in range(len(plan.rows)):
        for column in range(len(plan.columns)):
            restorer.context.check()
            tile = Tile(plan.rows[row], plan.columns[column])
            low = job.normalisation.apply(read_reflected(read, shape, tile))
            try:
                with memory_errors_translated():
                    found = _hint(restorer, method, low)
            except OutOfMemory as error:
                return error.detail or error.title
            sink.put(HINT, blender.blend(row, column, found))
    return None


def _hint(restorer: Restorer, method: GivesHint, low: Array) -> Array:
    found = method.hint(restorer.network, low[None], restorer.params, restorer.run)[0]
    if not np.isfinite(found).all():
        raise Diverged(f"The map of the model {restorer.card.id} holds values that are no numbers")
    return found
