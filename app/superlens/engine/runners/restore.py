"""The restore job: one scene of one file becomes a run folder with mean, spread and residual."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.core.jobs import RestoreRequest
from superlens.core.method import GivesHint
from superlens.core.records import Number, ResultRecord
from superlens.engine.context import JobContext
from superlens.engine.hint import HINT
from superlens.engine.image_reading import (
    PlaneIndex,
    Subject,
    choose_subject,
    open_plane,
    require_numbers,
)
from superlens.engine.judgement import Agreement, Comparison, can_be_compared, compare
from superlens.engine.plane_job import PlaneJob, image_key
from superlens.engine.provenance import LABEL_NOTES, Making, describe_picture
from superlens.engine.restoration import restore_plane
from superlens.engine.restoration_plan import RestorationPlan, plan_restoration
from superlens.engine.restorer import Restorer, open_restorer
from superlens.engine.run_record import Beginning, finished_run
from superlens.engine.sample_statistics import INTERVAL_LEVEL, interval_label
from superlens.engine.scratch import Canvases, Scratch
from superlens.engine.tiling import Block
from superlens.io.codec import write_json
from superlens.io.disk import require_free_space
from superlens.io.hashing import sha256_of
from superlens.io.image_metadata import ImageMetadata, acquisition_of
from superlens.io.image_writer import write_image
from superlens.io.images import ImageSource
from superlens.io.reading import open_safely
from superlens.io.runs import Note, RunFolder, create_run
from superlens.prepare.normalisation import Normalisation, measure_normalisation, sample_stack

_SMALLER_PREVIEW_PX = 2048
_ROWS_BETWEEN = 128
"""Rows that are read before scratch is taken out of memory again."""


@dataclass(frozen=True, slots=True)
class _Work:
    """Everything that the steps of one restoration share."""

    request: RestoreRequest
    context: JobContext
    source: ImageSource
    subject: Subject
    restorer: Restorer
    run: RunFolder
    plan: RestorationPlan

    def stack_shape(self, scale: int) -> tuple[int, ...]:
        """Give the shape (T, C, Z, Y, X) of a result with `scale` times more pixels a side."""
        roi = self.subject.roi
        return (*self.subject.stack_shape, roi.height * scale, roi.width * scale)


@dataclass(frozen=True, slots=True)
class _Channel:
    """What is the same for all planes of a channel."""

    normalisation: Normalisation
    key: int
    """Of its pixels."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the restoration found out."""

    sha256: str
    normalisations: tuple[Normalisation, ...]
    agreement: Agreement | None
    median_spread: float | None


def run(job_id: str, request: RestoreRequest, context: JobContext) -> ResultRecord:
    """Restore one scene; see `engine.execute.execute`."""
    began = Beginning()
    with open_safely(Path(request.input.path), request.input.axes) as source:
        subject = choose_subject(source.info, request.input, request.roi)
        for warning in source.info.warnings:
            context.warn(warning)
        with (
            create_run(Path(request.out)) as folder,
            open_restorer(
                request.model, request.params, request.compute, request.seed, context
            ) as restorer,
        ):
            context.keep_log(folder.log)
            plan = plan_restoration(request, subject, restorer, context.warn)
            context.accept(plan.sentence(restorer.device.text))
            require_free_space(folder.out.parent, plan.needed_bytes, "The restored image")
            write_json(folder.file("model_card", "model_card.json"), restorer.card)
            work = _Work(request, context, source, subject, restorer, folder, plan)
            facts = _restore(work)
            result = _result(job_id, work, facts, began.seconds_ago)
            document = finished_run(request, result, began, _notes(work, facts))
            context.check()
            return replace(result, folder=str(folder.publish(document)))


