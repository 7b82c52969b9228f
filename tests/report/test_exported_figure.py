import io

import numpy as np
import pytest
from PIL import Image

from superlens.core.errors import InvalidParameter
from superlens.report.exported_figure import FigurePanel, figure_png


def picture_of(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def ramp(side: int = 100) -> np.ndarray:
    return np.tile(np.linspace(0, 1, side, dtype=np.float32), (side, 1))


def bar_length_px(pixels: np.ndarray) -> int:
    """Give the length of the longest white run inside a figure's single dark panel."""
    dark = (pixels < 5).all(axis=2)
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    panel = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    longest = 0
    for row in (panel > 250).all(axis=2):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
        longest = max([longest, *(edges[1::2] - edges[::2])])
    return int(longest)


@pytest.mark.parametrize(("pixel_um", "bar_um"), [(0.1, 2.0), (0.065, 1.0), (2.0, 50.0)])
def test_scale_bar_is_as_long_as_it_says(pixel_um: float, bar_um: float) -> None:
    """Of the round lengths 1, 2, 5 the longest that takes at most 0.3 of the width."""
    dark = np.zeros((100, 100), np.float32)

    pixels = picture_of(figure_png([FigurePanel("", dark, (0, 1), "grey", pixel_um)], 1, ""))

    # 100 pixels are repeated five times each, to 500.
    assert bar_length_px(pixels) == pytest.approx(5 * bar_um / pixel_um, abs=2)


def test_coarse_and_fine_pictures_of_one_field_become_equally_large() -> None:
    coarse, fine = ramp(50), ramp(100)
    panels = [FigurePanel("raw", coarse, (0, 1)), FigurePanel("fine", fine, (0, 1))]

    pixels = picture_of(figure_png(panels, 2, ""))

    middle = pixels[150]
    inked = np.flatnonzero((middle < 255).any(axis=1))
    gaps = np.flatnonzero(np.diff(inked) > 1)
    assert len(gaps) == 1
    # The white end of each ramp cannot be told from paper: a step of its last pixels.
    assert abs((gaps[0] + 1) - (len(inked) - gaps[0] - 1)) <= 10


@pytest.mark.parametrize(
    ("lut", "bright"),
    [("Green", (0, 255, 0)), ("magenta", (255, 0, 255)), ("#FF8000", (255, 128, 0))],
)
def test_bright_end_has_the_colour_of_the_table(lut: str, bright: tuple[int, ...]) -> None:
    full = np.ones((60, 60), np.float32)

    pixels = picture_of(figure_png([FigurePanel("", full, (0, 1), lut)], 1, ""))

    assert tuple(pixels[200, 200]) == bright


def test_unknown_table_is_told() -> None:
    with pytest.raises(InvalidParameter, match="'jet'") as caught:
        figure_png([FigurePanel("", ramp(), (0, 1), "jet")], 1, "")

    assert "viridis" in caught.value.advice


def test_shared_limits_give_equal_values_equal_colours() -> None:
    panels = [FigurePanel("", np.full((60, 60), v, np.float32), (0, 200)) for v in (50, 100)]

    pixels = picture_of(figure_png(panels, 2, ""))

    width = pixels.shape[1]
    assert tuple(pixels[200, width // 4]) == (64, 64, 64)
    assert tuple(pixels[200, 3 * width // 4]) == (128, 128, 128)


def test_large_picture_is_averaged_to_a_printable_size() -> None:
    pixels = picture_of(figure_png([FigurePanel("", ramp(5000), (0, 1))], 1, ""))

    assert 1500 < pixels.shape[1] < 2300


def test_not_a_number_is_dark_and_wide_pictures_fit() -> None:
    wide = np.full((10, 600), np.nan, np.float32)

    pixels = picture_of(figure_png([FigurePanel("t", wide, (1, 2))], 1, "made by a model " * 20))

    assert tuple(pixels[60, 100]) == (0, 0, 0)


def test_facts_are_written_into_the_file_unseen() -> None:
    png = figure_png([FigurePanel("", ramp(), (0, 1))], 1, "super-resolved µ", (("Model", "m"),))

    with Image.open(io.BytesIO(png)) as picture:
        picture.load()
        assert picture.text == {"Description": "super-resolved µ", "Model": "m"}
