"""Shared by the tests of files: names in a folder, and an interpreter that sees the package."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def names_in() -> Callable[[Path], list[str]]:
    """Give the names of what lies in a folder, sorted."""
    return lambda folder: sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def child_environment() -> dict[str, str]:
    """Give an environment in which a child interpreter imports what this one imports."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(item for item in sys.path if item)}
