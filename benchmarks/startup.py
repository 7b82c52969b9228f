"""Times how soon the window and the engine are there: `python benchmarks/startup.py`.

The window is measured from the start of its process to its first painted frame, beside a bare
QMainWindow with one pyqtgraph view; the engine from its spawn to its `Ready`, beside a bare process
that imports torch. Rivals take turns in the same run, so that a busy machine slows both alike.

Needs a display; without one it uses Qt's offscreen platform and says so.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

WINDOW_LIMIT, ENGINE_LIMIT = 2.0, 1.5
FORBIDDEN = ("torch", "scipy", "skimage")
RESULTS = Path(__file__).resolve().parent / "results" / "startup.json"
_TIMEOUT_S = 120

_BARE = """
from PySide6.QtWidgets import QApplication, QMainWindow
import pyqtgraph as pg
app = QApplication([])
window = QMainWindow()
view = pg.GraphicsView()
view.setCentralItem(pg.ViewBox())
window.setCentralWidget(view)
window.resize(1440, 900)
window.show()
"""
_OURS = """
from superlens.gui.preflight import missing_for_window
assert not missing_for_window()
from superlens.gui.window_process import open_window
opened = open_window([])
app, window = opened.app, opened.window
"""
_WATCH = """
import os, sys, time
from PySide6.QtCore import QEvent, QObject

class FirstFrame(QObject):
    seen = 0.0
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and watched.isWidgetType():
            self.seen = time.time()
        elif self.seen:
            print(self.seen, " ".join(m for m in {forbidden!r} if m in sys.modules), flush=True)
            os._exit(0)
        return False

watch = FirstFrame()
app.installEventFilter(watch)
app.exec()
"""
"""Says when the last widget of the first frame was painted: the next event comes after the pass."""


def main() -> int:
    """Measure, print, write the results; 0 when both limits are kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7, help="runs of each rival (default 7)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    environment = _environment()
    loaded: set[str] = set()

    def window() -> float:
        seconds, heavy = _seconds_to_window(_OURS, environment)
        loaded.update(heavy)
        return seconds

    windows = _take_turns(
        {"superlens": window, "bare": lambda: _seconds_to_window(_BARE, environment)[0]},
        arguments.repeats,
    )
    engines = _take_turns(
        {"superlens": _seconds_to_engine, "torch": _seconds_to_torch}, arguments.repeats
    )
    document = {
        "command": shlex.join(["python", "benchmarks/startup.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"{platform.platform()}",
        "qt_platform": environment.get("QT_QPA_PLATFORM", "the system's"),
        "repeats": arguments.repeats,
        "window_seconds": windows,
        "window_ratio": _ratio(windows, "superlens", "bare"),
        "window_limit": WINDOW_LIMIT,
        "loaded_in_window": sorted(loaded),
        "engine_seconds": engines,
        "engine_ratio": _ratio(engines, "superlens", "torch"),
        "engine_limit": ENGINE_LIMIT,
    }
    _report(document)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    is_kept = (
        document["window_ratio"] <= WINDOW_LIMIT
        and document["engine_ratio"] <= ENGINE_LIMIT
        and not loaded
    )
    return 0 if is_kept else 1


def _take_turns(rivals: dict[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Run the rivals in turns; the first turn warms the disk cache and does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for turn in range(repeats + 1):
        for name, measure in rivals.items():
            taken = measure()
            if turn:
                seconds[name].append(round(taken, 3))
    return seconds


def _seconds_to_window(build: str, environment: dict[str, str]) -> tuple[float, list[str]]:
    code = build + _WATCH.format(forbidden=FORBIDDEN)
    begin = time.time()
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
        env=environment,
    )
    if done.returncode != 0:
        raise SystemExit(f"The window did not open:\n{done.stderr}")
    seen, *heavy = done.stdout.split()
    return float(seen) - begin, heavy


def _seconds_to_engine() -> float:
    from superlens.core.jobs import Lane
    from superlens.core.messages import Ready, Shutdown
    from superlens.engine.entry import start_engine

    begin = time.perf_counter()
    engine = start_engine(Lane.ACCELERATOR)
    while not isinstance(engine.events.get(timeout=_TIMEOUT_S), Ready):
        pass
    taken = time.perf_counter() - begin
    engine.commands.put(Shutdown())
    engine.process.join(_TIMEOUT_S)
    engine.close()
    return taken


def _seconds_to_torch() -> float:
    begin = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", "import torch; print(1, flush=True)"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return time.perf_counter() - begin


def _environment() -> dict[str, str]:
    """Give the environment of the windows: user folders of their own, a display or none."""
    environment = {**os.environ, "SUPERLENS_HOME": tempfile.mkdtemp(prefix="superlens-startup-")}
    source = Path(__file__).resolve().parents[1] / "app"
    environment["PYTHONPATH"] = os.pathsep.join([str(source), environment.get("PYTHONPATH", "")])
    sys.path.insert(0, str(source))
    has_display = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not has_display:
        environment["QT_QPA_PLATFORM"] = "offscreen"
    return environment


def _ratio(seconds: dict[str, list[float]], ours: str, rival: str) -> float:
    return round(statistics.median(seconds[ours]) / statistics.median(seconds[rival]), 3)


def _report(document: dict) -> None:
    for what, ours, rival in (("window", "superlens", "bare"), ("engine", "superlens", "torch")):
        seconds = document[f"{what}_seconds"]
        print(
            f"{what:7} {statistics.median(seconds[ours]):6.2f} s   {rival:7} "
            f"{statistics.median(seconds[rival]):6.2f} s   ratio {document[f'{what}_ratio']:.2f} "
            f"(at most {document[f'{what}_limit']})"
        )
    heavy = ", ".join(document["loaded_in_window"]) or "none"
    print(f"of {', '.join(FORBIDDEN)} loaded in the window: {heavy}")


if __name__ == "__main__":
    raise SystemExit(main())
