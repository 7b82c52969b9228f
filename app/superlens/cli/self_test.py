"""`superlens self-test`: is this installation whole? Each part is used once, on something small."""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from superlens.cli.console import print_json
from superlens.core.errors import SuperlensError, describe_error

if TYPE_CHECKING:
    from superlens.core.messages import Ready

_SIDE_PX = 64
_ENGINE_START_S = 60.0


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found."""

    name: str
    passed: bool
    detail: str
    seconds: float


def self_test(arguments: argparse.Namespace) -> int:
    """Use each part once; status 0 when all of them work."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(prefix="superlens-self-test-") as name:
        folder = Path(name)
        checks = [_checked(title, work, folder) for title, work in _CHECKS.items()]
    passed = all(check.passed for check in checks)
    if arguments.json:
        print_json({"passed": passed, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            mark = "ok    " if check.passed else "FAILED"
            print(f"{mark} {check.name:12s} {check.seconds:6.1f} s  {check.detail}")
    return 0 if passed else 1


def _checked(name: str, work: Callable[[Path], str], folder: Path) -> Check:
    started = time.perf_counter()
    try:
        detail, passed = work(folder), True
    except Exception as error:  # a self-test reports whatever is broken
        detail, passed = describe_error(error).sentence, False
    return Check(name, passed, detail, round(time.perf_counter() - started, 2))


def _files(folder: Path) -> str:
    import numpy as np

    from superlens.core.records import ChannelInfo
    from superlens.core.units import entered_pixel_size
    from superlens.io.image_writer import ImageMetadata, write_image
    from superlens.io.images import open_image

    stack = np.arange(_SIDE_PX**2, dtype=np.uint16).reshape(1, 1, 1, _SIDE_PX, _SIDE_PX)
    metadata = ImageMetadata(entered_pixel_size(0.1), (ChannelInfo("test"),), "self-test")
    path = folder / "image.ome.tif"
    write_image(path, stack, metadata)
    with open_image(path) as source:
        if not np.array_equal(source.plane(0, 0, 0, 0), stack[0, 0, 0]):
            raise SuperlensError("An OME-TIFF that was written reads back differently")
        return f"{source.info.format} written and read back"


def _models(folder: Path) -> str:
    from superlens.cli.work import do_request
    from superlens.core.jobs import InputImage
    from superlens.io.model_library import installed_models
    from superlens.workbench.requests import RestoreOptions, restore_request

    image = InputImage(str(folder / "image.ome.tif"))
    models = installed_models()
    if not models:
        raise SuperlensError("No model is installed")
    for model in models:
        options = RestoreOptions(samples=0)
        do_request(restore_request(image, model.card, folder / model.card.id, options), "self-test")
    return ", ".join(model.card.id for model in models)


def _assay(folder: Path) -> str:
    from superlens.assay.catalogue import ASSAYS, assay_spec
    from superlens.cli.phantom_files import write_plate
    from superlens.cli.work import do_request
    from superlens.io.plate_map import read_plate_map
    from superlens.workbench.requests import MeasureOptions, measure_request

    spec = assay_spec("translocation")
    csv = write_plate(folder / "plate", seed=1, wells=2)
    plate = read_plate_map(csv, csv.parent, spec.channels_required)
    options = MeasureOptions(plate=plate.wells)
    do_request(measure_request(spec, plate.fields, folder / "measured", options), "self-test")
    return ", ".join(assay.id for assay in ASSAYS)


def _report(folder: Path) -> str:
    from superlens.cli.work import do_request
    from superlens.workbench.requests import report_request

    do_request(report_request([folder / "measured"], folder / "report.pdf"), "self-test")
    size = (folder / "report.pdf").stat().st_size
    return f"PDF of {size // 1024} KiB and its HTML twin"


def _engine(_: Path) -> str:
    ready = _engine_ready()
    usable = [device.name for device in ready.devices if device.is_usable]
    return f"engine process ready on {', '.join(usable)}"


def _engine_ready() -> "Ready":
    from superlens.core.jobs import Lane
    from superlens.core.messages import Ready, Shutdown
    from superlens.engine.entry import start_engine

    engine = start_engine(Lane.ACCELERATOR)
    try:
        deadline = time.monotonic() + _ENGINE_START_S
        while time.monotonic() < deadline:
            event = engine.events.get(timeout=_ENGINE_START_S)
            if isinstance(event, Ready):
                return event
        raise SuperlensError(f"The engine was not ready after {_ENGINE_START_S:.0f} s")
    finally:
        engine.commands.put(Shutdown())
        engine.process.join(timeout=5)
        if engine.process.is_alive():
            engine.process.kill()


def _window(folder: Path) -> str:
    from superlens.gui.window_process import open_window

    os.environ["SUPERLENS_HOME"] = str(folder / "home")  # settings of the user stay untouched
    opened = open_window([])
    opened.app.processEvents()
    size = opened.window.grab().size()
    opened.window.hide()
    opened.workbench.shutdown()
    return f"window drawn at {size.width()} x {size.height()}"


_CHECKS: dict[str, Callable[[Path], str]] = {
    "files": _files,
    "window": _window,
    "engine": _engine,
    "models": _models,
    "assay": _assay,
    "report": _report,
}
"""The window comes before the report: either makes the application object, only one may."""
