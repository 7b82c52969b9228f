"""The panels of an exported figure: which plane, how bright, in which colours. Torch-free."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from superlens.core.cards import ModelCard
from superlens.core.errors import SuperlensError, UnsupportedImage
from superlens.core.jobs import ExportRequest, RestoreRequest, Roi
from superlens.core.records import ChannelInfo, SceneInfo
from superlens.engine.context import JobContext
from superlens.engine.export_plan import ExportItem, ExportPlan, making_of
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
}
_RESIDUAL_LIMITS = (-4.0, 4.0)
"""In sigmas of the expected noise."""


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
    """Give the figure of an item as PNG: the middle slice of the first time point.

    Of a run the panels are its input, where that still lies there unchanged, and the pictures
    asked for, a row for each channel; input and answer share their contrast. Of an image they are
    its channels.

    Raises:
        UnsupportedImage: the image is a colour picture.
        UnreadableFile: it is damaged.
    """
    pictures = [
        _read(Path(source.path), item.scene, None, source.role, context) for source in item.sources
    ]
    restoration = plan.restoration
    if plan.run is None or restoration is None:
        return _figure_of_image(pictures[0], request)
    making = making_of(plan.run, restoration)
    raw = _input(restoration, making.input_sha256, context)
    shown = ([] if raw is None else [raw]) + pictures
    is_shared = _answers_in_input_units(Path(plan.run.result.folder))
    panels = [
        panel
        for channel in range(len(pictures[0].planes))
        for panel in _row(shown, channel, is_shared)
    ]
    return figure_png(panels, len(shown), making.statement, making.facts("figure"))


def _figure_of_image(picture: _Picture, request: ExportRequest) -> bytes:
    panels = [
        FigurePanel(
            title=channel.name,
            image=plane,
            limits=shared_limits(plane),
            lut=channel.colour or "grey",
            pixel_um=request.pixel_size_um or picture.pixel_um,
        )
        for channel, plane in zip(picture.channels, picture.planes, strict=True)
    ]
    facts: Facts = (("Source", Path(request.source).name),)
    return figure_png(panels, _COLUMNS, "", facts)


def _row(pictures: list[_Picture], channel: int, is_shared: bool) -> list[FigurePanel]:
    """Give the panels of one channel."""
    alike = [item for item in pictures if item.role in ("input", "mean", "sample")]
    together = shared_limits(*(item.planes[channel] for item in alike)) if alike else (0.0, 1.0)
    panels: list[FigurePanel] = []
    for picture in pictures:
        plane = picture.planes[channel]
        limits, lut, unit = together if is_shared else shared_limits(plane), "grey", ""
        match picture.role:
            case "spread":
                limits, lut, unit = (0.0, upper_limit(plane)), "magma", "input units"
            case "residual":
                limits, lut, unit = _RESIDUAL_LIMITS, "diverging", "σ"
            case _:
                pass
        title = _TITLES[picture.role]
        if len(picture.planes) > 1:
            title = f"{picture.channels[channel].name}: {title}"
        panels.append(FigurePanel(title, plane, limits, lut, picture.pixel_um, bool(unit), unit))
    return panels


def _input(restoration: RestoreRequest, sha256: str, context: JobContext) -> _Picture | None:
    """Give what was restored, or None with a warning where it cannot be shown."""
    wanted, path = restoration.input, Path(restoration.input.path)
    try:
        if sha256 and sha256_of(path, context.check) != sha256:
            context.warn(f"{path.name} changed since it was restored: the figure leaves it out")
            return None
        picture = _read(path, wanted.scene, restoration.roi, "input", context, wanted.channel)
    except SuperlensError as error:
        context.check()
        context.warn(f"The figure leaves out the input: {error.title}")
        return None
    size = wanted.pixel_size_um or picture.pixel_um
    return _Picture("input", picture.planes, size, picture.channels)


def _read(  # noqa: PLR0913 - which part of which file, and who is told
    path: Path,
    scene: int,
    roi: Roi | None,
    role: str,
    context: JobContext,
    channel: int | None = None,
) -> _Picture:
    with open_safely(path) as source:
        info = source.info.scenes[scene]
        if info.is_rgb:
            raise UnsupportedImage(
                f"{path} is a colour picture (RGB)", "Export the channels as grey images"
            )
        chosen = range(info.size("C")) if channel is None else (channel,)
        level = 0 if roi is not None else _level_for_figure(info)
        planes: list[NDArray[np.float32]] = []
        for done, c in enumerate(chosen):
            context.check()
            context.progress(f"Reading {role}", done, len(chosen))
            planes.append(_plane(source, scene, c, roi, level))
        size = info.pixel_sizes.lateral_um
        larger = info.size("X") / info.levels[level][1]
        infos = tuple(info.channels[c] for c in chosen)
        return _Picture(role, tuple(planes), None if size is None else size * larger, infos)


def _plane(
    source: ImageSource, scene: int, c: int, roi: Roi | None, level: int
) -> NDArray[np.float32]:
    z = source.info.scenes[scene].size("Z") // 2
    if roi is not None:
        return source.region(scene, 0, c, z, roi).astype(np.float32)
    return source.plane(scene, 0, c, z, level).astype(np.float32)


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
