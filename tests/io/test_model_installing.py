"""Models that the user adds and removes."""

import pytest

from fakes.method import install_fake_model
from superlens.core.errors import CorruptModel, InvalidParameter, MissingFile
from superlens.io.locations import HOME_VARIABLE, shipped_models_dir, user_models_dir
from superlens.io.model_installing import add_model, remove_model
from superlens.io.model_library import find_model, installed_models
from superlens.io.weights import load_weights


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A model in a folder of its own, and no user models yet."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    card = install_fake_model(tmp_path / "elsewhere")
    return tmp_path / "elsewhere" / card.id, card


def test_added_model_is_found_with_every_byte(made):
    folder, card = made
    (folder / "recipe.json").write_text("{}")

    added = add_model(folder)

    assert find_model(card.id) == added
    target = user_models_dir() / card.id
    assert load_weights(target, added.card).parts["w"]["x"].tolist() == [1.0, 1.0, 1.0]
    assert sorted(path.name for path in target.iterdir()) == [
        "card.json",
        "recipe.json",
        card.weights[0].name,
    ]


def test_run_folder_of_a_training_can_be_added(made, tmp_path):
    folder, card = made
    (tmp_path / "run").mkdir()
    folder.rename(tmp_path / "run" / "model")

    assert add_model(tmp_path / "run").card.id == card.id


def test_second_model_of_an_id_is_refused(made):
    folder, card = made
    add_model(folder)

    with pytest.raises(InvalidParameter, match=f"'{card.id}'"):
        add_model(folder)


def test_damaged_model_is_not_added(made):
    folder, card = made
    shard = folder / card.weights[0].name
    shard.write_bytes(shard.read_bytes()[:-1] + b"\x07")

    with pytest.raises(CorruptModel):
        add_model(folder)

    assert not (user_models_dir() / card.id).exists()


def test_folder_without_a_model_is_refused(made, tmp_path):
    with pytest.raises(MissingFile, match="no model"):
        add_model(tmp_path)


def test_removed_model_is_gone(made):
    folder, card = made
    add_model(folder)

    assert remove_model(card.id) == user_models_dir() / card.id

    assert card.id not in [model.card.id for model in installed_models()]
    assert not (user_models_dir() / card.id).exists()
    assert folder.exists()


def test_shipped_model_cannot_be_removed(made):
    shipped = sorted(shipped_models_dir().glob("*/card.json"))[0].parent

    with pytest.raises(InvalidParameter, match="ships with the program"):
        remove_model(shipped.name)

    assert (shipped / "card.json").is_file()


def test_unknown_model_cannot_be_removed(made):
    with pytest.raises(InvalidParameter, match="There is no model 'nothing-x2'"):
        remove_model("nothing-x2")
