"""The form of the stage Super-resolve: what it offers for which model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from gui.played_runs import POSTERIOR_CARD
from superlens.core.cards import ModelCard
from superlens.core.method import Weights
from superlens.engine.restoration_plan import FEWEST_SAMPLES, LONGEST_SPREAD_S
from superlens.gui.pages.restore_page import RestorePage
from superlens.io.model_library import InstalledModel, find_model
from superlens.io.weights import save_model


def _model(folder: Path, *parts: str) -> InstalledModel:
    card = replace(find_model("resrgan-phantom-x2").card, id=f"of-{len(parts)}")
    tensors = {"layer.weight": np.zeros((2, 2), np.float32)}
    saved = save_model(folder, card, Weights(dict.fromkeys(parts, tensors)), half=False)
    return InstalledModel(saved, str(folder))


@pytest.mark.parametrize("parts", [("generator",), ("generator", "fidelity")])
def test_realism_is_offered_only_where_the_model_has_both_ends(
    qtbot: QtBot, tmp_path: Path, parts: tuple[str, ...]
) -> None:
    page = RestorePage((_model(tmp_path, *parts),), "")
    qtbot.addWidget(page)

    names = [field.accessibleName() for field in page.findChildren(QLineEdit)]

    assert ("Fidelity - realism" in names) == ("fidelity" in parts)
    wish = page.wish()
    assert wish is not None
    assert ("realism" in wish.params) == ("fidelity" in parts)


def _page(qtbot: QtBot, card: ModelCard) -> RestorePage:
    page = RestorePage((InstalledModel(card, "nowhere"),), "")
    qtbot.addWidget(page)
    return page


def _texts(page: RestorePage) -> str:
    return "\n".join(label.text() for label in page.findChildren(QLabel))


def test_automatic_never_means_a_single_answer_of_a_posterior(qtbot: QtBot) -> None:
    page = _page(qtbot, POSTERIOR_CARD)

    assert page.spread.samples is None
    assert page.spread.words.startswith("16 samples; fewer on a CPU")
    assert f"at least {FEWEST_SAMPLES}." in page.spread.words
    assert LONGEST_SPREAD_S == 5 * 60  # the words say five minutes
    assert "single answer" not in page.spread.words


def test_automatic_may_mean_a_single_answer_of_flips(qtbot: QtBot) -> None:
    page = _page(qtbot, find_model("resrgan-phantom-x2").card)

    assert page.spread.words.startswith("8 samples; on a CPU a single answer")


def test_fewer_samples_than_the_calibration_had_are_said_to_be_less_certain(qtbot: QtBot) -> None:
    page = _page(qtbot, POSTERIOR_CARD)

    page.spread.choice.setCurrentText("8 samples")
    few = page.spread.words
    page.spread.choice.setCurrentText("16 samples")

    assert "calibrated with 16 samples" in few
    assert "calibrated" not in page.spread.words


def test_without_samples_a_posterior_gives_one_of_many_pictures(qtbot: QtBot) -> None:
    page = _page(qtbot, POSTERIOR_CARD)

    page.spread.choice.setCurrentText("One sample, no spread")

    wish = page.wish()
    assert wish is not None
    assert wish.samples == 0
    assert page.spread.words.startswith("One picture of many possible ones")


def test_card_of_a_posterior_shows_claim_and_calibration(qtbot: QtBot) -> None:
    page = _page(qtbot, POSTERIOR_CARD)

    shown = _texts(page)

    assert "Posterior samples, 2× the pixels per side" in shown
    assert (
        "90 % intervals hold 91 % of the truth (78 % uncorrected) · spread × 1.31 · "
        "ENCE 0.052 · AUSE 0.12"
    ) in shown


def test_card_without_calibration_says_so_plainly(qtbot: QtBot) -> None:
    page = _page(qtbot, replace(POSTERIOR_CARD, calibration=None))

    assert "Not calibrated: whether the spread is as large as the errors" in _texts(page)


def test_card_of_a_single_answer_does_not_speak_of_calibration(qtbot: QtBot) -> None:
    page = _page(qtbot, find_model("resrgan-phantom-x2").card)

    assert "alibrat" not in _texts(page)


def test_chosen_model_is_told_and_its_form_shown(qtbot: QtBot) -> None:
    other = find_model("resrgan-phantom-x2").card
    models = (InstalledModel(POSTERIOR_CARD, "nowhere"), InstalledModel(other, "nowhere"))
    page = RestorePage(models, "")
    qtbot.addWidget(page)

    with qtbot.waitSignal(page.model_chosen) as told:
        page.choose(other.id)

    assert told.args == [other.id]
    assert page.spread.words.startswith("8 samples")
