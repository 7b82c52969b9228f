"""Makes the pictures of the window in `docs/images`: `python docs/screenshots.py`.

Everything in them is real: the bundled samples, restored, measured and reported by the engine of
this machine (some minutes on a laptop). Works without a display, by Qt's offscreen platform.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent / "resources" / "samples"
SIZES = ((1440, 900), (1280, 720))
SHOWN = (
    "start_light_1440",
    "start_dark_1280",
    "import_light",
    "import_dark",
    "import-plate_light",
    "watch_light",
    "data_light_1440",
    "super-resolve_light_1280",
    "jobs_dark_1440",
    "check_dark_1440",
    "check_light_1440",
    "check_light_1280",
    "measure_dark_1440",
    "measure_light_1280",
    "report_light_1440",
    "error_dark_1440",
)
"""What lies in `docs/images`; `--all` makes every stage in both themes and sizes."""

_PNG_SMALLEST = 0
_ENGINE_S, _IMPORT_S, _RESTORE_S, _MEASURE_S, _REPORT_S = 120, 60, 600, 600, 180


def main() -> int:
    """Run the whole walk once and take a picture at every stage, size and theme."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "images")
    parser.add_argument("--all", action="store_true", help="both themes and sizes of every stage")
    arguments = parser.parse_args()
    os.environ["SUPERLENS_HOME"] = tempfile.mkdtemp(prefix="superlens-screenshots-")
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    sys.path.insert(0, str(HERE.parent / "app"))
    arguments.out.mkdir(parents=True, exist_ok=True)
    Walk(arguments.out, arguments.all).run()
    return 0


