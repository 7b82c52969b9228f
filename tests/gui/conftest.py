"""What tests of the window share: an offscreen application, a window on a fake engine."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fakes.engine import FakeEngines
from gui.played_runs import measure, report, restore, thumbnail
from superlens.core.cards import ModelCard, NormalisationKind, NormalisationRule, TrainedRange
from superlens.core.jobs import JobKind
from superlens.core.method import Claim
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes
from superlens.gui.main_window import MainWindow
from superlens.gui.theme.theme import WindowTheme
from superlens.io.image_writer import ImageMetadata, write_image
from superlens.io.model_library import InstalledModel
from superlens.workbench.settings import Theme
from superlens.workbench.workbench import Workbench

CARD = ModelCard(
    id="tiny-x2",
    title="Tiny ×2",
    method="resrgan",
    scale=2,
    claim=Claim.SINGLE_ANSWER,
    weights=(),
    sha256="0" * 64,
    architecture={},
    normalisation=NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 1.0, 99.8),
    trained_on=TrainedRange(("filaments",), (50.0, 200.0)),
    limits=("It was trained on simulated images alone",),
)


@pytest.fixture(autouse=True)
def cycles_die_in_this_thread() -> Iterator[None]:
    """Keep Python from deleting Qt objects of a test in a thread of its fake engines."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user folders of the test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("SUPERLENS_HOME", str(folder))
    return folder


@pytest.fixture
def engines() -> Iterator[FakeEngines]:
    """Fake engines that leave real run folders."""
    made = FakeEngines(
        {
            JobKind.RESTORE: restore,
            JobKind.MEASURE: measure,
            JobKind.REPORT: report,
            JobKind.THUMBNAIL: thumbnail,
        }
    )
    yield made
    made.end()


@pytest.fixture
def workbench(
    home: Path, engines: FakeEngines, qapp: object, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workbench]:
    """A workbench with one model, its engines started."""
    monkeypatch.setattr(
        "superlens.workbench.workbench.installed_models", lambda: (InstalledModel(CARD, "tiny"),)
    )
    made = Workbench(engines.start)
    yield made
    made.shutdown()


@pytest.fixture
def two_channel_image(tmp_path: Path) -> Path:
    """A raw image with a DNA and a protein channel."""
    path = tmp_path / "cells.ome.tif"
    stack = np.zeros((1, 2, 1, 32, 32), np.uint16)
    channels = (ChannelInfo("DAPI"), ChannelInfo("GFP"))
    write_image(path, stack, ImageMetadata(PixelSizes(), channels, ""))
    return path


@pytest.fixture
def window(workbench: Workbench, qtbot: QtBot, qapp: QApplication) -> Iterator[MainWindow]:
    """The window, shown offscreen, its engines ready."""
    qapp.setStyleSheet("")
    theme = WindowTheme(qapp, Theme.LIGHT)
    made = MainWindow(workbench, theme)
    theme.apply()
    qtbot.addWidget(made)
    made.resize(1440, 900)
    made.show()
    workbench.start_engines()
    qtbot.waitUntil(lambda: made.status_line.engine_words == "Engine ready")
    yield made
    made.close()
