import hashlib
import logging
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from superlens.core.cards import (
    Judgement,
    ModelCard,
    NormalisationKind,
    NormalisationRule,
    TrainedRange,
)
from superlens.core.errors import (
    CorruptModel,
    IncompatibleVersion,
    InvalidParameter,
    MissingFile,
)
from superlens.core.method import Claim, Weights
from superlens.io import weights as weights_module
from superlens.io.locations import HOME_VARIABLE
from superlens.io.model_library import find_model, installed_models
from superlens.io.weights import load_card, load_weights, save_model

SHARD_LIMIT = 15 << 20


def card(model_id: str = "fine-x2") -> ModelCard:
    return ModelCard(
        id=model_id,
        title="Fine",
        method="resrgan",
        scale=2,
        claim=Claim.SINGLE_ANSWER,
        weights=(),
        sha256="",
        architecture={},
        normalisation=NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 0.5, 99.8),
        trained_on=TrainedRange(("filaments",), (50.0, 120.0)),
        limits=("Invents nothing on purpose.",),
        judgements=(Judgement("phantoms", "psnr_affine", 31.0, {"bicubic": 28.0}),),
    )


def small_weights(seed: int = 0) -> Weights:
    rng = np.random.default_rng(seed)
    return Weights(
        {
            "generator": {
                "first.weight": rng.normal(size=(8, 1, 3, 3)).astype(np.float32),
                "first.bias": rng.normal(size=8).astype(np.float32),
                "steps": np.array(1200, np.int64),
            },
            "flow": {"inner/scale": np.array([0.5], np.float64)},
        },
        {"features": 8, "blocks": 2, "act": "lrelu", "residual": 0.2},
    )


def assert_equal_parts(found: Weights, expected: Weights) -> None:
    flat = {(p, n): t for p, part in found.parts.items() for n, t in part.items()}
    assert flat.keys() == {(p, n) for p, part in expected.parts.items() for n in part}
    for (part, name), tensor in flat.items():
        np.testing.assert_array_equal(tensor, expected.parts[part][name])
        assert tensor.dtype == expected.parts[part][name].dtype
        assert tensor.shape == expected.parts[part][name].shape


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Give the folder of a saved model."""
    save_model(tmp_path / "fine-x2", card(), small_weights(), half=False)
    return tmp_path / "fine-x2"


@pytest.fixture
def libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Give the folders of shipped and of the user's models, both empty."""
    shipped, home = tmp_path / "shipped", tmp_path / "home"
    monkeypatch.setattr("superlens.io.model_library.shipped_models_dir", lambda: shipped)
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    return shipped, home / "models"


def test_full_weights_come_back_bit_for_bit(tmp_path: Path) -> None:
    weights = Weights({"g": {"a": np.arange(6, dtype=np.float32).reshape(2, 3) / 7}}, {"k": 1})

    save_model(tmp_path, card(), weights, half=False)
    found = load_weights(tmp_path, load_card(tmp_path))

    assert_equal_parts(found, weights)
    assert found.architecture == {"k": 1}


def test_half_weights_come_back_as_single_precision_within_half_of_a_thousandth(
    tmp_path: Path,
) -> None:
    weights = small_weights()

    save_model(tmp_path, card(), weights, half=True)
    found = load_weights(tmp_path, load_card(tmp_path)).parts["generator"]

    expected = weights.parts["generator"]["first.weight"]
    assert found["first.weight"].dtype == np.float32
    # Half precision has 11 significant bits: a relative error of at most 2**-11 (IEEE 754).
    np.testing.assert_allclose(found["first.weight"], expected, rtol=2**-11, atol=1e-7)
    assert found["steps"].dtype == np.int64
    assert found["steps"] == 1200


@pytest.mark.parametrize("parts", [{"a/b": {"c": 1.0}}, {"a": {"b#c": 1.0}}])
def test_names_that_would_not_come_back_are_our_mistake(tmp_path: Path, parts) -> None:
    named = {part: {name: np.array([1.0]) for name in tensors} for part, tensors in parts.items()}

    with pytest.raises(ValueError, match="reserved"):
        save_model(tmp_path, card(), Weights(named), half=False)


def test_number_too_large_for_half_precision_stays_whole(tmp_path: Path) -> None:
    weights = Weights({"g": {"large": np.array([1e6, 0.1], np.float32)}})

    save_model(tmp_path, card(), weights, half=True)

    np.testing.assert_array_equal(
        load_weights(tmp_path, load_card(tmp_path)).parts["g"]["large"],
        np.array([1e6, 0.1], np.float32),
    )


