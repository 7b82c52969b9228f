"""A model on a device: loaded, watched for cancels, and asked for one tile at a time."""

import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from superlens.core.cards import ModelCard
from superlens.core.errors import Diverged, InvalidInput, InvalidParameter, OutOfMemory
from superlens.core.jobs import ComputePolicy, Roi
from superlens.core.method import (
    Array,
    ImageJob,
    Method,
    MethodSpec,
    Precision,
    RegionReader,
    RegionSink,
    Run,
    SampleKind,
    SamplesImages,
    Tiling,
)
from superlens.core.parameters import ParameterValue, build
from superlens.core.records import ModelRef
from superlens.engine.conservation import conserve_local_mean
from superlens.engine.context import JobContext
from superlens.engine.device import (
    ChosenDevice,
    memory_errors_translated,
    release_device_memory,
)
from superlens.engine.image_access import CanvasReader, SampleIntake
from superlens.engine.interruption import interruptible
from superlens.engine.precision import (
    ChosenPrecision,
    busiest_window,
    fixed_pattern,
    settled_precision,
    wanted_precision,
)
from superlens.engine.scratch import Canvases
from superlens.engine.tile_choice import automatic_tile, tile_needs
from superlens.engine.tiling import SMALLEST_TILE, Grid, halved
from superlens.io.model_library import InstalledModel, find_model
from superlens.io.weights import load_weights
from superlens.methods.catalogue import load_method, method_spec
from superlens.prepare.normalisation import Normalisation

_LEAST_HALO = 24
"""The local mean is conserved over about this many low-resolution pixels (three sigmas)."""
_LEAST_TILE = 16
_PILOT_S, _PILOT_CALLS, _PILOT_PART = 1.0, 4, 0.05
"""How long the time of a tile is measured, how often at most, on which part of the work."""
_WARM_UP_MULTIPLES = 8
"""Side of the tile of the first call, in multiples of the method."""


