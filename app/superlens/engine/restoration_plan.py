"""What a restoration will do, decided before it begins: samples, time, room on the disk.

Torch-free.
"""

from collections.abc import Callable
from dataclasses import dataclass

from superlens.core.errors import InvalidParameter
from superlens.core.jobs import KeepSamples, RestoreRequest
from superlens.core.method import GivesHint, Sampling
from superlens.core.parameters import build
from superlens.engine.hint import HINT
from superlens.engine.image_reading import Subject
from superlens.engine.image_sampling import canvas_of
from superlens.engine.restoration import ONE_SAMPLE, allowed_samples
from superlens.engine.restorer import Restorer
from superlens.engine.sample_statistics import order_depth
from superlens.engine.tiling import plan_tiles

LONGEST_SPREAD_S = 300.0
"""On a CPU the spread is left out by default where it would take longer, that of a posterior rests
on fewer samples."""
FEWEST_SAMPLES = 4
"""Of a posterior that are drawn by default, however long they take."""
_CANVASES = 3
"""Arrays of the size of a sample that a method that samples whole images may take."""
_PLANES_AT_WORK = 4
"""Mean, squares, foreground, and the sample that it is told of."""
_PYRAMID = 4 / 3
"""Room for a file with its pyramid, in room for its pixels."""


@dataclass(frozen=True, slots=True)
class RestorationPlan:
    """How much there is to do."""

    samples: int
    """0 for the single answer."""
    outputs: tuple[str, ...]
    """Kinds of pictures to be made, as `PlaneSink.put` names them: those that stay on disk."""
    planes: int
    tiles: int
    """Of one plane; 0 where the method cuts them by itself."""
    seconds: float
    """Estimated."""
    needed_bytes: int
    """On disk while it runs: scratch and results; compression is not counted on."""

    def sentence(self, device: str) -> str:
        """Say the plan in one sentence."""
        samples = f", {self.samples} samples" if self.samples else ""
        tiles = f" of {_counted(self.tiles, 'tile')}" if self.tiles else ""
        return (
            f"{device}: {_counted(self.planes, 'plane')}{tiles}{samples}, "
            f"about {in_words(self.seconds)}"
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
    computed_px = tiles.computed_px
    if restorer.samples_images:
        canvas = canvas_of(subject.roi, subject.plane_shape, restorer.grid)
        computed_px = canvas.height * canvas.width
    planes = len(subject.planes)
    single_s = restorer.seconds_per_px(computed_px * planes) * computed_px * planes
    samples = _settled_samples(request.samples, restorer, single_s, warn)
    _warn_beyond_calibration(restorer, samples, warn)
    outputs = _outputs(request, restorer, samples)
    pixels = subject.roi.width * subject.roi.height
    fine = pixels * restorer.card.scale**2
    stacks = planes * (len(outputs) * fine + pixels)
    # A file with its pyramid beside what it is written from, and what one plane is worked out in.
    values = stacks * (1 + _PYRAMID) + _values_at_work(restorer, samples, (fine, computed_px))
    return RestorationPlan(
        samples=samples,
        outputs=outputs,
        planes=planes,
        tiles=0 if restorer.samples_images else tiles.tile_count,
        seconds=single_s * max(1, samples),
        needed_bytes=int(4 * values),
    )


def in_words(seconds: float) -> str:
    """Give a duration as people say it, such as `3 minutes`."""
    for size, name in ((3600.0, "hour"), (60.0, "minute")):
        if seconds >= 1.5 * size:
            return _counted(round(seconds / size), name)
    return _counted(max(1, round(seconds)), "second")


def _outputs(request: RestoreRequest, restorer: Restorer, samples: int) -> tuple[str, ...]:
    """Give the kinds of pictures that stay on disk."""
    kinds = ["mean"]
    if samples > 1:
        kinds.append("spread")
        if restorer.has_posterior:
            kinds += ["interval_low", "interval_high"]
        if restorer.samples_images:
            kinds.append("persistence")
    if restorer.samples_images and isinstance(restorer.method, GivesHint):
        kinds.append(HINT)
    if samples > 0 and request.keep_samples is not KeepSamples.NONE:
        kinds += [str(index) for index in range(samples)]
    return tuple(kinds)


def _values_at_work(restorer: Restorer, samples: int, px: tuple[int, int]) -> int:
    """Give how many values a method that samples whole images keeps at a time.

    Args:
        restorer: the loaded model.
        samples: how many are drawn.
        px: high-resolution pixels of the wanted plane, low-resolution ones of the sampled one.
    """
    if not restorer.samples_images:
        return 0
    fine, computed = px
    canvas = computed * restorer.card.scale**2
    return canvas * _CANVASES + fine * (_PLANES_AT_WORK + 2 * order_depth(samples))


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
        return _default_samples(sampling, restorer, single_s, warn)
    allowed = allowed_samples(restorer.spec, wanted)
    if allowed < wanted:
        warn(f"{wanted} samples were asked for, but {restorer.spec.title} has only {allowed}")
    if allowed < 2 and restorer.has_posterior:
        warn(ONE_SAMPLE)
    return allowed


def _default_samples(
    sampling: Sampling, restorer: Restorer, single_s: float, warn: Callable[[str], None]
) -> int:
    """Give how many samples to draw where nobody said it."""
    all_s = single_s * sampling.default
    if restorer.device.id != "cpu" or all_s <= LONGEST_SPREAD_S:
        return sampling.default
    if not restorer.has_posterior:
        warn(
            f"The spread was left out: on this CPU it would take about {in_words(all_s)}; ask for "
            "samples to get it"
        )
        return 0
    fitting = max(FEWEST_SAMPLES, int(LONGEST_SPREAD_S / single_s))
    samples = min(sampling.default, fitting)
    if samples < sampling.default:
        warn(
            f"Only {samples} samples are drawn instead of {sampling.default}, which would take "
            f"about {in_words(all_s)} on this CPU; ask for more to get them"
        )
    return samples


def _warn_beyond_calibration(restorer: Restorer, samples: int, warn: Callable[[str], None]) -> None:
    """Say where the spread is made in another way than it was calibrated in."""
    found = restorer.card.calibration
    if found is None or samples < 2:
        return
    if samples < found.samples:
        warn(
            f"The spread was calibrated with {found.samples} samples: with {samples} it is less "
            "certain, and intervals hold the truth less often than they say"
        )
    if restorer.params != build(restorer.spec.restore_params, {}):
        warn(
            "The spread was calibrated with the usual settings of the method: with others its "
            "correction may be wrong"
        )


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
