"""Scripts for the fake engine that leave real run folders: small images and tables made by rule."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fakes.engine import FakeJob, look_at_files
from superlens.core.cards import (
    Calibration,
    ModelCard,
    NormalisationKind,
    NormalisationRule,
    TrainedRange,
)
from superlens.core.errors import SuperlensError, describe_error
from superlens.core.jobs import (
    FileFinding,
    FileToLookAt,
    JobKind,
    MeasureRequest,
    ReportRequest,
    RestoreRequest,
)
from superlens.core.messages import Accepted, Event, Finished, Progress
from superlens.core.method import Claim
from superlens.core.records import ChannelInfo, Number, ResultRecord, Versions
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.io.codec import encode, write_json
from superlens.io.image_writer import ImageMetadata, write_image
from superlens.io.images import open_image, probe
from superlens.io.runs import Note, RunDocument, RunFolder, create_run
from superlens.io.tables import write_table

SCALE = 2
CHI2 = 1.04
SPREAD_LABEL = "Disagreement over flips and rotations"
INTERVAL_LABEL = "Gaussian approximation from 16 samples"
SCHEDULE_LABEL = "Where the schedule expects difficulty (qualitative)"
CALIBRATION = Calibration(
    data="simulated filaments",
    samples=16,
    fields=24,
    levels=(0.5, 0.68, 0.9, 0.95),
    coverage_before=(0.38, 0.55, 0.78, 0.86),
    coverage_after=(0.51, 0.69, 0.91, 0.95),
    factor=1.31,
    ence=0.052,
    ause=0.12,
)
POSTERIOR_CARD = ModelCard(
    id="samples-x2",
    title="Samples ×2",
    method="cvdm",
    scale=SCALE,
    claim=Claim.POSTERIOR,
    weights=(),
    sha256="1" * 64,
    architecture={},
    normalisation=NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 1.0, 99.8),
    trained_on=TrainedRange(("filaments",), (50.0, 200.0)),
    limits=("It was trained on simulated filaments alone",),
    calibration=CALIBRATION,
)
VERSIONS = Versions("0.1.0", "3.11", "test")


def thumbnail(job: FakeJob) -> Iterator[Event]:
    """Play an import: each file is really probed, its pictures are grey; a bad file is refused."""
    yield from look_at_files(job, _probed)


def restore(job: FakeJob) -> Iterator[Event]:
    """Play a restoration: a raw pixel becomes SCALE x SCALE equal ones, spread a tenth of it."""
    request = job.request
    assert isinstance(request, RestoreRequest)
    yield Accepted(job.id, "a fake plan")
    yield Progress(job.id, "tiles", 1, 2)
    yield Finished(job.id, write_restoration(request, job.id))


def restore_posterior(job: FakeJob) -> Iterator[Event]:
    """Play a restoration by a method that samples: interval, persistence and hint are there too."""
    request = job.request
    assert isinstance(request, RestoreRequest)
    yield Accepted(job.id, "a fake plan")
    yield Progress(job.id, "Sampling", 1, 2)
    yield Finished(job.id, write_posterior(request, job.id))


def deaf(job: FakeJob) -> Iterator[Event]:
    """Play a restoration that does not hear a cancel: only the end of its engine ends it."""
    yield Accepted(job.id, "a fake plan")
    yield Progress(job.id, "tiles", 1, 2)
    job.wait_for(threading.Event())


def measure(job: FakeJob) -> Iterator[Event]:
    """Play a measurement of two negative, two positive wells and three doses."""
    request = job.request
    assert isinstance(request, MeasureRequest)
    yield Accepted(job.id, "a fake plan")
    yield Progress(job.id, "fields", 1, 7)
    yield Finished(job.id, write_measurement(request, job.id))


def report(job: FakeJob) -> Iterator[Event]:
    """Play a report: both files stand at the end."""
    request = job.request
    assert isinstance(request, ReportRequest)
    yield Accepted(job.id, "a fake plan")
    for suffix in (".pdf", ".html"):
        Path(request.out).with_suffix(suffix).write_text("report", encoding="utf-8")
    yield Finished(job.id, ResultRecord(job.id, JobKind.REPORT, str(Path(request.out).parent)))


def write_restoration(
    request: RestoreRequest, job_id: str, pixel: PixelSizes | None = None
) -> ResultRecord:
    """Leave the run folder of a restoration and give its result."""
    low, sizes = _raw(request)
    run = create_run(Path(request.out))
    fine = np.kron(low, np.ones((SCALE, SCALE), np.float32))
    _write_planes(
        run,
        pixel or sizes,
        {"mean": fine, "spread": fine / 10, "residual": np.zeros_like(low)},
    )
    numbers = (Number("Consistency χ²", CHI2),)
    notes = _notes(request, pixel or sizes)
    return _publish(run, request, JobKind.RESTORE, job_id, (notes, numbers))


def write_posterior(
    request: RestoreRequest, job_id: str, card: ModelCard = POSTERIOR_CARD
) -> ResultRecord:
    """Leave the run folder of a method that samples: its interval is skew, -10 % and +30 %."""
    low, sizes = _raw(request)
    run = create_run(Path(request.out))
    fine = np.kron(low, np.ones((SCALE, SCALE), np.float32))
    planes = {
        "mean": fine,
        "spread": fine / 10,
        "interval_low": fine * np.float32(0.9),
        "interval_high": fine * np.float32(1.3),
        "persistence": np.full_like(fine, 0.75),
        "schedule": fine / fine.max(),
        "residual": np.full_like(low, -1.25),
    }
    _write_planes(run, sizes, planes)
    write_json(run.file("model_card", "model_card.json"), card)
    notes = {
        **_notes(request, sizes),
        "claim": card.claim.value,
        "samples_used": 16,
        "spread_label": "Uncertainty over samples",
        "spread_factor": 1.0 if card.calibration is None else card.calibration.factor,
        "interval_level": 0.9,
        "interval_label": INTERVAL_LABEL,
        "schedule_label": SCHEDULE_LABEL,
    }
    return _publish(run, request, JobKind.RESTORE, job_id, (notes, ()))


def _raw(request: RestoreRequest) -> tuple[NDArray[np.float32], PixelSizes]:
    scene = request.input.scene
    with open_image(Path(request.input.path)) as source:
        sizes = source.info.scenes[scene].pixel_sizes
        return source.plane(scene, 0, 0, 0).astype(np.float32), sizes


def _write_planes(
    run: RunFolder, sizes: PixelSizes, planes: dict[str, NDArray[np.float32]]
) -> None:
    for role, plane in planes.items():
        lies = sizes if role == "residual" else sizes.divided(SCALE)
        meta = ImageMetadata(lies, (ChannelInfo("C0"),), "computationally super-resolved")
        write_image(run.file(role, f"{role}.ome.tif"), plane[None, None, None], meta)


def _notes(request: RestoreRequest, sizes: PixelSizes) -> dict[str, Note]:
    return {
        "scale": SCALE,
        "samples_used": 8,
        "spread_label": SPREAD_LABEL,
        "seed": request.seed,
        "model_id": request.model.id,
        "consistency_chi2": CHI2,
        "consistency_over_3": 0.004,
        "pixel_size_um": sizes.lateral_um,
        "seconds": 1.5,
    }


def write_measurement(request: MeasureRequest, job_id: str) -> ResultRecord:
    """Leave the run folder of a measurement and give its result."""
    run = create_run(Path(request.out))
    wells = [
        ("A01", "", "", "negative", 0.8),
        ("B01", "", "", "negative", 0.82),
        ("A02", "wortmannin", 1.0, "dose", 1.0),
        ("A03", "wortmannin", 10.0, "dose", 3.0),
        ("A04", "wortmannin", 100.0, "dose", 7.5),
        ("A05", "", "", "positive", 8.2),
        ("B05", "", "", "positive", 8.4),
    ]
    rng = np.random.default_rng(1)
    columns = ("well", "compound", "dose", "role", "value", "lo", "hi", "unit", "n_objects")
    rows = [
        (well, compound, dose, role, value, value * 0.95, value * 1.06, "", 40)
        for well, compound, dose, role, value in wells
    ]
    write_table(
        run.file("wells", "wells.csv"),
        (*columns, "n_fields", "note"),
        [(*row, 1, "few cells" if row[0] == "A03" else "") for row in rows],
    )
    cells = [
        (well, "f1", number, value * rng.lognormal(0, 0.25), "")
        for well, _, _, _, value in wells
        for number in range(40)
    ]
    write_table(
        run.file("objects", "objects.csv"), ("well", "field", "object_id", "ratio", "note"), cells
    )
    run.file("statistics", "statistics.json").write_text(json.dumps({}), encoding="utf-8")
    numbers = (Number("Z′", 0.71, 0.64, 0.77), Number("Cells", 280))
    return _publish(run, request, JobKind.MEASURE, job_id, ({}, numbers))


def _probed(file: FileToLookAt, has_pictures: bool) -> FileFinding:
    try:
        info = probe(Path(file.path))
    except SuperlensError as error:
        return FileFinding(error=describe_error(error))
    for number in range(len(info.scenes) if has_pictures else 0):
        Path(file.out).mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 128).save(Path(file.out) / f"scene-{number}.png")
    return FileFinding(info)


def _publish(
    run: RunFolder,
    request: RestoreRequest | MeasureRequest,
    kind: JobKind,
    job_id: str,
    said: tuple[dict[str, Note], tuple[Number, ...]],
) -> ResultRecord:
    notes, numbers = said
    result = ResultRecord(job_id, kind, str(run.out), run.files, numbers, device="fake")
    run.publish(
        RunDocument(
            request_json=encode(request).decode(),
            kind=kind,
            job_id=job_id,
            versions=VERSIONS,
            device="fake",
            started="2026-11-20T10:00:00+00:00",
            ended="2026-11-20T10:00:02+00:00",
            result=result,
            notes=notes,
        )
    )
    return result


def write_raw(path: Path, side: int = 32, pixel_um: float | None = 0.1) -> Path:
    """Write a raw image: a ramp from left to right, with or without a pixel size."""
    ramp = np.tile(np.arange(side, dtype=np.uint16) * 100 + 100, (side, 1))
    known = PixelSizes(None, pixel_um, pixel_um, PixelSizeOrigin.REPORTED, "test")
    sizes = known if pixel_um is not None else PixelSizes()
    write_image(path, ramp[None, None, None], ImageMetadata(sizes, (ChannelInfo("C0"),), ""))
    return path