@dataclass(slots=True)
class Restorer:
    """A model on a device, ready to restore planes; made by `open_restorer`."""

    card: ModelCard
    spec: MethodSpec
    device: ChosenDevice
    method: Method
    network: Any
    params: Any
    run: Run
    context: JobContext
    tile: int
    """Largest side of a tile in low-resolution pixels; halved when memory ends."""
    precision: ChosenPrecision
    """What the network multiplies with."""
    exact: Any = None
    """The network in float32 where `network` computes in bfloat16, else None."""
    spread_factor: float = 1.0
    """What spreads and intervals are stretched by: the correction that the card discloses."""
    _is_tried: bool = False

    @property
    def grid(self) -> Grid:
        """What decides the tiles of a plane."""
        needs = tile_needs(self.method, self.spec, self.network)
        return Grid(self.tile, max(needs.halo, _LEAST_HALO), needs.multiple, self.card.scale)

    @property
    def samples_images(self) -> bool:
        """Whether the method samples images as a whole, so that it is given no tiles."""
        return self.spec.tiling is Tiling.INTERNAL

    @property
    def has_posterior(self) -> bool:
        """Whether its samples are those of a posterior, so that an interval can be told."""
        sampling = self.spec.sampling
        return sampling is not None and sampling.kind is SampleKind.POSTERIOR

    def sample_image(
        self, reader: RegionReader, sink: RegionSink, samples: range, run: Run
    ) -> None:
        """Draw samples of a whole image, with tiles of the present size.

        Raises:
            OutOfMemory: the tiles are too large for the device.
        """
        assert isinstance(self.method, SamplesImages), f"{self.spec.id} cannot sample images"
        job = ImageJob(samples, self.tile, self.params)
        with memory_errors_translated():
            self.method.sample_image(self.network, reader, sink, job, run)

    def answer(self, low: Array, index: int | None) -> Array:
        """Restore one tile and conserve its local mean, unless the model has units of its own.

        Args:
            low: (y, x), normalised.
            index: of the sample; None for the method's single answer.

        Returns:
            (y * scale, x * scale) float32, normalised.

        Raises:
            OutOfMemory: the tile is too large for the device.
            Diverged: the network gave numbers that are not finite.
        """
        with memory_errors_translated():
            high = self._answer_of(self.network, low, index)
            if self.exact is not None and not np.isfinite(high).all():
                self.context.warn(
                    "A tile gave values that are not numbers in bfloat16: computed in float32"
                )
                high = self._answer_of(self.exact, low, index)
            if not np.isfinite(high).all():
                raise Diverged(
                    f"The model {self.card.id} gave values that are not numbers",
                    "Look for pixels far brighter than the rest, or choose another model",
                )
            if self.card.normalisation.output is not None:
                # In units of its own there is no brightness of the input to be conserved.
                return np.ascontiguousarray(high, np.float32)
            return conserve_local_mean(low, high, self.card.scale)

    def try_precision(self, low: Array) -> None:
        """Compare bfloat16 with float32 on a part of the first tile; go back where they differ.

        Only the first call does anything: what a job computes with is decided once.

        Args:
            low: (y, x), normalised: the first tile.
        """
        if self.exact is None or self._is_tried or self.precision.agreement_db is None:
            return
        self._is_tried = True
        found = self._compared(busiest_window(low, self.grid.multiple))
        if found.precision is Precision.FP32:
            self.network, self.exact, self.precision = self.exact, None, found
            self.context.log(f"Computing in {found.text} on this image")
        elif found.agreement_db is not None and found.agreement_db < self.precision.agreement_db:
            self.precision = found

    def settle_precision(self) -> None:
        """Compare bfloat16 with float32 on a fixed pattern, before any image is there."""
        self.precision = self._compared(fixed_pattern(self.grid.multiple))
        if self.precision.precision is Precision.FP32:
            self.network, self.exact = self.exact, None

    def _compared(self, low: Array) -> ChosenPrecision:
        with memory_errors_translated():
            return settled_precision(
                lambda tile: self._answer_of(self.exact, tile, None),
                lambda tile: self._answer_of(self.network, tile, None),
                low,
            )

    def _answer_of(self, network: Any, low: Array, index: int | None) -> Array:
        """Give what a network answers: (y * scale, x * scale)."""
        tile = np.ascontiguousarray(low[None], np.float32)
        if index is None:
            return self.method.restore(network, tile, self.params, self.run).mean[0]
        return self.method.sample(network, tile, index, self.params, self.run)[0]

    def seconds_per_px(self, expected_px: int) -> float:
        """Measure how long one low-resolution pixel of an answer takes, on a tile of noise.

        Args:
            expected_px: how many pixels the job will compute; about a twentieth is spent on this,
                because small tiles are slower per pixel, most of all on a busy machine. 0 takes
                the smallest tile.
        """
        grid = self.grid
        multiple = grid.multiple
        largest = self.tile + 2 * grid.halo
        wanted = min(max(int((expected_px * _PILOT_PART) ** 0.5), SMALLEST_TILE), largest)
        side = -(-wanted // multiple) * multiple
        noise = np.random.default_rng(0).random((side, side), np.float32)
        few = min(side, _WARM_UP_MULTIPLES * multiple)
        taken: list[float] = []
        try:
            # The first call loads libraries and compiles; later the least disturbed one counts.
            warm_up = self._seconds_for(noise[:few, :few])
            if self.samples_images and warm_up > _PILOT_S:
                return warm_up / few**2
            while sum(taken) < _PILOT_S and len(taken) < _PILOT_CALLS:
                taken.append(self._seconds_for(noise))
        except OutOfMemory as error:
            if expected_px == 0:
                raise self.shortage(SMALLEST_TILE, error.detail) from error
            return self.seconds_per_px(0)
        return min(taken) / side**2

    def shrink(self, largest: int, detail: str) -> None:
        """Take tiles of half the side after memory ended, and say so.

        Args:
            largest: side of the largest tile that was tried; the image may be smaller than a tile.
            detail: what the device said.

        Raises:
            OutOfMemory: there is no smaller tile.
        """
        used = min(self.tile, largest)
        smaller = halved(used)
        if smaller is None:
            raise self.shortage(used, detail)
        self.tile = smaller
        release_device_memory()
        self.context.warn(
            f"The memory of {self.device.name} was too small for tiles of {used} pixels: "
            f"continued with {smaller}"
        )

    def shortage(self, side: int, detail: str) -> OutOfMemory:
        """Give the error for a device on which even a tile of this side does not fit."""
        return OutOfMemory(
            f"Not even a tile of {side} x {side} pixels fits into the memory of {self.device.name}",
            "Close other programs, or compute on the CPU",
            detail,
        )

    def _seconds_for(self, low: Array) -> float:
        started = time.perf_counter()
        if self.samples_images:
            self._sample(low)
        else:
            self.answer(low, None)
        return time.perf_counter() - started

    def _sample(self, low: Array) -> None:
        """Draw one sample of a normalised picture, and forget it."""
        height, width = low.shape
        reader = CanvasReader(
            (lambda at: low[at.y : at.y + at.height, at.x : at.x + at.width], low.shape),
            Roi(0, 0, width, height),
            Normalisation(0.0, 1.0),
        )
        scale = self.card.scale
        size, room = (height * scale, width * scale), Canvases().array

        def forget(index: int, sample: Array) -> None:
            """Take nothing: only the time counts."""

        intake = SampleIntake(size, range(1), room, forget)
        self.sample_image(reader, intake, range(1), self.run)


@contextmanager
def open_restorer(
    model: ModelRef,
    params: Mapping[str, ParameterValue],
    compute: ComputePolicy,
    seed: int,
    context: JobContext,
) -> Generator[Restorer]:
    """Load a model onto a device for the time of a block; a cancel stops it within any layer.

    Args:
        model: which one; its hash must be that of the installed one.
        params: restore parameters of its method, plain values.
        compute: where and how.
        seed: of the job; samples are made from it and their index.
        context: the job; keeps the network loaded for the next one.

    Raises:
        InvalidParameter: an unknown model or parameter, or a tile that is too small.
        InvalidInput: the installed model is another one than the request names.
        CorruptModel: the weights do not match their hashes or their card.
        OutOfMemory: the network alone does not fit on the device.
    """
    installed = find_model(model.id)
    card = installed.card
    if model.sha256 != card.sha256:
        raise InvalidInput(
            f"The installed model {card.id} is not the one that was asked for: its hash is "
            f"{card.sha256[:12]} and not {model.sha256[:12]}",
            "Install the model that the request names, or ask again with the installed one",
        )
    spec = method_spec(card.method)
    built = build(spec.restore_params, params)
    device = context.device(compute)
    if compute.tile is not None and compute.tile < _LEAST_TILE:
        raise InvalidParameter(
            f"A tile of {compute.tile} pixels is too small", f"The smallest is {_LEAST_TILE}"
        )
    method = load_method(spec.id)
    run = context.quiet_run(device.id, seed)
    wanted = wanted_precision(compute.precision, spec, device.id)
    chosen = wanted or ChosenPrecision(Precision.BF16)
    with memory_errors_translated():
        network, exact = _networks(installed, method, (device.id, chosen.precision), context)
    needs = tile_needs(method, spec, network)
    is_internal = spec.tiling is Tiling.INTERNAL
    tile = compute.tile or automatic_tile(installed, device, needs, is_internal)
    with ExitStack() as watched:
        for one in (network, exact):
            watched.enter_context(interruptible(one, context.check))
        restorer = Restorer(
            card, spec, device, method, network, built, run, context, tile, chosen, exact
        )
        if card.calibration is not None:
            restorer.spread_factor = card.calibration.factor
        if wanted is None:
            restorer.settle_precision()
        if restorer.precision.reason:
            context.log(f"Computing in {restorer.precision.text}")
        yield restorer


def _networks(
    installed: InstalledModel, method: Method, where: tuple[str, Precision], context: JobContext
) -> tuple[Any, Any]:
    """Give the network in the precision to compute with, and in float32 if that is another one."""
    device, precision = where
    card = installed.card

    def loaded(form: Precision) -> Any:
        return context.networks.get(
            (card.sha256, device),
            lambda: method.load(load_weights(Path(installed.folder), card), device, form),
            form,
        )

    if precision is Precision.FP32:
        return loaded(precision), None
    return loaded(precision), loaded(Precision.FP32)
