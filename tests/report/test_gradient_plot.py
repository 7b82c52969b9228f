"""The drawing of gradients: every curve where its counts say, on paper as in a browser."""

import re
from xml.etree import ElementTree

import numpy as np

from superlens.prepare.gradient_statistics.naturalness import GRADIENT_SCALE, prior_histogram
from superlens.report.gradient_plot import GradientCounts, gradient_drawing

COUNTS = tuple(np.rint(1e6 * prior_histogram(0.9)).astype(int).tolist())


def curves(svg):
    """Give the corners of every path of a drawing."""
    paths = re.findall(r'<path d="M([^"]+)"', svg)
    return [[tuple(map(float, corner.split())) for corner in path.split(" L")] for path in paths]


def words(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter() if element.text]


def test_curves_are_as_many_as_histograms_and_named():
    alone = gradient_drawing(GradientCounts(COUNTS), "One").svg()
    both = gradient_drawing(GradientCounts(COUNTS, COUNTS[::-1], 0.9), "Two").svg()

    assert len(curves(alone)) == 1
    assert len(curves(both)) == 2
    assert "regularised" not in words(alone)
    assert {"Two", "as it is", "fitted to it", "regularised", "photographs"} <= set(words(both))


def test_height_is_the_logarithm_of_the_share():
    counts = [0] * 512
    counts[256], counts[266], counts[246] = 90, 9, 1
    (corners,) = curves(gradient_drawing(GradientCounts(counts), "").svg())
    grid = (260.0 - 36.0, 42.0)  # 10^-6 and 1

    def height(share):
        return grid[0] + (np.log10(share) + 6) / 6 * (grid[1] - grid[0])

    assert abs(corners[60][1] - height(0.90)) < 0.02
    assert abs(corners[70][1] - height(0.09)) < 0.02
    assert abs(corners[50][1] - height(0.01)) < 0.02
    assert corners[0][1] == grid[0]


def test_prior_of_photographs_is_drawn_even_beside_an_empty_histogram():
    svg = gradient_drawing(GradientCounts([0] * 512, fitted_scale=GRADIENT_SCALE), "").svg()

    strokes = re.findall(r'<line x1="([\d.]+)"', svg)
    assert len(strokes) > 100
    assert "nan" not in svg
