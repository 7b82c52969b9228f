"""The command `project`: make one, add files, list, place on plates, blind, export."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from superlens.cli.console import print_error, print_json
from superlens.cli.export import export_request
from superlens.cli.work import do_request
from superlens.core.errors import InvalidInput, JobCancelled, SuperlensError, describe_error
from superlens.core.jobs import ExportRequest, JobKind
from superlens.core.records import ImageRecord, ResultRecord
from superlens.core.units import PixelSizeOrigin
from superlens.io.store import ProjectStore
from superlens.workbench.headless import HeadlessProject, Wishes, coming_files
from superlens.workbench.import_plan import PlannedImage

_BATCH = 256
"""Images that are saved in one step: what was added by then stays when the rest is stopped."""


def project(arguments: argparse.Namespace) -> int:
    """Do one of the things that can be done to a project."""
    return _ACTIONS[arguments.action](arguments)


def _create(arguments: argparse.Namespace) -> int:
    with ProjectStore.create(arguments.folder) as store:
        print(store.folder)
    return 0


def _add(arguments: argparse.Namespace) -> int:
    wishes = Wishes(
        role=arguments.role,
        tags=tuple(arguments.tags),
        axes=arguments.axes,
        pixel_size_um=arguments.pixel_size_um,
        pattern=arguments.pattern,
        plate=arguments.plate,
        scenes=tuple(sorted(set(arguments.scenes))),
    )
    counts = {"added": 0, "known": 0, "refused": 0}
    with HeadlessProject(ProjectStore.open(arguments.folder)) as opened:
        coming: list[PlannedImage] = []
        for file in coming_files(arguments.files):
            try:
                planned = opened.planned(file, wishes)
            except SuperlensError as error:
                counts["refused"] += 1
                print_error(describe_error(error))
                continue
            counts["known" if planned is None else "added"] += 1
            coming += [] if planned is None else [planned]
            if len(coming) >= _BATCH:
                opened.take_in(coming)
                coming = []
        opened.take_in(coming)
    if arguments.json:
        print_json(counts)
    else:
        print(
            f"{counts['added']} added, {counts['known']} there already, {counts['refused']} refused"
        )
    return 1 if counts["refused"] else 0


def _list(arguments: argparse.Namespace) -> int:
    with HeadlessProject(ProjectStore.open(arguments.folder, read_only=True)) as opened:
        known = {image.id: image for image in opened.images()}
        order = opened.names.ordered(tuple(known))
        images = [_image_document(opened, known[image_id]) for image_id in order]
        runs = [_run_document(opened, *item) for item in opened.results()]
    if arguments.json:
        print_json({"images": images, "runs": runs})
        return 0
    for item in images:
        said = (item["well"], item["role"], *item["tags"])
        print("  ".join((item["name"], *(text for text in said if text))))
    for item in runs:
        print(f"{item['kind']}  {item['name']}")
    return 0


def _image_document(opened: HeadlessProject, image: ImageRecord) -> dict[str, Any]:
    shown = opened.names.shown(image)
    is_blinded = opened.names.is_blinded
    return {
        "id": image.id,
        "name": opened.names.of_image(image),
        "path": None if is_blinded else str(opened.path_of(image)),
        "role": shown.role.value,
        "well": ", ".join(shown.all_wells),
        "plate": "" if is_blinded else _plate_name(opened, image),
        "tags": list(shown.tags),
        "scenes": list(image.chosen_scenes),
        "axes": image.axes,
    }


def _plate_name(opened: HeadlessProject, image: ImageRecord) -> str:
    return next((plate.name for plate in opened.plates.all() if plate.id == image.plate), "")


def _run_document(
    opened: HeadlessProject, result: ResultRecord, images: tuple[ImageRecord, ...]
) -> dict[str, Any]:
    return {
        "kind": result.kind,
        "name": opened.names.of_run(result, images),
        "folder": None if opened.names.is_blinded else result.folder,
        "images": [image.id for image in images],
    }


def _plate(arguments: argparse.Namespace) -> int:
    is_read_only = arguments.read is None
    with HeadlessProject(ProjectStore.open(arguments.folder, read_only=is_read_only)) as opened:
        if arguments.read is not None:
            for warning in opened.plates.read_csv(arguments.read, arguments.name):
                print_error(describe_error(SuperlensError(warning)))
        if arguments.write is not None:
            _require_names(opened, "The plates")
            opened.plates.write_csv(arguments.write)
        plates = [
            {
                "name": opened.names.label(plate.name),
                "wells": plate.size.value,
                "described": len(plate.wells),
                "images": len(opened.plates.images_in(plate.id)),
            }
            for plate in opened.plates.all()
        ]
    if arguments.json:
        print_json({"plates": plates})
    else:
        for item in plates:
            print(
                f"{item['name']}  {item['wells']} wells, {item['described']} described, "
                f"{item['images']} images"
            )
    return 0


def _blind(arguments: argparse.Namespace) -> int:
    with HeadlessProject(ProjectStore.open(arguments.folder)) as opened:
        opened.names.blind()
    return 0


def _unblind(arguments: argparse.Namespace) -> int:
    with HeadlessProject(ProjectStore.open(arguments.folder)) as opened:
        opened.names.unblind(arguments.reason)
        for code, name in opened.names.key():
            print(f"{code}  {name}")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    """Export what the project holds; a failing one does not stop the others."""
    with HeadlessProject(ProjectStore.open(arguments.folder, read_only=True)) as opened:
        asked = replace(export_request(arguments, arguments.folder), mask=opened.names.mask())
        requests = [*_of_images(opened, asked)] if arguments.what == "images" else []
        kind = {"restored": JobKind.RESTORE, "measured": JobKind.MEASURE}.get(arguments.what)
        runs = [result for result, _ in opened.results() if result.kind == kind]
        requests += [replace(asked, source=result.folder) for result in runs]
    if not requests:
        raise InvalidInput(f"The project holds nothing that is {arguments.what}")
    paths: list[str] = []
    failures = 0
    for request in requests:
        try:
            result = do_request(request, "export")
        except JobCancelled:
            raise
        except SuperlensError as error:
            failures += 1
            print_error(describe_error(error))
            continue
        paths += [str(Path(result.folder) / file.path) for file in result.files]
    if arguments.json:
        print_json({"files": paths})
    else:
        for path in paths:
            print(path)
    return 1 if failures else 0


def _of_images(opened: HeadlessProject, asked: ExportRequest) -> list[ExportRequest]:
    return [
        replace(
            asked,
            source=str(opened.path_of(image)),
            axes=image.axes,
            scene=scene if len(image.info.scenes) > 1 else None,
            pixel_size_um=_entered_um(image, scene),
        )
        for image in opened.images()
        for scene in image.chosen_scenes
    ]


def _entered_um(image: ImageRecord, scene: int) -> float | None:
    sizes = image.info.scenes[scene].pixel_sizes
    return sizes.x if sizes.origin is PixelSizeOrigin.VERIFIED else None


def _require_names(opened: HeadlessProject, what: str) -> None:
    if opened.names.is_blinded:
        raise InvalidInput(f"{what} are blinded", "Unblind the project first")


_ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "create": _create,
    "add": _add,
    "list": _list,
    "plate": _plate,
    "blind": _blind,
    "unblind": _unblind,
    "export": _export,
}
