"""Samples of a whole image: the noisy state stays whole, the network works tile by tile within it.

Each step reads the state with enough context around every tile and writes the next state beside it,
so that there are no seams; noise is addressed by its place in the field.
"""

import torch
from torch import Tensor

from superlens.core.method import Array, ImageJob, RegionReader, RegionSink, Run
from superlens.methods.cvdm.diffusion import REMAINDER_UNIT, Diffusion
from superlens.methods.cvdm.layout import Layout, Span, layout_of
from superlens.methods.cvdm.noise import FieldNoise
from superlens.methods.cvdm.parameters import CvdmRestoreParams, Sampler
from superlens.methods.cvdm.sampling import Course, ancestral_course, calibrated_course, reversal
from superlens.methods.cvdm.units import enlarged_window, image_of, picture_of

_MOST_TOGETHER = {"cpu": 4}
_MOST_TOGETHER_ELSEWHERE = 16
"""Samples of a small image that are drawn at a time."""
_BAND = 256
"""Rows of a finished sample that are handed over at a time."""
_PHASE = "Sampling"

_Tile = tuple[Span, Span]


def sample_image(
    network: Diffusion, reader: RegionReader, sink: RegionSink, job: ImageJob, run: Run
) -> None:
    """Put the wanted samples of one image into the sink; see `core.method.SamplesImages`.

    Raises:
        JobCancelled: the user asked to stop; asked at every tile of every step.
    """
    _Painter(network, reader, sink, job, run).paint()


def course_of(network: Diffusion, params: CvdmRestoreParams) -> Course:
    """Give the noise levels that samples with these parameters pass."""
    if params.sampler is Sampler.CALIBRATED:
        return calibrated_course(params.step_count)
    return ancestral_course(network.schedule, params.step_count)


