"""Tiles leave no trace in what the shipped models restore."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from superlens.core.jobs import ComputePolicy, DeviceChoice, PrecisionChoice, Roi
from superlens.engine.context import JobContext
from superlens.engine.restoration import PlaneJob, restore_plane
from superlens.engine.restorer import open_restorer
from superlens.io.locations import resources_dir, shipped_models_dir
from superlens.io.model_library import installed_models
from superlens.prepare.normalisation import Normalisation

SIDE = 160
SHIPPED = [
    model.card for model in installed_models() if Path(model.folder).parent == shipped_models_dir()
]


class _Picture:
    def __init__(self, side):
        self.pixels = np.full((side, side), np.nan, np.float32)

    def put(self, kind, block):
        self.pixels[block.place] = block.pixels


def _restored(card, low, tile, precision):
    compute = ComputePolicy(DeviceChoice.CPU, 1, tile, precision)
    picture = _Picture(SIDE * card.scale)
    job = PlaneJob(Roi(0, 0, SIDE, SIDE), Normalisation(0.0, 1.0))
    context = JobContext("seams", lambda event: None)
    with open_restorer(card.ref, {}, compute, 0, context) as restorer:
        restore_plane(
            restorer,
            (lambda at: low[at.y : at.y + at.height, at.x : at.x + at.width], low.shape),
            job,
            picture,
        )
    return picture.pixels


@pytest.fixture(scope="module")
def low():
    sample = tifffile.imread(resources_dir() / "samples" / "filaments.ome.tif").squeeze()
    darkest, brightest = np.percentile(sample, [0.1, 99.9])
    return ((sample[:SIDE, :SIDE] - darkest) / (brightest - darkest)).astype(np.float32)


@pytest.mark.parametrize("card", SHIPPED, ids=lambda card: card.id)
def test_tiles_and_whole_image_agree_to_a_ten_thousandth(card, low):
    whole = _restored(card, low, 400, PrecisionChoice.FP32)

    tiled = _restored(card, low, 64, PrecisionChoice.FP32)

    assert np.abs(tiled - whole).max() < 1e-4 * np.ptp(whole)


@pytest.mark.parametrize("card", SHIPPED, ids=lambda card: card.id)
def test_tiles_in_bfloat16_differ_by_rounding_alone(card, low):
    whole = _restored(card, low, 400, PrecisionChoice.BF16)

    tiled = _restored(card, low, 64, PrecisionChoice.BF16)

    # Rounding differs with what lies around: the difference is noise, as strong away from borders.
    error = (tiled - whole) / np.ptp(whole)
    assert np.sqrt(np.mean(error**2)) < 1e-3
