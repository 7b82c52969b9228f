"""NIQE: how far the texture of a picture is from that of a set of sharp pictures, without a truth.

With parameters of natural photographs (see `natural_niqe`) it has no absolute meaning for
fluorescence; NIQE-fit takes the statistics from the user's own sharp fields. Qt-free, torch-free,
no files.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput
from superlens.quality.windows import gaussian_weights

Float = NDArray[np.float64]

BLOCK = 96
"""Side of a block in pixels, as published; at the second scale it is half of that."""
FEATURES = 36
NATURAL = "natural images"
"""Dataset of the published parameters."""

_WHITE = 255.0
_WINDOW, _WINDOW_SIGMA = 7, 7.0 / 6.0
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
_SHARP_SHARE = 0.75
_FEWEST_BLOCKS = 4
_SMALLEST_BLOCK = 16
_SPAN_PERCENTILES = (0.1, 99.9)


@dataclass(frozen=True, slots=True, eq=False)
class NiqeModel:
    """Texture statistics of a set of sharp pictures: a Gaussian over the features of blocks."""

    mean: Float
    """(36,)."""
    covariance: Float
    """(36, 36)."""
    dataset: str
    block: int = BLOCK
    span: tuple[float, float] = (0.0, _WHITE)
    """Pixel values that become 0 and 255; pictures have to come in the units of these values."""

    @property
    def name(self) -> str:
        """Give the only name under which the number may be shown."""
        if self.dataset == NATURAL:
            return "NIQE"
        size = "" if self.block == BLOCK else f", blocks of {self.block} px"
        return f"NIQE-fit({self.dataset}{size})"


def niqe(image: ArrayLike, model: NiqeModel) -> float | None:
    """Give the distance of a picture's texture from the model's; lower is closer.

    Args:
        image: (Y, X) in the units of `model.span`; fewer than 25 blocks make it unsteady.
        model: published parameters or a fit.

    Returns:
        At least 0; None where it is undefined: fewer than four blocks with any texture.

    Source: Mittal, Soundararajan, Bovik, IEEE Signal Process. Lett. 20, 209 (2013),
    doi 10.1109/LSP.2012.2227726; Eq. 10.
    """
    return niqe_of_set([image], model)


def niqe_of_set(images: Iterable[ArrayLike], model: NiqeModel) -> float | None:
    """Give the distance of the texture of many pictures together, such as small patches.

    Args:
        images: (Y, X) each, of at least one block; smaller ones count for nothing.
        model: published parameters or a fit.

    Returns:
        As `niqe`, with the blocks of all pictures in one set.
    """
    pictures = (np.asarray(image, np.float64) for image in images)
    rows = [_block_features(picture, model.span, model.block)[0] for picture in pictures]
    features = np.concatenate(rows) if rows else np.empty((0, FEATURES))
    features = features[np.isfinite(features).all(axis=1)]
    if len(features) < _FEWEST_BLOCKS:
        return None
    apart = features.mean(axis=0) - model.mean
    pooled = (model.covariance + _covariance(features)) / 2.0
    square = float(apart @ np.linalg.pinv(pooled) @ apart)  # Eq. (10)
    return float(np.sqrt(max(square, 0.0)))


def fit_niqe(
    images: Iterable[ArrayLike],
    dataset: str,
    block: int = BLOCK,
    span: tuple[float, float] | None = None,
) -> NiqeModel:
    """Fit the texture statistics of sharp pictures, from the sharpest blocks of each.

    Args:
        images: (Y, X) each, all in the same units; of any size from one block on.
        dataset: where they come from; becomes part of the number's name.
        block: side of a block in pixels, even; smaller for pictures under 192 pixels.
        span: values that become 0 and 255; the 0.1 and 99.9 percentiles of all if not given.

    Raises:
        InvalidInput: the pictures hold fewer than two blocks with texture.
    """
    if block < _SMALLEST_BLOCK or block % 2:
        raise InvalidInput(
            f"NIQE cannot work with blocks of {block} pixels",
            f"Give an even number of at least {_SMALLEST_BLOCK}.",
        )
    pictures = [np.asarray(image, np.float64) for image in images]
    if span is None:
        span = _span(pictures)
    rows = [_sharp_features(picture, span, block) for picture in pictures]
    features = np.concatenate(rows) if rows else np.empty((0, FEATURES))
    if len(features) < 2:
        raise InvalidInput(
            f"The pictures of {dataset} hold {len(features)} sharp blocks of {block} x {block} "
            "pixels, too few to learn their texture",
            "Give more or larger pictures, or smaller blocks.",
        )
    return NiqeModel(features.mean(axis=0), _covariance(features), dataset, block, span)


def _covariance(features: Float) -> Float:
    return np.asarray(np.cov(features, rowvar=False), np.float64)


def _span(pictures: list[Float]) -> tuple[float, float]:
    values = np.concatenate([picture.ravel() for picture in pictures] or [np.zeros(1)])
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, _SPAN_PERCENTILES) if values.size else (0.0, 0.0)
    if not high > low:
        raise InvalidInput(
            "The pictures to learn a texture from are constant",
            "Give pictures that show something.",
        )
    return float(low), float(high)


def _sharp_features(picture: Float, span: tuple[float, float], block: int) -> Float:
    """Give the features of the blocks nearly as sharp as the picture's sharpest one."""
    features, sharpness = _block_features(picture, span, block)
    if not len(features):
        return features
    sharp = sharpness > _SHARP_SHARE * sharpness.max()
    return features[sharp & np.isfinite(features).all(axis=1)]


