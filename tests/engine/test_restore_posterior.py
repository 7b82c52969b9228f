"""The restore job with a method whose samples are those of a posterior."""

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from fakes.method import install_fake_model, known_here
from fakes.sampler import SIGMA, Sampler, install_sampler, sampler_known_here
from superlens.core.cards import Calibration
from superlens.core.jobs import (
    ComputePolicy,
    DeviceChoice,
    ExportFormat,
    ExportRequest,
    InputImage,
    KeepSamples,
    RestoreRequest,
    Roi,
)
from superlens.core.messages import Accepted, Preview, Progress
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.engine.context import JobContext
from superlens.engine.execute import execute
from superlens.engine.preview_ring import PreviewRing
from superlens.io.image_writer import ImageMetadata, write_image
from superlens.io.runs import read_run

CPU = ComputePolicy(device=DeviceChoice.CPU, threads=1)
CALIBRATION = Calibration("toys", 8, 10, (0.9,), (0.8,), (0.9,), 1.25, 0.05, 0.1)


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    with sampler_known_here():
        yield tmp_path / "home" / "models"


@pytest.fixture
def model(models):
    return install_sampler(models).ref


@pytest.fixture
def image(tmp_path):
    return write(tmp_path / "in.ome.tif", specimen((1, 1, 1, 60, 70)))


def specimen(shape):
    smooth = gaussian_filter(np.random.default_rng(0).random(shape), [0, 0, 0, 3, 3])
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    return (100 + 1000 * smooth).astype(np.uint16)


def write(path, stack):
    sizes = PixelSizes(0.3, 0.1, 0.1, PixelSizeOrigin.REPORTED, "test")
    infos = tuple(ChannelInfo(f"c{index}") for index in range(stack.shape[1]))
    write_image(path, stack, ImageMetadata(sizes, infos, ""))
    return path


def restore(image, model, out, events=None, previews=None, **changes):
    given = {"compute": CPU, "samples": 4} | changes
    request = RestoreRequest(InputImage(str(image)), model, str(out), **given)
    emit = (events if events is not None else []).append
    return execute("job", request, JobContext("job", emit, previews=previews))


def picture(folder, name):
    return tifffile.imread(folder / name, level=0).squeeze()


def test_run_holds_interval_persistence_and_schedule(image, model, tmp_path):
    out = tmp_path / "run"

    result = restore(image, model, out)

    roles = {file.role: file.path for file in result.files}
    for role in ("mean", "spread", "interval_low", "interval_high", "persistence", "schedule"):
        assert roles[role] == f"{role}.ome.tif"
        assert picture(out, roles[role]).shape == (120, 140)
    notes = read_run(out).notes
    assert notes["samples_used"] == 4
    assert notes["spread_label"] == "Spread of the samples"
    assert notes["interval_label"] == "Gaussian approximation from 4 samples"
    assert notes["interval_level"] == 0.9
    assert notes["schedule_label"] == "Brightness"
    assert notes["spread_factor"] == 1.0
    half = picture(out, "interval_high.ome.tif") - picture(out, "mean.ome.tif")
    np.testing.assert_allclose(half, 1.6449 * picture(out, "spread.ome.tif"), rtol=1e-3)
    with tifffile.TiffFile(out / "schedule.ome.tif") as file:
        assert "Qualitative hint, not an uncertainty: Brightness" in file.pages[0].description


def test_twenty_samples_make_the_interval_of_order_statistics(image, model, tmp_path):
    out = tmp_path / "run"

    restore(image, model, out, samples=20, keep_samples=KeepSamples.ALL)

    assert read_run(out).notes["interval_label"] == "order statistics over 20 samples"
    samples = np.stack([picture(out, f"samples/{index:03d}.ome.tif") for index in range(20)])
    low, high = np.quantile(samples, [0.05, 0.95], axis=0, method="weibull")
    np.testing.assert_allclose(picture(out, "interval_low.ome.tif"), low, rtol=1e-4)
    np.testing.assert_allclose(picture(out, "interval_high.ome.tif"), high, rtol=1e-4)
    np.testing.assert_allclose(
        picture(out, "spread.ome.tif"), samples.std(0, ddof=1), rtol=2e-3, atol=1e-2
    )


