"""The table of RESRGAN on real pairs: `python benchmarks/resrgan_pairs.py --work DIR`.

Pairs: low is the 2 x 2 pixel sum of a real short exposure (so its blur is pixel binning, its noise
real), high the long exposure of the same field. Five pictures of three fields of view. Each field
is held out once: everything is trained on the other two and judged on it, whole pictures.

Three fields cannot give training, validation and test, so nothing is validated: every training has
a fixed length, stated in the result, and its last averaged weights count. All RESRGAN rows start
from the same shipped model, which was trained on phantoms and is itself the zero-shot row; Pix2Pix
starts fresh. No augmentation, as published. Phase A and phase B are the two ends of one training;
the few-shot rows have phase A alone.

Trainings are ordinary runs of `superlens train` in the work folder; a second call takes up where
the first ended. `--jobs 2` trains two at a time, one thread each.
"""

import argparse
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from resrgan_pairs_sets import SetFloor, SetRow, floors, set_document, set_rows

from superlens.core.evaluation import BICUBIC_ROW, INPUT_ROW, Evaluation
from superlens.core.jobs import (
    ComputePolicy,
    Degradation,
    DeviceChoice,
    EvaluateRequest,
    HighFile,
    PairFile,
    Recipe,
)
from superlens.core.parameters import ParameterValue
from superlens.engine.context import JobContext
from superlens.engine.execute import execute
from superlens.engine.versions import software_versions
from superlens.io.codec import read_json, write_json
from superlens.io.hashing import sha256_of
from superlens.io.model_library import find_model, installed_models
from superlens.io.runs import read_run
from superlens.prepare.pairs import read_picture
from superlens.quality.bootstrap import Interval, cluster_bootstrap, paired_difference

