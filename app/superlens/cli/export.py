"""The command `export`: pictures of runs, or images, as files for other programs."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from superlens.cli.console import print_error, print_json
from superlens.cli.work import absolute, do_request
from superlens.core.errors import JobCancelled, SuperlensError, describe_error
from superlens.core.jobs import ExportRequest, FigureChoice, WhenTaken
from superlens.core.records import ResultRecord

_ANSWERS = {
    "s": WhenTaken.SKIP,
    "r": WhenTaken.REPLACE,
    "n": WhenTaken.RENAME,
}


def export(arguments: argparse.Namespace) -> int:
    """Export runs and images one after the other; a failing one does not stop the others."""
    results: list[ResultRecord] = []
    for source in arguments.sources:
        try:
            request = _asked(export_request(arguments, source))
            results.append(do_request(request, source.name))
        except JobCancelled:
            raise
        except SuperlensError as error:
            print_error(describe_error(error))
    paths = [str(Path(result.folder) / file.path) for result in results for file in result.files]
    if arguments.json:
        warnings = [warning for result in results for warning in result.warnings]
        print_json({"files": paths, "warnings": warnings})
    else:
        for path in paths:
            print(path)
    return 0 if len(results) == len(arguments.sources) else 1


def export_request(arguments: argparse.Namespace, source: Path) -> ExportRequest:
    """Give the request that the words of an export make for one source."""
    return ExportRequest(
        source=absolute(source),
        out=absolute(arguments.out),
        file_format=arguments.file_format,
        roles=tuple(arguments.roles),
        scene=arguments.scene,
        when_taken=arguments.when_taken,
        mirrored=None if arguments.mirror is None else absolute(arguments.mirror),
        is_16_bit=arguments.is_16_bit,
        is_sharded=arguments.is_sharded,
        labels=None if arguments.labels is None else absolute(arguments.labels),
        pixel_size_um=arguments.pixel_size_um,
        axes=arguments.axes,
        figure=FigureChoice(
            arguments.z,
            arguments.t,
            tuple(arguments.channels),
            tuple(arguments.luts),
            tuple(arguments.limits),
        ),
    )


def _asked(request: ExportRequest) -> ExportRequest:
    """Ask on a terminal what to do with files that stand already; elsewhere the job says so."""
    from superlens.engine.export_plan import taken_names

    if request.when_taken is not WhenTaken.ASK or not sys.stdin.isatty():
        return request
    names = taken_names(request)
    if not names:
        return request
    print(f"{', '.join(names)} stand already in {request.out}.", file=sys.stderr)
    while True:
        print("[s]kip, [r]eplace, re[n]ame, or [q]uit? ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline().strip().lower()[:1]
        if answer in _ANSWERS:
            return replace(request, when_taken=_ANSWERS[answer])
        if answer in ("q", ""):
            raise JobCancelled
