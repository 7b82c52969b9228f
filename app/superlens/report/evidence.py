"""What the run folder of a restoration shows: pictures of a size fit for print, and its facts.

Reads run folders and the raw files they name; nothing is held at full size. No Qt, no drawing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.cards import ModelCard
from superlens.core.errors import InvalidInput, SuperlensError
from superlens.core.jobs import MeasureRequest, RestoreRequest, Roi
from superlens.core.records import SceneInfo
from superlens.io.runs import RunDocument, request_of
from superlens.report.figures import Image, averaging_factor, box_average, structured_window

_SHOWN_CHANNELS = 3
_WINDOW_PX = 320
"""Side of the enlarged region in super-resolved pixels: about 140 dpi on a third of a page."""
_STRIP_ROWS = 512


@dataclass(frozen=True, slots=True)
class Picture:
    """One image, averaged down for an overview, and the enlarged region at full size."""

    overview: Image
    window: Image
    rms: float
    """Root mean square of all pixels."""
    sd: float
    """Standard deviation of all pixels."""
    factor: int
    """How many pixels were averaged along each side of one pixel of the overview."""

    @property
    def covered(self) -> tuple[int, int]:
        """Height and width of what the overview shows, in the image's own pixels."""
        return self.overview.shape[0] * self.factor, self.overview.shape[1] * self.factor


@dataclass(frozen=True, slots=True)
class ChannelView:
    """The pictures of one channel; all windows show the same rectangle of the specimen."""

    name: str
    plane: str
    """Which plane is shown, such as `plane 4 of 7`; empty where there is only one."""
    mean: Picture
    raw: Picture | None
    spread: Picture | None
    residual: Picture | None
    window: Roi
    """In super-resolved pixels."""
    size: tuple[int, int]
    """Height and width of the super-resolved image."""


@dataclass(frozen=True, slots=True)
class RestoreEvidence:
    """Everything a report says about one restoration."""

    folder: Path
    run: RunDocument
    request: RestoreRequest
    channels: tuple[ChannelView, ...]
    channels_total: int
    pixel_um: float | None
    """Lateral size of a raw pixel."""
    scale: int
    raw_problem: str
    """Why the raw image is not shown; empty where it is."""
    card: ModelCard | None

    def note(self, name: str) -> Any:
        """Give a note of the run, None where it has none of that name."""
        return self.run.notes.get(name)

    @property
    def sr_pixel_um(self) -> float | None:
        """Lateral size of a super-resolved pixel."""
        return None if self.pixel_um is None else self.pixel_um / self.scale

    @property
    def input_name(self) -> str:
        """File name of the raw image."""
        return Path(self.request.input.path).name

    @property
    def input_sha256(self) -> str | None:
        """SHA-256 of the raw file as the run recorded it."""
        found = self.note("input_sha256") or self.request.input.sha256
        return str(found) if found else None

    @property
    def model_sha256(self) -> str:
        """Hash of the weights that were used."""
        return str(self.note("model_sha256") or self.request.model.sha256)

    @property
    def samples_used(self) -> int:
        """How many samples mean and spread were made from; 0 for a single answer."""
        return int(self.note("samples_used") or 0)


def read_restoration(folder: Path, run: RunDocument) -> RestoreEvidence:
    """Read the run folder of a restoration.

    A raw file that is gone or has changed is left out, with the reason.

    Raises:
        InvalidInput: the folder holds no restoration, or lacks its super-resolved image.
    """
    request = request_of(run)
    if not isinstance(request, RestoreRequest):
        raise InvalidInput(f"{folder} does not hold a restoration", "Choose another run folder")
    problem = _raw_problem(request, run)
    scale = run.notes.get("scale")
    if not isinstance(scale, int) or scale < 1:
        raise InvalidInput(f"The run {folder} does not say its scale", "Restore the image again")
    pixel = run.notes.get("pixel_size_um")
    channels, total = _channel_views(folder, run, request, (scale, not problem))
    return RestoreEvidence(
        folder=folder,
        run=run,
        request=request,
        channels=channels,
        channels_total=total,
        pixel_um=float(pixel) if isinstance(pixel, int | float) and pixel > 0 else None,
        scale=scale,
        raw_problem=problem,
        card=model_card(folder, run, request),
    )


