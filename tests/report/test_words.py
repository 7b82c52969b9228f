import pytest

from superlens.report import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.71342, "0.713"),
        (11.24, "11.2"),
        (12965.0, "12\u2009965"),
        (-2.5, "\u22122.50"),
        (0.0, "0.00"),
        (float("nan"), "not defined"),
    ],
)
def test_numbers_keep_three_digits(value, text):
    assert words.number(value) == text


def test_a_rounded_zero_has_no_sign():
    assert words.fixed(-0.0004, 2) == "0.00"


def test_an_interval_decides_the_decimals_of_its_value():
    decimals = words.decimals_for(0.71342, 0.6412, 0.7721)

    assert words.fixed(0.71342, decimals) == "0.71"
    assert words.interval(0.6412, 0.7721, decimals) == "0.64 – 0.77"


@pytest.mark.parametrize("ends", [(None, 1.0), (1.0, 1.0), (float("nan"), 2.0)])
def test_a_value_without_a_real_interval_keeps_three_digits(ends):
    assert words.decimals_for(4.9312, *ends) == 2


@pytest.mark.parametrize(
    ("micrometres", "text"), [(0.0484, "48.4 nm"), (2.0, "2.00 µm"), (1500.0, "1.50 mm")]
)
def test_lengths_take_the_unit_people_use(micrometres, text):
    assert words.length_um(micrometres) == text


@pytest.mark.parametrize(
    ("micrometres", "text"), [(0.2, "200 nm"), (2.0, "2 µm"), (1000.0, "1 mm"), (0.0005, "0.5 nm")]
)
def test_round_lengths_have_no_empty_decimals(micrometres, text):
    assert words.round_length_um(micrometres) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.25, "1.2 s"), (48.2, "48 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")],
)
def test_durations_read_like_a_clock(seconds, text):
    assert words.duration(seconds) == text


def test_moments_are_given_to_the_minute_and_nonsense_stays():
    assert words.moment("2026-11-20T09:00:31+00:00") == "2026-11-20 09:00 UTC"
    assert words.moment("yesterday") == "yesterday"


def test_long_names_keep_both_ends():
    assert words.shortened("field_01.tif") == "field_01.tif"
    assert words.shortened("a" * 50 + "b" * 50, 11) == "aaaaa…bbbbb"


def test_lists_read_like_a_sentence():
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
