"""What an export copies, and how the copies are called; nothing is written here. Torch-free."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from superlens.core.blinding import Mask
from superlens.core.errors import InvalidInput, InvalidParameter, MissingFile, SuperlensError
from superlens.core.jobs import (
    ExportFormat,
    ExportRequest,
    JobKind,
    MeasureRequest,
    RestoreRequest,
    WhenTaken,
)
from superlens.core.records import ImageInfo, ResultFile
from superlens.engine.measure_output import label_stem
from superlens.engine.provenance import Making
from superlens.io.image_names import plain_name
from superlens.io.images.recognition import is_zarr_folder
from superlens.io.reading import probe_safely
from superlens.io.runs import JOB_FILE, RunDocument, read_run, request_of

_LABELS = "labels"
_DEFAULT_ROLES = ("mean", "spread", "residual")
_ENDINGS = {
    ExportFormat.OME_TIFF: ".ome.tif",
    ExportFormat.OME_ZARR_05: ".ome.zarr",
    ExportFormat.OME_ZARR_04: ".ome.zarr",
    ExportFormat.IMAGEJ: ".tif",
    ExportFormat.PNG: ".png",
    ExportFormat.GEOJSON: ".geojson",
}
_LABEL_ENDINGS = {
    ExportFormat.IMAGEJ: "_RoiSet.zip",
    ExportFormat.OME_TIFF: "_labels.ome.tif",
    ExportFormat.GEOJSON: ".geojson",
}
"""Of labelled objects, in the formats that have a way to say them."""


@dataclass(frozen=True, slots=True)
class ExportItem:
    """One file or folder that an export writes."""

    sources: tuple[ResultFile, ...]
    """Role and absolute path of each picture that goes into it."""
    target: Path
    scene: int = 0

    @property
    def role(self) -> str:
        """What the first of its pictures is."""
        return self.sources[0].role


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """Everything that an export writes."""

    items: tuple[ExportItem, ...]
    run: RunDocument | None = None
    """The run that the pictures come from."""
    skipped: tuple[Path, ...] = ()
    """Targets that stand already and stay as they are."""

    @property
    def restoration(self) -> RestoreRequest | None:
        """What was asked of the restoration that the pictures come from."""
        request = None if self.run is None else request_of(self.run)
        return request if isinstance(request, RestoreRequest) else None


def plan_export(request: ExportRequest) -> ExportPlan:
    """Give what an export writes, after looking at what stands in its folder.

    Raises:
        MissingFile: there is no such run or image.
        InvalidInput: there is nothing to export, or files of the same names stand and the request
            asks to be told so.
        InvalidParameter: no such scene, or the image lies outside the mirrored folder.
    """
    plan = _wanted(request)
    taken = [item.target for item in plan.items if item.target.exists()]
    match request.when_taken:
        case _ if not taken:
            return plan
        case WhenTaken.ASK:
            raise InvalidInput(
                f"{_listed(taken)} in {taken[0].parent} would be replaced",
                "Choose to skip, replace or rename, or choose another folder",
            )
        case WhenTaken.SKIP:
            left = tuple(item for item in plan.items if item.target not in taken)
            return replace(plan, items=left, skipped=tuple(taken))
        case WhenTaken.REPLACE:
            _protect(plan)
            return plan
        case WhenTaken.RENAME:
            return replace(plan, items=_renamed(plan.items))


def taken_names(request: ExportRequest) -> tuple[str, ...]:
    """Give the names of what stands already where an export would write; errors as its plan."""
    return tuple(item.target.name for item in _wanted(request).items if item.target.exists())


def making_of(run: RunDocument, request: RestoreRequest, mask: Mask | None = None) -> Making:
    """Give what made the pictures of a restoration that is finished, with its input's code."""
    notes, path = run.notes, request.input.path
    sha256 = str(notes.get("input_sha256") or request.input.sha256 or "")
    return Making(
        model_id=request.model.id,
        model_sha256=str(notes.get("model_sha256") or request.model.sha256),
        method=str(notes.get("method_id") or ""),
        scale=int(notes.get("scale") or 1),
        seed=request.seed,
        samples=int(notes.get("samples_used") or 0),
        input_path=path if mask is None else mask.file(path),
        input_sha256=sha256 if mask is None else "",
        version=run.versions.superlens,
    )


