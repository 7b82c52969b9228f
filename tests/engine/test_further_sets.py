"""Further sets of a recipe: each from the main model itself, none trained twice."""

import dataclasses

import numpy as np
import pytest
import tifffile

from fakes.trainer import trainer_known_here
from superlens.core.cards import NormalisationKind
from superlens.core.errors import InvalidInput, InvalidParameter, JobCancelled, OutOfMemory
from superlens.core.jobs import FurtherSet, PairFile, Recipe, TrainRequest
from superlens.core.messages import LogLine, Metric
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.execute import execute
from superlens.io.codec import read_json
from superlens.io.runs import read_run
from superlens.io.tables import read_table
from superlens.io.weights import load_card, load_weights

FIELDS = 6


@pytest.fixture(autouse=True)
def _trainer():
    with trainer_known_here():
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two sets of three fields; those of the second are brighter."""
    folder = tmp_path_factory.mktemp("pairs")
    for field in range(FIELDS):
        rng = np.random.default_rng(field)
        high = np.kron(rng.random((16, 16)), np.ones((4, 4))) * 3000 + 500 * field
        low = high.reshape(32, 2, 32, 2).mean((1, 3))
        tifffile.imwrite(folder / f"high{field}.tif", high.astype(np.uint16))
        tifffile.imwrite(folder / f"low{field}.tif", low.astype(np.uint16))
    return folder


def _pairs(*fields):
    return tuple(PairFile(f"low{n}.tif", f"high{n}.tif", field_id=f"f{n}") for n in fields)


RECIPE = Recipe(
    "base-x2",
    "Base",
    "trainer",
    2,
    {"iterations": 6, "checkpoint_every": 2},
    seed=1,
    pairs=_pairs(0, 1, 2),
    validation_fields=("f2",),
    further=(
        FurtherSet("first-x2", "First", _pairs(3, 4, 5), validation_fields=("f5",)),
        FurtherSet("second-x2", "Second", _pairs(4, 5, 3), subset=3, params={"iterations": 4}),
    ),
)


def _train(out, data, recipe=RECIPE, *, resume=False, stop=None):
    """Train; `stop` is a curve and a step at which the user cancels."""
    control, events = JobControl(), []

    def listen(event):
        events.append(event)
        if isinstance(event, Metric) and (event.name, event.step) == stop:
            control.cancel()

    request = TrainRequest(recipe, str(out), str(data), resume)
    return execute("job-1", request, JobContext("job-1", listen, control)), events


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data):
    out = tmp_path_factory.mktemp("further") / "run"
    with trainer_known_here():
        result, events = _train(out, data)
    return out, result, events


def _total(folder):
    return float(load_weights(folder, load_card(folder)).parts["sum"]["total"][0])


def _models(out):
    return (out / "model", out / "further" / "first-x2" / "model", out / "further/second-x2/model")


def test_each_further_set_starts_from_the_main_model_itself(trained, data, tmp_path):
    out, _, _ = trained
    main, first, second = map(_total, _models(out))

    log = (out / "log.txt").read_text(encoding="utf-8")

    assert log.count("Began at 0.000") == 1
    assert log.count(f"Began at {main:.3f}") == 2
    assert first > main
    assert second > main


def test_further_model_names_its_base_its_data_and_its_subset(trained):
    out, _, _ = trained
    main, first, second = map(load_card, _models(out))

    assert (first.id, second.id) == ("first-x2", "second-x2")
    assert first.trained_on.note == (
        "2 pairs of images of 2 fields of view (validated on 1 pair of 1 field of view besides), "
        f"starting from the model base-x2 ({main.sha256[:12]})"
    )
    assert "3 patches from " in second.trained_on.note
    assert "drawn by seed 1 out of 2 pairs" in second.trained_on.note
    assert "starting from" not in main.trained_on.note


def test_recipe_of_a_further_model_is_complete(trained):
    out, _, _ = trained

    recipe = read_json(Recipe, _models(out)[2] / "recipe.json")

    assert recipe.base == load_card(out / "model").ref
    assert recipe.params == {"iterations": 4, "checkpoint_every": 2}
    assert (recipe.subset, recipe.further, recipe.pairs) == (3, (), RECIPE.further[1].pairs)


def test_further_curves_are_told_apart_and_kept_apart(trained):
    out, result, events = trained

    names = {event.name for event in events if isinstance(event, Metric)}

    assert names == {"total", "first-x2: total", "second-x2: total"}
    _, rows = read_table(out / "further" / "second-x2" / "curves.csv")
    assert [name for name, _, _ in rows] == ["total"] * 4
    assert [file.path for file in result.files if file.role == "model"] == [
        "model/card.json",
        "further/first-x2/model/card.json",
        "further/second-x2/model/card.json",
    ]


def test_patches_of_a_subset_are_listed(trained):
    out, _, _ = trained

    columns, rows = read_table(out / "further" / "second-x2" / "subset.csv")

    assert columns == ("patch", "low", "field", "y", "x")
    assert len(rows) == 3
    notes = read_run(out).notes
    assert notes["second-x2 subset_patches"] == 3
    assert notes["second-x2 subset_fields"] == len({row[2] for row in rows})
    assert notes["training_fields"] == 2
    assert notes["first-x2 base_id"] == "base-x2"
    assert 0 <= notes["data_wait_share"] <= 1


@pytest.mark.parametrize(
    "stop", [("total", 3), ("first-x2: total", 1), ("first-x2: total", 5), ("second-x2: total", 3)]
)
def test_training_goes_on_wherever_it_was_stopped(trained, data, tmp_path, stop):
    out, whole, _ = trained
    with pytest.raises(JobCancelled):
        _train(tmp_path / "run", data, stop=stop)

    result, events = _train(tmp_path / "run", data, resume=True)

    for ours, theirs in zip(_models(tmp_path / "run"), _models(out), strict=True):
        assert load_card(ours).sha256 == load_card(theirs).sha256
    told = {event.name for event in events if isinstance(event, Metric)}
    order = ["total", "first-x2: total", "second-x2: total"]
    assert told == set(order[order.index(stop[0]) :])
    assert {file.path for file in result.files} == {file.path for file in whole.files}
    ours, theirs = read_run(tmp_path / "run").notes, read_run(out).notes
    assert ours.keys() == theirs.keys()
    assert ours["second-x2 base_sha256"] == theirs["second-x2 base_sha256"]


def test_resuming_with_other_further_sets_is_refused(data, tmp_path):
    with pytest.raises(JobCancelled):
        _train(tmp_path / "run", data, stop=("first-x2: total", 3))

    fewer = dataclasses.replace(RECIPE, further=RECIPE.further[:1])
    with pytest.raises(InvalidInput, match="another recipe"):
        _train(tmp_path / "run", data, fewer, resume=True)


def test_mistake_in_a_further_set_is_told_before_anything_is_trained(data, tmp_path):
    wrong = dataclasses.replace(RECIPE.further[1], params={"iterationz": 4})

    with pytest.raises(InvalidParameter, match="iterationz"):
        _train(tmp_path / "run", data, dataclasses.replace(RECIPE, further=(wrong,)))

    assert list(tmp_path.iterdir()) == []


def test_two_models_of_one_id_are_refused(data, tmp_path):
    twin = dataclasses.replace(RECIPE.further[0], model_id="base-x2")

    with pytest.raises(InvalidParameter, match="'base-x2'"):
        _train(tmp_path / "run", data, dataclasses.replace(RECIPE, further=(twin,)))


def test_leak_in_a_further_set_is_found_before_anything_is_trained(data, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for path in data.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "low5.tif").write_bytes((folder / "low3.tif").read_bytes())

    with pytest.raises(InvalidInput, match=r"'low3\.tif', which is trained on, and 'low5\.tif'"):
        _train(tmp_path / "run", folder)

    assert not list(tmp_path.glob("run*"))


def test_pictures_left_out_are_warned_of_and_counted(data, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for path in data.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    tifffile.imwrite(folder / "low4.tif", np.full((32, 32), 3, np.uint16))

    result, _ = _train(tmp_path / "run", folder)

    named = [text for text in result.warnings if "low4.tif" in text]
    assert len(named) == 2  # in each of the two further sets
    assert named[0].startswith("first-x2: Left out: 'low4.tif' shows nothing")
    assert read_run(tmp_path / "run").notes["first-x2 files_left_out"] == 1


def test_memory_that_ends_is_told_with_what_to_change(data, tmp_path):
    hungry = dataclasses.replace(RECIPE, params={"memory_ends_at": 2}, further=())

    with pytest.raises(OutOfMemory, match="does not fit into the memory") as caught:
        _train(tmp_path / "run", data, hungry)

    assert "`batch` (now 2) or `patch` (now 16)" in caught.value.advice
    assert "out of memory" in caught.value.detail


def test_model_of_fixed_intensities_says_so(data, tmp_path):
    fixed = dataclasses.replace(RECIPE, normalisation=NormalisationKind.FIXED, further=())

    _train(tmp_path / "run", data, fixed)

    card = load_card(tmp_path / "run" / "model")
    assert card.normalisation.kind is NormalisationKind.FIXED
    assert card.normalisation.output is not None
    assert any("another exposure" in limit for limit in card.limits)


def test_few_patches_are_told_when_the_training_begins(trained):
    _, _, events = trained

    lines = [event.text for event in events if isinstance(event, LogLine)]

    assert any(line.startswith("second-x2: Trains on 3 patches alone") for line in lines)
