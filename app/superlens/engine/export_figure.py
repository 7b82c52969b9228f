"""The panels of an exported figure: which plane, how bright, in which colours. Torch-free."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from superlens.core.cards import ModelCard
from superlens.core.errors import InvalidParameter, SuperlensError, UnsupportedImage
from superlens.core.jobs import ExportRequest, FigureChoice, RestoreRequest, Roi
from superlens.core.records import ChannelInfo, SceneInfo
from superlens.engine.context import JobContext
from superlens.engine.export_plan import ExportItem, ExportPlan, making_of, name_of_image
from superlens.io.codec import read_json
from superlens.io.hashing import sha256_of
from superlens.io.image_metadata import Facts
from superlens.io.images import ImageSource
from superlens.io.reading import open_safely
from superlens.report.exported_figure import LARGEST_PANEL_PX, FigurePanel, figure_png
from superlens.report.figures import shared_limits, upper_limit

_COLUMNS = 3
_TITLES = {
    "input": "Input",
    "mean": "Computationally super-resolved",
    "spread": "Spread",
    "residual": "Residual",
    "sample": "One sample",
    "interval_low": "Lower end of the 90 % interval",
    "interval_high": "Upper end of the 90 % interval",
    "persistence": "Persistence over samples",
    "schedule": "Hint of the method, qualitative",
}
_ALIKE = ("input", "mean", "sample", "interval_low", "interval_high")
"""Pictures in the units of the input, which share their contrast."""
_RESIDUAL_LIMITS = (-4.0, 4.0)
"""In sigmas of the expected noise."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which part of which file is read."""

    path: Path
    role: str
    scene: int = 0
    axes: str = ""
    roi: Roi | None = None
    channel: int | None = None
    """The only one; None leaves it to the choice."""


@dataclass(frozen=True, slots=True)
class _Picture:
    """One plane of every channel of a picture."""

    role: str
    planes: tuple[NDArray[np.float32], ...]
    pixel_um: float | None
    channels: tuple[ChannelInfo, ...]


def figure_of(
    plan: ExportPlan, item: ExportItem, request: ExportRequest, context: JobContext
) -> bytes:
    """Give the figure of an item as PNG; without a choice the middle slice of the first time point.

    Of a run the panels are its input, where that still lies there unchanged, and the pictures
    asked for, a row for each channel; input and answer share their contrast. Of an image they are
    its channels.

    Raises:
        InvalidParameter: there is no such slice, time point, channel or look-up table.
        UnsupportedImage: the image is a colour picture.
        UnreadableFile: it is damaged.
    """
    choice, restoration = request.figure, plan.restoration
    of_image = plan.run is None or restoration is None
    axes = request.axes if of_image else ""
    pictures = [
        _read(_Wanted(Path(source.path), source.role, item.scene, axes), choice, context)
        for source in item.sources
    ]
    if plan.run is None or restoration is None:
        return _figure_of_image(pictures[0], request)
    making = making_of(plan.run, restoration, request.mask)
    raw = _input(restoration, making_of(plan.run, restoration).input_sha256, choice, context)
    shown = ([] if raw is None else [raw]) + pictures
    is_shared = _answers_in_input_units(Path(plan.run.result.folder))
    panels = [
        panel
        for channel in range(len(pictures[0].planes))
        for panel in _row(shown, channel, is_shared, choice)
    ]
    return figure_png(panels, len(shown), making.statement, making.facts("figure"))


def _figure_of_image(picture: _Picture, request: ExportRequest) -> bytes:
    choice = request.figure
    panels = [
        FigurePanel(
            title=channel.name,
            image=plane,
            limits=_limits(choice, place) or shared_limits(plane),
            lut=_lut(choice, place) or channel.colour or "grey",
            pixel_um=request.pixel_size_um or picture.pixel_um,
        )
        for place, (channel, plane) in enumerate(zip(picture.channels, picture.planes, strict=True))
    ]
    source = Path(request.source)
    facts: Facts = (
        ("Source", source.name if request.mask is None else name_of_image(source, request.mask)),
    )
    return figure_png(panels, _COLUMNS, "", facts)


def _limits(choice: FigureChoice, place: int) -> tuple[float, float] | None:
    return choice.limits[place] if place < len(choice.limits) else None


def _lut(choice: FigureChoice, place: int) -> str:
    return choice.luts[place] if place < len(choice.luts) else ""