def _wanted(request: ExportRequest) -> ExportPlan:
    source = Path(request.source)
    if not source.exists():
        raise MissingFile(f"There is no run and no image {source}", "Check the name and the folder")
    if (source / JOB_FILE).is_file():
        return _of_run(request, read_run(source))
    owner = _run_around(source)
    if owner is not None:
        role = _role_in(owner, source)
        if role is not None:
            return _of_run(replace(request, roles=(role,)), owner, only=source)
    return _of_image(request, probe_safely(source, request.axes))


def _of_run(request: ExportRequest, run: RunDocument, only: Path | None = None) -> ExportPlan:
    files = [
        ResultFile(file.role, str(Path(run.result.folder) / file.path)) for file in run.result.files
    ]
    if only is not None:
        files = [file for file in files if Path(file.path).samefile(only)]
    if run.kind is JobKind.MEASURE and request.file_format in _LABEL_ENDINGS:
        return ExportPlan(_labels(request, run, files), run)
    if run.kind is not JobKind.RESTORE or request.file_format is ExportFormat.GEOJSON:
        raise InvalidInput(
            f"The run {run.result.folder} holds nothing for {request.file_format}",
            "Choose a super-resolved image, or a measurement and one of the formats "
            + ", ".join(_LABEL_ENDINGS),
        )
    roles = request.roles or _DEFAULT_ROLES
    pictures = [file for role in roles for file in files if file.role == role]
    if not pictures:
        raise InvalidInput(
            f"The run {run.result.folder} holds no {' and no '.join(roles)}",
            f"It holds {', '.join(dict.fromkeys(file.role for file in files))}",
        )
    stem = _place(request, _input_path(run)) / _stem_of(run, request.mask)
    if request.file_format is ExportFormat.PNG:
        return ExportPlan((_item(tuple(pictures), stem, request),), run)
    return ExportPlan(
        tuple(
            _item((file,), stem.with_name(stem.name + _suffix(file)), request) for file in pictures
        ),
        run,
    )


def _labels(
    request: ExportRequest, run: RunDocument, files: list[ResultFile]
) -> tuple[ExportItem, ...]:
    labels = [file for file in files if file.role == _LABELS]
    if not labels:
        raise InvalidInput(
            f"The run {request.source} holds no labels", "Choose one that measured objects"
        )
    out, ending = Path(request.out), _LABEL_ENDINGS[request.file_format]
    names = _codes_of_fields(run, request.mask)
    stems = (plain_name(Path(file.path)) for file in labels)
    return tuple(
        ExportItem((file,), out / f"{names.get(stem, stem)}{ending}")
        for file, stem in zip(labels, stems, strict=True)
    )


def _codes_of_fields(run: RunDocument, mask: Mask | None) -> dict[str, str]:
    """Give the codes of the fields of a measurement by the names of their label images."""
    request = request_of(run)
    if mask is None or not isinstance(request, MeasureRequest):
        return {}
    found: dict[str, str] = {}
    for item in request.fields:
        image = next(iter(item.channels.values()), None)
        code = mask.text(item.name) if image is None else mask.file(image.path)
        parts = (mask.text(item.well), code)
        found[label_stem(item.well, item.name)] = "_".join(part for part in parts if part)
    return found


def _of_image(request: ExportRequest, info: ImageInfo) -> ExportPlan:
    path = Path(request.source)
    scenes = range(len(info.scenes)) if request.scene is None else (request.scene,)
    if not all(0 <= scene < len(info.scenes) for scene in scenes):
        raise InvalidParameter(
            f"There is no scene {request.scene} in {path}",
            f"Its scenes are 0 to {len(info.scenes) - 1}",
        )
    stem = _place(request, path) / name_of_image(path, request.mask)
    names = _names_of_scenes(info, request.mask)
    if request.file_format is ExportFormat.GEOJSON:
        target = stem.with_name(f"{stem.name}{_LABEL_ENDINGS[request.file_format]}")
        return ExportPlan((ExportItem((ResultFile(_LABELS, str(path)),), target),))
    items = tuple(
        replace(
            _item(
                (ResultFile("image", str(path)),), stem.with_name(stem.name + names[scene]), request
            ),
            scene=scene,
        )
        for scene in scenes
    )
    return ExportPlan(items)


