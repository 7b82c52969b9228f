"""Fixtures of the workbench tests: fake engines that leave no thread behind."""

import os
from collections.abc import Iterator

import pytest

from fakes.engine import FakeEngines

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def engines() -> Iterator[FakeEngines]:
    """Fake engines, ended after the test."""
    fakes = FakeEngines()
    yield fakes
    fakes.end()
