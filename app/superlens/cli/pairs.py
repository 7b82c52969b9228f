"""The command `pairs`: which pictures belong together, which are sound, and a recipe of them."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from superlens.cli.console import print_error, print_json
from superlens.cli.work import do_request
from superlens.core.errors import InvalidInput, SuperlensError, describe_error
from superlens.core.jobs import PairCheckRequest, TargetForm, TargetStatistics
from superlens.prepare.pair_doctor.records import PairFinding, PairReport
from superlens.prepare.pair_matching import (
    PairProposal,
    propose_by_name,
    propose_by_regex,
    propose_by_table,
)
from superlens.prepare.pair_recipe import RecipeIdentity, common_folder, recipe_of


def pairs(arguments: argparse.Namespace) -> int:
    """Match pairs, examine them, and write a recipe of the good ones if wanted."""
    from superlens.io.codec import read_json

    recipe: Path | None = arguments.recipe
    identity = None if recipe is None else _identity(recipe, arguments)
    proposal = _proposal(arguments)
    if not arguments.json:
        _print_proposal(proposal)
    if not proposal.pairs:
        raise InvalidInput(
            f"No pictures of {str(arguments.low)!r} and {str(arguments.high)!r} belong together",
            proposal.reasons[0] if proposal.reasons else "Choose folders with images",
        )
    request = PairCheckRequest(proposal.pairs, str(arguments.out.absolute()), arguments.scale)
    result = do_request(request, "pairs")
    report = read_json(PairReport, Path(result.folder) / "report.json")
    data = None
    if recipe is not None and identity is not None:
        data = _write_recipe(report, identity, recipe)
    said = _tried(report, arguments.regularise_targets)
    if arguments.json:
        print_json(_document(result.folder, proposal, report, data) | {"targets": list(said)})
    else:
        _print_report(report)
        for sentence in said:
            print(sentence)
        print(result.folder)
        if data is not None:
            print(f"Train with: superlens train {recipe} --data {data} --out DIR")
    return 0


def _proposal(arguments: argparse.Namespace) -> PairProposal:
    low, high, average = arguments.low, arguments.high, max(1, arguments.average)
    if arguments.table is not None:
        return propose_by_table(arguments.table, low, high, average)
    if arguments.regex is not None:
        return propose_by_regex(arguments.regex, low, high, average)
    return propose_by_name(low, high, average)


def _identity(recipe: Path, arguments: argparse.Namespace) -> RecipeIdentity:
    """Give what the recipe will say besides its pairs; what is wrong with it is told first."""
    from superlens.core.parameters import build, plain_values
    from superlens.methods.catalogue import method_spec

    if recipe.exists():
        raise InvalidInput(f"{str(recipe)!r} is there already", "Choose another name")
    spec = method_spec(arguments.method)
    params = plain_values(build(spec.train_params, dict(arguments.settings)))
    form: TargetForm | None = arguments.regularise_targets
    statistics = None if form is None else TargetStatistics(form)
    return RecipeIdentity(recipe.stem, recipe.stem, spec.id, params, arguments.seed, statistics)


def _write_recipe(report: PairReport, identity: RecipeIdentity, path: Path) -> Path:
    """Write the recipe and give the folder that its names are relative to."""
    from superlens.io.codec import write_json
    from superlens.methods.catalogue import method_spec

    spec = method_spec(identity.method)
    if report.scale not in spec.scales:
        raise InvalidInput(
            f"{spec.title} does not train at x{report.scale}",
            f"It takes {', '.join(f'x{scale}' for scale in spec.scales)}: bin or crop the pairs",
        )
    if not report.good_pairs:
        raise InvalidInput("None of the pairs can be trained on", "See what is wrong with each")
    data = common_folder(report.good_pairs)
    write_json(path, recipe_of(report, data, identity))
    return data


def _tried(report: PairReport, form: TargetForm | None) -> tuple[str, ...]:
    """Say what regularising would do to the targets of the good pairs; nothing if not asked."""
    from superlens.prepare.target_examination import TargetSource, examine_pair_targets
    from superlens.prepare.training_data import TRAINING_NORMALISATION

    if form is None or not report.good_pairs:
        return ()
    source = TargetSource(None, report.scale, TRAINING_NORMALISATION, TargetStatistics(form))
    try:
        examined = examine_pair_targets(report.good_pairs, source, lambda *_: None)
    except InvalidInput as error:
        return (f"{error.title}.",)
    left_out = tuple(f"Will be left out: {sentence}." for sentence in examined.refused)
    return left_out if examined.report is None else (*left_out, f"{examined.report.summary}.")


def _print_proposal(proposal: PairProposal) -> None:
    for reason in proposal.reasons:
        print_error(describe_error(SuperlensError(reason)))
    count = len(proposal.pairs)
    print(f"{count} pair{'' if count == 1 else 's'} of {proposal.fields} field(s)")


def _print_report(report: PairReport) -> None:
    for number, finding in enumerate(report.findings, start=1):
        print(_line(number, finding))
        for complaint in finding.complaints:
            print(f"       {complaint.sentence}.")
    print(report.scale_verdict)
    for sentence in report.advice:
        print(sentence)
    good = len(report.good_pairs)
    print(f"{good} of {len(report.findings)} pairs, of {report.good_fields} field(s), are good.")


def _line(number: int, finding: PairFinding) -> str:
    verdict = "good" if finding.is_good else ", ".join(finding.flags).replace("_", " ")
    shift = finding.shift_px
    moved = "" if shift is None else f"  displaced {shift[0]:+.2f}, {shift[1]:+.2f} px"
    return f"{number:4d}  {finding.pair.field_id}  {Path(finding.pair.low).name}{moved}  {verdict}"


def _document(
    folder: str, proposal: PairProposal, report: PairReport, data: Path | None
) -> dict[str, Any]:
    return {
        "folder": folder,
        "data": None if data is None else str(data),
        "unmatched_low": list(proposal.unmatched_low),
        "unmatched_high": list(proposal.unmatched_high),
        "reasons": list(proposal.reasons),
        "scale": report.scale,
        "scale_verdict": report.scale_verdict,
        "advice": list(report.advice),
        "good_pairs": len(report.good_pairs),
        "good_fields": report.good_fields,
        "findings": [
            dataclasses.asdict(finding) | {"is_good": finding.is_good}
            for finding in report.findings
        ],
    }
