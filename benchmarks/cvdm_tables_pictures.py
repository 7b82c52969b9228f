"""The pictures of `cvdm_tables.py`, and what models make of them: kept in the work folder."""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from superlens.core.jobs import ComputePolicy, DeviceChoice
from superlens.core.method import Array
from superlens.engine.context import JobContext
from superlens.engine.evaluation_pictures import MemoryPlane
from superlens.engine.image_reading import PlaneIndex
from superlens.engine.restoration import restore_plane_samples
from superlens.engine.restorer import Restorer, open_restorer
from superlens.io.model_library import find_model
from superlens.phantom.pairs import benchmark_field
from superlens.prepare.pairs import read_picture
from superlens.quality.baselines import bicubic

SCALE = 2
FIRST_SEED = 201
"""No other benchmark judges on these specimens, and no training can draw them."""
REAL = "real pairs"
BICUBIC = "bicubic"
REAL_PAIRS = Path("paired") / "hagen_lowsnr_highsnr"
_SHORT = "_lowsnr.tif"
_WARM_UP_PX = 48


@dataclass(frozen=True, slots=True)
class Picture:
    """A low-resolution picture and its truth."""

    name: str
    group: str
    """The structure that it shows, or `real pairs`."""
    specimen: str
    """Pictures of one specimen are no independent witnesses."""
    low: Array
    high: Array


@dataclass(frozen=True, slots=True)
class Answer:
    """What one method made of a picture, in the units of the low picture."""

    mean: Array
    spread: Array | None
    seconds: float
    """On the clock."""
    core_seconds: float
    """Of all processor cores: a busy machine changes them little."""


def phantom_pictures(
    structures: Sequence[str], budgets: Sequence[float], options: argparse.Namespace
) -> tuple[Picture, ...]:
    """Give simulated pictures: every specimen at every budget of photons."""
    found: list[Picture] = []
    for structure in structures:
        for seed in range(FIRST_SEED, FIRST_SEED + options.specimens):
            for photons in budgets:
                pair = benchmark_field(structure, photons, seed, options.side)
                specimen = f"{structure}-{seed}"
                name = f"{specimen}-{photons:g}-{options.side}"
                found.append(Picture(name, structure, specimen, pair.low, pair.high))
    return tuple(found)


def real_pictures(options: argparse.Namespace) -> tuple[Picture, ...]:
    """Give the middles of real pairs: the 2 x 2 sum of a short exposure, and the long exposure.

    None where the folder of real images is absent.
    """
    found: list[Picture] = []
    for path in sorted((options.data / REAL_PAIRS).glob(f"*{_SHORT}")):
        name = path.name.removesuffix(_SHORT)
        short = _middle(read_picture(path), SCALE * options.real_side)
        truth = _middle(read_picture(path.with_name(f"{name}_highsnr.tif")), short.shape[0])
        height, width = (side // SCALE for side in short.shape)
        low = short.reshape(height, SCALE, width, SCALE).sum(axis=(1, 3))
        field = "_".join(word for word in name.split("_") if word not in ("actin", "mito"))
        found.append(Picture(f"{name}-{height}", REAL, field, low.astype(np.float32), truth))
    return tuple(found)


def _middle(picture: Array, side: int) -> Array:
    height, width = (min(side, size) // SCALE * SCALE for size in picture.shape)
    side = min(height, width)
    top, left = ((size - side) // 2 for size in picture.shape)
    return np.ascontiguousarray(picture[top : top + side, left : left + side], np.float32)


def answers_of(
    model_id: str, pictures: Sequence[Picture], samples: int, options: argparse.Namespace
) -> dict[str, Answer]:
    """Give what a model makes of pictures, by their names; what is known is not made again.

    Args:
        model_id: an installed model, or `bicubic`.
        pictures: to be restored.
        samples: behind mean and spread; 0 takes the single answer.
        options: work folder and device.
    """
    if model_id == BICUBIC:
        return {picture.name: _enlarged(picture) for picture in pictures}
    card = find_model(model_id).card
    folder = options.work / "answers" / f"{card.id}-{card.sha256[:8]}-{options.device}-{samples}"
    missing = [one for one in pictures if not _file(folder, one).exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        compute = ComputePolicy(DeviceChoice(options.device), options.threads)
        context = JobContext(model_id, lambda event: None)
        with open_restorer(card.ref, {}, compute, 0, context) as restorer:
            _warm_up(restorer, samples)
            for picture in missing:
                _keep(_file(folder, picture), _restored(restorer, picture.low, samples))
    return {picture.name: _read(_file(folder, picture)) for picture in pictures}


def _enlarged(picture: Picture) -> Answer:
    began, began_core = time.perf_counter(), time.process_time()
    mean = bicubic(picture.low, SCALE)
    return Answer(mean, None, time.perf_counter() - began, time.process_time() - began_core)


def _warm_up(restorer: Restorer, samples: int) -> None:
    """Let libraries load, outside of what is measured."""
    pattern = np.random.default_rng(0).random((_WARM_UP_PX, _WARM_UP_PX), np.float32)
    _restored(restorer, pattern, min(samples, 2))


def _restored(restorer: Restorer, low: Array, samples: int) -> Answer:
    began, began_core = time.perf_counter(), time.process_time()
    answer = restore_plane_samples(restorer, MemoryPlane(low), PlaneIndex(), samples)
    seconds, core_seconds = time.perf_counter() - began, time.process_time() - began_core
    return Answer(answer.mean, answer.spread, seconds, core_seconds)


def _file(folder: Path, picture: Picture) -> Path:
    return folder / f"{picture.name}.npz"


def _keep(path: Path, answer: Answer) -> None:
    times = np.array([answer.seconds, answer.core_seconds])
    arrays = {"mean": answer.mean, "times": times}
    if answer.spread is not None:
        arrays["spread"] = answer.spread
    part = path.with_name(f"{path.stem}.part.npz")
    np.savez(part, **arrays)  # pyright: ignore[reportArgumentType]
    part.replace(path)


def _read(path: Path) -> Answer:
    with np.load(path) as arrays:
        spread = arrays["spread"] if "spread" in arrays.files else None
        seconds, core_seconds = (float(one) for one in arrays["times"])
        return Answer(arrays["mean"], spread, seconds, core_seconds)
