"""A fast confocal scan as physics makes it: optics, scanner, photons, detector; not published.

Unlike the published pipeline noise comes last, white on the grid of the low-resolution picture,
and down to a handful of photons. The low picture has the units of the high one and, its constant
background taken off again, the same local mean.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from superlens.core.errors import InvalidParameter
from superlens.core.method import Array
from superlens.core.parameters import parameter
from superlens.phantom.microscope import pixel_sums
from superlens.phantom.optics import Optics, PsfModel, convolved, kernel
from superlens.prepare.degradations.pipeline import Stage
from superlens.prepare.degradations.ranges import Range, checked_range

BIT_DEPTHS = (8, 12, 16)
FILLING = Range(0.2, 0.9)
"""Share of the detector's range that the brightest structures reach."""

_REACH_SIGMAS = 4.0
_JITTER_SIGMAS = 4.0


class Sampling(StrEnum):
    """What a low-resolution pixel collects."""

    AREA = "area"
    """The light of its whole area."""
    POINT = "point"
    """The light of its middle."""


@dataclass(frozen=True, slots=True)
class ConfocalSettings:
    """The range of scans that high-resolution pictures are turned into."""

    na: float = parameter(1.2, "Numerical aperture", "Of the objective.", low=0.1, high=1.7)
    immersion_index: float = parameter(
        1.515, "Immersion index", "1.0 for air, 1.33 water, 1.515 oil.", low=1.0, high=1.8
    )
    wavelength_nm: float = parameter(
        525.0, "Wavelength", "Of the emitted light.", unit="nm", low=200.0, high=2000.0
    )
    pixel_nm: float = parameter(
        100.0,
        "Pixel size",
        "Of the high-resolution pictures.",
        unit="nm",
        low=1.0,
        high=5000.0,
    )
    blur_spread: float = parameter(
        0.2,
        "Blur range",
        "How much wider or narrower than computed the blur may be, as a share of it.",
        low=0.0,
        high=0.9,
    )
    area_share: float = parameter(
        0.5,
        "Area sampling",
        "How often a pixel collects the light of its whole area, else of its middle.",
        low=0.0,
        high=1.0,
        advanced=True,
    )
    photons_low: float = parameter(
        2.0,
        "Photons, least",
        "Expected in a bright pixel (99.9th percentile) of the dimmest scan.",
        low=0.1,
        high=1e6,
    )
    photons_high: float = parameter(
        200.0, "Photons, most", "The same of the brightest scan.", low=0.1, high=1e6
    )
    background_high: float = parameter(
        0.1,
        "Background, most",
        "Largest even background, as a share of a bright pixel.",
        low=0.0,
        high=10.0,
    )
    read_noise_high: float = parameter(
        2.0,
        "Read noise, most",
        "Largest noise of the detector.",
        unit="counts",
        low=0.0,
        high=100.0,
    )
    excess_high: float = parameter(
        2.0,
        "Excess noise, most",
        "Largest variance over that of shot noise alone; 1 is a perfect detector.",
        low=1.0,
        high=10.0,
    )
    line_shift_high: float = parameter(
        2.0,
        "Line shift, most",
        "Largest shift between lines scanned forth and back.",
        unit="low-resolution px",
        low=0.0,
        high=20.0,
    )
    line_jitter_high: float = parameter(
        0.3,
        "Line jitter, most",
        "Largest random shift (standard deviation) of single lines.",
        unit="low-resolution px",
        low=0.0,
        high=10.0,
        advanced=True,
    )

    def __post_init__(self) -> None:
        if self.na >= self.immersion_index:
            raise InvalidParameter(
                f"na is {self.na:g}, not below immersion_index, {self.immersion_index:g}",
                "Give the aperture and the medium of the same objective",
            )
        _ = self.photons

    @property
    def photons(self) -> Range:
        """Give the range of photons, drawn evenly in its logarithm."""
        return checked_range("photons", self.photons_low, self.photons_high)

    def optics(self, width: float = 1.0) -> Optics:
        """Give the objective; `width` stretches its point spread function."""
        return Optics(PsfModel.GAUSSIAN, self.na, self.wavelength_nm * width, self.immersion_index)


