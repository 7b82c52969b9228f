from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from superlens.core.errors import UnsupportedImage
from superlens.core.jobs import Roi
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, picture_file, probe

HEIGHT, WIDTH = 20, 30


def grey(dtype: str = "uint8") -> np.ndarray:
    high = np.iinfo(dtype).max
    return np.random.default_rng(0).integers(0, high, (HEIGHT, WIDTH), dtype, endpoint=True)


def colour(samples: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, samples), np.uint8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "picture.png"


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_grey_png_is_read_exactly(path: Path, dtype: str) -> None:
    data = grey(dtype)
    Image.fromarray(data).save(path)

    with open_image(path) as image:
        plane = image.plane(0, 0, 0, 0)

    (scene,) = image.info.scenes
    assert (image.info.format, scene.axes, scene.shape) == ("PNG", "TCZYX", (1, 1, 1, 20, 30))
    assert (scene.dtype, plane.dtype.name) == (dtype, dtype)
    np.testing.assert_array_equal(plane, data)
    assert image.info.warnings == ()


def test_colour_png_is_read_exactly(path: Path) -> None:
    data = colour()
    Image.fromarray(data).save(path)

    with open_image(path) as image:
        plane = image.plane(0, 0, 0, 0)

    assert image.info.scenes[0].axes == "TCZYXS"
    np.testing.assert_array_equal(plane, data)


def test_region_equals_the_same_part_of_the_plane(path: Path) -> None:
    data = grey("uint16")
    Image.fromarray(data).save(path)

    with open_image(path) as image:
        region = image.region(0, 0, 0, 0, Roi(3, 5, 10, 7))

    np.testing.assert_array_equal(region, data[5:12, 3:13])


def test_transparency_is_left_out_with_a_word(path: Path) -> None:
    data = colour(4)
    Image.fromarray(data).save(path)

    with open_image(path) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), data[..., :3])

    assert "transparency" in image.info.warnings[0]


def test_grey_with_transparency_is_grey(path: Path) -> None:
    data = np.dstack([grey(), np.full((HEIGHT, WIDTH), 200, np.uint8)])
    Image.fromarray(data, "LA").save(path)

    with open_image(path) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), data[..., 0])

    assert image.info.scenes[0].axes == "TCZYX"


def test_palette_becomes_its_colours(path: Path) -> None:
    indexed = Image.fromarray(grey() // 128).convert("P")
    indexed.putpalette([10, 20, 30, 40, 50, 60])
    indexed.save(path)

    with open_image(path) as image:
        plane = image.plane(0, 0, 0, 0)

    np.testing.assert_array_equal(plane, np.array([[10, 20, 30], [40, 50, 60]])[grey() // 128])


def test_single_bits_become_bytes(path: Path) -> None:
    Image.fromarray(grey() > 127).save(path)

    with open_image(path) as image:
        plane = image.plane(0, 0, 0, 0)

    assert (plane.dtype, plane.max()) == (np.uint8, 1)


def test_jpeg_is_read_and_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "named.tif"
    smooth = np.indices((HEIGHT, WIDTH)).sum(0).astype(np.uint8)
    Image.fromarray(smooth).save(path, "JPEG", quality=95)

    with open_image(path) as image:
        plane = image.plane(0, 0, 0, 0).astype(int)

    assert image.info.format == "JPEG"
    assert "changes pixel values" in image.info.warnings[0]
    assert np.abs(plane - smooth).max() <= 4  # JPEG at quality 95 of a smooth ramp


def test_dots_per_inch_are_no_pixel_size(path: Path) -> None:
    Image.fromarray(grey()).save(path, dpi=(254_000, 254_000))

    assert probe(path).scenes[0].pixel_sizes.origin is PixelSizeOrigin.UNKNOWN


def test_animation_gives_its_first_frame_with_a_word(path: Path) -> None:
    first = Image.fromarray(grey())
    first.save(path, save_all=True, append_images=[Image.fromarray(255 - grey())])

    with open_image(path) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), grey())

    assert "first frame" in image.info.warnings[0]


def test_sixteen_bit_colours_are_said_to_be_read_as_eight(path: Path) -> None:
    import imagecodecs

    data = colour().astype(np.uint16) * 257
    path.write_bytes(imagecodecs.png_encode(data))

    with open_image(path) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), data // 257)

    assert "16 bits" in image.info.warnings[0]


def test_mode_without_a_meaning_here_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(grey()).save(path)
    monkeypatch.setattr(picture_file, "_GREY_TYPES", {})

    with pytest.raises(UnsupportedImage, match="mode L"):
        probe(path)
