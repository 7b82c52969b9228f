"""What a training leaves behind while it runs: curves, and pictures of how far it is."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np

from superlens.core.method import Array
from superlens.engine.context import MethodRun
from superlens.io.runs import RunFolder
from superlens.io.tables import read_table, write_table

CURVES = "curves.csv"
COLUMNS = ("name", "step", "value")


class RecordedRun:
    """The `Run` of a training: passes everything on, and keeps curves and pictures as files."""

    def __init__(self, inner: MethodRun, folder: RunFolder, done_steps: int) -> None:
        """Begin, or go on after an interruption.

        Args:
            inner: the run to pass everything on to.
            folder: where the files go.
            done_steps: steps that an interrupted training had kept; later rows are dropped.
        """
        self._inner = inner
        self._folder = folder
        self._curves = folder.file("curves", CURVES)
        self.device = inner.device
        self.seed = inner.seed
        self.last_values: dict[str, float] = {}
        """Last value of every curve."""
        self._keep_rows_until(done_steps)

    def check(self) -> None:
        self._inner.check()

    def progress(self, phase: str, done: int, total: int) -> None:
        self._inner.progress(phase, done, total)

    def metric(self, name: str, step: int, value: float) -> None:
        """Report one number of a curve and write it down at once."""
        self._inner.metric(name, step, value)
        self.last_values[name] = value
        with self._curves.open("a", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerow((name, step, repr(float(value))))

    def preview(self, name: str, image: Array) -> None:
        """Show a picture and keep the newest one of its name."""
        self._inner.preview(name, image)
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        _write_picture(self._folder.file("contact", f"contact/{slug}.png"), image)

    def checkpoint(self, name: str, state: dict[str, Any]) -> None:
        self._inner.checkpoint(name, state)

    def resume_state(self) -> dict[str, Any] | None:
        return self._inner.resume_state()

    def _keep_rows_until(self, step: int) -> None:
        rows: list[tuple[str, int, float]] = []
        if self._curves.exists():
            _, texts = read_table(self._curves)
            rows = [(name, int(at), float(value)) for name, at, value in texts if int(at) <= step]
        write_table(self._curves, COLUMNS, rows)
        self.last_values = {name: value for name, _, value in rows}


def _write_picture(path: Path, image: Array) -> None:
    """Write (Y, X) as an 8-bit PNG between its 0.1st and 99.9th percentile."""
    from PIL import Image

    low, high = np.percentile(image, (0.1, 99.9))
    shown = np.clip((image - low) / max(high - low, 1e-12), 0, 1)
    Image.fromarray(np.rint(shown * 255).astype(np.uint8)).save(path)