def test_loaded_weights_can_be_written_to(model: Path) -> None:
    tensor = load_weights(model, load_card(model)).parts["generator"]["first.bias"]

    tensor += 1.0

    assert tensor.flags.writeable


@pytest.mark.parametrize("half", [False, True])
def test_no_shard_is_larger_than_fifteen_mib(tmp_path: Path, half: bool) -> None:
    huge = np.linspace(-1, 1, 9_000_000, dtype=np.float32).reshape(9, 1000, 1000)
    weights = Weights({"g": {"huge": huge, "next": huge[:3], "small": np.ones(3, np.float32)}})

    saved = save_model(tmp_path, card(), weights, half)

    sizes = [(tmp_path / file.name).stat().st_size for file in saved.weights]
    assert max(sizes) <= SHARD_LIMIT
    assert len(sizes) > 1
    found = load_weights(tmp_path, saved).parts["g"]
    tolerance = 2**-10 if half else 0.0
    np.testing.assert_allclose(found["huge"], weights.parts["g"]["huge"], tolerance, tolerance)


def test_shards_are_numbered_and_hashed(model: Path) -> None:
    saved = load_card(model)

    (file,) = saved.weights
    assert file.name == "weights-00001-of-00001.safetensors"
    assert file.sha256 == hashlib.sha256((model / file.name).read_bytes()).hexdigest()
    assert saved.sha256 == hashlib.sha256(file.sha256.encode()).hexdigest()


def test_identity_is_the_hash_of_all_shard_hashes_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_module, "_SHARD_BYTES", weights_module._HEADER_BYTES + 300)

    saved = save_model(tmp_path, card(), small_weights(), half=False)

    joined = "".join(file.sha256 for file in saved.weights)
    assert len(saved.weights) > 1
    assert saved.sha256 == hashlib.sha256(joined.encode()).hexdigest()
    assert_equal_parts(load_weights(tmp_path, saved), small_weights())


def test_card_keeps_what_was_written_on_it(model: Path) -> None:
    saved = load_card(model)

    blank = replace(saved, weights=(), sha256="", architecture={})
    assert blank == card()
    assert saved.architecture == small_weights().architecture


def test_saving_again_replaces_the_weights_and_removes_old_shards(
    model: Path, monkeypatch: pytest.MonkeyPatch, names_in
) -> None:
    monkeypatch.setattr(weights_module, "_SHARD_BYTES", weights_module._HEADER_BYTES + 300)
    save_model(model, card(), small_weights(1), half=False)
    assert "weights-00001-of-00001.safetensors" not in names_in(model)

    monkeypatch.undo()
    save_model(model, card(), small_weights(2), half=False)

    assert names_in(model) == ["card.json", "weights-00001-of-00001.safetensors"]
    assert_equal_parts(load_weights(model, load_card(model)), small_weights(2))


def test_one_changed_byte_is_found(model: Path) -> None:
    shard = next(model.glob("*.safetensors"))
    data = bytearray(shard.read_bytes())
    data[-1] ^= 1
    shard.write_bytes(data)

    with pytest.raises(CorruptModel, match="changed or damaged") as caught:
        load_weights(model, load_card(model))

    assert shard.name in caught.value.title
    assert "fine-x2" in caught.value.title


def test_missing_shard_is_named(model: Path) -> None:
    shard = next(model.glob("*.safetensors"))
    shard.unlink()

    with pytest.raises(CorruptModel, match=re.escape(shard.name)):
        load_weights(model, load_card(model))


def test_shard_without_tensors_is_corrupt_even_with_the_right_hash(model: Path) -> None:
    shard = next(model.glob("*.safetensors"))
    shard.write_bytes(b"not tensors")
    saved = load_card(model)
    file = replace(saved.weights[0], sha256=hashlib.sha256(b"not tensors").hexdigest())

    with pytest.raises(CorruptModel, match="holds no tensors"):
        load_weights(model, replace(saved, weights=(file,)))


def test_shard_outside_the_model_folder_is_not_read(model: Path) -> None:
    saved = load_card(model)
    outside = model.parent / "outside.safetensors"
    outside.write_bytes(b"secret")
    file = replace(saved.weights[0], name="../outside.safetensors")

    with pytest.raises(CorruptModel, match="lacks its file"):
        load_weights(model, replace(saved, weights=(file,)))


