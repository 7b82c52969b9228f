"""The models that ship with the program: whole, described, trainable again, and worth having."""

import json
from pathlib import Path

import numpy as np
import pytest

from fakes.training import FakeRun
from superlens.core.cards import ModelCard
from superlens.core.jobs import Recipe
from superlens.core.method import Array, Claim
from superlens.core.parameters import build
from superlens.io.codec import read_json
from superlens.io.locations import shipped_models_dir
from superlens.io.model_library import INDEX_FILE
from superlens.io.weights import load_card, load_weights
from superlens.methods.catalogue import load_method, method_spec
from superlens.phantom.pairs import TRAINING_STRUCTURES, benchmark_field
from superlens.prepare.normalisation import measure_normalisation
from superlens.prepare.training_data import TRAINING_NORMALISATION, open_training_data
from superlens.quality.baselines import bicubic
from superlens.quality.fidelity import psnr_affine

FOLDERS = tuple(sorted(path.parent for path in shipped_models_dir().glob("*/card.json")))
RECIPES = {folder: read_json(Recipe, folder / "recipe.json") for folder in FOLDERS}

LEARNT = tuple(
    (folder, structure)
    for folder in FOLDERS
    for structure in load_card(folder).trained_on.structures or TRAINING_STRUCTURES
)
"""A model of real pairs names no simulated structure: it began with one that knows all."""

each_model = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def _id_of(recipe: Recipe) -> str:
    return recipe.model_id


def test_there_is_a_model():
    assert "resrgan-phantom-x2" in {folder.name for folder in FOLDERS}


def test_the_index_names_models_that_are_there():
    order = json.loads((shipped_models_dir() / INDEX_FILE).read_text())

    assert set(order) == {folder.name for folder in FOLDERS}


def test_all_models_together_stay_below_150_mib():
    sizes = [path.stat().st_size for path in shipped_models_dir().rglob("*") if path.is_file()]

    assert sum(sizes) < 150 << 20
    assert max(sizes) <= 15 << 20


@each_model
def test_card_fits_folder_recipe_and_weights(folder: Path):
    card = load_card(folder)
    recipe = read_json(Recipe, folder / "recipe.json")
    spec = method_spec(card.method)

    weights = load_weights(folder, card)

    assert card.id == recipe.model_id == folder.name
    assert (card.method, card.scale) == (recipe.method, recipe.scale)
    assert card.claim is spec.claim
    assert card.normalisation == TRAINING_NORMALISATION
    assert card.limits
    assert weights.parts
    assert (folder / "README.md").is_file()
    assert (folder / "curves.csv").is_file()


@pytest.mark.parametrize(
    "recipe", [one for one in RECIPES.values() if one.phantom is not None], ids=_id_of
)
def test_recipe_of_phantoms_can_be_trained_again(recipe: Recipe):
    params = build(method_spec(recipe.method).train_params, recipe.params)

    batch = open_training_data(recipe, None, params.patch).batch(0, 1)

    assert batch.high.shape[-1] == params.patch * recipe.scale


@pytest.mark.parametrize("recipe", [one for one in RECIPES.values() if one.pairs], ids=_id_of)
def test_recipe_of_pairs_names_its_files_by_hash_and_starts_from_a_shipped_model(recipe: Recipe):
    assert all(pair.low_sha256 and pair.high_sha256 and pair.field_id for pair in recipe.pairs)
    assert recipe.base in {load_card(folder).ref for folder in FOLDERS}
    assert build(method_spec(recipe.method).train_params, recipe.params).iterations > 0


@pytest.mark.parametrize(("folder", "structure"), LEARNT, ids=lambda one: getattr(one, "name", one))
def test_model_is_ahead_of_bicubic_where_noise_matters(folder: Path, structure: str):
    card = load_card(folder)
    pair = benchmark_field(structure, 100, seed=99, size=96)
    measured = measure_normalisation(card.normalisation, pair.low)

    answer = _answer(card, folder, measured.apply(pair.low)[np.newaxis])

    ours = psnr_affine(answer[0], pair.high)
    assert ours > psnr_affine(bicubic(pair.low, card.scale), pair.high) + 1.0


def _answer(card: ModelCard, folder: Path, low: Array) -> Array:
    """Give the single answer, or the mean of a few samples where samples are the answer."""
    method = load_method(card.method)
    network = method.load(load_weights(folder, card), "cpu")
    params = method_spec(card.method).restore_params()
    if card.claim is not Claim.POSTERIOR:
        return method.restore(network, low, params, FakeRun()).mean
    samples = [method.sample(network, low, index, params, FakeRun()) for index in range(4)]
    return np.asarray(np.mean(samples, axis=0), np.float32)
