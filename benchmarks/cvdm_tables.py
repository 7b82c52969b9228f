"""The tables of CVDM: `python benchmarks/cvdm_tables.py --work DIR`.

First table: CVDM with its learnt schedule against the same network with a linear and a cosine
schedule, each trained on simulated filaments, membranes, puncta and mitochondria together; the
shipped RESRGAN, which is a fidelity network that learnt from such phantoms too; and bicubic
interpolation. Judged on specimens that no training can draw, each at several budgets of photons,
and, where they are at hand, on real pairs that none of them learnt from. Whether the learnt
schedule is as good as the best fixed one is asked with margins that `cvdm_tables_summary` states.

Second table: trained on one structure, judged on each: CVDM, CVDM with its outputs naturalised, and
CVDM trained on naturalised targets, against the truth and against the naturalised truth. Structures
whose targets the program refuses to regularise stand there with its reason.

Every arm is trained once with one seed: intervals are those over specimens, and say nothing of how
another training would turn out. Trainings and answers are kept in the work folder; a second call
takes up where the first ended. `--preset standard --device cuda` is for a graphics processor.
"""

import argparse
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cvdm_tables_measures import COSTS, MEANINGS, RAW, Row, Ruler, fidelity_row, variant_rows
from cvdm_tables_pictures import BICUBIC, Picture, answers_of, phantom_pictures, real_pictures
from cvdm_tables_summary import (
    CVDM,
    MARGINS,
    ON_OUTPUT,
    REGULAR,
    MatrixRow,
    correlations,
    cost_document,
    fidelity_document,
    matrix_document,
    regular_verdict,
    schedule_verdict,
)
from cvdm_tables_trainings import STRUCTURES, Trained, recipe_of, trained

from superlens.cli.options import add_set, assignment
from superlens.core.jobs import DeviceChoice, TargetForm, TargetStatistics
from superlens.engine.versions import software_versions
from superlens.io.codec import write_json
from superlens.io.model_library import find_model

RESRGAN = "resrgan-phantom-x2"
RESULTS = Path(__file__).resolve().parent / "results" / "cvdm_tables.json"
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
_SHOWN = ("ms_ssim", "psnr", "mae", "frc_cutoff", "coverage_90", "coverage_error")
_SHOWN_IN_MATRIX = ("ms_ssim", "psnr", "frc_cutoff", "naturalness_factor", "gradient_distance")


@dataclass(frozen=True, slots=True)
class Judged:
    """Everything that was measured."""

    fidelity: list[Row]
    matrix: list[MatrixRow]
    untaken: dict[str, int]
    """By structure: truths that do not take regularising, judged all the same."""


def main() -> None:
    """Train what is not trained yet, judge, print and write the tables."""
    options = _options()
    os.environ["SUPERLENS_HOME"] = str(options.work / "home")
    models = trained(options)
    if options.trainings_only:
        return
    phantoms = phantom_pictures(STRUCTURES, options.photons, options)
    pictures = (*phantoms, *real_pictures(options))
    fidelity = _fidelity(models, pictures, options)
    matrix, untaken = _matrix(models, options)
    document = _document(models, Judged(fidelity, matrix, untaken), options)
    _print(document)
    write_json(options.out, document)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    given = os.environ.get("SUPERLENS_SHARED_DATA", str(DATA))
    parser.add_argument("--data", type=Path, default=Path(given), help="folder of real images")
    parser.add_argument("--work", type=Path, required=True, help="trainings and answers; kept")
    parser.add_argument("--trainings-only", action="store_true", help="train and stop")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the numbers go")
    parser.add_argument("--device", default="cpu", choices=[str(one) for one in DeviceChoice])
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    parser.add_argument("--threads", type=int, default=1, help="of each training")
    parser.add_argument("--iterations", type=int, help="of each training; default: the recipe's")
    parser.add_argument("--preset", help="of CVDM, instead of the recipe's parameters")
    add_set(parser)
    parser.add_argument(
        "--phantom",
        type=assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a phantom setting of the recipe, such as window=400; may be repeated",
    )
    parser.add_argument(
        "--form", default="plugin", choices=[str(one) for one in TargetForm], help="of the targets"
    )
    parser.add_argument("--samples", type=int, default=16, help="behind mean and spread")
    parser.add_argument("--specimens", type=int, default=8, help="of each structure; at least 2")
    parser.add_argument("--side", type=int, default=96, help="of pictures, low-resolution pixels")
    parser.add_argument("--real-side", type=int, default=192, help="the same of real pairs")
    parser.add_argument("--photons", type=float, nargs="+", default=[30.0, 200.0, 1500.0])
    parser.add_argument(
        "--matrix-photons", type=float, nargs="+", default=[200.0], help="of the second table"
    )
    parser.add_argument("--matrix-samples", type=int, default=8)
    options = parser.parse_args()
    if options.specimens < 2 or min(options.samples, options.matrix_samples) < 2:
        parser.error("intervals need 2 specimens, and spreads 2 samples")
    options.work = options.work.absolute()
    return options


def _fidelity(
    models: Sequence[Trained], pictures: Sequence[Picture], options: argparse.Namespace
) -> list[Row]:
    rivals = {one.arm.schedule: one.model_id for one in models if len(one.arm.structures) > 1}
    rivals |= {"RESRGAN": RESRGAN, BICUBIC: BICUBIC}
    rows: list[Row] = []
    for name, model_id in rivals.items():
        samples = options.samples if model_id not in (RESRGAN, BICUBIC) else 0
        print(f"restoring {len(pictures)} pictures by {name}", flush=True)
        found = answers_of(model_id, pictures, samples, options)
        rows += [fidelity_row(name, picture, found[picture.name]) for picture in pictures]
    return rows


