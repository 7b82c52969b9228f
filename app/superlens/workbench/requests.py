"""From what a user wants to complete requests, and how run folders are called.

Pure functions without Qt: the window and the command line build the same requests here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from superlens.core.assay import AssaySpec, ChannelRole, WellInfo
from superlens.core.blinding import Mask
from superlens.core.cards import ModelCard
from superlens.core.errors import InvalidInput, InvalidParameter
from superlens.core.jobs import (
    ComputePolicy,
    ExportRequest,
    FieldInput,
    ImportModelRequest,
    InputImage,
    JobRequest,
    KeepSamples,
    MeasureRequest,
    ReportRequest,
    RestoreRequest,
    Roi,
    ThumbnailRequest,
)
from superlens.core.parameters import ParameterValue, build, plain_values
from superlens.core.records import SceneInfo
from superlens.io.image_names import plain_name
from superlens.methods.catalogue import method_spec

_REPORT_ENDINGS = (".pdf", ".html")


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """What can be chosen for a restoration; everything has a default."""

    params: Mapping[str, ParameterValue | str] = field(default_factory=dict[str, ParameterValue])
    samples: int | None = None
    keep_samples: KeepSamples = KeepSamples.NONE
    roi: Roi | None = None
    seed: int = 0
    compute: ComputePolicy = field(default_factory=ComputePolicy)


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """What can be chosen for a measurement; everything has a default."""

    params: Mapping[str, ParameterValue | str] = field(default_factory=dict[str, ParameterValue])
    plate: tuple[WellInfo, ...] = ()
    model: ModelCard | None = None
    model_params: Mapping[str, ParameterValue | str] = field(
        default_factory=dict[str, ParameterValue]
    )
    samples: int = 0
    level: float = 0.9
    seed: int = 0
    compute: ComputePolicy = field(default_factory=ComputePolicy)


def restore_request(
    image: InputImage, model: ModelCard, out: Path, options: RestoreOptions | None = None
) -> RestoreRequest:
    """Give the request that super-resolves one scene, with every parameter written out.

    Args:
        image: file, scene and channel.
        model: card of the model; its identity goes into the request.
        out: the run folder to be made, see `new_run_folder`.
        options: what was chosen; None takes the defaults.

    Raises:
        InvalidParameter: an unknown parameter, a value out of range, negative samples.
    """
    chosen = options or RestoreOptions()
    if chosen.samples is not None and chosen.samples < 0:
        raise InvalidParameter(f"samples is {chosen.samples}", "Give 0 for a single answer")
    return RestoreRequest(
        input=image,
        model=model.ref,
        out=str(out),
        params=_model_params(model, chosen.params),
        samples=chosen.samples,
        keep_samples=chosen.keep_samples,
        roi=chosen.roi,
        seed=chosen.seed,
        compute=chosen.compute,
    )


def measure_request(
    assay: AssaySpec,
    fields: Sequence[FieldInput],
    out: Path,
    options: MeasureOptions | None = None,
) -> MeasureRequest:
    """Give the request that measures an assay, with every parameter written out.

    Raises:
        InvalidInput: no field, or a field lacks a channel that the assay needs.
        InvalidParameter: an unknown parameter or a value out of range.
    """
    chosen = options or MeasureOptions()
    _require_channels(assay, fields)
    model = chosen.model
    return MeasureRequest(
        assay=assay.id,
        fields=tuple(fields),
        out=str(out),
        plate=chosen.plate,
        params=plain_values(build(assay.params, chosen.params)),
        model=None if model is None else model.ref,
        model_params={} if model is None else _model_params(model, chosen.model_params),
        samples=chosen.samples,
        level=chosen.level,
        seed=chosen.seed,
        compute=chosen.compute,
    )


def report_request(
    runs: Sequence[Path], out: Path, title: str = "", mask: Mask | None = None
) -> ReportRequest:
    """Give the request that writes one report over finished runs; a mask hides their names.

    Raises:
        InvalidInput: no run, or a file name that is neither PDF nor HTML.
    """
    if not runs:
        raise InvalidInput("There is nothing to report", "Finish a restoration or a measurement")
    if out.suffix.lower() not in _REPORT_ENDINGS:
        raise InvalidInput(
            f"The report {out.name!r} is neither a PDF nor an HTML file",
            f"Name it {out.stem}.pdf or {out.stem}.html",
        )
    return ReportRequest(runs=tuple(str(run) for run in runs), out=str(out), title=title, mask=mask)


def field_of_scene(
    image: InputImage, well: str, name: str, channels: Mapping[str, int]
) -> FieldInput:
    """Give the field of view that one file with several channels shows.

    Args:
        image: file and scene.
        well: such as `A01`; empty without a plate.
        name: of the field within its well.
        channels: channel role id to channel number, see `guess_channels`.
    """
    return FieldInput(
        well,
        name,
        {role: replace(image, channel=number) for role, number in channels.items()},
    )


def guess_channels(scene: SceneInfo, roles: Sequence[ChannelRole]) -> dict[str, int]:
    """Give the channels of a scene whose names suggest the roles of an assay; maybe not all."""
    found: dict[str, int] = {}
    for role in roles:
        words = (role.id, *role.aliases)
        for number, channel in enumerate(scene.channels):
            if number not in found.values() and any(word in channel.name.lower() for word in words):
                found[role.id] = number
                break
    return found


def restore_stem(image_path: Path, model: ModelCard) -> str:
    """Give the beginning of a run folder's name: `<name>_SR_<model>_<scale>x`."""
    return named_stem(plain_name(image_path), model)


