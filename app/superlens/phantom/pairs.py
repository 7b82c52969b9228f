"""Pairs of a low-resolution picture and its noise-free target, for training and for judging.

What the target is
------------------
The target is the same specimen, noise-free, on pixels `scale` times smaller, through optics tied to
those of the low picture, because a network can know only what the low picture shows. With s the
standard deviation of the low picture's point spread function in high-resolution pixels, the
target's is

    min(s, max(sharpening * s, 1))

so it is sharper by a constant factor, never finer than the small pixels can hold, and never broader
than the low picture's. `sharpening = 1` asks for no deconvolution at all: denoise and undo the
binning. Out-of-focus light stays. Target and low picture are in the same units: the mean over
scale x scale blocks of the target, blurred by what the low optics blur more, is the expected low
picture (as long as the scanner does not jitter).
"""

from dataclasses import dataclass, replace

import numpy as np

from superlens.core.errors import InvalidParameter
from superlens.phantom.camera import Camera, read_out
from superlens.phantom.catalogue import specimen_maker
from superlens.phantom.microscope import BRIGHT_QUANTILE, pixel_sums, scanned, with_haze
from superlens.phantom.optics import SIGMA_IN_WAVELENGTHS, Optics, PsfModel, convolved, kernel
from superlens.phantom.specimen import Array, FineGrid, Specimen

TRAINING_STRUCTURES: tuple[str, ...] = (
    "filaments",
    "mitochondria",
    "nuclei",
    "membranes",
    "puncta",
)
BENCHMARK_PHOTONS: tuple[int, ...] = (20, 100, 500)
DEFAULT_SHARPENING = 0.6

_TRAINING_DOMAIN = 0x7261696E
_BENCHMARK_DOMAIN = 0x62656E63
_BENCHMARK_NOISE = 1
_FINEST_SIGMA_PX = 1.0


@dataclass(frozen=True, slots=True)
class Degradations:
    """The range of microscopes that training pairs are made with. Ranges are (lowest, highest)."""

    sharpening: float = DEFAULT_SHARPENING
    """Width of the target's point spread function over the low picture's, above 0, at most 1."""
    na: tuple[float, float] = (0.5, 1.45)
    wavelength_nm: tuple[float, float] = (450.0, 680.0)
    undersampling: tuple[float, float] = (0.65, 2.0)
    """Low pixel over the Nyquist pixel wavelength / (4 NA)."""
    photons: tuple[float, float] = (8.0, 3000.0)
    """Budget at the 99.9th percentile low pixel, drawn evenly in its logarithm."""
    background: tuple[float, float] = (0.0, 0.2)
    """Background over budget."""
    read_noise_e: tuple[float, float] = (0.0, 3.0)
    binned_share: float = 0.4
    """How often the low picture is the block mean of a picture taken with small pixels."""
    autoscaled_share: float = 0.35
    """How often the picture is an 8-bit copy stretched between its own percentiles."""
    jitter_share: float = 0.15
    largest_jitter_px: float = 1.0
    haze_share: float = 0.4
    largest_haze: float = 0.5
    """Largest share of the light that is out-of-focus haze."""

    def __post_init__(self) -> None:
        if not 0.0 < self.sharpening <= 1.0:
            raise InvalidParameter(
                f"A sharpening of {self.sharpening:g} is out of range",
                "Give a number above 0 and at most 1.",
            )


@dataclass(frozen=True, slots=True)
class PairSettings:
    """How one pair was made."""

    optics: Optics
    camera: Camera
    pixel_nm: float
    """Pixel of the low picture."""
    scale: int
    low_sigma_px: float
    """Standard deviation of the low picture's point spread function in high-resolution pixels."""
    high_sigma_px: float
    """The same for the target."""
    jitter_px: float = 0.0
    haze_fraction: float = 0.0
    haze_sigma_px: float = 0.0
    """Width of the haze in high-resolution pixels."""
    binned: bool = False
    """Low is the block mean of a picture taken with high-resolution pixels."""
    stretch: tuple[float, float] | None = None
    """Quantiles of the picture that became 0 and 255 of an 8-bit copy, or None."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A low picture and what it should become."""

    low: Array
    """(Y, X) float32 camera counts."""
    high: Array
    """(Y * scale, X * scale) float32, noise-free, in the units of `low`."""
    expected: Array
    """(Y, X) float32: `low` without noise, rounding and clipping."""
    structure: str
    settings: PairSettings


def training_generator(seed: int, worker: int = 0) -> np.random.Generator:
    """Give a generator for training pairs; no seed gives a benchmark's."""
    sequence = np.random.SeedSequence(seed, spawn_key=(_TRAINING_DOMAIN, worker))
    return np.random.default_rng(sequence)