def name_of_image(path: Path, mask: Mask | None) -> str:
    """Give the name of an image file without its ending, or its code."""
    return plain_name(path) if mask is None else mask.file(str(path.absolute()))


def _names_of_scenes(info: ImageInfo, mask: Mask | None) -> list[str]:
    """Give what each scene adds to the name of its file; nothing where there is only one."""
    if len(info.scenes) == 1:
        return [""]
    called = (scene.name if mask is None else mask.text(scene.name) for scene in info.scenes)
    names = [f"_{plain_name(Path(name.replace('/', '_') or 'scene'))}" for name in called]
    return [
        name if names.count(name) == 1 else f"{name}_{number}"
        for number, name in enumerate(names, start=1)
    ]


def _item(sources: tuple[ResultFile, ...], stem: Path, request: ExportRequest) -> ExportItem:
    return ExportItem(sources, stem.with_name(stem.name + _ENDINGS[request.file_format]))


def _suffix(file: ResultFile) -> str:
    match file.role:
        case "mean":
            return ""
        case "sample":
            return f"_sample-{plain_name(Path(file.path))}"
        case role:
            return f"_{role}"


def _stem_of(run: RunDocument, mask: Mask | None) -> str:
    request = request_of(run)
    if not isinstance(request, RestoreRequest):
        raise TypeError(f"a {run.kind} has no pictures")
    scale = int(run.notes.get("scale") or 1)
    name = plain_name(_input_path(run)) if mask is None else mask.file(request.input.path)
    return f"{name}_SR_{request.model.id}_{scale}x"


def _input_path(run: RunDocument) -> Path:
    request = request_of(run)
    path = request.input.path if isinstance(request, RestoreRequest) else run.result.folder
    # A run may come from another system, whose separators are no part of a name.
    return Path(path) if Path(path).is_absolute() else Path(PurePath(path.replace("\\", "/")).name)


def _place(request: ExportRequest, image: Path) -> Path:
    """Give the folder for the copies of what was made of an image."""
    out = Path(request.out).absolute()
    if request.mirrored is None:
        return out
    root, folder = Path(request.mirrored).absolute(), image.absolute().parent
    if not folder.is_relative_to(root):
        raise InvalidParameter(
            f"{image} does not lie in {root}, whose folders are to be made again",
            "Choose a folder above it, or none",
        )
    return out / folder.relative_to(root)


def _run_around(path: Path) -> RunDocument | None:
    """Give the run whose folder a file lies in, at most one folder deep."""
    for folder in tuple(path.absolute().parents)[:2]:
        if (folder / JOB_FILE).is_file():
            # A document that cannot be read does not keep anybody from copying an image.
            with suppress(SuperlensError):
                return read_run(folder)
    return None


def _role_in(run: RunDocument, path: Path) -> str | None:
    if run.kind not in (JobKind.RESTORE, JobKind.MEASURE):
        return None
    found = (
        file.role
        for file in run.result.files
        if (Path(run.result.folder) / file.path).absolute() == path.absolute()
    )
    return next(found, None)


def _protect(plan: ExportPlan) -> None:
    """Refuse to replace what is no copy: the pictures themselves, or a folder of other things."""
    for item in plan.items:
        if item.target.is_dir() and not is_zarr_folder(item.target):
            raise InvalidInput(
                f"{item.target} is a folder that holds no OME-Zarr image, and is not replaced",
                "Move it away, choose another folder, or rename",
            )
        for source in item.sources:
            if item.target.exists() and item.target.samefile(source.path):
                raise InvalidInput(
                    f"{item.target} would be replaced by its own copy",
                    "Choose another folder, or rename",
                )


def _renamed(items: Iterable[ExportItem]) -> tuple[ExportItem, ...]:
    """Number all targets alike, so that what belongs together is seen to."""
    number = 2
    while True:
        numbered = tuple(replace(item, target=_numbered(item.target, number)) for item in items)
        if not any(item.target.exists() for item in numbered):
            return numbered
        number += 1


def _numbered(path: Path, number: int) -> Path:
    endings = (*_ENDINGS.values(), *_LABEL_ENDINGS.values())
    ending = max((item for item in endings if path.name.endswith(item)), key=len)
    return path.with_name(f"{path.name.removesuffix(ending)}-{number}{ending}")


def _listed(taken: list[Path]) -> str:
    names = [path.name for path in taken]
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")
