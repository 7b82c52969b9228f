"""Keeping the computer awake while a long job runs: a sleeping one loses the night."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

_PATIENCE_S = 5.0
"""Jobs that end earlier are not worth the trouble."""
_WHY = "Superlens computes"
_START_S = 0.2
_WINDOWS_CONTINUOUS, _WINDOWS_SYSTEM_REQUIRED = 0x80000000, 0x00000001


@contextmanager
def kept_awake(say: Callable[[str], None]) -> Generator[None]:
    """Keep the computer from going to sleep by itself while the block runs.

    Args:
        say: told once when that begins; nothing is said where the system offers no way.
    """
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(ended, say), name="wakefulness", daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()


def _watch(ended: threading.Event, say: Callable[[str], None]) -> None:
    if ended.wait(_PATIENCE_S):
        return
    with _on_windows() if sys.platform == "win32" else _by_program(_program()) as is_awake:
        if is_awake and not ended.is_set():
            say("The computer is kept awake until this job has ended")
        ended.wait()


@contextmanager
def _on_windows() -> Generator[bool]:
    # The state belongs to the calling thread and ends with it.
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009  absent elsewhere
    yield kernel.SetThreadExecutionState(_WINDOWS_CONTINUOUS | _WINDOWS_SYSTEM_REQUIRED) != 0
    kernel.SetThreadExecutionState(_WINDOWS_CONTINUOUS)


@contextmanager
def _by_program(command: tuple[str, ...]) -> Generator[bool]:
    """Hold the system awake by a program that ends when its input does, also when we die."""
    if not command or shutil.which(command[0]) is None:
        yield False
        return
    quiet = subprocess.DEVNULL
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)
    try:
        try:
            holder.wait(_START_S)
        except subprocess.TimeoutExpired:
            yield True
        else:
            yield False
    finally:
        if holder.stdin is not None:
            holder.stdin.close()
        holder.terminate()
        holder.wait()


def _program() -> tuple[str, ...]:
    if sys.platform == "darwin":
        return ("caffeinate", "-i", "-w", str(os.getpid()))
    return ("systemd-inhibit", "--what=idle", "--who=Superlens", f"--why={_WHY}", "cat")
