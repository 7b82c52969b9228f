"""What the window process may not load: the engine's libraries, and file libraries too early."""

import os
import subprocess
import sys
from functools import cache

import pytest

HEAVY = (
    "torch",
    "scipy",
    "skimage",
    "superlens.engine.serve",
    "superlens.methods.nets",
    "superlens.quality.deep",
)
LATE = ("tifffile", "imagecodecs", "PIL", "jinja2", "safetensors", "qtawesome", "OpenGL")
FOREIGN = (
    "h5py",
    "mrcfile",
    "mrc",
    "pylibCZIrw",
    "liffile",
    "nd2",
)


def _loaded_by(statement: str) -> set[str]:
    """Give the names of all modules that a statement loads in a fresh interpreter."""
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env=_environment(),
    )
    return set(done.stdout.split())


@cache
def _loaded_by_import(module: str) -> set[str]:
    return _loaded_by(f"import {module}")


def _environment() -> dict[str, str]:
    path = os.pathsep.join(sys.path)
    return {**os.environ, "PYTHONPATH": path, "QT_QPA_PLATFORM": "offscreen"}


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    return _loaded_by("import superlens.gui.main_window")


@pytest.mark.parametrize("name", HEAVY)
def test_window_loads_nothing_of_the_engine(loaded: set[str], name: str) -> None:
    assert name not in loaded


@pytest.mark.parametrize("name", LATE)
def test_window_loads_file_libraries_only_when_a_file_is_opened(
    loaded: set[str], name: str
) -> None:
    assert name not in loaded


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("start", ["superlens.gui.main_window", "superlens.io.images"])
def test_no_start_loads_a_library_of_a_foreign_format(start: str, name: str) -> None:
    assert name not in _loaded_by_import(start)


def test_preflight_comes_before_qt() -> None:
    assert not any(name.startswith("PySide6") for name in _loaded_by("import superlens.gui.app"))
