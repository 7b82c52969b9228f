"""A project without a window and without engines: what the command line does to one.

QtCore only, and no event loop. Files are read in the reader process, one after the other.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from superlens.core.errors import InvalidInput, InvalidParameter
from superlens.core.records import ImageInfo, ImageRecord, ImageRole, ResultRecord
from superlens.core.units import entered_pixel_size
from superlens.io.hashing import quick_identity
from superlens.io.image_listing import image_files_in
from superlens.io.image_names import plain_name
from superlens.io.images.recognition import is_zarr_folder
from superlens.io.images.relabelled import STACK_AXES, axis_names, full_axes, relabelled_info
from superlens.io.plate_names import PRESETS, ParsedName, parse_names, wells_of_scenes
from superlens.io.reading import probe_safely
from superlens.io.store import ProjectStore
from superlens.workbench.import_plan import PlannedImage, take_in
from superlens.workbench.places import ProjectPlaces
from superlens.workbench.project_images import ProjectImages
from superlens.workbench.project_names import ProjectNames
from superlens.workbench.project_plates import ProjectPlates


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is said of files that are added; everything has a default."""

    role: ImageRole = ImageRole.IMAGE
    tags: tuple[str, ...] = ()
    axes: str = ""
    """As in `InputImage`."""
    pixel_size_um: float | None = None
    pattern: str = ""
    """Id of a preset of names, or a regular expression; empty: names say no well."""
    plate: str = ""
    """Of files whose names say a well but no plate; empty: the name of their folder."""
    scenes: tuple[int, ...] = ()
    """Empty: all."""


@dataclass(frozen=True, slots=True)
class ComingFile:
    """A file that is to be added."""

    path: Path
    """Absolute."""
    name: str
    """Below the folder that was asked for, with `/`: what patterns of names are tried on."""


class HeadlessProject:
    """An open project, to be closed.

    Attributes (read only): `plates: ProjectPlates`, `names: ProjectNames` (blinding).
    """

    def __init__(self, store: ProjectStore) -> None:
        """Read what an open store holds; it is closed with this."""
        self._store = store
        self._places = ProjectPlaces(store.folder)
        self._images = ProjectImages(store)
        self.plates = ProjectPlates(store, self._images)
        self.names = ProjectNames(store, self._images, self.path_of)

    @property
    def folder(self) -> Path:
        """The project folder, absolute."""
        return self._store.folder

    def images(self) -> tuple[ImageRecord, ...]:
        """Give all images in the order of import."""
        return self._images.all()

    def results(self) -> tuple[tuple[ResultRecord, tuple[ImageRecord, ...]], ...]:
        """Give all results with absolute folders, oldest first, and the images they belong to."""
        return tuple(
            (
                replace(item.result, folder=str(self._places.absolute(item.result.folder))),
                tuple(self._images.get(one) for one in item.image_ids if one in self._images),
            )
            for item in self._store.results()
        )

    def path_of(self, image: ImageRecord) -> Path:
        """Give the absolute path of an image's file, there or not."""
        return self._places.absolute(image.path)

    def planned(self, file: ComingFile, wishes: Wishes) -> PlannedImage | None:
        """Read a file and give the image it would be; None for one that is there already.

        Raises:
            InvalidParameter: its axes or scenes are not as wished.
            SuperlensError: it cannot be read, or its name fits no well.
        """
        identity = quick_identity(file.path)
        if self._images.twin_of(identity) is not None:
            return None
        found = probe_safely(file.path)
        info, axes = _as_wished(found, wishes), _all_letters(found, wishes.axes)
        link = self._places.portable(file.path)
        parsed = _parsed(file.name, wishes.pattern)
        wells = () if parsed is not None else _wells_of(info)
        image = ImageRecord(
            uuid.uuid4().hex[:12],
            link,
            identity,
            replace(info, path=link),
            role=wishes.role,
            tags=wishes.tags,
            well=None if parsed is None else parsed.well,
            field="" if parsed is None else parsed.field,
            wells=wells,
            seen_at=str(file.path),
            axes=axes,
            scenes=wishes.scenes,
        )
        return PlannedImage(image, _plate_of(file.path, parsed, wells, wishes))

    def take_in(self, planned: Sequence[PlannedImage]) -> None:
        """Add images, and plates that they name and that are not there yet.

        Raises:
            InvalidInput: wells are on no plate.
            SuperlensError: it could not be saved.
        """
        take_in(self, planned)

    def add_images(self, images: Sequence[ImageRecord]) -> None:
        """Add images, all or none; errors as the store's."""
        self._images.add(*images)

    def close(self) -> None:
        """Close the project; a second call does nothing."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def coming_files(paths: Sequence[Path]) -> Iterator[ComingFile]:
    """Give files, and the image files in folders, each once, in their order."""
    seen: set[Path] = set()
    for asked in (path.absolute() for path in paths):
        is_folder = asked.is_dir() and not is_zarr_folder(asked)
        for path in image_files_in(asked) if is_folder else (asked,):
            if path not in seen:
                seen.add(path)
                name = path.relative_to(asked).as_posix() if is_folder else path.name
                yield ComingFile(path, name)


def _as_wished(info: ImageInfo, wishes: Wishes) -> ImageInfo:
    """Give what a file holds, with the axes and the pixel size that the user says."""
    odd = [scene for scene in wishes.scenes if scene >= len(info.scenes)]
    if odd:
        raise InvalidParameter(
            f"There is no scene {odd[0]} in {info.path}",
            f"Its scenes are 0 to {len(info.scenes) - 1}",
        )
    named = relabelled_info(info, wishes.axes)
    if wishes.pixel_size_um is None:
        return named
    um = wishes.pixel_size_um
    scenes = (
        replace(scene, pixel_sizes=entered_pixel_size(um, scene.pixel_sizes))
        for scene in named.scenes
    )
    return replace(named, scenes=tuple(scenes))


def _all_letters(info: ImageInfo, axes: str) -> str:
    """Give the axes in the form that means the same for every scene."""
    stacks = (s for s in info.scenes if any(s.size(axis) > 1 for axis in STACK_AXES))
    first = next(stacks, None)
    return "" if first is None else full_axes(axis_names(first, axes))


def _parsed(name: str, pattern: str) -> ParsedName | None:
    if not pattern:
        return None
    preset = next((item.pattern for item in PRESETS if item.id == pattern), pattern)
    (found,) = parse_names((name,), preset)
    if found.problem:
        raise InvalidInput(
            f"{name}: {found.problem[:1].lower()}{found.problem[1:]}",
            "Choose another pattern, or add this file without one",
        )
    return found


def _wells_of(info: ImageInfo) -> tuple[str, ...]:
    return wells_of_scenes([scene.name for scene in info.scenes]) if len(info.scenes) > 1 else ()


def _plate_of(path: Path, parsed: ParsedName | None, wells: tuple[str, ...], wishes: Wishes) -> str:
    if wells:  # a file with a well in each scene is a plate by itself
        return wishes.plate or plain_name(path)
    if parsed is None:
        return ""
    return parsed.plate or wishes.plate or path.parent.name