class _Painter:
    """The samples of one image on their way."""

    def __init__(
        self, network: Diffusion, reader: RegionReader, sink: RegionSink, job: ImageJob, run: Run
    ) -> None:
        self._network = network
        self._reader = reader
        self._sink = sink
        self._job = job
        self._run = run
        _, height, width = reader.shape
        self._layout: Layout = layout_of((height, width), reader.origin, network.shape, job.tile)
        self._course = course_of(network, job.params)
        self._rate: Array | None = None
        self._mean: Array | None = None
        self._done = 0

    def paint(self) -> None:
        """Draw all samples, as many at a time as fit where one tile fits."""
        self._run.check()
        self._prepare()
        samples = self._job.samples
        together = min(self._together, max(1, len(samples)))
        size = (together, self._network.shape.channels, *self._layout.size)
        states = [self._sink.scratch(name, size) for name in ("even", "odd")]
        for first in range(0, len(samples), together):
            some = samples[first : first + together]
            self._draw(some, [state[: len(some)] for state in states])

    @property
    def _together(self) -> int:
        room = (self._job.tile * self._network.shape.scale) ** 2 // self._layout.largest
        most = _MOST_TOGETHER.get(self._run.device, _MOST_TOGETHER_ELSEWHERE)
        return min(max(1, room), most)

    @torch.inference_mode()
    def _prepare(self) -> None:
        """Compute once what all samples share: the schedule's rate, and the mean."""
        size = (1, self._network.shape.channels, *self._layout.size)
        if self._course.needs_rate:
            self._rate = self._sink.scratch("rate", size)
        if self._network.mean is not None:
            self._mean = self._sink.scratch("mean", size)
        if self._rate is None and self._mean is None:
            return
        for tile in self._layout.tiles:
            self._run.check()
            picture = picture_of(self._enlarged(tile))
            if self._rate is not None:
                rate = self._network.schedule.rate(picture)
                self._rate[_core(tile)] = rate[_inner(tile)].cpu().numpy()
            if self._mean is not None:
                mean = self._network.mean_of(picture)
                self._mean[_core(tile)] = mean[_inner(tile)].cpu().numpy()

    def _draw(self, samples: range, states: list[Array]) -> None:
        channels = self._network.shape.channels
        noises = [FieldNoise(self._run.seed, sample, channels) for sample in samples]
        for tile in self._layout.tiles:
            self._run.check()
            for state, noise in zip(states[0], noises, strict=True):
                state[(slice(None), *_place(tile))] = self._drawn(noise, 0, tile)
        for step in range(self._course.steps):
            for tile in self._layout.tiles:
                self._run.check()
                found = self._stepped(step, tile, noises, states[0])
                states[1][_core(tile)] = found.cpu().numpy()
                self._tell(len(samples))
            states.reverse()
        self._hand_over(samples, states[0])

    @torch.inference_mode()
    def _stepped(self, step: int, tile: _Tile, noises: list[FieldNoise], before: Array) -> Tensor:
        """Give the next state of a tile's core; after the last step the image."""
        state = self._tensor(before[_window(tile)])
        enlarged = self._enlarged(tile)
        rate = enlarged if self._rate is None else self._tensor(self._rate[_window(tile)])
        condition = picture_of(enlarged)
        if self._mean is not None:
            mean = self._tensor(self._mean[_window(tile)])
            condition = torch.cat([condition, mean], 1)
        level_at = self._course.levels[step]
        condition = condition.expand(len(state), -1, -1, -1)
        estimate = self._network.estimate(state, condition, level_at(rate))
        image = estimate.image
        inner = _inner(tile)
        if step + 1 == self._course.steps:
            target = image[inner]
            if self._mean is not None:
                target = REMAINDER_UNIT * target + self._tensor(self._mean[_core(tile)])
            return image_of(enlarged[inner], target, self._network.shape)
        drawn = torch.stack([self._tensor(self._drawn(one, step + 1, tile)) for one in noises])
        cleaner = self._course.levels[step + 1](rate[inner])
        doubt = estimate.doubt if self._course.heeds_doubt else None
        back = reversal(
            level_at(rate[inner]),
            cleaner,
            self._course.variance,
            None if doubt is None else doubt[inner],
        )
        return back.apply(image[inner], state[inner], drawn)

    def _hand_over(self, samples: range, images: Array) -> None:
        """Put finished samples, one after the other, without the border of the canvas."""
        rows, columns = self._layout.y.image, self._layout.x.image
        for sample, image in zip(samples, images, strict=True):
            for top in range(rows.start, rows.stop, _BAND):
                self._run.check()
                band = image[:, top : min(top + _BAND, rows.stop), columns].copy()
                self._sink.put(sample, top - rows.start, 0, band)

    def _enlarged(self, tile: _Tile) -> Tensor:
        """Give the enlarged image (1, C, Y, X) of a tile with its context."""
        scale = self._network.shape.scale
        axes = zip(tile, (self._layout.y, self._layout.x), self._reader.origin, strict=True)
        starts, sizes = zip(
            *(
                ((axis.place + span.first) // scale - origin, (span.last - span.first) // scale)
                for span, axis, origin in axes
            ),
            strict=True,
        )
        return enlarged_window(self._reader, starts, sizes, scale).to(self._run.device)

    def _drawn(self, noise: FieldNoise, step: int, tile: _Tile) -> Array:
        row, column = tile
        place = self._layout.y.place + row.start, self._layout.x.place + column.start
        return noise.window(step, place, (row.stop - row.start, column.stop - column.start))

    def _tensor(self, values: Array) -> Tensor:
        # A copy: a view of a map on disk would be read while the next step writes.
        return torch.from_numpy(values.copy()).to(self._run.device)

    def _tell(self, samples: int) -> None:
        self._done += samples
        total = self._layout.tile_count * self._course.steps * len(self._job.samples)
        self._run.progress(_PHASE, self._done, total)


def _place(tile: _Tile) -> tuple[slice, slice]:
    return tile[0].core, tile[1].core


def _core(tile: _Tile) -> tuple[slice, ...]:
    return (slice(None), slice(None), *_place(tile))


def _window(tile: _Tile) -> tuple[slice, ...]:
    return (slice(None), slice(None), tile[0].window, tile[1].window)


def _inner(tile: _Tile) -> tuple[slice, ...]:
    return (slice(None), slice(None), tile[0].inner, tile[1].inner)
