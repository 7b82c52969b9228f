"""Judges a shipped model on the fixed test and on real pairs: `python benchmarks/restoration.py`.

The fixed test: five simulated structures at three photon budgets, specimens and noise from seeds
that no training can draw. Rivals: bicubic interpolation, and Wiener and Richardson-Lucy before it,
whose parameters are chosen against the truth of each picture, which no user could do.

The real pairs: low is the 2 x 2 pixel sum of a short exposure, high the long exposure of the same
field; whole images. They are not part of the repository, and left out where they are absent.

Every number is a PSNR after the best straight-line fit of the brightness, per whole image.
"""

import argparse
import os
import platform
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from superlens.core.cards import Judgement, ModelCard
from superlens.core.jobs import ComputePolicy, DeviceChoice
from superlens.core.method import Array
from superlens.core.records import ModelRef
from superlens.engine.context import JobContext
from superlens.engine.evaluation_pictures import MemoryPlane
from superlens.engine.image_reading import PlaneIndex
from superlens.engine.restoration import restore_plane_samples
from superlens.engine.restorer import Restorer, open_restorer
from superlens.engine.versions import software_versions
from superlens.io.codec import write_json
from superlens.io.model_library import find_model
from superlens.io.weights import CARD_FILE
from superlens.phantom.pairs import BENCHMARK_PHOTONS, TRAINING_STRUCTURES, benchmark_field
from superlens.prepare.pairs import read_picture
from superlens.quality.baselines import best_richardson_lucy, best_wiener, bicubic
from superlens.quality.fidelity import psnr_affine, ssim_affine

