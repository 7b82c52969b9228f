"""TIFF, BigTIFF, OME-TIFF, ImageJ TIFF and the TIFFs of microscope vendors, by tifffile."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import UnsupportedImage
from superlens.core.jobs import Roi
from superlens.core.records import ImageInfo, SceneInfo
from superlens.io.images.ome_xml import OmeDocument, parse_ome
from superlens.io.images.reader_errors import quiet_library_log, reader_failures
from superlens.io.images.source import require_inside, scene_of, whole
from superlens.io.images.tiff_axes import PlaneMap, map_planes
from superlens.io.images.tiff_guards import (
    require_credible_size,
    require_declared_planes,
    require_ome_planes,
    require_pages,
    require_safe_names,
    require_whole_pages,
)
from superlens.io.images.tiff_metadata import Facts, facts_of, format_name
from superlens.io.images.tiff_regions import read_contiguous_region, read_page_region


@dataclass(frozen=True, slots=True)
class _Scene:
    """A series of pages, and where its planes lie."""

    series: Any
    planes: PlaneMap


class TiffImage:
    """An open TIFF of any dialect; an `ImageSource`."""

    def __init__(self, path: Path) -> None:
        """Open a TIFF and read its headers.

        Raises:
            UnreadableFile: it is cut off or damaged.
            UnsupportedImage: its axes or its type of numbers are not supported.
        """
        import tifffile

        quiet_library_log("tifffile")
        self._name = path.name
        with reader_failures(self._name):
            self._tif: Any = tifffile.TiffFile(path)
            try:
                self._scenes, self._info = _read_headers(path, self._tif)
            except BaseException:
                self._tif.close()
                raise

    @property
    def info(self) -> ImageInfo:
        return self._info

    def plane(self, scene: int, t: int, c: int, z: int) -> NDArray[Any]:
        return self.region(scene, t, c, z, whole(scene_of(self._info, scene)))

    def region(self, scene: int, t: int, c: int, z: int, roi: Roi) -> NDArray[Any]:
        info = scene_of(self._info, scene)
        require_inside(info, t, c, z, roi)
        chosen = self._scenes[scene]
        with reader_failures(self._name):
            pixels = self._pixels(chosen, t, c, z, roi)
        return pixels.astype(np.uint8) if pixels.dtype == np.bool_ else pixels

    def close(self) -> None:
        self._tif.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _pixels(self, scene: _Scene, t: int, c: int, z: int, roi: Roi) -> NDArray[Any]:
        planes = scene.planes
        if planes.colours and planes.separate:
            layers = [self._samples(scene, t, colour, z, roi) for colour in range(planes.colours)]
            return np.concatenate(layers, axis=2)
        samples = self._samples(scene, t, c, z, roi)
        if planes.colours:
            return np.ascontiguousarray(samples[..., : planes.colours])
        inside = c if planes.sample_axis == "C" and not planes.separate else 0
        return np.ascontiguousarray(samples[..., inside])

    def _samples(self, scene: _Scene, t: int, c: int, z: int, roi: Roi) -> NDArray[Any]:
        """Give (y, x, samples) of one layer of one page."""
        series, planes = scene.series, scene.planes
        layer = planes.layer(c, z)
        index = planes.page_index(t, c, z)
        if series.dataoffset is not None:
            offset = series.dataoffset + index * series.keyframe.nbytes
            return read_contiguous_region(self._name, series.keyframe, offset, layer, roi)
        page = series[index]
        if page.is_final:
            return read_contiguous_region(self._name, page, page.dataoffsets[0], layer, roi)
        return read_page_region(self._name, page, layer, roi)


def _read_headers(path: Path, tif: Any) -> tuple[tuple[_Scene, ...], ImageInfo]:
    name = path.name
    require_pages(name, tif)
    ome_text = str(tif.ome_metadata or "")
    document = _checked_ome(name, tif, ome_text)
    require_declared_planes(name, tif)
    warnings: list[str] = list(_ome_warnings(document, ome_text))
    scenes: list[_Scene] = []
    for series in tif.series:
        require_credible_size(name, series.keyframe)
        require_whole_pages(name, series)
        planes = map_planes(name, series)
        warnings.extend(planes.warnings)
        scenes.append(_Scene(series, planes))
    facts = facts_of(tif, document, [scene.series for scene in scenes])
    infos = tuple(
        _scene_info(name, index, scene, fact)
        for index, (scene, fact) in enumerate(zip(scenes, facts, strict=True))
    )
    info = ImageInfo(str(path), format_name(tif), infos, tuple(dict.fromkeys(warnings)))
    return tuple(scenes), info


def _checked_ome(name: str, tif: Any, ome_text: str) -> OmeDocument | None:
    if not ome_text:
        return None
    require_safe_names(name, ome_text)
    document = parse_ome(ome_text)
    if document is not None:
        require_ome_planes(name, document, ome_text, len(tif.pages))
    return document


def _ome_warnings(document: OmeDocument | None, ome_text: str) -> Sequence[str]:
    if not ome_text:
        return ()
    if document is None:
        return ("The OME-XML of this file is damaged; only its pixels are read",)
    if document.companion is not None:
        return (
            f"This file is one part of a set described by {document.companion!r}; "
            "only this part is read",
        )
    return ()


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
