"""What the specimens say about themselves is what they show."""

import numpy as np
import pytest

from superlens.phantom.culture import CultureStyle
from superlens.phantom.filaments import filaments
from superlens.phantom.golgi import GolgiStyle, GolgiTruth, golgi
from superlens.phantom.mitochondria import mitochondria
from superlens.phantom.nuclei import nuclei
from superlens.phantom.puncta import puncta
from superlens.phantom.red_cells import RedCellStyle, RedCellTruth, red_cells
from superlens.phantom.specimen import FineGrid
from superlens.phantom.translocation import (
    RING_UM,
    TranslocationStyle,
    TranslocationTruth,
    translocation,
)

GRID = FineGrid(400, 400, 200.0)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.5])
def test_protein_density_has_the_ratio_that_the_truth_names(ratio):
    from scipy import ndimage

    made = translocation(GRID, np.random.default_rng(2), TranslocationStyle(ratio, variety=0.2))
    truth = made.truth
    assert isinstance(truth, TranslocationTruth)
    protein = made.channel("protein").density.astype(float)
    distance = ndimage.distance_transform_edt(truth.nuclei == 0)
    ring = (distance > 0) & (distance <= RING_UM * 1000 / GRID.pixel_nm)

    measured, named = [], []
    for index, true_ratio in enumerate(truth.ratios):
        nucleus = truth.nuclei == index + 1
        around = ring & (truth.cells == index + 1)
        if nucleus.any() and around.any():
            measured.append(protein[nucleus].mean() / protein[around].mean())
            named.append(true_ratio)

    assert len(named) > 5
    assert measured == pytest.approx(named, rel=1e-3)
    assert np.median(named) == pytest.approx(ratio, rel=0.35)


def test_each_nucleus_lies_in_its_own_cell():
    made = translocation(GRID, np.random.default_rng(3))
    truth = made.truth
    assert isinstance(truth, TranslocationTruth)

    inside = truth.nuclei > 0

    assert inside.any()
    assert np.array_equal(truth.cells[inside], truth.nuclei[inside])


def test_scattered_golgi_lies_farther_from_its_nucleus_and_in_more_pieces():
    reach, pieces = [], []
    for dispersal in (0.0, 1.0):
        style = GolgiStyle(dispersal, 0.0, CultureStyle(7.0, 2.6, 0.5))
        made = golgi(GRID, np.random.default_rng(4), style)
        truth = made.truth
        assert isinstance(truth, GolgiTruth)
        rows, columns = np.nonzero(truth.stacks)
        own = truth.cells[rows, columns]
        gaps = []
        for label in np.unique(truth.nuclei)[1:]:
            nucleus = np.argwhere(truth.nuclei == label).mean(axis=0)
            mine = own == label
            if mine.any():
                gaps.append(np.hypot(rows[mine] - nucleus[0], columns[mine] - nucleus[1]).mean())
        reach.append(np.mean(gaps))
        pieces.append(truth.stacks.max())

    assert reach[1] > 1.2 * reach[0]
    assert pieces[1] > 1.5 * pieces[0]


def test_parasites_shine_in_infected_cells_only():
    made = red_cells(GRID, np.random.default_rng(5), RedCellStyle(0.3, 0.5))
    truth = made.truth
    assert isinstance(truth, RedCellTruth)
    parasites = made.channel("parasites").density

    border = np.ones(GRID.shape, bool)
    border[1:-1, 1:-1] = False
    cut = set(truth.cells[border].tolist())
    whole = [k for k, here in enumerate(truth.in_field) if here and k + 1 not in cut]
    brightest = {k: parasites[truth.cells == k + 1].max() for k in whole}

    infected = [k for k in whole if truth.parasites[k]]
    assert 3 < len(infected) < len(whole)
    assert truth.infected >= len(infected)
    assert min(brightest[k] for k in infected) > 0.2
    clean = [brightest[k] for k in whole if not truth.parasites[k]]
    assert np.median(clean) < 0.1


def test_nuclei_are_bright_inside_their_labels_and_dark_outside():
    made = nuclei(GRID, np.random.default_rng(6))
    density = made.channels[0].density

    labels = made.truth.labels

    assert density[labels > 0].mean() > 5 * density[labels == 0].mean()
    assert labels.max() <= len(made.truth.states)


def test_mitochondria_are_bright_inside_their_mask():
    made = mitochondria(FineGrid(300, 300, 80.0), np.random.default_rng(7))
    density = made.channels[0].density

    assert density[made.truth.inside].mean() > 3 * density[~made.truth.inside].mean()


def test_filaments_shine_along_their_centre_lines():
    made = filaments(FineGrid(300, 300, 80.0), np.random.default_rng(8))
    density = made.channels[0].density
    lines = made.truth.centre_lines.reshape(-1, 2)
    lines = lines[np.isfinite(lines).all(axis=1)]
    row, column = np.rint(lines).astype(int).T
    inside = (row >= 0) & (row < 300) & (column >= 0) & (column < 300)

    assert density[row[inside], column[inside]].mean() > 1.5 * density.mean()


def test_puncta_shine_where_the_truth_puts_them():
    made = puncta(FineGrid(300, 300, 80.0), np.random.default_rng(9))
    density = made.channels[0].density
    row, column = np.rint(made.truth.positions).astype(int).T
    inside = (row >= 0) & (row < 300) & (column >= 0) & (column < 300)

    assert inside.sum() > 5
    assert density[row[inside], column[inside]].mean() > 3 * density.mean()