MODEL = "resrgan-phantom-x2"
SEEDS = (11, 12, 13)
CLEAN_PHOTONS = 20_000
"""Outside the test: does the model leave a nearly noise-free picture in peace?"""
REAL_PAIRS = Path("paired") / "hagen_lowsnr_highsnr"
RESULTS = Path(__file__).resolve().parent / "results" / "restoration.json"
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
REQUIRED_GAIN_DB = 2.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One structure at one photon budget: means over the seeds, in decibels."""

    structure: str
    photons: int
    bicubic: float
    wiener: float
    richardson_lucy: float
    model: float
    ssim_bicubic: float
    ssim_model: float

    @property
    def over_bicubic(self) -> float:
        """Decibels ahead of bicubic."""
        return self.model - self.bicubic

    @property
    def over_best(self) -> float:
        """Decibels ahead of the better of the two deconvolutions."""
        return self.model - max(self.wiener, self.richardson_lucy)


@dataclass(frozen=True, slots=True)
class RealField:
    """One real field."""

    name: str
    bicubic: float
    model: float
    ssim_bicubic: float
    ssim_model: float


def main() -> int:
    """Run the benchmark; the exit status is 1 where the model misses what it must reach."""
    options = _options()
    card = find_model(options.model).card
    context = JobContext("benchmark", lambda event: None)
    compute = ComputePolicy(DeviceChoice(options.device), threads=options.threads)
    with open_restorer(ModelRef(card.id, card.sha256), {}, compute, 0, context) as restorer:
        cells = _judged_cells(restorer, BENCHMARK_PHOTONS)
        _print_cells(cells)
        clean = _judged_cells(restorer, (CLEAN_PHOTONS,))
        print(f"\nNearly noise-free, outside the test ({CLEAN_PHOTONS} photons)")
        _print_rows(clean)
        fields = tuple(_judged_fields(restorer, options.data))
        _print_fields(fields, options.data)
        device = restorer.device.text
    passed = _passed(cells, fields)
    write_json(options.out, _document(card, (cells, clean, fields), device, passed))
    if options.write_card:
        _write_card(Path(find_model(card.id).folder), card, cells, fields)
    print(f"\n{'reached' if passed else 'MISSED'}: written to {options.out.name}")
    return 0 if passed else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default=MODEL, help="id of an installed model")
    given = os.environ.get("SUPERLENS_SHARED_DATA", str(DATA))
    parser.add_argument("--data", type=Path, default=Path(given), help="folder of real images")
    parser.add_argument("--device", default="cpu", choices=[str(one) for one in DeviceChoice])
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the numbers go")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument(
        "--write-card", action="store_true", help="write the means into the model's card"
    )
    return parser.parse_args()


def _judged_cells(restorer: Restorer, budgets: tuple[int, ...]) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for structure in TRAINING_STRUCTURES:
        for photons in budgets:
            values = [_judged(restorer, structure, photons, seed) for seed in SEEDS]
            cells.append(Cell(structure, photons, *(float(v) for v in np.mean(values, axis=0))))
    return tuple(cells)


def _judged(restorer: Restorer, structure: str, photons: int, seed: int) -> tuple[float, ...]:
    pair = benchmark_field(structure, photons, seed)
    enlarged, restored = bicubic(pair.low, 2), _restored(restorer, pair.low)
    return (
        psnr_affine(enlarged, pair.high),
        best_wiener(pair.low, pair.high, 2).psnr_affine,
        best_richardson_lucy(pair.low, pair.high, 2).psnr_affine,
        psnr_affine(restored, pair.high),
        ssim_affine(enlarged, pair.high),
        ssim_affine(restored, pair.high),
    )


def _judged_fields(restorer: Restorer, data: Path) -> Iterator[RealField]:
    for path in sorted((data / REAL_PAIRS).glob("*_lowsnr.tif")):
        name = path.name.removesuffix("_lowsnr.tif")
        short = read_picture(path)
        truth = read_picture(path.with_name(f"{name}_highsnr.tif"))
        height, width = short.shape[0] // 2, short.shape[1] // 2
        low = short.reshape(height, 2, width, 2).sum(axis=(1, 3))
        enlarged, restored = bicubic(low, 2), _restored(restorer, low)
        yield RealField(
            name,
            psnr_affine(enlarged, truth),
            psnr_affine(restored, truth),
            ssim_affine(enlarged, truth),
            ssim_affine(restored, truth),
        )


def _restored(restorer: Restorer, low: Array) -> Array:
    return restore_plane_samples(restorer, MemoryPlane(low), PlaneIndex()).mean


def _passed(cells: tuple[Cell, ...], fields: tuple[RealField, ...]) -> bool:
    gain = np.mean([cell.over_bicubic for cell in cells])
    ahead = np.mean([cell.over_best for cell in cells])
    on_real = all(field.model > field.bicubic for field in fields)
    return bool(gain >= REQUIRED_GAIN_DB and ahead > 0 and on_real)


def _print_cells(cells: tuple[Cell, ...]) -> None:
    print(f"Fixed test, mean over seeds {', '.join(map(str, SEEDS))}; PSNR in dB")
    _print_rows(cells)
    worst = min(cells, key=lambda cell: cell.over_best)
    print(
        f"mean: {np.mean([cell.over_bicubic for cell in cells]):+.2f} dB over bicubic, "
        f"{np.mean([cell.over_best for cell in cells]):+.2f} dB over the better deconvolution"
    )
    print(
        f"worst row: {worst.structure} at {worst.photons} photons, "
        f"{worst.over_bicubic:+.2f} dB over bicubic, {worst.over_best:+.2f} dB over the better"
    )


def _print_rows(cells: tuple[Cell, ...]) -> None:
    print(
        f"{'structure':<14}{'photons':>8}{'bicubic':>9}{'Wiener':>8}{'R-L':>8}{'model':>8}"
        f"{'-bicubic':>10}{'-better':>9}{'SSIM':>7}{'model':>7}"
    )
    for cell in cells:
        print(
            f"{cell.structure:<14}{cell.photons:>8}{cell.bicubic:>9.2f}{cell.wiener:>8.2f}"
            f"{cell.richardson_lucy:>8.2f}{cell.model:>8.2f}{cell.over_bicubic:>+10.2f}"
            f"{cell.over_best:>+9.2f}{cell.ssim_bicubic:>7.3f}{cell.ssim_model:>7.3f}"
        )


def _print_fields(fields: tuple[RealField, ...], data: Path) -> None:
    if not fields:
        print(f"\nReal pairs: left out, {REAL_PAIRS} is not in {data.name}")
        return
    print("\nReal pairs, whole fields; PSNR in dB")
    print(f"{'field':<22}{'bicubic':>9}{'model':>8}{'gain':>8}{'SSIM':>7}{'model':>7}")
    for field in fields:
        print(
            f"{field.name:<22}{field.bicubic:>9.2f}{field.model:>8.2f}"
            f"{field.model - field.bicubic:>+8.2f}"
            f"{field.ssim_bicubic:>7.3f}{field.ssim_model:>7.3f}"
        )


def _document(
    card: ModelCard,
    judged: tuple[tuple[Cell, ...], tuple[Cell, ...], tuple[RealField, ...]],
    device: str,
    passed: bool,
) -> dict[str, object]:
    cells, clean, fields = judged
    worst = min(cells, key=lambda cell: cell.over_best)
    return {
        "command": shlex.join(["python", "benchmarks/restoration.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "device": device,
        "versions": asdict(software_versions()),
        "model": {"id": card.id, "sha256": card.sha256},
        "measure": "PSNR in dB after a straight-line fit per image; whole images",
        "seeds": SEEDS,
        "reached": passed,
        "mean_over_bicubic_db": float(np.mean([cell.over_bicubic for cell in cells])),
        "mean_over_better_deconvolution_db": float(np.mean([cell.over_best for cell in cells])),
        "worst_row": [worst.structure, worst.photons, worst.over_bicubic, worst.over_best],
        "cells": [asdict(cell) for cell in cells],
        "nearly_noise_free": [asdict(cell) for cell in clean],
        "real_pairs": [asdict(field) for field in fields],
    }


def _write_card(
    folder: Path, card: ModelCard, cells: tuple[Cell, ...], fields: tuple[RealField, ...]
) -> None:
    judgements = [
        Judgement(
            f"Fixed test, {cell.structure} at {cell.photons} photons, {len(SEEDS)} fields",
            "psnr_affine",
            round(cell.model, 2),
            {
                "bicubic": round(cell.bicubic, 2),
                "wiener": round(cell.wiener, 2),
                "richardson_lucy": round(cell.richardson_lucy, 2),
            },
        )
        for cell in cells
    ]
    judgements += [
        Judgement(
            f"Real pair {field.name}, 2 x 2 sum of the short against the long exposure",
            "psnr_affine",
            round(field.model, 2),
            {"bicubic": round(field.bicubic, 2)},
        )
        for field in fields
    ]
    write_json(folder / CARD_FILE, replace(card, judgements=tuple(judgements)))


if __name__ == "__main__":
    sys.exit(main())
