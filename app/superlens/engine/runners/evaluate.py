"""Judges a model on pairs with known truth, beside the input itself and bicubic interpolation.

Every number is taken after the best straight-line fit of the brightness, per image and over all of
it; nothing is cropped, clipped or rounded.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from superlens.core.errors import InvalidInput
from superlens.core.jobs import EvaluateRequest, PairFile
from superlens.core.method import Array
from superlens.core.records import Number, ResultRecord
from superlens.engine.context import JobContext
from superlens.engine.image_reading import PlaneIndex
from superlens.engine.restoration import restore_plane_samples
from superlens.engine.restorer import Restorer, open_restorer
from superlens.engine.run_record import Beginning, finished_run
from superlens.io.atomic import replace_file
from superlens.io.codec import encode
from superlens.io.images import open_image
from superlens.io.runs import Note, RunFolder, create_run
from superlens.io.tables import write_table
from superlens.prepare.pairs import read_pair
from superlens.quality.baselines import bicubic
from superlens.quality.fidelity import fidelity
from superlens.quality.resolution import SMALLEST_SIDE, FrcState, Threshold, frc_resolution

INPUT_ROW = "input"
BICUBIC_ROW = "bicubic"
MEASURES = ("psnr_affine", "ssim_affine", "nrmse", "pearson", "frc_cutoff")
"""The last is a spatial frequency: cycles per high-resolution pixel up to which the picture agrees
with the truth (Fourier ring correlation above 0.5); 0.5 means up to the very end."""
COLUMNS = ("method", "field", *MEASURES)


@dataclass(frozen=True, slots=True)
class Row:
    """How close one picture of one field is to the truth."""

    method: str
    """`input`, `bicubic` or the id of the model."""
    field: str
    psnr_affine: float
    ssim_affine: float
    nrmse: float
    pearson: float
    frc_cutoff: float | None
    """None where the picture is too small for it."""


@dataclass(frozen=True, slots=True)
class MeanRow:
    """The mean of a method's rows."""

    method: str
    n: int
    psnr_affine: float
    ssim_affine: float
    nrmse: float
    pearson: float
    frc_cutoff: float | None


@dataclass(frozen=True, slots=True)
class Rows:
    """`rows.json`."""

    rows: tuple[MeanRow, ...]
    pairs: tuple[Row, ...]


def run(job_id: str, request: EvaluateRequest, context: JobContext) -> ResultRecord:
    """Judge a model.

    Args:
        job_id: id of the job.
        request: the model and the pairs, with absolute paths.
        context: the surroundings of the job.

    Returns:
        The run folder: `rows.csv`, `rows.json`, `log.txt`.

    Raises:
        InvalidInput: there are no pairs, or one of them does not fit the scale of the model.
        JobCancelled: the user asked to stop.
    """
    if not request.pairs:
        raise InvalidInput("There are no pairs to judge the model on", "Give two folders of images")
    began = Beginning()
    with create_run(Path(request.out)) as folder:
        context.keep_log(folder.log)
        with open_restorer(
            request.model, request.params, request.compute, request.seed, context
        ) as restorer:
            count = len(request.pairs)
            context.accept(
                f"Judge {restorer.card.id} on {count} pair{'s' if count > 1 else ''} "
                f"on {restorer.device.text}"
            )
            rows = tuple(_judged(request, restorer, context))
        means = tuple(_means(rows))
        _write(folder, Rows(means, rows))
        result = ResultRecord(
            job_id=job_id,
            kind=request.kind.value,
            folder=str(folder.out),
            files=folder.files,
            numbers=tuple(
                Number(f"{row.method} psnr_affine", row.psnr_affine, unit="dB") for row in means
            ),
            warnings=context.warnings,
            device=restorer.device.text,
        )
        folder.publish(finished_run(request, result, began, _notes(request)))
    return result


def fidelity_row(method: str, field: str, picture: Array, truth: Array) -> Row:
    """Compare one picture with the truth."""
    judged = fidelity(picture, truth)
    return Row(
        method,
        field,
        judged.psnr_affine,
        judged.ssim_affine,
        judged.nrmse,
        judged.pearson,
        _frc_cutoff(picture, truth),
    )


def _judged(request: EvaluateRequest, restorer: Restorer, context: JobContext) -> Iterator[Row]:
    scale = restorer.card.scale
    for number, pair in enumerate(request.pairs):
        context.check()
        context.progress("Judging", number, len(request.pairs))
        low, truth = read_pair(pair, None, scale)
        pictures: tuple[tuple[str, Callable[[], Array]], ...] = (
            (INPUT_ROW, lambda low=low: low.repeat(scale, 0).repeat(scale, 1)),
            (BICUBIC_ROW, lambda low=low: bicubic(low, scale)),
            (restorer.card.id, lambda pair=pair: _restored(pair, restorer)),
        )
        for method, make in pictures:
            context.check()
            yield fidelity_row(method, _field(pair), make(), truth)
    context.progress("Judging", len(request.pairs), len(request.pairs))


def _restored(pair: PairFile, restorer: Restorer) -> Array:
    with open_image(Path(pair.low)) as source:
        return restore_plane_samples(restorer, source, PlaneIndex()).mean


def _field(pair: PairFile) -> str:
    return pair.field_id or Path(pair.low).stem


def _frc_cutoff(picture: Array, truth: Array) -> float | None:
    if min(truth.shape) < SMALLEST_SIDE:
        return None
    found = frc_resolution(picture, truth, threshold=Threshold.HALF)
    match found.state:
        case FrcState.RESOLVED:
            return None if found.resolution is None else 1 / found.resolution
        case FrcState.BEYOND_NYQUIST:
            return 0.5
        case FrcState.NO_SIGNAL:
            return 0.0


def _means(rows: tuple[Row, ...]) -> Iterator[MeanRow]:
    for method in dict.fromkeys(row.method for row in rows):
        ours = [row for row in rows if row.method == method]
        yield MeanRow(method, len(ours), *(_mean(ours, measure) for measure in MEASURES))


def _mean(rows: list[Row], measure: str) -> float:
    known = [value for row in rows if (value := getattr(row, measure)) is not None]
    return float(np.mean(known)) if known else float("nan")


def _write(folder: RunFolder, rows: Rows) -> None:
    table = [dataclasses.astuple(row) for row in rows.pairs]
    table += [
        (row.method, f"mean of {row.n}", *(getattr(row, measure) for measure in MEASURES))
        for row in rows.rows
    ]
    write_table(folder.file("rows", "rows.csv"), COLUMNS, table)
    with replace_file(folder.file("rows_json", "rows.json")) as part:
        part.write_bytes(encode(rows))


def _notes(request: EvaluateRequest) -> dict[str, Note]:
    return {
        "model_id": request.model.id,
        "model_sha256": request.model.sha256,
        "seed": request.seed,
        "pairs": len(request.pairs),
        "fit": "straight line per image",
    }
