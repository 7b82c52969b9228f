"""When a training counts as collapsed."""

import json

import pytest

from superlens.methods.resrgan.collapse import CollapseWatch, Sight


def _watch(steps: int, error: float = 0.5, level: float = 0.2) -> CollapseWatch:
    watch = CollapseWatch()
    _see(watch, steps, error, level)
    return watch


def _see(watch: CollapseWatch, steps: int, error: float = 0.5, level: float = 0.2) -> None:
    for _ in range(steps):
        watch.see(Sight(0.1 * error, 0.1, level, 0.2, 0.2))


def test_steady_training_is_sound():
    watch = _watch(300)

    assert not watch.is_suspect
    assert not watch.has_collapsed


def test_error_that_grows_is_suspect_then_collapsed():
    watch = _watch(100)

    verdicts = []
    for _ in range(60):
        _see(watch, 1, error=2.5)
        verdicts.append((watch.is_suspect, watch.has_collapsed))

    assert verdicts.index((True, False)) < verdicts.index((True, True))


def test_single_bad_batch_is_forgiven():
    watch = _watch(100)

    _see(watch, 1, error=3.0)
    assert not watch.is_suspect

    _see(watch, 30)
    assert not watch.is_suspect


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_brightness_that_leaves_the_truth_is_a_collapse(level):
    watch = _watch(100)

    _see(watch, 60, level=level)

    assert watch.has_collapsed


def test_empty_patches_are_no_collapse():
    watch = _watch(100)

    # Their error is small, but many times that of enlarging nothing.
    for _ in range(10):
        watch.see(Sight(1e-4, 1e-9, 0.0, 0.0, 0.0))

    assert not watch.is_suspect


def test_empty_beginning_does_not_make_everything_a_collapse():
    watch = CollapseWatch()
    for _ in range(40):
        watch.see(Sight(0.0, 0.0, 0.0, 0.0, 0.0))

    watch.see(Sight(0.001, 0.1, 0.2, 0.2, 0.2))

    assert not watch.is_suspect


def test_dark_beginning_is_not_a_collapse():
    # A random network answers about 0; only what was steady can drift.
    watch = _watch(60, error=1.0, level=0.0)
    assert not watch.is_suspect

    _see(watch, 100)
    assert not watch.has_collapsed


def test_lasting_change_becomes_the_new_normal():
    watch = _watch(100, error=0.5)

    _see(watch, 1000, error=1.2)

    assert not watch.is_suspect


def test_learning_lowers_the_bar():
    watch = _watch(50, error=1.0)
    _see(watch, 200, error=0.2)

    _see(watch, 100, error=1.0)

    assert watch.has_collapsed


def test_watch_goes_on_from_its_state_as_json():
    first = _watch(70)
    resumed = CollapseWatch()

    resumed.take(json.loads(json.dumps(first.state())))
    for watch in (first, resumed):
        _see(watch, 25, error=1.3)

    assert resumed.state() == first.state()


def test_fresh_state_survives_json():
    resumed = CollapseWatch()

    resumed.take(json.loads(json.dumps(CollapseWatch().state())))

    assert not resumed.has_collapsed
