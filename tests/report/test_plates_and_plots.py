import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from superlens.report.blocks import IntervalBar
from superlens.report.palette import Marker, lookup, readable_on
from superlens.report.plate import PlateCell, plate_map, plate_position
from superlens.report.plots import (
    DoseSeries,
    Point,
    Profile,
    dose_plot,
    draw_interval_bar,
    histogram,
    interval_plot,
    profile_plot,
)
from superlens.report.scales import linear_axis

SVG = "{http://www.w3.org/2000/svg}"


def shapes(svg: str, name: str) -> list[dict[str, str]]:
    return [element.attrib for element in ElementTree.fromstring(svg).iter(f"{SVG}{name}")]


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("well", "spot"), [("A01", (0, 0)), ("H12", (7, 11)), ("AF48", (31, 47)), ("P24", (15, 23))]
)
def test_well_names_are_places(well, spot):
    assert plate_position(well) == spot


@pytest.mark.parametrize("well", ["dish 1", "12", "A", "", "ABC1", "A00"])
def test_other_names_are_no_places(well):
    assert plate_position(well) is None


@pytest.mark.parametrize(("last", "cells"), [("H12", 96), ("P24", 384), ("A03", 6)])
def test_plate_map_draws_every_well_of_the_plate_that_fits(last, cells):
    plot = plate_map({"A01": PlateCell(1.0, "1.0"), last: PlateCell(2.0, "2.0")}, 321)

    assert plot is not None
    ramp = 1
    assert len(shapes(plot.svg, "rect")) == cells + ramp


def test_plate_map_of_dishes_is_refused():
    assert plate_map({"dish 1": PlateCell(1.0, "1.0")}, 321) is None


def test_numbers_in_wells_can_be_read_on_every_colour():
    for red, green, blue in lookup("viridis"):
        colour = f"#{red:02X}{green:02X}{blue:02X}"
        one, other = sorted((luminance(colour), luminance(readable_on(colour))))
        assert (other + 0.05) / (one + 0.05) >= 4.5


def test_dose_plot_puts_values_and_intervals_where_they_belong():
    series = DoseSeries(
        "#1D5FD0", Marker.CIRCLE, ((1.0, Point(2.0, 1.0, 3.0)), (100.0, Point(8.0, 7.0, 9.0)))
    )

    plot = dose_plot((series,), "nM", linear_axis(0, 9), (321, 196))

    low, high = shapes(plot.svg, "circle")
    assert float(low["cx"]) < float(high["cx"])
    # The axis runs from 0 to 10 over 8 to 176 px: a value of 8 lies at a fifth from the top.
    assert float(high["cy"]) == pytest.approx(8 + 168 * 0.2, abs=0.1)
    sticks = [line for line in shapes(plot.svg, "line") if line["x1"] == high["cx"]]
    assert sorted(float(sticks[0][end]) for end in ("y1", "y2")) == pytest.approx(
        [8 + 168 * 0.1, 8 + 168 * 0.3], abs=0.1
    )
    assert "100 nM" in texts(plot.svg)


def test_values_that_are_not_numbers_are_not_drawn():
    nan = Point(math.nan, math.nan, math.nan)
    series = DoseSeries("#1D5FD0", Marker.CIRCLE, ((1.0, nan), (10.0, Point(1.0))), negative=(nan,))

    plot = dose_plot((series,), "", linear_axis(0, 1), (321, 196))

    assert len(shapes(plot.svg, "circle")) == 1
    assert "nan" not in plot.svg


def test_many_wells_of_one_dose_become_dots_and_a_median():
    points = tuple((5.0, Point(float(value), 0.0, 50.0)) for value in range(31))

    series = DoseSeries("#1D5FD0", Marker.CIRCLE, points)

    plot = dose_plot((series,), "", linear_axis(0, 50), (321, 196))

    assert len(shapes(plot.svg, "rect")) == 31
    bar = shapes(plot.svg, "line")[-1]
    assert bar["y1"] == bar["y2"]
    assert float(bar["y1"]) == pytest.approx(176 - 168 * 15 / 50, abs=0.2)


def test_interval_plot_leaves_out_names_that_do_not_fit():
    named = tuple((f"A{i:02d}", Point(1.0, 0.5, 1.5)) for i in range(1, 61))

    plot = interval_plot(named, ("#1D5FD0", Marker.CIRCLE), linear_axis(0, 2), (321, 196))

    assert len(shapes(plot.svg, "circle")) == 60
    assert 5 <= sum(text.startswith("A") for text in texts(plot.svg)) <= 15


def test_interval_bar_draws_band_and_value_on_its_axis():
    drawing = draw_interval_bar(IntervalBar(0.5, 0.25, 0.75), 106, 16)

    band, tick = shapes(drawing.svg(), "rect")
    assert (float(band["x"]), float(band["width"])) == pytest.approx((28, 50))
    assert float(tick["x"]) + float(tick["width"]) / 2 == pytest.approx(53)


def test_interval_bar_without_interval_draws_the_value_alone():
    drawing = draw_interval_bar(IntervalBar(0.5, None, None), 106, 16)

    assert len(shapes(drawing.svg(), "rect")) == 1


def test_histogram_of_pure_noise_follows_the_curve():
    values = np.random.default_rng(0).normal(size=100_000)

    plot = histogram(values, (218, 218), "Residuals")

    bars = [rect for rect in shapes(plot.svg, "rect") if "fill-opacity" in rect][:-1]
    heights = [float(rect["height"]) for rect in bars]
    # Top of the axis is 1.08 times the highest density, about 0.4, over 138 px.
    assert max(heights) == pytest.approx(138 / 1.08, rel=0.03)


def test_profile_draws_one_step_per_raw_pixel():
    profile = Profile(np.array([1.0, 5.0]), np.array([1.0, 1.0, 5.0, 5.0]), None, "2 µm")

    plot = profile_plot(profile, (218, 218), "Profile")

    steps, curve = (shape["d"] for shape in shapes(plot.svg, "path"))
    assert len(re.findall("[ML]", steps)) == 4
    assert len(re.findall("[ML]", curve)) == 4
    assert "2 µm" in texts(plot.svg)
