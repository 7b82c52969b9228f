"""Scale bars, pixel sizes and intensities as text."""

import pytest

from superlens.gui.viewer.geometry import (
    Placement,
    WorldUnit,
    bar_length,
    count_text,
    length_text,
    placement_of,
)


@pytest.mark.parametrize(
    ("per_px", "room", "length", "text"),
    [
        (0.05, 100, 5.0, "5 µm"),
        (0.05, 99.9, 2.0, "2 µm"),
        (0.0097, 100, 0.5, "500 nm"),
        (0.001, 60, 0.05, "50 nm"),
        (20.0, 100, 2000.0, "2 mm"),
        (0.01, 100, 1.0, "1 µm"),
    ],
)
def test_scale_bar_is_the_longest_round_length_that_fits(
    per_px: float, room: float, length: float, text: str
) -> None:
    bar = bar_length(per_px, room, WorldUnit.UM)

    assert bar.world == pytest.approx(length)
    assert bar.text == text
    assert bar.world / per_px <= room * (1 + 1e-6)


@pytest.mark.parametrize("per_px", [0.0031 * 1.37**step for step in range(30)])
def test_scale_bar_has_a_leading_one_two_or_five_and_takes_over_a_third(per_px: float) -> None:
    bar = bar_length(per_px, 100, WorldUnit.UM)

    assert f"{bar.world:e}"[:3] in ("1.0", "2.0", "5.0")
    assert (
        bar.world / per_px > 100 / 2.5 - 1e-6
    )  # the next length of 1-2-5 is at most 2.5 times as long


def test_unknown_pixel_size_gives_a_bar_in_whole_pixels() -> None:
    lies = placement_of(None)

    assert bar_length(0.5, 100, lies.unit).text == "50 px"
    assert bar_length(0.002, 100, lies.unit).text == "1 px"
    assert lies.caption == "pixel size unknown"


def test_finer_image_covers_the_same_world() -> None:
    raw = placement_of(0.11)
    fine = raw.finer(2)

    assert 512 * fine.pixel == pytest.approx(256 * raw.pixel)
    assert (raw.caption, fine.caption) == ("110 nm/px", "55 nm/px")


def test_region_lies_where_it_was_cut() -> None:
    cut = Placement(0.1, WorldUnit.UM).cut_at(30, 20)

    assert (cut.left, cut.top) == (pytest.approx(3.0), pytest.approx(2.0))


@pytest.mark.parametrize(
    ("um", "text"),
    [(0.0968, "96.8 nm"), (0.645, "645 nm"), (1.0, "1 µm"), (12.34, "12.3 µm"), (0.11, "110 nm")],
)
def test_lengths_have_three_digits(um: float, text: str) -> None:
    assert length_text(um) == text


@pytest.mark.parametrize(
    ("value", "text"), [(12965.4, "12\u2009965"), (20.93, "20.9"), (1.046, "1.05"), (-3, "−3")]
)
def test_intensities_are_short(value: float, text: str) -> None:
    assert count_text(value) == text