def training_pair(
    structure: str,
    scale: int,
    size: int,
    rng: np.random.Generator,
    degradations: Degradations | None = None,
) -> Pair:
    """Draw a specimen, a microscope and the pair it yields.

    Args:
        structure: id of a specimen in the catalogue; its first channel is taken.
        scale: pixels of the target per pixel of the low picture, along one side.
        size: side of the low picture in pixels. Large ones are cheaper per pixel: see `patches`.
        rng: the source of all randomness.
        degradations: the range of microscopes; the default if None.
    """
    settings = _random_settings(scale, rng, degradations or Degradations())
    grid = FineGrid(size * scale, size * scale, settings.pixel_nm / scale)
    return imaged_pair(specimen_maker(structure).make(grid, rng), settings, rng)


def imaged_pair(specimen: Specimen, settings: PairSettings, rng: np.random.Generator) -> Pair:
    """Image the first channel of a specimen drawn on high-resolution pixels."""
    scale, camera, optics = settings.scale, settings.camera, settings.optics
    density = specimen.channels[0].density
    # An objective of larger aperture has the same point spread function, only narrower.
    narrower = settings.high_sigma_px / settings.low_sigma_px
    low_kernel = kernel(optics, specimen.pixel_nm)
    high_kernel = kernel(_narrowed(optics, narrower), specimen.pixel_nm)
    low_light, high_light = (
        with_haze(convolved(density, psf), settings.haze_fraction, settings.haze_sigma_px)
        for psf in (low_kernel, high_kernel)
    )
    low_light = scanned(low_light, settings.jitter_px, scale)
    summed = pixel_sums(low_light, scale)
    bright = max(float(np.quantile(summed, BRIGHT_QUANTILE)), 1e-12)
    per_light = np.float32(camera.photons / bright)
    background = np.float32(camera.background_photons)
    if settings.binned:
        # The budget is that of a low pixel; each small pixel gets its share of it.
        share = background / np.float32(scale**2)
        picture = read_out(low_light * per_light + share, camera, rng).astype(np.float32)
        expected = camera.expected_counts(summed * (per_light / np.float32(scale**2)) + share)
        high = camera.expected_counts(high_light * per_light + share)
    else:
        picture = read_out(summed * per_light + background, camera, rng).astype(np.float32)
        expected = camera.expected_counts(summed * per_light + background)
        high = camera.expected_counts(high_light * (per_light * np.float32(scale**2)) + background)
    picture, expected, high = _stretched(picture, expected, high, settings.stretch)
    if settings.binned:
        picture = pixel_sums(picture, scale) / np.float32(scale**2)
    return Pair(picture, high, expected, specimen.name, settings)


def patches(pair: Pair, size: int, count: int, rng: np.random.Generator) -> tuple[Pair, ...]:
    """Cut patches out of a large pair, preferring places where there is something to see.

    Args:
        pair: at least `size` pixels on each side of its low picture.
        size: side of a patch in low pixels.
        count: how many; they may overlap.
        rng: chooses the places.
    """
    height, width = pair.low.shape
    if size > min(height, width):
        raise InvalidParameter(
            f"A patch of {size} pixels does not fit into {height} x {width}",
            "Ask for smaller patches or make a larger pair.",
        )
    chosen = []
    for _ in range(count):
        # The better of two places, most of the time: dark corners are part of life too.
        corners = rng.integers(0, (height - size + 1, width - size + 1), (2, 2))
        candidates = [_cut(pair, int(y), int(x), size) for y, x in corners]
        lively = max(candidates, key=lambda patch: float(patch.expected.std()))
        chosen.append(lively if rng.random() < 0.75 else candidates[0])
    return tuple(chosen)


def benchmark_field(
    structure: str,
    photons: float,
    seed: int,
    size: int = 256,
    sharpening: float = DEFAULT_SHARPENING,
) -> Pair:
    """Give one field of the fixed test: the same arguments give the same field for ever.

    Optics: Airy pattern of NA 1.2 at 525 nm; low pixel 110 nm (Nyquist is 109 nm), scale 2. Camera:
    16 bit, 1 count per electron, offset 100 counts, read noise 1.5 electrons, background 5 % of the
    budget. No jitter, no added haze. The specimen depends on structure and seed alone, so that
    budgets can be compared; no training generator can yield it, because the seeds of the two live
    under different keys.
    """
    index = TRAINING_STRUCTURES.index(structure)
    key = (_BENCHMARK_DOMAIN, index)
    specimen_rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    noise_key = (*key, _BENCHMARK_NOISE, round(photons * 1000))
    noise_rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=noise_key))
    optics = Optics(PsfModel.AIRY, na=1.2, wavelength_nm=525.0)
    pixel_nm, scale = 110.0, 2
    camera = Camera(photons, 0.05 * photons, 1.5, gain=1.0, offset=100.0, bit_depth=16)
    settings = plain_settings(optics, camera, pixel_nm, scale, sharpening)
    grid = FineGrid(size * scale, size * scale, pixel_nm / scale)
    return imaged_pair(specimen_maker(structure).make(grid, specimen_rng), settings, noise_rng)


