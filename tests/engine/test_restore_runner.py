import json

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from fakes.method import MODEL_ID, STEP, install_fake_model, known_here
from superlens.core.errors import (
    Diverged,
    InvalidInput,
    InvalidParameter,
    JobCancelled,
    OutOfMemory,
    UnsupportedImage,
)
from superlens.core.jobs import (
    ComputePolicy,
    DeviceChoice,
    InputImage,
    KeepSamples,
    RestoreRequest,
    Roi,
)
from superlens.core.messages import Accepted, Progress
from superlens.core.records import ChannelInfo, ModelRef
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.engine.conservation import block_mean
from superlens.engine.context import JobContext
from superlens.engine.execute import execute
from superlens.engine.image_reading import PlaneIndex
from superlens.engine.restoration import restore_plane_samples
from superlens.engine.restorer import open_restorer
from superlens.io.image_writer import ImageMetadata, write_image
from superlens.io.images import open_image, probe
from superlens.io.runs import read_run

CPU = ComputePolicy(device=DeviceChoice.CPU, threads=1)


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    card = install_fake_model(tmp_path / "home" / "models")
    with known_here():
        yield card.ref


def specimen(shape, seed=0, photons=200.0):
    """Smooth structure with photon noise, as a camera would give it: uint16."""
    rng = np.random.default_rng(seed)
    smooth = gaussian_filter(rng.random(shape), [0] * (len(shape) - 2) + [3, 3])
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    return (100 + rng.poisson(photons * smooth)).astype(np.uint16)


def write(path, stack, pixel_um=0.1, channels=None):
    sizes = PixelSizes(0.3, pixel_um, pixel_um, PixelSizeOrigin.REPORTED, "test")
    if pixel_um is None:
        sizes = PixelSizes()
    names = channels or tuple(f"c{index}" for index in range(stack.shape[1]))
    infos = tuple(ChannelInfo(name) for name in names)
    write_image(path, stack, ImageMetadata(sizes, infos, ""))
    return path


@pytest.fixture
def image(tmp_path):
    return write(tmp_path / "in.ome.tif", specimen((1, 1, 1, 150, 170)))


def request_for(image, model, out, **changes):
    values = {"compute": CPU, "samples": 0} | changes
    given = values.pop("input", {})
    return RestoreRequest(InputImage(str(image), **given), model, str(out), **values)


def restore(request, events=None):
    context = JobContext("job", (events if events is not None else []).append)
    return execute("job", request, context)


def pixels(folder, name):
    with open_image(folder / name) as source:
        info = source.info.scenes[0]
        stack = [
            [
                [source.plane(0, t, c, z) for z in range(info.size("Z"))]
                for c in range(info.size("C"))
            ]
            for t in range(info.size("T"))
        ]
    return np.array(stack)


def test_single_answer_has_scale_units_and_provenance(image, model, tmp_path):
    out = tmp_path / "run"

    result = restore(request_for(image, model, out))

    assert result.folder == str(out)
    assert sorted(path.name for path in out.iterdir()) == [
        "job.json",
        "log.txt",
        "mean.ome.tif",
        "model_card.json",
        "residual.ome.tif",
    ]
    run = read_run(out)
    assert run.notes["model_sha256"] == model.sha256
    assert run.notes["samples_used"] == 0
    assert run.notes["spread_label"] is None
    assert run.notes["pixel_size_sr_um"] == pytest.approx(0.05)
    assert len(run.notes["input_sha256"]) == 64
    scene = probe(out / "mean.ome.tif").scenes[0]
    assert scene.shape == (1, 1, 1, 300, 340)
    assert scene.dtype == "float32"
    assert scene.pixel_sizes.lateral_um == pytest.approx(0.05)
    assert scene.pixel_sizes.z == pytest.approx(0.3)
    with tifffile.TiffFile(out / "mean.ome.tif") as file:
        assert "computationally super-resolved by Superlens" in file.pages[0].description
        assert f"model {MODEL_ID} ({model.sha256[:12]}), 2x" in file.pages[0].description


@pytest.mark.parametrize("brightness", [1.0, 0.7, 1.5])
def test_local_mean_of_the_input_is_conserved_within_one_percent(
    image, model, tmp_path, brightness
):
    out = tmp_path / "run"

    restore(
        request_for(
            image, model, out, params={"brightness": brightness}, compute=ComputePolicy(tile=64)
        )
    )

    raw = gaussian_filter(pixels(image.parent, image.name)[0, 0, 0].astype(float), 16)
    back = gaussian_filter(block_mean(pixels(out, "mean.ome.tif")[0, 0, 0], 2).astype(float), 16)
    np.testing.assert_allclose(back / raw, 1, atol=0.01)


