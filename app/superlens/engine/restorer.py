"""A model on a device: loaded, watched for cancels, and asked for one tile at a time."""

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from superlens.core.cards import ModelCard
from superlens.core.errors import Diverged, InvalidInput, InvalidParameter, OutOfMemory
from superlens.core.jobs import ComputePolicy
from superlens.core.method import Array, KnowsTiles, Method, MethodSpec, Run
from superlens.core.parameters import ParameterValue, build
from superlens.core.records import ModelRef
from superlens.engine.conservation import conserve_local_mean
from superlens.engine.context import JobContext
from superlens.engine.device import ChosenDevice, memory_errors_translated
from superlens.engine.interruption import interruptible
from superlens.engine.tiling import SMALLEST_TILE, Grid
from superlens.io.model_library import InstalledModel, find_model
from superlens.io.weights import load_weights
from superlens.methods.catalogue import load_method, method_spec

_LEAST_HALO = 24
"""The local mean is conserved over about this many low-resolution pixels (three sigmas)."""
_LEAST_TILE = 16
_TILE_OUTPUT_PX = {"cpu": 1088, "mps": 1088, "cuda": 2176}
"""Side of an automatic tile's output."""
_PILOT_S, _PILOT_CALLS, _PILOT_PART = 1.0, 4, 0.05
"""How long the time of a tile is measured, how often at most, on which part of the work."""
_WARM_UP_MULTIPLES = 8
"""Side of the tile of the first call, in multiples of the method."""
_LARGEST_TILE = {"cpu": 544, "mps": 544, "cuda": 1088}
"""With their feathers two of them cover a power of two."""
_LARGE_NETWORK_BYTES = 8_000_000
"""Size of the weights from which on a CPU takes tiles of half the side, so that no single layer
keeps a cancel waiting for more than a second."""


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

    @property
    def grid(self) -> Grid:
        """What decides the tiles of a plane."""
        method = self.method
        needs = method.tile_needs(self.network) if isinstance(method, KnowsTiles) else self.spec
        return Grid(self.tile, max(needs.halo, _LEAST_HALO), needs.multiple, self.card.scale)

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
        tile = np.ascontiguousarray(low[None], np.float32)
        with memory_errors_translated():
            if index is None:
                high = self.method.restore(self.network, tile, self.params, self.run).mean
            else:
                high = self.method.sample(self.network, tile, index, self.params, self.run)
            if not np.isfinite(high).all():
                raise Diverged(
                    f"The model {self.card.id} gave values that are not numbers",
                    "Look for pixels far brighter than the rest, or choose another model",
                )
            if self.card.normalisation.output is not None:
                # In units of its own there is no brightness of the input to be conserved.
                return np.ascontiguousarray(high[0], np.float32)
            return conserve_local_mean(low, high[0], self.card.scale)

    def seconds_per_px(self, expected_px: int) -> float:
        """Measure how long one low-resolution pixel takes, on a tile of noise.

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
            self.answer(noise[:few, :few], None)
            while sum(taken) < _PILOT_S and len(taken) < _PILOT_CALLS:
                started = time.perf_counter()
                self.answer(noise, None)
                taken.append(time.perf_counter() - started)
        except OutOfMemory as error:
            if expected_px == 0:
                raise self.shortage(SMALLEST_TILE, error.detail) from error
            return self.seconds_per_px(0)
        return min(taken) / side**2

    def shortage(self, side: int, detail: str) -> OutOfMemory:
        """Give the error for a device on which even a tile of this side does not fit."""
        return OutOfMemory(
            f"Not even a tile of {side} x {side} pixels fits into the memory of {self.device.name}",
            "Close other programs, or compute on the CPU",
            detail,
        )


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
    tile = _automatic_tile(installed, device) if compute.tile is None else compute.tile
    if tile < _LEAST_TILE:
        raise InvalidParameter(
            f"A tile of {tile} pixels is too small", f"The smallest is {_LEAST_TILE}"
        )
    method = load_method(spec.id)
    run = context.quiet_run(device.id, seed)
    with memory_errors_translated():
        network = context.networks.get(
            (card.sha256, device.id),
            lambda: method.load(load_weights(Path(installed.folder), card), device.id),
        )
    with interruptible(network, context.check):
        yield Restorer(card, spec, device, method, network, built, run, context, tile)


def _automatic_tile(model: InstalledModel, device: ChosenDevice) -> int:
    """Give the side of a tile from what is the same on every run, never from a measured time."""
    tile = min(_LARGEST_TILE[device.id], _TILE_OUTPUT_PX[device.id] // model.card.scale)
    size = sum((Path(model.folder) / file.name).stat().st_size for file in model.card.weights)
    return tile // 2 if device.id == "cpu" and size > _LARGE_NETWORK_BYTES else tile