@dataclass(frozen=True, slots=True)
class ConfocalDraw:
    """How one picture is scanned."""

    width: float
    """Of the point spread function over the computed one."""
    sampling: Sampling
    photons: float
    background: float
    """As a share of a bright pixel."""
    read_noise: float
    """In counts, one count per detected photon."""
    excess: float
    line_shift: float
    """Between odd and even lines in low-resolution pixels, towards larger x if positive."""
    line_jitter: float
    bit_depth: int
    filling: float


@dataclass(frozen=True, slots=True)
class Confocal:
    """A confocal scan; 1 in the high-resolution picture is a bright pixel, nothing is clipped."""

    settings: ConfocalSettings = field(default_factory=ConfocalSettings)

    def crop_px(self, patch_px: int, scale: int) -> int:
        """Give the patch with as much around it as blur and shifted lines bring into it."""
        settings = self.settings
        widest = settings.optics(1.0 + settings.blur_spread).sigma_nm / settings.pixel_nm
        shift = 0.5 * settings.line_shift_high + _JITTER_SIGMAS * settings.line_jitter_high
        margin = _REACH_SIGMAS * widest + shift * scale
        return patch_px + 2 * scale * int(np.ceil(margin / scale))

    def recordable(self, high: Array) -> Array:
        """Give the picture itself."""
        return high

    def draws(self, generators: Sequence[np.random.Generator]) -> tuple[ConfocalDraw, ...]:
        """Draw a scan for each picture."""
        return tuple(self._draw(rng) for rng in generators)

    def stages(
        self, high: Array, scale: int, draw: ConfocalDraw, rng: np.random.Generator
    ) -> Iterator[Stage]:
        """Degrade a picture step by step."""
        optics, pixel_nm = self.settings.optics(draw.width), self.settings.pixel_nm
        light = convolved(np.maximum(high, 0.0), kernel(optics, pixel_nm))
        yield Stage(f"Optics: σ {optics.sigma_nm / pixel_nm:.1f} px", light)
        lines = high.shape[0] // scale
        shifts = _line_shifts(lines, draw, rng) * np.float32(scale)
        light = shifted_lines(light, np.repeat(shifts, scale))
        yield Stage(f"Scanner: lines forth and back {abs(draw.line_shift):.1f} px apart", light)
        light = sampled(light, scale, draw.sampling)
        yield Stage(f"Larger pixels: {draw.sampling} sampled", light)
        expected = (light + np.float32(draw.background)) * np.float32(draw.photons)
        yield Stage(
            f"Background: {draw.background:.0%} of a bright pixel", _as_light(expected, draw, 0.0)
        )
        counts = detected(expected, draw, rng)
        yield Stage(
            f"Detector: {draw.photons:.3g} photons, excess {draw.excess:.1f}, "
            f"read noise {draw.read_noise:.1f}",
            _as_light(counts, draw, 0.0),
        )
        yield Stage(
            f"Low resolution, {draw.bit_depth} bit",
            _as_light(_quantised(counts, draw), draw, draw.background),
        )

    def _draw(self, rng: np.random.Generator) -> ConfocalDraw:
        settings = self.settings
        is_area = rng.random() < settings.area_share
        direction = 1.0 if rng.random() < 0.5 else -1.0
        return ConfocalDraw(
            width=float(1.0 + settings.blur_spread * rng.uniform(-1, 1)),
            sampling=Sampling.AREA if is_area else Sampling.POINT,
            photons=settings.photons.drawn_evenly_in_logarithm(rng),
            background=float(rng.uniform(0.0, settings.background_high)),
            read_noise=float(rng.uniform(0.0, settings.read_noise_high)),
            excess=float(rng.uniform(1.0, settings.excess_high)),
            line_shift=direction * float(rng.uniform(0.0, settings.line_shift_high)),
            line_jitter=float(rng.uniform(0.0, settings.line_jitter_high)),
            bit_depth=int(rng.choice(BIT_DEPTHS)),
            filling=FILLING.drawn(rng),
        )


