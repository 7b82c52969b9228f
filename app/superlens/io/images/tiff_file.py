"""TIFF, BigTIFF, OME-TIFF, ImageJ TIFF and the TIFFs of microscope vendors, by tifffile."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.core.jobs import Roi
from superlens.core.records import ImageInfo, SceneInfo
from superlens.io.images.ome_xml import OmeDocument, parse_ome
from superlens.io.images.reader_errors import quiet_library_log, reader_failures
from superlens.io.images.source import OpenImage, require_inside, scene_of
from superlens.io.images.tiff_axes import PlaneMap, map_planes
from superlens.io.images.tiff_guards import (
    require_credible_size,
    require_declared_planes,
    require_ome_planes,
    require_pages,
    require_safe_names,
    require_whole_chain,
    require_whole_pages,
)
from superlens.io.images.tiff_metadata import Facts, facts_of, format_name
from superlens.io.images.tiff_regions import (
    Layer,
    is_in_one_piece,
    read_contiguous_region,
    read_page_region,
)


@dataclass(frozen=True, slots=True)
class _Scene:
    """A series of pages, and where its planes lie."""

    series: Any
    planes: PlaneMap


class TiffImage(OpenImage):
    """An open TIFF of any dialect; an `ImageSource`."""

    def __init__(self, path: Path) -> None:
        """Open a TIFF and read its headers.

        Raises:
            UnreadableFile: it is cut off or damaged.
            UnsupportedImage: its axes or its type of numbers are not supported.
        """
        quiet_library_log("tifffile")
        self._name = path.name
        with reader_failures(self._name):
            self._tif, document, warnings = _opened(path)
            try:
                self._scenes = _scenes(self._name, self._tif)
                self._info = _info(path, self._tif, self._scenes, document, warnings)
            except BaseException:
                self._tif.close()
                raise

    def region(self, scene: int, t: int, c: int, z: int, roi: Roi) -> NDArray[Any]:
        info = scene_of(self._info, scene)
        require_inside(info, t, c, z, roi)
        chosen = self._scenes[scene]
        with reader_failures(self._name):
            pixels = self._pixels(chosen, t, c, z, roi)
        return pixels.astype(np.uint8) if pixels.dtype == np.bool_ else pixels

    def close(self) -> None:
        self._tif.close()

    def _pixels(self, scene: _Scene, t: int, c: int, z: int, roi: Roi) -> NDArray[Any]:
        planes = scene.planes
        index, depth = planes.page_index(t, c, z), planes.depth(z)
        if planes.colours and planes.separate:
            layers = [Layer(colour, depth) for colour in range(planes.colours)]
            parts = [self._samples(scene.series, index, layer, roi) for layer in layers]
            return np.concatenate(parts, axis=2)
        sample = c if planes.samples_are_channels else 0
        layer = Layer(sample if planes.separate else 0, depth)
        samples = self._samples(scene.series, index, layer, roi)
        if planes.colours:
            return np.ascontiguousarray(samples[..., : planes.colours])
        return np.ascontiguousarray(samples[..., 0 if planes.separate else sample])

    def _samples(self, series: Any, index: int, layer: Layer, roi: Roi) -> NDArray[Any]:
        """Give (y, x, samples) of one layer of one page."""
        if series.dataoffset is not None:
            offset = series.dataoffset + index * series.keyframe.nbytes
            return read_contiguous_region(self._name, series.keyframe, offset, layer, roi)
        page = series[index]
        if is_in_one_piece(page):
            return read_contiguous_region(self._name, page, page.dataoffsets[0], layer, roi)
        return read_page_region(self._name, page, layer, roi)


def _opened(path: Path) -> tuple[Any, OmeDocument | None, tuple[str, ...]]:
    """Open a TIFF whose headers passed the guards; OME-XML that is damaged is left aside."""
    tif = _tiff_file(path)
    try:
        require_pages(path.name, tif)
        require_declared_planes(path.name, tif)
        text = str(tif.ome_metadata or "")
        document = _checked_ome(path.name, tif, text)
        require_whole_chain(path.name, tif)
    except BaseException:
        tif.close()
        raise
    if not text or (document is not None and _makes_series(tif)):
        return tif, document, _companion_warning(document)
    tif.close()
    warning = "The OME-XML of this file is damaged; only its pixels are read"
    return _tiff_file(path, is_ome=False), None, (warning,)


def _checked_ome(name: str, tif: Any, text: str) -> OmeDocument | None:
    require_safe_names(name, text)
    document = parse_ome(text) if text else None
    if document is not None:
        require_ome_planes(name, document, text, tif)
    return document


def _makes_series(tif: Any) -> bool:
    try:
        return len(tif.series) > 0
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError):
        # OME-XML without what the schema demands.
        return False


def _tiff_file(path: Path, is_ome: bool | None = None) -> Any:
    import tifffile

    # The other two dialects open more files, by names that nobody checked.
    return tifffile.TiffFile(path, is_ome=is_ome, is_mmstack=False, is_ndtiff=False)


def _companion_warning(document: OmeDocument | None) -> tuple[str, ...]:
    if document is None or document.companion is None:
        return ()
    part = f"This file is one part of a set described by {document.companion!r}"
    return (f"{part}; only this part is read",)


def _scenes(name: str, tif: Any) -> tuple[_Scene, ...]:
    scenes: list[_Scene] = []
    for series in tif.series:
        require_credible_size(name, series.keyframe)
        require_whole_pages(name, series)
        scenes.append(_Scene(series, map_planes(name, series)))
    if not scenes:
        raise UnreadableFile(
            f"{name} is damaged: none of its pages can be read",
            "Copy it again from where it came from",
        )
    return tuple(scenes)


def _info(
    path: Path,
    tif: Any,
    scenes: tuple[_Scene, ...],
    document: OmeDocument | None,
    warnings: tuple[str, ...],
) -> ImageInfo:
    facts = facts_of(tif, document, [scene.series for scene in scenes])
    infos = tuple(
        _scene_info(path.name, index, scene, fact)
        for index, (scene, fact) in enumerate(zip(scenes, facts, strict=True))
    )
    told = (*warnings, *(text for scene in scenes for text in scene.planes.warnings))
    return ImageInfo(str(path), format_name(tif), infos, tuple(dict.fromkeys(told)))


def _scene_info(name: str, index: int, scene: _Scene, facts: Facts) -> SceneInfo:
    planes = scene.planes
    dtype = np.dtype(scene.series.dtype)
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
        numerical_aperture=facts.numerical_aperture,
        time_interval_s=facts.time_interval_s,
    )