def plain_settings(
    optics: Optics,
    camera: Camera,
    pixel_nm: float,
    scale: int,
    sharpening: float = DEFAULT_SHARPENING,
) -> PairSettings:
    """Give the settings of a microscope without jitter, haze, binning or stretching."""
    sigma = optics.sigma_nm * scale / pixel_nm
    return PairSettings(optics, camera, pixel_nm, scale, sigma, _target_sigma(sigma, sharpening))


def _target_sigma(low_sigma_px: float, sharpening: float) -> float:
    return min(low_sigma_px, max(sharpening * low_sigma_px, _FINEST_SIGMA_PX))


def _narrowed(optics: Optics, factor: float) -> Optics:
    """Give optics whose point spread function is `factor` times as wide."""
    na = optics.na / factor
    return replace(optics, na=na, immersion_index=max(optics.immersion_index, na * 1.01))


def _random_settings(scale: int, rng: np.random.Generator, ranges: Degradations) -> PairSettings:
    na = float(rng.uniform(*ranges.na))
    model = PsfModel.GAUSSIAN if rng.random() < 0.5 else PsfModel.AIRY
    optics = Optics(model, na, float(rng.uniform(*ranges.wavelength_nm)))
    nyquist_nm = optics.wavelength_nm / (4.0 * na)
    pixel_nm = nyquist_nm * _log_uniform(ranges.undersampling, rng)
    low_sigma = SIGMA_IN_WAVELENGTHS * optics.wavelength_nm / na * scale / pixel_nm
    binned = bool(rng.random() < ranges.binned_share)
    jitter = 0.0
    if not binned and rng.random() < ranges.jitter_share:
        jitter = float(rng.uniform(-1, 1)) * ranges.largest_jitter_px
    haze = 0.0
    if rng.random() < ranges.haze_share:
        haze = float(rng.uniform(0, ranges.largest_haze))
    stretch = None
    if rng.random() < ranges.autoscaled_share:
        top = float(rng.choice((1.0, rng.uniform(0.995, 1.0))))
        stretch = (float(rng.choice((0.0, rng.uniform(0.0, 0.02)))), top)
    return PairSettings(
        optics,
        _random_camera(scale if binned else 1, stretch is not None, rng, ranges),
        pixel_nm,
        scale,
        low_sigma,
        _target_sigma(low_sigma, ranges.sharpening),
        jitter,
        haze,
        low_sigma * float(rng.uniform(3.0, 12.0)),
        binned,
        stretch,
    )


def _random_camera(
    binning: int, stretched: bool, rng: np.random.Generator, ranges: Degradations
) -> Camera:
    photons = _log_uniform(ranges.photons, rng)
    background = photons * float(rng.uniform(*ranges.background))
    # A picture that will be stretched to 8 bit comes from a camera with more.
    depth = int(rng.choice((12, 16) if stretched else (8, 12, 16)))
    brightest = (photons + background) / binning**2
    filling = {8: (0.4, 1.2), 12: (0.05, 1.0), 16: (0.005, 0.6)}[depth]
    gain = 2**depth * _log_uniform(filling, rng) / (brightest + 3.0)
    read_noise = float(rng.uniform(*ranges.read_noise_e)) / binning
    # Most cameras are offset far enough that read noise is not cut off at zero; some are not.
    margin = rng.uniform(3.0, 8.0) if rng.random() < 0.85 else rng.uniform(0.0, 2.0)
    offset = gain * read_noise * margin + float(rng.choice((0.0, 0.02))) * 2**depth
    return Camera(photons, background, read_noise, gain, offset, depth)


def _stretched(
    picture: Array, expected: Array, high: Array, stretch: tuple[float, float] | None
) -> tuple[Array, Array, Array]:
    """Map the picture's quantiles to 0 and 255 of an 8-bit copy; the rest follows unrounded."""
    if stretch is None:
        return picture, expected, high
    low, top = (float(np.quantile(picture, q)) for q in stretch)
    factor = np.float32(255.0 / max(top - low, 1.0))
    floor = np.float32(low)
    eight_bit = np.clip(np.rint((picture - floor) * factor), 0, 255).astype(np.float32)
    return eight_bit, (expected - floor) * factor, (high - floor) * factor


def _cut(pair: Pair, y: int, x: int, size: int) -> Pair:
    s = pair.settings.scale
    low = (slice(y, y + size), slice(x, x + size))
    high = (slice(y * s, (y + size) * s), slice(x * s, (x + size) * s))
    return replace(pair, low=pair.low[low], high=pair.high[high], expected=pair.expected[low])


def _log_uniform(bounds: tuple[float, float], rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(bounds[0]), np.log(bounds[1]))))
