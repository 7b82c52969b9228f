"""Where the development images lie, when they lie here at all.

The real microscope images are not part of the repository: a checkout may have them beside it in
`../shared/data`, or the environment variable `SUPERLENS_SHARED_DATA` names the folder. Tests that
need them skip where they are absent.
"""

import os
from pathlib import Path

import pytest

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared_data(relative: str = "") -> Path | None:
    """Give the path of a development image or folder, or None where it is absent."""
    root = Path(os.environ.get("SUPERLENS_SHARED_DATA", _BESIDE_CHECKOUT))
    path = root / relative
    return path if path.exists() else None


def require_shared_data(relative: str) -> Path:
    """Give the path of a development image, or skip the running test where it is absent."""
    path = shared_data(relative)
    if path is None:
        pytest.skip(f"development data {relative!r} is not beside this checkout")
    return path
