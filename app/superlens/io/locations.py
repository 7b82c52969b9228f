"""Where things lie: what ships with the program, and the folders of the user.

The only module that knows whether it runs from a checkout, a wheel or a frozen bundle. Nothing is
created here: who writes a file makes its folder.
"""

import os
import sys
from pathlib import Path

import platformdirs

HOME_VARIABLE = "SUPERLENS_HOME"
"""Environment variable: one folder that holds all user folders, for tests and portable use."""

_APP_NAME = "Superlens"
_PACKAGE = Path(__file__).resolve().parents[1]


def resources_dir() -> Path:
    """Give the folder of icons, themes, help texts and sample data."""
    return _shipped("resources")


def shipped_models_dir() -> Path:
    """Give the folder of the models that ship with the program."""
    return _shipped("models")


def user_models_dir() -> Path:
    """Give the folder of the models that the user trained or installed."""
    return _user("models", platformdirs.user_data_path(_APP_NAME, appauthor=False) / "models")


def user_features_dir() -> Path:
    """Give the folder of the feature networks that the user imported."""
    return _user("features", platformdirs.user_data_path(_APP_NAME, appauthor=False) / "features")


def settings_dir() -> Path:
    """Give the folder of what the user chose."""
    return _user("settings", platformdirs.user_config_path(_APP_NAME, appauthor=False))


def state_dir() -> Path:
    """Give the folder of what the program remembers by itself."""
    return _user("state", platformdirs.user_state_path(_APP_NAME, appauthor=False))


def cache_dir() -> Path:
    """Give the folder of what can be made again at any time."""
    return _user("cache", platformdirs.user_cache_path(_APP_NAME, appauthor=False))


def logs_dir() -> Path:
    """Give the folder of the program's log files."""
    return _user("logs", platformdirs.user_log_path(_APP_NAME, appauthor=False))


def _shipped(name: str) -> Path:
    bundle = getattr(sys, "_MEIPASS", None)
    if getattr(sys, "frozen", False) and bundle:
        return Path(bundle) / name
    in_wheel = _PACKAGE / f"_{name}"
    if in_wheel.is_dir():
        return in_wheel
    return _PACKAGE.parents[1] / name


def _user(name: str, usual: Path) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    return Path(home).expanduser().absolute() / name if home else usual
