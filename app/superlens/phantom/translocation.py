"""Cells in which a protein sits in nucleus and cytoplasm at a given ratio."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.phantom.culture import Culture, CultureStyle, culture
from superlens.phantom.nuclei import ChromatinStyle, chromatin
from superlens.phantom.specimen import Array, Channel, FineGrid, Labels, Specimen, Truth
from superlens.phantom.texture import blurred, fractal_noise

RING_UM = 2.0
"""Width of the ring of cytoplasm around a nucleus that the true ratio refers to."""

_CULTURE = CultureStyle()
_CHROMATIN = ChromatinStyle(contrast=0.16, rim=0.1, nucleoli=0.25, chromocentres=0.0)


@dataclass(frozen=True, slots=True)
class TranslocationTruth(Truth):
    """Where the protein is."""

    nuclei: Labels
    """(Y, X) int32, 0 outside nuclei."""
    cells: Labels
    """(Y, X) int32, 0 outside cells; label k is the cell of nucleus k."""
    ratios: tuple[float, ...]
    """Mean density in nucleus k + 1 over that in the ring of cytoplasm `RING_UM` wide around it;
    NaN where nucleus or ring lie outside the field."""


@dataclass(frozen=True, slots=True)
class TranslocationStyle:
    """How one well looks."""

    ratio: float = 1.0
    """Median ratio of nuclear to cytoplasmic density over the cells."""
    variety: float = 0.15
    """Standard deviation of the logarithm of the ratio over the cells."""
    culture: CultureStyle = _CULTURE


def translocation(
    grid: FineGrid, rng: np.random.Generator, style: TranslocationStyle | None = None
) -> Specimen:
    """Draw cells; without a style the median ratio is drawn between 0.4 and 3."""
    style = style or TranslocationStyle(ratio=float(np.exp(rng.uniform(np.log(0.4), np.log(3.0)))))
    grown = culture(grid, style.culture, rng)
    count = len(grown.outlines)
    wanted = style.ratio * np.exp(style.variety * rng.standard_normal(count))
    protein, ratios = _protein(grid, grown, wanted, rng)
    dna = _dna(grid, grown, rng)
    truth = TranslocationTruth(grown.nuclei, grown.cells, ratios)
    channels = (Channel("dna", dna), Channel("protein", protein))
    return Specimen("translocation", grid.pixel_nm, channels, truth)


def _dna(grid: FineGrid, grown: Culture, rng: np.random.Generator) -> Array:
    level = np.concatenate([[0.0], np.exp(0.2 * rng.standard_normal(len(grown.outlines)))])
    dna = level[grown.nuclei].astype(np.float32) * chromatin(grid, _CHROMATIN, rng)
    return (dna + np.float32(0.01) * blurred(dna, grid.um_px(2.0))).astype(np.float32)


def _protein(
    grid: FineGrid, grown: Culture, wanted: NDArray[np.float64], rng: np.random.Generator
) -> tuple[Array, tuple[float, ...]]:
    """Give the protein's density and each cell's true ratio."""
    in_nucleus = grown.nuclei > 0
    ring = _rings(grid, grown)
    body, interior = _thickness(grid, grown, rng), _nuclear_texture(grid, rng)
    # Both parts are brought to mean 1 where the truth measures them, then to the wanted ratio.
    ring_mean = _means(body, ring, len(wanted))
    nucleus_mean = _means(interior, grown.nuclei, len(wanted))
    usable = np.isfinite(ring_mean) & np.isfinite(nucleus_mean)
    ring_mean, nucleus_mean = (
        np.nan_to_num(ring_mean, nan=1.0),
        np.nan_to_num(nucleus_mean, nan=1.0),
    )
    level = np.exp(0.35 * rng.standard_normal(len(wanted)))
    cytoplasm_scale = np.concatenate([[0.0], level / ring_mean])
    nucleus_scale = np.concatenate([[0.0], level * wanted / nucleus_mean])
    protein = np.where(
        in_nucleus, interior * nucleus_scale[grown.nuclei], body * cytoplasm_scale[grown.cells]
    )
    ratios = np.where(usable, wanted, np.nan)
    return protein.astype(np.float32), tuple(float(ratio) for ratio in ratios)


def _means(values: Array, labels: Labels, count: int) -> NDArray[np.float64]:
    """Give the mean over each label from 1 to `count`; NaN where a label has no pixel."""
    pixels = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    sums = np.bincount(labels.ravel(), values.ravel().astype(np.float64), count + 1)[1:]
    return np.where(pixels > 0, sums / np.maximum(pixels, 1), np.nan)


def _rings(grid: FineGrid, grown: Culture) -> Labels:
    """Give each nucleus's ring of cytoplasm inside its own cell."""
    from scipy import ndimage

    distance = np.asarray(ndimage.distance_transform_edt(grown.nuclei == 0))
    near = (distance > 0) & (distance <= max(grid.um_px(RING_UM), 1.0))
    return np.where(near, grown.cells, 0).astype(np.int32)


def _thickness(grid: FineGrid, grown: Culture, rng: np.random.Generator) -> Array:
    """Give how thick cells are: a flat dome over a thin edge, with uneven cytoplasm."""
    dome = 0.25 + 0.75 * np.clip(1.0 - grown.relative_radius**2, 0.0, 1.0)
    cloth = fractal_noise(grid.shape, grid.um_px(3.0), max(grid.um_px(0.3), 1.5), rng)
    return (blurred(dome.astype(np.float32), 1.0) * np.exp(np.float32(0.12) * cloth)).astype(
        np.float32
    )


def _nuclear_texture(grid: FineGrid, rng: np.random.Generator) -> Array:
    """Give the protein's texture inside nuclei: even, absent from nucleoli."""
    nucleoli = fractal_noise(grid.shape, grid.um_px(1.6), grid.um_px(1.0), rng)
    holes = 1.0 - 0.6 / (1.0 + np.exp(-(nucleoli - 1.9) / 0.15))
    grain = fractal_noise(grid.shape, grid.um_px(1.0), max(grid.um_px(0.2), 1.2), rng)
    return (holes * np.exp(np.float32(0.08) * grain)).astype(np.float32)
