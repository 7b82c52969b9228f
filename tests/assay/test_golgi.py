"""Golgi dispersal on drawn, simulated and real cells."""

from dataclasses import replace

import numpy as np
import pytest

from assay.drawn_cells import field_of
from shared_data import require_shared_data
from superlens.assay import nuclei_found
from superlens.assay.golgi import runtime
from superlens.assay.golgi.runtime import GolgiDispersal
from superlens.assay.golgi.spec import GolgiParams
from superlens.assay.spots import SpotSettings, enhanced
from superlens.core.assay import Field

DEFAULTS = GolgiParams()
OF_SPOTS = ("mean_area", "median_area", "count", "total_area", "largest_share", "distance")
NUCLEI = ((60, 60), (60, 140), (140, 60), (140, 140))


def drawn(spots, noise=0.0, shape=(200, 200)):
    """Give four nuclei of radius 10 with discs of Golgi: (y, x, radius, brightness) each."""
    rows, columns = np.indices(shape)
    dna, golgi = np.full(shape, 10.0), np.full(shape, 20.0)
    for y, x in NUCLEI:
        dna[np.hypot(rows - y, columns - x) <= 10] += 150.0
    for y, x, radius, brightness in spots:
        inside = np.hypot(rows - y, columns - x) <= radius
        golgi[inside] = np.maximum(golgi[inside], 20.0 + brightness)
    rng = np.random.default_rng(0)
    return {
        name: (image + noise * rng.standard_normal(shape)).astype(np.float32)
        for name, image in (("dna", dna), ("golgi", golgi))
    }


def beside(radius=5.0, brightness=100.0):
    """Give one disc to the right of every nucleus."""
    return [(y, x + 18, radius, brightness) for y, x in NUCLEI]


def measured(channels, params=DEFAULTS, **about):
    return GolgiDispersal().measure(field_of(channels, **about), params)


def column(found, name="mean_area"):
    return np.array([row.values[name] for row in found.rows])


# ---- what is measured ---------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [4.0, 5.5, 7.0])
def test_disc_of_known_area_is_recovered(radius: float) -> None:
    rows, columns = np.indices((41, 41))
    pixels = (np.hypot(rows - 20, columns - 20) <= radius).sum()

    found = measured(drawn(beside(radius), noise=2.0))

    assert column(found) == pytest.approx(np.full(4, pixels), rel=0.1)
    assert column(found, "total_area") == pytest.approx(column(found))
    assert column(found, "count") == pytest.approx(np.ones(4))
    assert column(found, "largest_share") == pytest.approx(np.ones(4))
    assert column(found, "distance") == pytest.approx(np.full(4, 18.0), abs=0.2)


def test_mean_and_median_are_over_the_spots_of_a_cell() -> None:
    spots = [*beside(6.0), *((y + 18, x, 4.0, 100.0) for y, x in NUCLEI)]
    spots += [(y - 18, x, 4.0, 100.0) for y, x in NUCLEI]

    found = measured(drawn(spots))

    large, small = 113, 49
    assert column(found, "count") == pytest.approx(np.full(4, 3.0))
    assert column(found) == pytest.approx(np.full(4, (large + 2 * small) / 3), rel=0.1)
    assert column(found, "median_area") == pytest.approx(np.full(4, small), rel=0.15)
    share = large / (large + 2 * small)
    assert column(found, "largest_share") == pytest.approx(np.full(4, share), rel=0.1)


def test_two_merged_discs_are_one_spot() -> None:
    spots = [*beside(5.0), *((y + 6, x + 18, 5.0, 100.0) for y, x in NUCLEI)]

    assert column(measured(drawn(spots)), "count") == pytest.approx(np.ones(4))


@pytest.mark.parametrize(("gain", "offset"), [(16.0, 0.0), (0.1, 0.0), (1.0, 400.0), (1.0, -60.0)])
def test_gain_and_offset_do_not_matter(gain: float, offset: float) -> None:
    channels = drawn([*beside(5.0), *((y + 18, x, 3.0, 80.0) for y, x in NUCLEI)], noise=3.0)
    changed = {name: image * gain + offset for name, image in channels.items()}

    first, second = measured(channels), measured(changed)

    assert column(second, "count") == pytest.approx(column(first, "count"))
    assert column(second) == pytest.approx(column(first), rel=0.02)


def test_strength_of_the_stain_of_a_cell_does_not_matter() -> None:
    levels = (60.0, 100.0, 200.0, 400.0)
    spots = [(y, x + 18, 5.0, level) for (y, x), level in zip(NUCLEI, levels, strict=True)]

    area = column(measured(drawn(spots, noise=2.0)))

    assert area == pytest.approx(np.full(4, 81.0), rel=0.1)


