"""Nuclei found in drawn, simulated and real images; cores and rings; levels and noise."""

import numpy as np
import pytest
from scipy import ndimage

from assay.drawn_cells import Cell, draw, lattice
from shared_data import require_shared_data
from superlens.assay.compartments import RingGeometry, compartments
from superlens.assay.filtering import (
    above_otsu,
    background_level,
    finite,
    noise_sigma,
    smoothing_gain,
)
from superlens.assay.labelled import areas
from superlens.assay.segmentation import NucleiSettings, estimate_diameter, segment_nuclei

AUTOMATIC = NucleiSettings()


def test_every_drawn_nucleus_is_found_with_its_area() -> None:
    dna = draw(lattice(), noise=5.0)["dna"]

    labels = segment_nuclei(dna, AUTOMATIC)

    assert labels.max() == 9
    assert areas(labels, 9) == pytest.approx(np.full(9, np.pi * 8**2), rel=0.15)


def test_touching_nuclei_are_parted() -> None:
    cells = (*lattice(2), Cell(80, 72), Cell(80, 88))

    labels = segment_nuclei(draw(cells, noise=3.0)["dna"], AUTOMATIC)

    assert labels.max() == 6
    assert labels[80, 70] != labels[80, 90]


def test_one_long_nucleus_stays_whole() -> None:
    rows, columns = np.indices((120, 120))
    long = np.hypot((rows - 60) / 8, (columns - 60) / 15) <= 1

    labels = segment_nuclei(np.where(long, 100.0, 5.0), AUTOMATIC)

    assert labels.max() == 1


def test_dim_nucleus_beside_bright_ones_is_found_without_their_glow() -> None:
    dna = draw(lattice())["dna"]
    dna = np.where(np.hypot(*(np.indices(dna.shape) - 80)) <= 8, dna * 0.35, dna)
    dna += 0.4 * ndimage.gaussian_filter(dna, 6)

    labels = segment_nuclei(dna, AUTOMATIC)

    assert labels.max() == 9
    assert areas(labels, 9) == pytest.approx(np.full(9, np.pi * 8**2), rel=0.25)


@pytest.mark.parametrize("zoom", [0.5, 2, 3])
def test_count_does_not_depend_on_the_pixel_size(zoom: float) -> None:
    dna = ndimage.zoom(draw(lattice(), noise=2.0)["dna"], zoom, order=1)

    assert segment_nuclei(dna, AUTOMATIC).max() == 9
    assert estimate_diameter(dna) == pytest.approx(17 * zoom, rel=0.25)


def test_haze_larger_than_nuclei_is_not_taken_for_one() -> None:
    rows, columns = np.indices((256, 256))
    haze = 120.0 * np.exp(-(((rows - 60) / 90) ** 2) - ((columns - 60) / 90) ** 2)
    dna = haze + np.pad(draw(lattice(), noise=2.0)["dna"], 48, mode="constant")

    assert estimate_diameter(dna) == pytest.approx(17, rel=0.25)


def test_nucleus_cut_by_the_edge_is_kept_though_it_is_small() -> None:
    dna = draw((*lattice(2), Cell(-5, 80), Cell(80, 80, nucleus_radius=3)))["dna"]

    labels = segment_nuclei(dna, NucleiSettings(16.0))

    assert labels.max() == 5
    assert labels[1, 80] > 0


def test_hot_pixels_change_nothing() -> None:
    dna = draw(lattice(), noise=3.0)["dna"]
    hot = dna.copy()
    hot[::37, ::29] = 65535.0

    assert segment_nuclei(hot, AUTOMATIC).max() == 9
    assert estimate_diameter(hot) == pytest.approx(estimate_diameter(dna), rel=0.1)


def test_gain_and_offset_change_nothing() -> None:
    dna = draw(lattice(), noise=3.0)["dna"]

    changed = segment_nuclei(dna * 16.0 + 500.0, AUTOMATIC)

    assert np.array_equal(changed, segment_nuclei(dna, AUTOMATIC))