class Walk:
    """From the start page to the report, with a camera."""

    def __init__(self, out: Path, takes_all: bool) -> None:
        from superlens.gui.window_process import open_window

        self._out, self._takes_all = out, takes_all
        opened = open_window([])
        self._workbench, self._window = opened.workbench, opened.window
        self._scratch = Path(os.environ["SUPERLENS_HOME"])
        _wait(2000, lambda: False)

    def run(self) -> None:
        """Walk through the stages; ends the engines whatever happens."""
        try:
            self._stages()
        finally:
            self._window.close()
            self._workbench.shutdown()

    def _stages(self) -> None:
        from superlens.core.jobs import Lane
        from superlens.gui.stage_bar import Stage
        from superlens.workbench.engine_link import EngineState

        bench, window, space = self._workbench, self._window, self._window.workspace
        bench.start_engines()
        links = [bench.link(lane) for lane in Lane]
        self._until(_ENGINE_S, lambda: all(link.state is EngineState.READY for link in links))
        self._take("start")
        project = bench.new_project(self._scratch / "Cytoskeleton, first look")
        self._import()
        names = ("filaments", "mitochondria", "membranes", "nuclei")
        broken = self._scratch / "truncated.tif"
        broken.write_bytes(b"II*\x00\x08\x00\x00\x00")
        window.open_paths((*(SAMPLES / f"{name}.ome.tif" for name in names), broken))
        self._until(_IMPORT_S, lambda: len(project.images()) == 4 and not project.pending_imports())
        self._until(10, lambda: space.check.compare.plane("low") is not None)
        self._take("data")
        space.flow.go(Stage.RESTORE)
        self._take("super-resolve")
        window.stage_bar.primary.click()
        self._until(_RESTORE_S, self._has_progress)
        self._take("jobs", SIZES[:1])
        self._until(_RESTORE_S, lambda: space.selection.run is not None)
        self._until(10, lambda: space.check.compare.plane("third") is not None)
        self._point_at()
        self._take("check")
        self._measure()
        self._take("measure")
        space.flow.go(Stage.REPORT)
        out = self._scratch / "Cytoskeleton report.pdf"
        space.intents.write_report(space.report.chosen_runs(), out, "Cytoskeleton, first look")
        self._until(_REPORT_S, lambda: space.report.written is not None)
        self._take("report")
        self._fail()
        self._take("error", SIZES[:1])

    def _import(self) -> None:
        """Drop a folder with a plate of which one file is broken, look at it, and cancel."""
        from superlens.gui.import_dialog.import_dialog import ImportDialog
        from superlens.gui.import_dialog.rows import RowState
        from superlens.gui.project.watch_dialog import WatchDialog

        folder = self._scratch / "Screen 4"
        shutil.copytree(SAMPLES / "translocation-plate", folder)
        (folder / "plate_map.csv").unlink()
        (folder / "B08_protein.ome.tif").write_bytes(b"II*\x00\x08\x00\x00\x00")
        (folder / "B07_dna.ome.tif").write_bytes((folder / "A01_dna.ome.tif").read_bytes())
        self._window.open_paths((folder,))
        dialog = self._window.findChild(ImportDialog)
        assert dialog is not None
        rows = dialog.model
        self._until(_IMPORT_S, lambda: len(rows.rows) > 0 and not rows.count(RowState.READING))
        self._take_dialog(dialog, "import")
        dialog.tabs.choose(1)
        self._take_dialog(dialog, "import-plate")
        dialog.reject()
        intents = self._window.workspace.project_intents
        intents.open_watch()
        watch = self._window.findChild(WatchDialog)
        assert watch is not None
        watch.folder.setText("/data/microscope/today")
        self._take_dialog(watch, "watch")
        watch.reject()

    def _has_progress(self) -> bool:
        return any(job.done > 0 and not job.state.is_ended for job in self._workbench.jobs.jobs())

    def _measure(self) -> None:
        from superlens.gui.stage_bar import Stage

        space = self._window.workspace
        space.flow.go(Stage.MEASURE)
        plate = self._scratch / "translocation-plate"
        shutil.copytree(SAMPLES / plate.name, plate)
        space.measure.panel.choose_plate(plate / "plate_map.csv")
        space.flow.start_measure()
        self._until(_MEASURE_S, lambda: space.measure.run is not None)

    def _fail(self) -> None:
        """Ask for a result of a file that is gone."""
        from superlens.gui.stage_bar import Stage

        space = self._window.workspace
        gone = self._scratch / "moved.ome.tif"
        gone.write_bytes((SAMPLES / "puncta.ome.tif").read_bytes())
        self._window.open_paths((gone,))
        project = self._workbench.project
        assert project is not None
        self._until(_IMPORT_S, lambda: len(project.images()) == 5)
        space.selection.choose(project.images()[-1].id)
        gone.unlink()
        space.flow.go(Stage.RESTORE)
        space.flow.start_restore()
        bar = self._window.message_bar
        self._until(_RESTORE_S, bar.isVisible)

    def _point_at(self) -> None:
        """Put the cursor on the middle of the super-resolved image."""
        view = self._window.workspace.check.compare.panes["sr"].view
        view.cursor_moved.emit(view.box.viewRect().center())

    def _take(self, name: str, sizes: tuple[tuple[int, int], ...] = SIZES) -> None:
        from PySide6.QtGui import QImage

        from superlens.gui.theme.tokens import Scheme
        from superlens.workbench.settings import Theme

        for scheme in Scheme:
            self._window.theme.choose(Theme(scheme.value))
            for width, height in sizes:
                shot = f"{name}_{scheme.value}_{width}"
                if not self._takes_all and shot not in SHOWN:
                    continue
                self._window.resize(width, height)
                _wait(600, lambda: False)
                picture = self._window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
                picture.save(str(self._out / f"{shot}.png"), quality=_PNG_SMALLEST)

    def _take_dialog(self, dialog: Any, name: str) -> None:
        from superlens.gui.theme.tokens import Scheme
        from superlens.workbench.settings import Theme

        for scheme in Scheme:
            shot = f"{name}_{scheme.value}"
            if self._takes_all or shot in SHOWN:
                self._window.theme.choose(Theme(scheme.value))
                _wait(600, lambda: False)
                dialog.grab().save(str(self._out / f"{shot}.png"), quality=_PNG_SMALLEST)

    def _until(self, seconds: float, condition: Callable[[], bool]) -> None:
        if not _wait(int(seconds * 1000), condition):
            failed = [job.error for job in self._workbench.jobs.jobs() if job.error]
            raise SystemExit(f"waited {seconds} s in vain; {failed}")


def _wait(milliseconds: int, condition: Callable[[], bool]) -> bool:
    """Let Qt work until a condition holds or the time is over."""
    from PySide6.QtCore import QDeadlineTimer, QEventLoop, QTimer

    deadline, loop, timer = QDeadlineTimer(milliseconds), QEventLoop(), QTimer()

    def look() -> None:
        if condition() or deadline.hasExpired():
            loop.quit()

    timer.timeout.connect(look)
    timer.start(50)
    loop.exec()
    return condition()


if __name__ == "__main__":
    raise SystemExit(main())
