"""Phantoms as files: low and high images in two folders, truth beside them, and whole plates.

The folders `low` and `high` hold equally named files, as evaluation and training take them.
"""

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizeOrigin, PixelSizes

if TYPE_CHECKING:
    from superlens.phantom.pairs import Pair, PairSettings
    from superlens.phantom.specimen import Specimen

_SCALE = 2
_WELL_SIDE_PX = 320
_PLATE_PHOTONS = 200.0
_CELL_SPECIMENS = {"translocation", "golgi", "red_cells"}
"""Specimens seen through a 20x objective; the others through an oil objective."""

_DOSES_NM = (0.0, 0.0, 1.0, 4.0, 16.0, 62.5, 250.0, 250.0)
_HALF_DOSE_NM = 10.0
_LOWEST_RATIO, _HIGHEST_RATIO = 0.6, 2.6
_PLATE_COLUMNS = ("well", "row", "column", "compound", "dose", "unit", "role")


@dataclass(frozen=True, slots=True)
class _Picture:
    """One specimen as two microscopes see it."""

    low: NDArray[np.uint16]
    """(C, Y, X) camera counts."""
    high: NDArray[np.float32]
    """(C, Y * 2, X * 2) noise-free, in camera counts."""
    channels: tuple[str, ...]
    pixel_nm: float


@dataclass(frozen=True, slots=True)
class Taking:
    """How large the pictures are and how bright."""

    side_px: int = 256
    """Of the low picture."""
    photons: tuple[float, float] = (200.0, 200.0)
    """Of the brightest structures; each picture draws its own, evenly in the logarithm."""


def write_phantoms(
    specimen: str, count: int, seed: int, out: Path, taking: Taking | None = None
) -> list[dict[str, str]]:
    """Write `count` phantoms of a kind: `low/`, `high/` and `truth/` below `out`.

    Args:
        specimen: id in the phantom catalogue.
        count: how many.
        seed: the same seed writes the same images.
        out: folder; made if absent.
        taking: size and brightness; None: 256 pixels a side, 200 photons.

    Returns:
        Paths of each phantom: `low`, `high`, `truth`.

    Raises:
        InvalidParameter: there is no such specimen.
    """
    from superlens.phantom.catalogue import specimen_maker

    maker = specimen_maker(specimen)
    taking = taking or Taking()
    made: list[dict[str, str]] = []
    for index in range(count):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
        settings = _settings(specimen, _drawn_photons(taking, rng))
        drawn = maker.make(_grid(settings, taking.side_px), rng)
        picture = _take(drawn, settings, rng)
        name = f"{specimen}_{index:03d}.ome.tif"
        paths = {kind: out / kind / name for kind in ("low", "high")}
        truth = out / "truth" / f"{specimen}_{index:03d}.json"
        for path in (*paths.values(), truth):
            path.parent.mkdir(parents=True, exist_ok=True)
        _write(paths["low"], picture.low, picture, scale=1)
        _write(paths["high"], picture.high, picture, scale=_SCALE)
        truth.write_text(_truth_json(drawn, settings), encoding="utf-8")
        made.append({**{kind: str(path) for kind, path in paths.items()}, "truth": str(truth)})
    return made


def write_plate(out: Path, seed: int, wells: int | None = None) -> Path:
    """Write a small dose-response plate of the translocation phantom, two rows alike.

    Args:
        out: folder; made if absent.
        seed: the same seed writes the same plate.
        wells: only the first so many wells; None writes all sixteen.

    Returns:
        The plate map.
    """
    from superlens.phantom.translocation import TranslocationStyle, translocation

    out.mkdir(parents=True, exist_ok=True)
    settings = _settings("translocation", _PLATE_PHOTONS)
    positions = [(row, column) for row in "AB" for column in range(1, len(_DOSES_NM) + 1)][:wells]
    lines = [",".join((*_PLATE_COLUMNS, "dna_file", "protein_file", "true_ratio"))]
    for index, (row, column) in enumerate(positions):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
        dose = _DOSES_NM[column - 1]
        ratio = _ratio_at(dose)
        drawn = translocation(_grid(settings, _WELL_SIDE_PX), rng, TranslocationStyle(ratio))
        picture = _take(drawn, settings, rng)
        well = f"{row}{column:02d}"
        names = [f"{well}_{channel}.ome.tif" for channel in picture.channels]
        for number, name in enumerate(names):
            _write(out / name, picture.low[number : number + 1], picture, scale=1, only=number)
        cells = (well, row, str(column), "phantom", f"{dose:g}", "nM", _role(column))
        lines.append(",".join((*cells, *names, f"{ratio:.4f}")))
    csv = out / "plate_map.csv"
    csv.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return csv


