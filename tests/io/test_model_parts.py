"""Which parts a model has, read from the beginning of its files."""

from pathlib import Path

import numpy as np
import pytest

from superlens.core.cards import ModelCard, NormalisationKind, NormalisationRule, TrainedRange
from superlens.core.errors import CorruptModel
from superlens.core.method import Claim, Weights
from superlens.io.model_library import find_model
from superlens.io.model_parts import model_parts
from superlens.io.weights import save_model

RULE = NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 1.0, 99.9)


def _saved(folder, *parts):
    weights = Weights({part: {"layer.weight": np.zeros((2, 2), np.float32)} for part in parts})
    card = ModelCard(
        "tiny", "Tiny", "resrgan", 2, Claim.SINGLE_ANSWER, (), "", {}, RULE, TrainedRange(), ()
    )
    return save_model(folder, card, weights, half=False)


def test_parts_are_those_that_were_saved(tmp_path):
    card = _saved(tmp_path, "generator", "fidelity")

    assert model_parts(tmp_path, card) == {"generator", "fidelity"}


def test_shipped_model_trained_for_fidelity_alone_has_one_part():
    model = find_model("resrgan-phantom-x2")

    assert model_parts(Path(model.folder), model.card) == {"generator"}


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, (2).to_bytes(8, "little") + b"{!"])
def test_damaged_file_is_told(tmp_path, content):
    card = _saved(tmp_path, "generator")
    (tmp_path / card.weights[0].name).write_bytes(content)

    with pytest.raises(CorruptModel, match="no tensors"):
        model_parts(tmp_path, card)


def test_missing_file_is_told(tmp_path):
    card = _saved(tmp_path, "generator")
    (tmp_path / card.weights[0].name).unlink()

    with pytest.raises(CorruptModel, match="lacks its file"):
        model_parts(tmp_path, card)
