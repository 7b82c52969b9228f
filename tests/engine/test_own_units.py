"""A model of fixed intensities answers in the units of its high-resolution training images."""

import dataclasses

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, uniform_filter

from fakes.method import install_fake_model, known_here
from superlens.core.cards import NormalisationKind, NormalisationRule
from superlens.core.jobs import ComputePolicy, DeviceChoice, InputImage, RestoreRequest
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes
from superlens.engine.context import JobContext
from superlens.engine.execute import execute
from superlens.io.codec import write_json
from superlens.io.image_writer import ImageMetadata, write_image
from superlens.io.images import open_image
from superlens.io.runs import read_run

LOW, HIGH, OUTPUT = 100.0, 300.0, (1000.0, 5000.0)


@pytest.fixture
def image():
    smooth = gaussian_filter(np.random.default_rng(0).random((96, 80)), 2)
    return (100 + 200 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


def _restored(tmp_path, monkeypatch, image, rule, **changes):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    models = tmp_path / "home" / "models"
    card = install_fake_model(models)
    write_json(models / card.id / "card.json", dataclasses.replace(card, normalisation=rule))
    path = tmp_path / "in.ome.tif"
    write_image(path, image[None, None, None], ImageMetadata(PixelSizes(), (ChannelInfo("c"),), ""))
    compute = ComputePolicy(device=DeviceChoice.CPU, threads=1)
    values = {"samples": 0, "compute": compute} | changes
    request = RestoreRequest(InputImage(str(path)), card.ref, str(tmp_path / "run"), **values)
    with known_here():
        result = execute("job", request, JobContext("job", lambda event: None))
    found = {}
    for role in ("mean", "spread"):
        name = result.path_of(role)
        if name is not None:
            with open_image(tmp_path / "run" / name) as source:
                found[role] = source.plane(0, 0, 0, 0)
    return result, found


def test_answer_is_in_units_of_the_high_images(tmp_path, monkeypatch, image):
    rule = NormalisationRule(NormalisationKind.FIXED, LOW, HIGH, OUTPUT)

    result, found = _restored(tmp_path, monkeypatch, image, rule)

    answer = uniform_filter((image - LOW) / (HIGH - LOW), 3, mode="mirror")
    expected = np.kron(answer, np.ones((2, 2))) * (OUTPUT[1] - OUTPUT[0]) + OUTPUT[0]
    assert np.allclose(found["mean"], expected, rtol=1e-5)
    assert result.path_of("residual") is None
    assert any("units of the high-resolution images" in text for text in result.warnings)
    assert read_run(tmp_path / "run").notes["consistency_chi2"] is None


def test_spread_has_the_units_of_the_answer(tmp_path, monkeypatch, image):
    rule = NormalisationRule(NormalisationKind.FIXED, LOW, HIGH, OUTPUT)

    _, found = _restored(tmp_path, monkeypatch, image, rule, samples=2)

    # Two samples with checkerboards of 0.05 and 0.1: half their difference times the root of two.
    expected = 0.05 / np.sqrt(2) * (OUTPUT[1] - OUTPUT[0])
    assert np.allclose(found["spread"], expected, rtol=1e-3)


def test_fixed_rule_without_units_of_its_own_keeps_those_of_the_input(tmp_path, monkeypatch, image):
    rule = NormalisationRule(NormalisationKind.FIXED, LOW, HIGH)

    result, found = _restored(tmp_path, monkeypatch, image, rule)

    assert result.path_of("residual") is not None
    binned = found["mean"].reshape(96, 2, 80, 2).mean((1, 3))
    # The local mean over some pixels is conserved; the blur of the fake method is all that differs.
    assert abs(float(binned.mean() - image.mean())) < 0.05
