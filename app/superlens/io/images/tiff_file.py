"""TIFF, BigTIFF, OME-TIFF, ImageJ TIFF and the TIFFs of microscope vendors, by tifffile."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.core.jobs import Roi
from superlens.core.records import ImageInfo, SceneInfo
from superlens.io.images.lsm_bits import mend_two_channel_lsm
from superlens.io.images.reader_errors import quiet_library_log, reader_failures
from superlens.io.images.source import OpenImage, PlaneRequest
from superlens.io.images.tiff_axes import PlaneMap, map_planes
from superlens.io.images.tiff_guards import (
    require_credible_size,
    require_neighbours,
    require_planes_in_a_row,
    require_whole_pages,
)
from superlens.io.images.tiff_metadata import Facts, facts_of, format_name
from superlens.io.images.tiff_opening import OpenTiff, open_companion, open_tiff
from superlens.io.images.tiff_regions import (
    Layer,
    is_in_one_piece,
    read_contiguous_region,
    read_page_region,
)


@dataclass(frozen=True, slots=True)
class _Level:
    """A series of pages, and where its planes lie."""

    series: Any
    planes: PlaneMap


_Scene = tuple[_Level, ...]
"""The levels of a scene, the full size first."""


class TiffImage(OpenImage):
    """An open TIFF of any dialect, or the set that it belongs to; an `ImageSource`."""

    def __init__(self, path: Path) -> None:
        """Open a TIFF and read its headers.

        Raises:
            UnreadableFile: it is cut off or damaged, or files that it names are missing.
            UnsupportedImage: its axes or its type of numbers are not supported.
        """
        quiet_library_log("tifffile")
        self._name = path.name
        mend_two_channel_lsm()
        with reader_failures(self._name):
            opened = self._opened(path)
            self._tif = opened.tif
            try:
                self._scenes = _scenes(path, opened)
                self._info = _info(path, opened, self._scenes)
            except BaseException:
                self._tif.close()
                raise

    def close(self) -> None:
        self._tif.close()

    def _opened(self, path: Path) -> OpenTiff:
        return open_tiff(path)

    def _region(self, wanted: PlaneRequest) -> NDArray[Any]:
        chosen = self._scenes[wanted.scene][wanted.level]
        with reader_failures(self._name):
            pixels = self._pixels(chosen, wanted)
        return pixels.astype(np.uint8) if pixels.dtype == np.bool_ else pixels

    def _pixels(self, level: _Level, wanted: PlaneRequest) -> NDArray[Any]:
        planes, roi = level.planes, wanted.roi
        index, depth = planes.page_index(wanted.t, wanted.c, wanted.z), planes.depth(wanted.z)
        if planes.colours and planes.separate:
            layers = [Layer(colour, depth) for colour in range(planes.colours)]
            parts = [self._samples(level.series, index, layer, roi) for layer in layers]
            return np.concatenate(parts, axis=2)
        sample = wanted.c if planes.samples_are_channels else 0
        layer = Layer(sample if planes.separate else 0, depth)
        samples = self._samples(level.series, index, layer, roi)
        if planes.colours:
            return np.ascontiguousarray(samples[..., : planes.colours])
        return np.ascontiguousarray(samples[..., 0 if planes.separate else sample])

    def _samples(self, series: Any, index: int, layer: Layer, roi: Roi) -> NDArray[Any]:
        """Give (y, x, samples) of one layer of one page."""
        if series.dataoffset is not None and is_in_one_piece(series.keyframe):
            offset = series.dataoffset + index * series.keyframe.nbytes
            return read_contiguous_region(self._name, series.keyframe, offset, layer, roi)
        page = series[index]
        if is_in_one_piece(page):
            return read_contiguous_region(self._name, page, page.dataoffsets[0], layer, roi)
        return read_page_region(self._name, page, layer, roi)


class TiffSet(TiffImage):
    """The TIFFs that an OME-XML text beside them describes, opened by that text."""

    def _opened(self, path: Path) -> OpenTiff:
        return open_companion(path)


def _scenes(path: Path, opened: OpenTiff) -> tuple[_Scene, ...]:
    name, tif = path.name, opened.tif
    scenes: list[_Scene] = []
    for series in tif.series:
        if tif.is_lsm and series.keyframe.is_reduced:
            continue  # a thumbnail follows each plane
        require_credible_size(name, series.keyframe)
        require_planes_in_a_row(name, series)
        try:
            require_whole_pages(name, series)
        except UnreadableFile:
            # The files that are missing say more than the number of planes.
            require_neighbours(name, path.parent, opened.names)
            raise
        scenes.append(_levels(name, series))
    if not scenes:
        raise UnreadableFile(
            f"{name} is damaged: none of its pages can be read",
            "Copy it again from where it came from",
        )
    return tuple(scenes)


def _levels(name: str, series: Any) -> _Scene:
    """Give the full size of a series and the smaller ones of its pyramid."""
    levels = [_Level(series, map_planes(name, series))]
    # Whether their pages are whole is seen when they are read: there may be thousands.
    for smaller in series.levels[1:]:
        require_credible_size(name, smaller.keyframe)
        level = _Level(smaller, map_planes(name, smaller))
        if not _continues(levels[-1], level):
            break
        levels.append(level)
    return tuple(levels)


def _continues(larger: _Level, smaller: _Level) -> bool:
    """Say whether a level holds the same planes with fewer pixels."""
    same = all(larger.planes.sizes[axis] == smaller.planes.sizes[axis] for axis in "TCZ")
    alike = larger.planes.colours == smaller.planes.colours
    shrinks = all(smaller.planes.sizes[axis] <= larger.planes.sizes[axis] for axis in "YX")
    return same and alike and shrinks and larger.series.dtype == smaller.series.dtype


def _info(path: Path, opened: OpenTiff, scenes: tuple[_Scene, ...]) -> ImageInfo:
    facts = facts_of(opened.tif, opened.document, [levels[0].series for levels in scenes])
    infos = tuple(
        _scene_info(path.name, index, levels, fact)
        for index, (levels, fact) in enumerate(zip(scenes, facts, strict=True))
    )
    told = (*opened.warnings, *(text for levels in scenes for text in levels[0].planes.warnings))
    return ImageInfo(str(path), format_name(opened.tif), infos, tuple(dict.fromkeys(told)))


def _scene_info(name: str, index: int, levels: _Scene, facts: Facts) -> SceneInfo:
    planes = levels[0].planes
    dtype = np.dtype(levels[0].series.dtype)
    if dtype.kind not in "buif":
        raise UnsupportedImage(
            f"{name} holds numbers of the type {dtype.name}, which Superlens does not read",
            "Save it with 8, 16 or 32 bits per pixel",
        )
    shape = tuple(planes.sizes[axis] for axis in "TCZYX")
    return SceneInfo(
        name=facts.name or f"Scene {index + 1}",
        shape=(*shape, planes.colours) if planes.colours else shape,
        dtype="uint8" if dtype.kind == "b" else dtype.name,
        pixel_sizes=facts.pixel_sizes,
        channels=facts.channels_for(planes.sizes["C"]),
        axes="TCZYXS" if planes.colours else "TCZYX",
        numerical_aperture=facts.objective.numerical_aperture,
        time_interval_s=facts.time_interval_s,
        objective=facts.objective.name,
        magnification=facts.objective.magnification,
        acquired_at=facts.acquired_at,
        smaller_levels=tuple(
            (level.planes.sizes["Y"], level.planes.sizes["X"]) for level in levels[1:]
        ),
    )