def test_spread_over_samples_is_exact_and_samples_are_kept(image, model, tmp_path):
    out = tmp_path / "run"

    result = restore(request_for(image, model, out, samples=4, keep_samples=KeepSamples.ALL))

    notes = read_run(out).notes
    span = notes["normalisation_high"] - notes["normalisation_low"]
    mean, spread = pixels(out, "mean.ome.tif"), pixels(out, "spread.ome.tif")
    samples = np.stack([pixels(out, f"samples/{index:03d}.ome.tif") for index in range(4)])
    # Heights 1, 2, 3, 4 times the step: standard deviation sqrt(5 / 3), ddof 1.
    np.testing.assert_allclose(spread, STEP * span * np.sqrt(5 / 3), rtol=1e-3)
    np.testing.assert_allclose(spread, samples.std(axis=0, ddof=1), rtol=1e-2)
    np.testing.assert_allclose(mean, samples.mean(axis=0), rtol=1e-5)
    assert notes["samples_used"] == 4
    assert notes["spread_label"] == "Height of a checkerboard"
    assert [file.role for file in result.files].count("sample") == 4


def test_default_samples_are_those_of_the_method_on_a_quick_job(image, model, tmp_path):
    result = restore(request_for(image, model, tmp_path / "run", samples=None))

    assert read_run(tmp_path / "run").notes["samples_used"] == 8
    assert result.path_of("sample") is None
    assert result.path_of("spread") == "spread.ome.tif"


def test_default_spread_is_left_out_where_it_takes_longer_than_five_minutes(
    image, model, tmp_path, monkeypatch
):
    # 150 x 170 pixels and their halo at 2 ms each: 63 s for one answer, 500 s for eight.
    monkeypatch.setattr(
        "superlens.engine.restorer.Restorer.seconds_per_px", lambda self, expected_px: 2e-3
    )
    events = []

    result = restore(request_for(image, model, tmp_path / "run", samples=None), events)

    assert read_run(tmp_path / "run").notes["samples_used"] == 0
    assert "The spread was left out" in " ".join(result.warnings)
    plan = next(event.plan for event in events if isinstance(event, Accepted))
    assert "about 63 seconds" in plan


def test_more_samples_than_the_method_has_are_lowered_with_a_warning(image, model, tmp_path):
    result = restore(request_for(image, model, tmp_path / "run", samples=50))

    assert read_run(tmp_path / "run").notes["samples_used"] == 8
    assert "50 samples were asked for, but Fake has only 8" in result.warnings


def test_one_sample_has_no_spread(image, model, tmp_path):
    result = restore(request_for(image, model, tmp_path / "run", samples=1))

    assert result.path_of("spread") is None


def test_tile_size_and_memory_retries_do_not_change_the_result(image, model, tmp_path):
    whole, small, hungry = tmp_path / "whole", tmp_path / "small", tmp_path / "hungry"

    restore(request_for(image, model, whole, samples=2))
    restore(request_for(image, model, small, samples=2, compute=ComputePolicy(tile=64)))
    result = restore(request_for(image, model, hungry, samples=2, params={"largest": 130}))

    expected = pixels(whole, "mean.ome.tif")
    # The conserved mean of a tile ends 24 px beyond it, three sigmas: at most 0.1 % of contrast.
    tolerance = 1e-3 * np.ptp(expected)
    np.testing.assert_allclose(pixels(small, "mean.ome.tif"), expected, atol=tolerance)
    np.testing.assert_allclose(pixels(hungry, "mean.ome.tif"), expected, atol=tolerance)
    assert read_run(hungry).notes["tile"] == 85
    assert any("too small for tiles" in warning for warning in result.warnings)
    assert "too small for tiles" in (hungry / "log.txt").read_text(encoding="utf-8")


def test_time_can_be_estimated_where_the_usual_tile_does_not_fit(
    image, model, tmp_path, monkeypatch
):
    monkeypatch.setattr("superlens.engine.restorer._PILOT_PART", 1.0)
    events = []

    restore(request_for(image, model, tmp_path / "run", params={"largest": 130}), events)

    assert "about 1 second" in next(item.plan for item in events if isinstance(item, Accepted))


def test_no_tile_small_enough_is_told_plainly(image, model, tmp_path):
    with pytest.raises(OutOfMemory, match="Not even a tile of 64 x 64"):
        restore(request_for(image, model, tmp_path / "run", params={"largest": 100}))

    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "run.partial").exists()


def test_repeated_request_gives_the_same_bits(image, model, tmp_path):
    for name in ("first", "second"):
        restore(request_for(image, model, tmp_path / name, samples=3))

    for file in ("mean.ome.tif", "spread.ome.tif", "residual.ome.tif"):
        first, second = (pixels(tmp_path / name, file) for name in ("first", "second"))
        np.testing.assert_array_equal(first, second)