def _ratio_at(dose_nm: float) -> float:
    effect = dose_nm / (dose_nm + _HALF_DOSE_NM)
    return _LOWEST_RATIO + (_HIGHEST_RATIO - _LOWEST_RATIO) * effect


def _role(column: int) -> str:
    if column <= 2:
        return "negative"
    return "positive" if column == len(_DOSES_NM) else "dose"


def _drawn_photons(taking: Taking, rng: np.random.Generator) -> float:
    low, high = taking.photons
    return low if low == high else math.exp(rng.uniform(math.log(low), math.log(high)))


def _settings(specimen: str, photons: float) -> "PairSettings":
    from superlens.phantom.camera import Camera
    from superlens.phantom.optics import Optics, PsfModel
    from superlens.phantom.pairs import plain_settings

    na, pixel_nm = (0.75, 325.0) if specimen in _CELL_SPECIMENS else (1.2, 110.0)
    camera = Camera(photons, 0.05 * photons, 1.5, gain=4.0, offset=100.0, bit_depth=16)
    return plain_settings(Optics(PsfModel.AIRY, na, 525.0), camera, pixel_nm, _SCALE)


def _grid(settings: "PairSettings", side_px: int) -> Any:
    from superlens.phantom.specimen import FineGrid

    side = side_px * settings.scale
    return FineGrid(side, side, settings.pixel_nm / settings.scale)


def _take(specimen: "Specimen", settings: "PairSettings", rng: np.random.Generator) -> _Picture:
    from superlens.phantom.pairs import imaged_pair

    pairs: list[Pair] = [
        imaged_pair(dataclasses.replace(specimen, channels=(channel,)), settings, rng)
        for channel in specimen.channels
    ]
    return _Picture(
        np.stack([pair.low for pair in pairs]).astype(np.uint16),
        np.stack([pair.high for pair in pairs]).astype(np.float32),
        tuple(channel.name for channel in specimen.channels),
        settings.pixel_nm,
    )


def _write(
    path: Path, image: NDArray[Any], picture: _Picture, scale: int, only: int | None = None
) -> None:
    from superlens.io.image_writer import ImageMetadata, write_image

    names = picture.channels if only is None else (picture.channels[only],)
    side_um = picture.pixel_nm / 1000 / scale
    sizes = PixelSizes(None, side_um, side_um, PixelSizeOrigin.REPORTED, "phantom")
    metadata = ImageMetadata(
        sizes,
        tuple(ChannelInfo(name, emission_nm=525.0) for name in names),
        "Synthetic specimen made by the Superlens phantom; not a picture of nature",
    )
    write_image(path, image[np.newaxis, :, np.newaxis], metadata)


def _truth_json(specimen: "Specimen", settings: "PairSettings") -> str:
    """Give what is known in numbers; label images are told by their counts."""
    known: dict[str, Any] = {}
    for item in dataclasses.fields(specimen.truth):
        value = getattr(specimen.truth, item.name)
        if isinstance(value, np.ndarray):
            if np.issubdtype(value.dtype, np.integer):
                known[f"{item.name}_count"] = int(value.max(initial=0))
        else:
            known[item.name] = _json_value(value)
    document = {
        "specimen": specimen.name,
        "fine_pixel_nm": specimen.pixel_nm,
        "settings": {
            "na": settings.optics.na,
            "wavelength_nm": settings.optics.wavelength_nm,
            "pixel_nm": settings.pixel_nm,
            "photons": settings.camera.photons,
        },
        "truth": known,
    }
    return json.dumps(document, indent=2)


def _json_value(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple | list):
        return [_json_value(item) for item in value]
    return value