def model_card(
    folder: Path, run: RunDocument, request: RestoreRequest | MeasureRequest
) -> ModelCard | None:
    """Give the card of the very model that a run used: its own copy, else an installed one."""
    from superlens.io.codec import read_json
    from superlens.io.model_library import installed_models

    if request.model is None:
        return None
    kept = run.result.path_of("model_card")
    if kept is not None and (folder / kept).is_file():
        return read_json(ModelCard, folder / kept)
    used = str(run.notes.get("model_sha256") or request.model.sha256)
    cards = (model.card for model in installed_models())
    return next((card for card in cards if card.sha256 == used), None)


def raw_window(window: Roi, scale: int, origin: Roi | None) -> Roi:
    """Give the rectangle of the raw image that a super-resolved window shows.

    Args:
        window: in super-resolved pixels, a multiple of `scale` everywhere.
        scale: super-resolved pixels along one raw pixel.
        origin: the region of the raw image that was restored; None for all of it.
    """
    x0, y0 = (origin.x, origin.y) if origin is not None else (0, 0)
    return Roi(
        x0 + window.x // scale,
        y0 + window.y // scale,
        window.width // scale,
        window.height // scale,
    )


def _raw_problem(request: RestoreRequest, run: RunDocument) -> str:
    from superlens.io.hashing import sha256_of

    path = Path(request.input.path)
    if not path.is_file():
        return f"the raw image was not found at {path}"
    recorded = run.notes.get("input_sha256") or request.input.sha256
    try:
        if recorded and sha256_of(path) != recorded:
            return f"the raw image {path.name} has changed since it was restored"
    except SuperlensError as error:
        return f"the raw image cannot be read: {error.title}"
    return ""


def _channel_views(
    folder: Path, run: RunDocument, request: RestoreRequest, raw: tuple[int, bool]
) -> tuple[tuple[ChannelView, ...], int]:
    """Read the first channels; `raw` is the scale and whether the raw image is shown."""
    from superlens.io.images import open_image

    with open_image(_result_path(folder, run, "mean")) as mean:
        scene = mean.info.scenes[0]
        total = scene.size("C")
        views = tuple(
            _channel_view(folder, run, request, _Plane(mean, scene, channel, *raw))
            for channel in range(min(total, _SHOWN_CHANNELS))
        )
    return views, total


@dataclass(frozen=True, slots=True)
class _Plane:
    """The plane of the super-resolved image that is shown."""

    source: Any
    scene: SceneInfo
    channel: int
    scale: int
    has_raw: bool

    @property
    def z(self) -> int:
        return self.scene.size("Z") // 2

    @property
    def words(self) -> str:
        parts: list[str] = []
        if self.scene.size("Z") > 1:
            parts.append(f"plane {self.z + 1} of {self.scene.size('Z')}")
        if self.scene.size("T") > 1:
            parts.append(f"time point 1 of {self.scene.size('T')}")
        return ", ".join(parts)


def _channel_view(
    folder: Path, run: RunDocument, request: RestoreRequest, plane: _Plane
) -> ChannelView:
    height, width = plane.scene.size("Y"), plane.scene.size("X")
    window = _choose_window(plane, height, width)
    whole = Roi(0, 0, width, height)
    mean = _picture(plane.source, (plane.channel, plane.z), whole, window)
    on_raw_grid = raw_window(window, plane.scale, None)
    return ChannelView(
        name=plane.scene.channels[plane.channel].name if plane.scene.channels else "",
        plane=plane.words,
        mean=mean,
        raw=_raw_picture(request, plane, window) if plane.has_raw else None,
        spread=_result_picture(folder, run, "spread", plane, window),
        residual=_result_picture(folder, run, "residual", plane, on_raw_grid),
        window=window,
        size=(height, width),
    )