def test_scattering_a_fixed_area_lowers_the_mean_area_and_raises_count_and_distance() -> None:
    one = measured(drawn([(y, x + 16, 6.0, 100.0) for y, x in NUCLEI], noise=2.0))
    angles = np.arange(9) * 2 * np.pi / 9
    many = measured(
        drawn(
            [
                (y + 20 * np.sin(a), x + 20 * np.cos(a), 2.0, 100.0)
                for y, x in NUCLEI
                for a in angles
            ],
            noise=2.0,
        )
    )

    assert (column(many) < 0.2 * column(one)).all()
    assert (column(many, "count") == 9).all()
    assert (column(many, "largest_share") < 0.2).all()
    assert (column(many, "distance") > column(one, "distance")).all()


def test_spots_belong_to_the_nearest_nucleus_within_the_limit() -> None:
    spots = [*beside(5.0), (100, 66, 4.0, 100.0)]
    near, far = replace(DEFAULTS, limit_px=40.0), replace(DEFAULTS, limit_px=20.0)

    counts = column(measured(drawn(spots), near), "count")

    assert sorted(counts) == [1, 1, 1, 2] or sorted(counts) == [1, 1, 2, 2]
    assert (column(measured(drawn(spots), far), "count") == 1).all()


def test_lengths_and_areas_are_in_micrometres_with_a_pixel_size_and_in_px_without() -> None:
    in_px = measured(drawn(beside()))
    params = replace(DEFAULTS, reach_um=4.5, limit_um=15.0)
    in_um = measured(drawn(beside()), params, pixel_um=0.5)

    for name in ("mean_area", "median_area", "total_area", "nucleus_area"):
        assert column(in_um, name) == pytest.approx(column(in_px, name) / 4)
    assert column(in_um, "distance") == pytest.approx(column(in_px, "distance") / 2)


def test_enlarged_field_gives_the_numbers_of_the_raw_one() -> None:
    raw = drawn(beside(), noise=1.0)
    large = {name: np.kron(image, np.ones((2, 2), np.float32)) for name, image in raw.items()}

    small_found, large_found = measured(raw), measured(large, scale=2)

    assert column(large_found, "count") == pytest.approx(column(small_found, "count"))
    for name in ("mean_area", "distance", "nucleus_area", "centre_x", "centre_y"):
        assert column(large_found, name) == pytest.approx(column(small_found, name), rel=0.1)


def test_top_hat_keeps_what_is_narrow_and_takes_off_what_is_wide_or_constant() -> None:
    rows, columns = np.indices((121, 121))
    distance = np.hypot(rows - 60, columns - 60)
    settings = SpotSettings(smoothing_px=0.0, reach_px=12.0, smallest_px=1.0)

    narrow = enhanced(np.where(distance <= 10, 150.0, 50.0), settings)
    wide = enhanced(np.where(distance <= 30, 150.0, 50.0), settings)

    assert narrow[60, 60] == 100.0
    assert wide[60, 60] == 0.0


# ---- what is not measured -----------------------------------------------------------------------


def test_cell_without_golgi_has_nan_and_the_reason() -> None:
    found = measured(drawn(beside()[1:], noise=2.0))

    bare = [row for row in found.rows if row.note]
    assert [row.note for row in bare] == [runtime.NO_GOLGI]
    assert np.isnan([bare[0].values[name] for name in OF_SPOTS]).all()
    assert np.isfinite(bare[0].values["nucleus_area"])


def test_haze_of_a_cell_is_no_golgi() -> None:
    spots = [*beside(5.0, 300.0)[1:], (60, 78, 6.0, 20.0)]

    assert [row.note for row in measured(drawn(spots)).rows].count(runtime.NO_GOLGI) == 1


@pytest.mark.parametrize("noise", [0.0, 5.0, 500.0])
def test_noise_alone_is_no_golgi(noise: float) -> None:
    channels = drawn([], noise=1.0)
    channels["golgi"] += noise * np.random.default_rng(1).standard_normal((200, 200))

    found = measured(channels)

    assert len(found.rows) == 4
    assert {row.note for row in found.rows} == {runtime.NO_GOLGI}
    assert np.isnan(column(found)).all()


def test_golgi_that_the_edge_cuts_is_not_measured() -> None:
    channels = drawn([*beside(), (60, 44, 3.0, 100.0)])
    cropped = {name: image[:, 43:] for name, image in channels.items()}

    found = measured(cropped)

    assert [row.note for row in found.rows].count(runtime.CUT) == 1
    assert np.isfinite(column(found)).sum() == 3


@pytest.mark.parametrize("name", ["dna", "golgi"])
def test_channel_without_any_number_is_told(name: str) -> None:
    channels = drawn(beside())
    channels[name] = np.full_like(channels[name], np.nan)

    found = measured(channels)

    assert found.rows == ()
    assert found.warnings == (nuclei_found.BLANK.format("DNA" if name == "dna" else "Golgi"),)


