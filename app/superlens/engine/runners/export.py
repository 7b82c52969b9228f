"""The export job: pictures are copied into a folder of the user, each whole or not at all.

Torch-free. What the copies say of themselves comes from the run or the image that they are of.
"""

import tempfile
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens import __version__
from superlens.core.blinding import Mask
from superlens.core.errors import UnsupportedImage
from superlens.core.jobs import ExportFormat, ExportRequest, Roi
from superlens.core.records import ResultFile, ResultRecord, SceneInfo
from superlens.core.units import PixelSizes, entered_pixel_size
from superlens.engine.context import JobContext
from superlens.engine.device import describe_cpu
from superlens.engine.export_figure import figure_of
from superlens.engine.export_plan import (
    ExportItem,
    ExportPlan,
    making_of,
    name_of_image,
    plan_export,
)
from superlens.engine.export_values import ValueMap, choose_values
from superlens.engine.image_reading import PlaneIndex, open_plane
from superlens.engine.provenance import LABEL_NOTES, describe_picture
from superlens.engine.scratch import mapped_array
from superlens.io.atomic import replace_file
from superlens.io.carried_facts import carried_facts
from superlens.io.disk import require_free_space
from superlens.io.image_metadata import Facts, ImageMetadata, acquisition_of
from superlens.io.image_writer import write_image
from superlens.io.imagej_writer import require_imagej_size, write_imagej
from superlens.io.images import ImageSource
from superlens.io.label_writing import write_geojson, write_label_image
from superlens.io.reading import open_safely
from superlens.io.roi_writer import write_rois
from superlens.io.runs import RunDocument
from superlens.io.system_errors import writing
from superlens.io.zarr_writer import ZarrLayout, ZarrVersion, write_zarr

_BAND_PIXELS = 1 << 24
_ROOM_PER_BYTE = 2.5
"""A scratch copy, its pyramid, and the file, were it not compressed at all."""
_RGB_ADVICE = "Export the channels of the microscope as grey images without colours burnt in"


@dataclass(frozen=True, slots=True)
class _Work:
    request: ExportRequest
    context: JobContext
    plan: ExportPlan


def run(job_id: str, request: ExportRequest, context: JobContext) -> ResultRecord:
    """Export the pictures of a run or of an image; see `engine.execute.execute`.

    Returns:
        The folder and the files in it; nothing else is written.

    Raises:
        MissingFile: there is no such run or image.
        InvalidInput: as `plan_export`, or a picture does not fit into the format.
        UnsupportedImage: the image is a colour picture.
        JobCancelled: the user asked to stop; files that were whole by then stay.
    """
    work = _Work(request, context, plan_export(request))
    out = Path(request.out).absolute()
    for path in work.plan.skipped:
        context.warn(f"{path.name} stands already and was skipped")
    count = len(work.plan.items)
    context.accept(f"Export {count} file{'' if count == 1 else 's'} as {request.file_format}")
    written: list[ResultFile] = []
    for item in work.plan.items:
        context.check()
        done = _export(work, item)
        written += [ResultFile(item.role, path.relative_to(out).as_posix()) for path in done]
    return ResultRecord(
        job_id=job_id,
        kind=request.kind.value,
        folder=str(out),
        files=tuple(written),
        warnings=context.warnings,
        device=describe_cpu().name,
    )


def _export(work: _Work, item: ExportItem) -> list[Path]:
    """Write one item and give what now stands."""
    if item.role == "labels":
        _write_objects(work, Path(item.sources[0].path), item.target)
        return [item.target]
    if work.request.file_format is ExportFormat.PNG:
        png = figure_of(work.plan, item, work.request, work.context)
        with replace_file(item.target) as part:
            part.write_bytes(png)
        return [item.target]
    with open_safely(Path(item.sources[0].path), _axes(work)) as source:
        _export_stack(work, item, source)
    if work.request.labels is None or work.request.file_format is not ExportFormat.IMAGEJ:
        return [item.target]
    rois = item.target.with_name(f"{item.target.stem}_RoiSet.zip")
    _write_objects(work, Path(work.request.labels), rois)
    return [item.target, rois]


def _axes(work: _Work) -> str:
    """Give what the user calls the axes of an image; our own pictures of a run need none."""
    return work.request.axes if work.plan.run is None else ""


