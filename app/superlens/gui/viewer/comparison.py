"""What the three panes show of an image and its result: from records to addresses. No Qt."""

import logging
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from superlens.core.cards import ModelCard
from superlens.core.errors import InvalidInput, SuperlensError
from superlens.core.jobs import RestoreRequest
from superlens.core.records import ImageRecord, SceneInfo
from superlens.gui.viewer.geometry import Placement, placement_of
from superlens.gui.viewer.levels import PlaneAddress
from superlens.io.codec import read_json
from superlens.io.runs import RunDocument, read_run, request_of

logger = logging.getLogger(__name__)


class MapKind(StrEnum):
    """What the third pane can show of a result."""

    SPREAD = "spread"
    """Standard deviation over the samples."""
    WIDTH = "width"
    """Upper less lower end of the 90 % interval."""
    RESIDUAL = "residual"
    """Raw image less degraded result, in sigmas of the expected noise."""
    PERSISTENCE = "persistence"
    """Share of the samples that show a structure."""
    SCHEDULE = "schedule"
    """Where the method expects difficulty: a qualitative hint, no uncertainty."""


_FILES = {
    MapKind.SPREAD: ("spread",),
    MapKind.WIDTH: ("interval_high", "interval_low"),
    MapKind.RESIDUAL: ("residual",),
    MapKind.PERSISTENCE: ("persistence",),
    MapKind.SCHEDULE: ("schedule",),
}
"""Roles of the files that a map is made of; the second one is taken off the first."""


@dataclass(frozen=True, slots=True)
class Indices:
    """Which plane of an image is shown."""

    scene: int = 0
    t: int = 0
    c: int = 0
    z: int = 0


@dataclass(frozen=True, slots=True)
class RestoredRun:
    """A finished restoration, opened for showing."""

    folder: str
    document: RunDocument
    request: RestoreRequest
    scale: int
    sample_files: tuple[str, ...]
    card: ModelCard | None = None
    """Of the model as it was then; None where the run holds none."""

    def file(self, role: str) -> str | None:
        """Give the absolute path of the first file of a role, or None."""
        relative = self.document.result.path_of(role)
        return None if relative is None else str(Path(self.folder) / relative)

    @property
    def maps(self) -> tuple[MapKind, ...]:
        """What the third pane can show of it."""
        return tuple(kind for kind in MapKind if self.map_files(kind))

    def map_files(self, kind: MapKind) -> tuple[str, ...]:
        """Give the absolute paths of the files that a map is made of: all of them, or none."""
        files = [self.file(role) for role in _FILES[kind]]
        known = tuple(file for file in files if file is not None)
        return known if len(known) == len(files) else ()

    @property
    def samples(self) -> int:
        """How many samples mean and spread are over; 0 for a single answer."""
        used = self.document.notes.get("samples_used")
        return used if isinstance(used, int) else 0

    def label(self, note: str) -> str:
        """Give what the run itself says of a picture in one of its notes, or nothing."""
        return str(self.document.notes.get(note) or "")

    @property
    def spread_label(self) -> str:
        """What the spread is, as the run itself says."""
        return self.label("spread_label") or "Spread"


@dataclass(frozen=True, slots=True)
class ShownPlane:
    """A plane and where it lies in the world."""

    address: PlaneAddress
    placement: Placement


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is shown side by side; a pane without a plane says why."""

    low: ShownPlane
    sr: ShownPlane | None = None
    maps: dict[MapKind, ShownPlane] = field(default_factory=dict[MapKind, ShownPlane])


def open_run(folder: str) -> RestoredRun:
    """Read a restoration's run folder; called in a reading thread.

    Raises:
        SuperlensError: the folder holds no finished restoration.
    """
    document = read_run(Path(folder))
    request = request_of(document)
    if not isinstance(request, RestoreRequest):
        raise InvalidInput(f"The run in {folder} is no restoration")
    samples = (file.path for file in document.result.files if file.role == "sample")
    return RestoredRun(
        folder=folder,
        document=document,
        request=request,
        scale=int(document.notes.get("scale") or 1),
        sample_files=tuple(str(Path(folder) / path) for path in sorted(samples)),
        card=_kept_card(Path(folder), document),
    )


def compare(
    image: ImageRecord, path: Path, run: RestoredRun | None, at: Indices, sample: int | None = None
) -> Comparison:
    """Give the planes of an image and of its result at some indices.

    Args:
        image: the raw image.
        path: where its file lies.
        run: its restoration, or None.
        at: which plane of the raw image.
        sample: number of a kept sample to show instead of the mean.
    """
    scene = image.info.scenes[at.scene]
    lies = placement_of(_pixel_um(scene, run))
    address = PlaneAddress(str(path), at.scene, at.t, at.c, at.z, image.axes)
    low = ShownPlane(address, lies)
    if run is None or not shows(run, at):
        return Comparison(low)
    roi = run.request.roi
    raw_corner = lies if roi is None else lies.cut_at(roi.x, roi.y)
    channel = at.c if run.request.input.channel is None else 0
    mean = run.file("mean") if sample is None else run.sample_files[sample]

    def shown(placement: Placement, file: str, minus: str = "") -> ShownPlane:
        return ShownPlane(PlaneAddress(file, 0, at.t, channel, at.z, minus=minus), placement)

    fine = raw_corner.finer(run.scale)
    maps = {
        kind: shown(raw_corner if kind is MapKind.RESIDUAL else fine, *run.map_files(kind))
        for kind in run.maps
    }
    return Comparison(low, None if mean is None else shown(fine, mean), maps)


def shows(run: RestoredRun, at: Indices) -> bool:
    """Say whether a restoration is of this scene and channel."""
    source = run.request.input
    return source.scene == at.scene and source.channel in (None, at.c)


def _kept_card(folder: Path, document: RunDocument) -> ModelCard | None:
    kept = document.result.path_of("model_card")
    if kept is None:
        return None
    try:
        return read_json(ModelCard, folder / kept)
    except SuperlensError as error:
        logger.warning("The model card in %s cannot be read: %s", folder.name, error)
        return None


def _pixel_um(scene: SceneInfo, run: RestoredRun | None) -> float | None:
    known = scene.pixel_sizes.lateral_um
    if known is None and run is not None:
        return run.request.input.pixel_size_um
    return known
