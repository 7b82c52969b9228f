"""What a network multiplies with: bfloat16 only where its answer stays that of float32."""

import dataclasses

import numpy as np
import pytest
import tifffile

from fakes.method import FAKE, FakeMethod, install_fake_model, known_here
from superlens.core.jobs import (
    ComputePolicy,
    DeviceChoice,
    InputImage,
    PrecisionChoice,
    RestoreRequest,
)
from superlens.core.messages import DeviceInfo, LogLine
from superlens.core.method import Precision, Restoration, TileNeeds
from superlens.engine import precision
from superlens.engine.context import JobContext
from superlens.engine.device import ChosenDevice
from superlens.engine.execute import execute
from superlens.engine.precision import (
    agreement_db,
    busiest_window,
    fixed_pattern,
    settled_precision,
    wanted_precision,
)
from superlens.engine.tile_choice import automatic_tile
from superlens.io.model_library import InstalledModel
from superlens.io.runs import read_run

BOTH = dataclasses.replace(
    FAKE,
    precisions=(Precision.FP32, Precision.BF16),
    runtime="tests.engine.test_precision:Rounding",
)
SIDE = 80


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """How wrong bfloat16 is, per case; set by the tests."""

    everywhere: float = 0.0
    bright: float = 0.0
    is_nan: bool = False


class Rounding(FakeMethod):
    """The fake method with faults of its own in bfloat16."""

    fault = Fault()

    def load(self, weights, device, precision=Precision.FP32):
        return {"precision": precision}

    def restore(self, network, tile, params, run):
        fine = super().restore(network, tile, params, run).mean
        if network["precision"] is Precision.BF16:
            fine = fine + np.float32(self.fault.everywhere)
            fine += self.fault.bright * (fine > 1.5)
            if self.fault.is_nan and tile.shape[-1] != 96:
                fine[:] = np.nan
        return Restoration(fine.astype(np.float32))


@pytest.fixture
def setting(tmp_path, monkeypatch):
    """A model of the faulty method, an image with a bright spot, a device that could."""
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda device: True)
    monkeypatch.setattr("superlens.engine.restorer.load_method", lambda method: Rounding())
    card = install_fake_model(tmp_path / "home" / "models")
    pixels = np.random.default_rng(0).integers(100, 110, (SIDE, SIDE)).astype(np.uint16)
    pixels[30:34, 40:44] = 140
    image = tmp_path / "in.tif"
    tifffile.imwrite(image, pixels)
    events = []

    def restore(name="run", **compute):
        policy = ComputePolicy(DeviceChoice.CPU, threads=1, **compute)
        request = RestoreRequest(
            InputImage(str(image)), card.ref, str(tmp_path / name), samples=0, compute=policy
        )
        execute("job", request, JobContext("job", events.append))
        found = read_run(tmp_path / name)
        return found, tifffile.imread(tmp_path / name / "mean.ome.tif"), _said(events)

    with known_here(BOTH):
        yield restore


def _said(events):
    return " ".join(event.text for event in events if isinstance(event, LogLine))


def _fault(monkeypatch, **changes):
    monkeypatch.setattr(Rounding, "fault", Fault(**changes))


def test_bfloat16_is_used_and_stated_where_it_agrees(setting, monkeypatch):
    _fault(monkeypatch, everywhere=1e-3)

    run, _, said = setting()

    assert run.notes["precision"] == "bf16"
    assert run.notes["precision_db"] == pytest.approx(60, abs=0.1)
    assert run.notes["precision_text"] == "bfloat16 (agrees with float32 to 60 dB)"
    assert "Computing in bfloat16" in said


def test_float32_is_used_where_the_pattern_disagrees(setting, monkeypatch):
    _fault(monkeypatch, everywhere=5e-3)
    run, mean, said = setting()
    _, exact, _ = setting("exact", precision=PrecisionChoice.FP32)

    assert run.notes["precision"] == "fp32"
    assert "bfloat16 agrees only to 46 dB" in said
    np.testing.assert_array_equal(mean, exact)


