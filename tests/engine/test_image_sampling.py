"""Methods that sample whole images, in the hands of the engine."""

import threading
import time

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fakes.sampler import (
    SAMPLER_ID,
    SIGMA,
    Sampler,
    install_sampler,
    sampler_known_here,
)
from superlens.core.errors import Diverged, JobCancelled, OutOfMemory
from superlens.core.jobs import ComputePolicy, DeviceChoice, Roi
from superlens.core.messages import DeviceInfo
from superlens.core.method import TileNeeds
from superlens.engine.conservation import block_mean
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.device import ChosenDevice
from superlens.engine.evaluation_pictures import MemoryPlane
from superlens.engine.image_reading import PlaneIndex
from superlens.engine.image_sampling import canvas_of
from superlens.engine.plane_job import PlaneJob, image_key
from superlens.engine.restoration import restore_plane, restore_plane_samples
from superlens.engine.restorer import open_restorer
from superlens.engine.tile_choice import automatic_tile
from superlens.engine.tiling import Grid
from superlens.io.model_library import find_model
from superlens.prepare.normalisation import Normalisation

CPU = ComputePolicy(device=DeviceChoice.CPU, threads=1)
ONE_TO_ONE = Normalisation(0.0, 1.0)


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    card = install_sampler(tmp_path / "home" / "models")
    with sampler_known_here():
        yield card.ref


@pytest.fixture
def low():
    smooth = gaussian_filter(np.random.default_rng(0).random((150, 170)), 3)
    return ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


