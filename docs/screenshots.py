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

from dialog_pictures import (
    take_import,
    take_labels,
    take_scenes_and_axes,
    take_trash,
    take_watch,
)

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent / "resources" / "samples"
MODEL = "resrgan-phantom-x2"
"""The model in the pictures: the one of several that is for images of any kind."""
SIZES = ((1440, 900), (1280, 720))
SHOWN = (
    "start_light_1440",
    "start_dark_1280",
    "import_light",
    "import_dark",
    "import-plate_light",
    "import-scenes_light",
    "import-axes_light",
    "import-axes_dark",
    "watch_light",
    "labels_light",
    "labels-blinded_light",
    "data-blinded_light_1440",
    "trash_light",
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
    parser.add_argument("--dialogs", action="store_true", help="end when the dialogs are taken")
    arguments = parser.parse_args()
    os.environ["SUPERLENS_HOME"] = tempfile.mkdtemp(prefix="superlens-screenshots-")
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    sys.path.insert(0, str(HERE.parent / "app"))
    arguments.out.mkdir(parents=True, exist_ok=True)
    Walk(arguments).run()
    return 0


class Walk:
    """From the start page to the report, with a camera."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        from superlens.gui.window_process import open_window

        self._out, self._takes_all = arguments.out, arguments.all
        self._ends_early = arguments.dialogs
        opened = open_window([])
        self.workbench, self.window = opened.workbench, opened.window
        self.scratch = Path(os.environ["SUPERLENS_HOME"])
        _wait(2000, lambda: False)

    def run(self) -> None:
        """Walk through the stages; ends the engines whatever happens."""
        try:
            self._stages()
        finally:
            self.window.close()
            self.workbench.shutdown()

    def _stages(self) -> None:
        from superlens.core.jobs import Lane
        from superlens.gui.stage_bar import Stage
        from superlens.gui.viewer.compare_view import Slot
        from superlens.workbench.engine_link import EngineState

        bench, window, space = self.workbench, self.window, self.window.workspace
        bench.start_engines()
        links = [bench.link(lane) for lane in Lane]
        self.until(_ENGINE_S, lambda: all(link.state is EngineState.READY for link in links))
        self.take("start")
        project = bench.new_project(self.scratch / "Cytoskeleton, first look")
        take_import(self, SAMPLES)
        take_scenes_and_axes(self, SAMPLES)
        take_watch(self)
        names = ("filaments", "mitochondria", "membranes", "nuclei")
        broken = self.scratch / "truncated.tif"
        broken.write_bytes(b"II*\x00\x08\x00\x00\x00")
        window.open_paths((*(SAMPLES / f"{name}.ome.tif" for name in names), broken))
        self.until(_IMPORT_S, lambda: len(project.images()) == 4 and not project.pending_imports())
        self.until(10, lambda: space.check.compare.plane("low") is not None)
        self.take("data")
        take_labels(self, project)
        space.flow.go(Stage.RESTORE)
        space.restore.choose(MODEL)
        self.take("super-resolve")
        window.stage_bar.primary.click()
        self.until(_RESTORE_S, self._has_progress)
        self.take("jobs", SIZES[:1])
        self.until(_RESTORE_S, lambda: space.selection.run is not None)
        self.until(10, lambda: space.check.compare.plane("third") is not None)
        take_trash(self, project)
        if self._ends_early:
            return
        self.until(_RESTORE_S, lambda: space.selection.run is not None)
        self.until(30, lambda: all(space.check.compare.plane(slot) for slot in Slot))
        self._point_at()
        self.take("check")
        self._measure()
        self.take("measure")
        space.flow.go(Stage.REPORT)
        out = self.scratch / "Cytoskeleton report.pdf"
        space.intents.write_report(space.report.chosen_runs(), out, "Cytoskeleton, first look")
        self.until(_REPORT_S, lambda: space.report.written is not None)
        self.take("report")
        self._fail()
        self.take("error", SIZES[:1])

    def _has_progress(self) -> bool:
        return any(job.done > 0 and not job.state.is_ended for job in self.workbench.jobs.jobs())

    def _measure(self) -> None:
        from superlens.gui.stage_bar import Stage

        space = self.window.workspace
        space.flow.go(Stage.MEASURE)
        plate = self.scratch / "translocation-plate"
        shutil.copytree(SAMPLES / plate.name, plate)
        space.measure.panel.choose_plate(plate / "plate_map.csv")
        space.flow.start_measure()
        self.until(_MEASURE_S, lambda: space.measure.run is not None)

    def _fail(self) -> None:
        """Ask for a result of a file that is gone."""
        from superlens.gui.stage_bar import Stage

        space = self.window.workspace
        gone = self.scratch / "moved.ome.tif"
        gone.write_bytes((SAMPLES / "puncta.ome.tif").read_bytes())
        self.window.open_paths((gone,))
        project = self.workbench.project
        assert project is not None
        self.until(_IMPORT_S, lambda: len(project.images()) == 5)
        space.selection.choose(project.images()[-1].id)
        gone.unlink()
        space.flow.go(Stage.RESTORE)
        space.flow.start_restore()
        bar = self.window.message_bar
        self.until(_RESTORE_S, bar.isVisible)

    def _point_at(self) -> None:
        """Put the cursor on the middle of the super-resolved image."""
        view = self.window.workspace.check.compare.panes["sr"].view
        view.cursor_moved.emit(view.box.viewRect().center())

    def take(self, name: str, sizes: tuple[tuple[int, int], ...] = SIZES) -> None:
        from PySide6.QtGui import QImage

        from superlens.gui.theme.tokens import Scheme
        from superlens.workbench.settings import Theme

        for scheme in Scheme:
            self.window.theme.choose(Theme(scheme.value))
            for width, height in sizes:
                shot = f"{name}_{scheme.value}_{width}"
                if not self._takes_all and shot not in SHOWN:
                    continue
                self.window.resize(width, height)
                _wait(600, lambda: False)
                picture = self.window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
                picture.save(str(self._out / f"{shot}.png"), quality=_PNG_SMALLEST)

    def take_dialog(self, dialog: Any, name: str) -> None:
        from superlens.gui.theme.tokens import Scheme
        from superlens.workbench.settings import Theme

        for scheme in Scheme:
            shot = f"{name}_{scheme.value}"
            if self._takes_all or shot in SHOWN:
                self.window.theme.choose(Theme(scheme.value))
                _wait(600, lambda: False)
                dialog.grab().save(str(self._out / f"{shot}.png"), quality=_PNG_SMALLEST)

    def until(self, seconds: float, condition: Callable[[], bool]) -> None:
        if not _wait(int(seconds * 1000), condition):
            failed = [job.error for job in self.workbench.jobs.jobs() if job.error]
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