@pytest.mark.parametrize("samples", [4, 20])
def test_factor_of_the_card_stretches_spread_and_interval(image, models, tmp_path, samples):
    plain = install_sampler(models).ref
    restore(image, plain, tmp_path / "raw", samples=samples)
    install_sampler(models, CALIBRATION)

    restore(image, plain, tmp_path / "run", samples=samples)

    notes = read_run(tmp_path / "run").notes
    assert notes["spread_factor"] == 1.25
    assert notes["interval_label"].endswith("stretched 1.25 times about the mean (calibration)")
    raw, found = (
        {kind: picture(tmp_path / name, f"{kind}.ome.tif") for kind in KINDS}
        for name in ("raw", "run")
    )
    np.testing.assert_array_equal(found["mean"], raw["mean"])
    np.testing.assert_allclose(found["spread"], 1.25 * raw["spread"], rtol=1e-4)
    for kind in ("interval_low", "interval_high"):
        np.testing.assert_allclose(
            found[kind] - raw["mean"], 1.25 * (raw[kind] - raw["mean"]), atol=0.01
        )


KINDS = ("mean", "spread", "interval_low", "interval_high")


@pytest.mark.parametrize("samples", [0, 1])
def test_fewer_than_two_samples_are_said_to_have_no_spread(image, model, tmp_path, samples):
    result = restore(image, model, tmp_path / "run", samples=samples)

    assert {file.role for file in result.files}.isdisjoint(
        {"spread", "interval_low", "persistence"}
    )
    assert any("one sample of many possible ones" in text for text in result.warnings)
    assert read_run(tmp_path / "run").notes["spread_factor"] is None


def test_default_is_that_of_the_method_on_a_quick_job(image, model, tmp_path):
    events = []

    restore(image, model, tmp_path / "run", events, samples=None)

    assert read_run(tmp_path / "run").notes["samples_used"] == 6
    plan = next(event.plan for event in events if isinstance(event, Accepted))
    assert "1 plane, 6 samples, about" in plan


# A canvas of 60 x 72 pixels at 14 ms is 60 s a sample: five of them fit; at 60 ms not even two.
@pytest.mark.parametrize(("seconds", "expected"), [(0.0138, 5), (0.06, 4)])
def test_default_is_lowered_on_a_slow_processor(
    image, model, tmp_path, monkeypatch, seconds, expected
):
    monkeypatch.setattr(
        "superlens.engine.restorer.Restorer.seconds_per_px", lambda self, expected_px: seconds
    )

    result = restore(image, model, tmp_path / "run", samples=None)

    assert read_run(tmp_path / "run").notes["samples_used"] == expected
    assert any(f"Only {expected} samples are drawn" in text for text in result.warnings)


def test_running_mean_is_shown_while_samples_come(image, model, tmp_path):
    events = []
    ring = PreviewRing.create()

    restore(image, model, tmp_path / "run", events, ring)

    ring.close()
    shown = [event for event in events if isinstance(event, Preview)]
    last = [event for event in events if isinstance(event, Progress)]
    assert len(shown) >= 3
    assert {event.name for event in shown} == {"mean"}
    restoring = [event for event in last if event.phase == "Restoring"]
    assert restoring[-1].done == restoring[-1].total == 400


