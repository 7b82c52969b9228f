"""The engine and CVDM: a model that learnt next to nothing, restored as any other."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile
import torch
from scipy.ndimage import gaussian_filter

from superlens.core.cards import NormalisationKind, NormalisationRule
from superlens.core.jobs import (
    ComputePolicy,
    DeviceChoice,
    InputImage,
    PhantomSource,
    PrecisionChoice,
    Recipe,
    RestoreRequest,
    Roi,
)
from superlens.core.method import Weights
from superlens.core.parameters import build
from superlens.core.records import ModelRef
from superlens.engine.context import JobContext
from superlens.engine.evaluation_pictures import MemoryPlane
from superlens.engine.execute import execute
from superlens.engine.image_reading import PlaneIndex
from superlens.engine.model_making import model_card
from superlens.engine.restoration import restore_plane_samples
from superlens.engine.restorer import open_restorer
from superlens.io.runs import read_run
from superlens.io.weights import save_model
from superlens.methods.catalogue import method_spec
from superlens.methods.cvdm.architecture import requested
from superlens.methods.cvdm.beginning import PART
from superlens.methods.cvdm.diffusion import Diffusion
from superlens.methods.cvdm.parameters import CvdmTrainParams

TINY = {"width": 8, "levels": 2, "rate_width": 8}
QUICK = {"steps": 3}
CPU = ComputePolicy(DeviceChoice.CPU, 1, precision=PrecisionChoice.FP32)


@pytest.fixture(scope="module")
def weights():
    """Networks as they begin, but for a last layer that says something."""
    params = build(CvdmTrainParams, TINY)
    shape = replace(requested(params, 2, 1), target_std=0.1)
    torch.manual_seed(0)
    network = Diffusion(shape)
    for tensor in network.parameters():
        torch.nn.init.normal_(tensor, std=0.1)
    tensors = {name: value.numpy() for name, value in network.state_dict().items()}
    return Weights({PART: tensors}, shape.plain())


@pytest.fixture
def model(tmp_path, monkeypatch, weights):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    recipe = Recipe("tiny", "Tiny", "cvdm", 2, {}, 0, PhantomSource(("nuclei",), 1, 0))
    rule = NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 1.0, 99.0)
    card = model_card(recipe, method_spec("cvdm"), rule, weights)
    saved = save_model(tmp_path / "home" / "models" / "tiny", card, weights, half=False)
    return ModelRef(saved.id, saved.sha256)


@pytest.fixture
def image(tmp_path):
    smooth = gaussian_filter(np.random.default_rng(0).random((75, 90)), 3)
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    path = tmp_path / "in.tif"
    tifffile.imwrite(path, (100 + 1000 * smooth).astype(np.uint16))
    return path


def restore(image, model, out, **changes):
    given = {"compute": CPU, "samples": 3, "params": QUICK} | changes
    request = RestoreRequest(InputImage(str(image)), model, str(out), **given)
    return execute("job", request, JobContext("job", lambda event: None))


def picture(folder, kind):
    return tifffile.imread(folder / f"{kind}.ome.tif", level=0).squeeze()


KINDS = ("mean", "spread", "interval_low", "interval_high", "persistence", "schedule")


def test_run_holds_all_that_a_posterior_gives(image, model, tmp_path):
    result = restore(image, model, tmp_path / "run")

    roles = {file.role for file in result.files}
    assert set(KINDS) <= roles
    for kind in KINDS:
        found = picture(tmp_path / "run", kind)
        assert found.shape == (150, 180)
        assert np.isfinite(found).all()
    notes = read_run(tmp_path / "run").notes
    assert notes["claim"] == "posterior"
    assert "qualitative" in notes["schedule_label"]


def test_tiles_and_whole_image_agree_to_a_ten_thousandth(image, model, tmp_path):
    restore(image, model, tmp_path / "whole")

    restore(image, model, tmp_path / "tiled", compute=replace(CPU, tile=24))

    for kind in ("mean", "spread", "interval_low", "schedule"):
        whole, tiled = (picture(tmp_path / name, kind) for name in ("whole", "tiled"))
        extent = np.ptp(picture(tmp_path / "whole", "mean"))
        assert np.abs(tiled - whole).max() < 1e-4 * (whole.max() if kind == "schedule" else extent)


def test_region_agrees_with_that_part_of_the_whole(image, model, tmp_path):
    restore(image, model, tmp_path / "whole")

    restore(image, model, tmp_path / "part", roi=Roi(41, 37, 21, 22))

    whole, part = (picture(tmp_path / name, "mean") for name in ("whole", "part"))
    inside = whole[74:118, 82:124]
    # The context ends where one step sees no further; three steps see a little of its end.
    assert np.abs(part - inside).max() < 0.01 * np.ptp(whole)


def test_measure_and_restore_see_the_same_plane(image, model, tmp_path):
    restore(image, model, tmp_path / "run")

    low = tifffile.imread(image).astype(np.float32)
    with open_restorer(model, QUICK, CPU, 0, JobContext("job", lambda event: None)) as restorer:
        answer = restore_plane_samples(restorer, MemoryPlane(low), PlaneIndex(), 3)

    np.testing.assert_array_equal(answer.mean, picture(tmp_path / "run", "mean"))
    np.testing.assert_array_equal(answer.spread, picture(tmp_path / "run", "spread"))
