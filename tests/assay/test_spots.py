"""Spots per nucleus on drawn and real nuclei."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from assay.drawn_cells import field_of
from shared_data import require_shared_data
from superlens.assay import nuclei_found
from superlens.assay.spots_per_nucleus import runtime
from superlens.assay.spots_per_nucleus.runtime import SpotsPerNucleus
from superlens.assay.spots_per_nucleus.spec import SpotsParams

DEFAULTS = SpotsParams()
NUCLEI = ((60, 60), (60, 160), (160, 60), (160, 160))
RADIUS = 25
LEVEL = 100.0


def drawn(spots, noise=0.0, level=LEVEL):
    """Give four round nuclei with discs: (y, x, radius, height over the nucleus) each."""
    rows, columns = np.indices((220, 220))
    dna, image = np.full((220, 220), 10.0), np.full((220, 220), 50.0)
    for y, x in NUCLEI:
        inside = np.hypot(rows - y, columns - x) <= RADIUS
        dna[inside] += 150.0
        image[inside] += level
    for y, x, radius, height in spots:
        inside = np.hypot(rows - y, columns - x) <= radius
        image[inside] = np.maximum(image[inside], 50.0 + level + height)
    rng = np.random.default_rng(0)
    return {
        name: (channel + noise * rng.standard_normal(channel.shape)).astype(np.float32)
        for name, channel in (("dna", dna), ("spots", image))
    }


def placed(count, radius=3.0, height=150.0):
    """Give so many discs on a circle in every nucleus."""
    angles = np.arange(count) * 2 * np.pi / max(count, 1)
    return [
        (round(y + 14 * np.sin(a)), round(x + 14 * np.cos(a)), radius, height)
        for y, x in NUCLEI
        for a in angles
    ]


def measured(channels, params=DEFAULTS, **about):
    return SpotsPerNucleus().measure(field_of(channels, **about), params)


def column(found, name="count"):
    return np.array([row.values[name] for row in found.rows])


# ---- what is measured ---------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 4, 8])
def test_spots_are_counted(count: int) -> None:
    found = measured(drawn(placed(count), noise=4.0))

    assert column(found) == pytest.approx(np.full(4, count))


@pytest.mark.parametrize("radius", [3.0, 4.0, 5.0])
def test_disc_of_known_area_is_recovered(radius: float) -> None:
    rows, columns = np.indices((21, 21))
    pixels = (np.hypot(rows - 10, columns - 10) <= radius).sum()

    found = measured(drawn(placed(4, radius), noise=2.0))

    assert column(found, "mean_area") == pytest.approx(np.full(4, pixels), rel=0.1)


def test_area_does_not_depend_on_the_brightness_of_other_spots() -> None:
    spots = [(y, x + dx, 4.0, height) for y, x in NUCLEI for dx, height in ((-12, 60), (12, 600))]

    found = measured(drawn(spots, noise=2.0))

    assert column(found) == pytest.approx(np.full(4, 2))
    assert column(found, "mean_area") == pytest.approx(np.full(4, 49), rel=0.1)


def test_touching_spots_are_parted() -> None:
    spots = [(y, x + dx, 3.0, 200.0) for y, x in NUCLEI for dx in (-3, 4)]
    channels = drawn(spots)
    channels["spots"] = gaussian_filter(channels["spots"], 1.0)

    assert column(measured(channels)) == pytest.approx(np.full(4, 2))


@pytest.mark.parametrize(("gain", "offset"), [(16.0, 0.0), (0.1, 0.0), (1.0, 400.0), (1.0, -60.0)])
def test_gain_and_offset_do_not_matter(gain: float, offset: float) -> None:
    channels = drawn(placed(5), noise=5.0)
    changed = {name: image * gain + offset for name, image in channels.items()}

    first, second = measured(channels), measured(changed)

    assert column(second) == pytest.approx(column(first))
    for name in ("mean_area", "intensity_share"):
        assert column(second, name) == pytest.approx(column(first, name), rel=0.02)
    assert column(second, "mean_intensity") == pytest.approx(
        gain * column(first, "mean_intensity"), rel=0.02
    )


def test_intensities_are_those_drawn() -> None:
    found = measured(drawn(placed(4, radius=4.0, height=150.0)))

    in_spots, rest = 4 * 49 * 250.0, (column(found, "nucleus_area") - 4 * 49) * 100.0
    assert column(found, "mean_intensity") == pytest.approx(np.full(4, 250.0), rel=0.05)
    assert column(found, "nucleus_mean") == pytest.approx(
        (in_spots + rest) / column(found, "nucleus_area"), rel=0.02
    )
    assert column(found, "intensity_share") == pytest.approx(in_spots / (in_spots + rest), rel=0.1)


def test_areas_are_in_micrometres_with_a_pixel_size_and_in_px_without() -> None:
    in_px = measured(drawn(placed(4)))
    in_um = measured(drawn(placed(4)), replace(DEFAULTS, spot_diameter_um=1.2), pixel_um=0.2)

    assert column(in_um, "mean_area") == pytest.approx(column(in_px, "mean_area") * 0.04)
    assert column(in_um, "nucleus_area") == pytest.approx(column(in_px, "nucleus_area") * 0.04)


def test_enlarged_field_gives_the_numbers_of_the_raw_one() -> None:
    raw = drawn(placed(4), noise=1.0)
    large = {name: np.kron(image, np.ones((2, 2), np.float32)) for name, image in raw.items()}

    small_found, large_found = measured(raw), measured(large, scale=2)

    assert column(large_found) == pytest.approx(column(small_found))
    for name in ("mean_area", "intensity_share", "centre_x"):
        assert column(large_found, name) == pytest.approx(column(small_found, name), rel=0.1)


def scattered(number, apart, rng):
    """Give random places in a nucleus that are so many pixels apart from each other."""
    places = []
    while len(places) < number:
        place = rng.uniform(-15, 15, 2)
        if all(np.hypot(*(place - other)) >= apart for other in places):
            places.append(place)
    return places


def blurred_and_counted(apart):
    """Give true and measured counts of 32 noisy nuclei with spots of 4 px at half their height."""
    rng = np.random.default_rng(3)
    truths, counts = [], []
    for _ in range(8):
        channels = drawn([], level=30.0)
        light, numbers = channels["spots"], rng.integers(0, 11, 4)
        for (y, x), number in zip(NUCLEI, numbers, strict=True):
            points = np.zeros_like(light)
            for place in scattered(number, apart, rng):
                points[tuple(np.round(place + np.array([y, x])).astype(int))] += 1500.0
            light += gaussian_filter(points, 1.6) * np.float32(rng.uniform(0.7, 1.4))
        found = measured(channels | {"spots": rng.poisson(light).astype(np.float32)})
        counts += list(column(found))
        truths += list(numbers)
    return np.array(truths), np.array(counts)


def test_blurred_noisy_spots_a_diameter_apart_are_all_counted() -> None:
    truths, counts = blurred_and_counted(apart=6.0)

    assert len(counts) == 32
    assert np.abs(counts - truths).mean() < 0.1


def test_spots_that_run_into_one_are_missed_and_none_is_invented() -> None:
    truths, counts = blurred_and_counted(apart=0.0)

    # Of 10 spots placed anywhere in 30 x 30 px, 2 lie closer to another than its width.
    assert (counts <= truths).all()
    assert counts.sum() > 0.75 * truths.sum()
    assert np.corrcoef(truths, counts)[0, 1] > 0.9


# ---- what is not measured -----------------------------------------------------------------------


@pytest.mark.parametrize("noise", [0.0, 3.0, 30.0])
def test_nucleus_without_a_spot_counts_none_and_has_no_spot_area(noise: float) -> None:
    found = measured(drawn([], noise=noise))

    assert len(found.rows) > 0
    assert (column(found) == 0).all()
    assert np.isnan(column(found, "mean_area")).all()
    assert (column(found, "intensity_share") == 0).all()
    assert {row.note for row in found.rows} == {runtime.NO_SPOT}


def test_spots_outside_of_nuclei_do_not_count() -> None:
    channels = drawn([*placed(3), (110, 110, 3.0, 500.0), (20, 110, 3.0, 500.0)])

    assert column(measured(channels)) == pytest.approx(np.full(4, 3))


def test_dark_nucleus_has_no_share() -> None:
    found = measured(drawn([], noise=2.0, level=0.0))

    assert np.isnan(column(found, "intensity_share")).all()
    assert (column(found) == 0).all()


def test_nucleus_with_pixels_without_a_value_is_refused() -> None:
    channels = drawn(placed(3))
    channels["spots"][60, 60] = np.nan

    found = measured(channels)

    assert [row.note for row in found.rows].count(runtime.HOLES) == 1
    assert np.isnan(column(found)).sum() == 1
    assert np.nanmax(column(found)) == 3


@pytest.mark.parametrize("name", ["dna", "spots"])
def test_channel_without_any_number_is_told(name: str) -> None:
    channels = drawn(placed(3))
    channels[name] = np.full_like(channels[name], np.nan)

    found = measured(channels)

    assert found.rows == ()
    assert found.warnings == (nuclei_found.BLANK.format("DNA" if name == "dna" else "spot"),)


def test_field_without_nuclei_is_told() -> None:
    channels = drawn(placed(3))
    channels["dna"] = 10 + np.random.default_rng(1).standard_normal((220, 220)).astype(np.float32)

    assert measured(channels).warnings == (nuclei_found.NO_NUCLEI,)


def test_spots_finer_than_the_pixels_are_told() -> None:
    found = measured(drawn(placed(3)), pixel_um=0.65)

    assert found.warnings == (runtime.TOO_FINE,)


def test_sample_is_measured_in_the_nuclei_given() -> None:
    first = measured(drawn(placed(3)))
    sample = drawn(placed(5))
    sample["dna"] = np.zeros_like(sample["dna"])

    found = SpotsPerNucleus().measure(field_of(sample), DEFAULTS, first.labels)

    assert found.labels is first.labels
    assert column(found) == pytest.approx(np.full(4, 5))


def test_real_damaged_nuclei_have_tens_of_spots() -> None:
    from superlens.io.images import open_image

    folder = require_shared_data("golgi_or_spots")
    channels = {}
    for name, ending in (("dna", "hoechst"), ("spots", "ch1")):
        with open_image(folder / f"h2ax_speckles_{ending}.tif") as source:
            channels[name] = source.plane(0, 0, 0, 0).astype(np.float32)

    found = measured(channels, replace(DEFAULTS, spot_diameter_px=8.0))

    assert len(found.rows) >= 5
    assert ((column(found) >= 10) & (column(found) <= 60)).all()
    # Foci are about 4 to 10 pixels wide at half their height.
    assert ((column(found, "mean_area") > 10) & (column(found, "mean_area") < 80)).all()
    assert ((column(found, "intensity_share") > 0) & (column(found, "intensity_share") < 0.5)).all()
