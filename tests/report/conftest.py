"""Small run folders, written through the same doors as real ones."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from superlens.core.assay import WellInfo, WellRole
from superlens.core.jobs import FieldInput, InputImage, JobKind, MeasureRequest, RestoreRequest, Roi
from superlens.core.records import ChannelInfo, ModelRef, Number, ResultRecord, Versions
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.io.codec import encode
from superlens.io.image_writer import ImageMetadata, write_image
from superlens.io.runs import RunDocument, RunFolder, create_run
from superlens.io.tables import write_table

MODEL_SHA256 = hashlib.sha256(b"a model").hexdigest()
VERSIONS = Versions("0.1.0", "3.11.9", "Linux", {"torch": "2.13.0", "numpy": "2.4.6"})
DOSES_NM = (0.98, 3.9, 15.6, 62.5, 250.0)


@dataclass(frozen=True, slots=True)
class RestoreCase:
    """What a made-up restoration is like."""

    name: str = "filaments.ome.tif"
    side: int = 96
    """Of the raw image in pixels."""
    scale: int = 2
    pixel_um: float | None = 0.1
    samples: int = 8
    channels: tuple[str, ...] = ("tubulin",)
    roi: Roi | None = None
    warnings: tuple[str, ...] = ()
    slices: int = 1


@dataclass(frozen=True, slots=True)
class MeasureCase:
    """What a made-up measurement is like."""

    rows: int = 4
    columns: int = 7
    pixel_um: float | None = 0.645
    model: ModelRef | None = None
    numbers: tuple[Number, ...] = (
        Number("z_prime", 0.7134, 0.6412, 0.7721),
        Number("cells", 12965),
    )
    notes: dict[str, str] = field(default_factory=dict)
    is_plate: bool = True
    compounds: tuple[str, ...] = ("wortmannin",)
    """Named in the statistics."""
    shares: dict[str, float] = field(default_factory=lambda: {"cells": 1.0})


def texture(side: int, seed: int) -> np.ndarray:
    """Give (side, side) float32 lines of light on a background, in counts."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / side
    image = np.full((side, side), 100.0)
    for _ in range(14):
        angle, offset, bend = rng.uniform(0, np.pi), rng.uniform(-0.4, 1.2), rng.uniform(-0.5, 0.5)
        along = x * np.cos(angle) + y * np.sin(angle)
        across = -x * np.sin(angle) + y * np.cos(angle) + bend * along**2 - offset * (angle < 2)
        image += rng.uniform(300, 900) * np.exp(-((across / 0.012) ** 2))
    return image.astype(np.float32)


def build_restore_run(folder: Path, case: RestoreCase) -> Path:
    """Write the raw file and the run folder of a restoration."""
    folder.mkdir(parents=True, exist_ok=True)
    fine = np.stack([texture(case.side * case.scale, seed) for seed in range(len(case.channels))])
    fine = np.repeat(fine[None, :, None], case.slices, axis=2)  # (T, C, Z, Y, X)
    raw = _binned(fine, case.scale)
    rng = np.random.default_rng(1)
    noisy = np.clip(rng.poisson(raw), 0, 65535).astype(np.uint16)
    sizes = _sizes(case.pixel_um)
    channels = tuple(ChannelInfo(name) for name in case.channels)
    raw_path = folder / case.name
    write_image(raw_path, noisy, ImageMetadata(sizes, channels, "raw"))
    residual = ((noisy - raw) / np.sqrt(raw)).astype(np.float32)
    if case.roi is not None:
        fine, residual = _cut(fine, case.roi, case.scale), _cut(residual, case.roi, 1)
    request = RestoreRequest(
        input=InputImage(str(raw_path), sha256=_sha256(raw_path)),
        model=ModelRef("lines-x2", MODEL_SHA256),
        out=str(folder / "run"),
        params={"precision": "full"},
        samples=case.samples,
        roi=case.roi,
        seed=1234,
    )
    with create_run(folder / "run") as run:
        metadata = ImageMetadata(sizes.divided(case.scale), channels, "super-resolved")
        write_image(run.file("mean", "mean.ome.tif"), fine, metadata)
        if case.samples > 1:
            spread = (0.08 * fine).astype(np.float32)
            write_image(run.file("spread", "spread.ome.tif"), spread, metadata)
        write_image(
            run.file("residual", "residual.ome.tif"), residual, ImageMetadata(sizes, channels, "")
        )
        notes = _restore_notes(case, raw_path, residual)
        return run.publish(_document(run, request, JobKind.RESTORE, case.warnings, notes))


def build_measure_run(folder: Path, case: MeasureCase) -> Path:
    """Write the run folder of a measurement, without its raw files."""
    folder.mkdir(parents=True, exist_ok=True)
    infos = tuple(_well_infos(case))
    request = MeasureRequest(
        assay="translocation",
        fields=tuple(_field_input(info.well) for info in infos),
        out=str(folder / "measured"),
        plate=infos,
        model=case.model,
        params={"ring_width_px": 4.0},
        seed=7,
    )
    rows = [_well_row(info, index, case.notes) for index, info in enumerate(infos)]
    with create_run(folder / "measured") as run:
        columns = (
            "well",
            "compound",
            "dose",
            "role",
            "value",
            "lo",
            "hi",
            "unit",
            "n_objects",
            "n_fields",
            "note",
        )
        write_table(run.file("wells", "wells.csv"), columns, rows)
        run.file("statistics", "statistics.json").write_text(json.dumps(_statistics(case)), "utf-8")
        for well in (infos[0].well, infos[-1].well):
            _write_overlay(run.file("overlay", f"overlays/{well}.png"))
        notes = {"overlay_pixel_um": case.pixel_um, "seconds": 31.5}
        return run.publish(
            _document(run, request, JobKind.MEASURE, (), notes, numbers=case.numbers)
        )