def _restore(work: _Work) -> _Facts:
    sha256 = _identified(work)
    require_numbers(work.source, work.subject, work.context.check)
    channels = tuple(_channel(work, c) for c in work.subject.channels)
    if work.subject.pixel_sizes.lateral_um is None:
        work.context.warn(
            "The pixel size of the image is unknown: the result has none, and lengths in it are "
            "pixels; enter the pixel size to get micrometres"
        )
    with Scratch(work.run) as scratch:
        shape = work.stack_shape(work.restorer.card.scale)
        stacks = {kind: scratch.array(kind, shape) for kind in work.plan.outputs}
        _restore_planes(work, channels, stacks, scratch)
        agreement = _compare(work, stacks, scratch)
        _write(work, stacks, sha256, scratch.relieving(work.context.check))
        spread = stacks.get("spread")
        middle = None if spread is None else _thinned(spread[0, 0, spread.shape[2] // 2], scratch)
        median = None if middle is None else float(np.median(middle))
    normalisations = tuple(channel.normalisation for channel in channels)
    return _Facts(sha256, normalisations, agreement, median)


def _identified(work: _Work) -> str:
    """Give the hash of the input file and make sure that it is the file that was asked for."""
    wanted = work.request.input
    found = sha256_of(Path(wanted.path), work.context.check)
    if wanted.sha256 is not None and wanted.sha256 != found:
        raise InvalidInput(
            f"The file {wanted.path} changed since this job was made",
            "Restore the earlier file, or make the job again from the new one",
            f"SHA-256 {found}, expected {wanted.sha256}",
        )
    return found


def _channel(work: _Work, channel: int) -> _Channel:
    work.context.check()
    pixels = sample_stack(work.source, work.subject.scene, channel)
    try:
        measured = measure_normalisation(work.restorer.card.normalisation, pixels)
        return _Channel(measured, image_key(pixels))
    except InvalidInput as error:
        if len(work.subject.channels) == 1:
            raise
        name = work.subject.info.channels[channel].name
        raise InvalidInput(
            f"Channel {channel} ({name}): {error.title}", error.advice or "Choose another channel"
        ) from error


def _restore_planes(
    work: _Work,
    channels: tuple[_Channel, ...],
    stacks: dict[str, NDArray[np.float32]],
    scratch: Scratch,
) -> None:
    planes, canvases = work.subject.planes, Canvases(scratch)
    for number, where in enumerate(planes):
        channel = work.subject.channels.index(where.c)

        def tick(done: int, total: int, before: int = number) -> None:
            scratch.relieve()
            work.context.progress("Restoring", before * total + done, len(planes) * total)

        mean = stacks["mean"][where.t, channel, where.z]

        def show(samples: int, mean: NDArray[np.float32] = mean) -> None:
            work.context.preview("mean", _thinned(mean, scratch))

        job = PlaneJob(
            roi=work.subject.roi,
            normalisation=channels[channel].normalisation,
            samples=work.plan.samples,
            has_maps=True,
            image=channels[channel].key,
            canvases=canvases,
            on_mean=show,
        )
        sink = _StackSink(stacks, where, channel)
        restore_plane(work.restorer, open_plane(work.source, where), job, sink, tick)
        show(work.plan.samples)


def _thinned(plane: NDArray[np.float32], scratch: Scratch) -> NDArray[np.float32]:
    """Give every n-th pixel of a large plane, row by row: each of them brings whole pages along."""
    step = max(1, max(plane.shape) // _SMALLER_PREVIEW_PX)
    thin = np.empty((-(-plane.shape[0] // step), -(-plane.shape[1] // step)), np.float32)
    for number, row in enumerate(plane[::step]):
        thin[number] = row[::step]
        if number % _ROWS_BETWEEN == 0:
            scratch.relieve()
    return thin


class _StackSink:
    """Puts the parts of one plane into stacks of (T, C, Z, Y, X); samples that are not kept go."""

    def __init__(
        self, stacks: dict[str, NDArray[np.float32]], where: PlaneIndex, channel: int
    ) -> None:
        self._stacks = stacks
        self._place = (where.t, channel, where.z)

    def put(self, kind: str, block: Block) -> None:
        if kind in self._stacks:
            self._stacks[kind][self._place][block.place] = block.pixels


def _compare(
    work: _Work, stacks: dict[str, NDArray[np.float32]], scratch: Scratch
) -> Agreement | None:
    if not can_be_compared(work.subject):
        work.context.warn("The image is too small to compare the result with it")
        return None
    if work.restorer.card.normalisation.output is not None:
        work.context.warn(
            "The model answers in the units of the high-resolution images that it learnt from, so "
            "that the result was not compared with the raw image"
        )
        return None
    stacks["residual"] = scratch.array("residual", work.stack_shape(1))
    comparison = Comparison(
        work.source,
        work.subject,
        stacks["mean"],
        work.restorer.card.scale,
        scratch.relieving(work.context.check),
    )

    def tick(done: int, total: int) -> None:
        work.context.progress("Comparing with the raw image", done, total)

    return compare(comparison, stacks["residual"], tick)


def _write(
    work: _Work,
    stacks: dict[str, NDArray[np.float32]],
    sha256: str,
    check: Callable[[], None],
) -> None:
    making = _making(work, sha256)
    labels = _labels(work)
    fine = work.subject.pixel_sizes.divided(making.scale)
    for done, (kind, stack) in enumerate(stacks.items()):
        work.context.check()
        work.context.progress("Writing", done, len(stacks))
        role, relative = _naming(kind)
        metadata = ImageMetadata(
            pixel_sizes=work.subject.pixel_sizes if role == "residual" else fine,
            channels=work.subject.channel_infos,
            description=describe_picture(
                role, kind, labels.get(LABEL_NOTES.get(role, ""), ""), making.statement
            ),
            note=_place_note(work),
            acquisition=acquisition_of(work.subject.info),
            provenance=making.facts(role),
        )
        write_image(work.run.file(role, relative), stack, metadata, check)
    work.context.progress("Writing", len(stacks), len(stacks))


def _making(work: _Work, sha256: str) -> Making:
    card = work.restorer.card
    return Making(
        model_id=card.id,
        model_sha256=card.sha256,
        method=card.method,
        scale=card.scale,
        seed=work.request.seed,
        samples=work.plan.samples,
        input_path=work.request.input.path,
        input_sha256=sha256,
    )


def _naming(kind: str) -> tuple[str, str]:
    """Give role and relative path of one of the stacks."""
    if kind.isdecimal():
        return "sample", f"samples/{int(kind):03d}.ome.tif"
    return kind, f"{kind}.ome.tif"


def _place_note(work: _Work) -> str:
    """Say where a region lies in its image; empty for a whole image."""
    if work.request.roi is None:
        return ""
    roi, size = work.subject.roi, work.subject.pixel_sizes.lateral_um
    place = f"Region of {roi.width} x {roi.height} pixels at x = {roi.x}, y = {roi.y} of the input"
    return place if size is None else f"{place} ({roi.x * size:g} µm, {roi.y * size:g} µm)"


def _result(job_id: str, work: _Work, facts: _Facts, seconds: float) -> ResultRecord:
    numbers: list[Number] = []
    if facts.agreement is not None:
        numbers += [
            Number("Misfit to the raw image (χ² per pixel)", facts.agreement.chi2),
            Number(
                "Raw pixels off by more than 3 sigmas",
                100 * facts.agreement.fraction_over_3,
                unit="%",
            ),
        ]
    if facts.median_spread is not None:
        numbers.append(Number("Median spread", facts.median_spread, unit="input units"))
    numbers.append(Number("Duration", seconds, unit="s"))
    return ResultRecord(
        job_id=job_id,
        kind=work.request.kind.value,
        folder=str(work.run.out),
        files=work.run.files,
        numbers=tuple(numbers),
        warnings=work.context.warnings,
        device=work.restorer.device.text,
    )


def _notes(work: _Work, facts: _Facts) -> dict[str, Note]:
    card, subject = work.restorer.card, work.subject
    sizes, agreement = subject.pixel_sizes, facts.agreement
    notes: dict[str, Note] = {
        "input_path": work.request.input.path,
        "input_sha256": facts.sha256,
        "model_id": card.id,
        "model_sha256": card.sha256,
        "method_id": card.method,
        "claim": card.claim.value,
        "scale": card.scale,
        "samples_used": work.plan.samples,
        **_spread_notes(work),
        "seed": work.request.seed,
        "tile": work.restorer.tile,
        "precision": work.restorer.precision.precision.value,
        "precision_text": work.restorer.precision.text,
        "precision_db": work.restorer.precision.shown_db,
        "normalisation_low": facts.normalisations[0].low,
        "normalisation_high": facts.normalisations[0].high,
        "consistency_chi2": None if agreement is None else agreement.chi2,
        "consistency_over_3": None if agreement is None else agreement.fraction_over_3,
        "pixel_size_um": sizes.lateral_um,
        "pixel_size_origin": sizes.origin.value,
        "pixel_size_sr_um": sizes.divided(card.scale).lateral_um,
        "place": _place_note(work) or None,
    }
    for number, normalisation in enumerate(facts.normalisations[1:], start=1):
        notes[f"normalisation_low_{number}"] = normalisation.low
        notes[f"normalisation_high_{number}"] = normalisation.high
    return notes


def _spread_notes(work: _Work) -> dict[str, Note]:
    """Say what spread, interval and hint are, None for what was not made."""
    has_interval = "interval_low" in work.plan.outputs
    labels = _labels(work)
    return {
        **{note: labels.get(note) for note in LABEL_NOTES.values()},
        "spread_factor": work.restorer.spread_factor if work.plan.samples > 1 else None,
        "interval_level": INTERVAL_LEVEL if has_interval else None,
    }


def _labels(work: _Work) -> dict[str, str]:
    """Give what the pictures are that need words of their own, by the names of `LABEL_NOTES`."""
    found: dict[str, str] = {}
    sampling, count = work.restorer.spec.sampling, work.plan.samples
    if sampling is not None and count > 1:
        found["spread_label"] = sampling.label
    if "interval_low" in work.plan.outputs:
        found["interval_label"] = interval_label(count, work.restorer.spread_factor)
    if HINT in work.plan.outputs and isinstance(work.restorer.method, GivesHint):
        found["schedule_label"] = work.restorer.method.hint_label
    return found