def test_region_equals_that_part_of_the_whole(image, model, tmp_path):
    roi = Roi(33, 21, 70, 80)

    restore(request_for(image, model, tmp_path / "whole"))
    restore(request_for(image, model, tmp_path / "part", roi=roi))

    whole = pixels(tmp_path / "whole", "mean.ome.tif")[0, 0, 0]
    part = pixels(tmp_path / "part", "mean.ome.tif")[0, 0, 0]
    assert part.shape == (160, 140)
    inside = whole[42:202, 66:206]
    np.testing.assert_allclose(part, inside, atol=1e-3 * np.ptp(whole))
    assert (
        "x = 33, y = 21 of the input (3.3 µm, 2.1 µm)" in read_run(tmp_path / "part").notes["place"]
    )


def test_stack_keeps_its_axes_channels_and_one_normalisation_each(model, tmp_path):
    stack = specimen((2, 2, 3, 40, 36))
    stack[:, 1] = 7 * stack[:, 0]
    image = write(tmp_path / "stack.ome.tif", stack, channels=("DNA", "protein"))
    events = []

    restore(request_for(image, model, tmp_path / "run", samples=2), events)

    scene = probe(tmp_path / "run" / "mean.ome.tif").scenes[0]
    assert scene.shape == (2, 2, 3, 80, 72)
    assert [channel.name for channel in scene.channels] == ["DNA", "protein"]
    notes = read_run(tmp_path / "run").notes
    assert notes["normalisation_high_1"] == pytest.approx(7 * notes["normalisation_high"])
    mean = pixels(tmp_path / "run", "mean.ome.tif")
    # The second channel is the first, seven times as bright.
    np.testing.assert_allclose(mean[:, 1], 7 * mean[:, 0], rtol=1e-4)
    last = [event for event in events if isinstance(event, Progress)][-1]
    assert last.done == last.total


def test_one_channel_of_several_can_be_chosen(model, tmp_path):
    image = write(tmp_path / "two.ome.tif", specimen((1, 2, 1, 40, 40)), channels=("a", "b"))

    restore(request_for(image, model, tmp_path / "run", input={"channel": 1}))

    scene = probe(tmp_path / "run" / "mean.ome.tif").scenes[0]
    assert [channel.name for channel in scene.channels] == ["b"]


def test_consistency_of_a_faithful_result_is_near_one(model, tmp_path):
    smooth = gaussian_filter(np.random.default_rng(5).random((256, 256)), 6)
    smooth = 100 + 400 * (smooth - smooth.min()) / np.ptp(smooth)
    noisy = np.random.default_rng(6).poisson(smooth).astype(np.uint16)
    image = write(tmp_path / "in.ome.tif", noisy[None, None, None])

    restore(request_for(image, model, tmp_path / "run"))

    notes = read_run(tmp_path / "run").notes
    # The mean over 3 x 3 keeps a ninth of the noise: a misfit of (8 / 9) sigma squared per pixel,
    # and the noise estimate itself is good to some ten percent.
    assert 0.75 < notes["consistency_chi2"] < 1.1
    assert notes["consistency_over_3"] < 0.01
    residual = pixels(tmp_path / "run", "residual.ome.tif")
    assert residual.shape == (1, 1, 1, 256, 256)
    assert abs(residual.mean()) < 0.05


def test_dim_result_is_seen_in_the_consistency(model, tmp_path):
    # Wrong detail that the conserved mean cannot mend: a checkerboard of raw pixels.
    image = write(tmp_path / "in.ome.tif", specimen((1, 1, 1, 128, 128), photons=4000))

    restore(request_for(image, model, tmp_path / "good"))
    restore(request_for(image, model, tmp_path / "bad", params={"brightness": 0.5}))

    good, bad = (read_run(tmp_path / name).notes["consistency_chi2"] for name in ("good", "bad"))
    assert bad > 2 * good


def test_unknown_pixel_size_is_a_warning_and_can_be_entered(model, tmp_path):
    image = write(tmp_path / "in.ome.tif", specimen((1, 1, 1, 40, 40)), pixel_um=None)

    unknown = restore(request_for(image, model, tmp_path / "unknown"))
    entered = restore(request_for(image, model, tmp_path / "entered", input={"pixel_size_um": 0.2}))

    assert any("pixel size" in warning for warning in unknown.warnings)
    assert not any("pixel size" in warning for warning in entered.warnings)
    assert read_run(tmp_path / "unknown").notes["pixel_size_um"] is None
    sizes = probe(tmp_path / "entered" / "mean.ome.tif").scenes[0].pixel_sizes
    assert sizes.lateral_um == pytest.approx(0.1)
    assert read_run(tmp_path / "entered").notes["pixel_size_origin"] == "verified"