def _write_objects(work: _Work, labels: Path, target: Path) -> None:
    with open_safely(labels) as source:
        plane = source.plane(0, 0, 0, 0)
    if plane.ndim != 2 or plane.dtype.kind not in "ui":
        raise UnsupportedImage(
            f"{labels.name} shows no labelled objects: its pixels are {plane.dtype.name}",
            "Choose an image whose pixels are the whole numbers of objects",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    check = work.context.check
    match work.request.file_format:
        case ExportFormat.GEOJSON:
            write_geojson(target, plane, check)
        case ExportFormat.OME_TIFF:
            pixel_um, facts = _of_measurement(work.plan.run)
            write_label_image(target, plane, work.request.pixel_size_um or pixel_um, facts, check)
        case _:
            write_rois(target, plane, check)


def _of_measurement(run: RunDocument | None) -> tuple[float | None, Facts]:
    """Give the pixel size of the labels of a measurement, and what is said of their making."""
    if run is None:
        return None, ()
    size, assay = run.notes.get("overlay_pixel_um"), str(run.notes.get("assay") or "")
    facts = (("Picture", "labels"), ("Assay", assay), ("Software", f"Superlens {__version__}"))
    return (float(size) if isinstance(size, (int, float)) else None), facts


def _export_stack(work: _Work, item: ExportItem, source: ImageSource) -> None:
    info = source.info.scenes[item.scene]
    for warning in source.info.warnings:
        work.context.warn(warning)
    if info.is_rgb:
        raise UnsupportedImage(f"{source.info.path} is a colour picture (RGB)", _RGB_ADVICE)
    folder = item.target.parent
    size = int(np.prod(info.shape)) * max(4, np.dtype(info.dtype).itemsize)
    if work.request.file_format is ExportFormat.IMAGEJ:
        least = 2 if work.request.is_16_bit else min(4, np.dtype(info.dtype).itemsize)
        require_imagej_size(item.target, int(np.prod(info.shape)) * least)
    require_free_space(folder, int(size * _ROOM_PER_BYTE), f"The export of {item.target.name}")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        room = tempfile.TemporaryDirectory(
            dir=folder, prefix=".export-", ignore_cleanup_errors=True
        )
    with room as scratch:
        try:
            stack = _read(work, source, item.scene, Path(scratch) / "stack")
            stored, values = choose_values(stack, work.request, Path(scratch), work.context)
            _write(work, item.target, stored, _metadata(work, item, info, values), values)
        except BaseException as error:
            # The frames that an error remembers would keep the maps open.
            traceback.clear_frames(error.__traceback__)
            raise
        finally:
            stack = stored = None


def _read(work: _Work, source: ImageSource, scene: int, scratch: Path) -> NDArray[Any]:
    """Copy a scene into a scratch file, so that every plane is decoded once: (T, C, Z, Y, X)."""
    info = source.info.scenes[scene]
    stack = mapped_array(scratch, np.dtype(info.dtype), info.shape)
    total = int(np.prod(info.shape[:3]))
    for done, (t, c, z) in enumerate(np.ndindex(*info.shape[:3])):
        read, (height, width) = open_plane(source, PlaneIndex(scene, t, c, z))
        rows = max(1, _BAND_PIXELS // width)
        for top in range(0, height, rows):
            work.context.check()
            band = Roi(0, top, width, min(rows, height - top))
            stack[t, c, z, top : top + band.height] = read(band)
        work.context.progress("Reading", done + 1, total)
    return stack


def _metadata(
    work: _Work, item: ExportItem, info: SceneInfo, values: ValueMap | None
) -> ImageMetadata:
    restoration = work.plan.restoration
    sizes = _sizes(work.request, info)
    metadata = ImageMetadata(
        sizes,
        info.channels,
        "",
        acquisition=acquisition_of(info),
        name=info.name if work.request.mask is None else work.request.mask.text(info.name),
    )
    if work.plan.run is not None and restoration is not None:
        making = making_of(work.plan.run, restoration, work.request.mask)
        label = str(work.plan.run.notes.get(LABEL_NOTES.get(item.role, "")) or "")
        number = Path(item.sources[0].path).name.split(".")[0]
        metadata = replace(
            metadata,
            description=describe_picture(item.role, number, label, making.statement),
            note=str(work.plan.run.notes.get("place") or ""),
            provenance=making.facts(item.role),
        )
    else:
        metadata = _with_carried(metadata, Path(work.request.source), work.request.mask)
    if values is not None:
        metadata = replace(
            metadata,
            description=f"{metadata.description}; {values.sentence}".removeprefix("; "),
            provenance=(*metadata.provenance, *values.facts),
        )
    return metadata


def _with_carried(metadata: ImageMetadata, source: Path, mask: Mask | None) -> ImageMetadata:
    """Add what an image says of its own making, so that a copy of a copy is still known as one."""
    name = source.name if mask is None else name_of_image(source, mask)
    telling = () if mask is None else ("Input", "Input SHA-256")
    facts = tuple(item for item in carried_facts(source) if item[0] not in telling)
    own = (("Copied from", name), ("Copied by", f"Superlens {__version__}"))
    said = dict(facts)
    earlier = tuple(item for item in facts if item[0] not in dict(own))
    return replace(metadata, description=said.get("Statement", ""), provenance=(*earlier, *own))


def _sizes(request: ExportRequest, info: SceneInfo) -> PixelSizes:
    if request.pixel_size_um is None:
        return info.pixel_sizes
    return entered_pixel_size(request.pixel_size_um, info.pixel_sizes)


def _write(
    work: _Work,
    target: Path,
    stack: NDArray[Any],
    metadata: ImageMetadata,
    values: ValueMap | None,
) -> None:
    check = work.context.check
    work.context.progress("Writing", 0, 1)
    match work.request.file_format:
        case ExportFormat.OME_TIFF:
            write_image(target, stack, metadata, check)
        case ExportFormat.OME_ZARR_05:
            layout = ZarrLayout(ZarrVersion.V05, work.request.is_sharded)
            write_zarr(target, stack, metadata, layout, check)
        case ExportFormat.OME_ZARR_04:
            write_zarr(target, stack, metadata, ZarrLayout(ZarrVersion.V04), check)
        case ExportFormat.IMAGEJ:
            line = None if values is None else (values.scale, values.offset)
            write_imagej(target, stack, metadata, line, check)
        case ExportFormat.PNG | ExportFormat.GEOJSON:
            raise ValueError(f"{work.request.file_format} holds no stack")
    work.context.progress("Writing", 1, 1)