def shifted_lines(light: Array, shifts_px: Array) -> Array:
    """Shift every line along x by linear interpolation; the border pixel goes on for ever.

    Args:
        light: (Y, X).
        shifts_px: (Y,), towards larger x where positive.
    """
    width = light.shape[1]
    position = np.arange(width, dtype=np.float32) - shifts_px[:, np.newaxis].astype(np.float32)
    position = np.clip(position, 0.0, width - 1.0)
    first = np.minimum(position.astype(np.intp), width - 2)
    t = (position - first).astype(np.float32)
    near = np.take_along_axis(light, first, axis=1)
    far = np.take_along_axis(light, first + 1, axis=1)
    return (near + t * (far - near)).astype(np.float32)


def sampled(light: Array, scale: int, sampling: Sampling) -> Array:
    """Give the light of `scale` times larger pixels, per small pixel; nothing is shifted.

    Point sampling takes the value in the middle of a large pixel. For an even scale that lies
    between four small ones, where the cubic through its neighbours is read.
    """
    if sampling is Sampling.AREA or scale == 1:
        return pixel_sums(light, scale) / np.float32(scale**2)
    if scale % 2 == 1:
        middle = scale // 2
        return np.ascontiguousarray(light[middle::scale, middle::scale])
    rows = _between(light, scale)
    return np.maximum(_between(rows.T, scale).T, 0.0)


def detected(expected: Array, draw: ConfocalDraw, rng: np.random.Generator) -> Array:
    """Give what a detector makes of expected photons, in counts of one photon on average.

    The photons themselves are Poisson. Each is amplified at random, so that the variance is
    `excess` times as large while the mean stays; read noise is added, and may go below zero
    because a detector's offset is set so that nothing is cut off.
    """
    photons = rng.poisson(expected).astype(np.float32)
    spread = np.float32(draw.excess - 1.0)
    if spread > 0:
        # A sum of n gamma variates of mean 1 and variance `spread`.
        photons = rng.standard_gamma(photons / spread).astype(np.float32) * spread
    noise = rng.standard_normal(expected.shape, dtype=np.float32)
    return (photons + np.float32(draw.read_noise) * noise).astype(np.float32)


def _line_shifts(lines: int, draw: ConfocalDraw, rng: np.random.Generator) -> Array:
    # Half of the shift each way: on average nothing moves against the high-resolution picture.
    parity = np.where(np.arange(lines) % 2 == 1, 0.5, -0.5)
    jitter = rng.standard_normal(lines, dtype=np.float32) * np.float32(draw.line_jitter)
    return (parity * draw.line_shift + jitter).astype(np.float32)


def _between(light: Array, scale: int) -> Array:
    """Give the value between the two middle rows of every `scale` rows."""
    padded = np.pad(light, ((1, 1), (0, 0)), mode="edge")
    first = scale // 2 - 1
    rows = [padded[first + k :: scale][: light.shape[0] // scale] for k in range(4)]
    between = (9.0 * (rows[1] + rows[2]) - (rows[0] + rows[3])) / 16.0
    return between.astype(np.float32)


def _quantised(counts: Array, draw: ConfocalDraw) -> Array:
    """Round to the steps of the detector; bright outliers are not cut off."""
    brightest = (1.0 + draw.background) * draw.photons
    per_count = np.float32(draw.filling * (2**draw.bit_depth - 1) / brightest)
    return (np.rint(counts * per_count) / per_count).astype(np.float32)


def _as_light(counts: Array, draw: ConfocalDraw, background: float) -> Array:
    """Give counts in the units of the high-resolution picture, less a background."""
    return (counts / np.float32(draw.photons) - np.float32(background)).astype(np.float32)