def test_input_that_cannot_work_is_refused_in_plain_words_and_leaves_nothing(model, tmp_path):
    constant = np.full((1, 1, 1, 40, 40), 9, np.uint16)
    holes = specimen((1, 1, 1, 40, 40)).astype(np.float32)
    holes[..., :2, 3] = np.nan
    nothing = np.full((1, 1, 1, 40, 40), np.nan, np.float32)
    cases = {"same value, 9": constant, "2 of 1600 pixels": holes, "every pixel is NaN": nothing}

    for words, stack in cases.items():
        image = write(tmp_path / "in.ome.tif", stack)
        with pytest.raises(InvalidInput, match=words):
            restore(request_for(image, model, tmp_path / "run"))
        assert not (tmp_path / "run.partial").exists()
        assert not (tmp_path / "run").exists()


def test_colour_picture_is_refused_with_the_reason(model, tmp_path):
    tifffile.imwrite(tmp_path / "rgb.tif", np.zeros((40, 40, 3), np.uint8), photometric="rgb")

    with pytest.raises(UnsupportedImage, match="colour picture"):
        restore(request_for(tmp_path / "rgb.tif", model, tmp_path / "run"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input": {"scene": 3}}, "no scene 3"),
        ({"input": {"channel": 2}}, "no channel 2"),
        ({"roi": Roi(100, 100, 100, 100)}, "not inside the image"),
        ({"keep_samples": KeepSamples.ROI}, "there is no region"),
        ({"samples": -1}, "-1 samples"),
        ({"params": {"britness": 1.0}}, "no parameter 'britness'"),
        ({"compute": ComputePolicy(tile=4)}, "tile of 4 pixels"),
    ],
)
def test_wrong_parameters_are_named(image, model, tmp_path, changes, words):
    with pytest.raises(InvalidParameter, match=words):
        restore(request_for(image, model, tmp_path / "run", **changes))


def test_file_that_changed_since_the_request_is_refused(image, model, tmp_path):
    with pytest.raises(InvalidInput, match="changed since"):
        restore(request_for(image, model, tmp_path / "run", input={"sha256": "0" * 64}))


def test_other_model_of_the_same_id_is_refused(image, model, tmp_path):
    with pytest.raises(InvalidInput, match="not the one that was asked for"):
        restore(request_for(image, ModelRef(MODEL_ID, "0" * 64), tmp_path / "run"))


def test_answer_that_is_not_finite_ends_the_job(image, model, tmp_path):
    with pytest.raises(Diverged, match="not numbers"):
        restore(request_for(image, model, tmp_path / "run", params={"fault": "nan"}))


def test_full_disk_is_told_before_anything_is_computed(image, model, tmp_path, monkeypatch):
    from superlens.core.errors import DiskFull

    monkeypatch.setattr(
        "superlens.io.disk.shutil.disk_usage", lambda path: type("usage", (), {"free": 1000})
    )

    with pytest.raises(DiskFull, match="needs"):
        restore(request_for(image, model, tmp_path / "run"))

    assert not (tmp_path / "run.partial").exists()


@pytest.mark.parametrize("phase", ["Restoring", "Comparing with the raw image", "Writing"])
def test_job_cancelled_in_any_phase_leaves_no_folder(image, model, tmp_path, phase):
    context = None

    def cancel(event):
        if isinstance(event, Progress) and event.phase == phase:
            context.control.cancel()

    context = JobContext("job", cancel)
    request = request_for(image, model, tmp_path / "run", compute=ComputePolicy(tile=64))

    with pytest.raises(JobCancelled):
        execute("job", request, context)

    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "run.partial").exists()


def test_plane_in_memory_equals_the_plane_on_disk(image, model, tmp_path):
    restore(request_for(image, model, tmp_path / "run", samples=3, keep_samples=KeepSamples.ALL))

    context = JobContext("job", lambda event: None)
    with open_restorer(model, {}, CPU, 0, context) as restorer, open_image(image) as source:
        answer = restore_plane_samples(restorer, source, PlaneIndex(), samples=3)

    np.testing.assert_array_equal(answer.mean, pixels(tmp_path / "run", "mean.ome.tif")[0, 0, 0])
    np.testing.assert_array_equal(
        answer.spread, pixels(tmp_path / "run", "spread.ome.tif")[0, 0, 0]
    )
    assert len(answer.samples) == 3


def test_request_in_the_run_folder_is_complete(image, model, tmp_path):
    request = request_for(image, model, tmp_path / "run", samples=2, seed=5)

    restore(request)

    saved = json.loads((tmp_path / "run" / "job.json").read_text())["request"]
    assert saved["model"]["sha256"] == model.sha256
    assert saved["seed"] == 5
