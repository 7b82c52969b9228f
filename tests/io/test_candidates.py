"""Candidates of a training: kept whole, listed, replaced, forgotten."""

import json
import math

import numpy as np
import pytest

from superlens.core.cards import ModelCard, NormalisationKind, NormalisationRule, TrainedRange
from superlens.core.errors import InvalidInput
from superlens.core.method import Claim, Weights
from superlens.io import candidates as module
from superlens.io.candidates import (
    CANDIDATES_FILE,
    Candidate,
    forget_candidate,
    keep_candidate,
    read_candidates,
)
from superlens.io.weights import load_card, load_weights

CARD = ModelCard(
    id="m.best",
    title="M",
    method="resrgan",
    scale=2,
    claim=Claim.SINGLE_ANSWER,
    weights=(),
    sha256="",
    architecture={},
    normalisation=NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 1.0, 99.9),
    trained_on=TrainedRange(),
    limits=(),
)


def _weights(value):
    return Weights({"generator": {"w": np.full(3, value, np.float32)}})


def _keep(folder, name, value, **scores):
    return keep_candidate(folder, CARD, _weights(value), Candidate(name, scores))


def test_kept_candidates_are_listed_and_can_be_loaded(tmp_path):
    _keep(tmp_path, "step-500", 1.0, psnr=30.0, niqe=math.nan)
    listed = _keep(tmp_path, "step-1000", 2.0, psnr=31.0)

    assert [one.name for one in listed] == ["step-500", "step-1000"]
    found = read_candidates(tmp_path)
    assert found[0].scores["psnr"] == 30.0
    assert math.isnan(found[0].scores["niqe"])
    folder = tmp_path / "candidates" / "step-1000"
    assert load_weights(folder, load_card(folder)).parts["generator"]["w"][0] == 2.0


def test_candidate_of_the_same_name_is_replaced_in_its_place(tmp_path):
    _keep(tmp_path, "best", 1.0, psnr=30.0)
    _keep(tmp_path, "other", 1.0)

    listed = _keep(tmp_path, "best", 5.0, psnr=32.0)

    assert [one.name for one in listed] == ["best", "other"]
    assert listed[0].scores == {"psnr": 32.0}
    folder = tmp_path / "candidates" / "best"
    assert load_weights(folder, load_card(folder)).parts["generator"]["w"][0] == 5.0
    assert sorted(path.name for path in (tmp_path / "candidates").iterdir()) == ["best", "other"]


def test_forgotten_candidate_leaves_no_files(tmp_path):
    _keep(tmp_path, "a", 1.0)
    _keep(tmp_path, "b", 1.0)

    left = forget_candidate(tmp_path, "a")

    assert [one.name for one in left] == ["b"]
    assert not (tmp_path / "candidates" / "a").exists()
    assert forget_candidate(tmp_path, "never kept") == left


def test_failure_while_writing_leaves_the_old_candidate_whole(tmp_path, monkeypatch):
    _keep(tmp_path, "best", 1.0, psnr=30.0)

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "rename_over", fail)
    monkeypatch.setattr(module.shutil, "rmtree", lambda *_, **__: None)
    with pytest.raises(KeyboardInterrupt):
        _keep(tmp_path, "best", 5.0, psnr=32.0)

    assert read_candidates(tmp_path)[0].scores == {"psnr": 30.0}
    folder = tmp_path / "candidates" / "best"
    assert load_weights(folder, load_card(folder)).parts["generator"]["w"][0] == 1.0


@pytest.mark.parametrize("name", ["", "../out", "a/b", ".hidden", "a b"])
def test_name_that_is_no_folder_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="name of a candidate"):
        _keep(tmp_path, name, 1.0)


def test_training_without_candidates_has_none(tmp_path):
    assert read_candidates(tmp_path) == ()


def test_damaged_list_is_told(tmp_path):
    (tmp_path / CANDIDATES_FILE).write_text(json.dumps({"candidates": [{"name": 3}]}))

    with pytest.raises(InvalidInput, match=r"candidates\.json"):
        read_candidates(tmp_path)