def test_float32_is_used_where_the_image_itself_disagrees(setting, monkeypatch):
    _fault(monkeypatch, everywhere=1e-4, bright=0.5)
    run, mean, said = setting()
    _, exact, _ = setting("exact", precision=PrecisionChoice.FP32)

    assert run.notes["precision"] == "fp32"
    assert "on this image" in said
    np.testing.assert_array_equal(mean, exact)


def test_tile_without_numbers_is_computed_again_in_float32(setting, monkeypatch):
    _fault(monkeypatch, is_nan=True)
    run, mean, said = setting(precision=PrecisionChoice.BF16)
    _, exact, _ = setting("exact", precision=PrecisionChoice.FP32)

    assert run.notes["precision"] == "bf16"
    assert "computed in float32" in said
    np.testing.assert_array_equal(mean, exact)


def test_same_request_gives_the_same_bits(setting, monkeypatch):
    _fault(monkeypatch, everywhere=1e-3)

    first, second = setting("first")[1], setting("second")[1]

    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("choice", "spec", "can", "expected"),
    [
        (PrecisionChoice.AUTO, FAKE, True, Precision.FP32),
        (PrecisionChoice.BF16, FAKE, True, Precision.FP32),
        (PrecisionChoice.FP32, BOTH, True, Precision.FP32),
        (PrecisionChoice.BF16, BOTH, False, Precision.BF16),
        (PrecisionChoice.AUTO, BOTH, False, Precision.FP32),
    ],
)
def test_what_needs_no_comparison_is_decided_at_once(choice, spec, can, expected, monkeypatch):
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda device: can)

    assert wanted_precision(choice, spec, "cpu").precision is expected


def test_automatic_choice_where_it_can_be_had_needs_a_comparison(monkeypatch):
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda device: True)

    assert wanted_precision(PrecisionChoice.AUTO, BOTH, "cpu") is None


@pytest.mark.parametrize(
    ("error", "expected"), [(1e-2, Precision.FP32), (2e-3, Precision.BF16), (0.0, Precision.BF16)]
)
def test_agreement_decides_at_53_db(error, expected):
    low = fixed_pattern(4)

    found = settled_precision(lambda tile: tile, lambda tile: tile + error, low)

    assert found.precision is expected


def test_agreement_is_the_psnr_of_peak_one():
    zeros = np.zeros((4, 4), np.float32)

    assert agreement_db(zeros + np.float32(0.01), zeros) == pytest.approx(40, abs=1e-3)
    assert agreement_db(zeros * np.nan, zeros) == -np.inf
    assert agreement_db(zeros, zeros) == np.inf


def test_pattern_is_always_the_same_and_fits_the_method():
    first, second = fixed_pattern(36), fixed_pattern(36)

    np.testing.assert_array_equal(first, second)
    assert first.shape == (108, 108)
    assert first.min() >= 0
    assert first.max() == 1
    assert first.std() > 0.1


@pytest.mark.parametrize("shape", [(300, 200), (96, 97), (20, 400), (3, 5)], ids=str)
def test_window_holds_the_structure_and_fits_the_method(shape):
    low = np.zeros(shape, np.float32)
    low[-3:, -3:] = [[1, 0, 1]] * 3

    window = busiest_window(low, 4)

    assert all(
        side % 4 == 0 or side == length for side, length in zip(window.shape, shape, strict=True)
    )
    assert max(window.shape) <= 96
    if min(shape) >= 96:
        assert window.std() > 0


@pytest.mark.parametrize(
    ("bytes_per_px", "memory_gb", "expected"),
    [(0.0, 16, 544), (400.0, 16, 1088), (400.0, 1, 544), (4000.0, 1, 136)],
)
def test_automatic_tile_fits_the_memory(bytes_per_px, memory_gb, expected, tmp_path, monkeypatch):
    card = install_fake_model(tmp_path)
    memory = DeviceInfo("cpu", "CPU", True, memory_gb << 30)
    monkeypatch.setattr("superlens.engine.device.describe_cpu", lambda: memory)
    installed = InstalledModel(card, str(tmp_path / card.id))

    tile = automatic_tile(
        installed, ChosenDevice("cpu", "CPU"), TileNeeds(4, 32, bytes_per_px), is_internal=False
    )

    assert tile == expected