def test_planes_of_a_stack_are_one_after_the_other(models, model, tmp_path):
    image = write(tmp_path / "stack.ome.tif", specimen((2, 2, 1, 40, 36)))

    restore(image, model, tmp_path / "run", samples=2)

    persistence = tifffile.imread(tmp_path / "run" / "persistence.ome.tif", level=0).squeeze()
    assert persistence.shape == (2, 2, 80, 72)
    assert set(np.unique(persistence)) <= {0.0, 0.5, 1.0}
    spread = tifffile.imread(tmp_path / "run" / "spread.ome.tif", level=0).squeeze()
    notes = read_run(tmp_path / "run").notes
    for channel, end in enumerate(("", "_1")):
        span = notes[f"normalisation_high{end}"] - notes[f"normalisation_low{end}"]
        # Two samples: the root mean square of their standard deviation, over 11,520 pixels.
        found = np.sqrt((spread[:, channel] ** 2).mean()) / span
        assert found == pytest.approx(SIGMA, rel=0.05)


def test_large_planes_lie_on_disk_and_give_the_same(image, model, tmp_path, monkeypatch):
    restore(image, model, tmp_path / "small", samples=20)

    monkeypatch.setattr("superlens.engine.scratch._MOST_IN_MEMORY", 100)
    restore(image, model, tmp_path / "large", samples=20)

    for kind in (*KINDS, "persistence", "schedule"):
        np.testing.assert_array_equal(
            picture(tmp_path / "large", f"{kind}.ome.tif"),
            picture(tmp_path / "small", f"{kind}.ome.tif"),
        )
    assert not (tmp_path / "large" / ".scratch").exists()


def test_region_equals_that_part_of_the_whole(image, model, tmp_path):
    restore(image, model, tmp_path / "whole")

    restore(image, model, tmp_path / "part", roi=Roi(21, 13, 30, 27))

    whole, part = (picture(tmp_path / name, "spread.ome.tif") for name in ("whole", "part"))
    np.testing.assert_allclose(part, whole[26:80, 42:102], rtol=1e-3)


def test_samples_of_a_picture_do_not_depend_on_its_number_type(image, model, tmp_path):
    as_float = write(tmp_path / "float.ome.tif", specimen((1, 1, 1, 60, 70)).astype(np.float32))

    restore(image, model, tmp_path / "first")
    restore(as_float, model, tmp_path / "second")

    np.testing.assert_array_equal(
        picture(tmp_path / "second", "spread.ome.tif"),
        picture(tmp_path / "first", "spread.ome.tif"),
    )


def test_flips_and_rotations_have_no_interval(image, models, tmp_path):
    with known_here():
        ref = install_fake_model(models).ref
        result = restore(image, ref, tmp_path / "run", samples=4)

    assert {file.role for file in result.files}.isdisjoint({"interval_low", "persistence"})
    notes = read_run(tmp_path / "run").notes
    assert notes["interval_label"] is None
    assert Sampler.asked == []


def test_fewer_samples_and_other_settings_than_calibrated_are_said(image, models, tmp_path):
    ref = install_sampler(models, CALIBRATION).ref

    usual = restore(image, ref, tmp_path / "usual", samples=8)
    other = restore(image, ref, tmp_path / "other", samples=4, params={"slow_s": 0.001})

    assert not any("calibrated" in text for text in usual.warnings)
    assert any("with 4 it is less certain" in text for text in other.warnings)
    assert any("usual settings of the method" in text for text in other.warnings)


def test_pictures_of_a_posterior_can_be_exported(image, model, tmp_path):
    restore(image, model, tmp_path / "run")
    roles = ("interval_low", "persistence", "schedule")

    for file_format in (ExportFormat.OME_TIFF, ExportFormat.PNG):
        request = ExportRequest(str(tmp_path / "run"), str(tmp_path / "out"), file_format, roles)
        execute("job", request, JobContext("job", lambda event: None))

    out = tmp_path / "out"
    with tifffile.TiffFile(out / "in_SR_sampler-x2_2x_interval_low.ome.tif") as file:
        text = file.pages[0].description
    assert "Lower end of the 90 % interval: Gaussian approximation from 4 samples" in text
    assert (out / "in_SR_sampler-x2_2x.png").stat().st_size > 0