@pytest.fixture
def make_restore_run(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that writes a restoration, from the fields of a `RestoreCase`."""

    def make(place: str = "restored", **settings: object) -> Path:
        return build_restore_run(tmp_path / place, RestoreCase(**settings))  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_measure_run(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that writes a measurement, from the fields of a `MeasureCase`."""

    def make(place: str = "plate", **settings: object) -> Path:
        return build_measure_run(tmp_path / place, MeasureCase(**settings))  # type: ignore[arg-type]

    return make


def _sizes(pixel_um: float | None) -> PixelSizes:
    if pixel_um is None:
        return PixelSizes()
    return PixelSizes(None, pixel_um, pixel_um, PixelSizeOrigin.REPORTED, "test")


def _binned(fine: np.ndarray, scale: int) -> np.ndarray:
    *lead, height, width = fine.shape
    boxes = fine.reshape(*lead, height // scale, scale, width // scale, scale)
    return boxes.mean(axis=(-3, -1))


def _cut(stack: np.ndarray, roi: Roi, scale: int) -> np.ndarray:
    top, left = roi.y * scale, roi.x * scale
    return stack[..., top : top + roi.height * scale, left : left + roi.width * scale]


def _restore_notes(case: RestoreCase, raw_path: Path, residual: np.ndarray) -> dict[str, object]:
    return {
        "input_path": str(raw_path),
        "input_sha256": _sha256(raw_path),
        "model_id": "lines-x2",
        "model_sha256": MODEL_SHA256,
        "method_id": "resrgan",
        "claim": "single_answer",
        "scale": case.scale,
        "samples_used": case.samples,
        "spread_label": "Disagreement over flips and rotations" if case.samples > 1 else None,
        "seed": 1234,
        "tile": 128,
        "normalisation_low": 101.0,
        "normalisation_high": 987.0,
        "consistency_chi2": float((residual**2).mean()),
        "consistency_over_3": float((np.abs(residual) > 3).mean()),
        "pixel_size_um": case.pixel_um,
        "pixel_size_origin": "reported" if case.pixel_um else "unknown",
        "pixel_size_sr_um": case.pixel_um / case.scale if case.pixel_um else None,
        "seconds": 12.25,
    }


def _document(
    run: RunFolder,
    request: RestoreRequest | MeasureRequest,
    kind: JobKind,
    warnings: tuple[str, ...],
    notes: dict[str, object],
    numbers: tuple[Number, ...] = (),
) -> RunDocument:
    result = ResultRecord(
        "job-1", kind.value, str(run.out), run.files, numbers, warnings, "CPU (4 threads)"
    )
    return RunDocument(
        request_json=encode(request).decode(),
        kind=kind,
        job_id="job-1",
        versions=VERSIONS,
        device="CPU (4 threads)",
        started="2026-11-20T09:00:00+00:00",
        ended="2026-11-20T09:01:12+00:00",
        result=result,
        notes=notes,  # type: ignore[arg-type]
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _well_infos(case: MeasureCase) -> list[WellInfo]:
    infos: list[WellInfo] = []
    for row in range(case.rows):
        for column in range(case.columns):
            name = f"{chr(65 + row)}{column + 1:02d}" if case.is_plate else f"dish {len(infos)}"
            if column == 0:
                infos.append(WellInfo(name, "wortmannin", 0.0, "nM", WellRole.NEGATIVE))
            elif column == case.columns - 1:
                infos.append(WellInfo(name, "wortmannin", 150.0, "nM", WellRole.POSITIVE))
            else:
                dose = DOSES_NM[(column - 1) % len(DOSES_NM)]
                infos.append(WellInfo(name, "wortmannin", dose, "nM"))
    return infos


def _field_input(well: str) -> FieldInput:
    digest = hashlib.sha256(well.encode()).hexdigest()
    return FieldInput(well, "1", {"dna": InputImage(f"/data/{well}_dna.tif", sha256=digest)})


def _well_row(info: WellInfo, index: int, notes: dict[str, str]) -> tuple[object, ...]:
    rng = np.random.default_rng(index)
    dose = {WellRole.NEGATIVE: 0.0, WellRole.POSITIVE: 500.0}.get(info.role, info.dose or 0.0)
    value = 0.85 + 7.2 * dose / (dose + 11.2) + rng.normal(0, 0.12)
    half = np.nan if info.well in notes else 0.1 + 0.04 * value
    return (
        info.well,
        info.compound,
        info.dose,
        info.role.value,
        value,
        value - half,
        value + half,
        "",
        200 + index,
        1,
        notes.get(info.well, ""),
    )


def _statistics(case: MeasureCase) -> dict[str, object]:
    return {
        "interval": {"level": 0.9, "sources": list(case.shares), "shares": case.shares},
        "statistics": {
            compound: {
                "spearman": {"value": 0.953},
                "z_prime": {"value": 0.7134},
                "ssmd": {"value": 9.31},
                "cohen_d_cells": {"value": None, "note": "No positive control"},
            }
            for compound in case.compounds
        },
    }


def _write_overlay(path: Path) -> None:
    from PIL import Image

    picture = np.clip(texture(200, 5) / 6, 0, 255).astype(np.uint8)
    Image.fromarray(np.stack([picture] * 3, axis=-1)).save(path)
