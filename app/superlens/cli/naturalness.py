"""The command `naturalness`: what gradients of pictures are like, and what regularising does."""

import argparse
from pathlib import Path
from typing import Any

from superlens.cli.console import print_error, print_json
from superlens.core.errors import SuperlensError, describe_error
from superlens.core.jobs import TargetForm
from superlens.prepare.gradient_statistics.naturalising import Naturalised, naturalise


def naturalness(arguments: argparse.Namespace) -> int:
    """Say how natural the gradients of pictures are; what cannot be measured makes the status 1."""
    from superlens.prepare.pairs import read_picture

    found: list[tuple[Path, Naturalised]] = []
    for path in arguments.files:
        try:
            found.append((path, naturalise(read_picture(path), arguments.form)))
        except SuperlensError as error:
            print_error(describe_error(error))
    if arguments.json:
        print_json({"pictures": [_document(path, done) for path, done in found]})
    else:
        for path, done in found:
            _print(path, done)
    if arguments.figure is not None and found:
        _write_figure(arguments.figure, found)
    return 0 if len(found) == len(arguments.files) else 1


def _print(path: Path, done: Naturalised) -> None:
    before, after = done.before, done.after
    print(f"{path}: naturalness factor {before.factor:.3f} (1 is natural)")
    print(
        f"  regularised ({done.form.value} form): {after.factor:.3f}; distance from photographs "
        f"{before.prior_distance:.3f} before, {after.prior_distance:.3f} after"
    )
    if done.form is TargetForm.PLUGIN:
        print(f"  {100 * done.clipped_share:.1f} % of it becomes black or white")
    verdict = f"cannot be regularised: {done.objection}" if done.objection else "takes it"
    print(f"  {verdict}")


def _document(path: Path, done: Naturalised) -> dict[str, Any]:
    return {
        "path": str(path),
        "form": done.form.value,
        "factor": done.before.factor,
        "mean": done.stretch.mean,
        "factor_after": done.after.factor,
        "scales": list(done.before.scales),
        "flat_share": done.before.flat_share,
        "distance_before": done.before.prior_distance,
        "distance_after": done.after.prior_distance,
        "clipped_share": done.clipped_share,
        "objection": done.objection,
    }


def _write_figure(path: Path, found: list[tuple[Path, Naturalised]]) -> None:
    """Draw the histograms of all pictures together, and of one alone what was fitted to it."""
    from superlens.io.atomic import replace_file
    from superlens.report.gradient_plot import GradientCounts, gradient_drawing

    before, after = (
        [sum(each) for each in zip(*columns, strict=True)]
        for columns in (
            [done.before.counts for _, done in found],
            [done.after.counts for _, done in found],
        )
    )
    first = found[0][1].before
    fitted = sum(first.scales[:2]) / 2 if len(found) == 1 else None
    title = found[0][0].name if len(found) == 1 else f"Gradients of {len(found)} pictures"
    drawing = gradient_drawing(GradientCounts(before, after, fitted), title)
    with replace_file(path) as part:
        part.write_text(drawing.svg(), encoding="utf-8")
