"""The form of a measurement, for every assay there is."""

import pytest
from pytestqt.qtbot import QtBot

from superlens.assay.catalogue import ASSAYS
from superlens.core.parameters import build
from superlens.gui.measure.assay_panel import AssayPanel


@pytest.mark.parametrize("number", range(len(ASSAYS)), ids=[spec.id for spec in ASSAYS])
def test_chosen_assay_is_explained_and_measured(qtbot: QtBot, number: int) -> None:
    panel = AssayPanel(())
    qtbot.addWidget(panel)
    spec = ASSAYS[number]

    panel._rows[number].click()

    wish = panel.wish()
    assert wish is not None
    assert wish.assay is spec
    assert build(spec.params, wish.params) == spec.params()
    assert panel._meaning.text().startswith(f"{spec.headline.title}: ")