def _matrix(
    models: Sequence[Trained], options: argparse.Namespace
) -> tuple[list[MatrixRow], dict[str, int]]:
    pictures = phantom_pictures(STRUCTURES, options.matrix_photons, options)
    rows: list[MatrixRow] = []
    untaken: dict[str, int] = {}
    ruler: Ruler | None = None
    single = [one for one in models if len(one.arm.structures) == 1 and not one.refusal]
    for one in single:
        if ruler is None:
            rule = find_model(one.model_id).card.normalisation
            ruler = Ruler(rule, TargetStatistics(TargetForm(options.form)))
            untaken = _untaken(pictures, ruler)
        print(f"judging {one.model_id} on {len(pictures)} pictures", flush=True)
        found = answers_of(one.model_id, pictures, options.matrix_samples, options)
        for picture in pictures:
            truth = ruler.naturalised(picture.high, picture)
            mean = ruler.seen(picture).apply(found[picture.name].mean)
            variants = {REGULAR if one.arm.is_regular else CVDM: mean}
            if not one.arm.is_regular:
                variants[ON_OUTPUT] = ruler.naturalised(found[picture.name].mean, picture).picture
            for name, values in variants.items():
                both = variant_rows(name, values, picture, truth, ruler)
                rows += [MatrixRow(one.arm.structures[0], row) for row in both]
    return rows, untaken


def _untaken(pictures: Sequence[Picture], ruler: Ruler) -> dict[str, int]:
    counts: dict[str, int] = dict.fromkeys(STRUCTURES, 0)
    for picture in pictures:
        counts[picture.group] += bool(ruler.naturalised(picture.high, picture).objection)
    return counts


def _document(
    models: Sequence[Trained], judged: Judged, options: argparse.Namespace
) -> dict[str, Any]:
    return {
        "command": shlex.join(["python", "benchmarks/cvdm_tables.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "device": options.device,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "versions": asdict(software_versions()),
        "recipes": {one.model_id: asdict(recipe_of(one.arm, options)) for one in models},
        "rival": {"id": RESRGAN, "sha256": find_model(RESRGAN).card.sha256},
        "material": {
            "specimens": options.specimens,
            "side_px": options.side,
            "photons": options.photons,
            "matrix_photons": options.matrix_photons,
            "samples": options.samples,
            "matrix_samples": options.matrix_samples,
            "form": options.form,
        },
        "measures": MEANINGS,
        "intervals": "90 % cluster bootstrap over specimens; one training per arm",
        "margins": MARGINS,
        "schedule": schedule_verdict(judged.fidelity, STRUCTURES),
        "regular_targets": regular_verdict(judged.matrix, STRUCTURES[0]),
        "refused": {one.arm.structures[0]: one.refusal for one in models if one.refusal},
        "truths_that_do_not_take_it": judged.untaken,
        "cost": cost_document(models),
        "fidelity": fidelity_document(judged.fidelity, STRUCTURES),
        "matrix": matrix_document(judged.matrix),
        "correlations": correlations(judged.matrix),
        "rows": [asdict(row) for row in judged.fidelity],
        "matrix_rows": [asdict(row) for row in judged.matrix],
    }


def _print(document: dict[str, Any]) -> None:
    for group, part in document["fidelity"].items():
        _print_table(group, part["table"], (*_SHOWN, *COSTS))
    print("\nThe learnt schedule against the best fixed one")
    for measure, found in document["schedule"].items():
        verdict = "not inferior" if found["is_not_inferior"] else "NOT SHOWN to be as good"
        said = _difference(found["difference"])
        print(
            f"  {measure:<16}{said} to {found['best_fixed']}, margin {found['margin']}: {verdict}"
        )
    for cell in document["matrix"]:
        if cell["reference"] == RAW:
            title = f"trained on {cell['trained_on']}, judged on {cell['judged_on']}"
            _print_table(title, cell["table"], _SHOWN_IN_MATRIX)
    print("\nRegularised targets on filaments, in their own measures")
    for reference, claims in document["regular_targets"].items():
        for claim, found in claims.items():
            verdict = "better" if found["is_better"] else "NOT better"
            print(f"  {reference:<12}{claim:<56}{_difference(found['difference'])}: {verdict}")
    for structure, reason in document["refused"].items():
        print(f"  refused: {structure}: {reason}")


def _print_table(title: str, table: dict[str, Any], measures: Sequence[str]) -> None:
    print(f"\n{title:<42}" + "".join(f"{measure[:20]:>22}" for measure in measures))
    for method, cells in table.items():
        print(f"{method:<42}" + "".join(_cell(cells.get(measure)) for measure in measures))


def _cell(interval: dict[str, Any] | None) -> str:
    return f"{'-':>22}" if interval is None else f"{interval['value']:>22.4f}"


def _difference(interval: dict[str, Any]) -> str:
    if interval["lo"] is None:
        return f"{interval['value']:+.4f}"
    return f"{interval['value']:+.4f} [{interval['lo']:+.4f}, {interval['hi']:+.4f}]"


if __name__ == "__main__":
    main()
