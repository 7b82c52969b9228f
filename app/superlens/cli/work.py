"""Commands that make run folders: `restore`, `measure`, `run`, `report`."""

import argparse
import dataclasses
import json
import uuid
from pathlib import Path
from typing import Any

from superlens.cli.console import ProgressLine, print_error, print_json
from superlens.core.errors import InvalidParameter, JobCancelled, SuperlensError, describe_error
from superlens.core.jobs import (
    ComputePolicy,
    InputImage,
    JobRequest,
    RestoreRequest,
)
from superlens.core.records import ResultRecord


def restore(arguments: argparse.Namespace) -> int:
    """Super-resolve files one after the other; a failing one does not stop the others."""
    from superlens.io.model_library import find_model
    from superlens.workbench.requests import RestoreOptions, restore_request, restore_stem

    card = find_model(arguments.model).card
    options = RestoreOptions(
        params=dict(arguments.settings),
        samples=arguments.samples,
        keep_samples=arguments.keep_samples,
        roi=arguments.roi,
        seed=arguments.seed,
        compute=compute_policy(arguments),
    )
    requests: list[RestoreRequest] = []
    for path in arguments.files:
        image = InputImage(
            absolute(path),
            arguments.scene,
            arguments.channel,
            pixel_size_um=arguments.pixel_size_um,
            axes=arguments.axes,
        )
        out = _free_folder(arguments.out.absolute() / restore_stem(path, card), requests)
        requests.append(restore_request(image, card, out, options))
    results = [_attempt(request, request.input.path) for request in requests]
    done = [
        (request, result)
        for request, result in zip(requests, results, strict=True)
        if result is not None
    ]
    if arguments.json:
        print_json({"results": [_restored(request, result) for request, result in done]})
    else:
        for _, result in done:
            print(result.folder)
    return 0 if len(done) == len(requests) else 1


def measure(arguments: argparse.Namespace) -> int:
    """Measure an assay and print the wells."""
    from superlens.assay.catalogue import assay_spec
    from superlens.io.model_library import find_model
    from superlens.io.plate_map import fields_from_folder, read_plate_map
    from superlens.workbench.requests import MeasureOptions, measure_request

    if arguments.samples and arguments.model is None:
        raise InvalidParameter("--samples needs --model", "Raw images have no samples")
    spec = assay_spec(arguments.assay)
    names = dict(arguments.channel)
    if arguments.plate is None:
        plate = fields_from_folder(arguments.images, spec.channels_required, names)
    else:
        plate = read_plate_map(arguments.plate, arguments.images, spec.channels_required, names)
    for warning in plate.warnings:
        print_error(describe_error(SuperlensError(warning)))
    options = MeasureOptions(
        params=dict(arguments.settings),
        plate=plate.wells,
        model=None if arguments.model is None else find_model(arguments.model).card,
        samples=arguments.samples,
        seed=arguments.seed,
        compute=compute_policy(arguments),
    )
    fields = plate.with_pixel_size(arguments.pixel_size_um).with_axes(arguments.axes).fields
    request = measure_request(spec, fields, arguments.out.absolute(), options)
    result = do_request(request, f"measure {spec.id}")
    _print_measurement(Path(result.folder), arguments.json)
    return 0


def run(arguments: argparse.Namespace) -> int:
    """Do a complete job request as the window saved it."""
    from superlens.io.codec import read_request

    request = read_request(arguments.job)
    if arguments.out is not None:
        request = dataclasses.replace(request, out=absolute(arguments.out))
    result = do_request(request, request.kind.value)
    print_result(result, arguments.json)
    return 0


def report(arguments: argparse.Namespace) -> int:
    """Write one report of finished runs."""
    from superlens.workbench.requests import report_request

    runs = [folder.absolute() for folder in arguments.runs]
    request = report_request(runs, arguments.out.absolute(), arguments.title)
    result = do_request(request, "report")
    print_result(result, arguments.json)
    return 0


def do_request(request: JobRequest, title: str) -> ResultRecord:
    """Do a job here and now, with a progress line; its failure is raised."""
    from superlens.engine.context import JobContext
    from superlens.engine.execute import execute

    job_id = uuid.uuid4().hex[:12]
    with ProgressLine(title) as line:
        return execute(job_id, request, JobContext(job_id, line.show))


def _attempt(request: JobRequest, title: str) -> ResultRecord | None:
    try:
        return do_request(request, title)
    except JobCancelled:
        raise
    except SuperlensError as error:
        print_error(describe_error(error))
        return None


def compute_policy(arguments: argparse.Namespace) -> ComputePolicy:
    """Give where and how to compute, from the words of a command."""
    return ComputePolicy(arguments.device, arguments.threads, precision=arguments.precision)


def absolute(path: Path) -> str:
    """Give a path that a saved request can be done with from any folder."""
    return str(path.absolute())


def _free_folder(folder: Path, requests: list[RestoreRequest]) -> Path:
    """Give the folder, or a numbered sibling when it is taken: results are never replaced."""
    taken = {request.out for request in requests}
    candidate, number = folder, 1
    while candidate.exists() or str(candidate) in taken:
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def _restored(request: RestoreRequest, result: ResultRecord) -> dict[str, Any]:
    folder = Path(result.folder)

    def path_of(role: str) -> str | None:
        relative = result.path_of(role)
        return None if relative is None else str(folder / relative)

    return {
        "input": request.input.path,
        "folder": result.folder,
        "mean": path_of("mean"),
        "spread": path_of("spread"),
        "residual": path_of("residual"),
        "samples": [str(folder / file.path) for file in result.files if file.role == "sample"],
        "warnings": list(result.warnings),
    }


def print_result(result: ResultRecord, as_json: bool) -> None:
    """Print the folder of a result, or as JSON also its files and warnings."""
    files = [{"role": file.role, "path": file.path} for file in result.files]
    if as_json:
        print_json({"folder": result.folder, "files": files, "warnings": list(result.warnings)})
    else:
        print(result.folder)


def _print_measurement(folder: Path, as_json: bool) -> None:
    document = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    if as_json:
        keys = ("wells", "interval", "statistics")
        print_json({"folder": str(folder), **{key: document[key] for key in keys}})
        return
    for well in document["wells"]:
        if well["value"] is None:
            print(f"{well['well']}  -  {well.get('note', '')}")
        else:
            interval = f"[{well['lo']:.3g} - {well['hi']:.3g}]"
            print(f"{well['well']}  {well['value']:.3g} {interval}  n = {well['n_objects']}")
    print(folder)
