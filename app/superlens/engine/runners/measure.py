"""The measure job: an assay over all fields of a plate becomes a run folder of tables.

Fields are read, measured and forgotten one by one. A field that cannot be read or holds nothing
leaves a sentence in the row of its well; only when no field gives any value does the job fail.
Torch-free without a model.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from superlens.assay.catalogue import assay_spec, load_assay
from superlens.assay.intervals import NO_OBJECT, Bootstrap
from superlens.assay.plate import (
    MeasuredWell,
    compound_statistics,
    measure_wells,
    shared_doubt,
    voided,
)
from superlens.core.assay import Assay, AssaySpec, FieldMeasurement, ObjectRow, WellInfo
from superlens.core.errors import InvalidInput, InvalidParameter
from superlens.core.jobs import FieldInput, MeasureRequest
from superlens.core.parameters import build
from superlens.core.records import Number, ResultRecord
from superlens.engine.context import JobContext
from superlens.engine.device import describe_cpu
from superlens.engine.field_reading import FieldImages, Surroundings, read_field
from superlens.engine.measure_output import (
    LENGTH_UNIT,
    PIXEL_UNIT,
    Measured,
    Scene,
    overlay_part,
    wells_to_draw,
    write_labels,
    write_overlays,
    write_tables,
)
from superlens.engine.run_record import Beginning, finished_run
from superlens.io.codec import write_json
from superlens.io.disk import require_free_space
from superlens.io.runs import Note, RunFolder, create_run

if TYPE_CHECKING:
    from superlens.engine.restorer import Restorer

NO_PIXEL_SIZE = (
    "The pixel size of the images is unknown: lengths and areas are in px; enter the pixel size to "
    "get micrometres"
)
_BYTES_PER_FIELD = 4_000_000
_BYTES_PER_RUN = 64_000_000
_MOST_COMPOUNDS = 4


@dataclass(frozen=True, slots=True)
class _Work:
    """Everything that the fields of one measurement share."""

    request: MeasureRequest
    context: JobContext
    run: RunFolder
    spec: AssaySpec
    assay: Assay
    params: Any
    surroundings: Surroundings
    drawn: frozenset[str]
    """Wells whose first field gets a picture."""


@dataclass(slots=True)
class _Gathered:
    """What the fields have given so far."""

    rows: list[ObjectRow] = field(default_factory=list[ObjectRow])
    samples: list[list[ObjectRow]] = field(default_factory=list[list[ObjectRow]])
    doubts: list[str] = field(default_factory=list[str])
    """One per field with objects, empty where there is none."""
    notes: dict[str, list[str]] = field(default_factory=lambda: defaultdict[str, list[str]](list))
    """Well to what went wrong in its fields."""
    fields: list[FieldInput] = field(default_factory=list[FieldInput])
    """As asked for, with the hashes of the files."""
    pixel_sizes: set[float | None] = field(default_factory=set[float | None])
    """Of the measured arrays."""
    scenes: dict[str, Scene] = field(default_factory=dict[str, Scene])


def run(job_id: str, request: MeasureRequest, context: JobContext) -> ResultRecord:
    """Measure a plate; see `engine.execute.execute`.

    Raises:
        InvalidInput: no field of it gave any value.
        InvalidParameter: an unknown assay or parameter, or samples without a model.
    """
    began = Beginning()
    spec = assay_spec(request.assay)
    params = build(spec.params, request.params)
    _require_sense(request)
    with create_run(Path(request.out)) as folder, _restorer(request, context) as restorer:
        context.keep_log(folder.log)
        needed = _BYTES_PER_RUN + _BYTES_PER_FIELD * len(request.fields)
        require_free_space(folder.out.parent, needed, "The measurement")
        if restorer is not None:
            write_json(folder.file("model_card", "model_card.json"), restorer.card)
        surroundings = _surroundings(request, spec, restorer, context)
        device = describe_cpu().name if restorer is None else restorer.device.text
        context.accept(_plan(request, spec, surroundings.samples, device))
        present = [item.well for item in request.fields]
        work = _Work(
            request,
            context,
            folder,
            spec,
            load_assay(spec.id),
            params,
            surroundings,
            wells_to_draw(request.plate, present),
        )
        gathered = _measure_fields(work)
        measured = _put_together(work, gathered)
        write_tables(folder, measured)
        write_overlays(folder, tuple(gathered.scenes.values()))
        result = ResultRecord(
            job_id=job_id,
            kind=request.kind.value,
            folder=str(folder.out),
            files=folder.files,
            numbers=_numbers(measured),
            warnings=context.warnings,
            device=device,
        )
        identified = replace(request, fields=tuple(gathered.fields))
        document = finished_run(identified, result, began, _notes(work, gathered, measured))
        context.check()
        return replace(result, folder=str(folder.publish(document)))


def _require_sense(request: MeasureRequest) -> None:
    if not request.fields:
        raise InvalidInput("There is no field to measure", "Choose images or a plate map")
    if request.samples < 0:
        raise InvalidParameter(f"{request.samples} samples cannot be drawn", "Give 0 or more")
    if request.samples and request.model is None:
        raise InvalidParameter(
            f"{request.samples} samples are asked for without a model",
            "Choose a model, or measure without samples",
        )
    if not 0.0 < request.level < 1.0:
        raise InvalidParameter(
            f"An interval cannot have the level {request.level:g}", "Give a level such as 0.9"
        )


@contextmanager
def _restorer(request: MeasureRequest, context: JobContext) -> "Generator[Restorer | None]":
    if request.model is None:
        yield None
        return
    from superlens.engine.restorer import open_restorer

    with open_restorer(
        request.model, request.model_params, request.compute, request.seed, context
    ) as restorer:
        yield restorer


def _surroundings(
    request: MeasureRequest, spec: AssaySpec, restorer: "Restorer | None", context: JobContext
) -> Surroundings:
    samples = 0
    if restorer is not None:
        from superlens.engine.restoration import ONE_SAMPLE, allowed_samples

        samples = allowed_samples(restorer.spec, request.samples)
        if samples < request.samples:
            context.warn(
                f"{request.samples} samples were asked for, but {restorer.spec.title} has only "
                f"{samples}"
            )
        if samples < 2 and restorer.has_posterior:
            context.warn(ONE_SAMPLE)
    return Surroundings(spec, context.check, context.warn, restorer, samples)


def _plan(request: MeasureRequest, spec: AssaySpec, samples: int, device: str) -> str:
    wells = len({item.well for item in request.fields})
    model = "" if request.model is None else f" super-resolved by {request.model.id}"
    drawn = f" with {samples} samples" if samples else ""
    return f"{device}: {spec.title} in {len(request.fields)} fields of {wells} wells{model}{drawn}"


def _measure_fields(work: _Work) -> _Gathered:
    gathered = _Gathered(samples=[[] for _ in range(work.surroundings.samples)])
    total = len(work.request.fields)
    for done, wanted in enumerate(work.request.fields):
        work.context.check()
        work.context.progress("Measuring", done, total)
        try:
            images = read_field(wanted, work.surroundings)
        except InvalidInput as error:
            _note(gathered, wanted, error.title)
            gathered.fields.append(wanted)
            continue
        _measure_field(work, wanted, images, gathered)
    work.context.progress("Measuring", total, total)
    return gathered


def _measure_field(
    work: _Work, wanted: FieldInput, images: FieldImages, gathered: _Gathered
) -> None:
    found = work.assay.measure(images.field, work.params)
    for text in found.warnings:
        _note(gathered, wanted, text)
    if found.rows:
        gathered.doubts.append(found.doubt)
    gathered.rows += found.rows
    for index, sample in enumerate(images.samples):
        work.context.check()
        in_sample = work.assay.measure(sample, work.params, found.labels)
        rows = voided(in_sample.rows, found.doubt) if found.doubt else in_sample.rows
        gathered.samples[index] += rows
    gathered.pixel_sizes.add(images.field.pixel_um)
    gathered.fields.append(_identified(wanted, images.sha256))
    write_labels(work.run, wanted.well, wanted.name, found.labels)
    if wanted.well in work.drawn and wanted.well not in gathered.scenes:
        gathered.scenes[wanted.well] = _scene(work.spec, images, found)


def _note(gathered: _Gathered, wanted: FieldInput, text: str) -> None:
    gathered.notes[wanted.well].append(f"Field {wanted.name}: {text}")


def _identified(wanted: FieldInput, sha256: dict[str, str]) -> FieldInput:
    """Give a field with the hashes of its files, so that the saved request names them exactly."""
    channels = {
        role: replace(image, sha256=sha256.get(role, image.sha256))
        for role, image in wanted.channels.items()
    }
    return replace(wanted, channels=channels)


def _scene(spec: AssaySpec, images: FieldImages, found: FieldMeasurement) -> Scene:
    shown = next((role.id for role in spec.channels_required if role.is_restored), None)
    shown = shown or spec.channels_required[0].id
    headline = spec.headline.name
    measured = (row.object_id for row in found.rows if math.isfinite(row.values[headline]))
    return Scene(
        images.field.well,
        overlay_part(images.field.channels[shown]),
        overlay_part(found.labels),
        frozenset(measured),
    )


def _put_together(work: _Work, gathered: _Gathered) -> Measured:
    rows, samples = tuple(gathered.rows), tuple(tuple(rows) for rows in gathered.samples)
    doubt = shared_doubt(gathered.doubts)
    if doubt:
        work.context.warn(doubt)
        rows = voided(rows, doubt)
        samples = tuple(voided(sample, doubt) for sample in samples)
    headline = work.spec.headline.name
    if not doubt and not any(math.isfinite(row.values[headline]) for row in rows):
        raise _nothing_measured(gathered, rows)
    if None in gathered.pixel_sizes:
        work.context.warn(NO_PIXEL_SIZE)
    work.context.progress("Intervals", 0, 1)
    bootstrap = Bootstrap(level=work.request.level, seed=work.request.seed)
    wells = measure_wells(rows, _plate_of(work.request), headline, bootstrap, samples)
    wells = tuple(_with_notes(well, gathered.notes.get(well.info.well, ())) for well in wells)
    work.context.progress("Intervals", 1, 1)
    return Measured(
        spec=work.spec,
        wells=wells,
        compounds=compound_statistics(wells, rows, headline),
        rows=rows,
        samples=samples,
        level=work.request.level,
        length_unit=PIXEL_UNIT if None in gathered.pixel_sizes else LENGTH_UNIT,
    )


def _plate_of(request: MeasureRequest) -> tuple[WellInfo, ...]:
    """Give the wells of the plate map, then those that only the fields name."""
    known = {info.well for info in request.plate}
    others = dict.fromkeys(item.well for item in request.fields if item.well not in known)
    return (*request.plate, *(WellInfo(well) for well in others))


def _nothing_measured(gathered: _Gathered, rows: Sequence[ObjectRow]) -> InvalidInput:
    reasons = Counter(text for notes in gathered.notes.values() for text in notes)
    reasons.update(f"{row.well}: {row.note}" for row in rows if row.note)
    first = next(iter(reasons), NO_OBJECT)
    count = len(gathered.fields)
    fields = "the field" if count == 1 else f"any of the {count} fields"
    return InvalidInput(
        f"Nothing could be measured in {fields} ({first})",
        "Look at the images and at which channel shows what",
    )


def _with_notes(well: MeasuredWell, notes: Sequence[str]) -> MeasuredWell:
    if not notes:
        return well
    own = "" if well.number.note == NO_OBJECT else well.number.note
    text = ". ".join(part for part in (*notes, own) if part)
    return replace(well, number=replace(well.number, note=text))


def _numbers(measured: Measured) -> tuple[Number, ...]:
    found: list[Number] = []
    for item in measured.compounds[:_MOST_COMPOUNDS]:
        suffix = f", {item.compound}" if item.compound else ""
        for name, title in (("z_prime", "Z′"), ("spearman", "Spearman over dose")):
            value = item.statistics[name].value
            if math.isfinite(value):
                found.append(Number(f"{title}{suffix}", value))
    count = sum(well.number.n_objects for well in measured.wells)
    wells = sum(1 for well in measured.wells if well.number.n_objects)
    return (*found, Number("Wells", wells), Number("Objects", count))


def _notes(work: _Work, gathered: _Gathered, measured: Measured) -> dict[str, Note]:
    request, restorer = work.request, work.surroundings.restorer
    size = gathered.pixel_sizes.copy().pop() if len(gathered.pixel_sizes) == 1 else None
    scale = 1 if restorer is None else restorer.card.scale
    return {
        "assay": work.spec.id,
        "fields": len(request.fields),
        "objects": len(measured.rows),
        "length_unit": measured.length_unit,
        "pixel_size_um": None if size is None else size * scale,
        "overlay_pixel_um": size,
        "model_id": None if restorer is None else restorer.card.id,
        "model_sha256": None if restorer is None else restorer.card.sha256,
        "method_id": None if restorer is None else restorer.card.method,
        "claim": None if restorer is None else restorer.card.claim.value,
        "scale": scale,
        "samples_used": work.surroundings.samples,
        "spread_label": _spread_label(work),
        "seed": request.seed,
        "level": request.level,
    }


def _spread_label(work: _Work) -> str | None:
    restorer = work.surroundings.restorer
    if restorer is None or restorer.spec.sampling is None or not work.surroundings.samples:
        return None
    return restorer.spec.sampling.label
