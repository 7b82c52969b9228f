"""What a training leaves behind while it runs: curves, pictures, states and candidates."""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from superlens.core.cards import ModelCard
from superlens.core.method import Array, Weights
from superlens.engine.base_model import BaseModel
from superlens.engine.context import MethodRun
from superlens.io.candidates import (
    CANDIDATES_FILE,
    CANDIDATES_FOLDER,
    Candidate,
    forget_candidate,
    keep_candidate,
)
from superlens.io.runs import RunFolder
from superlens.io.tables import read_table, write_table
from superlens.io.weights import CARD_FILE

CURVES = "curves.csv"
COLUMNS = ("name", "step", "value")

_ROLES = (
    ("model/card.json", "model"),
    ("model/weights-*.safetensors", "weights"),
    ("model/recipe.json", "recipe"),
    (CURVES, "curves"),
    ("contact/*.png", "contact"),
    ("subset.csv", "subset"),
    ("targets.csv", "targets"),
    ("targets.svg", "targets"),
    ("checkpoints/*.safetensors", "checkpoint"),
    (CANDIDATES_FILE, "candidates"),
    (f"{CANDIDATES_FOLDER}/*/{CARD_FILE}", "candidate"),
)
"""What a training leaves behind, and what it is called."""

CandidateCard = Callable[[Candidate, Weights], ModelCard]
"""Gives the card of a candidate, so that it can be installed like any model."""


@dataclass(frozen=True, slots=True)
class TrainingFolder:
    """The run folder of a training, or the part of it that belongs to a further set."""

    run: RunFolder
    inside: str = ""
    """Relative path of the part with a slash at its end, or empty."""
    label: str = ""
    """What curves and progress are told under, or empty for the only training of a run."""

    @property
    def root(self) -> Path:
        """Where the files of this training lie now."""
        return self.run.root / self.inside

    def file(self, role: str, relative: str) -> Path:
        """Name a file of the result and give the path to write it to; its parents are made."""
        return self.run.file(role, f"{self.inside}{relative}")

    def labelled(self, text: str) -> str:
        """Give what is told of this training, under its label."""
        return f"{self.label}: {text}" if self.label else text

    def name_files(self) -> None:
        """Name everything that lies here as files of the result, whichever session wrote it."""
        for pattern, role in _ROLES:
            for path in sorted(self.root.glob(pattern)):
                self.file(role, path.relative_to(self.root).as_posix())


@dataclass(frozen=True, slots=True)
class Provision:
    """What a training is given to begin with, besides its data."""

    base: BaseModel | None
    candidate_card: CandidateCard
    done_steps: int = 0
    """Steps that an interrupted training had kept; later rows of its curves are dropped."""


class RecordedRun:
    """The `Run` of a training: passes everything on, and keeps what is worth it as files."""

    def __init__(self, inner: MethodRun, folder: TrainingFolder, provision: Provision) -> None:
        """Begin, or go on after an interruption.

        Args:
            inner: the run to pass everything on to.
            folder: where the files go.
            provision: what there is to begin with.
        """
        self._inner = inner
        self._folder = folder
        self._provision = provision
        self._curves = folder.file("curves", CURVES)
        self.device = inner.device
        self.seed = inner.seed
        self._keep_rows_until(provision.done_steps)

    def check(self) -> None:
        self._inner.check()

    def progress(self, phase: str, done: int, total: int) -> None:
        self._inner.progress(self._folder.labelled(phase), done, total)

    def metric(self, name: str, step: int, value: float) -> None:
        """Report one number of a curve and write it down at once."""
        self._inner.metric(self._folder.labelled(name), step, value)
        with self._curves.open("a", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerow((name, step, repr(float(value))))

    def preview(self, name: str, image: Array) -> None:
        """Show a picture and keep the newest one of its name."""
        self._inner.preview(self._folder.labelled(name), image)
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        _write_picture(self._folder.file("contact", f"contact/{slug}.png"), image)

    def checkpoint(self, name: str, state: dict[str, Any]) -> None:
        self._inner.checkpoint(name, state)

    def resume_state(self) -> dict[str, Any] | None:
        return self._inner.resume_state()

    def note(self, text: str) -> None:
        self._inner.note(self._folder.labelled(text))

    def base(self) -> Weights | None:
        """Give the weights of the model to start from, read and checked anew at every call."""
        base = self._provision.base
        return None if base is None else base.weights()

    def feature_weights(self, network: str) -> Weights | None:
        return self._inner.feature_weights(network)

    def keep(self, name: str, weights: Weights, scores: dict[str, float]) -> None:
        """Write a candidate with a card of its own, or forget it."""
        if not weights.parts:
            forget_candidate(self._folder.root, name)
            return
        candidate = Candidate(name, {key: float(value) for key, value in scores.items()})
        card = self._provision.candidate_card(candidate, weights)
        keep_candidate(self._folder.root, card, weights, candidate)

    def _keep_rows_until(self, step: int) -> None:
        rows = [row for row in _read_curves(self._curves) if row[1] <= step]
        write_table(self._curves, COLUMNS, rows)


def read_last_values(folder: Path) -> dict[str, float]:
    """Give the last value of every curve of a training, in the order in which curves began."""
    return {name: value for name, _, value in _read_curves(folder / CURVES)}


def _read_curves(path: Path) -> list[tuple[str, int, float]]:
    if not path.exists():
        return []
    return [(name, int(at), float(value)) for name, at, value in read_table(path)[1]]


def _write_picture(path: Path, image: Array) -> None:
    """Write (Y, X) as an 8-bit PNG between its 0.1st and 99.9th percentile."""
    from PIL import Image

    low, high = np.percentile(image, (0.1, 99.9))
    shown = np.clip((image - low) / max(high - low, 1e-12), 0, 1)
    Image.fromarray(np.rint(shown * 255).astype(np.uint8)).save(path)