def _row(
    pictures: list[_Picture], channel: int, is_shared: bool, choice: FigureChoice
) -> list[FigurePanel]:
    """Give the panels of one channel."""
    alike = [item for item in pictures if item.role in _ALIKE]
    together = shared_limits(*(item.planes[channel] for item in alike)) if alike else (0.0, 1.0)
    panels: list[FigurePanel] = []
    for picture in pictures:
        plane = picture.planes[channel]
        own = together if is_shared else shared_limits(plane)
        limits, lut, unit = _limits(choice, channel) or own, _lut(choice, channel) or "grey", ""
        match picture.role:
            case "spread":
                limits, lut, unit = (0.0, upper_limit(plane)), "magma", "input units"
            case "residual":
                limits, lut, unit = _RESIDUAL_LIMITS, "diverging", "σ"
            case "persistence":
                limits, lut, unit = (0.0, 1.0), "magma", "of the samples"
            case "schedule":
                limits, lut, unit = (0.0, upper_limit(plane)), "magma", "no unit"
            case _:
                pass
        title = _TITLES[picture.role]
        if len(picture.planes) > 1:
            title = f"{picture.channels[channel].name}: {title}"
        panels.append(FigurePanel(title, plane, limits, lut, picture.pixel_um, bool(unit), unit))
    return panels


def _input(
    restoration: RestoreRequest, sha256: str, choice: FigureChoice, context: JobContext
) -> _Picture | None:
    """Give what was restored, or None with a warning where it cannot be shown."""
    wanted, path = restoration.input, Path(restoration.input.path)
    try:
        if sha256 and sha256_of(path, context.check) != sha256:
            context.warn(f"{path.name} changed since it was restored: the figure leaves it out")
            return None
        place = _Wanted(path, "input", wanted.scene, wanted.axes, restoration.roi, wanted.channel)
        picture = _read(place, choice, context)
    except SuperlensError as error:
        context.check()
        context.warn(f"The figure leaves out the input: {error.title}")
        return None
    size = wanted.pixel_size_um or picture.pixel_um
    return _Picture("input", picture.planes, size, picture.channels)


def _read(wanted: _Wanted, choice: FigureChoice, context: JobContext) -> _Picture:
    with open_safely(wanted.path, wanted.axes) as source:
        info = source.info.scenes[wanted.scene]
        if info.is_rgb:
            raise UnsupportedImage(
                f"{wanted.path} is a colour picture (RGB)", "Export the channels as grey images"
            )
        chosen = _channels(info, wanted, choice)
        level = 0 if wanted.roi is not None else _level_for_figure(info)
        planes: list[NDArray[np.float32]] = []
        for done, c in enumerate(chosen):
            context.check()
            context.progress(f"Reading {wanted.role}", done, len(chosen))
            planes.append(_plane(source, wanted, (c, *_place(info, choice)), level))
        size = info.pixel_sizes.lateral_um
        larger = info.size("X") / info.levels[level][1]
        infos = tuple(info.channels[c] for c in chosen)
        um = None if size is None else size * larger
        return _Picture(wanted.role, tuple(planes), um, infos)


def _channels(info: SceneInfo, wanted: _Wanted, choice: FigureChoice) -> tuple[int, ...]:
    """Give the channels that are shown; of a run the numbers are those of its pictures."""
    count = info.size("C") if wanted.channel is None else 1
    odd = [channel for channel in choice.channels if channel >= count]
    if odd:
        raise InvalidParameter(
            f"There is no channel {odd[0]} in {wanted.path.name}",
            f"Its channels are 0 to {count - 1}",
        )
    if wanted.channel is not None:
        return (wanted.channel,)
    return choice.channels or tuple(range(count))


def _place(info: SceneInfo, choice: FigureChoice) -> tuple[int, int]:
    """Give the chosen time point and slice."""
    z = info.size("Z") // 2 if choice.z is None else choice.z
    for axis, index in (("Z", z), ("T", choice.t)):
        if index >= info.size(axis):
            raise InvalidParameter(
                f"There is no {axis} = {index} in the image",
                f"It has {info.size(axis)} along {axis}; they count from 0",
            )
    return choice.t, z


def _plane(
    source: ImageSource, wanted: _Wanted, at: tuple[int, int, int], level: int
) -> NDArray[np.float32]:
    c, t, z = at
    if wanted.roi is not None:
        return source.region(wanted.scene, t, c, z, wanted.roi).astype(np.float32)
    return source.plane(wanted.scene, t, c, z, level).astype(np.float32)


def _level_for_figure(info: SceneInfo) -> int:
    """Give the smallest level that is not smaller than a panel may be."""
    large = [level for level, shape in enumerate(info.levels) if max(shape) >= LARGEST_PANEL_PX]
    return max(large, default=0)


def _answers_in_input_units(run: Path) -> bool:
    """Say whether the numbers of a result can be compared with those of its input."""
    try:
        return read_json(ModelCard, run / "model_card.json").normalisation.output is None
    except SuperlensError:
        return False
