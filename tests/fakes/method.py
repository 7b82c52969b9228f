"""A method without a network whose answers are known: what the engine does to them shows.

Its restoration is a mean over 3 x 3 pixels, every pixel repeated; sample `k` adds a checkerboard of
height `(k + 1) * STEP`, which has no mean within a low-resolution pixel, so that the spread over
samples is known exactly. Parameters make it slow, hungry or faulty.

In this process it is known inside `known_here()`; a spawned engine finds it by the entry point in
`plugin/`, which `known_to_children()` puts on the path.
"""

import contextlib
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
from scipy.ndimage import uniform_filter

from superlens.core.cards import (
    ModelCard,
    NormalisationKind,
    NormalisationRule,
    TrainedRange,
)
from superlens.core.method import (
    Citation,
    Claim,
    DataNeeded,
    Determinism,
    MethodSpec,
    Precision,
    Restoration,
    SampleKind,
    Sampling,
    Task,
    Tiling,
    Weights,
)
from superlens.core.parameters import parameter
from superlens.io.weights import save_model

MODEL_ID = "fake-x2"
SCALE = 2
STEP = 0.05
LIMIT = 8
PLUGIN = Path(__file__).with_name("plugin")


@dataclass(frozen=True, slots=True)
class FakeRestoreParams:
    largest: int = parameter(0, "Largest", "Side of a tile above which memory ends; 0 for none.")
    slow_s: float = parameter(0.0, "Slow", "Time that a tile takes.")
    brightness: float = parameter(1.0, "Brightness", "A wrong factor.")
    fault: str = parameter("", "Fault", "`nan`, `error`, or `exit`.")


FAKE = MethodSpec(
    id="fake",
    title="Fake",
    tasks=frozenset({Task.RESTORE, Task.SAMPLE}),
    data_needed=DataNeeded.PAIRS,
    scales=(SCALE,),
    channels=range(1, 2),
    train_params=FakeRestoreParams,
    restore_params=FakeRestoreParams,
    tiling=Tiling.SUPPORTED,
    multiple=4,
    halo=4,
    claim=Claim.SINGLE_ANSWER,
    sampling=Sampling(
        SampleKind.FLIP_ENSEMBLE, "Height of a checkerboard", "It says nothing.", LIMIT, LIMIT
    ),
    determinism=Determinism.SAME_DEVICE,
    source=Citation("Nobody", "Nothing", "Nowhere", 2000),
    runtime="fakes.method:FakeMethod",
)


class FakeMethod:
    def load(self, weights, device, precision=Precision.FP32):
        return {"device": device}

    def restore(self, network, tile, params, run):
        run.check()
        _misbehave(tile, params, run)
        smooth = uniform_filter(tile[0], 3, mode="mirror") * np.float32(params.brightness)
        fine = np.repeat(np.repeat(smooth, SCALE, 0), SCALE, 1)
        if params.fault == "nan":
            fine[0, 0] = np.nan
        return Restoration(fine[None].astype(np.float32))

    def sample(self, network, tile, index, params, run):
        fine = self.restore(network, tile, params, run).mean
        rows, columns = np.indices(fine.shape[1:])
        board = 1 - 2 * ((rows + columns) % 2)
        return (fine + np.float32(STEP * (index + 1)) * board).astype(np.float32)


def install_fake_model(models_dir):
    """Write a model of the fake method; gives its card."""
    card = ModelCard(
        id=MODEL_ID,
        title="A fake",
        method="fake",
        scale=SCALE,
        claim=Claim.SINGLE_ANSWER,
        weights=(),
        sha256="",
        architecture={},
        normalisation=NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 1.0, 99.0),
        trained_on=TrainedRange(),
        limits=("It restores nothing.",),
    )
    weights = Weights({"w": {"x": np.ones(3, np.float32)}})
    return save_model(Path(models_dir) / MODEL_ID, card, weights, half=False)


@contextlib.contextmanager
def known_here(spec=FAKE):
    """Make the method known in this process."""
    from superlens.methods import catalogue

    with mock.patch.object(catalogue, "METHODS", (*catalogue.METHODS, spec)):
        yield


@contextlib.contextmanager
def known_to_children():
    """Make the method known in processes spawned inside the block."""
    sys.path.insert(0, str(PLUGIN))
    try:
        yield
    finally:
        sys.path.remove(str(PLUGIN))


def _misbehave(tile, params, run):
    if params.largest and max(tile.shape) > params.largest:
        import torch

        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
    if params.fault == "error":
        raise ValueError("a fault of the method")
    if params.fault == "exit":
        import os

        os._exit(7)
    until = time.monotonic() + params.slow_s
    while time.monotonic() < until:
        run.check()
        time.sleep(0.01)
