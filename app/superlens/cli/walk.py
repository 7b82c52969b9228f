"""Commands that need no data of one's own: `phantom` and `demo`."""

import argparse
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from superlens.cli.console import print_json
from superlens.cli.work import do_request
from superlens.core.errors import SuperlensError
from superlens.core.jobs import InputImage
from superlens.core.records import ResultRecord

DEMO_MODEL = "resrgan-phantom-x2"
DEMO_IMAGE = "filaments.ome.tif"
DEMO_PLATE = "translocation-plate"


def phantom(arguments: argparse.Namespace) -> int:
    """Make images with a known truth."""
    from superlens.cli.phantom_files import Taking, write_phantoms

    taking = Taking(arguments.side, arguments.photons)
    made = write_phantoms(
        arguments.specimen, arguments.count, arguments.seed, arguments.out, taking
    )
    if arguments.json:
        print_json({"images": made})
    else:
        for item in made:
            print(item["low"])
    return 0


def demo(arguments: argparse.Namespace) -> int:
    """Walk the main job: restore, measure, report; end by saying where everything lies."""
    out = _fresh_folder(arguments.out)
    restored = _restore_sample(out)
    measured = _measure_sample(out)
    report = _report(out, restored, measured)
    pictures = _pictures(Path(restored.folder), out / "pictures")
    print("\nDone. Everything here was computed on this machine, offline.\n")
    print(f"  report    {report}")
    print(f"            {report.with_suffix('.html')}")
    for picture in pictures:
        print(f"  picture   {picture}")
    print(f"  images    {restored.folder}")
    print(f"  numbers   {measured.folder}")
    return 0


def _restore_sample(out: Path) -> ResultRecord:
    from superlens.io.model_library import find_model
    from superlens.workbench.requests import (
        RestoreOptions,
        restore_request,
        restore_stem,
    )

    image = _samples() / DEMO_IMAGE
    card = find_model(DEMO_MODEL).card
    run = out.absolute() / restore_stem(image, card)
    request = restore_request(InputImage(str(image)), card, run, RestoreOptions(samples=8))
    return do_request(request, "super-resolve")


def _measure_sample(out: Path) -> ResultRecord:
    from superlens.assay.catalogue import assay_spec
    from superlens.io.plate_map import read_plate_map
    from superlens.workbench.requests import MeasureOptions, measure_request

    spec = assay_spec("translocation")
    folder = _samples() / DEMO_PLATE
    plate = read_plate_map(folder / "plate_map.csv", folder, spec.channels_required)
    options = MeasureOptions(plate=plate.wells)
    request = measure_request(spec, plate.fields, out / "translocation", options)
    return do_request(request, "measure")


def _report(out: Path, restored: ResultRecord, measured: ResultRecord) -> Path:
    from superlens.workbench.requests import report_request

    path = out / "report.pdf"
    runs = [Path(restored.folder), Path(measured.folder)]
    do_request(report_request(runs, path, "Superlens demonstration on phantoms"), "report")
    return path


def _pictures(run: Path, folder: Path) -> list[Path]:
    """Write what a person looks at first as PNG: raw and super-resolved alike, and the spread."""
    from superlens.report.figures import colour_picture, shared_limits, upper_limit

    low = _first_plane(_samples() / DEMO_IMAGE)
    mean, spread = (_first_plane(run / f"{name}.ome.tif") for name in ("mean", "spread"))
    limits = shared_limits(low, mean)
    pictures = {
        "low_resolution.png": colour_picture(low, limits),
        "computationally_super_resolved.png": colour_picture(mean, limits),
        "spread.png": colour_picture(spread, (0.0, upper_limit(spread)), "magma"),
    }
    folder.mkdir()
    for name, picture in pictures.items():
        (folder / name).write_bytes(picture.png)
    return [folder / name for name in pictures]


def _first_plane(path: Path) -> NDArray[np.float32]:
    from superlens.io.images import open_image

    with open_image(path) as source:
        return source.plane(0, 0, 0, 0).astype(np.float32)


def _samples() -> Path:
    from superlens.io.locations import resources_dir

    folder = resources_dir() / "samples"
    if not folder.is_dir():
        raise SuperlensError("The bundled samples are missing", "Install Superlens again")
    return folder


def _fresh_folder(wanted: Path) -> Path:
    """Give an empty folder of that name, numbered when an earlier walk holds it."""
    folder, number = wanted, 1
    while folder.exists() and any(folder.iterdir()):
        number += 1
        folder = wanted.with_name(f"{wanted.name}-{number}")
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < 200 * 2**20:
        raise SuperlensError("Less than 200 MiB are free", "Make room or choose another folder")
    return folder
