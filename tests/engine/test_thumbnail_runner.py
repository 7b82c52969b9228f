import numpy as np
import pytest
import tifffile
from PIL import Image

from superlens.core.errors import JobCancelled
from superlens.core.jobs import FileToLookAt, ThumbnailRequest
from superlens.core.messages import Progress
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.engine import context as context_module
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.execute import execute
from superlens.engine.runners import thumbnail
from superlens.io.findings import read_findings
from superlens.io.image_writer import ImageMetadata, write_image


def look_at(path, out, side_px=96, has_pictures=True):
    """Give what was found; the pictures are in `out`."""
    files = (FileToLookAt(str(path), str(out)),)
    return look_at_all(files, out.with_suffix(".findings"), has_pictures, side_px)[0]


def look_at_all(files, findings, has_pictures=False, side_px=96):
    request = ThumbnailRequest(files, str(findings), has_pictures, side_px)
    execute("job", request, JobContext("job", lambda event: None))
    return read_findings(findings)


def write(path, stack):
    sizes = PixelSizes(None, 0.1, 0.1, PixelSizeOrigin.REPORTED, "test")
    channels = tuple(ChannelInfo(f"c{index}") for index in range(stack.shape[1]))
    write_image(path, stack, ImageMetadata(sizes, channels, ""))
    return path


def test_file_becomes_information_and_a_picture(tmp_path):
    stack = np.zeros((1, 1, 3, 300, 200), np.uint16)
    stack[0, 0, 1, 150:] = 1000
    image = write(tmp_path / "in.ome.tif", stack)

    found = look_at(image, tmp_path / "out")

    assert found.info.scenes[0].shape == (1, 1, 3, 300, 200)
    picture = np.asarray(Image.open(tmp_path / "out" / "scene-0.png"))
    assert picture.shape == (75, 50, 3)
    # The middle plane: dark above, bright below, grey.
    assert picture[:37].max() == 0
    assert picture[38:].min() == 255


def test_two_channels_are_merged_in_green_and_magenta(tmp_path):
    stack = np.zeros((1, 2, 1, 64, 64), np.uint16)
    stack[0, 0, 0, :, :32] = 500
    stack[0, 1, 0, :, 32:] = 90
    image = write(tmp_path / "in.ome.tif", stack)

    look_at(image, tmp_path / "out")

    picture = np.asarray(Image.open(tmp_path / "out" / "scene-0.png"))
    assert picture[10, 10].tolist() == [0, 255, 0]
    assert picture[10, 50].tolist() == [255, 0, 255]


def test_colour_picture_keeps_its_colours(tmp_path):
    pixels = np.zeros((40, 30, 3), np.uint8)
    pixels[..., 0] = 200
    tifffile.imwrite(tmp_path / "rgb.tif", pixels, photometric="rgb")

    look_at(tmp_path / "rgb.tif", tmp_path / "out")

    picture = np.asarray(Image.open(tmp_path / "out" / "scene-0.png"))
    assert picture[3, 3].tolist() == [200, 0, 0]


def test_values_that_are_not_numbers_are_black(tmp_path):
    stack = np.random.default_rng(0).random((1, 1, 1, 32, 32)).astype(np.float32)
    stack[..., :8, :] = np.nan
    image = write(tmp_path / "in.ome.tif", stack)

    look_at(image, tmp_path / "out")

    picture = np.asarray(Image.open(tmp_path / "out" / "scene-0.png"))
    assert picture[:8].max() == 0
    assert picture[8:].max() == 255


def test_broken_file_gives_an_error_and_the_others_are_read(tmp_path):
    (tmp_path / "bad.tif").write_bytes(b"II*\0" + b"\xff" * 50)
    image = write(tmp_path / "in.ome.tif", np.zeros((1, 1, 1, 8, 8), np.uint8))
    files = [FileToLookAt(str(path), "") for path in (tmp_path / "bad.tif", image)]

    bad, good = look_at_all(files, tmp_path / "findings")

    assert bad.info is None
    assert bad.error.code == "unreadable_file"
    assert good.info.scenes[0].pixel_sizes.x == pytest.approx(0.1)


def test_no_picture_is_made_where_none_is_wanted(tmp_path):
    image = write(tmp_path / "in.ome.tif", np.zeros((1, 1, 1, 8, 8), np.uint8))

    found = look_at(image, tmp_path / "out", has_pictures=False)

    assert found.info.path == str(image)
    assert not (tmp_path / "out").exists()


def test_turn_ends_after_a_while_with_one_file_done_at_least(tmp_path, monkeypatch):
    monkeypatch.setattr(thumbnail, "TURN_S", 0.0)
    image = write(tmp_path / "in.ome.tif", np.zeros((1, 1, 1, 8, 8), np.uint8))

    found = look_at_all([FileToLookAt(str(image), "")] * 3, tmp_path / "findings")

    assert len(found) == 1


def test_job_that_is_stopped_keeps_what_was_found(tmp_path, monkeypatch):
    monkeypatch.setattr(context_module, "_PROGRESS_INTERVAL_S", 0.0)
    image = write(tmp_path / "in.ome.tif", np.zeros((1, 1, 1, 8, 8), np.uint8))
    findings = tmp_path / "findings"
    control = JobControl()

    def stop_after_the_second(event):
        if isinstance(event, Progress) and len(read_findings(findings)) == 2:
            control.cancel()

    context = JobContext("job", stop_after_the_second, control)
    request = ThumbnailRequest((FileToLookAt(str(image), ""),) * 9, str(findings), False)
    with pytest.raises(JobCancelled):
        execute("job", request, context)

    assert len(read_findings(findings)) == 2


def test_picture_of_a_pyramid_is_made_of_its_smallest_level_that_suffices(tmp_path):
    full = np.zeros((512, 512), np.uint8)
    path = tmp_path / "in.tif"
    with tifffile.TiffWriter(path) as tif:
        tif.write(full, subifds=2, tile=(64, 64))
        for side, bright in ((256, slice(0, 128)), (128, slice(64, 128))):
            level = np.zeros((side, side), np.uint8)
            level[bright] = 200
            tif.write(level, subfiletype=1, tile=(64, 64))

    look_at(path, tmp_path / "small", side_px=100)
    look_at(path, tmp_path / "large", side_px=200)

    small = np.asarray(Image.open(tmp_path / "small" / "scene-0.png"))[..., 0]
    large = np.asarray(Image.open(tmp_path / "large" / "scene-0.png"))[..., 0]
    # Each level is bright elsewhere, so that the pictures tell which was read.
    assert (small.shape, large.shape) == ((64, 64), (128, 128))
    assert small[:31].max() == 0
    assert small[33:].min() == 255
    assert large[:63].min() == 255
    assert large[65:].max() == 0
