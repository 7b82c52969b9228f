"""Worlds whose posterior is known in closed form, for the calibration of CVDM.

Each gives training pairs for the method as it is, and fields to judge its samples on. All values
are in the units of a network; noise and prior are Gaussian but for the sign of one world.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from superlens.core.method import Array, Batch

Float = NDArray[np.float64]

PRIOR_SD = 0.5
"""Standard deviation of the truth of all Gaussian worlds."""
_TRAIN_DOMAIN, _JUDGE_DOMAIN = 0x746F7901, 0x746F7902


class Posterior(Protocol):
    """What is known of the truth of each judged pixel."""

    sd: Float
    """(C, Y, X) standard deviation."""
    mean: Float

    def below(self, values: Float) -> Float:
        """Give the probability that the truth lies below values (..., C, Y, X)."""
        ...

    def draws(self, count: int, rng: np.random.Generator) -> Float:
        """Give (count, C, Y, X) draws, pixel by pixel."""
        ...


@dataclass(frozen=True, slots=True)
class Gaussian:
    """A Gaussian for each pixel."""

    mean: Float
    sd: Float

    def below(self, values: Float) -> Float:
        from scipy import special

        return special.ndtr((values - self.mean) / self.sd)

    def draws(self, count: int, rng: np.random.Generator) -> Float:
        return self.mean + self.sd * rng.standard_normal((count, *self.sd.shape))


@dataclass(frozen=True, slots=True)
class Signed:
    """A Gaussian for the size of each pixel, either sign with the same chance."""

    size: Float
    size_sd: Float

    @property
    def mean(self) -> Float:
        return np.zeros_like(self.size)

    @property
    def sd(self) -> Float:
        return np.hypot(self.size, self.size_sd)

    def below(self, values: Float) -> Float:
        halves = (Gaussian(sign * self.size, self.size_sd).below(values) for sign in (-1, 1))
        return 0.5 * sum(halves)

    def draws(self, count: int, rng: np.random.Generator) -> Float:
        drawn = Gaussian(self.size, self.size_sd).draws(count, rng)
        return np.where(rng.random(drawn.shape) < 0.5, -drawn, drawn)


@dataclass(frozen=True, slots=True)
class Judged:
    """A field to judge samples on."""

    low: Array
    """(C, y, x): what the method is given."""
    truth: Float
    """(C, Y, X) of the judged part."""
    part: tuple[slice, slice]
    """Rows and columns of the high-resolution answer that are judged: without borders."""
    posterior: Posterior
    """Of the judged part."""
    groups: dict[str, NDArray[np.bool_]]
    """Pixels that differ in how uncertain they are, by name."""


class Toy(Protocol):
    """A world: training data, and fields to judge by."""

    name: str
    scale: int
    iterations: int
    """Steps that a small network needs to learn it."""

    def batch(self, step: int, size: int) -> Batch: ...

    def validation(self) -> tuple[Batch, ...]: ...

    def judged(self, number: int) -> Judged: ...


class _World:
    """Draws pairs for training; `_pair` is a world's own."""

    name = ""
    scale = 1
    iterations = 2000

    def batch(self, step: int, size: int) -> Batch:
        """Give fresh pairs: a function of the step."""
        rng = _generator(_TRAIN_DOMAIN, step)
        pairs = [self._pair(rng) for _ in range(size)]
        return Batch(*(np.stack(side).astype(np.float32) for side in zip(*pairs, strict=True)))

    def validation(self) -> tuple[Batch, ...]:
        """Nothing: they are judged by their posterior."""
        return ()

    def _pair(self, rng: np.random.Generator) -> tuple[Float, Float]:
        raise NotImplementedError