def test_some_pixels_without_a_number_do_no_harm() -> None:
    channels = drawn(beside())
    channels["golgi"][:5] = np.nan

    assert column(measured(channels)) == pytest.approx(column(measured(drawn(beside()))))


def test_field_without_nuclei_is_told() -> None:
    channels = drawn(beside(), noise=2.0)
    channels["dna"] = 10 + np.random.default_rng(1).standard_normal((200, 200)).astype(np.float32)

    found = measured(channels)

    assert found.rows == ()
    assert found.warnings == (nuclei_found.NO_NUCLEI,)


def test_sample_is_measured_around_the_nuclei_given() -> None:
    first = measured(drawn(beside(6.0)))
    sample = drawn(beside(4.0))
    sample["dna"] = np.zeros_like(sample["dna"])

    found = GolgiDispersal().measure(field_of(sample), DEFAULTS, first.labels)

    assert found.labels is first.labels
    assert (column(found) < column(first)).all()


# ---- simulated and real cells -------------------------------------------------------------------


def simulated(seed: int, dispersal: float):
    """Give a field at 20x (0.325 µm) and its truth on a grid three times as fine."""
    from superlens.phantom.camera import Camera
    from superlens.phantom.golgi import GolgiStyle, golgi
    from superlens.phantom.microscope import Microscope, expose
    from superlens.phantom.optics import Optics, PsfModel
    from superlens.phantom.specimen import FineGrid

    rng = np.random.default_rng(seed)
    specimen = golgi(FineGrid(330 * 3, 330 * 3, 325.0 / 3), rng, GolgiStyle(dispersal))
    optics = Optics(PsfModel.GAUSSIAN, 0.75, 550.0)
    camera = Camera(photons=200.0, background_photons=10.0, read_noise_e=2.0, offset=100.0)
    raw = expose(specimen, Microscope(optics, camera, 325.0), rng).raw.astype(np.float32)
    return Field("A01", "1", {"dna": raw[0], "golgi": raw[1]}, 0.325), specimen.truth


def true_counts(truth):
    """Give the number of stacks in every cell, the cell of a stack being that of most of it."""
    inside = (truth.stacks > 0) & (truth.cells > 0)
    votes = np.zeros((truth.stacks.max() + 1, truth.cells.max() + 1), np.int64)
    np.add.at(votes, (truth.stacks[inside], truth.cells[inside]), 1)
    owners = votes.argmax(axis=1)[votes.sum(axis=1) > 0]
    return np.bincount(owners, minlength=truth.cells.max() + 1)


def test_mean_area_of_simulated_cells_follows_their_dispersal() -> None:
    cells = []
    for seed, dispersal in enumerate((0.0, 0.0, 0.5, 0.5, 1.0, 1.0)):
        field, truth = simulated(seed, dispersal)
        counts, nuclei = true_counts(truth), truth.nuclei[1::3, 1::3]
        for row in GolgiDispersal().measure(field, DEFAULTS).rows:
            label = nuclei[round(row.values["centre_y"]), round(row.values["centre_x"])]
            area, count = row.values["mean_area"], row.values["count"]
            if label and np.isfinite(area):
                cells.append((dispersal, truth.dispersal[label - 1], area, count, counts[label]))
    group, dispersal, area, count, true_count = np.array(cells).T

    medians = [np.median(area[group == value]) for value in (0.0, 0.5, 1.0)]
    compact, scattered = area[group == 0.0], area[group == 1.0]
    assert len(cells) > 30
    assert medians[0] > medians[1] > medians[2]
    assert (compact[:, None] > scattered).mean() > 0.95  # the area under the ROC curve
    assert np.corrcoef(np.log(area), dispersal)[0, 1] < -0.85
    # At NA 0.75 stacks closer than about 0.5 µm run into one spot, and the dim ones of a cell
    # fall below the cut: the count lies below the truth by a quarter or so, and more where there
    # are many. It never exceeds the truth by much.
    assert np.corrcoef(count, true_count)[0, 1] > 0.8
    assert 0.55 < count.sum() / true_count.sum() < 0.95


def test_real_untreated_cells_have_few_large_spots() -> None:
    from superlens.io.images import open_image

    path = require_shared_data("golgi_or_spots/nuclei_golgi_cyx.tif")
    with open_image(path) as source:
        planes = [source.plane(0, 0, channel, 0).astype(np.float32) for channel in (0, 1)]

    found = measured({"dna": planes[0], "golgi": planes[1]}, pixel_um=0.516)

    assert len(found.rows) >= 3
    assert np.isfinite(column(found)).all()
    assert (column(found, "count") <= 10).all()
    assert ((column(found) > 5.0) & (column(found) < 100.0)).all()
    assert (column(found, "largest_share") > 0.5).all()
    assert (column(found, "distance") < 20.0).all()
