"""Opening large images, importing a plate and opening a large project, beside their rivals.

Run `python benchmarks/files.py --rival-python PATH`, where PATH is the Python of an environment of
its own that holds `bioio`, `bioio-ome-tiff` and `bioio-tifffile`; without it that rival is "not
run". Every side runs in a fresh process, imports included, with the files out of the page cache
where the system allows that:

* `plane`: the first plane of an OME-TIFF of 4 GiB;
* `region`: 1024 x 1024 pixels in the middle of a pyramid of 32768 x 32768;
* `plate`: 192 files of 96 wells: identified, read and saved into a new project, against bare
  tifffile reading the same headers; and the import as the window does it, by engines that are up,
  until every image is in the project (`seconds`) and has its small picture (`picture_seconds`);
* `project`: opening a project in the panel of the window, and scrolling through it to its end, with
  10,000 images against 100.

`--reduced` makes all of it small, to see that it works; nothing is written then unless `--out` says
where. The table is written with command, machine and date to `benchmarks/results/files.json`.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from files_made import write_plate, write_project, write_pyramid, write_stack

RESULTS = Path(__file__).with_name("results") / "files.json"
_MIB = 1 << 20
_LOAD_BEFORE = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
"""Processes that wanted the cores, on average over a minute."""


@dataclass(frozen=True)
class Sizes:
    """How large everything is."""

    times: int = 8
    slices: int = 32
    side: int = 2048
    pyramid: int = 32768
    region: int = 1024
    wells: int = 96
    few: int = 100
    many: int = 10_000


REDUCED = Sizes(1, 4, 512, 4096, 512, 12, 100, 1000)


def main() -> None:
    """Measure everything and print and write the table."""
    options = _options()
    if options.measure:
        began = time.perf_counter()
        _MEASURES[options.measure](options.path, began)
        return
    sizes = REDUCED if options.reduced else Sizes()
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        found = {
            name: measure(Path(folder), sizes, options)
            for name, measure in _CASES.items()
            if options.case in (None, name)
        }
    document = {
        "command": " ".join(["python", "benchmarks/files.py", *_words(sys.argv[1:])]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "sizes": asdict(sizes),
        **found,
    }
    _print_table(found)
    out = options.out or (None if options.reduced or options.case else RESULTS)
    if out is not None:
        out.parent.mkdir(exist_ok=True)
        out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rival-python", type=Path, help="of an environment that holds bioio")
    parser.add_argument("--scratch", type=Path, help="a folder with 8 GiB to spare")
    parser.add_argument("--repeats", type=int, default=3, help="the best one counts")
    parser.add_argument("--reduced", action="store_true", help="small, to see that it works")
    parser.add_argument("--case", choices=tuple(_CASES), help="one alone; nothing is written")
    parser.add_argument("--out", type=Path, help="where to write the result")
    parser.add_argument("--measure", choices=tuple(_MEASURES), help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _words(arguments: list[str]) -> list[str]:
    """Give the arguments without the paths of this machine."""
    return ["PATH" if Path(word).is_absolute() else word for word in arguments]


def _plane(folder: Path, sizes: Sizes, options: argparse.Namespace) -> dict[str, Any]:
    image = folder / "stack.ome.tif"
    write_stack(image, (sizes.times, sizes.slices, 2, sizes.side, sizes.side))
    return _against_bioio("plane", image, options)


def _region(folder: Path, sizes: Sizes, options: argparse.Namespace) -> dict[str, Any]:
    image = folder / f"pyramid-{sizes.region}.ome.tif"
    write_pyramid(image, sizes.pyramid)
    return _against_bioio("region", image, options)


def _against_bioio(case: str, image: Path, options: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {
        "file_gib": round(image.stat().st_size / 2**30, 3),
        "ours": _best(case, image, options.repeats),
        "bioio": "not run",
    }
    if options.rival_python is not None:
        script = Path(__file__).with_name("files_rival.py")
        command = [str(options.rival_python), str(script), case, str(image)]
        found["bioio"] = _best_of(command, image, options.repeats)
        ours, rival = found["ours"], found["bioio"]
        found["times_as_fast"] = rival["seconds"] / ours["seconds"]
        found["times_as_fast_cpu"] = rival["cpu_seconds"] / ours["cpu_seconds"]
        found["share_of_memory"] = ours["peak_memory_mib"] / rival["peak_memory_mib"]
    image.unlink()
    return found


def _plate(folder: Path, sizes: Sizes, options: argparse.Namespace) -> dict[str, Any]:
    plate = folder / "plate"
    write_plate(plate, sizes.wells)
    found = {
        side: _best(side, plate, options.repeats)
        for side in ("plate_tifffile", "plate_ours", "plate_window")
    }
    bare = found["plate_tifffile"]["seconds"]
    return {
        "files": 2 * sizes.wells,
        **found,
        "headers_ratio": found["plate_ours"]["seconds"] / bare,
        "headers_cpu_ratio": found["plate_ours"]["cpu_seconds"]
        / found["plate_tifffile"]["cpu_seconds"],
        "window_ratio": found["plate_window"]["seconds"] / bare,
    }


def _project(folder: Path, sizes: Sizes, options: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, count in (("few", sizes.few), ("many", sizes.many)):
        place = folder / f"project-{count}"
        write_project(place, count)
        found[name] = {"images": count, **_best("project", place, options.repeats)}
    for figure in ("open_seconds", "scroll_seconds", "open_cpu_seconds", "scroll_cpu_seconds"):
        found[figure.replace("seconds", "ratio")] = found["many"][figure] / found["few"][figure]
    return found


_CASES: dict[str, Callable[[Path, Sizes, argparse.Namespace], dict[str, Any]]] = {
    "plane": _plane,
    "region": _region,
    "plate": _plate,
    "project": _project,
}


def _best(side: str, path: Path, repeats: int) -> dict[str, float]:
    return _best_of(
        [sys.executable, __file__, "--measure", side, "--path", str(path)], path, repeats
    )


def _best_of(command: list[str], path: Path, repeats: int) -> dict[str, float]:
    """Give the fastest of several fresh processes."""
    return min(
        (_in_fresh_process(command, path) for _ in range(repeats)),
        key=lambda figures: figures["seconds"],
    )


def _in_fresh_process(command: list[str], path: Path) -> dict[str, float]:
    for file in path.rglob("*.tif") if path.is_dir() else (path,):
        _forget(file)
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "SUPERLENS_HOME": home, "QT_QPA_PLATFORM": "offscreen"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _forget(file: Path) -> None:
    """Take a file out of the page cache, where the system has a call for it."""
    if hasattr(os, "posix_fadvise"):
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _measure_plane(path: Path, began: float) -> None:
    from superlens.io.images import open_image

    with open_image(path) as source:
        plane = source.plane(0, 0, 0, 0)
    _say(began, checksum=float(plane.mean()))


def _measure_region(path: Path, began: float) -> None:
    from superlens.core.jobs import Roi
    from superlens.io.images import open_image

    with open_image(path) as source:
        size = source.info.scenes[0].size("Y")
        side = int(path.name.partition("-")[2].partition(".")[0])
        corner = (size - side) // 2
        pixels = source.region(0, 0, 0, 0, Roi(corner, corner, side, side))
    _say(began, checksum=float(pixels.mean()))


def _measure_plate_tifffile(path: Path, began: float) -> None:
    import tifffile

    shapes = []
    for file in sorted(path.iterdir()):
        with tifffile.TiffFile(file) as tiff:
            shapes.append((tiff.series[0].shape, tiff.ome_metadata))
    _say(began, checksum=len(shapes))


def _measure_plate_ours(path: Path, began: float) -> None:
    from superlens.core.records import ImageRecord
    from superlens.io.hashing import quick_identity
    from superlens.io.images import probe
    from superlens.io.store import ProjectStore

    files = sorted(path.iterdir())
    with (
        tempfile.TemporaryDirectory() as home,
        ProjectStore.create(Path(home) / "project") as store,
        ThreadPoolExecutor(1) as pool,  # the window identifies files in a thread, too
    ):
        records = [
            ImageRecord(str(number), str(file), identity, probe(file))
            for number, (file, identity) in enumerate(
                zip(files, pool.map(quick_identity, files), strict=True)
            )
        ]
        store.catalogue.add(*records)
    _say(began, checksum=len(records))


def _measure_plate_window(path: Path, _: float) -> None:
    from PySide6.QtCore import QCoreApplication, QEventLoop

    from superlens.core.jobs import Lane
    from superlens.workbench.workbench import Workbench

    QCoreApplication([])
    bench = Workbench()
    bench.start_engines()
    project = bench.ensure_project()
    loop = QEventLoop()
    up: list[str] = []
    pictures: list[str] = []
    bench.engine_ready.connect(lambda ready: up.append(ready.lane))
    bench.engine_ready.connect(lambda _: loop.quit() if len(up) == len(Lane) else None)
    loop.exec()
    project.imports_finished.connect(loop.quit)
    project.thumbnail_made.connect(pictures.append)
    began = time.perf_counter()
    project.add_files([path])
    loop.exec()
    images, seconds = project.image_ids(), time.perf_counter() - began
    project.thumbnail_made.connect(lambda _: loop.quit() if len(pictures) == len(images) else None)
    loop.exec()
    _say(
        began,
        seconds=seconds,
        picture_seconds=time.perf_counter() - began,
        checksum=len(images),
    )
    bench.shutdown()


def _measure_project(path: Path, _: float) -> None:
    from PySide6.QtWidgets import QApplication, QTreeView

    from superlens.gui.project.project_panel import ProjectPanel
    from superlens.workbench.workbench import Workbench

    application = QApplication([])
    bench = Workbench()
    panel = ProjectPanel(bench.jobs)
    panel.resize(320, 900)
    panel.show()
    application.processEvents()
    clock = _Clock()
    panel.show_project(bench.open_project(path))
    application.processEvents()
    panel.grab()
    opened, opened_cpu = clock.read()
    tree = panel.findChild(QTreeView)
    bar = tree.verticalScrollBar()
    clock = _Clock()
    for step in range(1, 51):
        bar.setValue(bar.maximum() * step // 50)
        application.processEvents()
        panel.grab()
    scrolled, scrolled_cpu = clock.read()
    last = tree.indexAt(tree.viewport().rect().bottomLeft()).data()
    _say(
        time.perf_counter() - opened - scrolled,
        open_seconds=opened,
        scroll_seconds=scrolled,
        open_cpu_seconds=opened_cpu,
        scroll_cpu_seconds=scrolled_cpu,
        checksum=str(last),
    )
    bench.shutdown()


_MEASURES: dict[str, Callable[[Path, float], None]] = {
    "plane": _measure_plane,
    "region": _measure_region,
    "plate_tifffile": _measure_plate_tifffile,
    "plate_ours": _measure_plate_ours,
    "plate_window": _measure_plate_window,
    "project": _measure_project,
}


class _Clock:
    """Seconds on the wall and of this process."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self._began[0], time.process_time() - self._began[1]


def _say(began: float, **more: float | str) -> None:
    figures = {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time(),  # of the whole process: what a busy machine spares
        "peak_memory_mib": _peak_memory_mib(),
    }
    print(json.dumps({**figures, **more}), flush=True)


def _peak_memory_mib() -> float:
    import psutil

    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / _MIB
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / _MIB if sys.platform == "darwin" else peak / 1024


def _machine() -> dict[str, Any]:
    return {
        "load_before": _LOAD_BEFORE,
        "load_after": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _print_table(found: dict[str, dict[str, Any]]) -> None:
    for case, figures in found.items():
        for name, value in figures.items():
            print(f"{case:8} {name:16} {_shown(value)}")


def _shown(value: Any) -> str:
    if not isinstance(value, dict):
        return f"{value:.2f}" if isinstance(value, float) else str(value)
    cells = ((name, figure) for name, figure in value.items() if name != "checksum")
    return ", ".join(f"{name} {figure:.3g}" for name, figure in cells)


if __name__ == "__main__":
    main()
