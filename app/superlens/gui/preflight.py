"""Looks for what Qt needs on Linux before Qt is started: Qt aborts without a word of advice."""

import ctypes.util
import os
import sys

_LIBRARIES = {
    "EGL": "libegl1",
    "GL": "libgl1",
    "xkbcommon": "libxkbcommon0",
    "fontconfig": "libfontconfig1",
    "dbus-1": "libdbus-1-3",
}
_X_LIBRARIES = {
    "xcb-cursor": "libxcb-cursor0",
    "xkbcommon-x11": "libxkbcommon-x11-0",
    "xcb-icccm": "libxcb-icccm4",
    "xcb-image": "libxcb-image0",
    "xcb-keysyms": "libxcb-keysyms1",
    "xcb-render-util": "libxcb-render-util0",
    "xcb-shape": "libxcb-shape0",
}
_NO_DISPLAY = ("offscreen", "minimal", "vnc")


def missing_for_window(environment: dict[str, str] | None = None) -> str:
    """Give one sentence on what is missing to open a window, or an empty text.

    Args:
        environment: the variables of the process; None takes its own.
    """
    if not sys.platform.startswith("linux"):
        return ""
    variables = dict(os.environ) if environment is None else environment
    platform = variables.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform in _NO_DISPLAY:
        return _missing_libraries(_LIBRARIES)
    if not variables.get("DISPLAY") and not variables.get("WAYLAND_DISPLAY"):
        return (
            "There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. Start Superlens in a "
            "desktop session, or use its commands (superlens --help) without a window"
        )
    is_x = bool(variables.get("DISPLAY")) and platform in ("", "xcb")
    return _missing_libraries(_LIBRARIES | _X_LIBRARIES if is_x else _LIBRARIES)


def _missing_libraries(wanted: dict[str, str]) -> str:
    missing = [
        package for name, package in wanted.items() if ctypes.util.find_library(name) is None
    ]
    if not missing:
        return ""
    names = " ".join(missing)
    return f"System libraries are missing. Install them with: sudo apt-get install {names}"