def _choose_window(plane: _Plane, height: int, width: int) -> Roi:
    """Choose the region to enlarge: all of a small image, else where there is most structure."""
    step = plane.scale
    side = max(_WINDOW_PX // step, 1) * step
    if max(height, width) <= 1.3 * side:
        return Roi(0, 0, width // step * step, height // step * step)
    factor = averaging_factor(height, width)
    at = (plane.channel, plane.z)
    overview, _, _ = _averaged(plane.source, at, Roi(0, 0, width, height), factor)
    found = structured_window(overview, max(side // factor, 1))
    wide, high = min(side, width // step * step), min(side, height // step * step)
    x = min(found.x * factor, width - wide) // step * step
    y = min(found.y * factor, height - high) // step * step
    return Roi(x, y, wide, high)


def _raw_picture(request: RestoreRequest, plane: _Plane, window: Roi) -> Picture:
    from superlens.io.reading import open_safely

    with open_safely(Path(request.input.path), request.input.axes) as raw:
        scene = raw.info.scenes[request.input.scene]
        whole = request.roi or Roi(0, 0, scene.size("X"), scene.size("Y"))
        channel = plane.channel if request.input.channel is None else request.input.channel
        inside = raw_window(window, plane.scale, request.roi)
        return _picture(raw, (channel, plane.z), whole, inside, request.input.scene)


def _result_picture(
    folder: Path, run: RunDocument, role: str, plane: _Plane, window: Roi
) -> Picture | None:
    from superlens.io.images import open_image

    relative = run.result.path_of(role)
    if relative is None or not (folder / relative).is_file():
        return None
    with open_image(folder / relative) as source:
        scene = source.info.scenes[0]
        whole = Roi(0, 0, scene.size("X"), scene.size("Y"))
        return _picture(source, (plane.channel, plane.z), whole, window)


def _result_path(folder: Path, run: RunDocument, role: str) -> Path:
    relative = run.result.path_of(role)
    if relative is None or not (folder / relative).is_file():
        raise InvalidInput(
            f"The run {folder} lacks its super-resolved image", "Restore the image again"
        )
    return folder / relative


def _picture(source: Any, at: tuple[int, int], whole: Roi, window: Roi, scene: int = 0) -> Picture:
    channel, z = at
    factor = averaging_factor(whole.height, whole.width)
    overview, rms, sd = _averaged(source, at, whole, factor, scene)
    inside = source.region(scene, 0, channel, z, window)
    return Picture(overview, np.asarray(inside, np.float32), rms, sd, factor)


def _averaged(
    source: Any, at: tuple[int, int], whole: Roi, factor: int, scene: int = 0
) -> tuple[Image, float, float]:
    """Give an averaged plane, and root mean square and standard deviation of its pixels."""
    strips: list[NDArray[np.float32]] = []
    total, squares, amount = 0.0, 0.0, 0
    for strip in _strips(source, at, whole, factor, scene):
        finite = strip[np.isfinite(strip)].astype(np.float64)
        total, squares, amount = (
            total + finite.sum(),
            squares + (finite**2).sum(),
            amount + finite.size,
        )
        if strip.shape[0] >= factor and strip.shape[1] >= factor:
            strips.append(box_average(strip, factor))
    mean_square = squares / max(amount, 1)
    variance = max(mean_square - (total / max(amount, 1)) ** 2, 0.0)
    return np.concatenate(strips), float(mean_square**0.5), float(variance**0.5)


def _strips(
    source: Any, at: tuple[int, int], whole: Roi, factor: int, scene: int
) -> Iterator[NDArray[np.float32]]:
    """Give a plane in strips of rows, so that no plane is ever held as a whole."""
    channel, z = at
    rows = max(_STRIP_ROWS // factor, 1) * factor
    for top in range(0, whole.height, rows):
        height = min(rows, whole.height - top)
        roi = Roi(whole.x, whole.y + top, whole.width, height)
        yield np.asarray(source.region(scene, 0, channel, z, roi), np.float32)