class Heteroscedastic(_World):
    """TB-1: independent pixels seen through noise of one of four known sizes.

    y ~ N(0, 0.5^2). Even columns show y + s n, the odd one beside it log s; the truth of odd
    columns is noise that nothing is known of, and not judged. A network that works on squares of
    2 x 2 pixels sees which is which.
    """

    name = "TB-1 heteroscedastic"
    iterations = 6000  # after 2000 the spread was twice too large at the least noise
    sizes = (0.05, 0.2, 0.6, 2.0)
    _side, _judged_side = 16, 40

    def _pair(self, rng: np.random.Generator) -> tuple[Float, Float]:
        low, truth, _ = self._drawn(rng, self._side)
        return low, truth

    def judged(self, number: int) -> Judged:
        low, truth, which = self._drawn(_generator(_JUDGE_DOMAIN, number), self._judged_side)
        noise = np.array(self.sizes)[which]
        variance = 1 / (1 / PRIOR_SD**2 + 1 / noise**2)
        part = slice(None), slice(None, None, 2)
        mean = variance / noise**2 * low[0][part]
        posterior = Gaussian(mean[None], np.sqrt(variance)[None])
        groups = {f"noise {size:g}": which == index for index, size in enumerate(self.sizes)}
        return Judged(low.astype(np.float32), truth[0][part][None], part, posterior, groups)

    def _drawn(self, rng: np.random.Generator, side: int) -> tuple[Float, Float, NDArray[np.intp]]:
        which = rng.integers(len(self.sizes), size=(side, side // 2))
        noise = np.array(self.sizes)[which]
        truth = PRIOR_SD * rng.standard_normal((1, side, side))
        low = np.empty((1, side, side))
        low[0, :, ::2] = truth[0, :, ::2] + noise * rng.standard_normal(noise.shape)
        low[0, :, 1::2] = np.log(noise) / 2
        return low, truth, which


class Correlated(_World):
    """TB-2: a periodic Gaussian field through a blur and noise; the posterior is Wiener's."""

    name = "TB-2 correlated"
    noise, blur_px = 0.15, 1.0
    side, _patch, _border = 40, 24, 8

    def __init__(self) -> None:
        self.spectrum = field_spectrum(self.side)
        self.transfer = blur_transfer(self.side, self.blur_px)

    @property
    def left_over(self) -> Float:
        """Power spectrum of the posterior: P = S sigma^2 / (|H|^2 S + sigma^2)."""
        seen = self.transfer**2 * self.spectrum
        return self.spectrum * self.noise**2 / (seen + self.noise**2)

    def _pair(self, rng: np.random.Generator) -> tuple[Float, Float]:
        low, truth = self._drawn(rng)
        top, left = rng.integers(0, self.side - self._patch + 1, 2)
        part = slice(top, top + self._patch), slice(left, left + self._patch)
        return low[None][:, *part], truth[None][:, *part]

    def judged(self, number: int) -> Judged:
        low, truth = self._drawn(_generator(_JUDGE_DOMAIN, number))
        seen = self.transfer**2 * self.spectrum
        wiener = self.transfer * self.spectrum / (seen + self.noise**2)
        mean = np.fft.ifft2(wiener * np.fft.fft2(low)).real
        inner = slice(self._border, -self._border)
        part = (inner, inner)
        sd = np.full_like(mean, np.sqrt(self.left_over.mean()))
        posterior = Gaussian(mean[part][None], sd[part][None])
        return Judged(low[None].astype(np.float32), truth[part][None], part, posterior, {})

    def _drawn(self, rng: np.random.Generator) -> tuple[Float, Float]:
        truth = gaussian_field(self.spectrum, rng)
        blurred = np.fft.ifft2(self.transfer * np.fft.fft2(truth)).real
        return blurred + self.noise * rng.standard_normal(truth.shape), truth


class SuperResolution(_World):
    """TB-3: a periodic Gaussian field, blurred, binned 2 x 2, and with noise.

    Posterior covariance S - S A' (A S A' + sigma^2)^-1 A S, from the whole matrices.
    """

    name = "TB-3 super-resolution"
    scale = 2
    noise, blur_px = 0.1, 1.0
    side, _patch_low, _border_low = 40, 12, 6

    def __init__(self) -> None:
        self.spectrum = field_spectrum(self.side)
        self.transfer = blur_transfer(self.side, self.blur_px)
        prior = self._prior()
        seen = self._seen(prior)  # S A'
        inner = self._seen(seen.T)  # A S A'
        inner = inner + self.noise**2 * np.eye(len(inner))
        self._gain = np.linalg.solve(inner, seen.T).T
        self.covariance = prior - self._gain @ seen.T

    @property
    def part(self) -> tuple[slice, slice]:
        """What is judged."""
        border = self._border_low * self.scale
        return slice(border, -border), slice(border, -border)

    def part_covariance(self) -> Float:
        """Give the posterior covariance of the judged pixels."""
        chosen = np.arange(self.side**2).reshape(self.side, self.side)[self.part].ravel()
        return self.covariance[np.ix_(chosen, chosen)]

    def _pair(self, rng: np.random.Generator) -> tuple[Float, Float]:
        low, truth = self._drawn(rng)
        room = self.side // self.scale - self._patch_low + 1
        top, left = rng.integers(0, room, 2)
        here = slice(top, top + self._patch_low), slice(left, left + self._patch_low)
        there = tuple(slice(one.start * self.scale, one.stop * self.scale) for one in here)
        return low[here][None], truth[there][None]

    def judged(self, number: int) -> Judged:
        low, truth = self._drawn(_generator(_JUDGE_DOMAIN, number))
        mean = (self._gain @ low.ravel()).reshape(truth.shape)
        sd = np.sqrt(np.diag(self.covariance)).reshape(truth.shape)
        posterior = Gaussian(mean[self.part][None], sd[self.part][None])
        known = truth[self.part][None]
        return Judged(low[None].astype(np.float32), known, self.part, posterior, {})

    def _drawn(self, rng: np.random.Generator) -> tuple[Float, Float]:
        truth = gaussian_field(self.spectrum, rng)
        low = self._seen(truth.reshape(1, -1)).reshape(self.side // 2, self.side // 2)
        return low + self.noise * rng.standard_normal(low.shape), truth

    def _seen(self, fields: Float) -> Float:
        """Blur and bin fields (N, side^2), rows of a matrix: (N, (side / 2)^2)."""
        images = fields.reshape(-1, self.side, self.side)
        blurred = np.fft.ifft2(self.transfer * np.fft.fft2(images)).real
        half = self.side // 2
        return blurred.reshape(-1, half, 2, half, 2).mean((2, 4)).reshape(len(fields), -1)

    def _prior(self) -> Float:
        shared = np.fft.ifft2(self.spectrum).real
        at = np.arange(self.side)
        apart = (at[:, None] - at) % self.side
        matrix = shared[apart[:, None, :, None], apart[None, :, None, :]]
        return matrix.reshape(self.side**2, self.side**2)


class SignAmbiguous(_World):
    """TB-4: independent pixels of which only the size is seen.

    |y| + n is shown, with y = m or -m and m ~ N(0.6, 0.15^2).
    """

    name = "TB-4 sign"
    iterations = 6000  # after 2000 the interval of 50 % held 45.7 %
    size, size_sd, noise = 0.6, 0.15, 0.1
    _side, _judged_side = 16, 24

    def _pair(self, rng: np.random.Generator) -> tuple[Float, Float]:
        return self._drawn(rng, self._side)

    def judged(self, number: int) -> Judged:
        low, truth = self._drawn(_generator(_JUDGE_DOMAIN, number), self._judged_side)
        variance = 1 / (1 / self.size_sd**2 + 1 / self.noise**2)
        size = variance * (self.size / self.size_sd**2 + low / self.noise**2)
        posterior = Signed(size, np.full_like(size, np.sqrt(variance)))
        whole = slice(None), slice(None)
        return Judged(low.astype(np.float32), truth, whole, posterior, {})

    def _drawn(self, rng: np.random.Generator, side: int) -> tuple[Float, Float]:
        shape = (1, side, side)
        size = self.size + self.size_sd * rng.standard_normal(shape)
        truth = np.where(rng.random(shape) < 0.5, -size, size)
        return size + self.noise * rng.standard_normal(shape), truth


def field_spectrum(side: int) -> Float:
    """Give the power of each frequency of a periodic field of variance 0.25: mean over all 0.25."""
    k = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    power = 1 / (1 + (k / 0.12) ** 2) ** 2
    return PRIOR_SD**2 * power / power.mean()


def blur_transfer(side: int, sigma_px: float) -> Float:
    """Give the transfer function of a Gaussian blur."""
    k = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    return np.exp(-2 * (np.pi * sigma_px * k) ** 2)


def gaussian_field(spectrum: Float, rng: np.random.Generator) -> Float:
    """Draw a periodic field of a power spectrum."""
    white = np.fft.fft2(rng.standard_normal(spectrum.shape))
    return np.fft.ifft2(np.sqrt(spectrum) * white).real


def _generator(domain: int, number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(domain, spawn_key=(number,)))
