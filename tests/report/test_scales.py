import pytest

from superlens.report.scales import linear_axis, log_axis, scale_bar


@pytest.mark.parametrize(
    ("width_px", "pixel_um", "length_um", "label"),
    [
        (320, 0.0484, 2.0, "2 µm"),  # 15.5 µm wide: 30 % is 4.6 µm, the round length below is 2
        (512, 0.1, 10.0, "10 µm"),
        (64, 0.02, 0.2, "200 nm"),
        (1000, 0.0333333, 5.0, "5 µm"),
        (4000, 1.3, 1000.0, "1 mm"),
    ],
)
def test_scale_bar_has_the_length_it_says(width_px, pixel_um, length_um, label):
    bar = scale_bar(width_px, pixel_um)

    assert bar.label == label
    assert bar.fraction * width_px * pixel_um == pytest.approx(length_um, rel=1e-9)


def test_scale_bar_without_a_pixel_size_counts_pixels():
    bar = scale_bar(192, None, "raw px")

    assert bar.label == "50 raw px"
    assert bar.fraction * 192 == pytest.approx(50)


@pytest.mark.parametrize("width_px", [1, 2, 7, 33, 999, 20_000])
@pytest.mark.parametrize("pixel_um", [None, 0.0065, 0.11, 6.5])
def test_scale_bar_takes_at_most_a_third_of_any_picture_it_fits(width_px, pixel_um):
    bar = scale_bar(width_px, pixel_um)

    assert 0 < bar.fraction <= (1.0 if width_px < 4 else 0.3 + 1e-9)


def test_linear_axis_begins_and_ends_on_round_ticks():
    axis = linear_axis(0.0, 8.57)

    assert axis.ticks == (0, 2, 4, 6, 8, 10)
    assert axis.labels == ("0", "2", "4", "6", "8", "10")
    assert axis.at(5.0) == pytest.approx(0.5)


@pytest.mark.parametrize("ends", [(0, 0.031), (-3.2, 4.1), (0, 1e6), (2, 2), (float("nan"), 1)])
def test_linear_axis_never_has_more_ticks_than_fit(ends):
    axis = linear_axis(*ends)

    assert 2 <= len(axis.ticks) <= 6
    assert len(set(axis.labels)) == len(axis.labels)


def test_log_axis_puts_equal_factors_at_equal_distances():
    axis = log_axis(0.98, 250.0)

    first, second = axis.at(10) - axis.at(1), axis.at(100) - axis.at(10)

    assert first == pytest.approx(second)
    assert axis.labels == ("1", "3", "10", "30", "100")


def test_log_axis_of_a_single_dose_is_finite():
    axis = log_axis(5.0, 5.0)

    assert 0 <= axis.at(5.0) <= 1
