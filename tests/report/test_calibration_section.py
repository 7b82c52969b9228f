"""How honest a model's spread is, in a report."""

import re

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fakes.sampler import install_sampler, sampler_known_here
from superlens.core.cards import Calibration
from superlens.core.jobs import ComputePolicy, DeviceChoice, InputImage, RestoreRequest
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes
from superlens.engine.context import JobContext
from superlens.engine.execute import execute
from superlens.io.image_writer import ImageMetadata, write_image
from superlens.report.blocks import Callout, Columns, Figure, Table, Text
from superlens.report.calibration_section import calibration_limit, calibration_plot
from superlens.report.document import build_document

CALIBRATION = Calibration(
    data="phantom filaments",
    samples=16,
    fields=12,
    levels=(0.5, 0.68, 0.9, 0.95),
    coverage_before=(0.41, 0.57, 0.8, 0.86),
    coverage_after=(0.52, 0.7, 0.9, 0.94),
    factor=1.27,
    ence=0.064,
    ause=0.12,
)


@pytest.fixture
def restored(tmp_path, monkeypatch):
    """Gives a function that restores a picture and gives the document over it."""
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    smooth = gaussian_filter(np.random.default_rng(0).random((1, 1, 1, 60, 70)), [0, 0, 0, 3, 3])
    image = tmp_path / "in.ome.tif"
    write_image(
        image,
        (100 + 9000 * smooth).astype(np.uint16),
        ImageMetadata(PixelSizes(), (ChannelInfo("tubulin"),), ""),
    )

    def make(calibration, samples):
        card = install_sampler(tmp_path / "home" / "models", calibration)
        out = tmp_path / "run"
        request = RestoreRequest(
            InputImage(str(image)),
            card.ref,
            str(out),
            samples=samples,
            compute=ComputePolicy(DeviceChoice.CPU, 1),
        )
        execute("job", request, JobContext("job", lambda event: None))
        return build_document([out])

    with sampler_known_here():
        yield make


def _methods(document):
    columns = next(block for block in document.blocks if isinstance(block, Columns))
    text = next(block for block in columns.left if isinstance(block, Text))
    return " ".join(text.paragraphs)


def _limits(document):
    said = next(block for block in document.blocks if isinstance(block, Callout))
    return " ".join(said.sentences)


def test_report_shows_curve_and_numbers_of_the_card(restored):
    document = restored(CALIBRATION, 20)

    figure = next(
        block
        for block in document.blocks
        if isinstance(block, Figure) and block.label == "Calibration"
    )
    assert "12 held-out fields (phantom filaments) with 16 samples each" in figure.caption
    table = next(
        block
        for block in document.blocks
        if isinstance(block, Table) and block.title.startswith("How honest the spread")
    )
    rows = [[str(cell) for cell in row] for row in table.groups[0].rows]
    assert rows[2] == ["90 %", "80 %", "90 %"]
    assert "multiplied by 1.27" in table.note
    assert "order statistics over 20 samples, stretched 1.27 times" in _methods(document)
    assert "found too small, and is shown multiplied by 1.27" in _limits(document)


def test_report_says_that_a_model_was_not_calibrated(restored):
    document = restored(None, 4)

    assert not any(
        isinstance(block, Figure) and block.label == "Calibration" for block in document.blocks
    )
    assert "Whether its size is right was not measured for this model" in _limits(document)
    assert "Gaussian approximation from 4 samples" in _methods(document)


def test_report_says_that_one_sample_is_one_of_many(restored):
    document = restored(None, 0)

    assert "first sample, one of many possible ones" in _methods(document)


@pytest.mark.parametrize(
    ("factor", "words"),
    [(1.0, "found right"), (0.8, "found too large, and is shown multiplied by 0.8")],
)
def test_factor_is_said_in_words(tmp_path, factor, words):
    from dataclasses import replace

    card = install_sampler(tmp_path, replace(CALIBRATION, factor=factor))

    assert words in calibration_limit(card)


def test_plot_places_the_coverage_over_the_level():
    plot = calibration_plot(CALIBRATION, (240.0, 270.0))

    assert "50 %, 68 %, 90 %, 95 %: 41 %, 57 %, 80 %, 86 % before" in plot.alt
    corners = re.findall(r'<polygon points="([^"]+)"', plot.svg)
    diamonds = [
        np.array([[float(v) for v in corner.split(",")] for corner in points.split()]).mean(0)
        for points in corners
    ]
    # The plot goes from 36 to 228 along x, from 46 at the top to 230 along y.
    expected = [(36 + 192 * 0.9, 230 - 184 * 0.9), (36 + 192 * 0.5, 230 - 184 * 0.52)]
    for point in expected:
        assert min(np.abs(diamond - point).max() for diamond in diamonds) < 0.1