def test_given_diameter_decides_what_is_debris() -> None:
    dna = draw((*lattice(2), Cell(80, 80, nucleus_radius=3)))["dna"]

    found = [segment_nuclei(dna, NucleiSettings(size)).max() for size in (16.0, 6.0)]
    kept = segment_nuclei(dna, NucleiSettings(16.0, smallest_share=0.05)).max()

    assert found[0] == 4
    assert kept == 5


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((64, 64)),
        np.full((64, 64), np.nan),
        np.random.default_rng(3).normal(100, 10, (256, 256)),
        np.random.default_rng(4).poisson(3, (256, 256)).astype(float),
        np.zeros((1, 1)),
    ],
    ids=["black", "nan", "noise", "counts", "pixel"],
)
def test_image_without_nuclei_gives_none(image: np.ndarray) -> None:
    assert segment_nuclei(image, AUTOMATIC).max(initial=0) == 0


def test_pixels_that_are_no_numbers_count_as_dark() -> None:
    dna = draw(lattice())["dna"]
    dna[:20] = np.nan

    assert segment_nuclei(dna, AUTOMATIC).max() == 9
    assert finite(dna)[0, 0] == 10.0


# ---- cores and rings ----------------------------------------------------------------------------


def disc(shape: tuple[int, int], y: int, x: int, radius: float) -> np.ndarray:
    rows, columns = np.indices(shape)
    return np.hypot(rows - y, columns - x) <= radius


def test_core_and_ring_have_their_widths() -> None:
    labels = disc((80, 80), 40, 40, 15).astype(np.int32)

    parts = compartments(labels, RingGeometry(erosion_px=3, gap_px=2, width_px=5))

    # Within the roundness of pixels.
    assert (parts.core > 0).sum() == pytest.approx(np.pi * 12**2, rel=0.06)
    assert (parts.ring > 0).sum() == pytest.approx(np.pi * (22**2 - 17**2), rel=0.06)
    assert not (parts.ring > 0)[labels > 0].any()


def test_ring_keeps_off_a_neighbour_and_goes_to_the_nearer_nucleus() -> None:
    labels = np.zeros((60, 100), np.int32)
    labels[disc(labels.shape, 30, 35, 10)], labels[disc(labels.shape, 30, 61, 10)] = 1, 2

    ring = compartments(labels, RingGeometry(0, 1, 10)).ring

    assert not ring[labels > 0].any()
    assert ring[30, 46] == 0  # within the gap of nucleus 1
    assert ring[30, 47] == 1
    assert ring[30, 49] == 2


def test_no_erosion_leaves_the_nucleus_and_touching_nuclei_lose_their_common_rim() -> None:
    labels = np.zeros((20, 20), np.int32)
    labels[5:15, 2:10], labels[5:15, 10:18] = 1, 2

    assert compartments(labels, RingGeometry(0, 1, 2)).core is labels
    core = compartments(labels, RingGeometry(1, 1, 2)).core
    assert core[10, 8] == 1
    assert core[10, 9] == core[10, 10] == 0


# ---- levels and noise ---------------------------------------------------------------------------


def test_background_is_the_level_between_cells_despite_noise() -> None:
    protein = draw(lattice(), noise=5.0)["protein"]

    # A low percentile of noise of sigma 5 smoothed over 4 px lies about one unit below the level.
    assert background_level(protein, 4.0, 1.0) == pytest.approx(10.0, abs=1.5)


def test_noise_is_measured_despite_structure() -> None:
    protein = draw(lattice(2), noise=7.0)["protein"]

    assert noise_sigma(protein) == pytest.approx(7.0, rel=0.1)
    assert noise_sigma(np.ones((2, 2))) == 0.0


def test_smoothing_gain_is_that_of_white_noise() -> None:
    noise = np.random.default_rng(0).normal(size=(400, 400))

    smoothed = ndimage.gaussian_filter(noise, 3.0)

    assert smoothing_gain(3.0) == pytest.approx(smoothed.std(), rel=0.05)
    assert smoothing_gain(0.1) == 1.0


def test_constant_image_has_no_bright_pixel() -> None:
    assert not above_otsu(np.ones((4, 4), np.float32)).any()


# ---- a real field -------------------------------------------------------------------------------


def test_crowded_real_field_has_about_as_many_nuclei_as_another_program_finds() -> None:
    from superlens.io.images import open_image

    path = require_shared_data("translocation/bbbc013/A01_ch2_dna.tif")
    with open_image(path) as source:
        dna = source.plane(0, 0, 0, 0)

    # 316 centres are in the table beside the images; hand counts of such fields differ by 3 %.
    assert segment_nuclei(dna, AUTOMATIC).max() == pytest.approx(316, rel=0.05)
