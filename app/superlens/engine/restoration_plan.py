"""What a restoration will do, decided before it begins: samples, time, room on the disk.

Torch-free.
"""

from collections.abc import Callable
from dataclasses import dataclass

from superlens.core.errors import InvalidParameter
from superlens.core.jobs import KeepSamples, RestoreRequest
from superlens.engine.image_reading import Subject
from superlens.engine.restoration import allowed_samples
from superlens.engine.restorer import Restorer
from superlens.engine.tiling import plan_tiles

LONGEST_SPREAD_S = 300.0
"""On a CPU the spread is left out by default where it would take longer."""
_PYRAMID = 4 / 3
"""Room for a file with its pyramid, in room for its pixels."""


@dataclass(frozen=True, slots=True)
class RestorationPlan:
    """How much there is to do."""

    samples: int
    """0 for the single answer."""
    is_kept: bool
    """Whether the samples stay on disk."""
    planes: int
    tiles: int
    """Of one plane."""
    seconds: float
    """Estimated."""
    needed_bytes: int
    """On disk while it runs: scratch and results; compression is not counted on."""

    def sentence(self, device: str) -> str:
        """Say the plan in one sentence."""
        samples = f", {self.samples} samples" if self.samples else ""
        return (
            f"{device}: {_counted(self.planes, 'plane')} of {_counted(self.tiles, 'tile')}"
            f"{samples}, about {in_words(self.seconds)}"
        )


def plan_restoration(
    request: RestoreRequest, subject: Subject, restorer: Restorer, warn: Callable[[str], None]
) -> RestorationPlan:
    """Decide how many samples to draw and estimate time and room.

    Raises:
        InvalidParameter: samples of a region are to be kept, and there is no region.
    """
    if request.keep_samples is KeepSamples.ROI and request.roi is None:
        raise InvalidParameter(
            "Samples of a region are to be kept, but there is no region",
            "Give a region, or keep all samples or none",
        )
    tiles = plan_tiles(subject.roi, subject.plane_shape, restorer.grid)
    planes = len(subject.planes)
    computed_px = tiles.computed_px * planes
    single_s = restorer.seconds_per_px(computed_px) * computed_px
    samples = _settled_samples(request.samples, restorer, single_s, warn)
    is_kept = samples > 0 and request.keep_samples is not KeepSamples.NONE
    outputs = 1 + (samples > 1) + (samples if is_kept else 0)
    low_bytes = 4 * planes * subject.roi.width * subject.roi.height
    pixels = low_bytes * (outputs * restorer.card.scale**2 + 1)
    return RestorationPlan(
        samples=samples,
        is_kept=is_kept,
        planes=planes,
        tiles=tiles.tile_count,
        seconds=single_s * max(1, samples),
        needed_bytes=int(pixels * (1 + _PYRAMID)),
    )


def in_words(seconds: float) -> str:
    """Give a duration as people say it, such as `3 minutes`."""
    for size, name in ((3600.0, "hour"), (60.0, "minute")):
        if seconds >= 1.5 * size:
            return _counted(round(seconds / size), name)
    return _counted(max(1, round(seconds)), "second")


def _settled_samples(
    wanted: int | None, restorer: Restorer, single_s: float, warn: Callable[[str], None]
) -> int:
    sampling = restorer.spec.sampling
    if wanted is not None and wanted < 0:
        raise InvalidParameter(f"{wanted} samples cannot be drawn", "Give 0 or more")
    if sampling is None:
        if wanted:
            warn(f"{restorer.spec.title} gives a single answer: there are no samples and no spread")
        return 0
    if wanted is None:
        if restorer.device.id == "cpu" and single_s * sampling.default > LONGEST_SPREAD_S:
            warn(
                f"The spread was left out: on this CPU it would take about "
                f"{in_words(single_s * sampling.default)}; ask for samples to get it"
            )
            return 0
        return sampling.default
    allowed = allowed_samples(restorer.spec, wanted)
    if allowed < wanted:
        warn(f"{wanted} samples were asked for, but {restorer.spec.title} has only {allowed}")
    return allowed


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