def _block_features(picture: Float, span: tuple[float, float], block: int) -> tuple[Float, Float]:
    """Give (B, 36) features, NaN for blocks without texture, and (B,) local contrast."""
    rows, columns = picture.shape[0] // block, picture.shape[1] // block
    if rows * columns == 0:
        return np.empty((0, FEATURES)), np.empty(0)
    low, high = span
    grey = np.clip((picture[: rows * block, : columns * block] - low) / (high - low), 0.0, 1.0)
    grey = np.rint(_WHITE * grey)
    normal, deviation = _normalised(grey)
    coarse, _ = _normalised(_halved(grey))
    features = [
        _features(_blocks(normal, block)),
        _features(_blocks(coarse, block // 2)),
    ]
    return np.concatenate(features, axis=1), _blocks(deviation, block).mean(axis=(1, 2))


def _normalised(grey: Float) -> tuple[Float, Float]:
    """Give the picture less its local mean over its local contrast, and that contrast."""
    mean = _smoothed(grey)
    deviation = np.sqrt(np.abs(_smoothed(grey * grey) - mean * mean))
    return (grey - mean) / (deviation + 1.0), deviation  # Eq. (1)


def _smoothed(values: Float) -> Float:
    from scipy import ndimage

    weights = gaussian_weights(_WINDOW, _WINDOW_SIGMA)
    for axis in (0, 1):
        values = np.asarray(ndimage.correlate1d(values, weights, axis=axis, mode="nearest"))
    return values


def _halved(grey: Float) -> Float:
    """Halve both sides with the cubic kernel widened by two, borders mirrored, as MATLAB does."""
    return _halved_rows(_halved_rows(grey).T).T


def _halved_rows(values: Float) -> Float:
    distance = np.abs(np.arange(8) - 3.5) / 2.0
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1.0
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4.0 * distance + 2.0
    weights = np.where(distance <= 1.0, near, far)
    weights /= weights.sum()
    padded = np.pad(values, ((3, 3), (0, 0)), mode="symmetric")
    count = values.shape[0] // 2
    return sum(
        (weight * padded[tap : tap + 2 * count : 2] for tap, weight in enumerate(weights)),
        start=np.zeros((count, values.shape[1])),
    )


def _blocks(values: Float, block: int) -> Float:
    """Cut (Y, X) into (B, block, block)."""
    rows, columns = values.shape[0] // block, values.shape[1] // block
    cut = values.reshape(rows, block, columns, block)
    return cut.transpose(0, 2, 1, 3).reshape(rows * columns, block, block)


def _features(blocks: Float) -> Float:
    """Give (B, 18): two of the values, four of the products with each of four neighbours."""
    shape, left, right = _asymmetric_gaussian(blocks)
    found = [shape, (left + right) / 2.0]
    for shift in _NEIGHBOURS:
        # The published parameters were made with neighbours that wrap around within a block.
        product = blocks * np.roll(blocks, shift, axis=(1, 2))
        shape, left, right = _asymmetric_gaussian(product)
        found += [shape, (right - left) * _gamma_ratio(2.0 / shape, 1.0 / shape), left, right]
    return np.stack(found, axis=1)


def _asymmetric_gaussian(blocks: Float) -> tuple[Float, Float, Float]:
    """Fit shape, left and right scale of an asymmetric generalised Gaussian to each block.

    Source: Lasmar, Stitou, Berthoumieu, ICIP (2009), doi 10.1109/ICIP.2009.5414404.
    """
    values = blocks.reshape(len(blocks), -1)
    square = values * values
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.sqrt((square * (values < 0)).sum(axis=1) / (values < 0).sum(axis=1))
        right = np.sqrt((square * (values > 0)).sum(axis=1) / (values > 0).sum(axis=1))
        skew = left / right
        ratio = np.abs(values).mean(axis=1) ** 2 / square.mean(axis=1)
        ratio = ratio * (skew**3 + 1.0) * (skew + 1.0) / (skew**2 + 1.0) ** 2
        shape = _shape_of(ratio)
        scale = np.sqrt(_gamma_ratio(1.0 / shape, 3.0 / shape))
    return shape, left * scale, right * scale


def _shape_of(ratio: Float) -> Float:
    """Give the shape on a grid whose ratio is nearest; NaN stays NaN."""
    shapes, ratios = _grid()
    after = np.clip(np.searchsorted(ratios, ratio), 1, len(ratios) - 1)
    nearer_before = ratio - ratios[after - 1] < ratios[after] - ratio
    return np.where(np.isfinite(ratio), shapes[after - nearer_before], np.nan)


@cache
def _grid() -> tuple[Float, Float]:
    """Give the shapes that are tried and the ratio of moments that belongs to each."""
    shapes: Float = np.linspace(0.2, 10.0, 9801)
    second = _gamma_ratio(2.0 / shapes, 1.0 / shapes)
    return shapes, second * _gamma_ratio(2.0 / shapes, 3.0 / shapes)


def _gamma_ratio(above: Float, below: Float) -> Float:
    from scipy import special

    return np.exp(special.gammaln(above) - special.gammaln(below))
