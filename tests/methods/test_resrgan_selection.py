"""Which candidate becomes the model."""

import pytest

from superlens.methods.resrgan.selection import (
    Scores,
    is_guarded,
    is_more_faithful,
    is_preferred,
    pareto,
    rank_sums,
)


def _history(*rows: tuple[float, float | None, float | None, float | None]) -> list[Scores]:
    return [Scores(10 * (index + 1), *row) for index, row in enumerate(rows)]


def test_ranks_of_both_measures_are_added():
    history = _history((30, 0.9, 5.0, 2.0), (30, 0.9, 4.0, 3.0), (30, 0.9, 6.0, 1.0))

    assert rank_sums(history) == (2.0, 2.0, 2.0)


def test_equal_values_share_the_mean_of_their_ranks():
    history = _history((30, 0.9, 5.0, None), (30, 0.9, 5.0, None), (30, 0.9, 7.0, None))

    # The measure that nobody has adds the same to all: three equal ranks.
    assert rank_sums(history) == (1.5, 1.5, 3.0)


def test_undefined_value_ranks_last():
    history = _history((30, 0.9, None, 1.0), (30, 0.9, 9.0, 1.0))

    first, second = rank_sums(history)
    assert second < first


@pytest.mark.parametrize(
    ("psnr", "ssim", "holds"),
    [(29.0, 0.88, True), (28.99, 0.9, False), (30.0, 0.8799, False), (29.5, None, True)],
)
def test_guards_are_one_decibel_and_two_hundredths(psnr, ssim, holds):
    history = _history((30.0, 0.90, 5.0, 1.0), (psnr, ssim, 1.0, 0.1))

    assert is_guarded(history[1], history) is holds


def test_better_texture_wins_within_the_guards():
    history = _history((30.0, 0.90, 5.0, 2.0), (29.5, 0.89, 4.0, 1.0))

    assert is_preferred(history[1], history[0], history)


def test_better_texture_does_not_win_outside_of_them():
    history = _history((30.0, 0.90, 5.0, 2.0), (28.0, 0.89, 4.0, 1.0))

    assert not is_preferred(history[1], history[0], history)


def test_candidate_within_the_guards_replaces_one_that_fell_out_of_them():
    # The second one raised the bar; the first, once chosen, is now below it.
    history = _history((28.0, 0.90, 1.0, 1.0), (30.0, 0.90, 9.0, 9.0))

    assert is_preferred(history[1], history[0], history)


def test_of_two_outside_the_guards_the_more_faithful_stays():
    history = _history((30.0, 0.9, 9.0, 9.0), (27.0, 0.9, 1.0, 1.0), (26.0, 0.9, 0.5, 0.5))

    assert not is_preferred(history[2], history[1], history)
    assert is_preferred(history[1], history[2], history)


def test_equal_rank_sums_keep_the_chosen_one():
    history = _history((30.0, 0.9, 5.0, 1.0), (30.0, 0.9, 4.0, 2.0))

    assert not is_preferred(history[1], history[0], history)


def test_without_perceptual_measures_the_newest_within_the_guards_wins():
    history = _history((30.0, 0.9, None, None), (29.5, 0.9, None, None), (28.0, 0.9, None, None))

    assert is_preferred(history[1], history[0], history)
    assert not is_preferred(history[2], history[1], history)


def test_fidelity_is_chosen_by_psnr_alone():
    better, worse = Scores(2, 31.0, 0.5, 9.0, 9.0), Scores(1, 30.0, 0.9, 1.0, 1.0)

    assert is_more_faithful(better, worse)
    assert not is_more_faithful(worse, better)
    assert not is_more_faithful(better, better)


def test_pareto_holds_what_nothing_beats_in_both():
    history = _history(
        (30.0, 0.9, 5.0, None),
        (29.0, 0.9, 4.0, None),
        (29.5, 0.9, 4.5, None),
        (28.0, 0.9, 4.2, None),
    )

    assert [scores.step for scores in pareto(history)] == [10, 20, 30]


def test_pareto_keeps_the_first_of_equals_and_no_undefined_texture_beats_a_defined_one():
    history = _history((30.0, 0.9, 5.0, None), (30.0, 0.9, 5.0, None), (30.0, 0.9, None, None))

    assert [scores.step for scores in pareto(history)] == [10]


def test_pareto_goes_by_features_where_no_texture_is_known():
    history = _history((30.0, 0.9, None, 2.0), (29.0, 0.9, None, 1.0), (28.0, 0.9, None, 3.0))

    assert [scores.step for scores in pareto(history)] == [10, 20]


def test_pareto_of_fidelity_alone_is_the_best_psnr():
    history = _history((29.0, 0.9, None, None), (30.0, 0.9, None, None))

    assert [scores.step for scores in pareto(history)] == [20]
