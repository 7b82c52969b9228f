"""A Pix2Pix model in the engine: tiles agree with the whole image, at any scale and depth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from fakes.training import BlobPairs, FakeRun
from superlens.core.cards import ModelCard, TrainedRange
from superlens.core.jobs import ComputePolicy, DeviceChoice
from superlens.engine.context import JobContext
from superlens.engine.image_reading import PlaneIndex
from superlens.engine.restoration import restore_plane_samples
from superlens.engine.restorer import open_restorer
from superlens.io.images import open_image
from superlens.io.weights import save_model
from superlens.methods.pix2pix.parameters import CPU_TOY
from superlens.methods.pix2pix.spec import PIX2PIX
from superlens.methods.pix2pix.training import Training
from superlens.prepare.training_data import TRAINING_NORMALISATION

CPU = ComputePolicy(device=DeviceChoice.CPU, threads=1)


def _installed(scale: int, models: Path) -> ModelCard:
    params = replace(CPU_TOY, features=4, discriminator_features=2, batch=2, iterations=12)
    weights = Training(BlobPairs(scale), params, FakeRun()).run()
    card = ModelCard(
        id=f"pix2pix-x{scale}",
        title="A small one",
        method=PIX2PIX.id,
        scale=scale,
        claim=PIX2PIX.claim,
        weights=(),
        sha256="",
        architecture={},
        normalisation=TRAINING_NORMALISATION,
        trained_on=TrainedRange(),
        limits=("It restores nothing well.",),
    )
    return save_model(models / card.id, card, weights, half=False)


def _restored(card: ModelCard, path: Path, tile: int | None, samples: int):
    context = JobContext("j", lambda event: None)
    with (
        open_image(path) as source,
        open_restorer(card.ref, {}, replace(CPU, tile=tile), 0, context) as restorer,
    ):
        answer = restore_plane_samples(restorer, source, PlaneIndex(0, 0, 0, 0), samples)
        return answer, restorer.grid


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_tiles_leave_no_seam(tmp_path, monkeypatch, scale):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path))
    card = _installed(scale, tmp_path / "models")
    y, x = np.mgrid[:150, :170]
    pixels = 300 + 200 * np.sin(y / 7) * np.cos(x / 11)
    pixels += np.random.default_rng(0).normal(0, 20, pixels.shape)
    tifffile.imwrite(tmp_path / "in.tif", pixels.astype(np.uint16))

    whole, _ = _restored(card, tmp_path / "in.tif", 512, samples=3)
    tiled, grid = _restored(card, tmp_path / "in.tif", 40, samples=3)

    assert grid.halo < 100
    assert grid.multiple * scale % 2 ** int(card.architecture["levels"] or 0) == 0
    allowed = 1e-4 * float(np.ptp(whole.mean))
    assert np.abs(tiled.mean - whole.mean).max() < allowed
    for one, other in zip(tiled.samples, whole.samples, strict=True):
        assert np.abs(one - other).max() < allowed
