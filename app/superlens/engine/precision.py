"""What a network multiplies with: bfloat16 only where its answers stay those of float32.

The choice depends on the model, the device and the image alone, never on a measured time: the same
request gives the same bits. Torch is imported only where a device is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from superlens.core.jobs import PrecisionChoice
from superlens.core.method import Array, MethodSpec, Precision

PROMISED_DB = 50.0
"""Answers in bfloat16 agree with those in float32 to so many decibels (PSNR, peak 1)."""
REQUIRED_DB = PROMISED_DB + 3.0
"""On the pattern and on the window that are tried, because they are small."""
_PATTERN_PX = 96
_NAMES = {Precision.FP32: "float32", Precision.BF16: "bfloat16"}

Answer = Callable[[Array], Array]
"""Gives a network's answer to a tile (y, x)."""


@dataclass(frozen=True, slots=True)
class ChosenPrecision:
    """What a network multiplies with, and why."""

    precision: Precision
    reason: str = ""
    """Half a sentence, or empty where there was no choice."""
    agreement_db: float | None = None
    """Lowest agreement with float32 that was seen; None where nothing was compared."""

    @property
    def text(self) -> str:
        """What and why as one line, as results record it."""
        name = _NAMES[self.precision]
        return f"{name} ({self.reason})" if self.reason else name

    @property
    def shown_db(self) -> float | None:
        """The agreement to a tenth; None where nothing was compared or there was no difference."""
        found = self.agreement_db
        return None if found is None or not np.isfinite(found) else round(found, 1)


def wanted_precision(
    choice: PrecisionChoice, spec: MethodSpec, device: str
) -> ChosenPrecision | None:
    """Give the precision where no comparison is needed, else None: bfloat16, if it is exact enough.

    Args:
        choice: of the request.
        spec: of the method.
        device: what torch calls it.
    """
    if choice is PrecisionChoice.FP32:
        return ChosenPrecision(Precision.FP32, "as asked for")
    if Precision.BF16 not in spec.precisions:
        return ChosenPrecision(Precision.FP32)
    if choice is PrecisionChoice.BF16:
        return ChosenPrecision(Precision.BF16, "as asked for")
    if not has_fast_bfloat16(device):
        return ChosenPrecision(Precision.FP32, "this device has no bfloat16 instructions")
    return None


def has_fast_bfloat16(device: str) -> bool:
    """Whether a device multiplies bfloat16 by instructions of its own."""
    import torch

    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device == "cpu":
        return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
    return False


def settled_precision(exact: Answer, fast: Answer, low: Array) -> ChosenPrecision:
    """Compare answers in bfloat16 with those in float32, and give what to compute with.

    Args:
        exact: answers in float32.
        fast: answers in bfloat16.
        low: (y, x), normalised.
    """
    found = agreement_db(fast(low), exact(low))
    if found >= REQUIRED_DB:
        return ChosenPrecision(
            Precision.BF16, f"agrees with float32 to {_shown(found)} dB", agreement_db=found
        )
    return ChosenPrecision(
        Precision.FP32, f"bfloat16 agrees only to {_shown(found)} dB", agreement_db=found
    )


def agreement_db(first: Array, second: Array) -> float:
    """Give the PSNR of one normalised answer to another, peak 1; -inf unless all are numbers."""
    difference = first.astype(np.float64) - second
    error = float(np.mean(difference**2))
    if not np.isfinite(error):
        return -np.inf
    return np.inf if error == 0 else -10 * float(np.log10(error))


def fixed_pattern(multiple: int) -> Array:
    """Give a picture (y, x) with blobs, lines, an edge and noise, always the same, from 0 to 1.

    Args:
        multiple: that its sides must be divisible by.
    """
    side = -(-_PATTERN_PX // multiple) * multiple
    y, x = np.mgrid[:side, :side] / side
    rng = np.random.default_rng(0)
    blobs = sum(
        np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / width**2)
        for cy, cx, width in rng.uniform((0, 0, 0.01), (1, 1, 0.1), (24, 3))
    )
    lines = np.abs(np.sin(9 * (x + y**2))) ** 40
    picture = 0.5 * blobs + 0.5 * lines + 0.2 * (x > 0.7) + 0.05 * rng.random((side, side))
    return (picture / picture.max()).astype(np.float32)


def busiest_window(low: Array, multiple: int) -> Array:
    """Give the part of a tile with the most structure, of the size of the fixed pattern or less."""
    height, width = (max(min(side, _PATTERN_PX) // multiple, 1) * multiple for side in low.shape)
    windows = [
        low[top : top + height, left : left + width]
        for top in _starts(low.shape[0], height)
        for left in _starts(low.shape[1], width)
    ]
    return max(windows, key=lambda window: float(window.std()))


def _starts(length: int, size: int) -> list[int]:
    """Give where windows begin: half a window apart, the last one at the end."""
    last = max(0, length - size)
    return [*range(0, last, max(1, size // 2)), last]


def _shown(decibels: float) -> str:
    return f"{decibels:.0f}" if np.isfinite(decibels) else str(decibels)
