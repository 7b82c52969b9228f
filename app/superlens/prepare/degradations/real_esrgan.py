"""The published two-stage degradation of photographs, for pictures of one channel.

Numbered as in the publication's released training code: what that draws once for a batch is in
`SharedDraw`, what it draws for each picture in `OwnDraw`. Its pool of 180 pairs, shuffled at every
step, exists so that the pictures of one training batch do not all share one `SharedDraw`: it
mixes batches that were degraded at different steps. Here a batch is a pure function of its step,
so nothing can be carried over from earlier ones; with `pair_pool` every picture gets a
`SharedDraw` of its own instead, which is what a pool of endless size would deal out. Every single
picture is distributed as with the pool; only the chance (some per cent) that two of a batch
come from the same draw is gone.

Gray noise: the released code draws one field of Gaussian noise for a whole batch where its noise
is gray. Here every picture has its own. In one channel gray and coloured noise are the same
otherwise, so there is nothing to choose.

Source: Wang, Xie, Dong, Shan, ICCV Workshops 2021 (Real-ESRGAN), 10.1109/ICCVW54120.2021.00217.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from superlens.core.method import Array
from superlens.prepare.degradations.jpeg import compressed
from superlens.prepare.degradations.kernels import (
    GENERALISED,
    PLATEAU,
    ROUND,
    KernelKind,
    KernelShape,
    filtered,
    kernel,
)
from superlens.prepare.degradations.noise import (
    NoiseKind,
    with_gaussian_noise,
    with_poisson_noise,
)
from superlens.prepare.degradations.pipeline import Stage
from superlens.prepare.degradations.ranges import Range
from superlens.prepare.degradations.real_esrgan_settings import RealEsrganSettings
from superlens.prepare.degradations.resizing import ResizeMode, resized
from superlens.prepare.degradations.sharpening import sharpened

KERNEL_SIZES = tuple(range(7, 22, 2))
"""Sides of the blur kernels in pixels, all equally likely."""
BELL_SHARES = {
    KernelKind.ISOTROPIC: 0.45,
    KernelKind.ANISOTROPIC: 0.25,
    KernelKind.GENERALISED_ISOTROPIC: 0.12,
    KernelKind.GENERALISED_ANISOTROPIC: 0.03,
    KernelKind.PLATEAU_ISOTROPIC: 0.12,
    KernelKind.PLATEAU_ANISOTROPIC: 0.03,
}
"""How often each family is drawn where the kernel is not a sinc."""

_GENERALISED_BETA = Range(0.5, 4.0)
_PLATEAU_BETA = Range(1.0, 2.0)
_SMALL_KERNEL = 13
_LARGEST_KERNEL = 21
_LEVELS = 255.0
_RANGE_OF = {NoiseKind.GAUSSIAN: "gaussian", NoiseKind.POISSON: "poisson"}


class Direction(StrEnum):
    """Whether a picture is resized, and which way."""

    UP = "enlarged"
    DOWN = "shrunk"
    KEEP = "size kept"


@dataclass(frozen=True, slots=True)
class Resizing:
    """One resizing."""

    direction: Direction
    factor: float
    mode: ResizeMode


@dataclass(frozen=True, slots=True)
class SharedDraw:
    """What the released code draws once for a whole batch."""

    resize_1: Resizing
    noise_1: NoiseKind
    is_blurred_again: bool
    resize_2: Resizing
    """Its factor is relative to the low-resolution size."""
    noise_2: NoiseKind
    last_mode: ResizeMode
    is_compressed_last: bool


@dataclass(frozen=True, slots=True)
class OwnDraw:
    """What is drawn for each picture."""

    kernel_1: KernelShape
    noise_1: float
    """Gaussian: sigma in 8-bit levels; Poisson: strength."""
    quality_1: float
    kernel_2: KernelShape
    noise_2: float
    quality_2: float
    last_kernel: KernelShape | None
    """None leaves the result as it is."""


@dataclass(frozen=True, slots=True)
class RealEsrganDraw:
    """How one picture is degraded."""

    shared: SharedDraw
    own: OwnDraw


@dataclass(frozen=True, slots=True)
class RealEsrgan:
    """The two-stage pipeline; pictures live in [0, 1] and end on 8-bit levels."""

    settings: RealEsrganSettings = field(default_factory=RealEsrganSettings)

    def crop_px(self, patch_px: int, scale: int) -> int:
        """Give the published crop, or the patch where that is larger."""
        return max(self.settings.crop // scale * scale, patch_px)

    def recordable(self, high: Array) -> Array:
        """Cut off what lies outside [0, 1]: every stage of the pipeline does so with its noise."""
        return np.clip(high, 0.0, 1.0)

    def draws(self, generators: Sequence[np.random.Generator]) -> tuple[RealEsrganDraw, ...]:
        """Draw how each picture of a batch is degraded."""
        if self.settings.pair_pool:
            shared = [self._shared(rng) for rng in generators]
        else:
            shared = [self._shared(generators[0])] * len(generators)
        return tuple(
            RealEsrganDraw(one, self._own(one, rng))
            for one, rng in zip(shared, generators, strict=True)
        )

    def stages(
        self, high: Array, scale: int, draw: RealEsrganDraw, rng: np.random.Generator
    ) -> Iterator[Stage]:
        """Degrade a picture step by step."""
        shared, own = draw.shared, draw.own
        low_shape = (high.shape[0] // scale, high.shape[1] // scale)
        image = self.recordable(high)
        if self.settings.sharpen_first:
            image = sharpened(image)
            yield Stage("Sharpened", image)
        image = filtered(image, kernel(own.kernel_1))
        yield Stage(f"First blur: {_in_words(own.kernel_1)}", image)
        first = shared.resize_1
        image = resized(image, _times(high.shape, first.factor), first.mode, first.factor)
        yield Stage(f"First resizing: {_resizing_in_words(first)}", image)
        image = _noisy(image, shared.noise_1, own.noise_1, rng)
        yield Stage(f"First noise: {shared.noise_1} {own.noise_1:.2g}", image)
        image = compressed(image, own.quality_1)
        yield Stage(f"First JPEG: quality {own.quality_1:.0f}", image)
        if shared.is_blurred_again:
            image = filtered(image, kernel(own.kernel_2))
            yield Stage(f"Second blur: {_in_words(own.kernel_2)}", image)
        second = shared.resize_2
        image = resized(image, _times(low_shape, second.factor), second.mode)
        yield Stage(f"Second resizing: {_resizing_in_words(second)}", image)
        image = _noisy(image, shared.noise_2, own.noise_2, rng)
        yield Stage(f"Second noise: {shared.noise_2} {own.noise_2:.2g}", image)
        yield from _ended(image, low_shape, draw)

    def _shared(self, rng: np.random.Generator) -> SharedDraw:
        settings = self.settings
        return SharedDraw(
            resize_1=self._resizing(1, rng),
            noise_1=_noise_kind(settings.gaussian_1_share, rng),
            is_blurred_again=_happens(settings.blur_2_share, rng),
            resize_2=self._resizing(2, rng),
            noise_2=_noise_kind(settings.gaussian_2_share, rng),
            last_mode=_mode(rng),
            is_compressed_last=_happens(settings.compress_last_share, rng),
        )

    def _own(self, shared: SharedDraw, rng: np.random.Generator) -> OwnDraw:
        range_of = self.settings.range_of
        is_low_passed = _happens(self.settings.final_sinc_share, rng)
        last = KernelShape(KernelKind.SINC, _size(rng), cutoff=_last_cutoff(rng))
        return OwnDraw(
            kernel_1=self._kernel(range_of("blur_1"), rng),
            noise_1=range_of(f"{_RANGE_OF[shared.noise_1]}_1").drawn(rng),
            quality_1=range_of("jpeg").drawn(rng),
            kernel_2=self._kernel(range_of("blur_2"), rng),
            noise_2=range_of(f"{_RANGE_OF[shared.noise_2]}_2").drawn(rng),
            quality_2=range_of("jpeg").drawn(rng),
            last_kernel=last if is_low_passed else None,
        )

    def _resizing(self, stage: int, rng: np.random.Generator) -> Resizing:
        up, down, _ = self.settings.resize_shares(stage)
        bounds = self.settings.range_of(f"resize_{stage}")
        place = float(rng.random())
        if place < up:
            return Resizing(Direction.UP, Range(1.0, bounds.high).drawn(rng), _mode(rng))
        if place < up + down:
            return Resizing(Direction.DOWN, Range(bounds.low, 1.0).drawn(rng), _mode(rng))
        return Resizing(Direction.KEEP, 1.0, _mode(rng))

    def _kernel(self, sigmas: Range, rng: np.random.Generator) -> KernelShape:
        size = _size(rng)
        if _happens(self.settings.sinc_share, rng):
            lowest = np.pi / 3 if size < _SMALL_KERNEL else np.pi / 5
            cutoff = float(rng.uniform(lowest, np.pi))
            return KernelShape(KernelKind.SINC, size, cutoff=cutoff)
        kinds = tuple(BELL_SHARES)
        kind = kinds[int(rng.choice(len(kinds), p=tuple(BELL_SHARES.values())))]
        sigma_x = sigmas.drawn(rng)
        if kind in ROUND:
            return KernelShape(kind, size, sigma_x, sigma_x, beta=_beta(kind, rng))
        theta = float(rng.uniform(-np.pi, np.pi))
        return KernelShape(kind, size, sigma_x, sigmas.drawn(rng), theta, _beta(kind, rng))


def _ended(image: Array, low_shape: tuple[int, int], draw: RealEsrganDraw) -> Iterator[Stage]:
    shared, own = draw.shared, draw.own
    if not shared.is_compressed_last:
        image = compressed(image, own.quality_2)
        yield Stage(f"Second JPEG: quality {own.quality_2:.0f}", image)
    image = resized(image, low_shape, shared.last_mode)
    if own.last_kernel is not None:
        image = filtered(image, kernel(own.last_kernel))
        yield Stage(f"Low-resolution size, {_in_words(own.last_kernel)}", image)
    else:
        yield Stage("Low-resolution size", image)
    if shared.is_compressed_last:
        image = compressed(image, own.quality_2)
        yield Stage(f"Second JPEG: quality {own.quality_2:.0f}", image)
    levels = np.rint(np.clip(image, 0.0, 1.0) * np.float32(_LEVELS))
    yield Stage("Low resolution, 8 bit", (levels / np.float32(_LEVELS)).astype(np.float32))


def _noisy(image: Array, kind: NoiseKind, level: float, rng: np.random.Generator) -> Array:
    if kind is NoiseKind.GAUSSIAN:
        return with_gaussian_noise(image, level / _LEVELS, rng)
    return with_poisson_noise(image, level, rng)


def _times(shape: tuple[int, ...], factor: float) -> tuple[int, int]:
    return max(1, int(shape[0] * factor)), max(1, int(shape[1] * factor))


def _happens(share: float, rng: np.random.Generator) -> bool:
    return bool(rng.random() < share)


def _noise_kind(gaussian_share: float, rng: np.random.Generator) -> NoiseKind:
    return NoiseKind.GAUSSIAN if _happens(gaussian_share, rng) else NoiseKind.POISSON


def _mode(rng: np.random.Generator) -> ResizeMode:
    modes = tuple(ResizeMode)
    return modes[int(rng.integers(len(modes)))]


def _size(rng: np.random.Generator) -> int:
    return KERNEL_SIZES[int(rng.integers(len(KERNEL_SIZES)))]


def _last_cutoff(rng: np.random.Generator) -> float:
    return float(rng.uniform(np.pi / 3, np.pi))


def _beta(kind: KernelKind, rng: np.random.Generator) -> float:
    """Draw an exponent: from below 1 half of the time, from above 1 the other half."""
    if kind not in GENERALISED | PLATEAU:
        return 1.0
    bounds = _GENERALISED_BETA if kind in GENERALISED else _PLATEAU_BETA
    if _happens(0.5, rng):
        return Range(bounds.low, 1.0).drawn(rng)
    return Range(1.0, bounds.high).drawn(rng)


def _in_words(shape: KernelShape) -> str:
    if shape.kind is KernelKind.SINC:
        return f"sinc, cut-off {shape.cutoff / np.pi:.2f} π"
    if shape.kind in ROUND:
        return f"{shape.kind}, σ {shape.sigma_x:.1f} px"
    return f"{shape.kind}, σ {shape.sigma_x:.1f} and {shape.sigma_y:.1f} px"


def _resizing_in_words(resizing: Resizing) -> str:
    if resizing.direction is Direction.KEEP:
        return str(resizing.direction)
    return f"{resizing.direction} × {resizing.factor:.2f}, {resizing.mode}"