@pytest.mark.parametrize(
    ("old", "new"),
    [('"scale": 2', '"scale": "two"'), ('"sha256": "', '"sha256": "0'), ('"limits"', '"limit"')],
    ids=["wrong type", "wrong identity", "missing field"],
)
def test_damaged_card_is_corrupt(model: Path, old: str, new: str) -> None:
    path = model / "card.json"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    with pytest.raises(CorruptModel):
        load_card(model)


def test_card_without_weights_is_corrupt(model: Path) -> None:
    path = model / "card.json"
    text = path.read_text(encoding="utf-8")
    empty_hash = hashlib.sha256(b"").hexdigest()
    text = re.sub(r'"weights": \[.*?\]', '"weights": []', text, flags=re.DOTALL)
    text = re.sub(r'"sha256": "\w+"', f'"sha256": "{empty_hash}"', text)
    path.write_text(text, encoding="utf-8")

    with pytest.raises(CorruptModel):
        load_card(model)


def test_card_of_a_newer_version_is_told(model: Path) -> None:
    path = model / "card.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 1', '"format": 2'))

    with pytest.raises(IncompatibleVersion):
        load_card(model)


def test_folder_without_a_card_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        load_card(tmp_path)


def test_library_holds_shipped_models_and_those_of_the_user(libraries: tuple[Path, Path]) -> None:
    shipped, own = libraries
    save_model(shipped / "b", card("b"), small_weights(), half=False)
    save_model(own / "a", card("a"), small_weights(), half=False)

    found = installed_models()

    assert [model.card.id for model in found] == ["a", "b"]
    assert [Path(model.folder) for model in found] == [own / "a", shipped / "b"]


def test_shipped_models_come_in_the_order_of_their_index(libraries: tuple[Path, Path]) -> None:
    shipped, own = libraries
    for parent, model_id in ((shipped, "narrow"), (shipped, "wide"), (own, "a")):
        save_model(parent / model_id, card(model_id), small_weights(), half=False)
    (shipped / "index.json").write_text('["wide", "narrow", "gone"]')

    assert [model.card.id for model in installed_models()] == ["wide", "narrow", "a"]


@pytest.mark.parametrize("damaged", ["{", "7", ""])
def test_damaged_index_costs_the_order_alone(
    libraries: tuple[Path, Path], damaged: str, caplog: pytest.LogCaptureFixture
) -> None:
    shipped, _ = libraries
    for model_id in ("b", "a"):
        save_model(shipped / model_id, card(model_id), small_weights(), half=False)
    (shipped / "index.json").write_text(damaged)

    assert [model.card.id for model in installed_models()] == ["a", "b"]
    assert "order of the models" in caplog.text


def test_library_without_folders_is_empty(libraries: tuple[Path, Path]) -> None:
    assert installed_models() == ()


def test_broken_model_is_skipped_with_a_warning(
    libraries: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    _, own = libraries
    save_model(own / "good", card("good"), small_weights(), half=False)
    (own / "bad").mkdir()
    (own / "bad" / "card.json").write_text("{")

    with caplog.at_level(logging.WARNING):
        found = installed_models()

    assert [model.card.id for model in found] == ["good"]
    assert "bad" in caplog.text
    assert all(record.levelno < logging.ERROR for record in caplog.records)


def test_library_that_may_not_be_entered_is_skipped(
    libraries: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "glob", refuse)

    assert installed_models() == ()
    assert "Skipped the models" in caplog.text


def test_shipped_model_counts_where_two_have_one_id(
    libraries: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    shipped, own = libraries
    save_model(shipped / "m", card("m"), small_weights(1), half=False)
    save_model(own / "m", card("m"), small_weights(2), half=False)

    (found,) = installed_models()

    assert found.folder == str(shipped / "m")
    assert "second model" in caplog.text


def test_model_is_found_by_its_id(libraries: tuple[Path, Path]) -> None:
    save_model(libraries[0] / "m", card("m"), small_weights(), half=False)

    assert find_model("m").card.id == "m"


def test_mistyped_id_gets_the_nearest_one(libraries: tuple[Path, Path]) -> None:
    save_model(libraries[0] / "m", card("resrgan-x2"), small_weights(), half=False)

    with pytest.raises(InvalidParameter) as caught:
        find_model("resrgan-x3")

    assert "'resrgan-x3'" in caught.value.title
    assert "'resrgan-x2'" in caught.value.advice


def test_id_near_to_none_gets_the_list(libraries: tuple[Path, Path]) -> None:
    save_model(libraries[0] / "m", card("resrgan-x2"), small_weights(), half=False)

    with pytest.raises(InvalidParameter) as caught:
        find_model("zzz")

    assert caught.value.advice == "Known are: resrgan-x2"