def named_stem(name: str, model: ModelCard) -> str:
    """Give what `restore_stem` gives, from the name or the code of an image."""
    return f"{name}_SR_{model.id}_{model.scale}x"


def new_run_folder(parent: Path, stem: str, taken: Collection[Path] = ()) -> Path:
    """Give `<parent>/<stem>-<n>` with the smallest n from 1 that nothing uses yet.

    Args:
        parent: the folder of runs, such as `<project>/results`.
        stem: see `restore_stem`; of other runs the assay's id.
        taken: run folders that queued jobs will make.
    """
    number = 1
    while True:
        folder = parent / f"{stem}-{number}"
        if folder not in taken and not folder.exists() and not partial_of(folder).exists():
            return folder
        number += 1


def partial_of(run: Path) -> Path:
    """Give the folder in which an unfinished run is written."""
    return run.with_name(f"{run.name}.partial")


def run_folder_of(request: JobRequest) -> Path | None:
    """Give the run folder that a job will make; None for what goes elsewhere, such as a report."""
    match request:
        case ReportRequest() | ThumbnailRequest() | ImportModelRequest() | ExportRequest():
            return None
        case _:
            return Path(request.out)


def inputs_of(request: JobRequest) -> tuple[frozenset[Path], frozenset[Path]]:
    """Give the image files and the run folders that a job reads."""
    match request:
        case RestoreRequest():
            return frozenset({Path(request.input.path)}), frozenset()
        case MeasureRequest():
            images = (image for item in request.fields for image in item.channels.values())
            return frozenset(Path(image.path) for image in images), frozenset()
        case ReportRequest():
            return frozenset(), frozenset(Path(run) for run in request.runs)
        case _:
            return frozenset(), frozenset()


def _model_params(
    model: ModelCard, values: Mapping[str, ParameterValue | str]
) -> dict[str, ParameterValue]:
    return plain_values(build(method_spec(model.method).restore_params, values))


def _require_channels(assay: AssaySpec, fields: Sequence[FieldInput]) -> None:
    if not fields:
        raise InvalidInput("There is no field to measure", "Choose images or a plate map")
    for item in fields:
        missing = [role.id for role in assay.channels_required if role.id not in item.channels]
        if missing:
            raise InvalidInput(
                f"The field {item.well} {item.name} lacks the channel {missing[0]!r}",
                f"Say which channel shows it: {assay.title} needs "
                + ", ".join(role.title for role in assay.channels_required),
            )
