"""The command `evaluate`: judge models on pairs with known truth, and print the table."""

import argparse
from pathlib import Path

from superlens.cli.console import print_json
from superlens.cli.work import absolute, compute_policy, do_request
from superlens.core.cards import Calibration
from superlens.core.evaluation import Estimate, Evaluation, Measure
from superlens.core.jobs import EvaluateRequest

_PRINTED = ("psnr_affine", "ssim_affine", "frc_cutoff", "nrmse", "rsp", "micro_fd", "coverage_90")
_NAME_WIDTH = 28


def evaluate(arguments: argparse.Namespace) -> int:
    """Judge models on pairs of equally named files in two folders."""
    from superlens.io.codec import read_json
    from superlens.io.model_library import find_model
    from superlens.io.weights import write_calibration
    from superlens.prepare.pair_matching import match_by_name

    models = [find_model(model_id).card.ref for model_id in arguments.model]
    request = EvaluateRequest(
        models[0],
        match_by_name(arguments.low, arguments.high),
        absolute(arguments.out),
        dict(arguments.settings),
        arguments.seed,
        compute_policy(arguments),
        tuple(models[1:]),
        arguments.samples,
        arguments.calibrate,
    )
    result = do_request(request, f"evaluate {', '.join(arguments.model)}")
    path = Path(result.folder) / "rows.json"
    evaluation = read_json(Evaluation, path)
    calibrated = result.path_of("calibration")
    if calibrated is not None:
        calibration = read_json(Calibration, Path(result.folder) / calibrated)
        write_calibration(Path(find_model(models[0].id).folder), calibration)
        if not arguments.json:
            _print_calibration(calibration, models[0].id)
    if arguments.json:
        print_json(document(evaluation, result.folder))
    else:
        _print(evaluation, result.folder)
    return 0


def document(evaluation: Evaluation, folder: str) -> dict[str, object]:
    """Give what `--json` prints: `rows.json` without the single pictures, and where it lies."""
    import dataclasses

    whole = dataclasses.asdict(evaluation)
    del whole["pictures"]
    return {"folder": folder, **whole}


def _print(evaluation: Evaluation, folder: str) -> None:
    shown = [one for name in _PRINTED if (one := evaluation.measure(name)) is not None]
    for measure in shown:
        print(f"{measure.title}{f' in {measure.unit}' if measure.unit else ''}")
        for row in evaluation.rows:
            if measure.id in row.measures:
                print(f"  {row.method:{_NAME_WIDTH}s} {_said(row.measures[measure.id], measure)}")
        for one in evaluation.differences:
            if one.measure == measure.id:
                name = f"{one.method} - {one.against}"
                print(f"  {name:{_NAME_WIDTH}s} {_said(one.estimate, measure, '+')}")
    for features in evaluation.features:
        if features.floor is not None:
            print(f"Floor of {features.labels[0]}: {features.floor:.3g}. {features.remark}")
    first = evaluation.rows[0]
    print(f"{first.n} pictures of {first.fields} fields; intervals {evaluation.level:.0%}")
    print(folder)


def _print_calibration(calibration: Calibration, model_id: str) -> None:
    print(f"Calibration of {model_id}, {calibration.samples} samples, {calibration.fields} fields")
    before, after = calibration.coverage_before, calibration.coverage_after
    for level, raw, corrected in zip(calibration.levels, before, after, strict=True):
        print(f"  intervals of {level:.0%}: {raw:.1%} before, {corrected:.1%} after the correction")
    print(
        f"  spread multiplied by {calibration.factor:.3g}; ENCE {calibration.ence:.3f} after, "
        f"AUSE {calibration.ause:.3f}"
    )


def _said(estimate: Estimate, measure: Measure, sign: str = "") -> str:
    if estimate.value is None:
        return "-"
    digits = measure.decimals
    text = f"{estimate.value:{sign}.{digits}f}"
    if estimate.lo is None or estimate.hi is None:
        return text
    return f"{text}  [{estimate.lo:{sign}.{digits}f}, {estimate.hi:{sign}.{digits}f}]"
