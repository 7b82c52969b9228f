"""Intervals of a well against distributions whose answer is known."""

import numpy as np
import pytest

from superlens.assay import intervals
from superlens.assay.intervals import (
    NO_OBJECT,
    ONE_OBJECT,
    Bootstrap,
    sources,
    weighted_medians,
    well_number,
)
from superlens.core.assay import ObjectRow

FAST = Bootstrap(replicates=300)


def rows_of(*fields, feature="x"):
    """Give rows of well A01 from one sequence of values per field."""
    return [
        ObjectRow("A01", str(number), index + 1, {feature: float(value)})
        for number, values in enumerate(fields)
        for index, value in enumerate(values)
    ]


def test_value_is_the_median_over_all_cells() -> None:
    number = well_number("A01", rows_of([1, 2, 3], [10]), "x", FAST)

    assert number.value == 2.5
    assert (number.n_objects, number.n_fields) == (4, 2)
    assert number.lo <= number.value <= number.hi


def test_cells_without_a_value_do_not_count() -> None:
    number = well_number("A01", rows_of([1, np.nan, 3], [np.nan]), "x", FAST)

    assert number.value == 2.0
    assert (number.n_objects, number.n_fields) == (2, 1)


def test_width_is_that_of_the_median_of_a_normal_sample() -> None:
    values = np.random.default_rng(0).normal(size=400)

    number = well_number("A01", rows_of(values), "x", Bootstrap(replicates=2000))

    # 2 · 1.645 · sqrt(pi / 2) / sqrt(400) = 0.206; a bootstrapped median varies by a fifth.
    assert number.hi - number.lo == pytest.approx(0.206, rel=0.25)
    assert number.shares == {"cells": 1.0}


def test_wider_level_gives_a_wider_interval() -> None:
    rows = rows_of(np.random.default_rng(0).normal(size=60))

    narrow, wide = (well_number("A01", rows, "x", Bootstrap(level)) for level in (0.5, 0.95))

    assert wide.lo < narrow.lo < narrow.hi < wide.hi


def test_same_seed_gives_the_same_interval_and_wells_differ() -> None:
    rows = rows_of(np.random.default_rng(0).normal(size=30))

    first, again = (well_number("A01", rows, "x", FAST) for _ in range(2))
    other_seed = well_number("A01", rows, "x", Bootstrap(replicates=300, seed=1))
    other_well = well_number("A02", rows, "x", FAST)

    assert first == again
    assert first.lo != other_seed.lo
    assert first.lo != other_well.lo


def test_order_of_rows_changes_nothing() -> None:
    rows = rows_of(*np.random.default_rng(0).normal(size=(3, 10)))

    assert well_number("A01", rows[::-1], "x", FAST) == well_number("A01", rows, "x", FAST)


def test_memory_limit_changes_no_value(monkeypatch) -> None:
    rows = rows_of(*np.random.default_rng(0).normal(size=(3, 20)))
    whole = well_number("A01", rows, "x", FAST)

    monkeypatch.setattr(intervals, "_LARGEST_TABLE", 600)
    in_chunks = well_number("A01", rows, "x", FAST)

    assert in_chunks.value == whole.value
    assert in_chunks.hi - in_chunks.lo == pytest.approx(whole.hi - whole.lo, rel=0.3)


def test_fields_that_differ_get_their_share() -> None:
    rng = np.random.default_rng(0)
    fields = [rng.normal(shift, 0.1, 50) for shift in (-1, -0.5, 0, 0.5, 1, 1.5)]

    number = well_number("A01", rows_of(*fields), "x", FAST)

    assert set(number.shares) == {"cells", "fields"}
    assert number.shares["fields"] > 0.9
    assert sum(number.shares.values()) == pytest.approx(1.0)


def test_samples_give_reconstruction_its_share_and_the_value_is_their_middle() -> None:
    cells = np.random.default_rng(0).normal(size=300)
    samples = [rows_of(cells + shift) for shift in np.linspace(-1, 1, 9)]

    number = well_number("A01", rows_of(cells + 5), "x", FAST, samples)

    # The medians of the samples are those of the cells plus the shifts.
    assert number.value == pytest.approx(np.median(cells))
    variance = np.var(np.linspace(-1, 1, 9), ddof=1)
    assert number.shares["reconstruction"] == pytest.approx(1.0, abs=0.05)
    # About 2 · 1.645 sigmas, times 1.13: Student's over the normal quantile for eight degrees.
    assert number.hi - number.lo == pytest.approx(2 * 1.86 * np.sqrt(variance), rel=0.15)


def test_object_that_a_sample_lacks_counts_in_the_others() -> None:
    samples = [rows_of([1, 2, 3]), rows_of([1, np.nan, 3])[:2], []]

    number = well_number("A01", [], "x", FAST, samples)

    assert number.n_objects == 3
    assert number.value == pytest.approx(1.5)  # of 2 and 1; the empty sample does not count


def test_sample_that_is_empty_where_it_is_drawn_is_left_out() -> None:
    samples = [rows_of([1, 2]), rows_of([np.nan, np.nan])]

    number = well_number("A01", [], "x", FAST, samples)

    assert np.isfinite([number.lo, number.hi]).all()


@pytest.mark.parametrize("rows", [[], rows_of([np.nan, np.nan]), rows_of([1.0], feature="y")])
def test_well_without_a_value_says_so(rows) -> None:
    number = well_number("A01", rows, "x", FAST)

    assert np.isnan([number.value, number.lo, number.hi]).all()
    assert (number.n_objects, number.note) == (0, NO_OBJECT)


def test_single_cell_has_a_value_and_no_interval() -> None:
    number = well_number("A01", rows_of([3.0]), "x", FAST)

    assert number.value == 3.0
    assert np.isnan([number.lo, number.hi]).all()
    assert number.note == ONE_OBJECT


def test_equal_cells_have_an_interval_of_no_width() -> None:
    number = well_number("A01", rows_of([2.0, 2.0, 2.0], [2.0]), "x", FAST)

    assert (number.lo, number.value, number.hi) == (2.0, 2.0, 2.0)
    assert number.shares == {}


def test_weighted_median_equals_the_median_of_repeated_values() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=12)
    weights = rng.integers(0, 4, (50, 12))

    found = weighted_medians(values, weights)

    repeated = [np.median(np.repeat(values, row)) for row in weights]
    assert found == pytest.approx(repeated)


def test_weighted_median_of_nothing_is_nan() -> None:
    assert np.isnan(weighted_medians(np.array([1.0, np.nan]), np.array([[0, 3]]))).all()


def test_sources_are_those_that_can_be_estimated() -> None:
    assert sources(1, 0) == ("cells",)
    assert sources(3, 1) == ("cells", "fields")
    assert sources(1, 8) == ("cells", "reconstruction")


@pytest.mark.parametrize(
    ("fields", "cells", "field_sd"), [(1, 60, 0.0), (4, 30, 0.0), (4, 30, 0.4), (9, 20, 0.3)]
)
def test_intervals_cover_the_truth_about_as_often_as_they_say(fields, cells, field_sd) -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for trial in range(150):
        means = rng.normal(0, field_sd, fields)
        rows = rows_of(*(rng.normal(mean, 1, cells) for mean in means))
        number = well_number("A01", rows, "x", Bootstrap(replicates=200, seed=trial))
        hits += number.lo <= 0 <= number.hi

    # 150 trials of 0.9 vary by 0.025: three of them either side.
    assert 0.82 <= hits / 150 <= 0.98