BASE = "resrgan-phantom-x2"
SCALE = 2
SEED = 7
REAL_PAIRS = Path("paired") / "hagen_lowsnr_highsnr"
RESULTS = Path(__file__).resolve().parent / "results" / "resrgan_pairs.json"
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FEW_SHOT = (200, 400, 800)
MEASURES = ("psnr_affine", "ssim_affine", "ms_ssim_affine", "frc_cutoff", "nrmse", "rsp", "niqe")
_SIZE = ("blocks", "features", "growth")
_KNOWN_ROWS = {
    INPUT_ROW: "input",
    BICUBIC_ROW: "bicubic",
    BASE: "RESRGAN-B, zero-shot (phantoms alone)",
}


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to train."""

    name: str
    title: str
    method: str = "resrgan"
    subset: int | None = None
    is_synthetic: bool = False
    """Trained on high-resolution pictures alone, degraded as Real-ESRGAN does."""
    has_phase_b: bool = False
    """Whether an adversarial phase follows; few-shot models do without, for want of time."""


ARMS = (
    *(Arm(f"b{count}", f"RESRGAN-B, {count} patches", subset=count) for count in FEW_SHOT),
    Arm("pix2pix", "Pix2Pix, all patches", "pix2pix"),
    Arm("ball", "RESRGAN-B, all patches", has_phase_b=True),
    Arm("s", "RESRGAN-S", is_synthetic=True, has_phase_b=True),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """One pair, relative to the folder of the made pairs."""

    name: str
    field: str
    pair: PairFile


@dataclass(frozen=True, slots=True)
class Row:
    """What one way to restore reached on one picture that it never saw."""

    name: str
    field: str
    picture: str
    measures: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Judged:
    """One evaluation on the pictures of one field."""

    fold: str
    phase: str
    """`A` or `B` of the models that have both; empty for the others."""
    evaluation: Evaluation
    name_of: Callable[[str], str | None]
    """The name of a method in the table; None where it stands there already."""


def main() -> None:
    """Make the pairs, train what is not trained yet, judge, print and write the table."""
    options = _options()
    os.environ["SUPERLENS_HOME"] = str(options.work / "home")
    pictures = _made_pairs(options)
    if options.pairs_only:
        return
    folds = sorted({picture.field for picture in pictures})
    jobs = [(arm, fold) for arm in ARMS for fold in folds]
    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(lambda job: _train(*job, pictures, options), jobs))
    for arm, fold in jobs:
        _add_to_library(arm, fold, options)
    rows: list[Row] = []
    sets: list[SetRow] = []
    behind: list[SetFloor] = []
    for fold in folds:
        for judged in _judged(fold, options):
            rows += _rows(judged)
            sets += set_rows(judged.evaluation, fold, judged.name_of)
            behind += [] if judged.phase else floors(judged.evaluation, fold)
    document = _document(rows, options) | {"sets": set_document(sets, behind)}
    _print(document)
    _print_sets(document["sets"])
    write_json(options.out, document)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    given = os.environ.get("SUPERLENS_SHARED_DATA", str(DATA))
    parser.add_argument("--data", type=Path, default=Path(given), help="folder of real images")
    parser.add_argument("--work", type=Path, required=True, help="pairs and trainings; kept")
    parser.add_argument("--pairs-only", action="store_true", help="make the pairs and stop")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the numbers go")
    parser.add_argument("--device", default="cpu", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    parser.add_argument("--threads", type=int, default=1, help="of each training")
    parser.add_argument("--fidelity-steps", type=int, default=300, help="length of phase A")
    parser.add_argument("--gan-steps", type=int, default=400, help="length of phase B")
    parser.add_argument("--pix2pix-steps", type=int, default=600)
    options = parser.parse_args()
    options.work = options.work.absolute()
    return options


def _made_pairs(options: argparse.Namespace) -> tuple[Picture, ...]:
    """Write the low pictures once, and name the pairs."""
    import tifffile

    folder = options.work / "pairs"
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Picture] = []
    for path in sorted((options.data / REAL_PAIRS).glob("*_lowsnr.tif")):
        name = path.name.removesuffix("_lowsnr.tif")
        low, high = folder / f"{name}_low.tif", folder / f"{name}_high.tif"
        if not low.exists():
            short = read_picture(path)
            height, width = short.shape[0] // SCALE, short.shape[1] // SCALE
            binned = short.reshape(height, SCALE, width, SCALE).sum(axis=(1, 3))
            tifffile.imwrite(low, binned.astype(np.uint16))
            truth = read_picture(path.with_name(f"{name}_highsnr.tif"))
            tifffile.imwrite(high, truth.astype(np.uint8))
        field = "_".join(word for word in name.split("_") if word not in ("actin", "mito"))
        pair = PairFile(low.name, high.name, sha256_of(low), sha256_of(high), field)
        made.append(Picture(name, field, pair))
    if not made:
        sys.exit(f"{REAL_PAIRS} is not in {options.data.name}")
    return tuple(made)


def _train(arm: Arm, fold: str, pictures: tuple[Picture, ...], options: argparse.Namespace) -> None:
    folder = _run_folder(arm, fold, options)
    if (folder / "job.json").exists():
        return
    recipe = _recipe(arm, fold, pictures, options)
    path = options.work / "recipes" / f"{recipe.model_id}.json"
    path.parent.mkdir(exist_ok=True)
    write_json(path, recipe)
    command = ["train", str(path), "--data", str(options.work / "pairs"), "--out", str(folder)]
    command += ["--resume", "--device", options.device, "--threads", str(options.threads)]
    _superlens(*command)


def _recipe(
    arm: Arm, fold: str, pictures: tuple[Picture, ...], options: argparse.Namespace
) -> Recipe:
    seen = [picture for picture in pictures if picture.field != fold]
    pairs = tuple(picture.pair for picture in seen)
    highs = tuple(
        HighFile(pair.high, pair.high_sha256, pair.field_id) for pair in pairs if arm.is_synthetic
    )
    is_resrgan = arm.method == "resrgan"
    return Recipe(
        _model_id(arm, fold),
        f"{arm.title}, {fold} held out",
        arm.method,
        SCALE,
        _resrgan_params(arm, options) if is_resrgan else _pix2pix_params(options),
        SEED,
        pairs=() if arm.is_synthetic else pairs,
        highs=highs,
        degradation=Degradation("real_esrgan") if arm.is_synthetic else None,
        subset=arm.subset,
        base=find_model(BASE).card.ref if is_resrgan else None,
        validation_share=0.0,
    )


def _resrgan_params(arm: Arm, options: argparse.Namespace) -> dict[str, ParameterValue]:
    size = {name: find_model(BASE).card.architecture[name] for name in _SIZE}
    return {
        **size,
        "patch": 48,
        "batch": 8,
        "iterations": options.fidelity_steps,
        "learning_rate": 2e-4,
        "gan_iterations": options.gan_steps if arm.has_phase_b else 0,
        "gan_learning_rate": 1e-4,
        "discriminator_learning_rate": 1e-3,
        "discriminator_features": 16,
        "warmup": 20,
        "ema_decay": 0.99,
        "augment": False,
        "mixed_precision": True,
        "validate_every": 10_000,
        "checkpoint_every": 100,
    }


def _pix2pix_params(options: argparse.Namespace) -> dict[str, ParameterValue]:
    return {
        "features": 24,
        "discriminator_features": 24,
        "patch": 48,
        "batch": 8,
        "iterations": options.pix2pix_steps,
        "augment": False,
        "ema_decay": 0.99,
        "mixed_precision": True,
        "validate_every": 10_000,
        "checkpoint_every": 100,
    }


def _judged(fold: str, options: argparse.Namespace) -> Iterator[Judged]:
    """Judge everything on the pictures of the field that was held out."""
    both = [arm for arm in ARMS if arm.has_phase_b]
    single = [arm for arm in ARMS if not arm.has_phase_b]
    titles = {_model_id(arm, fold): arm.title for arm in ARMS} | _KNOWN_ROWS
    for phase, arms, realism in (("", single, None), ("A", both, 0.0), ("B", both, 1.0)):
        models = [_model_id(arm, fold) for arm in arms] + ([] if phase else [BASE])
        evaluation = _evaluation(f"{fold}-{phase or 'single'}", models, realism, options)
        # Input and bicubic stand in each of the three.
        shown = models if phase else [row.method for row in evaluation.rows]
        suffix = f", phase {phase}" if phase else ""
        names = {method: f"{titles[method]}{suffix}" for method in shown}
        yield Judged(fold, phase, evaluation, names.get)


def _rows(judged: Judged) -> Iterator[Row]:
    for one in judged.evaluation.pictures:
        name = judged.name_of(one.method)
        if name is not None:
            yield Row(name, judged.fold, one.picture, one.measures)


def _evaluation(
    name: str, models: list[str], realism: float | None, options: argparse.Namespace
) -> Evaluation:
    folder = options.work / "evaluations" / name
    if not (folder / "job.json").exists():
        field = name.rpartition("-")[0]
        pairs = tuple(
            replace(
                picture.pair,
                low=str(options.work / "pairs" / picture.pair.low),
                high=str(options.work / "pairs" / picture.pair.high),
            )
            for picture in _made_pairs(options)
            if picture.field == field
        )
        refs = [find_model(model).card.ref for model in models]
        params: dict[str, ParameterValue] = {} if realism is None else {"realism": realism}
        compute = ComputePolicy(DeviceChoice(options.device), threads=options.threads)
        request = EvaluateRequest(
            refs[0], pairs, str(folder), params, further=tuple(refs[1:]), compute=compute
        )
        execute(name, request, JobContext(name, lambda event: None))
    return read_json(Evaluation, folder / "rows.json")


def _document(rows: list[Row], options: argparse.Namespace) -> dict[str, Any]:
    names = list(dict.fromkeys(row.name for row in rows))
    table = {
        name: {measure: asdict(_mean(rows, name, measure)) for measure in MEASURES}
        for name in names
    }
    differences = [
        {
            "method": name,
            "against": rival,
            "measure": measure,
            **asdict(_difference(rows, name, rival, measure)),
        }
        for name, rival in _comparisons(names)
        for measure in MEASURES
    ]
    return {
        "command": shlex.join(["python", "benchmarks/resrgan_pairs.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "versions": asdict(software_versions()),
        "pairs": "low: 2 x 2 sum of a real short exposure; high: the long exposure; x2",
        "split": "each of three fields held out once; nothing validated, fixed length",
        "base": BASE,
        "budget": {
            "resrgan": {
                arm.title: _resrgan_params(arm, options) for arm in ARMS if arm.has_phase_b
            },
            "pix2pix": _pix2pix_params(options),
            "seconds": _seconds(options),
        },
        "intervals": "90 % cluster bootstrap over three fields: three are few, so they are wide "
        "at best and too narrow at worst",
        "table": table,
        "differences": differences,
        "rows": [asdict(row) for row in rows],
    }


def _mean(rows: list[Row], name: str, measure: str) -> Interval:
    ours = [row for row in rows if row.name == name]
    values = [_value(row, measure) for row in ours]
    return cluster_bootstrap(values, [row.field for row in ours])


def _difference(rows: list[Row], name: str, rival: str, measure: str) -> Interval:
    first = {row.picture: row for row in rows if row.name == name}
    second = {row.picture: row for row in rows if row.name == rival}
    shared = [picture for picture in first if picture in second]
    return paired_difference(
        [_value(first[picture], measure) for picture in shared],
        [_value(second[picture], measure) for picture in shared],
        [first[picture].field for picture in shared],
    )


def _value(row: Row, measure: str) -> float:
    value = row.measures.get(measure)
    return float("nan") if value is None else value


def _comparisons(names: list[str]) -> Iterator[tuple[str, str]]:
    """Name what the paper compares: with bicubic, with zero-shot, S with B, phase A with B."""
    zero_shot, full = _KNOWN_ROWS[BASE], "RESRGAN-B, all patches"
    yield from ((name, "bicubic") for name in names if name != "bicubic")
    tuned = [name for name in names if name.startswith("RESRGAN-B") and name != zero_shot]
    yield from ((name, zero_shot) for name in tuned)
    for phase in ("A", "B"):
        yield f"{full}, phase {phase}", f"RESRGAN-S, phase {phase}"
        yield f"{full}, phase {phase}", "Pix2Pix, all patches"
    yield f"{full}, phase B", f"{full}, phase A"


def _seconds(options: argparse.Namespace) -> dict[str, float]:
    """Give how long each training took, by the id of its model."""
    found: dict[str, float] = {}
    for path in sorted((options.work / "runs").glob("*/job.json")):
        run = read_run(path.parent)
        began, ended = (datetime.fromisoformat(text) for text in (run.started, run.ended))
        found[path.parent.name] = round((ended - began).total_seconds(), 1)
    return found


def _print(document: dict[str, Any]) -> None:
    print(f"{'':<32}" + "".join(f"{measure:>16}" for measure in MEASURES))
    for name, cells in document["table"].items():
        print(f"{name:<32}" + "".join(_said(cells[measure]) for measure in MEASURES))
    print("\nDifferences, with 90 % intervals over fields")
    for one in document["differences"]:
        if one["measure"] in ("psnr_affine", "ssim_affine"):
            ends = f"[{_number(one['lo'])}, {_number(one['hi'])}]"
            label = f"{one['method']} - {one['against']}"
            print(f"{label:<64}{one['measure']:>12} {_number(one['value'])} {ends}")


def _print_sets(sets: dict[str, Any]) -> None:
    if not sets:
        print("\nNo feature network is installed: no distances between sets")
        return
    print(f"\n{'':<40}" + "".join(f"{title:>16}" for title in sets["measures"].values()))
    for name, cells in sets["table"].items():
        print(f"{name:<40}" + "".join(_said(cells[measure]) for measure in sets["measures"]))
    agreement = ", ".join(_number(value) for value in sets["agreement"].values())
    print(f"Agreement of the folds on the order (Kendall's tau): {agreement}")


def _said(cell: dict[str, Any]) -> str:
    return f"{_number(cell['value']):>16}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3f}"


def _model_id(arm: Arm, fold: str) -> str:
    return f"pairs-{arm.name}-without-{fold.replace('_', '-')}"


def _run_folder(arm: Arm, fold: str, options: argparse.Namespace) -> Path:
    return options.work / "runs" / _model_id(arm, fold)


def _add_to_library(arm: Arm, fold: str, options: argparse.Namespace) -> None:
    if _model_id(arm, fold) not in {model.card.id for model in installed_models()}:
        _superlens("models", "--add", str(_run_folder(arm, fold, options)))


def _superlens(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "superlens", *words], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"superlens {shlex.join(words)} failed:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
