"""Versions of the software that does a job, as plain text."""

import platform
from importlib.metadata import PackageNotFoundError, version

import superlens
from superlens.core.records import Versions

_LIBRARIES = ("torch", "numpy", "scipy", "scikit-image", "tifffile")


def software_versions() -> Versions:
    """Give the versions that every run folder records; nothing is imported for it."""
    known = {name: _version_of(name) for name in _LIBRARIES}
    return Versions(
        superlens=superlens.__version__,
        python=platform.python_version(),
        platform=platform.platform(),
        libraries={name: found for name, found in known.items() if found},
    )


def _version_of(distribution: str) -> str:
    try:
        return str(version(distribution))
    except PackageNotFoundError:
        return ""