class Planes:
    def __init__(self):
        self.blocks = {}

    def put(self, kind, block):
        self.blocks.setdefault(kind, {})[block.top, block.left] = block.pixels.copy()

    def plane(self, kind):
        blocks = self.blocks[kind]
        height = max(top + pixels.shape[0] for (top, _), pixels in blocks.items())
        width = max(left + pixels.shape[1] for (_, left), pixels in blocks.items())
        found = np.full((height, width), np.nan, np.float32)
        for (top, left), pixels in blocks.items():
            found[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
        return found


def restored(model, low, samples=3, roi=None, compute=CPU, **settings):
    params = settings.pop("params", {})
    planes = Planes()
    context = settings.pop("context", None) or JobContext("job", lambda event: None)
    roi = roi or Roi(0, 0, low.shape[1], low.shape[0])
    job = PlaneJob(roi, ONE_TO_ONE, samples, **settings)
    with open_restorer(model, params, compute, 0, context) as restorer:
        restore_plane(restorer, (_reader(low), low.shape), job, planes)
    return planes


def _reader(low):
    return lambda at: low[at.y : at.y + at.height, at.x : at.x + at.width]


def test_mean_and_spread_are_those_of_the_samples(model, low):
    planes = restored(model, low, samples=5)

    samples = np.stack([planes.plane(str(index)) for index in range(5)])
    assert samples.shape == (5, 300, 340)
    np.testing.assert_allclose(planes.plane("mean"), samples.mean(0), atol=1e-6)
    np.testing.assert_allclose(planes.plane("spread"), samples.std(0, ddof=1), atol=1e-6)
    # Conserving the local mean takes a little off the noise; 102,000 pixels give its size to 1 %.
    assert np.sqrt((planes.plane("spread") ** 2).mean()) == pytest.approx(SIGMA, rel=0.02)
    assert not np.allclose(samples[0], samples[1], atol=SIGMA)


def test_every_sample_conserves_the_local_mean_of_the_input(model, low):
    planes = restored(model, low, samples=2)

    back = gaussian_filter(block_mean(planes.plane("1"), 2), 16)
    np.testing.assert_allclose(back, gaussian_filter(low, 16), atol=0.01)


def test_without_samples_the_first_one_is_the_answer(model, low):
    planes = restored(model, low, samples=0)

    assert set(planes.blocks) == {"mean"}
    np.testing.assert_array_equal(planes.plane("mean"), restored(model, low, 2).plane("0"))


def test_one_sample_has_no_spread(model, low):
    planes = restored(model, low, samples=1, has_maps=True)

    assert set(planes.blocks) == {"mean", "0", "schedule"}


@pytest.mark.parametrize("tile", [64, 100])
def test_tile_size_does_not_change_the_result(model, low, tile):
    whole = restored(model, low)

    tiled = restored(model, low, compute=ComputePolicy(DeviceChoice.CPU, 1, tile))

    for kind in ("mean", "spread", "2"):
        np.testing.assert_allclose(tiled.plane(kind), whole.plane(kind), atol=1e-6)


def test_samples_go_on_with_smaller_tiles_when_memory_ends(model, low):
    context = JobContext("job", lambda event: None)

    hungry = restored(model, low, params={"largest": 100}, context=context)

    whole = restored(model, low)
    np.testing.assert_allclose(hungry.plane("spread"), whole.plane("spread"), atol=1e-6)
    assert any("continued with 86" in warning for warning in context.warnings)


def test_finished_samples_are_not_drawn_again_when_memory_ends(model, low):
    whole = restored(model, low, samples=4)
    Sampler.asked.clear()

    hungry = restored(model, low, samples=4, params={"fault": "memory"})

    assert [samples.start for samples, _ in Sampler.asked] == [0, 2, 2, 3]
    for kind in ("mean", "spread", "3"):
        np.testing.assert_allclose(hungry.plane(kind), whole.plane(kind), atol=1e-6)


def test_no_tile_small_enough_is_told_plainly(model, low):
    with pytest.raises(OutOfMemory, match="Not even a tile of 64 x 64"):
        restored(model, low, params={"largest": 40})


def test_region_equals_that_part_of_the_whole(model, low):
    roi = Roi(45, 51, 61, 43)

    part = restored(model, low, roi=roi, has_maps=True)

    whole = restored(model, low, has_maps=True)
    inside = (slice(102, 188), slice(90, 212))
    for kind in ("mean", "spread", "interval_low", "schedule"):
        np.testing.assert_allclose(part.plane(kind), whole.plane(kind)[inside], atol=1e-6)


def test_bands_of_a_large_plane_leave_no_trace(model, low, monkeypatch):
    whole = restored(model, low, has_maps=True)

    monkeypatch.setattr("superlens.engine.image_sampling._BAND_PX", 5000)
    banded = restored(model, low, has_maps=True)

    assert len(banded.blocks["mean"]) > 10
    for kind in ("mean", "spread", "interval_high", "persistence"):
        np.testing.assert_allclose(banded.plane(kind), whole.plane(kind), atol=1e-6)


def test_sizes_that_no_tile_divides_are_restored(model):
    low = np.random.default_rng(1).random((5, 3)).astype(np.float32)

    planes = restored(model, low, samples=2)

    assert planes.plane("spread").shape == (10, 6)
    assert np.isfinite(planes.plane("mean")).all()


def test_running_mean_is_shown_from_the_second_sample_on(model, low):
    shown = []

    planes = restored(model, low, samples=4, on_mean=shown.append)

    assert shown == [2, 3, 4]
    assert len(planes.blocks["mean"]) == 1


def test_few_samples_give_a_gaussian_interval(model, low):
    planes = restored(model, low, samples=4, has_maps=True)

    half = 1.645 * planes.plane("spread")
    np.testing.assert_allclose(planes.plane("interval_low"), planes.plane("mean") - half, atol=1e-4)
    np.testing.assert_allclose(
        planes.plane("interval_high"), planes.plane("mean") + half, atol=1e-4
    )


def test_many_samples_give_order_statistics(model, low):
    part = low[:40, :50]

    planes = restored(model, part, samples=30, has_maps=True)

    samples = np.stack([planes.plane(str(index)) for index in range(30)])
    low_end, high_end = np.quantile(samples, [0.05, 0.95], axis=0, method="weibull")
    np.testing.assert_allclose(planes.plane("interval_low"), low_end, atol=1e-5)
    np.testing.assert_allclose(planes.plane("interval_high"), high_end, atol=1e-5)


def test_persistence_is_the_share_of_samples_in_which_a_pixel_is_foreground(model):
    low = np.zeros((64, 64), np.float32)
    low[:, 32:] = 1.0

    planes = restored(model, low, samples=4, has_maps=True)

    persistence = planes.plane("persistence")
    # Noise of 0.1 hardly ever crosses the threshold midway between 0 and 1.
    assert set(np.unique(persistence)) <= {0.0, 0.25, 0.5, 0.75, 1.0}
    assert persistence[:, :60].mean() < 0.001
    assert persistence[:, 68:].mean() > 0.999


def test_images_differ_in_their_noise_and_the_same_image_does_not(model, low):
    first = restored(model, low, samples=2, image=image_key(low))
    again = restored(model, low, samples=2, image=image_key(low.astype(np.float64)))
    other = restored(model, low, samples=2, image=image_key(low + 1))

    np.testing.assert_array_equal(again.plane("1"), first.plane("1"))
    assert np.abs(other.plane("1") - first.plane("1")).max() > SIGMA


def test_cancel_is_answered_within_a_second(model, low):
    control = JobControl()
    context = JobContext("job", lambda event: None, control)
    threading.Timer(0.3, control.cancel).start()

    began = time.monotonic()
    with pytest.raises(JobCancelled):
        restored(model, low, params={"slow_s": 30.0}, context=context)

    assert time.monotonic() - began < 1.3


@pytest.mark.parametrize(("fault", "error"), [("nan", Diverged), ("short", ValueError)])
def test_faulty_samples_are_refused(model, low, fault, error):
    with pytest.raises(error):
        restored(model, low, params={"fault": fault})


def test_small_images_are_drawn_together_after_the_first_two(model, low):
    tiles = ComputePolicy(DeviceChoice.CPU, 1, 400)

    planes = restored(model, low, 12, compute=tiles)

    # Six canvases of 152 x 172 pixels fit into a tile.
    asked = [samples for samples, _ in Sampler.asked]
    assert asked == [range(2), range(2, 8), range(8, 12)]
    np.testing.assert_array_equal(planes.plane("5"), restored(model, low, 7).plane("5"))


def test_a_plane_in_memory_is_what_samples_make_of_it(model, low):
    context = JobContext("job", lambda event: None)
    with open_restorer(model, {}, CPU, 0, context) as restorer:
        answer = restore_plane_samples(restorer, MemoryPlane(low), PlaneIndex(), 3)
        single = restore_plane_samples(restorer, MemoryPlane(low), PlaneIndex())

    assert restorer.card.id == SAMPLER_ID
    assert len(answer.samples) == 3
    np.testing.assert_allclose(answer.mean, np.mean(answer.samples, 0), atol=1e-5)
    assert answer.spread is not None
    assert single.spread is None
    assert single.samples == ()
    np.testing.assert_array_equal(single.mean, answer.samples[0])


def test_canvas_is_on_the_lattice_and_holds_the_context():
    grid = Grid(tile=64, halo=40, multiple=16, scale=2)

    assert canvas_of(Roi(100, 90, 30, 20), (300, 400), grid) == Roi(48, 48, 128, 112)
    assert canvas_of(Roi(0, 0, 401, 33), (33, 401), grid) == Roi(0, 0, 416, 48)


@pytest.mark.parametrize(
    ("bytes_per_px", "memory_gb", "expected"), [(400, 16, 544), (4000, 1, 136)]
)
def test_tiles_of_its_own_fit_the_memory(
    model, tmp_path, monkeypatch, bytes_per_px, memory_gb, expected
):
    memory = DeviceInfo("cpu", "CPU", True, memory_gb << 30)
    monkeypatch.setattr("superlens.engine.device.describe_cpu", lambda: memory)
    needs = TileNeeds(multiple=4, halo=32, bytes_per_px=bytes_per_px)

    tile = automatic_tile(find_model(model.id), ChosenDevice("cpu", "CPU"), needs, is_internal=True)

    assert tile == expected
