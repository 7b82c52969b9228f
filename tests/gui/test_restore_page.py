"""The form of the stage Super-resolve: what it offers for which model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from superlens.core.method import Weights
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
