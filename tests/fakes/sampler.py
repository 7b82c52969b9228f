"""A method that samples whole images, and whose answers are known.

Sample `k` is a mean over 3 x 3 pixels, every pixel repeated, plus Gaussian noise of height `SIGMA`
that is addressed by seed, sample and place in the field. It cuts tiles of its own with a halo, and
remembers in `asked` what it was asked for.
"""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
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
    SampleKind,
    Sampling,
    Task,
    Tiling,
    Weights,
)
from superlens.core.parameters import parameter
from superlens.io.weights import save_model

SAMPLER_ID = "sampler-x2"
SCALE = 2
SIGMA = 0.1
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class SamplerParams:
    largest: int = parameter(0, "Largest", "Side of a tile above which memory ends; 0 for none.")
    slow_s: float = parameter(0.0, "Slow", "Time that a tile takes.")
    fault: str = parameter(
        "", "Fault", "`nan`, `short`, or `memory`: for tiles above 100 from sample 2 on."
    )


SAMPLER = MethodSpec(
    id="sampler",
    title="Sampler",
    tasks=frozenset({Task.RESTORE, Task.SAMPLE}),
    data_needed=DataNeeded.PAIRS,
    scales=(SCALE,),
    channels=range(1, 2),
    train_params=SamplerParams,
    restore_params=SamplerParams,
    tiling=Tiling.INTERNAL,
    multiple=4,
    halo=4,
    claim=Claim.POSTERIOR,
    sampling=Sampling(SampleKind.POSTERIOR, "Spread of the samples", "It says much.", 6),
    determinism=Determinism.SAME_DEVICE,
    source=Citation("Nobody", "Nothing", "Nowhere", 2000),
    runtime="fakes.sampler:Sampler",
)


class Sampler:
    asked: ClassVar[list] = []
    """Samples and tile of every call."""
    hint_label = "Brightness"

    def load(self, weights, device, precision=Precision.FP32):
        return {"device": device}

    def sample_image(self, network, reader, sink, job, run):
        type(self).asked.append((job.samples, job.tile))
        _, height, width = reader.shape
        assert height % 4 == width % 4 == 0
        assert reader.origin[0] % 4 == reader.origin[1] % 4 == 0
        tiles = [
            (top, left) for top in range(0, height, job.tile) for left in range(0, width, job.tile)
        ]
        for number, index in enumerate(job.samples):
            kept = sink.scratch("kept", (1, height * SCALE, width * SCALE))
            assert not kept.any()
            for done, (top, left) in enumerate(tiles):
                run.check()
                _misbehave(job, min(job.tile, height, width), index, run)
                size = min(job.tile, height - top), min(job.tile, width - left)
                kept[:, top * SCALE :, left * SCALE :][:, : size[0] * SCALE, : size[1] * SCALE] = (
                    _tile(reader, (top, left), size, (run.seed, index))
                )
                run.progress("", number * len(tiles) + done + 1, len(tiles) * len(job.samples))
            if job.params.fault == "nan":
                kept[0, 0, 0] = np.nan
            middle = kept.shape[1] // 2
            sink.put(index, 0, 0, kept[:, :middle])
            if job.params.fault != "short":
                sink.put(index, middle, 0, kept[:, middle:])

    def hint(self, network, tile, params, run):
        return np.repeat(np.repeat(tile, SCALE, 1), SCALE, 2)


def install_sampler(models_dir, calibration=None):
    """Write a model of the sampler; gives its card."""
    card = ModelCard(
        id=SAMPLER_ID,
        title="A sampler",
        method="sampler",
        scale=SCALE,
        claim=Claim.POSTERIOR,
        weights=(),
        sha256="",
        architecture={},
        normalisation=NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 1.0, 99.0),
        trained_on=TrainedRange(),
        limits=("It restores nothing.",),
        calibration=calibration,
    )
    weights = Weights({"w": {"x": np.ones(3, np.float32)}})
    return save_model(Path(models_dir) / SAMPLER_ID, card, weights, half=False)


@contextlib.contextmanager
def sampler_known_here():
    """Make the method known in this process."""
    from superlens.methods import catalogue

    Sampler.asked.clear()
    with mock.patch.object(catalogue, "METHODS", (*catalogue.METHODS, SAMPLER)):
        yield


def _tile(reader, corner, size, key):
    (top, left), (height, width) = corner, size
    low = reader.read(top - 1, left - 1, height + 2, width + 2)[0]
    smooth = uniform_filter(low, 3)[1:-1, 1:-1]
    fine = np.repeat(np.repeat(smooth, SCALE, 0), SCALE, 1)
    at = (reader.origin[0] + top) * SCALE, (reader.origin[1] + left) * SCALE
    return fine[None] + np.float32(SIGMA) * noise(key, at, fine.shape)


def noise(key, corner, shape):
    """Give Gaussian noise that depends on seed, sample and place alone."""
    (top, left), (height, width) = corner, shape
    rows = range(top // _BLOCK, -(-(top + height) // _BLOCK))
    columns = range(left // _BLOCK, -(-(left + width) // _BLOCK))
    whole = np.block(
        [
            [
                np.random.default_rng([*key, row, column]).standard_normal((_BLOCK, _BLOCK))
                for column in columns
            ]
            for row in rows
        ]
    ).astype(np.float32)
    top, left = top - rows.start * _BLOCK, left - columns.start * _BLOCK
    return whole[top : top + height, left : left + width]


def _misbehave(job, side, index, run):
    ends_late = job.params.fault == "memory" and index >= 2 and side > 100
    if ends_late or (job.params.largest and side > job.params.largest):
        import torch

        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
    until = time.monotonic() + job.params.slow_s
    while time.monotonic() < until:
        run.check()
        time.sleep(0.01)
