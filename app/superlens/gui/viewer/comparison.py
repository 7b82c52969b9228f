"""What the three panes show of an image and its result: from records to addresses. No Qt."""

from dataclasses import dataclass
from pathlib import Path

from superlens.core.errors import InvalidInput
from superlens.core.jobs import RestoreRequest
from superlens.core.records import ImageRecord, SceneInfo
from superlens.gui.viewer.geometry import Placement, placement_of
from superlens.gui.viewer.levels import PlaneAddress
from superlens.io.runs import RunDocument, read_run, request_of


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

    def file(self, role: str) -> str | None:
        """Give the absolute path of the first file of a role, or None."""
        relative = self.document.result.path_of(role)
        return None if relative is None else str(Path(self.folder) / relative)

    @property
    def spread_label(self) -> str:
        """What the spread is, as the run itself says."""
        return str(self.document.notes.get("spread_label") or "Spread")


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
    spread: ShownPlane | None = None
    residual: ShownPlane | None = None


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

    def plane(file: str | None, placement: Placement) -> ShownPlane | None:
        if file is None:
            return None
        return ShownPlane(PlaneAddress(file, 0, at.t, channel, at.z), placement)

    fine = raw_corner.finer(run.scale)
    return Comparison(
        low,
        plane(mean, fine),
        plane(run.file("spread"), fine),
        plane(run.file("residual"), raw_corner),
    )


def shows(run: RestoredRun, at: Indices) -> bool:
    """Say whether a restoration is of this scene and channel."""
    source = run.request.input
    return source.scene == at.scene and source.channel in (None, at.c)


def _pixel_um(scene: SceneInfo, run: RestoredRun | None) -> float | None:
    known = scene.pixel_sizes.lateral_um
    if known is None and run is not None:
        return run.request.input.pixel_size_um
    return known
