"""Looks for what Qt needs on Linux before Qt is started: Qt aborts without a word of advice."""

import ctypes
import os
import sys
from collections.abc import Mapping

_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
}
_X_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
_NO_DISPLAY = ("offscreen", "minimal", "vnc")
_ADVICE = "Start Superlens in a desktop session, or use its commands (superlens --help)"


def missing_for_window(environment: Mapping[str, str] = os.environ) -> str:
    """Give one sentence on what is missing to open a window, or an empty text.

    Args:
        environment: the variables of the process.
    """
    if not sys.platform.startswith("linux"):
        return ""
    platform = environment.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform in _NO_DISPLAY:
        return _missing_libraries(_LIBRARIES)
    display, wayland = environment.get("DISPLAY"), environment.get("WAYLAND_DISPLAY")
    if not display and not wayland:
        return f"There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. {_ADVICE}"
    is_x = bool(display) and (platform == "xcb" or not wayland)
    needs_x = is_x and not getattr(sys, "frozen", False)  # a bundle brings the helpers along
    missing = _missing_libraries(_LIBRARIES | _X_LIBRARIES if needs_x else _LIBRARIES)
    if missing or not is_x or _answers(str(display)):
        return missing
    return f"The display {display} does not answer. {_ADVICE}"


def _missing_libraries(wanted: Mapping[str, str]) -> str:
    packages = [package for name, package in wanted.items() if not can_load(name)]
    if not packages:
        return ""
    names = " ".join(packages)
    return f"System libraries are missing. Install them with: sudo apt-get install {names}"


def can_load(name: str) -> bool:
    """Say whether the system has a library; it stays loaded, as Qt needs it anyway."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _answers(display: str) -> bool:
    """Say whether an X server answers; where it cannot be asked, Qt will see."""
    if not can_load("libxcb.so.1"):
        return True
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(display.encode(), None))
    is_broken = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not is_broken
